//! `circ check FILE`.

use super::{print_json, read, show};
use crate::args::{CheckArgs, Emit, Format};
use crate::exit::Exit;
use crate::summary::counted;
use crate::terminal::{self, Stream};
use circ::compile::{Checked, Form, check_all, emit};
use circ::diagnose::{Diagnostic, Level};
use circ::fix::mend;
use circ::results::{messages, plain, unreadable};
use circ::sources::{self, Program};

/// Looks for mistakes in every experiment and circuit of a file.
pub fn check(args: &CheckArgs) -> Exit {
    attempt(args).unwrap_or_else(|exit| exit)
}

fn attempt(args: &CheckArgs) -> Result<Exit, Exit> {
    let format = if args.json { Format::Json } else { args.format };
    if let (Format::Json, Err(error)) = (format, sources::read_text(&args.file)) {
        print_json(&[unreadable(&error)]);
        return Err(Exit::Files);
    }
    let mut program = read(&args.file, &args.reading)?;
    if let Some(form) = args.emit {
        return Ok(print_form(program, form));
    }
    if args.fix {
        program = mend_file(&program, args)?;
    }
    Ok(report(&check_all(program), args, format))
}

fn report(checked: &Checked, args: &CheckArgs, format: Format) -> Exit {
    let data = || messages(&checked.diagnostics, &checked.sources);
    match format {
        Format::Json => {
            print_json(&data());
        }
        Format::Plain => terminal::write(Stream::Out, &plain(&data())),
        Format::Human => {
            show(&checked.diagnostics, &checked.sources);
            let found = found(&checked.diagnostics);
            terminal::line(Stream::Out, &format!("{}: {found}", args.file.display()));
        }
    }
    let is_error = |it: &Diagnostic| it.rule.level == Level::Error;
    if checked.diagnostics.iter().any(is_error) { Exit::Rejected } else { Exit::Well }
}

/// `1 error, 2 warnings`
pub fn found<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let mut counts = [(0, Level::Error, "error"), (0, Level::Warning, "warning"), (0, Level::Note, "note")];
    for diagnostic in diagnostics {
        counts.iter_mut().filter(|it| it.1 == diagnostic.rule.level).for_each(|it| it.0 += 1);
    }
    let counts = counts.iter().filter(|it| 0 < it.0).map(|(count, _, what)| counted(*count, what));
    let found = counts.collect::<Vec<_>>().join(", ");
    if found.is_empty() { "nothing to complain about".to_string() } else { found }
}

/// Writes the file again if there is something to mend, and says on standard error what was mended.
fn mend_file(program: &Program, args: &CheckArgs) -> Result<Program, Exit> {
    let mended = mend(program);
    if !mended.changes.is_empty() {
        super::fmt::replace(&args.file, &mended.text).map_err(|error| {
            terminal::complain(&format!("`{}` could not be written: {error}", args.file.display()));
            Exit::Files
        })?;
    }
    mended.changes.iter().for_each(|change| terminal::line(Stream::Err, &format!("mended {change}")));
    read(&args.file, &args.reading)
}

fn print_form(program: Program, form: Emit) -> Exit {
    let form = match form {
        Emit::Ast => Form::Ast,
        Emit::Hir => Form::Hir,
        Emit::Types => Form::Types,
        Emit::Net => Form::Net,
        Emit::Kernel => Form::Kernel,
        Emit::Plan => Form::Plan,
        Emit::Clif => Form::Clif,
        Emit::Asm => Form::Asm,
    };
    match emit(program, form) {
        Ok(text) => {
            terminal::line(Stream::Out, text.trim_end());
            Exit::Well
        }
        Err(rejection) => super::reject(&rejection),
    }
}

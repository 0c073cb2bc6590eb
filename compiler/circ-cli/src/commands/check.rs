//! `circ check FILE`.

use super::{print_json, read, show};
use crate::args::{CheckArgs, Emit, Format};
use crate::exit::Exit;
use crate::summary::counted;
use crate::terminal::{self, Stream};
use circ::compile::{Checked, Form, check_all, emit};
use circ::diagnose::Level;
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
    let count = |level| checked.diagnostics.iter().filter(|it| it.rule.level == level).count();
    let errors = count(Level::Error);
    let data = || messages(&checked.diagnostics, &checked.sources);
    match format {
        Format::Json => {
            print_json(&data());
        }
        Format::Plain => terminal::write(Stream::Out, &plain(&data())),
        Format::Human => {
            show(&checked.diagnostics, &checked.sources);
            let found = found(errors, count(Level::Warning), count(Level::Note));
            terminal::line(Stream::Out, &format!("{}: {found}", args.file.display()));
        }
    }
    if errors == 0 { Exit::Well } else { Exit::Rejected }
}

/// `1 error, 2 warnings`
pub fn found(errors: usize, warnings: usize, notes: usize) -> String {
    let counts = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let counts = counts.iter().filter(|(count, _)| 0 < *count).map(|(count, what)| counted(*count, what));
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

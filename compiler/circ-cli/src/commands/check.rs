//! `circ check FILE`.

use super::{print_json, read, show};
use crate::args::{CheckArgs, Emit};
use crate::exit::Exit;
use crate::summary::counted;
use crate::terminal::{self, Stream};
use circ::compile::{Form, check_all, emit};
use circ::diagnose::Level;
use circ::results::messages;

/// Looks for mistakes in every experiment and circuit of a file.
pub fn check(args: &CheckArgs) -> Exit {
    let program = match read(&args.file) {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    if let Some(form) = args.emit {
        return print_form(program, form);
    }
    let checked = check_all(program);
    let count = |level: Level| checked.diagnostics.iter().filter(|it| it.rule.level == level).count();
    let errors = count(Level::Error);
    if args.json {
        print_json(&messages(&checked.diagnostics, &checked.sources));
    } else {
        show(&checked.diagnostics, &checked.sources);
        let found = found(errors, count(Level::Warning), count(Level::Note));
        terminal::line(Stream::Out, &format!("{}: {found}", args.file.display()));
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

fn print_form(program: circ::sources::Program, form: Emit) -> Exit {
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

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
    let errors = checked.diagnostics.iter().filter(|it| it.rule.level == Level::Error).count();
    let warnings = checked.diagnostics.iter().filter(|it| it.rule.level == Level::Warning).count();
    if args.json {
        print_json(&messages(&checked.diagnostics, &checked.sources));
    } else {
        show(&checked.diagnostics, &checked.sources);
        let found = match (errors, warnings) {
            (0, 0) => "nothing to complain about".to_string(),
            (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
        };
        terminal::line(Stream::Out, &format!("{}: {found}", args.file.display()));
    }
    if errors == 0 { Exit::Well } else { Exit::Rejected }
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

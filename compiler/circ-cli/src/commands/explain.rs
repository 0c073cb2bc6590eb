//! `circ explain RULE` and `circ explain FILE`.

use super::{read, reject};
use crate::args::ExplainArgs;
use crate::exit::Exit;
use crate::terminal::{self, Stream};
use circ::compile::{Options, compile};
use circ::diagnose::nearest;
use std::path::Path;

/// A rule's page, or how a program will be simulated.
pub fn explain(args: &ExplainArgs) -> Exit {
    let rules = circ::rules::all();
    if let Some(rule) = rules.iter().find(|rule| rule.name == args.subject) {
        terminal::line(Stream::Out, rule.page.trim_end());
        return Exit::Well;
    }
    let path = Path::new(&args.subject);
    if path.exists() || path.extension().is_some_and(|extension| extension == "circ") {
        return explain_file(path, args);
    }
    let near = nearest(&args.subject, rules.iter().map(|rule| rule.name));
    let help = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    terminal::complain(&format!("there is neither a rule nor a file `{}`{help}", args.subject));
    Exit::Usage
}

fn explain_file(path: &Path, args: &ExplainArgs) -> Exit {
    let options = Options { experiment: args.experiment.clone(), ..Options::default() };
    let explained =
        read(path, &args.reading).and_then(|program| compile(program, &options).map_err(|it| reject(&it)));
    match explained {
        Ok(compiled) => {
            terminal::write(Stream::Out, &circ::explain::explain(&compiled));
            Exit::Well
        }
        Err(exit) => exit,
    }
}

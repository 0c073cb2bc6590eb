//! Actions: the edits that messages are certain of, offered where the message stands.

use crate::position::Lines;
use circ::compile::check_all;
use circ::diagnose::{Diagnostic, Level};
use circ::fix;
use circ::sources::Program;
use circ_grammar::ast::{FileId, Span};
use lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, Uri, WorkspaceEdit};

/// What can be mended in a part of the main file, and everything at once. `found` is what is wrong with the program, and
/// `program` makes one of another text.
pub fn actions(
    text: &str,
    found: &[Diagnostic],
    program: impl Fn(String) -> Program,
    uri: &Uri,
    asked: Range,
    lines: &Lines,
) -> Vec<CodeAction> {
    let is_main = |span: Span| span.file == FileId(0);
    let is_own = |it: &&Diagnostic| {
        !it.fix.is_empty() && is_main(it.span) && it.fix.iter().all(|edit| is_main(edit.span))
    };
    // What can not be applied is not offered.
    let fixable = found.iter().filter(is_own).filter(|it| fix::edited(text, &it.fix).is_some());
    let fixable: Vec<&Diagnostic> = fixable.collect();
    let touches = |it: &&&Diagnostic| {
        let range = lines.range(it.span);
        range.start <= asked.end && asked.start <= range.end
    };
    let mut all: Vec<CodeAction> = fixable
        .iter()
        .filter(touches)
        .map(|it| {
            let edits = it
                .fix
                .iter()
                .map(|edit| TextEdit { range: lines.range(edit.span), new_text: edit.text.clone() });
            let title = it.help.clone().unwrap_or_else(|| it.message.clone());
            action(title, CodeActionKind::QUICKFIX, uri, edits.collect())
        })
        .collect();
    if 1 < fixable.len()
        && let Some(mended) = mended(text, found, &fixable, program)
    {
        let edit = TextEdit { range: lines.whole(), new_text: mended };
        let title = "mend all that is certain in this file".to_string();
        all.push(action(title, CodeActionKind::SOURCE_FIX_ALL, uri, vec![edit]));
    }
    all
}

/// The text with all fixes that leave each other alone, unless it has more mistakes then. What they hid before is mended
/// the next time: an editor waits for this, other than `circ check --fix`.
fn mended(
    text: &str,
    found: &[Diagnostic],
    fixable: &[&Diagnostic],
    program: impl Fn(String) -> Program,
) -> Option<String> {
    let mut edits = vec![];
    for diagnostic in fixable {
        let more: Vec<_> = edits.iter().chain(&diagnostic.fix).cloned().collect();
        if fix::edited(text, &more).is_some() {
            edits = more;
        }
    }
    let mended = fix::edited(text, &edits)?;
    let after = check_all(program(mended.clone())).diagnostics;
    let errors = |all: &[Diagnostic]| all.iter().filter(|it| it.rule.level == Level::Error).count();
    (errors(&after) <= errors(found)).then_some(mended)
}

fn action(title: String, kind: CodeActionKind, uri: &Uri, edits: Vec<TextEdit>) -> CodeAction {
    let changes = [(uri.clone(), edits)].into_iter().collect();
    let edit = WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    CodeAction { title, kind: Some(kind), edit: Some(edit), ..CodeAction::default() }
}

//! `circ doc [FILE|std.NAME]`: the reference of a file or of the library, in the terminal or as pages.

use super::files::complain;
use super::read;
use crate::args::{DocArgs, Reading};
use crate::exit::Exit;
use crate::terminal::{self, Stream};
use circ::diagnose::nearest;
use circ::doc::{self, Page};
use circ::output::Folder;
use std::path::Path;

/// Prints one page, or the contents of the library; with `--out` writes pages.
pub fn doc(args: &DocArgs) -> Exit {
    let subject = args.subject.as_deref().unwrap_or("std");
    let found = match subject.split('.').collect::<Vec<_>>()[..] {
        ["std"] => Ok((doc::library(), None)),
        ["std", file] => page(file).map(|page| (vec![page], None)),
        ["std", file, item] => page(file).map(|page| (vec![page], Some(item))),
        _ => file(Path::new(subject)).map(|page| (vec![page], None)),
    };
    let (pages, item) = match found {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    match (&args.out, item) {
        (Some(folder), _) => write(folder, &pages),
        (None, Some(item)) => print_item(&pages, item),
        (None, None) if subject == "std" => print(&doc::contents(&pages)),
        (None, None) => print(&pages.iter().map(Page::markdown).collect::<String>()),
    }
}

fn print(text: &str) -> Exit {
    terminal::write(Stream::Out, text);
    Exit::Well
}

fn print_item(pages: &[Page], item: &str) -> Exit {
    let all = || pages.iter().flat_map(|page| &page.entries);
    if let Some(entry) = all().find(|entry| entry.name == item) {
        return print(&entry.text);
    }
    missing(&format!("`{}` has no item `{item}`", pages[0].title), item, all().map(|it| it.name.as_str()))
}

/// A page of the library.
fn page(file: &str) -> Result<Page, Exit> {
    doc::of_library(file).ok_or_else(|| {
        let known: Vec<String> = circ::stdlib::modules().collect();
        let known = known.iter().filter_map(|name| name.strip_prefix("std."));
        missing(&format!("the library has no file `std.{file}`"), file, known)
    })
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Exit {
    let help = nearest(name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    terminal::complain(&format!("{what}{help}"));
    Exit::Usage
}

fn file(path: &Path) -> Result<Page, Exit> {
    let program = read(path, &Reading::default())?;
    let name =
        path.file_name().map_or_else(|| path.display().to_string(), |it| it.to_string_lossy().into_owned());
    Ok(doc::of(&program, name.strip_suffix(".circ").unwrap_or(&name)))
}

/// Each page by its title, and one that leads to them; all of them or none.
fn write(folder: &Path, pages: &[Page]) -> Exit {
    let pages_named = pages.iter().map(|page| (format!("{}.md", page.title), page.markdown()));
    let index = (1 < pages.len()).then(|| ("index.md".to_string(), doc::contents(pages)));
    let named: Vec<(String, String)> = pages_named.chain(index).collect();
    let files: Vec<(&str, Vec<u8>)> =
        named.iter().map(|(name, text)| (name.as_str(), text.clone().into_bytes())).collect();
    let written = Folder::open(folder).and_then(|folder| {
        folder.make()?;
        folder.add(&files)
    });
    written.map_or_else(|error| complain(&error), |()| Exit::Well)
}

//! The book: the pages under `docs`, and those of the repository that they link to, as one site.
//!
//! mdBook, from cargo's registry, makes it. Links between pages are written for readers of the repository, and many lead out of
//! `docs`. So the book's source is laid out like the repository, in a folder below the build folder, and every link holds there as
//! it stands. What was built is looked through for links that lead nowhere. Talks to cargo and mdBook through `process`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The release of mdBook.
const VERSION: &str = "0.5.4";

/// The page that the book begins with. mdBook shows the first page as `index.html`, where links hold only of a page beside it.
const FIRST: (&str, &str) = ("trialbox", "README.md");

/// What the book has besides that and `docs`, by the titles under which its pages are listed: files and folders of the repository.
const PARTS: &[(&str, &[&str])] = &[
    ("The repository", &["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]),
    ("Kits", &["sdk"]),
    ("Examples", &["guest-examples"]),
];

/// What pages link to that is no page, and is copied as it is.
const ATTACHED: &[&str] = &["LICENSE", "wit", "guest-examples"];

/// Folders that hold nothing of the book, by name.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules", "__pycache__"];

/// The task.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (source, book) = (workspace.target().join("book-source"), workspace.target().join("book"));
    lay_out(workspace, &source)?;
    let mut mdbook = Command::new(mdbook(workspace)?);
    mdbook.arg("build").arg(&source).arg("--dest-dir").arg(&book);
    process::run(&mut mdbook, "build the book")?;
    let broken = Pages::read(&book)?.broken_links();
    if !broken.is_empty() {
        bail!("links of the book lead nowhere:\n  {}", broken.join("\n  "));
    }
    println!("the book begins at {}", book.join("index.html").display());
    Ok(())
}

/// The program, installed below the build folder if it is not there yet.
fn mdbook(workspace: &Workspace) -> Result<PathBuf> {
    let root = workspace.target().join("tools");
    let program = root.join("bin").join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    let is_there = program.exists()
        && process::capture(Command::new(&program).arg("--version"), "ask mdBook for its version")?
            .trim()
            .ends_with(&format!("v{VERSION}"));
    if !is_there {
        let mut cargo = process::plain_cargo();
        cargo.arg("install").arg("--root").arg(&root).args(["mdbook", "--version", VERSION, "--locked"]);
        process::run(&mut cargo, "install mdBook")?;
    }
    Ok(program)
}

/// Copies everything that the book is made of, and writes its table of contents.
fn lay_out(workspace: &Workspace, source: &Path) -> Result<()> {
    if source.exists() {
        fs::remove_dir_all(source).with_context(|| format!("failed to remove `{}`", source.display()))?;
    }
    let docs = workspace.root().join("docs");
    for file in files(&docs)? {
        copy(workspace, &file, source)?;
    }
    copy(workspace, &workspace.root().join(FIRST.1), source)?;
    let mut summary = in_docs(&read(&docs.join("SUMMARY.md"))?);
    for (title, places) in PARTS {
        summary.push_str(&format!("\n# {title}\n\n"));
        for page in listed(workspace, places, is_page)? {
            copy(workspace, &page, source)?;
            summary.push_str(&format!("- [{}]({})\n", heading(&read(&page)?), workspace.relative(&page)));
        }
    }
    for file in listed(workspace, ATTACHED, is_attachment)? {
        copy(workspace, &file, source)?;
    }
    fs::rename(source.join("docs/book.toml"), source.join("book.toml")).context("failed to move `book.toml`")?;
    fs::remove_file(source.join("docs/SUMMARY.md")).context("failed to remove the copy of `SUMMARY.md`")?;
    let path = source.join("SUMMARY.md");
    fs::write(&path, summary).with_context(|| format!("failed to write `{}`", path.display()))
}

/// The table of contents of `docs` for a source one folder higher up, behind the first page.
fn in_docs(summary: &str) -> String {
    let (title, path) = FIRST;
    let first = format!("# Summary\n\n[{title}]({path})\n");
    summary.replace("](", "](docs/").replacen("# Summary\n", &first, 1)
}

/// The first heading of a page.
fn heading(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("Untitled").trim()
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "md")
}

/// Whether a file of the repository may be linked to as it is: an interface, a study file, a licence.
fn is_attachment(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_text = path.extension().is_none_or(|end| end == "wit" || end == "toml");
    is_text && name != "Cargo.toml" && !name.to_string_lossy().starts_with('.')
}

/// The files at these places for which the condition holds, in order.
fn listed(workspace: &Workspace, places: &[&str], condition: fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in places {
        let path = workspace.root().join(place);
        found.extend(if path.is_dir() { files(&path)? } else { vec![path] });
    }
    found.retain(|path| condition(path));
    Ok(found)
}

/// All files of a folder and of those in it, in order, a folder's own page before the others.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("failed to read the folder `{}`", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        paths.push(entry.with_context(failed)?.path());
    }
    paths.sort_by_key(|path| (path.is_dir(), path.clone()));
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() {
            found.push(path);
        } else if path.is_dir() && !name.starts_with('.') && !SKIPPED_FOLDERS.contains(&name.as_str()) {
            found.extend(files(&path)?);
        }
    }
    Ok(found)
}

/// Copies a file of the repository to the same place below `source`.
fn copy(workspace: &Workspace, file: &Path, source: &Path) -> Result<()> {
    let target = source.join(workspace.relative(file));
    let folder = target.parent().unwrap_or(source);
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
    fs::copy(file, &target).with_context(|| format!("failed to copy `{}`", file.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// The pages of a built book by their paths in it.
struct Pages {
    book: PathBuf,
    pages: BTreeMap<PathBuf, String>,
}

impl Pages {
    fn read(book: &Path) -> Result<Self> {
        let mut pages = BTreeMap::new();
        for path in files(book)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "html")) {
            let name = path.strip_prefix(book).unwrap_or(&path).to_path_buf();
            // The page for what is not found is shown in any folder, so its links begin at the root of a server.
            if name != Path::new("404.html") {
                pages.insert(name, read(&path)?);
            }
        }
        Ok(Self { book: book.to_path_buf(), pages })
    }

    /// Each link that leads to nothing in the book, with its page.
    fn broken_links(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (page, text) in &self.pages {
            for link in attributes(text, "href").chain(attributes(text, "src")) {
                if !self.leads_somewhere(page, &link) {
                    broken.push(format!("{}: {link}", page.display()));
                }
            }
        }
        broken
    }

    fn leads_somewhere(&self, page: &Path, link: &str) -> bool {
        if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
            return true;
        }
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() {
            page.to_path_buf()
        } else {
            let Some(target) = within(page.parent().unwrap_or(Path::new("")), file) else { return false };
            target
        };
        match (self.pages.get(&target), anchor) {
            (Some(text), Some(anchor)) if !anchor.is_empty() => attributes(text, "id").any(|name| name == anchor),
            (None, _) => self.book.join(target).is_file(),
            (Some(_), _) => true,
        }
    }
}

/// The path that a relative link leads to; none if it leads out of the book.
fn within(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// The values of an attribute in a page of HTML.
fn attributes<'text>(text: &'text str, name: &str) -> impl Iterator<Item = String> + 'text {
    let start = format!(" {name}=\"");
    let positions: Vec<usize> = text.match_indices(&start).map(|(at, start)| at + start.len()).collect();
    positions.into_iter().filter_map(|from| {
        let rest = &text[from..];
        Some(rest[..rest.find('"')?].replace("&amp;", "&"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pages: &[(&str, &str)]) -> Pages {
        let pages = pages.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        Pages { book: PathBuf::from("there is no such folder"), pages }
    }

    #[test]
    fn the_contents_lead_from_one_folder_higher_up() {
        let summary = "# Summary\n\n- [Limits](limits.md)\n  - [One](decisions/0001-one.md)\n";
        assert_eq!(
            in_docs(summary),
            "# Summary\n\n[trialbox](README.md)\n\n- [Limits](docs/limits.md)\n  - [One](docs/decisions/0001-one.md)\n"
        );
    }

    #[test]
    fn a_page_is_listed_by_its_first_heading() {
        assert_eq!(heading("<!-- a note -->\n\n# One `two`\n\n# Three\n"), "One `two`");
    }

    #[test]
    fn links_between_pages_and_to_their_headings_lead_somewhere() {
        let book = pages(&[
            ("docs/a.html", r##"<a href="../b.html#two">b</a> <a href="#one">one</a> <h1 id="one">One</h1>"##),
            ("b.html", r#"<h2 id="two">Two</h2> <a href="docs/a.html">a</a> <a href="https://example.org/x">x</a>"#),
        ]);
        assert_eq!(book.broken_links(), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_named_with_their_page() {
        let book = pages(&[
            ("docs/a.html", r#"<a href="../b.html#three">b</a> <a href="c.html">c</a> <img src="../../out.svg">"#),
            ("b.html", r#"<h2 id="two">Two</h2>"#),
        ]);
        let expected = ["docs/a.html: ../b.html#three", "docs/a.html: c.html", "docs/a.html: ../../out.svg"];
        assert_eq!(book.broken_links(), expected);
    }

    #[test]
    fn what_projects_are_built_from_is_no_part_of_the_book() {
        let is = |path: &str| is_attachment(Path::new(path));
        assert!(is("guest-examples/digits/promotion.toml") && is("wit/trial.wit") && is("LICENSE"));
        assert!(!is("guest-examples/digits/Cargo.toml") && !is("guest-examples/digits/digits.wasm"));
    }
}

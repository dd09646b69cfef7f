//! The documents: their generated parts are what the program gives, their links lead somewhere, their commands exist, their
//! queries run. `UPDATE=1` rewrites the generated parts.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(feature = "engine")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use trialbox::numeric::amount::{Fuel, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::space::Space;
use trialbox::store::Reader;
use trialbox::study::{Chain, Event, GpuAdapter, GpuGrant, GpuLimit, GpuLimits, Limit, Limits, Outcome, StudySpec};

/// Ends a generated part, which `<!-- begin: … -->` begins.
const END: &str = "<!-- end -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown files of the project, by their paths from the root.
fn documents() -> Vec<String> {
    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    collect(&path, found);
                }
            } else if name.ends_with(".md") {
                let relative = path.strip_prefix(root()).unwrap();
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    assert!(found.contains(&"README.md".to_owned()) && found.contains(&"docs/limits.md".to_owned()), "{found:?}");
    found
}

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Compares the generated part of a document, or rewrites it.
fn check_generated(document: &str, content: &str) {
    let text = read(document);
    let begin = text.find("<!-- begin: ").unwrap_or_else(|| panic!("{document} has no generated part"));
    let from = begin + text[begin..].find('\n').unwrap() + 1;
    let to = from + text[from..].find(END).unwrap_or_else(|| panic!("the generated part of {document} has no end"));
    if text[from..to] == *content {
        return;
    }
    assert!(is_update(), "{document} is not what the program gives; UPDATE=1 rewrites it");
    fs::write(root().join(document), format!("{}{content}{}", &text[..from], &text[to..])).unwrap();
}

/// The number with `_` between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

const LIMITS_HEAD: &str = "| limit | default | range | counted in | what it bounds |\n|---|---|---|---|---|\n";

/// The row of a limit.
fn limit_row(name: &str, default: u64, range: RangeInclusive<u64>, unit: &str, meaning: &str) -> String {
    let (least, most) = (grouped(*range.start()), grouped(*range.end()));
    format!("| `{name}` | {} | {least} to {most} | {unit} | {meaning} |\n", grouped(default))
}

#[test]
fn the_reference_of_limits_is_that_of_the_program() {
    let (defaults, of_gpu) = (Limits::default(), GpuLimits::default());
    let mut tables = LIMITS_HEAD.to_owned();
    for &limit in Limit::ALL {
        tables.push_str(&limit_row(limit.name(), defaults.get(limit), limit.range(), limit.unit(), &limit.meaning()));
    }
    tables.push_str("\nWhere trials may use a GPU, the table `[gpu]` has limits on that:\n\n");
    tables.push_str(LIMITS_HEAD);
    for &limit in GpuLimit::ALL {
        tables.push_str(&limit_row(limit.name(), of_gpu.get(limit), limit.range(), limit.unit(), &limit.meaning()));
    }
    check_generated("docs/limits.md", &tables);
}

#[test]
fn the_reference_of_study_files_is_that_of_the_program() {
    check_generated("docs/study-file.md", &trialbox::config::reference());
}

/// A document without fenced blocks and without code in lines: what is left is prose, where brackets can be links.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            // What stands at odd places between backticks is code.
            for (index, part) in line.split('`').enumerate() {
                prose.push_str(if index % 2 == 0 { part } else { "" });
            }
        }
        prose.push('\n');
    }
    prose
}

/// The targets of the links in a document.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.match_indices("](").filter_map(|(at, bracket)| {
        let rest = &prose[at + bracket.len()..];
        Some(rest[..rest.find(')')?].trim().to_owned())
    });
    targets.collect()
}

/// The names under which a document's headings can be linked to.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        }
        let heading = line.trim_start_matches('#');
        if is_fenced || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let letters = heading.trim().chars().flat_map(char::to_lowercase);
        let anchor = letters.filter_map(|letter| match letter {
            ' ' => Some('-'),
            _ => (letter.is_alphanumeric() || "-_".contains(letter)).then_some(letter),
        });
        anchors.insert(anchor.collect());
    }
    anchors
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, name)| (file, Some(name)));
            let here = root().join(&document);
            let target = if file.is_empty() { here } else { here.parent().unwrap().join(file) };
            let is_there = match anchor {
                None => target.exists(),
                Some(name) => fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(name)),
            };
            if !is_there {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn links_are_found_in_prose_only() {
    let text = "[a](b.md), `[c](d)` and [e\n](f#g)\n```\n[h](i)\n```\n";
    assert_eq!(links(text), ["b.md", "f#g"]);
    let anchors: Vec<String> = anchors("# One `two`\ntext\n## `[three]` & 4\n").into_iter().collect();
    assert_eq!(anchors, ["one-two", "three--4"]);
}

/// The lines of the fenced blocks of that language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(name)) if name == language => block = Some(String::new()),
            // A block of another language is passed over like prose.
            (None, _) => {}
            (Some(_), Some(_)) => blocks.extend(block.take()),
            (Some(block), None) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

/// What documents tell to type: the lines of blocks of shell, and in README.md the code in lines, that call the program.
fn commands(document: &str) -> Vec<String> {
    let text = read(document);
    let mut lines: Vec<String> =
        blocks(&text, "sh").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    if document == "README.md" {
        lines.extend(text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned));
    }
    let program = |line: &String| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line.strip_prefix("trialbox ").or_else(|| line.strip_prefix("cargo run --release -- "))?;
        Some(rest.trim().to_owned())
    };
    lines.iter().filter_map(program).collect()
}

fn trialbox(arguments: &[&str], folder: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_trialbox"))
        .args(arguments)
        .current_dir(folder)
        .env("TRIALBOX_CACHE_DIR", folder.join("cache"))
        .env("NO_COLOR", "1")
        // How wide help is, where no terminal says it.
        .env("COLUMNS", "80")
        .output()
        .unwrap()
}

#[test]
fn every_command_in_the_documents_exists_with_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for command in commands(&document) {
            count += 1;
            let mut words = command.split_whitespace();
            let Some(name) = words.next() else { continue };
            if name == "--help" {
                continue;
            }
            let help = trialbox(&[name, "--help"], folder.path());
            let text = String::from_utf8_lossy(&help.stdout).into_owned();
            if !help.status.success() {
                wrong.push(format!("{document}: there is no `trialbox {name}`"));
            }
            let is_known = |option: &str| text.split([' ', ',', '\n', '=', '[']).any(|word| word == option);
            for option in words.filter(|word| word.starts_with('-')) {
                let option = option.split('=').next().unwrap_or(option);
                if !is_known(option) {
                    wrong.push(format!("{document}: `trialbox {name}` has no option `{option}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 10, "only {count} commands were found");
}

#[test]
fn the_help_lists_only_commands_that_readme_tells_of() {
    let folder = tempfile::tempdir().unwrap();
    let help = String::from_utf8(trialbox(&["--help"], folder.path()).stdout).unwrap();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let told: BTreeSet<String> = commands("README.md")
        .iter()
        .filter_map(|command| command.split_whitespace().next().map(str::to_owned))
        .collect();
    for line in listed.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(name == "help" || told.contains(name), "README.md does not tell of `trialbox {name}`");
    }
}

/// The program's help in a block, without blanks at the ends of lines.
fn help_block(arguments: &[&str], folder: &Path) -> String {
    let help = trialbox(arguments, folder);
    assert!(help.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&help.stderr));
    let text = String::from_utf8(help.stdout).unwrap();
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n"))
}

#[test]
fn the_reference_of_the_command_line_is_the_programs_own_help() {
    let folder = tempfile::tempdir().unwrap();
    let all = help_block(&["--help"], folder.path());
    let mut reference = format!("\n## `trialbox`\n\n{all}");
    let listed = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let block = help_block(&[name, "--help"], folder.path());
        reference.push_str(&format!("\n## `trialbox {name}`\n\n{block}"));
    }
    check_generated("docs/command-line.md", &format!("{reference}\n"));
}

/// The part of a document from the heading with that text to the next one of its rank.
fn section<'text>(text: &'text str, heading: &str) -> &'text str {
    let start = format!("\n## {heading}\n");
    let from = text.find(&start).unwrap_or_else(|| panic!("there is no heading `{heading}`")) + start.len();
    text[from..].find("\n## ").map_or(&text[from..], |end| &text[from..from + end])
}

/// What the first column of a part's tables names.
fn told(part: &str) -> BTreeSet<String> {
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// Whether the document about events tells of everything in a line of the stream.
fn check_line(text: &str, line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let keys = |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let check = |part: &str, names: Vec<String>| {
        let told = told(part);
        for name in names {
            assert!(told.contains(&name), "docs/events.md does not tell of `{name}`: {line}");
        }
    };
    check(section(text, "Every line"), keys(&line));
    let kind = keys(&line["event"]).remove(0);
    let (part, event) = (section(text, &format!("`{kind}`")), &line["event"][&kind]);
    check(part, keys(event));
    if let Some(spec) = event.get("spec") {
        check(part, keys(spec));
    }
    match event.get("outcome") {
        Some(serde_json::Value::String(outcome)) => check(part, vec![outcome.clone()]),
        Some(outcome) => check(part, keys(outcome)),
        None => {}
    }
    kind
}

/// Studies whose events are of every kind: what their tables `[scheduler]` say, and what comes behind.
fn studies_with_every_event() -> Vec<String> {
    let searcher = root().join("guest-examples/evolution/evolution.wasm");
    vec![
        "num_trials = 2\n[limits]\nreports_max = 4".to_owned(),
        "num_trials = 20\ntype = \"hyperband\"".to_owned(),
        "num_trials = 27\ntype = \"hyperband\"\nvariant = \"promotion\"".to_owned(),
        "num_trials = 10\ntype = \"hyperband\"\ntime_attr = \"fuel\"\nmax_t = 125000\nrung_levels = [106000, 115000]"
            .to_owned(),
        format!(
            "num_trials = 2\n[searcher]\ntype = \"component\"\ncomponent = '{}'\nfuel_max = 1000",
            searcher.display()
        ),
    ]
}

/// Lines that only a study with a grant of a GPU has, for which a run would need one.
fn lines_of_a_gpu() -> Vec<String> {
    let adapter = GpuAdapter {
        name: "a GPU".into(),
        backend: "vulkan".into(),
        driver: "a driver".into(),
        vendor: 1,
        device: 2,
        is_software: false,
        translator: "a translator".into(),
    };
    let mut spec = StudySpec::new("on a GPU", Space::new(Vec::new()).unwrap(), Digest::of(b"schedule"));
    spec.gpu = Some(GpuGrant::default().of(adapter));
    let (digest, bytes) = (Digest::of(b"weights"), 7);
    let (trial, time, fuel) = (TrialId(0), VirtualTime(10), Fuel(10));
    let ended = Event::TrialEnded { trial, time, fuel, outcome: Outcome::GpuTimeout, artifacts: Vec::new() };
    let events =
        [Event::StudyStarted { spec: Box::new(spec) }, Event::ReadBack { trial, time, fuel, digest, bytes }, ended];
    let mut chain = Chain::default();
    let line = |event| {
        let entry = chain.push(event);
        serde_json::json!({ "sequence": entry.sequence, "digest": entry.digest, "event": entry.event }).to_string()
    };
    events.into_iter().map(line).collect()
}

#[test]
fn every_event_of_a_run_is_told_of_with_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    let text = read("docs/events.md");
    let mut seen = BTreeSet::new();
    for (index, scheduler) in studies_with_every_event().iter().enumerate() {
        let component = root().join("guest-examples/toy/toy.wasm");
        let name = format!("events-{index}.toml");
        let study = format!(
            "name = \"events-{index}\"\ncomponent = '{}'\n[scheduler]\nreward_attr = \"accuracy\"\n{scheduler}\n",
            component.display()
        );
        fs::write(folder.path().join(&name), study).unwrap();
        let run = trialbox(&["run", &name, "--json"], folder.path());
        let stream = String::from_utf8(run.stdout).unwrap();
        assert!(!stream.is_empty(), "{scheduler}\n{}", String::from_utf8_lossy(&run.stderr));
        seen.extend(stream.lines().map(|line| check_line(&text, line)));
    }
    seen.extend(lines_of_a_gpu().iter().map(|line| check_line(&text, line)));
    let documented: BTreeSet<String> =
        text.lines().filter_map(|line| Some(line.strip_prefix("## `")?.strip_suffix('`')?.to_owned())).collect();
    assert_eq!(seen, documented, "the kinds that runs print, and those that the document tells of");
}

#[test]
fn the_examples_of_events_are_lines_of_their_kinds() {
    let text = read("docs/events.md");
    let kinds = text.lines().filter_map(|line| Some(line.strip_prefix("## `")?.strip_suffix('`')?.to_owned()));
    let mut count = 0;
    for kind in kinds {
        let examples = blocks(section(&text, &format!("`{kind}`")), "json");
        assert!(!examples.is_empty(), "`{kind}` has no example");
        for example in examples {
            assert_eq!(check_line(&text, example.trim()), kind);
            count += 1;
        }
    }
    assert!(count >= 9, "only {count} examples were found");
}

#[test]
fn the_contents_of_the_book_list_every_page_once() {
    let listed = links(&read("docs/SUMMARY.md"));
    let pages: Vec<String> = documents()
        .into_iter()
        .filter_map(|document| document.strip_prefix("docs/").map(str::to_owned))
        .filter(|page| page != "SUMMARY.md")
        .collect();
    let mut sorted = listed.clone();
    sorted.sort();
    assert_eq!(sorted, pages, "what docs/SUMMARY.md lists, and the pages that there are");
}

#[test]
fn the_queries_of_the_stores_document_run_and_its_chain_is_the_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let study = root().join("guest-examples/toy/study.toml");
    let study = study.to_str().unwrap();
    let run = trialbox(&["run", study, "--quiet", "--num-trials", "5", "--store", "toy.study"], folder.path());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let path = folder.path().join("toy.study");
    let digest = Reader::open(&path).unwrap().digest().unwrap();

    let text = read("docs/store.md");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let queries = blocks(&text, "sql");
    assert!(queries.len() >= 5, "{queries:?}");
    for query in queries {
        let mut statement = connection.prepare(&query).unwrap_or_else(|error| panic!("{query}\n{error}"));
        let mut rows = statement.query(()).unwrap();
        assert!(rows.next().unwrap().is_some(), "no rows:\n{query}");
    }
    let last = "SELECT digest FROM event ORDER BY sequence DESC LIMIT 1";
    assert_eq!(connection.query_row(last, (), |row| row.get::<_, [u8; 32]>(0)).unwrap(), digest.0);

    let start = "trialbox event log, format 2";
    assert!(text.contains(&format!("the {} ASCII bytes `{start}`", start.len())));
    assert_eq!(Chain::default().head(), Digest::of(start.as_bytes()));
}

#[test]
fn every_decision_has_its_parts_and_its_row() {
    let index = read("docs/decisions/README.md");
    let names: Vec<String> = documents()
        .into_iter()
        .filter_map(|document| document.strip_prefix("docs/decisions/").map(str::to_owned))
        .filter(|name| name != "README.md")
        .collect();
    for (position, name) in names.iter().enumerate() {
        let number = format!("{:04}", position + 1);
        assert!(name.starts_with(&format!("{number}-")), "`{name}` should have the number {number}");
        let text = read(&format!("docs/decisions/{name}"));
        assert!(text.starts_with(&format!("# {number}: ")), "`{name}` should begin with its number");
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Context", "## Decision", "## Consequences"], "{name}");
        assert!(index.contains(&format!("({name})")), "`{name}` is not in the index");
    }
}

/// Words that praise instead of telling, and words about how a text came to be. In pieces where a rule of the project reads this
/// file, too.
const FORBIDDEN: &[&str] = &[
    "blazing",
    "cutting-edge",
    "seamless",
    "seamlessly",
    "effortless",
    "effortlessly",
    "revolutionary",
    "world-class",
    "next-generation",
    "state-of-the-art",
    "best-in-class",
    "lightning-fast",
    "game-changing",
    "simply",
    "obviously",
    concat!("ag", "ent"),
    concat!("ag", "ents"),
    concat!("subag", "ent"),
    concat!("l", "lm"),
    concat!("l", "lms"),
    concat!("cla", "ude"),
    concat!("chat", "gpt"),
    concat!("anth", "ropic"),
    concat!("open", "ai"),
];

/// Places of one machine.
const FOREIGN_PLACES: &[&str] = &[concat!("../", "shared"), "/work/", "/root/", "/home/", "/tmp/"];

#[test]
fn no_document_has_a_forbidden_word() {
    let mut found = Vec::new();
    for document in documents() {
        for (index, line) in read(&document).lines().enumerate() {
            let lower = line.to_lowercase();
            let mut words = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
            let word = words.find(|word| FORBIDDEN.contains(word)).map(str::to_owned);
            let place = FOREIGN_PLACES.iter().find(|place| line.contains(**place)).map(|place| (*place).to_owned());
            found.extend(word.or(place).map(|word| format!("{document}:{}: `{word}`", index + 1)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_picture_shows_the_digest_that_the_study_has() {
    let picture: PathBuf = root().join("docs/picture/run.svg");
    let text = fs::read_to_string(&picture).unwrap();
    assert!(text.starts_with("<svg ") && text.contains("prefers-color-scheme: dark"), "{text}");
    let written: BTreeMap<String, String> =
        serde_json::from_str(&read("tests/golden/study_digests.json")).unwrap_or_else(|error| panic!("{error}"));
    let Some(digest) = written.get("digits") else { return };
    let begin = text.find("digest   ").unwrap() + "digest   ".len();
    let end = begin + text[begin..].find('<').unwrap();
    if text[begin..end] != **digest {
        assert!(is_update(), "the picture shows another digest than the digits study has; UPDATE=1 rewrites it");
        fs::write(&picture, format!("{}{digest}{}", &text[..begin], &text[end..])).unwrap();
    }
}

#[test]
fn the_pictures_of_the_readme_are_what_the_commands_beside_them_give() {
    let folder = tempfile::tempdir().unwrap();
    let study = root().join("guest-examples/digits");
    let ran = trialbox(&["run", study.to_str().unwrap(), "--quiet", "--jobs", "2"], folder.path());
    assert!(ran.status.success(), "{ran:?}");
    let mut pictures = 0;
    for command in read("README.md").split("`trialbox plot ").skip(1) {
        // Only those that name a file are of a picture.
        let Some((command, _)) = command.split_once('`').filter(|(command, _)| command.ends_with(".svg")) else {
            continue;
        };
        let words: Vec<&str> = std::iter::once("plot").chain(command.split(' ')).collect();
        let ran = trialbox(&words, folder.path());
        assert!(ran.status.success(), "{command}: {ran:?}");
        let name = words[words.len() - 1];
        let drawn = fs::read(folder.path().join(name)).unwrap();
        let shown = root().join(format!("docs/picture/digits-{name}"));
        if is_update() {
            fs::write(&shown, &drawn).unwrap();
        }
        assert!(fs::read(&shown).unwrap() == drawn, "{name} is another picture; UPDATE=1 takes it");
        pictures += 1;
    }
    assert_eq!(pictures, 2);
}

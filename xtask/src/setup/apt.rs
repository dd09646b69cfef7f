//! apt with a state of its own: what it knows and downloads lies in one folder, and the system counts as empty.
//!
//! The packages still come from the machine's own mirror, over its own proxies, checked by its own keys: the sources and the
//! settings for downloads are those of the system. `adapter` uses it, for packages of suites that the system doesn't list.
//! It needs no root, and neither reads nor changes the system's lists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::debian::{create_folder, read_folder, write};
use crate::process;

/// Names by which sources call whatever release is meant at the time.
const MOVING_NAMES: [&str; 5] = ["stable", "oldstable", "testing", "unstable", "sid"];

/// Options of sources that say where and in what to look, which is said anew here.
const REPLACED_OPTIONS: [&str; 7] = ["types", "suites", "components", "uris", "architectures", "targets", "enabled"];

/// Settings that are none of downloads; parts of the indexes that nobody reads here.
const UNUSED_SETTINGS: [&str; 3] = ["Acquire::IndexTargets", "Acquire::Changelogs", "Acquire::CompressionTypes"];

/// A place that packages come from, as apt's files name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    /// What else is said of it, such as the keys that it is signed by, in apt's words.
    options: Vec<(String, String)>,
}

/// A package of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
}

/// The release that this system is of, such as `bookworm`.
pub(super) fn release() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("failed to read `/etc/os-release`")?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(name.context("`/etc/os-release` names no release")?.trim_matches('"').to_owned())
}

/// Where the system's packages of that release come from: neither its security archive nor others' archives.
pub(super) fn sources_of_system(release: &str) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let list = PathBuf::from(place_of("Dir::Etc::SourceList/f")?);
    if list.is_file() {
        sources.extend(parse_lines(&read(&list)?));
    }
    let folder = PathBuf::from(place_of("Dir::Etc::SourceParts/d")?);
    for file in if folder.is_dir() { read_folder(&folder)? } else { Vec::new() } {
        match file.extension().and_then(|end| end.to_str()) {
            Some("list") => sources.extend(parse_lines(&read(&file)?)),
            Some("sources") => sources.extend(parse_stanzas(&read(&file)?)),
            _ => {}
        }
    }
    let sources: Vec<Source> = sources.into_iter().filter_map(|source| source.of_release(release)).collect();
    ensure!(!sources.is_empty(), "apt's files name no source of `{release}`, the release that this system is of");
    Ok(sources)
}

impl Source {
    /// The part of it that belongs to the release, and to the distribution itself.
    fn of_release(mut self, release: &str) -> Option<Self> {
        self.suites.retain(|suite| {
            let name = suite.strip_suffix("-updates").unwrap_or(suite);
            name == release || MOVING_NAMES.contains(&name)
        });
        self.uris.retain(|uri| !uri.starts_with("cdrom:"));
        let is_distribution = self.components.iter().any(|component| component == "main");
        (is_distribution && !self.suites.is_empty() && !self.uris.is_empty()).then_some(self)
    }

    /// The same place with another suite.
    pub(super) fn with_suite(&self, suite: &str) -> Self {
        Self { suites: vec![suite.to_owned()], ..self.clone() }
    }

    /// As apt's newer files say it.
    fn stanza(&self, architecture: &str) -> String {
        let mut text = format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\nArchitectures: {architecture}\nTargets: Packages\n",
            self.uris.join(" "),
            self.suites.join(" "),
            self.components.join(" ")
        );
        for (name, value) in &self.options {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text
    }
}

/// apt, working in a folder.
pub(super) struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Makes apt's state in a folder, and gets the lists of the sources.
    pub(super) fn prepare(folder: &Path, sources: &[Source]) -> Result<Self> {
        let apt = Self { folder: folder.to_path_buf() };
        for part in ["lists/partial", "cache/archives/partial", "state", "sources"] {
            create_folder(&folder.join(part))?;
        }
        write(&folder.join("status"), "")?;
        let settings = process::capture(Command::new("apt-config").arg("dump"), "ask apt for its settings")?;
        write(&apt.config(), &apt.settings(&settings))?;
        let architecture =
            process::capture(Command::new("dpkg").arg("--print-architecture"), "ask for the system's architecture")?;
        let stanzas: Vec<String> = sources.iter().map(|source| source.stanza(architecture.trim())).collect();
        write(&folder.join("sources/system.sources"), &stanzas.join("\n"))?;
        Ok(apt)
    }

    /// Gets the lists. Where one source fails, those of the others are there all the same.
    pub(super) fn update(&self) -> Result<()> {
        process::capture(self.get().args(["update", "-qq"]), "get the lists of packages").map(drop)
    }

    /// The packages and all that they need, down to the C library, from the suite first of all where one is named.
    pub(super) fn closure(&self, packages: &[&str], suite: Option<&str>) -> Result<Vec<Package>> {
        let mut get = self.get();
        get.args(["install", "--simulate", "-qq", "--no-install-recommends"]).args(packages);
        if let Some(suite) = suite {
            get.args(["--target-release", suite]);
        }
        let text = process::capture(&mut get, "list what packages need")?;
        Ok(text.lines().filter_map(parse_installation).collect())
    }

    /// Downloads packages into a folder, each as one file.
    pub(super) fn download(&self, packages: &[Package], folder: &Path) -> Result<()> {
        let mut get = self.get();
        get.current_dir(folder).args(["download", "-qq"]);
        get.args(packages.iter().map(|package| format!("{}={}", package.name, package.version)));
        process::capture(&mut get, "download packages").map(drop)
    }

    fn config(&self) -> PathBuf {
        self.folder.join("apt.conf")
    }

    fn get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", self.config()).env("LC_ALL", "C");
        command
    }

    /// The system's settings for downloads, and the folder's places. Its other settings are left out, since among them are
    /// commands that are run after an update, and choices among versions.
    fn settings(&self, of_system: &str) -> String {
        let is_kept = |line: &&str| {
            let is_download = ["Acquire::", "Dir::Etc::netrc", "Dir::Etc::trusted"].iter().any(|start| {
                let head = line.get(..start.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(start))
            });
            is_download && !UNUSED_SETTINGS.iter().any(|start| line.starts_with(start))
        };
        let mut text: String = of_system.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
        let places = [
            ("Dir::State", "state"),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::SourceParts", "sources"),
        ];
        for (name, place) in places {
            text.push_str(&format!("{name} \"{}\";\n", self.folder.join(place).display()));
        }
        for name in ["SourceList", "Parts", "Main", "Preferences", "PreferencesParts"] {
            text.push_str(&format!("Dir::Etc::{name} \"/dev/null\";\n"));
        }
        // apt's own user may not be let into the folder.
        text.push_str("APT::Sandbox::User \"root\";\n");
        // A mirror out of reach is an error, too.
        text.push_str("APT::Update::Error-Mode \"any\";\n");
        text
    }
}

/// Where apt looks for something, by the name of the setting.
fn place_of(setting: &str) -> Result<String> {
    let text = process::capture(
        Command::new("apt-config").args(["shell", "PLACE", setting]),
        "ask apt where the names of its sources are",
    )?;
    Ok(text.trim().trim_start_matches("PLACE=").trim_matches('\'').to_owned())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// Sources of the older form: `deb [option=value …] URI SUITE COMPONENT…`, each on a line.
fn parse_lines(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let options = options
        .split_whitespace()
        .filter_map(|option| option.split_once('='))
        .filter(|(name, _)| !["arch", "lang", "target"].contains(&name.trim_end_matches(['+', '-'])))
        // Several values stand between commas here, and between spaces in the newer form.
        .map(|(name, value)| (name.to_owned(), value.replace(',', " ")));
    let options = options.collect();
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source { uris: vec![words.next()?], suites: vec![words.next()?], components: words.collect(), options })
}

/// Sources of the newer form: paragraphs of `Name: value`, where lines that begin with a space go on with the value.
fn parse_stanzas(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            sources.extend(source_of_fields(std::mem::take(&mut fields)));
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    sources
}

fn source_of_fields(fields: Vec<(String, String)>) -> Option<Source> {
    let value =
        |wanted: &str| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
    let words = |wanted: &str| -> Vec<String> {
        value(wanted).into_iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect()
    };
    if !words("Types").iter().any(|kind| kind == "deb") || value("Enabled").is_some_and(|enabled| enabled == "no") {
        return None;
    }
    let (uris, suites, components) = (words("URIs"), words("Suites"), words("Components"));
    let is_kept = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.trim_end_matches("-add").trim_end_matches("-remove");
        !REPLACED_OPTIONS.contains(&name) && name != "languages"
    };
    let options = fields.into_iter().filter(|(name, _)| is_kept(name)).collect();
    Some(Source { uris, suites, components, options })
}

/// A line of a simulation: `Inst NAME (VERSION ORIGIN [ARCHITECTURE])`.
fn parse_installation(line: &str) -> Option<Package> {
    let mut words = line.strip_prefix("Inst ")?.split_whitespace();
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('(')?.to_owned();
    Some(Package { name, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places and suites of what is taken for `bookworm`, in short.
    fn taken(sources: Vec<Source>) -> Vec<String> {
        let of_release = sources.into_iter().filter_map(|source| source.of_release("bookworm"));
        of_release.map(|source| format!("{} {}", source.uris.join(" "), source.suites.join(" "))).collect()
    }

    #[test]
    fn a_line_is_taken_with_its_options_but_those_that_say_what_to_look_for() {
        let line = "deb [ arch=amd64,i386 signed-by=/keys/a.gpg trusted=yes ] http://mirror/debian bookworm main contrib # why\n";
        let sources = parse_lines(line);
        assert_eq!(taken(sources.clone()), ["http://mirror/debian bookworm"]);
        assert_eq!(
            sources[0].with_suite("bookworm-backports").stanza("amd64"),
            "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm-backports\nComponents: main contrib\n\
             Architectures: amd64\nTargets: Packages\nsigned-by: /keys/a.gpg\ntrusted: yes\n"
        );
    }

    #[test]
    fn lines_without_brackets_and_with_tabs_are_sources_too() {
        assert_eq!(
            taken(parse_lines("deb http://mirror/debian stable main\ndeb\tcopy:/srv/debian\tbookworm-updates\tmain")),
            ["http://mirror/debian stable", "copy:/srv/debian bookworm-updates"]
        );
    }

    #[test]
    fn commented_lines_and_those_of_sources_of_programs_are_no_sources() {
        assert_eq!(taken(parse_lines("# deb http://mirror/debian bookworm main\n")), [""; 0]);
        assert_eq!(taken(parse_lines("deb-src http://mirror/debian bookworm main\n\ndebug x bookworm main")), [""; 0]);
        assert_eq!(taken(parse_lines("deb [signed-by=/keys/a.gpg http://mirror/debian bookworm main")), [""; 0]);
    }

    #[test]
    fn the_security_archive_and_archives_of_others_are_not_taken() {
        let others = "deb http://mirror/debian-security bookworm-security main\n\
                      deb http://mirror/debian-security bookworm/updates main\n\
                      deb http://others/debian bookworm stable\n\
                      deb http://others/apt bookworm-pgdg main\n\
                      deb http://others/flat ./\n\
                      deb cdrom:[Debian_12]/ bookworm main\n\
                      deb http://mirror/debian trixie main\n";
        assert_eq!(taken(parse_lines(others)), [""; 0]);
        let stanza = "Types: deb\nURIs: http://mirror/debian-security\nSuites: bookworm-security\nComponents: main\n";
        assert_eq!(taken(parse_stanzas(stanza)), [""; 0]);
    }

    #[test]
    fn a_paragraph_gives_those_of_its_suites_that_belong_to_the_release() {
        let text = "# The main archive\nTypes: deb deb-src\n# an older place\nURIs: http://a/debian http://b/debian\n\
                    Suites: bookworm bookworm-updates bookworm-backports\n bookworm-security\nComponents: main\n\
                    Architectures: amd64 i386\nSigned-By: /keys/a.gpg\n\nTypes: deb\nURIs: http://c\nSuites: other\n";
        let sources = parse_stanzas(text);
        assert_eq!(taken(sources.clone()), ["http://a/debian http://b/debian bookworm bookworm-updates"]);
        assert_eq!(sources[0].options, [("Signed-By".to_owned(), "/keys/a.gpg".to_owned())]);
    }

    #[test]
    fn a_key_within_a_paragraph_is_kept_whole() {
        let key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBGPL\n -----END PGP PUBLIC KEY BLOCK-----";
        let text = format!("Types: deb\nURIs: http://a\nSuites: bookworm\nComponents: main\nSigned-By:{key}\n");
        let stanza = parse_stanzas(&text)[0].stanza("amd64");
        assert!(stanza.ends_with(&format!("Signed-By: {key}\n")), "{stanza}");
    }

    #[test]
    fn paragraphs_that_are_switched_off_or_hold_only_sources_of_programs_are_no_sources() {
        let rest = "URIs: http://a\nSuites: bookworm\nComponents: main\n";
        assert_eq!(taken(parse_stanzas(&format!("Types: deb\nEnabled: no\n{rest}"))), [""; 0]);
        assert_eq!(taken(parse_stanzas(&format!("Types: deb-src\n{rest}"))), [""; 0]);
        assert_eq!(taken(parse_stanzas(&format!("Types: deb\nEnabled: yes\n{rest}"))), ["http://a bookworm"]);
    }

    #[test]
    fn a_simulation_names_packages_and_versions() {
        let line = "Inst zlib1g (1:1.2.13.dfsg-1 Debian:12.15/oldstable [amd64])";
        let expected = Package { name: "zlib1g".to_owned(), version: "1:1.2.13.dfsg-1".to_owned() };
        assert_eq!(parse_installation(line), Some(expected));
        assert_eq!(parse_installation("Conf zlib1g (1:1.2.13.dfsg-1 Debian:12.15/oldstable [amd64])"), None);
    }

    #[test]
    fn proxies_are_kept_and_commands_that_follow_updates_are_not() {
        let system = "Acquire::http::Proxy \"http://proxy\";\nacquire::https::Proxy \"http://proxy\";\n\
                      Acquire::IndexTargets::deb::Packages \"\";\nAPT::Update::Post-Invoke:: \"rm x\";\n\
                      Dir::Etc::netrcparts \"auth.conf.d\";\nDir::State::lists \"lists/\";\n";
        let settings = Apt { folder: PathBuf::from("/f") }.settings(system);
        for kept in ["Acquire::http::Proxy", "acquire::https::Proxy", "Dir::Etc::netrcparts", "lists \"/f/lists\";"] {
            assert!(settings.contains(kept), "{kept}: {settings}");
        }
        for left in ["IndexTargets", "Post-Invoke", "lists/"] {
            assert!(!settings.contains(left), "{left}: {settings}");
        }
    }
}

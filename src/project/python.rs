//! Python: componentize-py puts the module, the SDK and an interpreter into one component, with all modules imported.

use std::path::Path;

use super::tool::Tool;
use super::{COMPONENT, Definition, INTERFACE, ProjectError, WORLD, absolute, made, write, write_only};

/// Packages that are put into the component, as pip reads them.
const REQUIREMENTS: &str = "requirements.txt";

pub(super) const DEFINITION: Definition = Definition {
    name: "Python",
    known_by: "train.py",
    main_file: "train.py",
    extensions: &["py"],
    files: &[REQUIREMENTS],
    lock_file: None,
    template: &[("train.py", include_str!("python/train.py"))],
    notes: "What `requirements.txt` names is put into the component, if it is written in Python only. Data sets that `study.toml` names under\n\
            `[data]` are files under `/data`; `print` writes to the trial's log.",
    make,
};

/// The SDK, which is put beside the sources.
const SDK: &[(&str, &str)] = &[
    ("trialbox/__init__.py", include_str!("../../sdk/python/trialbox/__init__.py")),
    ("trialbox/arguments.py", include_str!("../../sdk/python/trialbox/arguments.py")),
    ("trialbox/artifact.py", include_str!("../../sdk/python/trialbox/artifact.py")),
    ("trialbox/component.py", include_str!("../../sdk/python/trialbox/component.py")),
    ("trialbox/data.py", include_str!("../../sdk/python/trialbox/data.py")),
    ("trialbox/reporter.py", include_str!("../../sdk/python/trialbox/reporter.py")),
    ("trialbox/space.py", include_str!("../../sdk/python/trialbox/space.py")),
    ("trialbox_main.py", "import train\nfrom trialbox.component import Train\n"),
];

const COMPONENTIZE: Tool = Tool {
    name: "componentize-py",
    variable: "TRIALBOX_COMPONENTIZE_PY",
    calls: &[&["componentize-py"]],
    probe: "--help",
    install: "pip install componentize-py==0.25.1",
};

const PIP: Tool = Tool {
    name: "pip",
    variable: "TRIALBOX_PIP",
    calls: &[&["python3", "-m", "pip"], &["pip"]],
    probe: "--help",
    install: "python3 -m ensurepip",
};

fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let made = made(folder)?;
    let (sdk, packages, component) = (made.join("sdk"), made.join("packages"), made.join(COMPONENT));
    write(&made.join("wit/trial.wit"), INTERFACE.as_bytes())?;
    write_only(&sdk, SDK)?;
    let mut call = COMPONENTIZE.call(DEFINITION.name)?;
    call.arg("--quiet").arg("--wit-path").arg(absolute(&made.join("wit"))?).args(["--world", WORLD, "componentize"]);
    call.args(["--python-path", "."]).arg("--python-path").arg(absolute(&sdk)?);
    // What was required once must not stay.
    match std::fs::remove_dir_all(&packages) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(ProjectError::io("remove", &packages, source));
        }
        _ => {}
    }
    if folder.join(REQUIREMENTS).is_file() {
        let mut pip = PIP.call(DEFINITION.name)?;
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS, "--target"]);
        PIP.run(pip.arg(absolute(&packages)?), folder)?;
        call.arg("--python-path").arg(absolute(&packages)?);
    }
    call.arg("trialbox_main").arg("--output").arg(absolute(&component)?);
    COMPONENTIZE.run(&mut call, folder).map_err(in_own_words)?;
    std::fs::read(&component).map_err(|source| ProjectError::io("read", &component, source))
}

/// What the tool says of a module that cannot be imported, without what it says of itself: the module's own traceback, in which the
/// first folder of modules is called `/0`.
fn in_own_words(error: ProjectError) -> ProjectError {
    let ProjectError::Tool { tool, said } = error else { return error };
    let own = said.split("\nCaused by:").next().unwrap_or(&said);
    let own = own.rfind("Traceback (most recent call last):").map_or(own, |start| &own[start..]);
    let own = own.replace("File \"/0/", "File \"");
    ProjectError::Tool { tool, said: own.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mistake_in_a_module_only_its_own_traceback_is_told() {
        let said = "Traceback (most recent call last):\n  File \"/bin/componentize-py\", line 8\n\
                    AssertionError: Traceback (most recent call last):\n  File \"/1/trialbox_main.py\", line 1\n  \
                    File \"/0/train.py\", line 14\nSyntaxError: invalid syntax\n\n\nCaused by:\n    SyntaxError";
        let error = in_own_words(ProjectError::Tool { tool: "componentize-py", said: said.into() });
        let ProjectError::Tool { said, .. } = error else { panic!("{error}") };
        let expected = "Traceback (most recent call last):\n  File \"/1/trialbox_main.py\", line 1\n  \
                        File \"train.py\", line 14\nSyntaxError: invalid syntax";
        assert_eq!(said, expected);
    }
}

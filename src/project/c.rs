//! C: all sources of the folder and the SDK are compiled into one module, by the compiler that comes with Zig, or another for WASI.

use std::path::Path;

use super::tool::Tool;
use super::{COMPONENT, Definition, Language, ProjectError, absolute, encoding, made, sources, write, write_only};

pub(super) const DEFINITION: Definition = Definition {
    name: "C",
    known_by: "train.c",
    main_file: "train.c",
    extensions: &["c", "h"],
    files: &[],
    lock_file: None,
    template: &[("train.c", include_str!("c/train.c"))],
    notes: "All `.c` files of the folder are compiled; `.trialbox/sdk/trialbox.h` says what there is to call. Data sets that `study.toml` names\n\
            under `[data]` are read by `trialbox_data_read(name)`; `printf` writes to the trial's log.",
    make,
};

/// The SDK, with the sources that are compiled.
const SDK: &[(&str, &str)] = &[
    ("trialbox.h", include_str!("../../sdk/c/trialbox.h")),
    ("trialbox.c", include_str!("../../sdk/c/trialbox.c")),
    ("bindings/trial.h", include_str!("../../sdk/c/bindings/trial.h")),
    ("bindings/trial.c", include_str!("../../sdk/c/bindings/trial.c")),
];

const COMPILER: Tool = Tool {
    name: "a C compiler for WASI",
    variable: "TRIALBOX_C_COMPILER",
    calls: &[&["zig", "cc"], &["python3", "-m", "ziglang", "cc"]],
    probe: "--help",
    install: "pip install ziglang==0.17.1",
};

/// A library that exports its functions. Vector code is what the engine has; a stack of a mebibyte leaves memory to the trial, and
/// running over its end is an error and not other data, since it lies first.
const FLAGS: &[&str] = &[
    "-target",
    "wasm32-wasi",
    "-mexec-model=reactor",
    "-std=gnu23",
    "-O2",
    "-msimd128",
    "-fno-sanitize=all",
    "-Werror=date-time",
    "-Werror=format",
    "-Wl,--strip-debug",
    "-Wl,-z,stack-size=1048576",
];

fn make(folder: &Path) -> Result<Vec<u8>, ProjectError> {
    let made = made(folder)?;
    let (sdk, module) = (made.join("sdk"), made.join(COMPONENT).with_extension("module.wasm"));
    let mut call = COMPILER.call(DEFINITION.name)?;
    call.args(FLAGS).arg("-I").arg(absolute(&sdk)?);
    write_only(&sdk, SDK)?;
    for (name, _) in SDK.iter().filter(|(name, _)| is_compiled(Path::new(name))) {
        call.arg(absolute(&sdk.join(name))?);
    }
    for file in sources::files(folder, Language::C)?.iter().filter(|file| is_compiled(file)) {
        // A name may begin with a hyphen.
        call.arg(Path::new(".").join(file));
    }
    call.arg("-o").arg(absolute(&module)?);
    COMPILER.run(&mut call, folder)?;
    let module = std::fs::read(&module).map_err(|source| ProjectError::io("read", &module, source))?;
    let component = encoding::component_of_plain(module)?;
    write(&made.join(COMPONENT), &component)?;
    Ok(component)
}

fn is_compiled(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c")
}

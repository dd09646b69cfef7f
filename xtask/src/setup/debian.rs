//! A private Rust toolchain for WebAssembly out of Debian's packages.
//!
//! The packages are downloaded and unpacked into one folder, not installed, so they conflict with nothing. Debian has the
//! compiler, the sources of the standard library and the C library of WASI; the standard library itself is compiled here,
//! once for each target. Every step leaves a mark when it is done, so an interrupted run goes on where it stopped.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::setup::{Target, has_standard_library};

/// The oldest compiler that the guests are known to build with.
const OLDEST_COMPILER: (u32, u32) = (1, 90);

/// Counts up when the steps below change, so that a toolchain made by older steps is made anew.
const RECIPE: &str = "1";

/// Whether this machine can unpack Debian packages.
pub(super) fn is_available() -> bool {
    process::exists("apt-get") && process::exists("dpkg-deb")
}

/// Whether this machine installs Debian packages, and whoever runs this may have it do so.
pub(super) fn can_install() -> bool {
    let user = process::capture(Command::new("id").arg("-u"), "ask who runs this");
    is_available() && user.is_ok_and(|user| user.trim() == "0")
}

/// Installs a package on the system.
pub(super) fn install(package: &str) -> Result<()> {
    let get = || {
        let mut command = Command::new("apt-get");
        command.args(["install", "-qq", "--no-install-recommends", package]).env("DEBIAN_FRONTEND", "noninteractive");
        process::capture(&mut command, &format!("install Debian's package `{package}`"))
    };
    if let Err(error) = get() {
        // Old lists name versions that the archive no longer has.
        refresh_package_lists().context(error)?;
        get()?;
    }
    Ok(())
}

/// Makes sure that the toolchain in `folder` can compile for `target`; returns its compiler.
pub(super) fn prepare(folder: &Path, target: Target) -> Result<PathBuf> {
    let toolchain = Private { folder: folder.to_path_buf() };
    let _lock = lock(folder)?;
    toolchain.start_anew_if_outdated()?;
    toolchain.unpack()?;
    toolchain.build_standard_library(target)?;
    Ok(toolchain.compiler())
}

/// Downloads a package and unpacks it into `folder`.
pub(super) fn unpack_package(folder: &Path, package: &str) -> Result<()> {
    create_folder(folder)?;
    let archive = download(folder, package)?;
    unpack_archive(&archive, folder)?;
    fs::remove_file(&archive).with_context(|| format!("failed to remove `{}`", archive.display()))
}

/// Unpacks a downloaded package into `folder`.
pub(super) fn unpack_archive(archive: &Path, folder: &Path) -> Result<()> {
    process::run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder), "unpack a Debian package")
}

/// Keeps other runs out of `folder` until the returned file is dropped: two of them would write the same files.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let place = folder.with_extension("lock");
    if let Some(parent) = place.parent() {
        create_folder(parent)?;
    }
    let file = File::create(&place).with_context(|| format!("failed to create `{}`", place.display()))?;
    file.lock().with_context(|| format!("failed to lock `{}`", place.display()))?;
    Ok(file)
}

/// The folder of a private toolchain.
struct Private {
    folder: PathBuf,
}

impl Private {
    /// The wrapper to use as `RUSTC`.
    fn compiler(&self) -> PathBuf {
        self.folder.join("bin/rustc")
    }

    /// Where the packages are unpacked.
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Compiled libraries for a target.
    fn libraries(&self, target: &str) -> PathBuf {
        self.root().join("usr/lib/rustlib").join(target).join("lib")
    }

    fn is_marked(&self, step: &str) -> bool {
        self.folder.join(format!("{step}.done")).is_file()
    }

    fn mark(&self, step: &str) -> Result<()> {
        write(&self.folder.join(format!("{step}.done")), "")
    }

    /// Removes what another recipe made, or what relies on a linker that has gone since with its toolchain.
    fn start_anew_if_outdated(&self) -> Result<()> {
        let recipe = self.folder.join("recipe");
        let linker = fs::read_to_string(self.folder.join("linker")).unwrap_or_default();
        let has_linker = linker.is_empty() || Path::new(&linker).is_file();
        if has_linker && fs::read_to_string(&recipe).is_ok_and(|text| text == RECIPE) {
            return Ok(());
        }
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("failed to remove the outdated toolchain in `{}`", self.folder.display()))?;
        }
        create_folder(&self.folder)?;
        write(&recipe, RECIPE)
    }

    /// Downloads and unpacks the packages and writes the wrappers.
    fn unpack(&self) -> Result<()> {
        if self.is_marked("unpack") {
            return Ok(());
        }
        let linker = active_linker()?;
        let packages = packages(linker.is_none())?;
        let downloads = self.folder.join("packages");
        create_folder(&downloads)?;
        for (count, package) in packages.iter().enumerate() {
            eprintln!("guest toolchain: package {} of {}: {package}", count + 1, packages.len());
            let archive = download(&downloads, package)?;
            self.unpack_one(&archive, package)?;
        }
        self.write_wrappers(linker.as_deref())?;
        write(&self.folder.join("linker"), &linker.unwrap_or_default().to_string_lossy())?;
        self.link_c_library()?;
        let version = process::capture(
            Command::new(self.compiler()).arg("--version"),
            "start the compiler of the private toolchain",
        )?;
        eprintln!("guest toolchain: {}", version.trim());
        // The archives are of no more use, and are 140 MB.
        fs::remove_dir_all(&downloads).with_context(|| format!("failed to remove `{}`", downloads.display()))?;
        self.mark("unpack")
    }

    fn unpack_one(&self, archive: &Path, package: &str) -> Result<()> {
        let root = self.root();
        create_folder(&root)?;
        if package.starts_with("rust-web-src") {
            // The package holds the whole compiler's sources; only the standard library's are needed.
            let mut list = Command::new("dpkg-deb");
            list.arg("--fsys-tarfile").arg(archive).stdout(std::process::Stdio::piped());
            let mut list = list.spawn().context("failed to start dpkg-deb")?;
            let stream = list.stdout.take().context("dpkg-deb has no output to read")?;
            let mut extract = Command::new("tar");
            extract.arg("-x").arg("-C").arg(&root).args(["--wildcards", "./usr/src/rustc-*/library", "./usr/lib"]);
            process::run(extract.stdin(stream), "unpack the sources of the standard library")?;
            let status = list.wait().context("failed to wait for dpkg-deb")?;
            ensure!(status.success(), "failed to read `{}`: dpkg-deb ended with {status}", archive.display());
            return Ok(());
        }
        unpack_archive(archive, &root)
    }

    /// The compiler needs its own shared libraries, and finds the linker `rust-lld` beside its libraries by itself.
    /// The wrappers find their folder from their own path, so that the toolchain may be moved or copied.
    fn write_wrappers(&self, linker: Option<&Path>) -> Result<()> {
        let system = native_target()?;
        let multiarch = process::capture(
            Command::new("dpkg-architecture").args(["-qDEB_HOST_MULTIARCH"]),
            "ask for the system's library folder",
        )
        .map(|text| text.trim().to_owned())
        .or_else(|_| library_folder_name(&self.root()))?;
        let compiler = self.compiler();
        create_folder(&self.folder.join("bin"))?;
        write_script(
            &compiler,
            &format!(
                "#!/bin/sh\nroot=$(dirname \"$(readlink -f \"$0\")\")/../root\n\
                 LD_LIBRARY_PATH=\"$root/usr/lib/{multiarch}:$root/usr/lib/llvm-22/lib\" exec \"$root/usr/bin/rustc\" \"$@\"\n"
            ),
        )?;
        let tools = self.root().join("usr/lib/rustlib").join(&system).join("bin");
        create_folder(&tools)?;
        let script = match linker {
            Some(linker) => format!("#!/bin/sh\nexec \"{}\" \"$@\"\n", linker.display()),
            None => format!(
                "#!/bin/sh\nroot=$(dirname \"$(readlink -f \"$0\")\")/../../../../..\n\
                 LD_LIBRARY_PATH=\"$root/usr/lib/{multiarch}:$root/usr/lib/llvm-22/lib\" exec \"$root/usr/lib/llvm-22/bin/lld\" \"$@\"\n"
            ),
        };
        write_script(&tools.join("rust-lld"), &script)
    }

    /// rustc links the C library of WASI out of its own folder.
    fn link_c_library(&self) -> Result<()> {
        let from = self.root().join("usr/lib/wasm32-wasi");
        let to = self.libraries(Target::Wasi.name()).join("self-contained");
        create_folder(&to)?;
        for name in ["libc.a", "crt1-command.o", "crt1-reactor.o"] {
            copy(&from.join(name), &to.join(name))?;
        }
        Ok(())
    }

    /// Compiles the standard library for a target.
    fn build_standard_library(&self, target: Target) -> Result<()> {
        let step = format!("std-{target}");
        let libraries = self.libraries(target.name());
        if self.is_marked(&step) && has_standard_library(&libraries) {
            return Ok(());
        }
        eprintln!("guest toolchain: compiling the standard library for {target} (a minute or two)");
        let work = self.folder.join("std");
        create_folder(&work.join("src"))?;
        write(&work.join("src/lib.rs"), "")?;
        // Its own workspace, since it lies inside the project's folder.
        write(
            &work.join("Cargo.toml"),
            "[package]\nname = \"empty\"\nedition = \"2021\"\n\n[workspace]\n\n[profile.release]\npanic = \"abort\"\n",
        )?;
        let sources = fs::canonicalize(self.root().join("usr/src"))
            .with_context(|| format!("failed to find the sources in `{}`", self.root().display()))?;
        let registry = process::cargo_home()?;
        let mut cargo = process::plain_cargo();
        cargo
            .current_dir(&work)
            .args(["build", "--quiet", "--release", "-Z", "build-std=std,panic_abort", "--target", target.name()])
            .arg("--target-dir")
            .arg(work.join("target"))
            .env("RUSTC", self.compiler())
            // Debian's compiler is a stable one; building its own standard library is what this variable is for.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("__CARGO_DEFAULT_LIB_METADATA", "guest")
            // Bitcode for link-time optimisation; paths that don't depend on where this folder is.
            .env(
                "RUSTFLAGS",
                format!(
                    "-Cembed-bitcode=yes -Zforce-unstable-if-unmarked --remap-path-prefix={}=/std --remap-path-prefix={}=/cargo",
                    sources.display(),
                    registry.display()
                ),
            );
        process::run(&mut cargo, "compile the standard library")?;

        create_folder(&libraries)?;
        let built = work.join("target").join(target.name()).join("release/deps");
        for entry in read_folder(&built)? {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_library = name.starts_with("lib") && (name.ends_with(".rlib") || name.ends_with(".rmeta"));
            if is_library && !name.starts_with("libempty") {
                copy(&entry, &libraries.join(name))?;
            }
        }
        ensure!(has_standard_library(&libraries), "cargo left no standard library in `{}`", built.display());
        self.mark(&step)
    }
}

/// The packages to unpack, each as `name=version`.
fn packages(with_linker: bool) -> Result<Vec<String>> {
    let mut compiler = candidate("rustc-web")?;
    if compiler.as_deref().is_none_or(is_too_old) {
        refresh_package_lists()?;
        compiler = candidate("rustc-web")?;
    }
    let Some(compiler) = compiler else {
        bail!(
            "Debian's archive, as apt is set up here, has no package `rustc-web`\n\
             hint: this needs Debian 12 or newer with its security archive in /etc/apt; or install Rust through rustup and \
             add the target there"
        );
    };
    if is_too_old(&compiler) {
        bail!(
            "Debian's `rustc-web` is {compiler}, but guests need {}.{} or newer\n\
             hint: add Debian's security archive to /etc/apt and run `apt-get update`",
            OLDEST_COMPILER.0,
            OLDEST_COMPILER.1
        );
    }
    let mut packages: Vec<String> =
        ["rustc-web", "libstd-rust-web-dev", "rust-web-src"].iter().map(|name| format!("{name}={compiler}")).collect();
    let library = dependency("libstd-rust-web-dev", &compiler, "libstd-rust-web-")?;
    packages.push(format!("{library}={compiler}"));
    let llvm = dependency(&library, &compiler, "libllvm")?;
    packages.push(llvm.clone());
    packages.push("wasi-libc".to_owned());
    if with_linker {
        packages.push(llvm.replace("libllvm", "lld-"));
    }
    // A small machine may lack libraries that LLVM needs; they are unpacked beside it.
    let needed = process::capture(
        Command::new("apt-cache").args([
            "depends",
            "--recurse",
            "--no-recommends",
            "--no-suggests",
            "--no-conflicts",
            "--no-breaks",
            "--no-replaces",
            "--no-enhances",
            &llvm,
        ]),
        "list what LLVM needs",
    )?;
    for name in needed.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase())) {
        let name = name.split(':').next().unwrap_or(name);
        if name.starts_with("lib") && name != llvm && !is_installed(name) {
            packages.push(name.to_owned());
        }
    }
    Ok(packages)
}

/// The version of a package that apt would install.
fn candidate(package: &str) -> Result<Option<String>> {
    let policy = process::capture(
        Command::new("apt-cache").env("LC_ALL", "C").args(["policy", package]),
        "ask apt for a package",
    )?;
    Ok(policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .map(str::to_owned))
}

/// The name of a package's dependency that begins so.
fn dependency(package: &str, version: &str, prefix: &str) -> Result<String> {
    let text = process::capture(
        Command::new("apt-cache").args(["show", &format!("{package}={version}")]),
        "ask apt for a package's dependencies",
    )?;
    let depends = text.lines().find_map(|line| line.strip_prefix("Depends: ")).unwrap_or_default();
    for part in depends.split(',') {
        let name = part.split_whitespace().next().unwrap_or_default();
        if name.starts_with(prefix) {
            return Ok(name.to_owned());
        }
    }
    bail!(
        "Debian's package `{package}` {version} depends on no `{prefix}…`, which this recipe expects; it depends on: {depends}"
    )
}

fn is_installed(package: &str) -> bool {
    installed_version(package).is_some()
}

/// The version of a package that is installed.
pub(super) fn installed_version(package: &str) -> Option<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f=${db:Status-Status} ${Version}\n", package]);
    let text = process::capture(&mut query, "ask for an installed package").ok()?;
    text.lines().find_map(|line| line.strip_prefix("installed ")).map(str::to_owned)
}

/// Whether a version of a package comes before another.
pub(super) fn is_older(version: &str, than: &str) -> bool {
    let mut compare = Command::new("dpkg");
    compare.args(["--compare-versions", version, "lt", than]);
    compare.status().is_ok_and(|status| status.success())
}

fn is_too_old(version: &str) -> bool {
    let mut parts = version.split(['.', '+']).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST_COMPILER
}

fn refresh_package_lists() -> Result<()> {
    let user = process::capture(Command::new("id").arg("-u"), "ask who runs this")?;
    if user.trim() != "0" {
        bail!("apt's package lists are missing or old\nhint: run `sudo apt-get update`, then this command again");
    }
    eprintln!("apt-get update");
    process::run(Command::new("apt-get").args(["update", "-qq"]), "refresh apt's package lists")
}

/// Downloads a package, unless it is there from an interrupted run, and returns its file.
fn download(folder: &Path, package: &str) -> Result<PathBuf> {
    let name = package.split('=').next().unwrap_or(package);
    let find = || -> Result<Option<PathBuf>> {
        let prefix = format!("{name}_");
        Ok(read_folder(folder)?.into_iter().find(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with(&prefix) && file.ends_with(".deb")
        }))
    };
    if let Some(archive) = find()? {
        // apt-get renames a file only when it is complete, but a disk may have been full since.
        if Command::new("dpkg-deb").arg("--info").arg(&archive).output().is_ok_and(|output| output.status.success()) {
            return Ok(archive);
        }
        fs::remove_file(&archive).with_context(|| format!("failed to remove the damaged `{}`", archive.display()))?;
    }
    let fetch = || {
        process::capture(
            Command::new("apt-get").current_dir(folder).args(["download", "-qq", package]),
            &format!("download Debian's package `{package}`"),
        )
    };
    if let Err(error) = fetch() {
        // Old lists name versions that the archive no longer has.
        refresh_package_lists().context(error)?;
        fetch()?;
    }
    find()?.with_context(|| format!("apt-get left no archive of `{package}` in `{}`", folder.display()))
}

/// The linker of the active toolchain, if it has one.
fn active_linker() -> Result<Option<PathBuf>> {
    let sysroot =
        process::capture(Command::new("rustc").args(["--print", "sysroot"]), "ask the active compiler for its folder")?;
    let linker = Path::new(sysroot.trim()).join("lib/rustlib").join(native_target()?).join("bin/rust-lld");
    Ok(linker.is_file().then_some(linker))
}

/// The target that the active compiler itself runs on.
fn native_target() -> Result<String> {
    let text = process::capture(Command::new("rustc").arg("-vV"), "ask the active compiler for its version")?;
    let target = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(target.context("`rustc -vV` names no host")?.to_owned())
}

/// The name of the folder that holds LLVM's library, such as `x86_64-linux-gnu`.
pub(super) fn library_folder_name(root: &Path) -> Result<String> {
    read_folder(&root.join("usr/lib"))?
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .find(|name| name.ends_with("-linux-gnu"))
        .with_context(|| format!("no library folder in `{}`", root.join("usr/lib").display()))
}

pub(super) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("failed to create the folder `{}`", path.display()))
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write `{}`", path.display()))
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("failed to make `{}` executable", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("failed to copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

pub(super) fn read_folder(path: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("failed to read the folder `{}`", path.display()))? {
        entries.push(entry.with_context(|| format!("failed to read the folder `{}`", path.display()))?.path());
    }
    entries.sort();
    Ok(entries)
}

//! A software GPU adapter for tests: Mesa's Vulkan driver that computes on the processor, called lavapipe.
//!
//! It is unpacked out of Debian's packages below `target/`, by an apt of its own (`apt`), and installs nothing: the variables
//! that name it make Vulkan's loader take it and no other. `gpu` and `test` ask for it here. It needs a version of Mesa that
//! computes right; where the system's release has an older one, its backports are taken, from the same mirror.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::apt::{self, Apt, Package, Source};
use super::debian::{self, create_folder, read_folder, write};
use crate::process;
use crate::workspace::Workspace;

/// The package with the driver, and the library that finds drivers.
const DRIVER: &str = "mesa-vulkan-drivers";
const LOADER: &str = "libvulkan1";

/// Mesa 22.3.6, of Debian 12 itself, ends loops after 65535 rounds and says nothing; this one is known to compute right.
const OLDEST_MESA: u32 = 25;

/// Counts up when the steps below change, so that an adapter unpacked by older steps is unpacked anew.
const RECIPE: &str = "1";

/// An adapter that is ready for use.
#[derive(Debug, Clone)]
pub(crate) struct Adapter {
    /// The version of its package.
    pub(crate) version: String,
    /// The variables of the environment by which it is found.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

/// The software adapter, unpacked if need be; none where there is no way to get one, after saying why.
pub(crate) fn software(workspace: &Workspace) -> Result<Option<Adapter>> {
    let place = Place { folder: workspace.target().join("adapter") };
    let _lock = debian::lock(&place.folder)?;
    if !place.is_ready() {
        if !debian::is_available() || !process::exists("apt-config") {
            return Ok(None);
        }
        if let Err(error) = place.unpack() {
            println!("{error:#}");
            return Ok(None);
        }
    }
    place.adapter().map(Some)
}

/// The folder of the adapter.
struct Place {
    folder: PathBuf,
}

impl Place {
    /// Where the packages are unpacked.
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// The mark of an adapter that is complete: the recipe that made it.
    fn recipe(&self) -> PathBuf {
        self.folder.join("recipe.done")
    }

    fn is_ready(&self) -> bool {
        fs::read_to_string(self.recipe()).is_ok_and(|recipe| recipe == RECIPE)
    }

    /// Downloads and unpacks the packages, from the beginning: an interrupted run leaves nothing worth keeping.
    fn unpack(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("failed to remove the unfinished `{}`", self.folder.display()))?;
        }
        let (state, downloads) = (self.folder.join("apt"), self.folder.join("packages"));
        create_folder(&downloads)?;
        create_folder(&self.root())?;
        let (apt, closure) = find(&state)?;
        let packages: Vec<Package> = closure.into_iter().filter(is_needed).collect();
        eprintln!("software adapter: {} packages, {DRIVER} {}", packages.len(), version_of_driver(&packages)?);
        apt.download(&packages, &downloads)?;
        for archive in read_folder(&downloads)? {
            debian::unpack_archive(&archive, &self.root())?;
        }
        self.check_libraries()?;
        write(&self.folder.join("version"), version_of_driver(&packages)?)?;
        for used in [state, downloads] {
            fs::remove_dir_all(&used).with_context(|| format!("failed to remove `{}`", used.display()))?;
        }
        write(&self.recipe(), RECIPE)
    }

    /// The libraries that the driver and the loader need must all be there, in versions that go together.
    fn check_libraries(&self) -> Result<()> {
        let libraries = self.libraries()?;
        let mut list = Command::new("ldd");
        list.arg(self.driver()?).env("LD_LIBRARY_PATH", search_path(&libraries)?).env("LC_ALL", "C");
        let output = list.output().context("failed to list the libraries of the adapter: cannot start `ldd`")?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let missing: Vec<&str> = said.lines().filter(|line| line.contains("not found")).map(str::trim).collect();
        ensure!(missing.is_empty(), "the adapter does not go with this system's libraries: {}", missing.join("; "));
        Ok(())
    }

    /// Where its libraries are; older packages keep some outside `usr`.
    fn libraries(&self) -> Result<Vec<PathBuf>> {
        let name = debian::library_folder_name(&self.root())?;
        let places = ["usr/lib", "lib"].map(|part| self.root().join(part).join(&name));
        Ok(places.into_iter().filter(|place| place.is_dir()).collect())
    }

    fn driver(&self) -> Result<PathBuf> {
        let mut places = self.libraries()?.into_iter().map(|folder| folder.join("libvulkan_lvp.so"));
        places
            .find(|path| path.is_file())
            .with_context(|| format!("the packages unpacked in `{}` hold no software driver", self.root().display()))
    }

    /// What names the adapter, by where the folder is now.
    fn adapter(&self) -> Result<Adapter> {
        let version = self.folder.join("version");
        let version =
            fs::read_to_string(&version).with_context(|| format!("failed to read `{}`", version.display()))?;
        let manifest = self.folder.join("lavapipe.json");
        let text = manifest_text(&self.driver()?);
        if fs::read_to_string(&manifest).is_ok_and(|there| there != text) || !manifest.exists() {
            write(&manifest, &text)?;
        }
        let variables = vec![
            ("VK_DRIVER_FILES", manifest.clone().into_os_string()),
            // What loaders before 1.3.207 read.
            ("VK_ICD_FILENAMES", manifest.into_os_string()),
            ("LD_LIBRARY_PATH", search_path(&self.libraries()?)?),
            // It would lie in the home folder, and shaders are to be compiled as on the first day.
            ("MESA_SHADER_CACHE_DISABLE", OsString::from("true")),
        ];
        Ok(Adapter { version, variables })
    }
}

/// Finds a right version of the driver: in the system's release, else in its backports. Gives all that it needs.
fn find(state: &Path) -> Result<(Apt, Vec<Package>)> {
    let release = apt::release()?;
    let mut sources = apt::sources_of_system(&release)?;
    let (apt, packages) = closure(state, &sources, None)?;
    if is_right(version_of_driver(&packages)?) {
        return Ok((apt, packages));
    }
    let suite = format!("{release}-backports");
    let backports: Vec<Source> = sources.iter().map(|source| source.with_suite(&suite)).collect();
    sources.extend(backports);
    let (apt, packages) = closure(state, &sources, Some(&suite))?;
    let version = version_of_driver(&packages)?;
    ensure!(
        is_right(version),
        "`{DRIVER}` is {version} here, but only {OLDEST_MESA} or newer is known to compute right"
    );
    Ok((apt, packages))
}

/// The driver with all that it needs, out of the sources. Others' archives may call their suites as the distribution does, and
/// fail where those are asked for: what counts is whether the packages are found.
fn closure(state: &Path, sources: &[Source], suite: Option<&str>) -> Result<(Apt, Vec<Package>)> {
    let apt = Apt::prepare(state, sources)?;
    let updated = apt.update();
    match (apt.closure(&[DRIVER, LOADER], suite), updated) {
        (Ok(packages), _) => Ok((apt, packages)),
        (Err(_), Err(unreached)) => Err(unreached),
        (Err(error), Ok(())) => Err(error),
    }
}

fn version_of_driver(packages: &[Package]) -> Result<&str> {
    let driver = packages.iter().find(|package| package.name == DRIVER);
    Ok(&driver.with_context(|| format!("apt knows of no package `{DRIVER}`"))?.version)
}

/// Whether a version of Mesa, as Debian writes it, is known to compute right.
fn is_right(version: &str) -> bool {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    version.split('.').next().and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= OLDEST_MESA)
}

/// Whether a package must be unpacked, since the system has none that would do. The system's C library always does: it
/// belongs to the program that loads libraries.
fn is_needed(package: &Package) -> bool {
    if package.name == "libc6" {
        return false;
    }
    let installed = debian::installed_version(&package.name);
    package.name == DRIVER || installed.is_none_or(|installed| debian::is_older(&installed, &package.version))
}

/// Vulkan's description of a driver.
fn manifest_text(library: &Path) -> String {
    let library = library.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "{{\n  \"file_format_version\": \"1.0.0\",\n  \"ICD\": {{ \"library_path\": \"{library}\", \"api_version\": \"1.3.0\" }}\n}}\n"
    )
}

/// The folders, before those that are searched already.
fn search_path(folders: &[PathBuf]) -> Result<OsString> {
    let others = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let others = std::env::split_paths(&others).filter(|folder| !folder.as_os_str().is_empty());
    let all = folders.iter().cloned().chain(others);
    std::env::join_paths(all).context("failed to name the adapter's libraries: the path of its folder has a colon")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_compute_right_are_taken() {
        for right in ["25.0.7-2~bpo12+1", "25.0.7-0ubuntu0.24.04.2", "26.1.0-1", "1:25.2.0-1"] {
            assert!(is_right(right), "{right}");
        }
        for wrong in ["22.3.6-1+deb12u2", "24.2.8-1ubuntu1", "1:22.3.6-1", "", "git"] {
            assert!(!is_right(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_description_names_the_driver_whatever_its_folder_is_called() {
        let text = manifest_text(Path::new("/a \"b\"/libvulkan_lvp.so"));
        assert!(text.contains(r#""library_path": "/a \"b\"/libvulkan_lvp.so""#), "{text}");
    }
}

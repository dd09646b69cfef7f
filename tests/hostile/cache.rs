//! Compiled components on disk, and somebody who tampers with them.

use std::fs;
use std::path::{Path, PathBuf};

use trialbox::numeric::digest::Digest;
use trialbox::sandbox::component::ComponentError;
use trialbox::sandbox::instance::Program;
use trialbox::sandbox::{CompiledCache, Sandbox};
use trialbox::study::{FloatMode, Outcome};

use super::support::guest::{Guest, reports};
use super::support::run::{Ran, SANDBOX, Setting, run, run_program};

fn compiled(cache: &CompiledCache, bytes: &[u8]) -> Ran {
    let component = cache.get_or_compile(&SANDBOX, Digest::of(bytes), bytes).unwrap();
    run_program(&Program::new(&SANDBOX, &component).unwrap(), &Setting::default())
}

/// The compiled components in a folder.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "compiled")).collect()
}

#[test]
fn a_trial_from_the_cache_does_the_same_as_one_that_was_just_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = reports(4);
    let fresh = run(&bytes);
    for _ in 0..3 {
        let cache = CompiledCache::open(folder.path()).unwrap();
        assert_eq!(compiled(&cache, &bytes), fresh);
        assert!(cache.contains(SANDBOX.compatibility(), Digest::of(&bytes)));
    }
    assert_eq!(kept(folder.path()).len(), 1);
}

#[test]
fn a_file_of_which_a_byte_was_changed_is_never_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let bytes = reports(4);
    let fresh = compiled(&cache, &bytes);
    let path = kept(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(whole.len() / 23).chain([0, 31, 32, whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(compiled(&cache, &bytes), fresh, "{place}");
        // It was compiled anew, and kept in place of the other.
        assert_eq!(fs::read(&path).unwrap(), whole, "{place}");
    }
}

#[test]
fn a_file_that_is_cut_off_or_something_else_is_never_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let bytes = reports(4);
    let fresh = compiled(&cache, &bytes);
    let path = kept(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for content in [&b""[..], b"x", &[0; 32], &whole[..32], &whole[..whole.len() - 1], &[0xff; 10_000]] {
        fs::write(&path, content).unwrap();
        assert_eq!(compiled(&cache, &bytes), fresh);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(compiled(&cache, &bytes), fresh);
}

#[test]
fn the_file_of_one_component_does_not_pass_for_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let (one, other) = (reports(1), reports(2));
    compiled(&cache, &one);
    let path = kept(folder.path()).remove(0);
    compiled(&cache, &other);
    let path_of_other = kept(folder.path()).into_iter().find(|found| *found != path).unwrap();
    fs::copy(&path, &path_of_other).unwrap();
    assert_eq!(compiled(&cache, &other).reports.len(), 2);
}

#[test]
fn each_float_mode_has_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let bytes = reports(1);
    compiled(&cache, &bytes);
    let canonical = Sandbox::new(FloatMode::Canonical).unwrap();
    assert!(!cache.contains(canonical.compatibility(), Digest::of(&bytes)));
    cache.get_or_compile(&canonical, Digest::of(&bytes), &bytes).unwrap();
    assert_eq!(kept(folder.path()).len(), 2);
}

#[test]
fn what_does_not_compile_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    let bytes = b"\0asm\x0d\0\x01\0\xff\xff";
    assert!(matches!(cache.get_or_compile(&SANDBOX, Digest::of(bytes), bytes), Err(ComponentError::Invalid(_))));
    assert_eq!(kept(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_folder_that_cannot_be_written_to_costs_only_time() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CompiledCache::open(folder.path()).unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(compiled(&cache, &Guest::new().component()).outcome, Outcome::Completed);
}

#[cfg(unix)]
#[test]
fn a_folder_that_was_open_to_others_is_closed_and_nothing_in_it_is_trusted_any_more() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o777, 0o755, 0o710] {
        let folder = tempfile::tempdir().unwrap();
        let bytes = reports(1);
        compiled(&CompiledCache::open(folder.path()).unwrap(), &bytes);
        // Somebody else reads the key, and writes a file under it.
        let key = fs::read(folder.path().join("key")).unwrap();
        let path = kept(folder.path()).remove(0);
        let planted = fs::read(&path).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700, "{mode:o}");
        assert_ne!(fs::read(folder.path().join("key")).unwrap(), key, "{mode:o}");
        compiled(&cache, &bytes);
        assert_ne!(fs::read(&path).unwrap()[..32], planted[..32], "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("deep").join("cache");
    compiled(&CompiledCache::open(&inner).unwrap(), &reports(1));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    for entry in fs::read_dir(&inner).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_key_that_is_damaged_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    compiled(&CompiledCache::open(folder.path()).unwrap(), &reports(1));
    for key in [&b""[..], b"short", &[7; 33]] {
        fs::write(folder.path().join("key"), key).unwrap();
        compiled(&CompiledCache::open(folder.path()).unwrap(), &reports(1));
        assert_eq!(fs::read(folder.path().join("key")).unwrap().len(), 32);
    }
}

#[test]
fn what_a_killed_process_never_finished_is_removed_once_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    drop(CompiledCache::open(folder.path()).unwrap());
    let path = |name: &str| folder.path().join(name);
    for name in ["old.0000000000000000.draft", "new.0000000000000000.draft", "other"] {
        fs::write(path(name), b"half").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 3600);
    for name in ["old.0000000000000000.draft", "other"] {
        fs::File::options().append(true).open(path(name)).unwrap().set_modified(long_ago).unwrap();
    }
    drop(CompiledCache::open(folder.path()).unwrap());
    assert!(!path("old.0000000000000000.draft").exists());
    // Somebody may write it at this moment.
    assert!(path("new.0000000000000000.draft").exists());
    assert!(path("other").exists() && path("key").exists());
}

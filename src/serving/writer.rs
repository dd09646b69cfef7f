//! Whether a process is there that writes a study, as far as can be told without touching the lock that such a process holds.

use std::path::Path;

/// Whether the writer of the study at `place` is there: its lock names a process, and that process runs. Trying the lock itself could
/// turn away a writer that comes at that moment.
#[cfg(unix)]
pub(super) fn is_there(place: &Path) -> bool {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};

    let mut path = place.as_os_str().to_owned();
    path.push(".lock");
    // Whatever stands there is opened without following a link, and without waiting for the other end of a pipe.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) else { return false };
    // No process number is longer.
    let mut bytes = [0; 12];
    let Ok(count) = rustix::io::read(&file, &mut bytes) else { return false };
    let digits = bytes.get(..count).and_then(|read| std::str::from_utf8(read).ok());
    let process =
        digits.and_then(|digits| digits.trim().parse().ok()).filter(|number| *number > 0).and_then(Pid::from_raw);
    process.is_some_and(|process| matches!(test_kill_process(process), Ok(()) | Err(Errno::PERM)))
}

/// Elsewhere the lock is left behind, so that it says nothing.
#[cfg(not(unix))]
pub(super) fn is_there(_place: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::serving::fixture::{Place, Writing};

    #[test]
    fn a_writer_is_there_as_long_as_it_writes() {
        let place = Place::new();
        let mut writing = Writing::begin(&place, "a.study");
        writing.write(1);
        assert!(is_there(&place.path("a.study")));
        writing.end();
        assert!(!is_there(&place.path("a.study")));
    }

    #[test]
    fn a_lock_that_was_left_behind_is_no_writer() {
        let place = Place::new();
        let study = place.path("a.study");
        // No system gives a process the largest number.
        for content in ["", "2147483647\n", "-1", "0", "no number", "99999999999999999999"] {
            std::fs::write(place.path("a.study.lock"), content).unwrap();
            assert!(!is_there(&study), "{content}");
        }
        std::fs::remove_file(place.path("a.study.lock")).unwrap();
        std::fs::create_dir(place.path("a.study.lock")).unwrap();
        assert!(!is_there(&study));
    }
}

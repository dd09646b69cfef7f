//! The secret that lets a person in where others can reach the server too.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::ServeError;

/// How many random bytes a token is made of.
const BYTES: usize = 32;
/// How long the token in a file must be at least, and may be at most.
const CHARACTERS: std::ops::RangeInclusive<usize> = 32..=256;

/// A secret that lets in who knows it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token of 32 random bytes, as hexadecimal digits.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn random() -> Result<Self, ServeError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| ServeError::Random { reason: error.to_string() })?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token in the file at `path`. If there is no file, a random one is written there that only its owner can read.
    ///
    /// # Errors
    /// If the file can be neither read nor made, if others can read it, or if it holds no token.
    pub fn of_file(path: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::TokenFile { path: path.to_owned(), source };
        match make(path) {
            Ok(file) => {
                let token = Self::random()?;
                io::Write::write_all(&mut &file, format!("{}\n", token.0).as_bytes()).map_err(failed)?;
                return Ok(token);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        let file = fs::File::open(path).map_err(failed)?;
        if is_open_to_others(&file).map_err(failed)? {
            return Err(ServeError::OpenTokenFile { path: path.to_owned() });
        }
        let mut text = String::new();
        let read = io::Read::read_to_string(&mut io::Read::take(file, 2 * *CHARACTERS.end() as u64), &mut text);
        read.map_err(failed)?;
        let token = text.trim();
        let is_fit = CHARACTERS.contains(&token.len()) && token.bytes().all(is_token_byte);
        if is_fit { Ok(Self(token.to_owned())) } else { Err(ServeError::NoToken { path: path.to_owned() }) }
    }

    /// Whether this is the token. How long it takes tells nothing of it: digests are compared, and those in constant time.
    pub(super) fn is(&self, given: &str) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(given.as_bytes())
    }

    /// The token as it stands in an address or a cookie.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// What may stand in an address and in a cookie as it is.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

/// Makes a new file that only its owner can read.
fn make(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn is_open_to_others(file: &fs::File) -> io::Result<bool> {
    Ok(std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &fs::File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_differ_and_are_not_shown() {
        let (one, two) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.text().len(), 2 * BYTES);
        assert!(one.is(one.text()) && !one.is(two.text()) && !one.is("") && !one.is(&one.text()[1..]));
        assert!(!format!("{one:?}").contains(one.text()));
    }

    #[test]
    fn a_token_file_is_made_once_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("token");
        let token = Token::of_file(&path).unwrap();
        assert!(Token::of_file(&path).unwrap().is(token.text()));
        fs::write(&path, "short").unwrap();
        assert!(matches!(Token::of_file(&path), Err(ServeError::NoToken { .. })));
        fs::write(&path, "a".repeat(40) + ";b").unwrap();
        assert!(matches!(Token::of_file(&path), Err(ServeError::NoToken { .. })));
        assert!(matches!(Token::of_file(&place.path().join("none/token")), Err(ServeError::TokenFile { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_token_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("token");
        Token::of_file(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Token::of_file(&path), Err(ServeError::OpenTokenFile { .. })));
    }
}

//! What a study gives its guest besides configuration, seed and data: arguments, an environment, and the form in which a command
//! gets its configuration. Plain data; the sandbox passes it on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many arguments, and how many variables of the environment, a guest may be given.
pub const GUEST_ENTRIES_MAX: usize = 1_000;
/// How many bytes all of them may have together.
pub const GUEST_BYTES_MAX: usize = 64 << 10;

/// What a study gives its guest besides configuration, seed and data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSettings {
    /// The arguments, without the program's name, which comes first.
    pub arguments: Vec<String>,
    /// The environment: values by name.
    pub environment: BTreeMap<String, String>,
    /// How a command gets its configuration. A component that exports `train` is called with it.
    pub configuration: ConfigurationForm,
}

/// How a command gets its configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationForm {
    /// In a file and as arguments.
    #[default]
    Both,
    /// In the file `/trialbox/config.json`.
    File,
    /// As arguments `--NAME VALUE`, after those that the study names.
    Arguments,
}

/// Settings of a guest are not well formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuestSettingsError {
    /// There are too many entries.
    #[error("`guest.{0}` has more than {GUEST_ENTRIES_MAX} entries")]
    TooMany(&'static str),
    /// They are too long.
    #[error("`guest.arguments` and `guest.environment` have {0} bytes together; at most {GUEST_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// A text has a byte 0, which ends texts for many programs.
    #[error("`guest.{0}` has a text with a byte 0")]
    Zero(&'static str),
    /// The name of a variable is none.
    #[error("`guest.environment` has a name that is empty or has `=` in it")]
    Name,
}

impl ConfigurationForm {
    /// Whether there is a file.
    #[must_use]
    pub fn has_file(self) -> bool {
        matches!(self, Self::Both | Self::File)
    }

    /// Whether there are arguments.
    #[must_use]
    pub fn has_arguments(self) -> bool {
        matches!(self, Self::Both | Self::Arguments)
    }
}

impl GuestSettings {
    /// Checks what the types do not.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self) -> Result<(), GuestSettingsError> {
        let counts = [("arguments", self.arguments.len()), ("environment", self.environment.len())];
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count > GUEST_ENTRIES_MAX) {
            return Err(GuestSettingsError::TooMany(what));
        }
        let variables = self.environment.iter().flat_map(|(name, value)| [name, value]);
        let bytes = self.arguments.iter().chain(variables.clone()).map(String::len).sum();
        if bytes > GUEST_BYTES_MAX {
            return Err(GuestSettingsError::TooLong(bytes));
        }
        if self.arguments.iter().any(|text| text.contains('\0')) {
            return Err(GuestSettingsError::Zero("arguments"));
        }
        if variables.clone().any(|text| text.contains('\0')) {
            return Err(GuestSettingsError::Zero("environment"));
        }
        match self.environment.keys().any(|name| name.is_empty() || name.contains('=')) {
            true => Err(GuestSettingsError::Name),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_no_program_could_be_given_are_refused() {
        let with = |arguments: &[&str], environment: &[(&str, &str)]| {
            let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
            let environment =
                environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            GuestSettings { arguments, environment, ..GuestSettings::default() }.check()
        };
        assert_eq!(with(&["--fast", ""], &[("A", ""), ("b c", "=")]), Ok(()));
        assert_eq!(with(&["a\0b"], &[]), Err(GuestSettingsError::Zero("arguments")));
        assert_eq!(with(&[], &[("A", "\0")]), Err(GuestSettingsError::Zero("environment")));
        assert_eq!(with(&[], &[("", "x")]), Err(GuestSettingsError::Name));
        assert_eq!(with(&[], &[("A=B", "x")]), Err(GuestSettingsError::Name));
        assert_eq!(with(&["x"; 1_001], &[]), Err(GuestSettingsError::TooMany("arguments")));
        assert_eq!(with(&[&"x".repeat(65_537)], &[]), Err(GuestSettingsError::TooLong(65_537)));
    }
}

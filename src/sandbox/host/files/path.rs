//! Paths as text: what one asks for step by step, before anything is looked up.

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// How long a path may be.
pub(super) const PATH_BYTES_MAX: usize = 4_096;
/// How long one name in it may be.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// A path, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Path<'a> {
    text: &'a str,
}

/// A step of a path.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    /// To where one is.
    Here,
    /// To the folder around it.
    Up,
    /// To what has that name there.
    Down(&'a str),
}

impl<'a> Path<'a> {
    /// Checks what can be wrong with a path by itself.
    pub(super) fn parse(text: &'a str) -> Result<Self, ErrorCode> {
        match text {
            "" => Err(ErrorCode::NoEntry),
            text if text.len() > PATH_BYTES_MAX => Err(ErrorCode::NameTooLong),
            text if text.split('/').any(|name| name.len() > NAME_BYTES_MAX) => Err(ErrorCode::NameTooLong),
            text if text.contains('\0') => Err(ErrorCode::Invalid),
            // Whoever has a descriptor sees what is below it and nothing else.
            text if text.starts_with('/') => Err(ErrorCode::NotPermitted),
            text => Ok(Self { text }),
        }
    }

    /// The steps. Several slashes are as good as one.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'a>> + use<'a> {
        self.text.split('/').filter(|name| !name.is_empty()).map(|name| match name {
            "." => Step::Here,
            ".." => Step::Up,
            name => Step::Down(name),
        })
    }

    /// Whether a slash at its end says that it must lead to a folder.
    pub(super) fn wants_folder(&self) -> bool {
        self.text.ends_with('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_nowhere_by_its_form_is_refused() {
        for (text, code) in [
            ("", ErrorCode::NoEntry),
            ("/", ErrorCode::NotPermitted),
            ("/data/digits", ErrorCode::NotPermitted),
            ("//data", ErrorCode::NotPermitted),
            ("data\0", ErrorCode::Invalid),
            ("\0", ErrorCode::Invalid),
            (&"a".repeat(4_097), ErrorCode::NameTooLong),
            (&"../".repeat(2_000), ErrorCode::NameTooLong),
            (&"a".repeat(256), ErrorCode::NameTooLong),
        ] {
            assert_eq!(Path::parse(text), Err(code), "{text:?}");
        }
    }

    #[test]
    fn a_path_is_its_steps() {
        let steps = |text| Path::parse(text).unwrap().steps().collect::<Vec<_>>();
        assert_eq!(steps("a//b/./c/.."), [Step::Down("a"), Step::Down("b"), Step::Here, Step::Down("c"), Step::Up]);
        assert_eq!(steps("..."), [Step::Down("...")]);
        assert_eq!(steps("./"), [Step::Here]);
        assert!(Path::parse("a/").unwrap().wants_folder() && !Path::parse("a").unwrap().wants_folder());
        assert!(Path::parse(&"a/".repeat(2_048)).is_ok());
    }
}

//! The best configuration, for people and for programs.

use super::sanitize::{is_printable, printable, printable_json};
use super::table::{Align, Column, render};
use crate::space::{Config, Value};
use crate::study::{StudyState, TrialRecord};

/// How a configuration is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfigFormat {
    /// A line for each parameter, for people.
    #[default]
    Text,
    /// Keys and values that fix every parameter when they stand under `[space]` in a study file.
    Toml,
    /// One JSON object.
    Json,
}

/// The configuration of the best trial, if there is one.
#[must_use]
pub fn best(state: &StudyState, format: ConfigFormat) -> Option<String> {
    best_trial(state).map(|trial| config(&trial.config, format))
}

/// The best trial, if there is one.
pub(super) fn best_trial(state: &StudyState) -> Option<&TrialRecord> {
    state.trial(state.best()?.trial)
}

/// The configuration, ending with a line's end.
fn config(config: &Config, format: ConfigFormat) -> String {
    match format {
        ConfigFormat::Text => text(config),
        ConfigFormat::Toml => {
            config.iter().map(|(name, value)| format!("{} = {}\n", toml_key(name), toml_value(value))).collect()
        }
        ConfigFormat::Json => {
            // A map of texts to values; nothing in it can fail to be written.
            let json = serde_json::to_string_pretty(config).unwrap_or_default();
            printable_json(&json) + "\n"
        }
    }
}

fn text(config: &Config) -> String {
    const WIDTH_MAX: usize = 100;
    let cell = |text: &str| printable(text, WIDTH_MAX);
    let names = Column::new("", Align::Left, WIDTH_MAX, config.iter().map(|(name, _)| cell(name)));
    let values = Column::new("", Align::Left, WIDTH_MAX, config.iter().map(|(_, value)| cell(&value.to_string())));
    let lines = render(&[names, values]);
    // Without the line of headings, which are empty.
    lines.split_once('\n').map_or(String::new(), |(_, lines)| lines.to_owned())
}

pub(super) fn toml_key(name: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { toml_text(name) }
}

pub(super) fn toml_value(value: &Value) -> String {
    match value {
        Value::Real(real) if real.is_nan() => "nan".into(),
        Value::Real(real) => format!("{real:?}"),
        Value::Text(text) => toml_text(text),
        other => other.to_string(),
    }
}

fn toml_text(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_printable(character) => quoted.push(character),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    #[test]
    fn the_best_configuration_is_written_in_every_format() {
        let (_, state) = fixture::study();
        assert_eq!(
            best(&state, ConfigFormat::Text).unwrap(),
            "activation     relu\nepochs         10\nlearning_rate  0.05\n"
        );
        assert_eq!(
            best(&state, ConfigFormat::Toml).unwrap(),
            "activation = \"relu\"\nepochs = 10\nlearning_rate = 0.05\n"
        );
        assert_eq!(
            best(&state, ConfigFormat::Json).unwrap(),
            "{\n  \"activation\": \"relu\",\n  \"epochs\": 10,\n  \"learning_rate\": 0.05\n}\n"
        );
        assert_eq!(best(&fixture::empty().1, ConfigFormat::Text), None);
    }

    #[test]
    fn hostile_names_and_values_are_harmless_and_not_lost() {
        let hostile: Config = [
            ("a.b \"c\"".to_owned(), Value::from("x\u{1b}[31m\n\\\u{202e}\"")),
            ("nan".to_owned(), Value::Real(f64::NAN)),
            ("small".to_owned(), Value::Real(1e-300)),
        ]
        .into_iter()
        .collect();
        let toml = config(&hostile, ConfigFormat::Toml);
        let read: toml::Table = toml.parse().unwrap();
        assert_eq!(read["a.b \"c\""].as_str(), Some("x\u{1b}[31m\n\\\u{202e}\""));
        assert_eq!(read["small"].as_float(), Some(1e-300));
        for format in [ConfigFormat::Text, ConfigFormat::Toml, ConfigFormat::Json] {
            let written = config(&hostile, format);
            assert!(written.chars().all(|character| character == '\n' || is_printable(character)), "{written:?}");
        }
    }
}

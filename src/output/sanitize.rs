//! Makes text that guests wrote harmless: bounded, and nothing in it that drives a terminal or misleads the eye.

/// How many combining marks may follow each other; more only pile up over other lines.
const COMBINING_MAX: usize = 3;

/// The text on one line, at most `characters_max` characters of it, the rest as `…`. Control characters, line ends, escape
/// sequences, marks of writing direction and whatever else is not printable are shown as escapes such as `\n` and `\u{1b}`.
#[must_use]
pub fn printable(text: &str, characters_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(characters_max.saturating_mul(4)));
    let mut marks = 0;
    let mut characters = text.chars();
    for character in characters.by_ref().take(characters_max) {
        marks = if is_combining(character) { marks + 1 } else { 0 };
        if is_printable(character) && marks <= COMBINING_MAX {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// JSON with the same meaning in which everything that is not printable is escaped.
#[must_use]
pub fn printable_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        // ASCII is either structure, or printable, or was escaped when the JSON was made; but for DEL. All else is in texts.
        if character.is_ascii() && character != '\u{7f}' || is_printable(character) && !character.is_ascii() {
            shown.push(character);
        } else {
            let mut units = [0; 2];
            character.encode_utf16(&mut units).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
        }
    }
    shown
}

/// How many columns of a terminal the printable text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The printable text cut to so many columns, with `…` for what was cut off.
#[must_use]
pub fn fit(text: &str, columns_max: usize) -> String {
    if columns(text) <= columns_max {
        return text.to_owned();
    }
    let mut room = columns_max.saturating_sub(1);
    let fits = |character: &char| {
        let columns = columns_of(*character);
        let fits = columns <= room;
        room = room.saturating_sub(columns);
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    if columns_max > 0 {
        cut.push('…');
    }
    cut
}

/// Whether the character can be shown as it is.
#[must_use]
pub fn is_printable(character: char) -> bool {
    if is_combining(character) {
        return true;
    }
    // What the standard library escapes: control and format characters, separators but for the space, unassigned ones. It also
    // escapes quotes and the backslash, which are printable.
    matches!(character, '\'' | '"' | '\\') || character.escape_debug().len() == 1
}

/// Marks that stand on the character before them.
fn is_combining(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}' | '\u{93a}'..='\u{93c}'
        | '\u{941}'..='\u{948}' | '\u{94d}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20f0}' | '\u{3099}' | '\u{309a}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// Columns as terminals count them, by the blocks that are shown wide. A table may be off by a column where this is not exact.
fn columns_of(character: char) -> usize {
    if is_combining(character) {
        return 0;
    }
    let is_wide = matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' | '\u{a960}'..='\u{a97c}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1f9ff}' | '\u{20000}'..='\u{3fffd}');
    if is_wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_become_printable() {
        for (text, expected) in [
            ("plain text, 'quoted' \\ \"so\"", "plain text, 'quoted' \\ \"so\""),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{9b}31m\u{7f}\u{0}", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("a\u{202e}b\u{2066}c\u{200f}\u{feff}\u{200b}", "a\\u{202e}b\\u{2066}c\\u{200f}\\u{feff}\\u{200b}"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}\\u{301}\\u{301}"),
            ("Grüße, 学習率 ✓", "Grüße, 学習率 ✓"),
            ("\u{e000}\u{10ffff}\u{2028}", "\\u{e000}\\u{10ffff}\\u{2028}"),
        ] {
            assert_eq!(printable(text, 100), expected);
        }
    }

    #[test]
    fn what_is_shown_is_bounded() {
        assert_eq!(printable(&"x".repeat(1_000_000), 5), "xxxxx…");
        assert!(printable(&"\u{10ffff}".repeat(1000), 10).len() < 120);
        assert_eq!(fit("学習率", 4), "学…");
        assert_eq!((fit("abc", 3), fit("abcd", 3), fit("abc", 0)), ("abc".into(), "ab…".into(), String::new()));
    }

    #[test]
    fn printable_json_means_the_same() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{10ffff}é\"\\";
        let json = printable_json(&serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        assert_eq!(json, r#""a\u001b\u007f\u009b\u202e\udbff\udfffé\"\\""#);
    }
}

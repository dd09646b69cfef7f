//! HTML from texts, so that what a guest wrote never becomes markup. Everything on the page goes through here.

use crate::output::sanitize::printable;

/// How much of a name or a value that a guest wrote is shown.
pub(super) const NAME_MAX: usize = 60;
/// How much of a longer text that a guest wrote is shown.
pub(super) const TEXT_MAX: usize = 300;

/// The text where a text or an attribute in quotes stands.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A text that a guest wrote: at most so many characters, all of them printable, and none of them markup.
pub(super) fn guest(text: &str, characters_max: usize) -> String {
    escape(&printable(text, characters_max))
}

/// A sentence of the program in which names stand between backticks. They are set as code; all else stays text.
pub(super) fn prose(text: &str) -> String {
    let mut shown = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without a second one, which a guest may have written, stays as it is.
    let whole = parts.len() % 2 == 1;
    for (index, part) in parts.iter().enumerate() {
        match (index % 2 == 1, whole) {
            (true, true) => shown.push_str(&format!("<code>{}</code>", escape(part))),
            (_, false) if index > 0 => shown.push_str(&format!("`{}", escape(part))),
            _ => shown.push_str(&escape(part)),
        }
    }
    shown
}

/// A command or a text to be copied, with a button for it. `id` tells it from others on the page.
pub(super) fn copyable(id: &str, text: &str, what: &str) -> String {
    format!(
        "<div class=\"copyable\"><pre id=\"{id}\" tabindex=\"0\"><code>{}</code></pre>\
         <button type=\"button\" class=\"copy\" data-copy=\"{id}\" aria-label=\"Copy {}\">Copy</button></div>\n",
        escape(text),
        escape(what),
    )
}

/// A section with a heading, whose id is a place to go to.
pub(super) fn section(id: &str, heading: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" class=\"card\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{}</h2>\n{body}</section>\n",
        escape(heading)
    )
}

/// A table with a line of headings; cells are HTML. A heading that begins with `#` is of numbers, without that sign.
pub(super) fn table(headings: &[String], rows: &[Vec<String>]) -> String {
    let is_number: Vec<bool> = headings.iter().map(|heading| heading.starts_with('#')).collect();
    let class = |index: usize| if is_number.get(index) == Some(&true) { " class=\"number\"" } else { "" };
    let mut html = String::from("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>");
    for (index, heading) in headings.iter().enumerate() {
        html.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(index), heading.trim_start_matches('#')));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let (name, scope) = if index == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
            html.push_str(&format!("<{name}{scope}{}>{cell}</{name}>", class(index)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

/// A bar whose length is a share from 0 to 1. Drawn as SVG, since the page allows no style attributes.
pub(super) fn bar(share: f64) -> String {
    let length = if share.is_finite() { share.clamp(0.0, 1.0) * 100.0 } else { 0.0 };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"bar-track\" width=\"100\" height=\"8\"/><rect class=\"bar-value\" width=\"{length:.2}\" height=\"8\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(
            escape("</script><a href='x' title=\"y\">&"),
            "&lt;/script&gt;&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;"
        );
        assert_eq!(guest("a\u{202e}<b>\u{1b}", 40), "a\\u{202e}&lt;b&gt;\\u{1b}");
        assert_eq!(guest("abcdef", 3), "abc…");
    }

    #[test]
    fn names_between_backticks_are_code() {
        assert_eq!(prose("raise `fuel_max` or <leave>"), "raise <code>fuel_max</code> or &lt;leave&gt;");
        assert_eq!(prose("one ` alone <i>"), "one ` alone &lt;i&gt;");
        assert_eq!(prose("`</code><script>`"), "<code>&lt;/code&gt;&lt;script&gt;</code>");
    }

    #[test]
    fn a_bar_of_any_share_is_drawn() {
        for (share, width) in [(0.5, "50.00"), (7.0, "100.00"), (-1.0, "0.00"), (f64::NAN, "0.00")] {
            assert!(bar(share).contains(&format!("class=\"bar-value\" width=\"{width}\"")), "{share}");
        }
    }
}

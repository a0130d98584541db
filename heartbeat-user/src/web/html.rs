//! Text in HTML.
//!
//! Labels are free text, causes quote errors of other systems, and reasons of maintenance are what somebody
//! typed. None of it may become markup, so whatever is no constant of this program goes through here.

use std::fmt::{self, Write as _};

/// Text that shows as itself, between tags and in quoted attributes.
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Not allowed in HTML, not even escaped.
                letter if letter.is_control() => f.write_char('\u{fffd}')?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let shown = Text("<script>alert(\"a & 'b'\")</script>\0").to_string();
        assert_eq!(
            shown,
            "&lt;script&gt;alert(&quot;a &amp; &#39;b&#39;&quot;)&lt;/script&gt;\u{fffd}"
        );
        assert_eq!(Text("Büro 1").to_string(), "Büro 1");
    }
}

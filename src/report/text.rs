//! Text from hosts, made safe to show: what a host sends may hold anything, escape sequences that
//! rewrite the screen among them.

use std::fmt::Write;

/// Longest line shown; the rest is counted.
const LINE: usize = 400;
/// Most lines shown of one message.
const LINES: usize = 60;

/// Controls of C0 and C1, DEL, and what reorders or hides text without being seen.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line, bounded, every hostile character written out.
pub fn line(text: &str) -> String {
    bounded(text, LINE, false)
}

/// A line of a file: as `line`, but tabs stay, since files are indented with them.
pub fn file_line(text: &str) -> String {
    bounded(text, LINE, true)
}

/// As `line`, but whole: what must not be cut is wrapped instead.
pub fn line_of_any_length(text: &str) -> String {
    bounded(text, usize::MAX, false)
}

/// A line of at most so many characters.
pub fn short(text: &str, limit: usize) -> String {
    let clean = line_of_any_length(text);
    match clean.char_indices().nth(limit) {
        None => clean,
        Some(_) => clean.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The lines of a message, each safe, bounded in number.
pub fn lines(text: &str) -> Vec<String> {
    let all: Vec<&str> = text.trim_end().lines().collect();
    let mut shown: Vec<String> = all.iter().take(LINES).map(|text| file_line(text)).collect();
    if all.len() > LINES {
        shown.push(format!("… {} more lines", all.len() - LINES));
    }
    shown
}

fn bounded(text: &str, limit: usize, tabs: bool) -> String {
    let mut clean = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            let rest = text.chars().count() - limit;
            // Writing to a String can't fail.
            let _ = write!(clean, "… ({rest} more characters)");
            break;
        }
        match c {
            '\t' if tabs => clean.push(c),
            c if is_hostile(c) => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean
}

/// `1 host`, `3 hosts`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Seconds as people say them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.9995 => format!("{:.0} ms", s * 1000.0),
        s if s < 60.0 => format!("{s:.1} s"),
        s => format!("{} min {:02} s", (s / 60.0) as u64, (s % 60.0) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_written_out() {
        assert_eq!(
            line("a\x1b[2Jb\u{9b}c\u{202e}d\x7f\r\n\0"),
            r"a\u{1b}[2Jb\u{9b}c\u{202e}d\u{7f}\r\n\u{0}"
        );
        assert_eq!(file_line("\tindented"), "\tindented");
        assert_eq!(line("\tfield"), r"\tfield");
    }

    #[test]
    fn long_text_is_bounded_and_says_so() {
        assert_eq!(line(&"x".repeat(410)), format!("{}… (10 more characters)", "x".repeat(400)));
        assert_eq!(lines(&"y\n".repeat(70)).last().map(String::as_str), Some("… 10 more lines"));
        assert_eq!(short("abcdef", 4), "abc…");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!([duration(0.18), duration(4.25), duration(125.0)], ["180 ms", "4.2 s", "2 min 05 s"]);
    }
}

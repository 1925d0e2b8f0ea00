//! Python's regular expressions, by translating what differs to fancy-regex.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

pub use fancy_regex::Regex;

/// What one match captured.
pub type Captures<'t> = fancy_regex::Captures<'t, str>;

/// Steps that a search may go back before it is given up: patterns come from playbooks, the text
/// they are tried on from hosts.
const BACKTRACK_LIMIT: usize = 200_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    pub ignore_case: bool,
    /// `^` and `$` match at every line.
    pub multiline: bool,
    pub dot_all: bool,
}

type Known = RwLock<HashMap<(String, Flags), Result<Arc<Regex>, String>>>;
static KNOWN: LazyLock<Known> = LazyLock::new(RwLock::default);

/// Compiles a pattern of Python's `re`. Each is compiled once.
pub fn compile(pattern: &str, flags: Flags) -> Result<Arc<Regex>, String> {
    let key = (pattern.to_string(), flags);
    if let Ok(known) = KNOWN.read()
        && let Some(result) = known.get(&key)
    {
        return result.clone();
    }
    let result =
        build(pattern, flags).map_err(|why| format!("the regular expression `{pattern}` is wrong: {why}"));
    if let Ok(mut known) = KNOWN.write() {
        known.insert(key, result.clone());
    }
    result
}

fn build(pattern: &str, flags: Flags) -> Result<Arc<Regex>, String> {
    let translated = Translator::new(pattern, flags).run()?;
    let regex = fancy_regex::RegexBuilder::new(&translated)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multiline)
        .dot_matches_new_line(flags.dot_all)
        .backtrack_limit(BACKTRACK_LIMIT)
        .build()
        .map_err(|e| e.to_string())?;
    Ok(Arc::new(regex))
}

struct Translator<'a> {
    rest: &'a str,
    multiline: bool,
    out: String,
}

impl<'a> Translator<'a> {
    fn new(pattern: &'a str, flags: Flags) -> Self {
        Translator {
            rest: pattern,
            multiline: flags.multiline,
            out: String::with_capacity(pattern.len() + 8),
        }
    }

    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.take() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group(),
                // At the end Python's `$` also matches before a last line break.
                '$' if !self.multiline => self.out.push_str(r"(?=\n?\z)"),
                '{' => self.brace(),
                '}' => self.out.push_str(r"\}"),
                c => self.out.push(c),
            }
        }
        Ok(self.out)
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// A repetition, or a plain brace, which needs no escaping in Python.
    fn brace(&mut self) {
        let counts = self.rest.split_once('}').filter(|(counts, _)| {
            let (low, high) = counts.split_once(',').unwrap_or((counts, "0"));
            let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
            digits(low) && digits(high) && (!low.is_empty() || counts.contains(','))
        });
        match counts {
            Some((counts, rest)) => {
                let low = if counts.starts_with(',') { "0" } else { "" };
                self.out.push_str(&format!("{{{low}{counts}}}"));
                self.rest = rest;
            }
            None => self.out.push_str(r"\{"),
        }
    }

    fn group(&mut self) {
        if let Some(comment) = self.rest.strip_prefix("?#") {
            self.rest = comment.split_once(')').map_or("", |(_, rest)| rest);
            return;
        }
        self.out.push('(');
        let Some(inner) = self.rest.strip_prefix('?') else { return };
        let flags: String = inner.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
        let end = &inner[flags.len()..];
        if flags.is_empty() || flags.starts_with('P') || !end.starts_with([')', ':']) {
            return;
        }
        let (on, _) = flags.split_once('-').unwrap_or((&flags, ""));
        self.multiline |= on.contains('m');
        // Letters that choose between bytes and Unicode mean nothing here.
        let kept: String = flags.chars().filter(|c| !matches!(c, 'a' | 'u' | 'L')).collect();
        if kept.is_empty() && end.starts_with(')') {
            self.out.push_str("?:)");
            self.rest = &end[1..];
            return;
        }
        self.out.push('?');
        self.out.push_str(&kept);
        self.rest = end;
    }

    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(c) = self.take() else { return Err("it ends in a backslash".into()) };
        match c {
            'Z' if !in_class => self.out.push_str(r"\z"),
            'b' if in_class => self.out.push_str(r"\x08"),
            '0' => self.out.push_str(r"\x00"),
            'A' | 'b' | 'B' if !in_class => self.out.extend(['\\', c]),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | 'u' | 'U' => {
                self.out.extend(['\\', c]);
            }
            '1'..='9' if !in_class => self.out.extend(['\\', c]),
            c if c.is_ascii_alphanumeric() => return Err(format!("bad escape \\{c}")),
            c => self.literal(c),
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        match c {
            ' ' => self.out.push_str(r"\x20"),
            '#' => self.out.push_str(r"\x23"),
            '<' | '>' => self.out.push(c),
            c if c.is_ascii_punctuation() => self.out.extend(['\\', c]),
            c => self.out.push(c),
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.out.push('^');
            self.take();
        }
        let mut first = true;
        while let Some(c) = self.take() {
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                // These have a meaning in the engine's classes that they lack in Python's.
                ']' | '[' | '&' | '~' => self.out.extend(['\\', c]),
                '-' if self.rest.starts_with('-') => self.out.push_str(r"\-"),
                c => self.out.push(c),
            }
            first = false;
        }
        Err("a set of characters isn't closed".into())
    }
}

/// The replacement of one match: `\1`, `\g<1>`, `\g<name>` and Python's escapes.
pub fn expand(template: &str, captures: &Captures<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else { return Err("the replacement ends in a backslash".into()) };
        rest = &rest[c.len_utf8()..];
        match c {
            'g' => {
                let name = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
                let (name, tail) = name.ok_or("`\\g` needs a group: `\\g<1>`")?;
                out.push_str(&group(name, captures)?);
                rest = tail;
            }
            '0' => out.push('\0'),
            '1'..='9' => {
                let more = rest.chars().next().filter(char::is_ascii_digit);
                let number: String = [Some(c), more].into_iter().flatten().collect();
                rest = &rest[number.len() - 1..];
                out.push_str(&group(&number, captures)?);
            }
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            '\\' => out.push('\\'),
            c if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c} in the replacement")),
            c => out.extend(['\\', c]),
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn group(name: &str, captures: &Captures<'_>) -> Result<String, String> {
    let unknown = || format!("the regular expression has no group `{name}`");
    if let Ok(number) = name.parse::<usize>() {
        if number >= captures.len() {
            return Err(unknown());
        }
        return Ok(captures.get(number).map_or("", |m| m.as_str()).to_string());
    }
    // A group that took no part in the match is empty, as in Python.
    Ok(captures.name(name).map_or("", |m| m.as_str()).to_string())
}

/// Python's `re.subn`: the new text and how many matches were replaced; `count` 0 is all.
pub fn replace(regex: &Regex, text: &str, template: &str, count: usize) -> Result<(String, usize), String> {
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut done) = (0, 0);
    for captures in all(regex, text)? {
        if count > 0 && done == count {
            break;
        }
        let whole = captures.get(0).map_or(0..0, |m| m.range());
        out.push_str(&text[copied..whole.start]);
        out.push_str(&expand(template, &captures)?);
        copied = whole.end;
        done += 1;
    }
    out.push_str(&text[copied..]);
    Ok((out, done))
}

/// All matches, from left to right. As in Python an empty match may follow right after another.
pub fn all<'t>(regex: &Regex, text: &'t str) -> Result<Vec<Captures<'t>>, String> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at <= text.len() {
        let Some(captures) = regex.captures_from_pos(text, at).map_err(|e| too_hard(regex, &e))? else {
            break;
        };
        let Some(whole) = captures.get(0).map(|m| m.range()) else { break };
        at = match whole.is_empty() {
            true => whole.end + text[whole.end..].chars().next().map_or(1, char::len_utf8),
            false => whole.end,
        };
        found.push(captures);
    }
    Ok(found)
}

/// The first match.
pub fn search<'t>(regex: &Regex, text: &'t str) -> Result<Option<Captures<'t>>, String> {
    regex.captures(text).map_err(|e| too_hard(regex, &e))
}

fn too_hard(regex: &Regex, error: &fancy_regex::Error) -> String {
    format!("the regular expression `{}` can't be matched: {error}", regex.as_str())
}

/// Python's `re.escape`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, text, replacement, and what Python's `re.sub` makes of them.
    #[test]
    fn replaces_as_python_does() {
        for (pattern, text, template, expected) in [
            (r"(\w+) (\w+)", "a b", r"\2 \1", "b a"),
            (r"(?P<x>a)", "aa", r"<\g<x>\g<0>>", "<aa><aa>"),
            (r"x*", "abxd", "-", "-a-b--d-"),
            (r"a$", "ba\n", "c", "bc\n"),
            (r"a\Z", "ba\n", "c", "ba\n"),
            (r"(?m)^", "a\nb", "> ", "> a\n> b"),
            (r"(?i)A", "a", "b", "b"),
            (r"a{,2}b", "aab", "", ""),
            (r"{a}", "{a}", "", ""),
            (r"[]a[]+", "]a[b", "", "b"),
            (r"[\w.-]+", "a.b-c d", "x", "x x"),
            (r"\<\/\ \#", "</ #", "", ""),
            (r"^(?!#)", "x", "#", "#x"),
            (r"(?<=a)b", "ab", "c", "ac"),
            (r"(a)|b", "ab", r"[\1]", "[a][]"),
            (r"(?#comment)a", "a", "b", "b"),
            (r"a", "a", r"\.\n", "\\.\n"),
            (r"(.)\1", "aab", "x", "xb"),
        ] {
            let regex = compile(pattern, Flags::default()).expect(pattern);
            assert_eq!(replace(&regex, text, template, 0).map(|r| r.0).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(compile("(", Flags::default()).is_err());
        assert!(compile(r"\h", Flags::default()).is_err_and(|e| e.contains(r"bad escape \h")));
        assert!(compile("[a", Flags::default()).is_err());
        let regex = compile("a", Flags::default()).expect("a pattern");
        assert!(replace(&regex, "a", r"\1", 0).is_err_and(|e| e.contains("no group `1`")));
    }

    #[test]
    fn a_search_that_would_never_end_is_given_up() {
        let regex = compile(r"(a|b|ab)*(?>c)", Flags::default()).expect("a pattern");
        let text = "ab".repeat(40);
        assert!(search(&regex, &text).is_err());
    }
}

//! What is wrong with a file that isn't YAML, in plain words, with the classic slips recognised.

use crate::place::{InputError, Place};
use saphyr_parser::ScanError;
use std::path::Path;
use std::sync::Arc;

pub const QUOTE_BRACES: &str = "put quotes around the whole value: \"{{ name }}\"";

/// The parser's words, and what they mean to someone who wrote a playbook. The first that fits.
const MEANINGS: &[(&str, &str)] = &[
    ("mapping values are not allowed", "a `:` followed by a blank stands inside a value here"),
    ("illegal placement of ':'", "a `:` followed by a blank stands inside a value here"),
    ("did not find expected key", "this line doesn't fit the lines above it"),
    ("did not find expected '-' indicator", "this line doesn't fit the list above it"),
    ("block sequence entries are not allowed", "a list can't begin here"),
    ("simple key expect", "this line is no `key: value`"),
    ("did not find expected ',' or '}'", "a `{` is not closed, or a `,` is missing"),
    ("expected ',' or ']'", "a `[` is not closed, or a `,` is missing"),
    ("misplaced bracket", "this bracket closes nothing"),
    ("unexpected end of stream", "the quotes are not closed by the end of the file"),
    ("invalid trailing content after double-quoted", "there is more text after the closing quotes"),
    ("unknown escape character", "this escape is unknown in double quotes"),
    ("unknown anchor", "this alias names no anchor"),
    ("unexpected character", "a value can't begin with this character"),
    ("recursion limit", "too many brackets within one another"),
    ("tab", "a tab stands where blanks must be"),
    ("expected node content", "a value is missing here"),
    ("unprintable character", "an unprintable character"),
    ("invalid indentation", "this line is not indented as those above it"),
    ("wrongly indented", "this line is not indented as those above it"),
];

pub fn explain(file: &Arc<Path>, text: &str, error: &ScanError) -> InputError {
    let marker = error.marker();
    let (line, column) = (marker.line().max(1), marker.col() + 1);
    // Of a tab the parser tells when it has read what stands before it.
    let next = error.info().contains("tab").then_some(line + 1);
    let tab = |line| Some((line, tab_in_indentation(text, line)?));
    if let Some((line, column)) = tab(line).or_else(|| tab(next?)) {
        let place = Place { file: file.clone(), line, column };
        return InputError::at(&place, "a tab stands in the indentation").hint("indent with blanks");
    }
    if let Some((line, column)) = open_braces(text, line) {
        let place = Place { file: file.clone(), line, column };
        return InputError::at(&place, "a value that begins with `{{` must be quoted").hint(QUOTE_BRACES);
    }
    let place = Place { file: file.clone(), line, column };
    let known = MEANINGS.iter().find(|(word, _)| error.info().contains(word));
    let message =
        known.map_or_else(|| format!("this is not YAML: {}", error.info()), |(_, words)| (*words).into());
    let told = InputError::at(&place, message);
    match hint(text, line, error.info()) {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// Whether the text at this place begins with `{`, after one that opened the mapping around it.
pub fn braces_at(text: &str, place: &Place) -> bool {
    let line: Vec<char> = line_of(text, place.line).chars().collect();
    line.get(place.column - 1) == Some(&'{')
        && place.column.checked_sub(2).and_then(|at| line.get(at)) == Some(&'{')
}

fn line_of(text: &str, line: usize) -> &str {
    text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
}

fn tab_in_indentation(text: &str, line: usize) -> Option<usize> {
    let line = line_of(text, line);
    let indent = &line[..line.len() - line.trim_start().len()];
    indent.chars().position(|c| c == '\t').map(|at| at + 1)
}

/// An unquoted value that begins with `{{` on this line or the one before.
fn open_braces(text: &str, line: usize) -> Option<(usize, usize)> {
    [line, line.saturating_sub(1)].into_iter().filter(|line| *line > 0).find_map(|number| {
        let line = line_of(text, number);
        let at = [": {{", "- {{", "={{"].iter().filter_map(|mark| line.find(mark)).min()?;
        let at = at + line[at..].find('{')?;
        let quoted = line[..at].contains(['"', '\'', '#']);
        (!quoted).then(|| (number, line[..at].chars().count() + 1))
    })
}

fn hint(text: &str, line: usize, info: &str) -> Option<String> {
    let this = line_of(text, line);
    if let Some(key) = missing_blank(this).or_else(|| missing_blank(line_of(text, line.saturating_sub(1)))) {
        return Some(format!("a blank is missing after the `:` of `{key}`"));
    }
    if info.contains("mapping values") || info.contains("illegal placement") {
        return Some("put quotes around a value that holds `: `, and check the indentation".into());
    }
    if info.contains("unknown escape") {
        return Some("use single quotes, or write `\\\\` for a backslash".into());
    }
    if info.contains("unexpected character") {
        return Some("put quotes around the value".into());
    }
    None
}

/// The word before the colon of a line such as `key:value` (a URL is none).
fn missing_blank(line: &str) -> Option<&str> {
    let (key, rest) = line.trim_start().trim_start_matches("- ").split_once(':')?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let tight = rest.starts_with(|c: char| !c.is_whitespace() && c != '/');
    (word && tight).then_some(key)
}

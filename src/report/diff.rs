//! Differences as lines: properties old -> new, texts as a unified diff.

use super::style::Paint;
use super::text;
use crate::resource::{Difference, Text};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Longest diff shown without `-v`.
const LINES: usize = 300;
/// Comparing two texts may take this long; then the diff is coarser than it could be.
const PATIENCE: Duration = Duration::from_millis(500);
/// Longest value of a property on its line.
const VALUE: usize = 160;

/// What a property or a side is when it isn't there.
pub fn is_absent(value: &str) -> bool {
    matches!(value, "" | "absent" | "not installed")
}

/// `mode 0644 -> 0600`; one side alone where the other isn't there. What has but one `value` needs no
/// name for it.
pub fn property(name: &str, from: &str, to: &str) -> String {
    let [name, from, to] = [name, from, to].map(|value| text::short(value, VALUE));
    let name = if name == "value" { String::new() } else { format!("{name} ") };
    match (from.is_empty(), to.is_empty()) {
        (true, _) => format!("{name}{to}"),
        (false, true) => format!("{name}{from} -> none"),
        (false, false) => format!("{name}{from} -> {to}"),
    }
}

/// The lines of a text's diff; `id` is what the line above already names.
pub fn text(paint: &Paint, id: &str, difference: &Difference, whole: bool) -> Vec<String> {
    let Difference::Text { path, from, to } = difference else { return Vec::new() };
    let mut lines = Vec::new();
    if path != id {
        lines.push(paint.strong(text::line(path)));
    }
    lines.extend(match (from, to) {
        (Text::Lines(from), Text::Lines(to)) => unified(paint, from, to),
        (Text::Absent, Text::Lines(to)) if to.is_empty() => vec![paint.dim("empty")],
        (Text::Absent, Text::Lines(to)) => unified(paint, "", to),
        (Text::Lines(from), Text::Absent) => unified(paint, from, ""),
        (from, to) => {
            vec![paint.remove(format!("- {}", side(from))), paint.add(format!("+ {}", side(to)))]
        }
    });
    if !whole && lines.len() > LINES {
        let rest = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(paint.dim(format!("… {rest} more lines of this diff, shown with -v")));
    }
    lines
}

/// A side that isn't compared line by line, in words.
fn side(side: &Text) -> String {
    match side {
        Text::Absent => "absent".into(),
        Text::Lines(text) => format!("text of {}", text::count(text.lines().count(), "line")),
        Text::Hidden(why) => text::line(&format!("({why})")),
    }
}

/// The hunks of two texts, line by line.
pub fn unified(paint: &Paint, from: &str, to: &str) -> Vec<String> {
    if from == to {
        return vec![paint.dim("differs only in masked secrets")];
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(from, to);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT);
    let mut lines = Vec::new();
    for hunk in unified.iter_hunks() {
        lines.push(paint.hunk(hunk.header()));
        for change in hunk.iter_changes() {
            let text = text::file_line(change.value().strip_suffix('\n').unwrap_or(change.value()));
            lines.push(match change.tag() {
                ChangeTag::Equal => format!(" {text}"),
                ChangeTag::Delete => paint.remove(format!("-{text}")),
                ChangeTag::Insert => paint.add(format!("+{text}")),
            });
            if change.missing_newline() {
                lines.push(paint.dim("\\ no newline at the end"));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: &str, to: &str) -> Vec<String> {
        unified(&Paint::default(), from, to)
    }

    #[test]
    fn a_changed_line_stands_in_its_context() {
        let lines = shown("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE");
        assert_eq!(lines, ["@@ -2,4 +2,4 @@", " b", " c", " d", "-e", "+E", "\\ no newline at the end"]);
    }

    #[test]
    fn a_carriage_return_is_seen() {
        assert_eq!(shown("a\r\n", "a\n"), ["@@ -1 +1 @@", r"-a\r", "+a"]);
    }

    #[test]
    fn two_texts_that_differ_in_secrets_only_say_so() {
        assert_eq!(shown("pw=********\n", "pw=********\n"), ["differs only in masked secrets"]);
    }

    #[test]
    fn long_diffs_are_cut_and_say_so() {
        let to = Text::Lines("x\n".repeat(400));
        let long = Difference::Text { path: "/a".into(), from: Text::Absent, to };
        let cut = text(&Paint::default(), "/a", &long, false);
        assert_eq!(cut.last().map(String::as_str), Some("… 101 more lines of this diff, shown with -v"));
        assert_eq!(text(&Paint::default(), "/a", &long, true).len(), 401);
    }
}

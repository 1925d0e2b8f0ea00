//! A finding in lines: what was found, what is expected.

use crate::compliance::Lang;
use crate::compliance::audit::Finding;
use crate::resource::{Difference, Text};
use similar::TextDiff;

/// Lines of a file's difference before it is cut.
const SHOWN: usize = 40;

/// One line for each thing that differs, and what was expected.
pub fn lines(finding: &Finding, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    let subject = if finding.subject.is_empty() { &finding.task } else { &finding.subject };
    if !finding.message.is_empty() {
        lines.push(format!("{subject}: {}", finding.message.say(lang)));
    }
    let missing = finding.is_of_something_missing();
    for difference in &finding.differences {
        match difference {
            Difference::Property { from, .. } if missing && from.is_empty() => {}
            Difference::Property { name, from, to } if name == "state" && from == "absent" => {
                lines.push(lang.pick(
                    format!("{subject}: saknas, väntat {to}"),
                    format!("{subject}: is missing, expected {to}"),
                ));
            }
            Difference::Property { name, from, to } => {
                let (from, to) = (or_nothing(from, lang), or_nothing(to, lang));
                lines.push(lang.pick(
                    format!("{subject}: {name} är {from}, väntat {to}"),
                    format!("{subject}: {name} is {from}, expected {to}"),
                ));
            }
            Difference::Text { path, from, to } => {
                lines.push(format!("{subject}: {path} {}", content(from, to, lang)));
                let diff = diff(from, to);
                lines.extend(diff.lines.iter().map(|line| format!("  {line}")));
                if diff.cut > 0 {
                    lines.push(lang.pick(
                        format!("  ... och {} rader till", diff.cut),
                        format!("  ... and {} lines more", diff.cut),
                    ));
                }
            }
        }
    }
    if lines.is_empty() {
        let what = lang.pick(
            "inte som det ska (skillnaden visas inte)",
            "not as it should be (what differs is not shown)",
        );
        lines.push(format!("{subject}: {what}"));
    }
    lines
}

/// The first thing that differs, in one line; of a text the first lines that go and come.
pub fn line(finding: &Finding, lang: Lang) -> String {
    let lines = lines(finding, lang);
    let mut line = lines.first().cloned().unwrap_or_default();
    for mark in ["  -", "  +"] {
        let changed = lines.iter().skip(1).take_while(|line| line.starts_with("  "));
        if let Some(text) =
            changed.filter_map(|line| line.strip_prefix(mark)).find(|text| !text.trim().is_empty())
        {
            line += &format!(" {}{}", mark.trim(), text.trim());
        }
    }
    line
}

fn or_nothing(text: &str, lang: Lang) -> &str {
    if text.is_empty() { lang.pick("inget", "nothing") } else { text }
}

fn content(from: &Text, to: &Text, lang: Lang) -> String {
    match (from, to) {
        (Text::Absent, _) => lang.pick("saknas, väntat:", "is missing, expected:").into(),
        (_, Text::Absent) => lang.pick("finns, väntas vara borta", "is there, expected to be gone").into(),
        (Text::Hidden(why), _) | (_, Text::Hidden(why)) => {
            format!("{} ({why})", lang.pick("skiljer sig", "differs"))
        }
        _ => lang.pick("skiljer sig, från funnet till väntat:", "differs, from found to expected:").into(),
    }
}

/// A text's difference in lines, each after `-` or `+`, and how many lines more there are.
#[derive(Default)]
pub struct Diff {
    pub lines: Vec<String>,
    pub cut: usize,
}

/// Nothing where a side is not shown, or where all is to be gone.
pub fn diff(from: &Text, to: &Text) -> Diff {
    let text = |side: &Text| match side {
        Text::Lines(text) => Some(text.clone()),
        Text::Absent => Some(String::new()),
        Text::Hidden(_) => None,
    };
    let (Some(from), Some(to)) = (text(from), text(to)) else { return Diff::default() };
    if to.is_empty() {
        return Diff::default();
    }
    let diff = TextDiff::from_lines(&from, &to);
    let changed = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    let mut lines: Vec<String> =
        changed.map(|change| format!("{} {}", change.tag(), change.value().trim_end_matches('\n'))).collect();
    let cut = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    Diff { lines, cut }
}

//! One task (item) on one host as lines, without the host: hosts with the same lines are shown
//! together.

use super::diff;
use super::style::Paint;
use super::text;
use crate::change::Certainty;
use crate::record::{Entry, Shown, ShownAction, Status};
use crate::resource::{Difference, Risk, Undo};

/// What stands before the sign of what is certain.
const CERTAIN: &str = "  ";

/// How much of a Change is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// One line each, for what is done: what it may cost was said before.
    Made,
    /// One line each.
    Brief,
    /// With texts as diffs, the longest cut.
    Full,
    /// With all there is.
    Whole,
}

/// What a line is about, for the legend and for what is left out by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Create,
    Change,
    Remove,
    Act,
    Conditional,
    Unknown,
}

impl Sign {
    pub fn of(change: &Shown) -> Sign {
        let state = change.differences.iter().find_map(|difference| match difference {
            Difference::Property { name, from, to } if name == "state" || name == "version" => {
                Some((diff::is_absent(from), diff::is_absent(to)))
            }
            _ => None,
        });
        match state {
            Some((true, false)) => Sign::Create,
            Some((false, true)) => Sign::Remove,
            _ => Sign::Change,
        }
    }

    pub fn mark(self) -> &'static str {
        match self {
            Sign::Create => "+",
            Sign::Change => "~",
            Sign::Remove => "-",
            Sign::Act => "!",
            Sign::Conditional => "?",
            Sign::Unknown => "…",
        }
    }

    pub fn legend(self) -> &'static str {
        match self {
            Sign::Create => "create",
            Sign::Change => "change",
            Sign::Remove => "remove",
            Sign::Act => "act",
            Sign::Conditional => "may turn out otherwise",
            Sign::Unknown => "not known yet",
        }
    }

    pub fn paint(self, paint: &Paint, text: &str) -> String {
        match self {
            Sign::Create => paint.add(text),
            Sign::Change => paint.change(text),
            Sign::Remove => paint.remove(text),
            Sign::Act => paint.act(text),
            Sign::Conditional | Sign::Unknown => paint.maybe(text),
        }
    }
}

/// The signs that an entry is shown with.
pub fn signs(entry: &Entry) -> Vec<Sign> {
    match &entry.status {
        Status::Unknown { .. } => vec![Sign::Unknown],
        Status::Changed { certainty } => {
            let waits = matches!(certainty, Certainty::Conditional { .. });
            let act = entry.action.iter().map(|_| Sign::Act);
            let changes = entry.changes.iter().map(Sign::of);
            changes.chain(act).chain(waits.then_some(Sign::Conditional)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the entry is shown without `-v`.
pub fn matters(entry: &Entry) -> bool {
    !entry.notes.is_empty() || !matches!(entry.status, Status::Ok | Status::Skipped { .. })
}

/// The lines of an entry, the first two columns of each for the sign.
pub fn lines(paint: &Paint, entry: &Entry, detail: Detail) -> Vec<String> {
    let mut lines = match &entry.status {
        Status::Ok | Status::Skipped { .. } => calm(paint, entry),
        Status::Changed { certainty } => changed(paint, entry, certainty, detail),
        Status::Unknown { until } => unknown(paint, entry, until, detail),
        Status::Failed { message, ignored, rescued } => {
            let word = match (ignored, rescued) {
                (true, _) => "failed, ignored",
                (_, true) => "failed, rescued",
                _ => "failed",
            };
            trouble(paint, entry, word, message)
        }
        Status::Refused { message } => trouble(paint, entry, "refused", message),
    };
    for note in &entry.notes {
        lines.extend(labelled("  ", "note", note));
    }
    lines
}

/// What is done, apart from how sure it is: two entries that agree here turned out alike.
pub fn substance(entry: &Entry) -> String {
    let paint = Paint::default();
    let changes = entry.changes.iter().flat_map(|shown| change(&paint, shown, "", Detail::Whole, CERTAIN));
    let action = entry.action.iter().map(|action| action.title.clone());
    changes.chain(action).collect::<Vec<_>>().join("\n")
}

fn calm(paint: &Paint, entry: &Entry) -> Vec<String> {
    let item = item(entry, "");
    let line = match (&entry.status, &entry.action) {
        (Status::Skipped { why }, _) => format!("  skipped{item}: {}", text::line(why)),
        (_, Some(ShownAction { probe: true, title, .. })) => {
            format!("  probe{item}: {}", text::line(title))
        }
        _ => format!("  ok{item}"),
    };
    vec![paint.dim(line)]
}

fn changed(paint: &Paint, entry: &Entry, certainty: &Certainty, detail: Detail) -> Vec<String> {
    let gutter = match certainty {
        Certainty::Certain => CERTAIN.to_string(),
        Certainty::Conditional { .. } => format!(" {}", paint.maybe("?")),
    };
    let mut lines = Vec::new();
    for shown in &entry.changes {
        let label = item(entry, &shown.id);
        lines.extend(change(paint, shown, &label, detail, &gutter));
        if entry.origin.secret && detail != Detail::Made {
            lines.push(paint.dim("    no_log: what differs is not shown"));
        }
    }
    if let Some(action) = &entry.action {
        lines.extend(act(paint, entry, action, detail, &gutter));
    }
    if lines.is_empty() {
        lines.push(format!("{gutter}{} changes{}", paint.change("~"), item(entry, "")));
    }
    if let Certainty::Conditional { waits_for } = certainty {
        lines.push(paint.maybe(format!("    waits for `{}`", text::line(waits_for))));
    }
    lines
}

fn unknown(paint: &Paint, entry: &Entry, until: &str, detail: Detail) -> Vec<String> {
    let gutter = format!("{CERTAIN}{}", paint.maybe(Sign::Unknown.mark()));
    let what = format!("unknown until `{}`", text::line(until));
    let mut lines = vec![format!("{gutter} {}{}", paint.maybe(what), item(entry, ""))];
    // What is known of it all the same.
    lines.extend(entry.changes.iter().flat_map(|shown| change(paint, shown, "", detail, CERTAIN)));
    lines.extend(entry.action.iter().flat_map(|action| act(paint, entry, action, detail, CERTAIN)));
    lines
}

fn change(paint: &Paint, shown: &Shown, item: &str, detail: Detail, gutter: &str) -> Vec<String> {
    let sign = Sign::of(shown);
    let head = format!("{} {}", text::line(&shown.kind), paint.strong(text::line(&shown.id)));
    let mark = sign.paint(paint, sign.mark());
    let mut lines = vec![format!("{gutter}{mark} {head}{item}")];
    let properties = properties(shown);
    let brief = matches!(detail, Detail::Made | Detail::Brief);
    let texts = shown.differences.iter().any(|d| matches!(d, Difference::Text { .. }));
    if !properties.is_empty() && (brief || !texts) && properties.len() <= 4 {
        lines[0].push_str(&format!("  {}", properties.join(", ")));
    } else if !properties.is_empty() {
        lines.push(format!("    {}", properties.join(", ")));
    }
    if brief && texts && sign == Sign::Change {
        lines[0].push_str(&format!("{} content", if properties.is_empty() { " " } else { "," }));
    }
    if detail != Detail::Made {
        lines.extend(cost(paint, shown.risk, &shown.undo));
    }
    if !brief {
        let whole = detail == Detail::Whole;
        let diffs = shown.differences.iter().flat_map(|each| diff::text(paint, &shown.id, each, whole));
        lines.extend(diffs.map(|line| format!("    {line}")));
    }
    lines
}

/// The properties that differ; what the sign and the kind already say is left out.
fn properties(shown: &Shown) -> Vec<String> {
    let said = |name: &str, from: &str, to: &str| {
        name == "state"
            && ((diff::is_absent(from) && (to == shown.kind || to == "present"))
                || (diff::is_absent(to) && (from == shown.kind || from == "present")))
    };
    shown
        .differences
        .iter()
        .filter_map(|difference| match difference {
            Difference::Property { name, from, to } if !said(name, from, to) => {
                Some(diff::property(name, from, to))
            }
            _ => None,
        })
        .collect()
}

fn act(paint: &Paint, entry: &Entry, action: &ShownAction, detail: Detail, gutter: &str) -> Vec<String> {
    let title = paint.strong(text::line(&action.title));
    let mut lines = vec![format!("{gutter}{} {title}{}", paint.act("!"), item(entry, &action.title))];
    if detail == Detail::Made {
        return lines;
    }
    if !entry.origin.triggers.is_empty() {
        let triggers: Vec<String> =
            entry.origin.triggers.iter().map(|task| format!("`{}`", text::line(task))).collect();
        lines.push(format!("    because of {}", triggers.join(", ")));
    }
    lines.extend(cost(paint, action.risk, &action.undo));
    lines
}

/// What a Change may cost, in words.
fn cost(paint: &Paint, risk: Risk, undo: &Undo) -> Vec<String> {
    let risk = match risk {
        Risk::None => None,
        Risk::Reboot => Some("takes effect with a reboot".to_string()),
        Risk::LockOut => Some("could lock you out".to_string()),
    };
    let undo = match undo {
        Undo::Full => None,
        Undo::Partial(why) => Some(format!("can be undone in part only: {}", text::line(why))),
        Undo::None(why) => Some(format!("can't be undone: {}", text::line(why))),
    };
    risk.into_iter().chain(undo).map(|words| paint.bad(format!("    {words}"))).collect()
}

fn trouble(paint: &Paint, entry: &Entry, word: &str, message: &str) -> Vec<String> {
    let message = message.trim();
    let head = format!("  {}{}", paint.bad(word), item(entry, ""));
    let mut lines = text::lines(message).into_iter();
    let first = lines.next().unwrap_or_default();
    let rest = lines.map(|line| match line.trim_start().strip_prefix("hint: ") {
        Some(hint) => format!("    {} {hint}", paint.good("hint:")),
        None => format!("    {line}"),
    });
    [format!("{head}: {first}")].into_iter().chain(rest).collect()
}

/// A labelled text of several lines.
fn labelled(indent: &str, label: &str, message: &str) -> Vec<String> {
    let lines = text::lines(message).into_iter().enumerate();
    lines
        .map(
            |(n, line)| if n == 0 { format!("{indent}{label}: {line}") } else { format!("{indent}  {line}") },
        )
        .collect()
}

/// The loop item, where what is shown beside it doesn't name it already.
fn item(entry: &Entry, beside: &str) -> String {
    match &entry.origin.item {
        Some(item) if !beside.contains(item.as_str()) => format!(" (item {})", text::short(item, 60)),
        _ => String::new(),
    }
}

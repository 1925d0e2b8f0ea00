//! The recap: one line a host, in columns; the columns and, with many hosts, the lines that say
//! nothing left out, and hosts with the same numbers on one line.

use super::fold::fold;
use super::style::Paint;
use super::text;
use crate::record::{Kept, Mode, Recap};
use console::measure_text_width;

/// With more hosts than this, only those that matter are listed.
const ALL: usize = 20;
/// Longest host name shown in full.
const NAME: usize = 40;

/// How a column's numbers are coloured where they aren't 0.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Change,
    Maybe,
    Bad,
    Plain,
}

struct Column {
    title: &'static str,
    tone: Tone,
    value: fn(&Recap) -> usize,
}

const fn column(title: &'static str, tone: Tone, value: fn(&Recap) -> usize) -> Column {
    Column { title, tone, value }
}

const COLUMNS: &[Column] = &[
    column("ok", Tone::Good, |r| r.ok),
    column("changed", Tone::Change, |r| r.changed),
    column("conditional", Tone::Maybe, |r| r.conditional),
    column("unknown", Tone::Maybe, |r| r.unknown),
    column("failed", Tone::Bad, |r| r.failed),
    column("refused", Tone::Bad, |r| r.refused),
    column("ignored", Tone::Change, |r| r.ignored),
    column("rescued", Tone::Change, |r| r.rescued),
    column("skipped", Tone::Plain, |r| r.skipped),
    column("verified", Tone::Good, |r| r.verified),
    column("diverged", Tone::Bad, |r| r.diverged),
    column("restored", Tone::Bad, |r| usize::from(r.restored)),
];

const VERBOSE: &[Column] =
    &[column("trips", Tone::Plain, |r| r.round_trips), column("login steps", Tone::Plain, |r| r.login_steps)];

/// Whether a host is more than ok.
fn matters(recap: &Recap) -> bool {
    recap.unreachable
        || recap.restored
        || recap.changed + recap.conditional + recap.unknown + recap.failed + recap.refused + recap.diverged
            > 0
}

/// The recap's lines; hosts in the order of the inventory.
pub fn lines(paint: &Paint, mode: Mode, recaps: &[(&str, &Recap)], verbose: bool) -> Vec<String> {
    let shown: Vec<(String, Recap)> = match recaps.len() {
        0..=ALL => recaps.iter().map(|(host, recap)| (host.to_string(), (*recap).clone())).collect(),
        _ => alike(recaps.iter().filter(|(_, recap)| matters(recap))),
    };
    let calm = recaps.iter().filter(|(_, recap)| recaps.len() > ALL && !matters(recap)).count();
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| column.title == "ok" || shown.iter().any(|(_, recap)| (column.value)(recap) > 0))
        .chain(VERBOSE.iter().filter(|_| verbose))
        .collect();
    let mut rows = Vec::new();
    if !shown.is_empty() {
        rows.push(heading(paint, mode, &columns));
    }
    rows.extend(shown.iter().map(|(host, recap)| row(paint, host, recap, &columns)));
    let mut lines = aligned(&rows);
    if calm > 0 {
        let rest = text::count(calm, "host");
        let and = if shown.is_empty() { "" } else { "and " };
        lines.push(paint.good(format!("{and}{rest} ok")));
    }
    lines
}

/// Hosts whose numbers are the same on one line, with the longest time of them.
fn alike<'a>(recaps: impl Iterator<Item = &'a (&'a str, &'a Recap)>) -> Vec<(String, Recap)> {
    let mut rows: Vec<(Vec<&str>, Recap)> = Vec::new();
    for (host, recap) in recaps {
        let numbers = |recap: &Recap| -> Vec<usize> {
            COLUMNS
                .iter()
                .map(|column| (column.value)(recap))
                .chain([usize::from(recap.unreachable)])
                .collect()
        };
        match rows.iter_mut().find(|(_, row)| numbers(row) == numbers(recap)) {
            Some((hosts, row)) => {
                hosts.push(host);
                row.took = row.took.max(recap.took);
                row.round_trips = row.round_trips.max(recap.round_trips);
                row.login_steps = row.login_steps.max(recap.login_steps);
            }
            None => rows.push((vec![host], (*recap).clone())),
        }
    }
    let name = |hosts: Vec<&str>| match hosts.as_slice() {
        [host] => host.to_string(),
        hosts => format!("{} {}", text::count(hosts.len(), "host"), fold(hosts)),
    };
    rows.into_iter().map(|(hosts, recap)| (name(hosts), recap)).collect()
}

fn heading(paint: &Paint, mode: Mode, columns: &[&Column]) -> Vec<String> {
    let titles = columns.iter().map(|column| match (mode, column.title) {
        (Mode::Plan, "changed") => "to change",
        (_, title) => title,
    });
    let cells = ["host"].into_iter().chain(titles).chain(["took"]);
    cells.map(|title| paint.dim(title)).collect()
}

fn row(paint: &Paint, host: &str, recap: &Recap, columns: &[&Column]) -> Vec<String> {
    let mut cells = vec![paint.hosts(text::short(host, NAME))];
    if recap.unreachable {
        cells.push(paint.bad("unreachable"));
        return cells;
    }
    cells.extend(columns.iter().map(|column| match (column.value)(recap) {
        0 => paint.dim("0"),
        number => match column.tone {
            Tone::Good => paint.good(number),
            Tone::Change => paint.change(number),
            Tone::Maybe => paint.maybe(number),
            Tone::Bad => paint.bad(number),
            Tone::Plain => number.to_string(),
        },
    }));
    cells.push(text::duration(recap.took.as_secs_f64()));
    cells
}

/// Rows with their cells under one another: the first to the left, numbers to the right.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let full = |row: &&Vec<String>| rows.first().is_some_and(|first| first.len() == row.len());
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|n| {
            let rows = rows.iter().filter(|row| n == 0 || full(row));
            rows.filter_map(|row| row.get(n)).map(|cell| measure_text_width(cell)).max().unwrap_or(0)
        })
        .collect();
    let pad = |cell: &String, n: usize| " ".repeat(widths[n].saturating_sub(measure_text_width(cell)));
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (n, cell) in row.iter().enumerate() {
            let padding = pad(cell, n);
            match n {
                0 => line.push_str(&format!("{cell}{padding}")),
                _ if full(&row) => line.push_str(&format!("  {padding}{cell}")),
                _ => line.push_str(&format!("  {cell}")),
            }
        }
        line.trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

/// How what was announced turned out, over all hosts.
pub fn kept<'a>(all: impl IntoIterator<Item = &'a Kept>) -> Vec<String> {
    let mut sum = Kept::default();
    let mut any = false;
    for kept in all {
        any = true;
        sum += kept;
    }
    if !any {
        return Vec::new();
    }
    let otherwise = match sum.certain_otherwise {
        0 => String::new(),
        n => format!(", {n} otherwise"),
    };
    let mut lines = vec![
        format!(
            "certain: {} made as shown{otherwise}; conditional: {} as shown, {} already so, {} different",
            sum.certain_as_shown,
            sum.conditional_as_shown,
            sum.conditional_already_so,
            sum.conditional_different
        ),
        format!(
            "announced and not made: {}; made and not announced: {}",
            sum.not_made.len(),
            sum.not_announced
        ),
    ];
    let not_made = sum.not_made.iter();
    lines
        .extend(not_made.map(|(task, why)| format!("  not made: {}: {}", text::line(task), text::line(why))));
    lines
}

/// Whether a host needs somebody to look at it.
pub fn trouble(recaps: &[&Recap]) -> bool {
    let bad = |recap: &&Recap| {
        recap.unreachable || recap.restored || recap.failed + recap.refused + recap.diverged > 0
    };
    recaps.iter().any(bad)
}

/// What an apply came to: `12 changed on 3 hosts, verified 12 of 12`.
pub fn sum(recaps: &[&Recap]) -> String {
    let total = |value: fn(&Recap) -> usize| recaps.iter().map(|recap| value(recap)).sum::<usize>();
    let changed = total(|r| r.changed);
    let hosts = recaps.iter().filter(|recap| recap.changed > 0).count();
    let restored = total(|r| usize::from(r.restored));
    // What could not be put back is listed with the host.
    let mut line = match (changed, recaps.len() - restored) {
        (0, 0) => "no change stands".to_string(),
        (0, others) => format!("nothing changed on {}", text::count(others, "host")),
        (n, _) => format!("{n} changed on {}", text::count(hosts, "host")),
    };
    let (verified, diverged) = (total(|r| r.verified), total(|r| r.diverged));
    if verified + diverged > 0 {
        line.push_str(&format!(", verified {verified} of {}", verified + diverged));
    }
    let parts = [
        (diverged, "did not converge"),
        (total(|r| r.failed), "failed"),
        (total(|r| r.refused), "refused"),
        (total(|r| usize::from(r.unreachable)), "unreachable"),
        (restored, "restored by the host itself, as far as it says above"),
    ];
    for (number, what) in parts.into_iter().filter(|(number, _)| *number > 0) {
        line.push_str(&format!(", {number} {what}"));
    }
    line
}

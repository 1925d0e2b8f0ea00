//! Progress on a terminal: one bar over all, one line for each busy host, as far as there is room.

use super::text;
use crate::record::Event;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

/// Most busy hosts shown at a time.
const SHOWN: usize = 8;
/// Rows left to the results above the progress lines.
const ROOM: usize = 6;
const TICK: Duration = Duration::from_millis(120);

pub struct Progress {
    all: MultiProgress,
    bar: ProgressBar,
    /// As many as there is something to say on.
    lines: Vec<ProgressBar>,
    room: usize,
    /// What each busy host does.
    busy: BTreeMap<String, String>,
}

impl Progress {
    /// Progress lines on stderr, if it is a terminal that can move its cursor.
    pub fn on_terminal() -> Option<Progress> {
        let term = Term::stderr();
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        if !term.is_term() || dumb {
            return None;
        }
        let rows = usize::from(term.size().0);
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = all.add(ProgressBar::new(0));
        bar.set_style(style("{spinner} {wide_bar} {pos}/{len} {msg}  {elapsed}"));
        bar.enable_steady_tick(TICK);
        let room = SHOWN.min(rows.saturating_sub(ROOM)).max(1);
        Some(Progress { all, bar, lines: Vec::new(), room, busy: BTreeMap::new() })
    }

    /// What is counted, and of how many.
    pub fn phase(&self, what: &'static str, length: usize) {
        self.bar.set_length(length as u64);
        self.bar.set_position(0);
        self.bar.set_message(what);
    }

    pub fn step(&self, number: usize) {
        self.bar.inc(number as u64);
    }

    /// Follows the records of a dry run that is not shown otherwise.
    pub fn watch(&mut self, event: &Event) {
        match event {
            Event::Started { hosts, .. } => self.phase("audited", hosts.len()),
            Event::Busy { host, doing } => self.busy(host, doing),
            Event::Finished { host, .. } => {
                self.idle(host);
                self.step(1);
            }
            Event::Ended { .. } => self.clear(),
            _ => {}
        }
    }

    pub fn busy(&mut self, host: &str, doing: &str) {
        self.busy.insert(text::short(host, 30), text::short(doing, 60));
        self.draw();
    }

    pub fn idle(&mut self, host: &str) {
        self.busy.remove(&text::short(host, 30));
        self.draw();
    }

    fn draw(&mut self) {
        let width = self.busy.keys().map(|host| host.chars().count()).max().unwrap_or(0);
        let mut texts: Vec<String> =
            self.busy.iter().take(self.room).map(|(host, doing)| format!("{host:width$}  {doing}")).collect();
        if self.busy.len() > self.room {
            texts.push(format!("… and {} more", self.busy.len() - self.room));
        }
        while self.lines.len() > texts.len() {
            self.lines.pop().iter().for_each(|line| self.all.remove(line));
        }
        while self.lines.len() < texts.len() {
            let line = self.all.add(ProgressBar::new_spinner());
            line.set_style(style("  {wide_msg}"));
            self.lines.push(line);
        }
        self.lines.iter().zip(texts).for_each(|(line, text)| line.set_message(text));
    }

    /// For what writes to the terminal from elsewhere, such as a prompt.
    pub fn curtain(&self) -> Curtain {
        Curtain(self.all.clone())
    }

    /// Runs what writes to the terminal with the progress lines out of its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.all.suspend(write)
    }

    pub fn clear(&mut self) {
        self.bar.finish_and_clear();
        self.lines.iter().for_each(ProgressBar::finish_and_clear);
        // A terminal that can't be cleared keeps its last progress lines; nothing is lost.
        let _ = self.all.clear();
    }
}

/// Takes the progress lines out of the way.
#[derive(Clone)]
pub struct Curtain(MultiProgress);

impl Curtain {
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸─").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

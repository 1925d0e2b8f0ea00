//! The page that is written: headings only where they change, and hosts folded.

use super::fold::fold;
use super::group::{Slot, Variant};
use super::style::Paint;
use super::text;

/// Lines on their way to stdout, and which headings they stand under.
pub struct Page {
    pub paint: Paint,
    width: usize,
    text: String,
    begun: bool,
    play: Option<String>,
    task: Option<(String, String)>,
    hosts: Vec<usize>,
}

impl Page {
    pub fn new(paint: Paint, width: usize) -> Self {
        Page { paint, width, text: String::new(), begun: false, play: None, task: None, hosts: Vec::new() }
    }

    pub fn line(&mut self, line: impl AsRef<str>) {
        self.begun = true;
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// An empty line, except at the very top.
    pub fn gap(&mut self) {
        if self.begun {
            self.text.push('\n');
        }
    }

    /// What follows stands under no heading.
    pub fn leave(&mut self) {
        self.task = None;
        self.play = None;
    }

    /// What was written since the last time.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Outcomes of a task, under its heading, each under its hosts.
    pub fn variants(&mut self, slot: &Slot, variants: &[Variant], names: &[String]) {
        for variant in variants.iter().filter(|variant| !variant.lines.is_empty()) {
            self.heading(slot, names);
            self.under(&variant.hosts, names);
            variant.lines.iter().for_each(|line| self.line(line));
        }
    }

    fn heading(&mut self, slot: &Slot, names: &[String]) {
        if self.play.as_ref() != Some(&slot.play) {
            let on = match names {
                [only] => format!(" on {}", text::line(only)),
                _ => String::new(),
            };
            let heading = self.paint.strong(format!("play {}{on}", text::line(&slot.play)));
            self.gap();
            self.line(heading);
            self.play = Some(slot.play.clone());
            self.task = None;
        }
        let task = (slot.task.clone(), slot.place.clone());
        if self.task.as_ref() != Some(&task) {
            let place = self.paint.dim(text::line(&slot.place));
            let heading = format!("{}  {place}", self.paint.strong(text::line(&slot.task)));
            self.gap();
            self.line(heading);
            self.task = Some(task);
            self.hosts.clear();
        }
    }

    /// Names the hosts, unless the lines above are about the same ones, or there is but one.
    fn under(&mut self, hosts: &[usize], names: &[String]) {
        if self.hosts == hosts || names.len() == 1 {
            return;
        }
        self.hosts = hosts.to_vec();
        let all = hosts.len() == names.len();
        let names: Vec<&str> = hosts.iter().filter_map(|host| names.get(*host)).map(String::as_str).collect();
        let mut lines = wrapped(&text::line_of_any_length(&fold(&names)), self.width.saturating_sub(5));
        if all && lines.len() > 1 {
            lines = vec![format!("all {} hosts", names.len())];
        }
        for line in lines {
            let line = format!("  {}", self.paint.hosts(format!("on {line}")));
            self.line(line);
        }
    }
}

/// Names broken at the commas between them.
fn wrapped(names: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for name in names.split(", ") {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(name),
            Some(line) if line.chars().count() + name.chars().count() + 2 <= width => {
                line.push_str(&format!(", {name}"));
            }
            _ => lines.push(name.to_string()),
        }
    }
    lines
}

//! Secrets never show: every text of an event goes through here before anything is made of it.

use crate::change::Certainty;
use crate::record::{Diverged, Entry, Event, Recap, Shown, ShownAction, Status};
use crate::resource::{Difference, Text, Undo};
use crate::secret::Secret;
use std::sync::{Arc, RwLock};

/// What stands in a secret's place.
pub const MASK: &str = "********";
/// Shorter values would shred every text that happens to contain them.
const SHORTEST: usize = 6;
/// Long lines of a secret of several lines (a private key) are secrets of their own.
const SHORTEST_LINE: usize = 16;
/// Passwords that are words of everyday output: masking them hides nothing and garbles reports.
const COMMON: &[&str] = &[
    "password",
    "passwd",
    "changeme",
    "secret",
    "ubuntu",
    "debian",
    "vagrant",
    "fedora",
    "centos",
    "default",
    "administrator",
    "123456",
    "localhost",
    "enabled",
    "disabled",
    "changed",
];

/// The secret values of a run. Clones share them, so that one found late is masked at once.
#[derive(Clone, Default)]
pub struct Masker {
    values: Arc<RwLock<Vec<Secret>>>,
}

impl Masker {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let masker = Masker::default();
        secrets.into_iter().for_each(|secret| masker.add(secret.expose()));
        masker
    }

    /// One more value never to show. Short and everyday ones can't be masked without garbling all
    /// else; they are left.
    pub fn add(&self, secret: &str) {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        let whole = Some(secret.trim()).filter(|text| text.len() >= SHORTEST && !COMMON.contains(text));
        let mut values = self.values.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        for value in whole.into_iter().chain(lines) {
            if !values.iter().any(|known| known.expose() == value) {
                values.push(Secret::new(value.to_string()));
            }
        }
        // A secret that contains another is masked whole.
        values.sort_by_key(|value| std::cmp::Reverse(value.expose().len()));
    }

    pub fn mask(&self, text: &mut String) {
        let values = self.values.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        for value in values.iter().filter(|value| text.contains(value.expose())).collect::<Vec<_>>() {
            *text = text.replace(value.expose(), MASK);
        }
    }

    /// Whether a text holds a secret.
    pub fn is_in(&self, text: &str) -> bool {
        let values = self.values.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        values.iter().any(|value| text.contains(value.expose()))
    }

    /// The event with all its texts masked, and what a `no_log` task must not show taken out.
    pub fn event(&self, event: &Event) -> Event {
        let mut event = event.clone();
        texts(&mut event, &|text| self.mask(text));
        event
    }
}

type Edit<'a> = &'a dyn Fn(&mut String);

fn texts(event: &mut Event, edit: Edit) {
    match event {
        Event::Started { playbook, hosts, .. } => {
            edit(playbook);
            hosts.iter_mut().for_each(edit);
        }
        Event::NoHosts { play, pattern } => both(play, pattern, edit),
        Event::Busy { host, doing } => both(host, doing, edit),
        Event::Connected { host, summary, .. } => both(host, summary, edit),
        Event::Unreachable { host, message, hint }
        | Event::Refused { host, message, hint }
        | Event::Wrong { host, message, hint } => {
            both(host, message, edit);
            hint.iter_mut().for_each(edit);
        }
        Event::Proven { host, user, what, message, .. } => {
            both(host, user, edit);
            both(what, message, edit);
        }
        Event::Drifted { host, drifted } => {
            edit(host);
            drifted.iter_mut().for_each(|each| diverged(each, edit));
        }
        Event::Warned { host, message } => both(host, message, edit),
        Event::Restored(restored) => {
            both(&mut restored.host, &mut restored.why, edit);
            restored.changes.iter_mut().chain(&mut restored.report).for_each(edit);
        }
        Event::Planned { host, entries } => {
            edit(host);
            entries.iter_mut().for_each(|each| entry(each, edit));
        }
        Event::Done { host, entry: done } => {
            edit(host);
            entry(done, edit);
        }
        Event::Verified { host, diverged: found, .. } => {
            edit(host);
            found.iter_mut().for_each(|each| diverged(each, edit));
        }
        Event::Finished { host, recap: line } => {
            edit(host);
            recap(line, edit);
        }
        Event::Ended { .. } => {}
    }
}

fn both(a: &mut String, b: &mut String, edit: Edit) {
    edit(a);
    edit(b);
}

fn entry(entry: &mut Entry, edit: Edit) {
    let origin = &mut entry.origin;
    if origin.secret {
        origin.item = origin.item.take().map(|_| MASK.to_string());
        entry.changes.iter_mut().for_each(|change| change.differences.clear());
        entry.notes.clear();
    }
    both(&mut entry.play, &mut origin.task, edit);
    origin.item.iter_mut().for_each(edit);
    origin.triggers.iter_mut().for_each(edit);
    status(&mut entry.status, edit);
    entry.changes.iter_mut().for_each(|change| shown(change, edit));
    if let Some(ShownAction { title, .. }) = &mut entry.action {
        edit(title);
    }
    entry.notes.iter_mut().for_each(edit);
}

fn status(status: &mut Status, edit: Edit) {
    match status {
        Status::Changed { certainty: Certainty::Conditional { waits_for } } => edit(waits_for),
        Status::Ok | Status::Changed { certainty: Certainty::Certain } => {}
        Status::Unknown { until: text }
        | Status::Skipped { why: text }
        | Status::Failed { message: text, .. }
        | Status::Refused { message: text } => edit(text),
    }
}

fn shown(change: &mut Shown, edit: Edit) {
    edit(&mut change.id);
    differences(&mut change.differences, edit);
    match &mut change.undo {
        Undo::Full => {}
        Undo::Partial(why) | Undo::None(why) => edit(why),
    }
}

fn differences(differences: &mut [Difference], edit: Edit) {
    for difference in differences {
        match difference {
            Difference::Property { name, from, to } => {
                edit(name);
                both(from, to, edit);
            }
            Difference::Text { path, from, to } => {
                edit(path);
                for side in [from, to] {
                    match side {
                        Text::Absent => {}
                        Text::Lines(text) | Text::Hidden(text) => edit(text),
                    }
                }
            }
        }
    }
}

fn diverged(diverged: &mut Diverged, edit: Edit) {
    both(&mut diverged.id, &mut diverged.task, edit);
    differences(&mut diverged.differences, edit);
    diverged.error.iter_mut().for_each(edit);
}

fn recap(recap: &mut Recap, edit: Edit) {
    if let Some(kept) = &mut recap.kept {
        let masked = |text: &String| {
            let mut text = text.clone();
            edit(&mut text);
            text
        };
        kept.not_made = kept.not_made.iter().map(|(task, why)| (masked(task), masked(why))).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let masker = Masker::default();
        secrets.iter().for_each(|secret| masker.add(secret));
        let mut text = text.to_string();
        masker.mask(&mut text);
        text
    }

    #[test]
    fn secrets_are_masked_and_everyday_words_are_not() {
        assert_eq!(masked(&["hunter22"], "pw=hunter22;"), "pw=********;");
        assert_eq!(masked(&["abc", "password"], "abc password-policy"), "abc password-policy");
        assert_eq!(masked(&["secret99", "mysecret99x"], "mysecret99x secret99"), "******** ********");
    }

    #[test]
    fn each_long_line_of_a_key_is_a_secret() {
        let key = "-----BEGIN KEY-----\nAAAABBBBCCCCDDDDEEEE\n-----END KEY-----\n";
        assert_eq!(masked(&[key], "+AAAABBBBCCCCDDDDEEEE"), "+********");
    }

    #[test]
    fn a_secret_found_late_is_masked_by_every_clone() {
        let masker = Masker::default();
        let clone = masker.clone();
        masker.add("hunter22");
        let mut text = "hunter22".to_string();
        clone.mask(&mut text);
        assert_eq!(text, MASK);
    }
}

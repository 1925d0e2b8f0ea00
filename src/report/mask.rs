//! Secrets never show: every text of an event goes through here before anything is made of it.

use crate::change::Certainty;
use crate::record::{Diverged, Entry, Event, Recap, Shown, ShownAction, Status};
use crate::resource::{Difference, Text, Undo};
use crate::secrets::Secrets;

pub use crate::secrets::MASK;

/// The secrets of a run, and the places of an event that they may stand in.
#[derive(Clone, Default)]
pub struct Masker(Secrets);

impl Masker {
    /// One more password never to show.
    pub fn add(&self, secret: &str) {
        self.0.add(secret);
    }

    pub fn mask(&self, text: &mut String) {
        self.0.mask(text);
    }

    /// Whether a text holds a password that was given for this run.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_in(text)
    }

    /// The values themselves, for whoever finds more of them.
    pub fn secrets(&self) -> Secrets {
        self.0.clone()
    }

    /// Entries as they may be shown, for a plan that is shown later.
    pub fn entries(&self, entries: &mut [Entry]) {
        entries.iter_mut().for_each(|each| entry(each, &|text| self.mask(text)));
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
        Event::NoRecord { run } => edit(run),
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
    entry.evidence.iter_mut().for_each(|evidence| both(&mut evidence.asked, &mut evidence.told, edit));
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

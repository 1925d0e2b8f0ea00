//! What a plan comes to: its last line.

use super::text::count;
use crate::change::Certainty;
use crate::record::{Entry, Status};
use crate::resource::{Risk, Undo};

/// Counts over all hosts.
#[derive(Debug, Default)]
pub struct Tally {
    pub hosts: usize,
    pub unreachable: usize,
    /// Hosts for which an input file is wrong.
    pub wrong: usize,
    changing_hosts: usize,
    changing: usize,
    lock_out: usize,
    conditional: usize,
    unknown: usize,
    not_undone: usize,
    failed: usize,
    pub refused: usize,
}

impl Tally {
    /// Adds one host's plan.
    pub fn host(&mut self, entries: &[Entry]) {
        self.hosts += 1;
        let changing = self.changing;
        entries.iter().for_each(|entry| self.entry(entry));
        self.changing_hosts += usize::from(self.changing > changing);
    }

    fn entry(&mut self, entry: &Entry) {
        match &entry.status {
            Status::Changed { certainty } => {
                self.changing += 1;
                self.conditional += usize::from(*certainty != Certainty::Certain);
                self.costs(entry);
            }
            Status::Unknown { .. } => {
                self.unknown += 1;
                self.costs(entry);
            }
            Status::Failed { ignored: false, rescued: false, .. } => self.failed += 1,
            Status::Refused { .. } => self.refused += 1,
            Status::Ok | Status::Skipped { .. } | Status::Failed { .. } => {}
        }
    }

    fn costs(&mut self, entry: &Entry) {
        let risks = entry.changes.iter().map(|change| change.risk);
        let mut risks = risks.chain(entry.action.iter().map(|action| action.risk));
        self.lock_out += usize::from(risks.any(|risk| risk == Risk::LockOut));
        let undo = entry.changes.iter().map(|change| &change.undo);
        let mut undo = undo.chain(entry.action.iter().map(|action| &action.undo));
        self.not_undone += usize::from(undo.any(|undo| matches!(undo, Undo::None(_))));
    }

    /// `12 to change on 3 hosts, 2 could lock you out, 1 decided later, 1 can't be undone`.
    pub fn line(&self) -> String {
        let mut line = match self.changing {
            0 if self.unknown > 0 => format!("nothing known to change on {}", count(self.hosts, "host")),
            0 => format!("nothing to change on {}", count(self.hosts, "host")),
            n => format!("{n} to change on {}", count(self.changing_hosts, "host")),
        };
        let parts = [
            (self.lock_out, "could lock you out"),
            (self.conditional, "conditional"),
            (self.unknown, "decided later"),
            (self.not_undone, "can't be undone"),
            (self.failed, "failed"),
            (self.refused, "refused"),
            (self.wrong, "with wrong input"),
            (self.unreachable, "unreachable"),
        ];
        for (number, what) in parts.into_iter().filter(|(number, _)| *number > 0) {
            line.push_str(&format!(", {number} {what}"));
        }
        line
    }

    /// Whether something went wrong already.
    pub fn trouble(&self) -> bool {
        self.failed + self.refused + self.wrong + self.unreachable > 0
    }
}

//! Changes as they are made: compared with what was announced, and held back a moment, so that
//! hosts that do the same at about the same time are one line.

use super::block::{self, Detail};
use super::group::{Counter, Slot, Variants};
use super::style::Paint;
use crate::change::Certainty;
use crate::record::{Entry, Status};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// How long a line waits for other hosts.
const HOLD: Duration = Duration::from_millis(700);

/// What was announced of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    kind: Kind,
    substance: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    Certain,
    Conditional,
    Unknown,
}

fn substance(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    block::substance(entry).hash(&mut hasher);
    hasher.finish()
}

/// The announced plan, as much of it as is needed to tell what turned out otherwise.
#[derive(Default)]
pub struct Announced {
    slots: HashMap<Slot, HashMap<usize, Promise>>,
    entries: HashMap<usize, usize>,
}

impl Announced {
    pub fn add(&mut self, host: usize, slot: &Slot, entry: &Entry) {
        let kind = match &entry.status {
            Status::Changed { certainty: Certainty::Certain } => Kind::Certain,
            Status::Changed { .. } => Kind::Conditional,
            Status::Unknown { .. } => Kind::Unknown,
            _ => Kind::Nothing,
        };
        let promise = Promise { kind, substance: substance(entry) };
        self.slots.entry(slot.clone()).or_default().insert(host, promise);
        *self.entries.entry(host).or_default() += 1;
    }

    pub fn get(&self, host: usize, slot: &Slot) -> Option<Promise> {
        self.slots.get(slot)?.get(&host).copied()
    }

    /// Hosts that will come to this slot.
    pub fn hosts(&self, slot: &Slot) -> usize {
        self.slots.get(slot).map_or(0, HashMap::len)
    }

    /// Entries of one host.
    pub fn entries(&self, host: usize) -> usize {
        self.entries.get(&host).copied().unwrap_or(0)
    }

    /// Entries over all hosts.
    pub fn len(&self) -> usize {
        self.entries.values().sum()
    }
}

struct Held {
    slot: Slot,
    variants: Variants,
    expected: usize,
    since: Instant,
}

/// What was done so far, and what of it is still to be shown.
#[derive(Default)]
pub struct Applied {
    counters: HashMap<usize, Counter>,
    done: HashMap<usize, usize>,
    held: Vec<Held>,
}

impl Applied {
    pub fn slot(&mut self, host: usize, entry: &Entry) -> Slot {
        *self.done.entry(host).or_default() += 1;
        self.counters.entry(host).or_default().slot(entry)
    }

    /// Whether any host is done with any task.
    pub fn begun(&self) -> bool {
        !self.done.is_empty()
    }

    /// Tasks that the host is done with.
    pub fn done(&self, host: usize) -> usize {
        self.done.get(&host).copied().unwrap_or(0)
    }

    /// Announced entries that the host never came to.
    pub fn missing(&self, host: usize, announced: &Announced) -> usize {
        announced.entries(host).saturating_sub(self.done(host))
    }

    /// The lines of what was done; none if nobody needs to see it.
    pub fn lines(&self, paint: &Paint, entry: &Entry, before: Option<Promise>, all: bool) -> Vec<String> {
        let kind = before.map(|promise| promise.kind);
        let same = before.is_some_and(|promise| promise.substance == substance(entry));
        let made = matches!(entry.status, Status::Changed { .. });
        let word = match (made, kind) {
            (true, Some(Kind::Certain | Kind::Conditional)) if same => None,
            (true, Some(Kind::Certain | Kind::Conditional)) => Some("different from what was announced:"),
            (true, Some(Kind::Unknown)) => Some("decided now:"),
            // What answers a failure isn't planned: no act is known to fail before it is done.
            (true, None) if !entry.origin.triggers.is_empty() => Some("decided now:"),
            (true, Some(Kind::Nothing) | None) => Some("not announced:"),
            (false, Some(Kind::Conditional)) if matches!(entry.status, Status::Ok) => Some("already so"),
            (false, Some(Kind::Certain)) if calm(entry) => Some("announced, but not made"),
            (false, _) => None,
        };
        if word.is_none() && !all && !block::matters(entry) {
            return Vec::new();
        }
        let detail = if made && word.is_some() { Detail::Full } else { Detail::Made };
        let lines = match word.is_some() && matches!(entry.status, Status::Ok) && entry.notes.is_empty() {
            true => Vec::new(),
            false => block::lines(paint, entry, detail),
        };
        word.map(|word| format!("  {}", paint.maybe(word))).into_iter().chain(lines).collect()
    }

    pub fn hold(&mut self, host: usize, slot: Slot, lines: Vec<String>, expected: usize) {
        let at = self.held.iter().position(|held| held.slot == slot).unwrap_or_else(|| {
            let variants = Variants::default();
            self.held.push(Held { slot, variants, expected, since: Instant::now() });
            self.held.len() - 1
        });
        self.held[at].variants.add(host, lines);
    }

    /// What is to be shown now: slots that every host has come to or that waited long enough, and,
    /// so that no host's lines change places, all that came before them.
    pub fn ready(&mut self, all: bool) -> Vec<(Slot, Variants)> {
        let ripe =
            |held: &Held| all || held.variants.hosts() >= held.expected || held.since.elapsed() >= HOLD;
        let count = self.held.iter().rposition(ripe).map_or(0, |at| at + 1);
        self.held.drain(..count).map(|held| (held.slot, held.variants)).collect()
    }
}

fn calm(entry: &Entry) -> bool {
    matches!(entry.status, Status::Ok | Status::Skipped { .. })
}

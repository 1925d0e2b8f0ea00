//! Entries of many hosts brought together: per task, each different outcome once, with its hosts.

use crate::record::Entry;
use std::collections::HashMap;

/// The same task and item on every host; `nth` tells a task apart that comes several times (an
/// include in a loop, a handler flushed twice).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    pub play: String,
    pub task: String,
    pub place: String,
    pub item: Option<String>,
    pub nth: usize,
}

/// Gives the entries of one host their slots, in order.
#[derive(Default)]
pub struct Counter {
    seen: HashMap<Slot, usize>,
}

impl Counter {
    pub fn slot(&mut self, entry: &Entry) -> Slot {
        let mut slot = Slot {
            play: entry.play.clone(),
            task: entry.origin.task.clone(),
            place: entry.origin.place.to_string(),
            item: entry.origin.item.clone(),
            nth: 0,
        };
        let seen = self.seen.entry(slot.clone()).or_default();
        slot.nth = *seen;
        *seen += 1;
        slot
    }
}

/// One outcome of a slot: its lines and the hosts that have it, by number.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub lines: Vec<String>,
    pub hosts: Vec<usize>,
}

/// The outcomes of one slot.
#[derive(Clone, Debug, Default)]
pub struct Variants(Vec<Variant>);

impl Variants {
    pub fn add(&mut self, host: usize, lines: Vec<String>) {
        match self.0.iter_mut().find(|variant| variant.lines == lines) {
            Some(variant) => variant.hosts.push(host),
            None => self.0.push(Variant { lines, hosts: vec![host] }),
        }
    }

    /// Hosts with any outcome.
    pub fn hosts(&self) -> usize {
        self.0.iter().map(|variant| variant.hosts.len()).sum()
    }

    /// The odd one out first.
    pub fn sorted(&self) -> Vec<Variant> {
        let mut variants = self.0.clone();
        variants.iter_mut().for_each(|variant| variant.hosts.sort_unstable());
        variants.sort_by_key(|variant| (variant.hosts.len(), variant.hosts.first().copied()));
        variants
    }
}

/// All slots of all hosts, in the playbook's order.
#[derive(Default)]
pub struct Groups {
    numbers: HashMap<Slot, usize>,
    slots: Vec<(Slot, Variants)>,
    order: Vec<usize>,
}

impl Groups {
    /// Adds one host's entries, already as lines. Every host walks the same playbook, so what it
    /// alone has stands between its neighbours.
    pub fn add(&mut self, host: usize, entries: impl IntoIterator<Item = (Slot, Vec<String>)>) {
        let mut cursor = 0;
        for (slot, lines) in entries {
            let number = match self.numbers.get(&slot) {
                Some(number) => *number,
                None => {
                    let number = self.slots.len();
                    self.numbers.insert(slot.clone(), number);
                    self.slots.push((slot, Variants::default()));
                    self.order.insert(cursor, number);
                    number
                }
            };
            if let Some(at) = self.order[cursor..].iter().position(|other| *other == number) {
                cursor += at + 1;
            }
            self.slots[number].1.add(host, lines);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Slot, Variants)> {
        self.order.iter().map(|number| &self.slots[*number])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(task: &str) -> Slot {
        Slot { play: "p".into(), task: task.into(), place: "f:1:1".into(), item: None, nth: 0 }
    }

    fn entries(tasks: &[&str]) -> Vec<(Slot, Vec<String>)> {
        tasks.iter().map(|task| (slot(task), vec![task.to_string()])).collect()
    }

    #[test]
    fn what_one_host_alone_has_stands_in_its_place() {
        let mut groups = Groups::default();
        groups.add(0, entries(&["a", "c"]));
        groups.add(1, entries(&["a", "b", "c", "d"]));
        let order: Vec<&str> = groups.iter().map(|(slot, _)| slot.task.as_str()).collect();
        assert_eq!(order, ["a", "b", "c", "d"]);
    }

    #[test]
    fn the_odd_one_out_comes_first() {
        let mut variants = Variants::default();
        for (host, line) in [(0, "same"), (1, "same"), (2, "odd")] {
            variants.add(host, vec![line.to_string()]);
        }
        let hosts: Vec<Vec<usize>> = variants.sorted().into_iter().map(|v| v.hosts).collect();
        assert_eq!(hosts, [vec![2], vec![0, 1]]);
    }
}

//! How a host is, as seen from outside, and how it may be after a fault.

use crate::support::Lab;
use std::collections::BTreeMap;

const SCRIPT: &str = include_str!("ground.sh");

/// What must never be there after a fault.
const LEFTOVERS: [&str; 5] = ["busy", "stray", "process", "mount", "unit"];

/// A host's things and how they are: `file /srv/faults/small`, ...
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ground {
    things: BTreeMap<String, String>,
    leftovers: Vec<String>,
    /// The dead-man's switch has fired, and nobody has been told yet.
    pub fired: bool,
}

impl Ground {
    /// Once what was under way has ended.
    pub fn of(lab: &Lab, host: &str) -> Ground {
        let told = lab.exec(host, SCRIPT);
        let mut ground = Ground::default();
        for line in told.stdout.lines() {
            let mut words = line.splitn(3, ' ');
            let (word, of) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if LEFTOVERS.contains(&word) {
                ground.leftovers.push(line.to_string());
            } else if word == "guard" {
                ground.fired |= of == "fired";
            } else {
                ground.things.insert(format!("{word} {of}"), words.next().unwrap_or_default().to_string());
            }
        }
        if told.code != 0 || ground.things.is_empty() {
            ground.leftovers.push(format!("can't be looked at: {}", told.all()));
        }
        ground
    }

    /// Things that are neither as they were nor as they were to become.
    pub fn damaged(&self, old: &Ground, new: &Ground) -> Vec<String> {
        let of = |ground: &Ground, name: &String| ground.things.get(name).cloned();
        let names = self.things.keys().chain(old.things.keys()).chain(new.things.keys());
        let mut names: Vec<&String> = names.collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter(|name| {
                let is = of(self, name);
                is != of(old, name)
                    && is != of(new, name)
                    && !partly(name, &is, &of(old, name), &of(new, name))
            })
            .map(|name| {
                format!("{name} is {:?}, was {:?}, to be {:?}", of(self, name), of(old, name), of(new, name))
            })
            .collect()
    }

    pub fn leftovers(&self) -> &[String] {
        &self.leftovers
    }

    pub fn thing(&self, name: &str) -> Option<&str> {
        self.things.get(name).map(String::as_str)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.things.keys().filter_map(|name| name.strip_prefix("file "))
    }

    /// What stands under the dead-man's switch, and is otherwise than it was.
    pub fn guarded(&self, old: &Ground) -> Vec<String> {
        let is_guarded =
            |what: &String| ["account ", "file /etc/ssh/", "sshd "].iter().any(|of| what.starts_with(of));
        self.differs(old).into_iter().filter(is_guarded).collect()
    }

    /// What is otherwise than there.
    pub fn differs(&self, other: &Ground) -> Vec<String> {
        self.damaged(other, other)
    }
}

/// The fields of an account may be changed one after the other, so that some are old and some new.
fn partly(name: &str, is: &Option<String>, old: &Option<String>, new: &Option<String>) -> bool {
    let (Some(is), Some(old), Some(new)) = (is, old, new) else { return false };
    let fields = |text: &str| text.split([':', ' ']).map(str::to_string).collect::<Vec<_>>();
    let (is, old, new) = (fields(is), fields(old), fields(new));
    name.starts_with("account ")
        && is.len() == old.len()
        && is.len() == new.len()
        && is.iter().zip(old.iter().zip(&new)).all(|(is, (old, new))| is == old || is == new)
}

//! What a remediation is about: on each host the controls that an audit found failing.

use super::audit::{Audit, Outcome};
use std::collections::{BTreeMap, BTreeSet};

/// Why a control that doesn't pass isn't taken: host, control, reason.
pub type LeftOut = (String, String, String);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failing {
    pub of_host: BTreeMap<String, BTreeSet<String>>,
    /// The machine that each host was, where the report tells.
    pub machine_ids: BTreeMap<String, String>,
    pub left_out: Vec<LeftOut>,
    /// Findings of another tool that no control answers: its rule ids.
    pub unmapped: BTreeSet<String>,
    /// How many findings a foreign report has; 0 for harda's own.
    pub findings: usize,
    pub is_foreign: bool,
}

impl Failing {
    /// The controls that failed; what is blocked or could not be determined can't be put right by
    /// applying it, and is told.
    pub fn of_audit(audit: &Audit) -> Failing {
        let mut failing = Failing::default();
        for host in &audit.hosts {
            failing.machine_ids.insert(host.host.clone(), host.machine_id.clone());
            for result in &host.results {
                let (host, control) = (host.host.clone(), result.control.clone());
                match result.outcome {
                    Outcome::Fail => {
                        failing.of_host.entry(host).or_default().insert(control);
                    }
                    Outcome::Blocked | Outcome::Error | Outcome::NotAssessed => {
                        let why = result.why.en.lines().next().unwrap_or_default().to_string();
                        failing.left_out.push((host, control, why));
                    }
                    _ => {}
                }
            }
        }
        failing
    }

    /// What another report says too: of one host all that either of them names.
    pub fn add(&mut self, other: Failing) {
        for (host, controls) in other.of_host {
            self.of_host.entry(host).or_default().extend(controls);
        }
        self.unmapped.extend(other.unmapped);
        self.findings += other.findings;
    }

    /// Keeps these controls only; all where none is named.
    pub fn only(&mut self, controls: &[String]) {
        if !controls.is_empty() {
            self.of_host.values_mut().for_each(|mine| mine.retain(|id| controls.contains(id)));
            self.left_out.retain(|(_, id, _)| controls.contains(id));
        }
        self.of_host.retain(|_, mine| !mine.is_empty());
    }

    /// Keeps these hosts only.
    pub fn within(&mut self, is_within: impl Fn(&String) -> bool) {
        self.of_host.retain(|host, _| is_within(host));
        self.left_out.retain(|(host, _, _)| is_within(host));
    }

    pub fn controls(&self) -> BTreeSet<&String> {
        self.of_host.values().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(host: &str, controls: &[&str], unmapped: &str) -> Failing {
        let controls = controls.iter().map(|id| (*id).to_string()).collect();
        Failing {
            of_host: [(host.to_string(), controls)].into(),
            unmapped: [unmapped.to_string()].into(),
            findings: 2,
            is_foreign: true,
            ..Failing::default()
        }
    }

    #[test]
    fn two_reports_of_one_host_are_taken_together() {
        let mut all = foreign("h1", &["a"], "x");
        all.add(foreign("h1", &["b"], "y"));
        all.add(foreign("h2", &["c"], "y"));
        assert_eq!(all.of_host["h1"], ["a".to_string(), "b".to_string()].into());
        assert_eq!(all.of_host["h2"], ["c".to_string()].into());
        assert_eq!((all.findings, all.unmapped.len()), (6, 2));
    }
}

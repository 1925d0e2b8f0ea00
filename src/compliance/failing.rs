//! What a remediation is about: on each host the controls that an audit found failing.

use super::audit::{Audit, ControlResult, Outcome};
use super::words;
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
    /// The controls that failed; what is blocked, waived, waits for a reboot or could not be determined
    /// can't be put right by applying it, and is told.
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
                    outcome => {
                        let why = why_left_out(audit, outcome, result);
                        failing.left_out.extend(why.map(|why| (host, control, why)));
                    }
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

/// Why a control that doesn't pass isn't applied; nothing where it passes or doesn't apply.
fn why_left_out(audit: &Audit, outcome: Outcome, result: &ControlResult) -> Option<String> {
    match outcome {
        Outcome::Blocked | Outcome::Error | Outcome::NotAssessed => {
            Some(result.why.en.lines().next().unwrap_or_default().to_string())
        }
        Outcome::AfterReboot => Some("it needs a reboot".into()),
        Outcome::Waived => {
            let waiver = result.waiver.and_then(|at| audit.waivers.get(at));
            Some(waiver.map_or_else(|| "it is waived".into(), |waiver| words::waived(waiver).en))
        }
        Outcome::Fail | Outcome::Pass | Outcome::WaivedPass | Outcome::NotApplicable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waived_or_waits_for_a_reboot_is_told() {
        let text = include_str!("../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut audit: Audit = serde_json::from_str(text).expect("an audit");
        let mut results = audit.hosts.iter_mut().flat_map(|host| &mut host.results);
        let failed = results.find(|result| result.outcome == Outcome::Fail).expect("one that fails");
        failed.outcome = Outcome::AfterReboot;
        let why = |wanted: Outcome| {
            let results = audit.hosts.iter().flat_map(|host| host.results.iter().map(move |r| (host, r)));
            let mut found = results.filter(|(_, result)| result.outcome == wanted);
            let (host, result) = found.next().unwrap_or_else(|| panic!("no {wanted:?}"));
            let left_out = Failing::of_audit(&audit).left_out;
            let mine = left_out.into_iter().find(|left| left.0 == host.host && left.1 == result.control);
            mine.map(|left| left.2)
        };
        let waived = why(Outcome::Waived).expect("told");
        assert!(waived.starts_with("waived: ") && waived.contains("approved by"), "{waived}");
        assert_eq!(why(Outcome::AfterReboot), Some("it needs a reboot".into()));
        assert_eq!(why(Outcome::Pass), None);
    }

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

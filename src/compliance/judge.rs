//! From the records of a dry run to what each control comes to on each host.

use super::audit::{ControlResult, Finding, HostResult, Outcome, Score, TaskEvidence};
use super::{Severity, Text, words};
use crate::change::Certainty;
use crate::record::{Entry, Event, Status};
use crate::resource::Risk;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a host besides the run's records.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Controls looked at, in the pack's order.
    pub controls: Vec<String>,
    /// Of those, the ones that aren't for all hosts, and for which they are.
    pub applies: BTreeMap<String, Text>,
    /// Of those, the ones whose variables nobody has declared, with the variables.
    pub undeclared: BTreeMap<String, Vec<String>>,
}

/// What the records of a run say of one host.
#[derive(Clone, Debug, Default)]
struct Said {
    system: String,
    machine_id: String,
    entries: Vec<Entry>,
    planned: bool,
    error: Option<String>,
}

/// Judges each host of the run on its controls; waivers come later.
pub fn judge(events: &[Event], scopes: &BTreeMap<String, Scope>) -> Vec<HostResult> {
    let mut said: BTreeMap<&str, Said> = BTreeMap::new();
    let mut order = Vec::new();
    for event in events {
        if let Event::Started { hosts, .. } = event {
            order.extend(hosts.iter().cloned());
        }
        listen(event, &mut said);
    }
    let nothing = Scope::default();
    let result = |host: &String| {
        let said = said.remove(host.as_str()).unwrap_or_default();
        one_host(host, said, scopes.get(host).unwrap_or(&nothing))
    };
    order.iter().map(result).collect()
}

fn listen<'e>(event: &'e Event, said: &mut BTreeMap<&'e str, Said>) {
    match event {
        Event::Connected { host, summary, machine_id, .. } => {
            let host = said.entry(host).or_default();
            // `as root, Debian 12.8, 6.1.0`: who logged in is not part of the system.
            host.system = summary.split_once(", ").map_or(summary.as_str(), |(_, rest)| rest).to_string();
            host.machine_id.clone_from(machine_id);
        }
        Event::Planned { host, entries } => {
            let host = said.entry(host).or_default();
            host.entries.clone_from(entries);
            host.planned = true;
        }
        Event::Unreachable { host, message, hint }
        | Event::Refused { host, message, hint }
        | Event::Wrong { host, message, hint } => {
            let with_hint = || match hint {
                Some(hint) => format!("{message} ({hint})"),
                None => message.clone(),
            };
            said.entry(host).or_default().error.get_or_insert_with(with_hint);
        }
        _ => {}
    }
}

fn one_host(host: &str, said: Said, scope: &Scope) -> HostResult {
    let error = match (said.planned, said.error) {
        (true, _) => None,
        (false, Some(message)) => Some(message),
        (false, None) => Some("it was not looked at: the run was interrupted".into()),
    };
    let stopped = stopped(&said.entries);
    let in_vain = in_vain(&said.entries);
    let result = |control: &String| match (&error, scope.undeclared.get(control)) {
        (Some(message), _) => plain(control, Outcome::Error, Text::both(message)),
        (None, Some(names)) => plain(control, Outcome::NotAssessed, words::undeclared(names)),
        (None, None) => {
            let mine: Vec<&Entry> =
                said.entries.iter().filter(|e| control_of(e) == Some(control.as_str())).collect();
            let result = one_control(control, &mine, &in_vain);
            let result = for_others(result, scope.applies.get(control));
            not_seen_whole(result, &mine, stopped.as_deref())
        }
    };
    HostResult {
        host: host.into(),
        machine_id: said.machine_id,
        system: said.system,
        results: scope.controls.iter().map(result).collect(),
        score: Score::default(),
        error,
    }
}

/// The control that an entry is of; a task that carries none is one of its own, by its name, unless it
/// shows nothing.
/// Handlers follow from tasks, and are no control's.
fn control_of(entry: &Entry) -> Option<&str> {
    match &entry.origin.control {
        Some(control) => Some(control),
        None if entry.origin.triggers.is_empty() && !is_mute(entry) => Some(&entry.origin.task),
        None => None,
    }
}

/// What only says or computes something shows nothing of a host.
fn is_mute(entry: &Entry) -> bool {
    matches!(entry.origin.module.as_str(), "debug" | "set_fact")
}

/// The task of no control at which the host's plan stopped, and why: what comes after it was not
/// looked at.
fn stopped(entries: &[Entry]) -> Option<String> {
    let last = entries.iter().rfind(|entry| entry.origin.control.is_none() && stops(entry))?;
    match &last.status {
        Status::Failed { message, .. } | Status::Refused { message } => {
            Some(format!("{}: {message}", title(last)))
        }
        _ => None,
    }
}

/// Tasks of no control that could not find out what they were to find out, and why.
type InVain = BTreeMap<String, String>;

fn in_vain(entries: &[Entry]) -> InVain {
    let of_none = entries.iter().filter(|entry| entry.origin.control.is_none());
    let failed = of_none.filter_map(|entry| match &entry.status {
        Status::Failed { message, .. } => Some((entry.origin.task.clone(), message.clone())),
        _ => None,
    });
    failed.collect()
}

fn unknown(until: &str, in_vain: &InVain) -> Text {
    match in_vain.get(until) {
        Some(message) => words::in_vain(until, message),
        None => words::unknown(until),
    }
}

fn stops(entry: &Entry) -> bool {
    matches!(entry.status, Status::Failed { ignored: false, rescued: false, .. } | Status::Refused { .. })
}

/// A control that may have more tasks than were looked at is known to fail, or not known. Of a
/// playbook a task without a control is seen whole.
fn not_seen_whole(result: ControlResult, entries: &[&Entry], stopped: Option<&str>) -> ControlResult {
    let is_whole = entries.iter().any(|entry| entry.origin.control.is_none());
    match stopped {
        Some(why) if !is_whole && (result.outcome.is_met() || result.outcome == Outcome::AfterReboot) => {
            ControlResult { outcome: Outcome::Error, why: words::not_whole(why), ..result }
        }
        _ => result,
    }
}

/// The pack says better whom a control is for than its playbook's conditions do.
fn for_others(result: ControlResult, applies: Option<&Text>) -> ControlResult {
    match (result.outcome, applies) {
        (Outcome::NotApplicable, Some(applies)) => {
            ControlResult { why: words::for_others(applies), ..result }
        }
        _ => result,
    }
}

fn plain(control: &str, outcome: Outcome, why: Text) -> ControlResult {
    ControlResult {
        control: control.into(),
        outcome,
        why,
        waiver: None,
        unwaived: None,
        findings: Vec::new(),
        evidence: Vec::new(),
    }
}

fn one_control(control: &str, entries: &[&Entry], in_vain: &InVain) -> ControlResult {
    let (outcome, why) = outcome(entries, in_vain);
    let with_evidence = entries.iter().filter(|entry| !entry.evidence.is_empty());
    ControlResult {
        findings: entries.iter().flat_map(|entry| findings(entry, in_vain)).collect(),
        evidence: with_evidence
            .map(|entry| TaskEvidence {
                task: title(entry),
                place: entry.origin.place.to_string(),
                asked: entry.evidence.clone(),
            })
            .collect(),
        ..plain(control, outcome, why)
    }
}

/// The worst that is known for certain counts: what would change is known to fail, even where more
/// could not be determined.
fn outcome(entries: &[&Entry], in_vain: &InVain) -> (Outcome, Text) {
    if entries.is_empty() {
        return (Outcome::NotApplicable, words::no_play());
    }
    let find = |test: &dyn Fn(&Entry) -> Option<String>| entries.iter().find_map(|entry| test(entry));
    if let Some(why) = find(&|e| match &e.status {
        Status::Refused { message } => Some(message.clone()),
        _ => None,
    }) {
        return (Outcome::Blocked, Text::both(&why));
    }
    if entries.iter().any(|entry| is_changed(entry, true)) {
        return (Outcome::Fail, Text::default());
    }
    if let Some(why) = find(&asserted) {
        return (Outcome::Fail, Text::both(&why));
    }
    if let Some(why) = entries.iter().find_map(|entry| undetermined(entry, in_vain)) {
        return (Outcome::Error, why);
    }
    if entries.iter().any(|entry| is_changed(entry, false)) {
        return (Outcome::Fail, Text::default());
    }
    if let Some(what) = find(&|entry| entry.lags.clone()) {
        return (Outcome::AfterReboot, words::after_reboot().and(&Text::both(&what), ": "));
    }
    let skipped = |entry: &Entry| match &entry.status {
        Status::Skipped { why } => Some(why.clone()),
        _ => None,
    };
    let telling = entries.iter().filter(|entry| !is_mute(entry) || skipped(entry).is_some());
    match telling.map(|entry| skipped(entry)).collect::<Option<Vec<String>>>() {
        Some(why) if why.is_empty() => (Outcome::Error, words::shows_nothing()),
        Some(why) => {
            (Outcome::NotApplicable, why.first().map(|first| words::condition(first)).unwrap_or_default())
        }
        None => (Outcome::Pass, Text::default()),
    }
}

fn is_changed(entry: &Entry, certain: bool) -> bool {
    match &entry.status {
        Status::Changed { certainty } => (*certainty == Certainty::Certain) == certain,
        _ => false,
    }
}

/// A check that the playbook's author wrote, and that doesn't hold. One whose failure is ignored lets
/// the playbook go on; it doesn't hold all the same.
fn asserted(entry: &Entry) -> Option<String> {
    match &entry.status {
        Status::Failed { message, rescued: false, .. } if entry.checked => Some(message.clone()),
        _ => None,
    }
}

/// That the playbook goes on after a failure, ignored or rescued, tells nothing of what was asked.
fn undetermined(entry: &Entry, in_vain: &InVain) -> Option<Text> {
    match &entry.status {
        Status::Failed { message, .. } if !entry.checked => {
            Some(Text::both(&format!("{}: {message}", title(entry))))
        }
        Status::Unknown { until } => Some(Text::both(&title(entry)).and(&unknown(until, in_vain), ": ")),
        _ => None,
    }
}

fn title(entry: &Entry) -> String {
    match &entry.origin.item {
        Some(item) => format!("{} ({item})", entry.origin.task),
        None => entry.origin.task.clone(),
    }
}

fn findings(entry: &Entry, in_vain: &InVain) -> Vec<Finding> {
    let plain = |subject: String, message: Text| Finding {
        task: title(entry),
        place: entry.origin.place.to_string(),
        subject,
        differences: Vec::new(),
        message,
        risk: Risk::None,
        undo: None,
        only_found: false,
    };
    if let Some(message) = asserted(entry) {
        return vec![Finding { only_found: true, ..plain(String::new(), Text::both(&message)) }];
    }
    match &entry.status {
        // A check that doesn't hold, and that a rescue has answered.
        Status::Failed { .. } if entry.checked => Vec::new(),
        Status::Failed { message, .. } | Status::Refused { message } => {
            vec![plain(String::new(), Text::both(message))]
        }
        Status::Unknown { until } => vec![plain(String::new(), unknown(until, in_vain))],
        Status::Changed { .. } => {
            let changes = entry.changes.iter().map(|change| Finding {
                differences: change.differences.clone(),
                risk: change.risk,
                undo: Some(change.undo.clone()),
                ..plain(format!("{} {}", change.kind, change.id), Text::default())
            });
            let action = entry.action.iter().map(|action| Finding {
                risk: action.risk,
                ..plain(String::new(), words::would_run(&action.title))
            });
            changes.chain(action).collect()
        }
        _ => Vec::new(),
    }
}

/// Points of a hundred, each control by the weight of its severity; what doesn't apply or was not
/// assessed is left out.
pub fn score(results: &[ControlResult], severity: impl Fn(&str) -> Severity) -> Score {
    let points = |waived_too: bool| {
        let counted = results.iter().filter(|r| match r.outcome {
            Outcome::NotApplicable | Outcome::NotAssessed => false,
            Outcome::Waived => waived_too,
            _ => true,
        });
        let (mut all, mut got) = (0, 0);
        for result in counted {
            let weight = 2 * severity(&result.control).weight();
            all += weight;
            got += match result.outcome {
                outcome if outcome.passes() => weight,
                Outcome::AfterReboot => weight / 2,
                _ => 0,
            };
        }
        (all > 0).then(|| got * 100 / all)
    };
    Score { strict: points(true), waived: points(false) }
}

/// The controls of a playbook without a pack, in the order in which they come.
pub fn carried(events: &[Event]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    for event in events {
        let Event::Planned { entries, .. } = event else { continue };
        for control in entries.iter().filter_map(control_of) {
            if seen.insert(control) {
                order.push(control.to_string());
            }
        }
    }
    order
}

#[cfg(test)]
mod tests;

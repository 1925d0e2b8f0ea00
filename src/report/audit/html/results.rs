//! What a cell opens to. Hosts on which a control came to the same are told together: most of fifty
//! hosts lack the same, and a page that said it fifty times would be neither read nor opened. What
//! they answered is told apart where it differs.

use super::super::{again, finding, remediate, word};
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, ControlResult, Finding, Outcome, TaskEvidence};
use crate::report::fold;
use crate::resource::{Difference, Risk, Text, Undo};
use serde::Serialize;

/// Longest answer of a host that is shown whole, in characters.
const ANSWER: usize = 8000;

/// One result, and the hosts that it is of.
#[derive(Serialize)]
pub struct Group<'a> {
    /// Its name in the page.
    pub id: String,
    pub outcome: Outcome,
    hosts: Vec<&'a str>,
    /// The hosts in few words.
    folded: String,
    why: &'a str,
    waiver: Option<String>,
    findings: Vec<FindingView<'a>>,
    evidence: Vec<Answered<'a>>,
    next: Option<Next>,
}

/// What hosts of a group answered alike.
#[derive(Serialize)]
struct Answered<'a> {
    /// Their places in the audit.
    hosts: Vec<usize>,
    folded: String,
    tasks: Vec<EvidenceView<'a>>,
}

/// The command that comes next: what is before the hosts, and the hosts, as words for a shell.
#[derive(Serialize)]
struct Next {
    what: &'static str,
    command: String,
    hosts: String,
}

#[derive(Serialize)]
struct FindingView<'a> {
    subject: &'a str,
    task: &'a str,
    place: &'a str,
    message: &'a str,
    properties: Vec<Property<'a>>,
    texts: Vec<TextView<'a>>,
    locks_out: bool,
    reboots: bool,
    /// Why it can't be undone, or not wholly.
    undo: Option<&'a str>,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'a str,
    found: &'a str,
    expected: &'a str,
}

/// A file's content: `missing`, `surplus`, `hidden` or `differs`.
#[derive(Serialize)]
struct TextView<'a> {
    path: &'a str,
    state: &'static str,
    hidden: &'a str,
    lines: Vec<String>,
    cut: usize,
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    task: &'a str,
    place: &'a str,
    asked: Vec<Answer<'a>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    asked: &'a str,
    told: &'a str,
    cut: usize,
}

/// The groups of a control, worst first, and for each host of the audit the place of its group.
pub fn groups<'a>(
    audit: &'a Audit,
    control: &str,
    number: usize,
    lang: Lang,
) -> (Vec<Group<'a>>, Vec<Option<usize>>) {
    let mut found: Vec<Vec<(usize, &ControlResult)>> = Vec::new();
    for (at, host) in audit.hosts.iter().enumerate() {
        let Some(result) = host.result(control) else { continue };
        match found.iter_mut().find(|known| is_same(known[0].1, result)) {
            Some(known) => known.push((at, result)),
            None => found.push(vec![(at, result)]),
        }
    }
    found.sort_by_key(|known| Outcome::ALL.iter().position(|outcome| *outcome == known[0].1.outcome));
    let mut places = vec![None; audit.hosts.len()];
    for (place, results) in found.iter().enumerate() {
        results.iter().for_each(|(host, _)| places[*host] = Some(place));
    }
    let named = found.iter().enumerate();
    let groups = named.map(|(place, results)| group(audit, results, format!("r{number}-{place}"), lang));
    (groups.collect(), places)
}

fn is_same(a: &ControlResult, b: &ControlResult) -> bool {
    (a.outcome, &a.why, a.waiver, &a.findings) == (b.outcome, &b.why, b.waiver, &b.findings)
}

fn group<'a>(audit: &'a Audit, results: &[(usize, &'a ControlResult)], id: String, lang: Lang) -> Group<'a> {
    let result = results[0].1;
    let hosts: Vec<&str> = results.iter().map(|(at, _)| audit.hosts[*at].host.as_str()).collect();
    let waiver = result.waiver.and_then(|at| audit.waivers.get(at)).map(|waiver| waiver.line(lang));
    // A refusal is both the reason and the finding; once is enough.
    let told = |finding: &&Finding| result.why.is_empty() || finding.message != result.why;
    Group {
        id,
        outcome: result.outcome,
        folded: fold(&hosts),
        why: result.why.say(lang),
        waiver,
        findings: result.findings.iter().filter(told).map(|f| finding_view(f, lang)).collect(),
        evidence: answered(audit, results),
        next: next(audit, result, &hosts),
        hosts,
    }
}

fn answered<'a>(audit: &Audit, results: &[(usize, &'a ControlResult)]) -> Vec<Answered<'a>> {
    let mut found: Vec<(&'a [TaskEvidence], Vec<usize>)> = Vec::new();
    for (at, result) in results.iter().filter(|(_, result)| !result.evidence.is_empty()) {
        match found.iter_mut().find(|(known, _)| *known == result.evidence.as_slice()) {
            Some((_, hosts)) => hosts.push(*at),
            None => found.push((&result.evidence, vec![*at])),
        }
    }
    let view = |(tasks, hosts): (&'a [TaskEvidence], Vec<usize>)| {
        let names: Vec<&str> = hosts.iter().map(|at| audit.hosts[*at].host.as_str()).collect();
        Answered { folded: fold(&names), hosts, tasks: tasks.iter().map(evidence).collect() }
    };
    found.into_iter().map(view).collect()
}

/// What to type next, where there is something to do.
fn next(audit: &Audit, result: &ControlResult, hosts: &[&str]) -> Option<Next> {
    let (what, command) = match result.outcome {
        Outcome::Fail if result.is_only_found() => ("by_hand", again(audit, &result.control)),
        Outcome::Fail => ("remediate", remediate(audit, &result.control)),
        Outcome::Blocked | Outcome::Error | Outcome::AfterReboot => ("again", again(audit, &result.control)),
        _ => return None,
    };
    Some(Next { what, command, hosts: word(&hosts.join(",")) })
}

fn finding_view(finding: &Finding, lang: Lang) -> FindingView<'_> {
    let mut view = FindingView {
        subject: if finding.subject.is_empty() { &finding.task } else { &finding.subject },
        task: &finding.task,
        place: &finding.place,
        message: finding.message.say(lang),
        properties: Vec::new(),
        texts: Vec::new(),
        locks_out: finding.risk == Risk::LockOut,
        reboots: finding.risk == Risk::Reboot,
        undo: match &finding.undo {
            Some(Undo::Partial(why) | Undo::None(why)) => Some(why),
            Some(Undo::Full) | None => None,
        },
    };
    let missing = finding.is_of_something_missing();
    for difference in &finding.differences {
        match difference {
            Difference::Property { from, .. } if missing && from.is_empty() => {}
            Difference::Property { name, from, to } => {
                view.properties.push(Property { name, found: from, expected: to });
            }
            Difference::Text { path, from, to } => view.texts.push(text(path, from, to)),
        }
    }
    view
}

fn text<'a>(path: &'a str, from: &'a Text, to: &'a Text) -> TextView<'a> {
    let (state, hidden) = match (from, to) {
        (Text::Hidden(why), _) | (_, Text::Hidden(why)) => ("hidden", why.as_str()),
        (Text::Absent, _) => ("missing", ""),
        (_, Text::Absent) => ("surplus", ""),
        _ => ("differs", ""),
    };
    let diff = finding::diff(from, to);
    TextView { path, state, hidden, lines: diff.lines, cut: diff.cut }
}

fn evidence(task: &TaskEvidence) -> EvidenceView<'_> {
    let answer = |told: &crate::record::Evidence| {
        let end = told.told.char_indices().nth(ANSWER).map_or(told.told.len(), |(at, _)| at);
        (end, told.told[end..].chars().count())
    };
    let asked = task.asked.iter().map(|evidence| {
        let (end, cut) = answer(evidence);
        Answer { asked: &evidence.asked, told: &evidence.told[..end], cut }
    });
    EvidenceView { task: &task.task, place: &task.place, asked: asked.collect() }
}

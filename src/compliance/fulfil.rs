//! What the controls' results and the attestations come to for each statement and requirement.

use super::audit::{Attested, HostResult, Outcome, RequirementResult, StatementResult, Verdict, deciding};
use super::declared::{Attestation, Waiver};
use super::pack::{Pack, Requirement, Statement};
use super::{Level, Text, words};
use jiff::civil::Date;

/// Stands before what is said of a waiver that doesn't count.
const BETWEEN: &str = "; ";

/// Lays the waivers over what the controls came to. A waiver is never a pass; one that has expired,
/// or has not begun, changes nothing.
pub fn waive(
    hosts: &mut [HostResult],
    waivers: &[Waiver],
    today: Date,
    served: impl Fn(&str) -> Vec<String>,
) {
    for host in hosts {
        for result in &mut host.results {
            let statements = served(&result.control);
            let about = About { control: &result.control, statements: &statements, host: &host.host };
            if let Some(at) = about.waived_by(waivers, today) {
                result.unwaived = Some(result.outcome)
                    .filter(|outcome| matches!(outcome, Outcome::Blocked | Outcome::AfterReboot));
                result.outcome = match result.outcome {
                    Outcome::Pass => Outcome::WaivedPass,
                    Outcome::Fail | Outcome::Blocked | Outcome::AfterReboot => Outcome::Waived,
                    other => other,
                };
                // What could not be determined, or not be assessed, stays that; somebody has approved of
                // it all the same.
                result.waiver = (result.outcome != Outcome::NotApplicable).then_some(at);
            } else if let Some(other) = other_day(waivers.iter().filter(|w| about.is_alone(w)), today)
                && result.outcome.fails()
            {
                let note = match other.expires < today {
                    true => words::waiver_expired(other.expires),
                    false => words::waiver_not_yet(other.start),
                };
                result.why = result.why.and(&note, BETWEEN);
            }
        }
    }
}

/// What a waiver of a control could be of.
struct About<'a> {
    control: &'a str,
    statements: &'a [String],
    host: &'a str,
}

impl About<'_> {
    /// The waiver that approves of its failure: its own, or of those that waive every statement that it
    /// serves the first. Where one of these is not waived, nobody has approved of the control's failure.
    fn waived_by(&self, waivers: &[Waiver], today: Date) -> Option<usize> {
        let counts =
            |test: &dyn Fn(&Waiver) -> bool| waivers.iter().position(|w| w.counts_on(today) && test(w));
        let of_each = || {
            let of = |id: &String| counts(&|w| w.is_of_statement_on(id, self.host));
            let all: Option<Vec<usize>> = self.statements.iter().map(of).collect();
            all?.into_iter().min()
        };
        counts(&|w| w.is_of_control(self.control, self.host)).or_else(of_each)
    }

    /// Whether this waiver alone would be enough.
    fn is_alone(&self, waiver: &Waiver) -> bool {
        let of_only = matches!(self.statements, [only] if waiver.is_of_statement_on(only, self.host));
        of_only || waiver.is_of_control(self.control, self.host)
    }
}

/// Of waivers that don't count today the next one that will, or one that has expired.
fn other_day<'w>(waivers: impl Iterator<Item = &'w Waiver> + Clone, today: Date) -> Option<&'w Waiver> {
    let next = waivers.clone().filter(|w| w.start > today).min_by_key(|w| w.start);
    next.or_else(|| waivers.clone().find(|w| w.expires < today))
}

/// Takes the waivers that were laid over it off again, and what was said of those that didn't count,
/// before those of another day are laid over it.
pub fn unwaive(hosts: &mut [HostResult], laid: &[Waiver]) {
    let notes = |w: &Waiver| [words::waiver_expired(w.expires), words::waiver_not_yet(w.start)];
    let notes: Vec<Text> = laid.iter().flat_map(notes).collect();
    for result in hosts.iter_mut().flat_map(|host| &mut host.results) {
        result.waiver = None;
        result.why = notes.iter().fold(result.why.clone(), |why, note| why.without(note, BETWEEN));
        result.outcome = match result.outcome {
            Outcome::WaivedPass => Outcome::Pass,
            Outcome::Waived => result.unwaived.take().unwrap_or(Outcome::Fail),
            other => other,
        };
    }
}

/// Some hosts' verdict on what rests on controls, where others were left out: those may be short of it.
pub fn of_some_hosts(verdict: Verdict, has_controls: bool, left_out: &[String]) -> Verdict {
    match verdict {
        Verdict::Fulfilled if has_controls && !left_out.is_empty() => Verdict::Partly,
        verdict => verdict,
    }
}

/// The requirements with those of their statements that this audit is about. Statements are judged by
/// the hosts that were looked at.
pub fn requirements(
    pack: &Pack,
    hosts: &[HostResult],
    hosts_left_out: &[String],
    attestations: &[Attestation],
    waivers: &[Waiver],
    today: Date,
    about: impl Fn(&Requirement, &Statement) -> bool,
) -> Vec<RequirementResult> {
    let one = |requirement: &Requirement| {
        let (asked, left_out): (Vec<&Statement>, Vec<&Statement>) =
            requirement.statements.iter().partition(|s| about(requirement, s));
        let statements: Vec<StatementResult> =
            asked.into_iter().map(|s| statement(s, hosts, attestations, waivers, today)).collect();
        (!statements.is_empty()).then(|| RequirementResult {
            id: requirement.id.clone(),
            name: requirement.name.clone(),
            verdict: match of_requirement(&statements) {
                // What was not looked at may be short of it.
                verdict if verdict.is_met() && left_out.iter().any(|s| decides(requirement, s)) => {
                    Verdict::Partly
                }
                verdict => {
                    let has_controls = deciding(&statements).any(|s| !s.controls.is_empty());
                    of_some_hosts(verdict, has_controls, hosts_left_out)
                }
            },
            statements,
            left_out: left_out.into_iter().map(|s| s.id.clone()).collect(),
        })
    };
    pack.requirements.iter().filter_map(one).collect()
}

/// Whether the requirement hangs on this statement.
fn decides(requirement: &Requirement, statement: &Statement) -> bool {
    let is_mandatory = |s: &Statement| s.level == Level::Mandatory;
    is_mandatory(statement) || !requirement.statements.iter().any(is_mandatory)
}

/// What it demands decides; a requirement that only recommends is decided by that.
fn of_requirement(statements: &[StatementResult]) -> Verdict {
    let verdicts: Vec<Verdict> = deciding(statements).map(|s| s.verdict).collect();
    let all = |wanted: &[Verdict]| verdicts.iter().all(|v| wanted.contains(v));
    if all(&[Verdict::NotApplicable]) {
        Verdict::NotApplicable
    } else if all(&[Verdict::Fulfilled, Verdict::NotApplicable]) {
        Verdict::Fulfilled
    } else if all(&[Verdict::NotFulfilled, Verdict::NotApplicable]) {
        Verdict::NotFulfilled
    } else {
        Verdict::Partly
    }
}

fn statement(
    statement: &Statement,
    hosts: &[HostResult],
    attestations: &[Attestation],
    waivers: &[Waiver],
    today: Date,
) -> StatementResult {
    let mut why = Vec::new();
    let attested = statement.attestation.then(|| attested(&statement.id, attestations, today));
    let technical = technical(statement, hosts, &mut why);
    let verdict = match (&attested, technical) {
        (None, None) => Verdict::NotFulfilled,
        (None, Some(technical)) => technical,
        (Some(attested), technical) => {
            let by_person = by_person(attested, attestations, &mut why);
            match technical {
                None | Some(Verdict::NotApplicable) => by_person,
                Some(technical) => both(technical, by_person),
            }
        }
    };
    // An attestation answers for what no control covers.
    let verdict = match (&statement.missing, statement.attestation) {
        (Some(missing), false) if verdict == Verdict::Fulfilled => {
            why.push(missing.clone());
            Verdict::Partly
        }
        _ => verdict,
    };
    if !verdict.is_met() {
        let names = || hosts.iter().map(|host| host.host.as_str());
        let waived = waivers.iter().filter(|w| w.is_of_statement(&statement.id, today, names()));
        why.extend(waived.map(words::waived));
    }
    StatementResult {
        id: statement.id.clone(),
        text: statement.text.clone(),
        level: statement.level,
        keyword: statement.keyword.clone(),
        verdict,
        why,
        controls: statement.controls.iter().map(|(id, _)| id.clone()).collect(),
        attested,
        missing: statement.missing.clone(),
    }
}

fn both(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Fulfilled, Verdict::Fulfilled) => Verdict::Fulfilled,
        (Verdict::NotFulfilled, Verdict::NotFulfilled) => Verdict::NotFulfilled,
        _ => Verdict::Partly,
    }
}

/// The newest attestation that counts; where there is none, the next that will, or one that expired.
fn attested(statement: &str, attestations: &[Attestation], today: Date) -> Attested {
    let mine = |a: &Attestation| a.statement == statement;
    let at = |test: &dyn Fn(&Attestation) -> bool| {
        let found = attestations.iter().enumerate().filter(|(_, a)| mine(a) && test(a));
        found.max_by_key(|(_, a)| a.age()).map(|(at, _)| at)
    };
    let next = attestations.iter().enumerate().filter(|(_, a)| mine(a) && a.date > today);
    let next = next.min_by_key(|(_, a)| a.date).map(|(at, _)| at);
    match (at(&|a| a.counts_on(today)), next, at(&|_| true)) {
        (Some(valid), ..) => Attested::Valid(valid),
        (None, Some(next), _) => Attested::NotYet(next),
        (None, None, Some(expired)) => Attested::Expired(expired),
        (None, None, None) => Attested::No,
    }
}

fn by_person(attested: &Attested, attestations: &[Attestation], why: &mut Vec<Text>) -> Verdict {
    match attested {
        Attested::Valid(_) => Verdict::Fulfilled,
        Attested::No => {
            why.push(words::nobody_attests());
            Verdict::NotFulfilled
        }
        Attested::NotYet(at) => {
            let from = attestations.get(*at).map(|a| a.date.to_string()).unwrap_or_default();
            why.push(words::attestation_not_yet(&from));
            Verdict::NotFulfilled
        }
        Attested::Expired(at) => {
            let until = attestations.get(*at).map(|a| a.valid_until.to_string()).unwrap_or_default();
            why.push(words::attestation_expired(&until));
            Verdict::NotFulfilled
        }
    }
}

/// What the controls of a statement come to over all hosts; nothing where it has none.
fn technical(statement: &Statement, hosts: &[HostResult], why: &mut Vec<Text>) -> Option<Verdict> {
    if statement.controls.is_empty() {
        return None;
    }
    let (mut met, mut short, mut lags) = (0, 0, 0);
    for (control, _) in &statement.controls {
        let mut failing = Vec::new();
        for host in hosts {
            let outcome = host.result(control).map_or(Outcome::Error, |result| result.outcome);
            match outcome {
                Outcome::NotApplicable => {}
                outcome if outcome.passes() => met += 1,
                Outcome::AfterReboot => {
                    lags += 1;
                    failing.push((host.host.as_str(), outcome));
                }
                outcome => {
                    short += 1;
                    failing.push((host.host.as_str(), outcome));
                }
            }
        }
        if !failing.is_empty() {
            why.push(words::short_of(control, &failing));
        }
    }
    Some(match (met, short, lags) {
        _ if hosts.is_empty() => Verdict::NotFulfilled,
        (0, 0, 0) => Verdict::NotApplicable,
        (_, 0, 0) => Verdict::Fulfilled,
        (0, _, 0) => Verdict::NotFulfilled,
        _ => Verdict::Partly,
    })
}

#[cfg(test)]
mod tests;

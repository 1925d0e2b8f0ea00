//! The policy's form, filled in from an audit and from what is declared today. Facts only: no row is
//! ticked that the evidence doesn't show, or somebody attests to, on the day that it is made.

use super::audit::{
    Attested, Audit, ControlHead, HostResult, Outcome, RequirementResult, StatementResult, Verdict,
};
use super::declared::{Attestation, Declared, Waiver};
use super::feedback::{Feedback, Review};
use super::pack::Pack;
use super::{Level, Text, fulfil, said, words};
use jiff::civil::Date;
use serde::Serialize;

/// What a checklist is made from.
pub struct Source<'s> {
    pub audit: &'s Audit,
    /// SHA-256 of the audit's file.
    pub sha256: String,
    pub pack: &'s Pack,
    /// SHA-256 over the pack's files as they are today.
    pub pack_sha256: Option<String>,
    pub declared: &'s Declared,
    pub feedback: Option<&'s Feedback>,
    pub today: Date,
    /// The time zone that days are of: `Europe/Stockholm`.
    pub zone: String,
    pub each: Each,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    Requirement,
    Statement,
}

#[derive(Clone, Debug, Serialize)]
pub struct Checklist {
    pub head: Head,
    pub each: Each,
    pub rows: Vec<Row>,
    pub controls: Vec<ControlHead>,
    /// What the audit found, under today's waivers.
    pub hosts: Vec<HostResult>,
    pub attestations: Vec<Standing<Attestation>>,
    pub waivers: Vec<Standing<Waiver>>,
    /// Whether a reviewer's words were given.
    pub reviewed: bool,
}

/// Where it comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub title: Text,
    pub organisation: String,
    pub environment: String,
    pub date: Date,
    pub zone: String,
    pub pack: String,
    pub pack_version: String,
    pub pack_sha256: Option<String>,
    /// What the pack was when the audit was made, where that is known and another.
    pub audited_pack_sha256: Option<String>,
    /// When the audit was made (RFC 3339), by which run, of which harda.
    pub audited: String,
    pub run: String,
    pub harda: String,
    pub audit_sha256: String,
    /// Hosts of the inventory that the audit left out.
    pub hosts_left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub id: String,
    /// The requirement's name, or the statement's text.
    pub name: Text,
    /// Of a statement.
    pub demand: Option<Demand>,
    pub verdict: Verdict,
    /// Statements that are met, or don't apply, and how many there are.
    pub met: usize,
    pub statements: usize,
    pub measures: Vec<Measure>,
    pub reviews: Vec<Review>,
}

/// How much a statement demands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    pub level: Level,
    pub keyword: Option<String>,
}

/// Something that is in place, or isn't.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// The statements of this row that it is for, each with whether it is only recommended.
    pub statements: Vec<(String, Level)>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Control {
        id: String,
        title: Text,
        found: Vec<Found>,
    },
    /// Somebody answers for it.
    Attested(Attestation),
    /// Nobody does: nobody ever did, or not on this day.
    Unattested(Option<Attestation>),
    /// Nobody attests to it, and somebody has approved of that for a time.
    Waived(Waiver),
    /// It falls short on its controls, which serve other statements too, and somebody has approved of
    /// that for this statement and a time.
    StatementWaived(Waiver),
    /// No control covers this.
    Uncovered(Text),
}

/// Hosts on which a control came to the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    pub outcome: Outcome,
    #[serde(with = "said")]
    pub why: Text,
    pub waiver: Option<Waiver>,
    pub hosts: Vec<String>,
}

/// Something declared, and whether it counts on the checklist's day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing<T> {
    pub declared: T,
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    Yes,
    NotYet,
    Expired,
}

impl Counts {
    fn on(day: Date, first: Date, last: Date) -> Counts {
        match day {
            day if day < first => Counts::NotYet,
            day if day > last => Counts::Expired,
            _ => Counts::Yes,
        }
    }
}

impl Row {
    /// Whether the control counts as in place. What doesn't apply isn't ticked: the description
    /// says why.
    pub fn is_ticked(&self) -> bool {
        self.verdict == Verdict::Fulfilled
    }
}

/// Fills in the form. The statements are judged anew: an audit may be older than an attestation, and
/// an attestation or a waiver that counted then may have expired since.
pub fn fill(source: &Source) -> Checklist {
    let (audit, declared, today) = (source.audit, source.declared, source.today);
    let mut hosts = audit.hosts.clone();
    fulfil::unwaive(&mut hosts, &audit.waivers);
    fulfil::waive(&mut hosts, &declared.waivers, today, |id| source.pack.served_by(id));
    let requirements = fulfil::requirements(
        source.pack,
        &hosts,
        &audit.hosts_left_out,
        &declared.attestations,
        &declared.waivers,
        today,
        |_, _| true,
    );
    let filling = Filling { source, hosts: &hosts };
    let rows = match source.each {
        Each::Requirement => requirements.iter().map(|r| filling.requirement(r)).collect(),
        Each::Statement => {
            let each = requirements.iter().flat_map(|r| r.statements.iter().map(move |s| (r, s)));
            each.map(|(r, s)| filling.statement(r, s)).collect()
        }
    };
    Checklist {
        head: head(source),
        each: source.each,
        rows,
        controls: source.pack.control_heads(),
        attestations: standing(&declared.attestations, |a| Counts::on(today, a.date, a.valid_until)),
        waivers: standing(&declared.waivers, |w| Counts::on(today, w.start, w.expires)),
        reviewed: source.feedback.is_some(),
        hosts,
    }
}

fn standing<T: Clone>(all: &[T], counts: impl Fn(&T) -> Counts) -> Vec<Standing<T>> {
    all.iter().map(|one| Standing { declared: one.clone(), counts: counts(one) }).collect()
}

fn head(source: &Source) -> Head {
    let (audit, declared) = (source.audit, source.declared);
    let or = |mine: &String, other: &String| if mine.is_empty() { other.clone() } else { mine.clone() };
    Head {
        title: source.pack.title.clone(),
        organisation: or(&declared.organisation, &audit.organisation),
        environment: or(&declared.environment, &audit.environment),
        date: source.today,
        zone: source.zone.clone(),
        pack: source.pack.name.clone(),
        pack_version: source.pack.version.clone(),
        pack_sha256: source.pack_sha256.clone(),
        audited_pack_sha256: audit
            .pack
            .sha256
            .clone()
            .filter(|then| source.pack_sha256.as_ref().is_some_and(|now| now != then)),
        audited: audit.made.clone(),
        run: audit.run.clone(),
        harda: audit.harda.clone(),
        audit_sha256: source.sha256.clone(),
        hosts_left_out: audit.hosts_left_out.clone(),
    }
}

struct Filling<'f> {
    source: &'f Source<'f>,
    hosts: &'f [HostResult],
}

impl Filling<'_> {
    fn requirement(&self, requirement: &RequirementResult) -> Row {
        let statements: Vec<&StatementResult> = requirement.statements.iter().collect();
        let mut ids = vec![requirement.id.as_str()];
        ids.extend(statements.iter().map(|s| s.id.as_str()));
        Row {
            id: requirement.id.clone(),
            name: requirement.name.clone(),
            demand: None,
            verdict: requirement.verdict,
            ..self.row(&statements, &ids)
        }
    }

    fn statement(&self, requirement: &RequirementResult, statement: &StatementResult) -> Row {
        Row {
            id: statement.id.clone(),
            name: statement.text.clone(),
            demand: Some(Demand { level: statement.level, keyword: statement.keyword.clone() }),
            verdict: fulfil::of_some_hosts(
                statement.verdict,
                !statement.controls.is_empty(),
                &self.source.audit.hosts_left_out,
            ),
            ..self.row(&[statement], &[&statement.id, &requirement.id])
        }
    }

    /// What a row says of its statements; `reviewed` are the ids whose reviews it shows.
    fn row(&self, statements: &[&StatementResult], reviewed: &[&str]) -> Row {
        let is_met = |s: &&&StatementResult| s.verdict.is_met();
        let feedback = self.source.feedback;
        Row {
            id: String::new(),
            name: Text::default(),
            demand: None,
            verdict: Verdict::NotFulfilled,
            met: statements.iter().filter(is_met).count(),
            statements: statements.len(),
            measures: self.measures(statements),
            reviews: feedback.map(|f| f.newest(reviewed).cloned().collect()).unwrap_or_default(),
        }
    }

    /// Each control once, where the first statement names it, and each attestation with its own;
    /// what nobody attests to comes last, together.
    fn measures(&self, statements: &[&StatementResult]) -> Vec<Measure> {
        let mut measures = Vec::new();
        let mut told: Vec<&String> = Vec::new();
        let mut waiting = Vec::new();
        for statement in statements {
            for control in &statement.controls {
                if !told.contains(&control) {
                    told.push(control);
                    let users = statements.iter().filter(|s| s.controls.contains(control));
                    measures.push(Measure {
                        statements: users.map(|s| (s.id.clone(), s.level)).collect(),
                        what: self.control(control),
                    });
                }
            }
            let id = || vec![(statement.id.clone(), statement.level)];
            match statement.attested.as_ref().map(|attested| self.attested(attested)) {
                // Beside a control its waiver stands there already.
                Some(What::Unattested(attestation)) => match (self.waiver(statement), attestation) {
                    (Some(waiver), _) => {
                        measures.push(Measure { statements: id(), what: What::Waived(waiver.clone()) });
                    }
                    (None, None) => waiting.extend(id()),
                    (None, expired) => {
                        measures.push(Measure { statements: id(), what: What::Unattested(expired) });
                    }
                },
                Some(what) => measures.push(Measure { statements: id(), what }),
                None => {}
            }
            if let Some(waiver) = self.waiver_beside_controls(statement) {
                measures.push(Measure { statements: id(), what: What::StatementWaived(waiver.clone()) });
            }
            if let Some(missing) = &statement.missing {
                measures.push(Measure { statements: id(), what: What::Uncovered(missing.clone()) });
            }
        }
        if !waiting.is_empty() {
            measures.push(Measure { statements: waiting, what: What::Unattested(None) });
        }
        measures
    }

    /// The waiver of a statement that nothing but an attestation could show.
    fn waiver(&self, statement: &StatementResult) -> Option<&Waiver> {
        let (waivers, today) = (&self.source.declared.waivers, self.source.today);
        let is_manual = statement.controls.is_empty();
        let hosts = || self.hosts.iter().map(|host| host.host.as_str());
        waivers.iter().find(|waiver| is_manual && waiver.is_of_statement(&statement.id, today, hosts()))
    }

    /// The waiver of a statement that has controls and is not met, where those don't show it.
    fn waiver_beside_controls(&self, statement: &StatementResult) -> Option<&Waiver> {
        if statement.controls.is_empty() || statement.verdict.is_met() {
            return None;
        }
        let (waivers, today) = (&self.source.declared.waivers, self.source.today);
        let hosts = || self.hosts.iter().map(|host| host.host.as_str());
        let of_it = |waiver: &&Waiver| waiver.is_of_statement(&statement.id, today, hosts());
        let waiver = waivers.iter().find(of_it)?;
        let results = self.hosts.iter().flat_map(|host| statement.controls.iter().map(|id| host.result(id)));
        let short: Vec<_> = results.flatten().filter(|result| !result.outcome.is_met()).collect();
        let shows_one = !short.is_empty() && short.iter().all(|result| result.waiver.is_some());
        (!shows_one).then_some(waiver)
    }

    fn attested(&self, attested: &Attested) -> What {
        let at = |index: usize| self.source.declared.attestations.get(index).cloned();
        match attested {
            Attested::Valid(index) => at(*index).map_or(What::Unattested(None), What::Attested),
            Attested::Expired(index) | Attested::NotYet(index) => What::Unattested(at(*index)),
            Attested::No => What::Unattested(None),
        }
    }

    fn control(&self, id: &str) -> What {
        let mut found: Vec<Found> = Vec::new();
        for host in self.hosts {
            let new = self.found(host, id);
            let same =
                |f: &&mut Found| (f.outcome, &f.why, &f.waiver) == (new.outcome, &new.why, &new.waiver);
            match found.iter_mut().find(same) {
                Some(known) => known.hosts.extend(new.hosts),
                None => found.push(new),
            }
        }
        let title = self.source.pack.control(id).map_or_else(|| Text::both(id), |c| c.title.clone());
        What::Control { id: id.into(), title, found }
    }

    fn found(&self, host: &HostResult, control: &str) -> Found {
        let hosts = vec![host.host.clone()];
        match host.result(control) {
            Some(result) => {
                let waiver = result.waiver.and_then(|at| self.source.declared.waivers.get(at)).cloned();
                Found { outcome: result.outcome, why: result.why.clone(), waiver, hosts }
            }
            // An audit of some controls says nothing of the others.
            None => Found {
                outcome: Outcome::Error,
                why: match &host.error {
                    Some(error) => Text::both(error),
                    None => words::not_looked_at(),
                },
                waiver: None,
                hosts,
            },
        }
    }
}

#[cfg(test)]
mod tests;

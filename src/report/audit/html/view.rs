//! An audit as the page's template takes it.

use super::results::{self, Group};
use super::trend::{Point, Spark, spark};
use crate::compliance::audit::{
    Attested, Audit, ControlHead, HostResult, Outcome, RequirementResult, StatementResult, Verdict,
};
use crate::compliance::declared::{Attestation, Waiver};
use crate::compliance::{Lang, Level, Severity};
use crate::report::audit as words;
use serde::Serialize;
use std::collections::BTreeMap;

/// With so many hosts a cell still has room for its word.
const FEW: usize = 6;

#[derive(Serialize)]
pub struct Page<'a> {
    lang: &'static str,
    head: Head<'a>,
    /// Worst first.
    outcome_order: [Outcome; 9],
    outcomes: BTreeMap<Outcome, Sign>,
    verdict_order: [Verdict; 4],
    verdicts: BTreeMap<Verdict, Sign>,
    requirements: Vec<Requirement<'a>>,
    hosts: Vec<Host<'a>>,
    few: bool,
    controls: Vec<Control<'a>>,
    waivers: Vec<Waived<'a>>,
}

/// A word, the sign that stands for it where there is no room or no colour, and how often it came.
#[derive(Serialize)]
struct Sign {
    mark: &'static str,
    word: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Head<'a> {
    title: &'a str,
    pack: &'a str,
    version: &'a str,
    /// Over the pack's files; nothing of an older audit, or of a playbook.
    sha256: &'a str,
    organisation: &'a str,
    environment: &'a str,
    inventory: String,
    made: String,
    /// The time zone of attestations and waivers; nothing in an older audit.
    zone: &'a str,
    run: &'a str,
    harda: &'a str,
    is_compliant: bool,
    verdict: &'static str,
    /// The hosts that were left out; nothing where none was.
    part: String,
    requirements: Share,
    mandatory: Share,
    /// Results that pass, of those that count.
    results: Share,
    score: Option<u32>,
    scores: Option<Spark>,
    failing: Option<Spark>,
}

#[derive(Serialize)]
struct Share {
    part: usize,
    all: usize,
}

#[derive(Serialize)]
struct Requirement<'a> {
    id: &'a str,
    name: &'a str,
    verdict: Verdict,
    met: Share,
    /// How much of it was looked at, where that isn't all.
    part: String,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Statement<'a> {
    id: &'a str,
    text: &'a str,
    /// The policy's own word, or nothing.
    keyword: &'a str,
    is_mandatory: bool,
    verdict: Verdict,
    why: Vec<&'a str>,
    /// Those that this audit looked at can be gone to.
    controls: Vec<Served<'a>>,
    attested: &'static str,
    attestation: Option<Answer<'a>>,
    missing: &'a str,
}

/// Who answers for a statement.
#[derive(Serialize)]
struct Answer<'a> {
    text: &'a str,
    responsible: &'a str,
    date: String,
    valid_until: String,
    evidence: &'a str,
}

#[derive(Serialize)]
struct Waived<'a> {
    /// A control's id, or a statement's.
    what: &'a str,
    hosts: String,
    reason: &'a str,
    approver: &'a str,
    start: String,
    expires: String,
}

#[derive(Serialize)]
struct Served<'a> {
    id: &'a str,
    number: Option<usize>,
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    /// As a word for `--limit`.
    limit: String,
    system: &'a str,
    error: &'a str,
    score: Option<u32>,
    /// Without what is waived, where that differs.
    waived: Option<u32>,
    tally: BTreeMap<Outcome, usize>,
    scores: Option<Spark>,
}

#[derive(Serialize)]
struct Control<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    severity_word: &'static str,
    cis: &'a [String],
    statements: &'a [String],
    may_break: &'a str,
    tally: BTreeMap<Outcome, usize>,
    /// For each host the place of its group.
    cells: Vec<Option<usize>>,
    groups: Vec<Group<'a>>,
}

/// All of it.
pub fn page<'a>(audit: &'a Audit, earlier: &[Point], lang: Lang) -> Page<'a> {
    let outcomes = tally(audit.hosts.iter().flat_map(|host| host.results.iter().map(|r| r.outcome)));
    let verdicts = tally(audit.requirements.iter().map(|requirement| requirement.verdict));
    let mut points: Vec<&Point> = earlier.iter().collect();
    let now = Point::of(audit);
    points.push(&now);
    Page {
        lang: match lang {
            Lang::En => "en",
            Lang::Sv => "sv",
        },
        head: head(audit, &points, lang),
        outcome_order: Outcome::ALL,
        outcomes: signs(&Outcome::ALL, &outcomes, outcome_mark, |o| words::outcome(o, lang)),
        verdict_order: VERDICTS,
        verdicts: signs(&VERDICTS, &verdicts, verdict_mark, |v| words::verdict(v, lang)),
        requirements: audit.requirements.iter().map(|r| requirement(audit, r, lang)).collect(),
        hosts: audit.hosts.iter().map(|one| host(one, &points)).collect(),
        few: audit.hosts.len() <= FEW,
        controls: audit.controls.iter().enumerate().map(|(at, c)| control(audit, c, at, lang)).collect(),
        waivers: audit.waivers.iter().map(waived).collect(),
    }
}

const VERDICTS: [Verdict; 4] =
    [Verdict::NotFulfilled, Verdict::Partly, Verdict::Fulfilled, Verdict::NotApplicable];

fn outcome_mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Fail => "✗",
        Outcome::Waived => "~",
        Outcome::WaivedPass => "≈",
        Outcome::NotApplicable => "–",
        Outcome::Blocked => "⊘",
        Outcome::Error => "!",
        Outcome::AfterReboot => "↻",
        Outcome::NotAssessed => "?",
    }
}

fn verdict_mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fulfilled => "✓",
        Verdict::Partly => "◐",
        Verdict::NotFulfilled => "✗",
        Verdict::NotApplicable => "–",
    }
}

fn tally<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_insert(0) += 1;
    }
    counts
}

fn signs<T: Copy + Ord>(
    all: &[T],
    counts: &BTreeMap<T, usize>,
    mark: fn(T) -> &'static str,
    word: impl Fn(T) -> &'static str,
) -> BTreeMap<T, Sign> {
    let sign = |key: &T| {
        let count = counts.get(key).copied().unwrap_or(0);
        (*key, Sign { mark: mark(*key), word: word(*key), count })
    };
    all.iter().map(sign).collect()
}

fn share<T>(all: impl Iterator<Item = T>, test: impl Fn(&T) -> bool) -> Share {
    let mut share = Share { part: 0, all: 0 };
    for one in all {
        share.all += 1;
        share.part += usize::from(test(&one));
    }
    share
}

fn head<'a>(audit: &'a Audit, points: &[&Point], lang: Lang) -> Head<'a> {
    let outcomes = audit.hosts.iter().flat_map(|host| host.results.iter().map(|r| r.outcome));
    let counts = |outcome: &Outcome| !matches!(outcome, Outcome::NotApplicable | Outcome::NotAssessed);
    let mandatory = audit.statements().map(|(_, s)| s).filter(|s| s.level == Level::Mandatory);
    // Audits of other hosts, or of some of them, don't compare as a whole.
    let now = points.last().map(|point| &point.scores);
    let comparable = points.iter().filter(|point| now.is_some_and(|now| point.scores.keys().eq(now.keys())));
    let failing: Vec<usize> = comparable.clone().map(|point| point.failing).collect();
    let most = failing.iter().copied().max().unwrap_or(0);
    let means = comparable.filter_map(|point| Some(point.mean()? as usize));
    Head {
        title: audit.pack.title.say(lang),
        pack: &audit.pack.name,
        version: &audit.pack.version,
        sha256: audit.pack.sha256.as_deref().unwrap_or_default(),
        organisation: &audit.organisation,
        environment: &audit.environment,
        inventory: audit.inventory.join(", "),
        made: day_and_time(&audit.made),
        zone: &audit.zone,
        run: &audit.run,
        harda: &audit.harda,
        is_compliant: audit.is_compliant(),
        verdict: words::compliance(audit.is_compliant(), lang),
        part: match audit.hosts_left_out.as_slice() {
            [] => String::new(),
            hosts => crate::compliance::words::part_of_the_hosts(hosts).say(lang).to_string(),
        },
        requirements: share(audit.requirements.iter(), |r| r.verdict.is_met()),
        mandatory: share(mandatory, |s| s.verdict.is_met()),
        results: share(outcomes.filter(counts), |outcome| outcome.passes()),
        score: points.last().and_then(|point| point.mean()),
        scores: spark(means.collect(), 100),
        failing: spark(failing, most),
    }
}

/// `2026-11-25 08:44 UTC`.
fn day_and_time(made: &str) -> String {
    made.parse::<jiff::Timestamp>()
        .map_or_else(|_| made.to_string(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn requirement<'a>(audit: &'a Audit, requirement: &'a RequirementResult, lang: Lang) -> Requirement<'a> {
    Requirement {
        id: &requirement.id,
        name: requirement.name.say(lang),
        verdict: requirement.verdict,
        met: share(requirement.deciding(), |s| s.verdict.is_met()),
        part: words::part(requirement, lang).unwrap_or_default(),
        statements: requirement.statements.iter().map(|s| statement(audit, s, lang)).collect(),
    }
}

fn statement<'a>(audit: &'a Audit, statement: &'a StatementResult, lang: Lang) -> Statement<'a> {
    let (attested, at) = match statement.attested {
        None => ("", None),
        Some(Attested::No) => ("no", None),
        Some(Attested::Valid(at)) => ("valid", Some(at)),
        Some(Attested::Expired(at)) => ("expired", Some(at)),
        Some(Attested::NotYet(at)) => ("not_yet", Some(at)),
    };
    let served =
        |id: &'a String| Served { id, number: audit.controls.iter().position(|control| control.id == *id) };
    Statement {
        id: &statement.id,
        text: statement.text.say(lang),
        keyword: statement.keyword.as_deref().unwrap_or_default(),
        is_mandatory: statement.level == Level::Mandatory,
        verdict: statement.verdict,
        why: statement.why.iter().map(|why| why.say(lang)).collect(),
        controls: statement.controls.iter().map(served).collect(),
        attested,
        attestation: at.and_then(|at| audit.attestations.get(at)).map(answer),
        missing: statement.missing.as_ref().map(|missing| missing.say(lang)).unwrap_or_default(),
    }
}

fn answer(attestation: &Attestation) -> Answer<'_> {
    Answer {
        text: &attestation.text,
        responsible: &attestation.responsible,
        date: attestation.date.to_string(),
        valid_until: attestation.valid_until.to_string(),
        evidence: attestation.evidence.as_deref().unwrap_or_default(),
    }
}

fn waived(waiver: &Waiver) -> Waived<'_> {
    Waived {
        what: waiver.control.as_deref().or(waiver.statement.as_deref()).unwrap_or_default(),
        hosts: waiver.hosts.join(", "),
        reason: &waiver.reason,
        approver: &waiver.approver,
        start: waiver.start.to_string(),
        expires: waiver.expires.to_string(),
    }
}

fn host<'a>(host: &'a HostResult, points: &[&Point]) -> Host<'a> {
    let scores = points.iter().filter_map(|point| point.scores.get(&host.host));
    Host {
        name: &host.host,
        limit: words::word(&host.host),
        system: &host.system,
        error: host.error.as_deref().unwrap_or_default(),
        score: host.score.strict,
        waived: host.score.waived.filter(|_| host.score.waived != host.score.strict),
        tally: tally(host.results.iter().map(|r| r.outcome)),
        scores: spark(scores.map(|score| *score as usize).collect(), 100),
    }
}

fn control<'a>(audit: &'a Audit, control: &'a ControlHead, number: usize, lang: Lang) -> Control<'a> {
    let (groups, cells) = results::groups(audit, &control.id, number, lang);
    Control {
        id: &control.id,
        title: control.title.say(lang),
        severity: control.severity,
        severity_word: words::severity(control.severity, lang),
        cis: &control.cis,
        statements: &control.statements,
        may_break: control.may_break.as_ref().map(|text| text.say(lang)).unwrap_or_default(),
        tally: tally(cells.iter().flatten().map(|place| groups[*place].outcome)),
        cells,
        groups,
    }
}

//! What is better and what is worse than in an earlier audit.

use crate::compliance::Lang;
use crate::compliance::audit::{Audit, HostResult, Outcome, Verdict};
use crate::report::{Paint, safe_line};
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The form of [`Drift`].
const VERSION: u32 = 1;

/// What is otherwise than in an earlier audit, as `--format json` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Drift<'a> {
    pub version: u32,
    pub run: &'a str,
    pub made: &'a str,
    pub baseline: Baseline<'a>,
    pub compliant: bool,
    pub controls: Vec<Changed>,
    pub statements: Vec<ChangedStatement>,
    /// Hosts that only one of the audits is of. Where there are any, statements that rest on controls
    /// are not compared: they were judged over other hosts.
    pub hosts_only_before: Vec<&'a str>,
    pub hosts_only_now: Vec<&'a str>,
    /// Hosts whose name belongs to another machine by now.
    pub other_machines: Vec<OtherMachine<'a>>,
}

/// A host with another `/etc/machine-id` than in the earlier audit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherMachine<'a> {
    pub host: &'a str,
    pub before: &'a str,
    pub now: &'a str,
}

/// The earlier audit.
#[derive(Clone, Debug, Serialize)]
pub struct Baseline<'a> {
    pub run: &'a str,
    pub made: &'a str,
}

/// One control on one host that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    pub way: Way,
    pub host: String,
    pub control: String,
    /// `None`: it was not looked at.
    pub before: Option<Outcome>,
    pub now: Option<Outcome>,
}

/// A statement that is not as it was, also by an attestation that has run out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedStatement {
    pub way: Way,
    pub statement: String,
    pub before: Option<Verdict>,
    pub now: Option<Verdict>,
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Worse,
    /// It was not looked at before.
    New,
    Better,
    /// It is no longer there to be looked at.
    Gone,
    /// Another reason, no better and no worse.
    Other,
}

impl Way {
    fn of<T: Copy, R: Ord>(before: Option<T>, now: Option<T>, rank: impl Fn(T) -> R) -> Way {
        match (before.map(&rank), now.map(&rank)) {
            (None, _) => Way::New,
            (_, None) => Way::Gone,
            (Some(before), Some(now)) => match before.cmp(&now) {
                Ordering::Less => Way::Better,
                Ordering::Greater => Way::Worse,
                Ordering::Equal => Way::Other,
            },
        }
    }
}

/// How good an outcome is. Whether a control that is waived fails or is blocked is the same for this.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Error | Outcome::NotAssessed => 0,
        Outcome::Fail | Outcome::Blocked => 1,
        Outcome::Waived => 2,
        Outcome::AfterReboot => 3,
        Outcome::Pass | Outcome::WaivedPass | Outcome::NotApplicable => 4,
    }
}

/// All that differs, what is worse first, else in the order of the newer audit. What an audit leaves
/// out, controls or hosts, is not gone, and what the earlier one left out not new.
pub fn drift<'a>(before: &'a Audit, now: &'a Audit) -> Drift<'a> {
    let mut controls: Vec<Changed> = pairs(&outcomes(before), &outcomes(now))
        .into_iter()
        .map(|((host, control), before, now)| {
            let (host, control) = (host.to_string(), control.to_string());
            Changed { way: Way::of(before, now, rank), host, control, before, now }
        })
        .collect();
    // The verdicts stand from the worst to the best.
    let mut statements: Vec<ChangedStatement> = pairs(&verdicts(before), &verdicts(now))
        .into_iter()
        .map(|(id, before, now)| ChangedStatement {
            way: Way::of(before, now, |verdict| verdict),
            statement: id.to_string(),
            before,
            now,
        })
        .collect();
    let counts = |way: Way| match way {
        Way::New => !before.narrowed,
        Way::Gone => !now.narrowed,
        _ => true,
    };
    let left_out = |changed: &Changed| match changed.way {
        Way::New => before.hosts_left_out.contains(&changed.host),
        Way::Gone => now.hosts_left_out.contains(&changed.host),
        _ => false,
    };
    controls.retain(|changed| counts(changed.way) && !left_out(changed));
    let (hosts_only_before, hosts_only_now) = (only_in(before, now), only_in(now, before));
    let is_same = hosts_only_before.is_empty() && hosts_only_now.is_empty();
    let rests_on_hosts = |id: &str| {
        let all = before.statements().chain(now.statements());
        all.into_iter().any(|(_, s)| s.id == id && !s.controls.is_empty())
    };
    statements.retain(|changed| counts(changed.way) && (is_same || !rests_on_hosts(&changed.statement)));
    controls.sort_by_key(|changed| changed.way);
    statements.sort_by_key(|changed| changed.way);
    Drift {
        version: VERSION,
        run: &now.run,
        made: &now.made,
        baseline: Baseline { run: &before.run, made: &before.made },
        compliant: now.is_compliant(),
        controls,
        statements,
        hosts_only_before,
        hosts_only_now,
        other_machines: other_machines(before, now),
    }
}

/// The hosts of this audit that the other is not of.
fn only_in<'a>(this: &'a Audit, other: &Audit) -> Vec<&'a str> {
    let mine = this.hosts.iter().map(|host| host.host.as_str());
    mine.filter(|host| other.host(host).is_none()).collect()
}

/// What could not be asked for its machine-id is no other machine.
fn other_machines<'a>(before: &'a Audit, now: &'a Audit) -> Vec<OtherMachine<'a>> {
    let pair = |host: &'a HostResult| {
        let (was, is) = (before.host(&host.host)?.machine_id.as_str(), host.machine_id.as_str());
        let differs = !was.is_empty() && !is.is_empty() && was != is;
        differs.then_some(OtherMachine { host: &host.host, before: was, now: is })
    };
    now.hosts.iter().filter_map(pair).collect()
}

type Found<K, V> = Vec<(K, V)>;

fn outcomes(audit: &Audit) -> Found<(&str, &str), Outcome> {
    fn of_host(host: &HostResult) -> impl Iterator<Item = ((&str, &str), Outcome)> {
        host.results.iter().map(|r| ((host.host.as_str(), r.control.as_str()), r.outcome))
    }
    audit.hosts.iter().flat_map(of_host).collect()
}

fn verdicts(audit: &Audit) -> Found<&str, Verdict> {
    audit.statements().map(|(_, statement)| (statement.id.as_str(), statement.verdict)).collect()
}

/// What stands in one list, or otherwise in the other.
fn pairs<K: Copy + Ord, V: Copy + PartialEq>(
    before: &[(K, V)],
    now: &[(K, V)],
) -> Vec<(K, Option<V>, Option<V>)> {
    let then: BTreeMap<K, V> = before.iter().copied().collect();
    let here: BTreeMap<K, V> = now.iter().copied().collect();
    let of_now = now.iter().map(|(key, value)| (*key, then.get(key).copied(), Some(*value)));
    let gone = before.iter().filter(|(key, _)| !here.contains_key(key));
    let all = of_now.chain(gone.map(|(key, value)| (*key, Some(*value), None)));
    all.filter(|(_, before, now)| before != now).collect()
}

/// The page: what is worse first.
pub fn page(before: &Audit, now: &Audit, lang: Lang, color: bool) -> String {
    let paint = Paint::new(color);
    let drift = drift(before, now);
    let mut page = String::new();
    let since = lang.pick("sedan", "since");
    let _ = writeln!(page, "{since} {} ({} {}):", before.made, lang.pick("körning", "run"), before.run);
    let word = |o: Option<Outcome>| o.map_or(unseen(lang), |o| super::outcome(o, lang));
    for one in &drift.controls {
        let line = format!("{}  {}: {} -> {}", one.host, one.control, word(one.before), word(one.now));
        let _ = writeln!(page, "  {}  {}", mark(one.way, lang, &paint), safe_line(&line));
    }
    let word = |v: Option<Verdict>| v.map_or(unseen(lang), |v| super::verdict(v, lang));
    for one in &drift.statements {
        let line = format!("{}: {} -> {}", one.statement, word(one.before), word(one.now));
        let _ = writeln!(page, "  {}  {}", mark(one.way, lang, &paint), safe_line(&line));
    }
    for line in caveats(&drift, lang) {
        let _ = writeln!(page, "  {}", safe_line(&line));
    }
    if drift.controls.is_empty() && drift.statements.is_empty() {
        let _ = writeln!(page, "  {}", lang.pick("inget har ändrats", "nothing has changed"));
    }
    page
}

/// What a comparison can't say, and why.
fn caveats(drift: &Drift, lang: Lang) -> Vec<String> {
    let machine = |other: &OtherMachine| {
        let word = lang.pick("en annan maskin än då", "another machine than then");
        format!(
            "{}: {word} (machine-id {}, {} {})",
            other.host,
            other.now,
            lang.pick("var", "was"),
            other.before
        )
    };
    let mut lines: Vec<String> = drift.other_machines.iter().map(machine).collect();
    let only =
        |hosts: &[&str], word: &str| (!hosts.is_empty()).then(|| format!("{word} {}", hosts.join(", ")));
    let then = only(&drift.hosts_only_before, lang.pick("bara då:", "only then:"));
    let now = only(&drift.hosts_only_now, lang.pick("bara nu:", "only now:"));
    let hosts: Vec<String> = then.into_iter().chain(now).collect();
    if !hosts.is_empty() {
        let why = lang.pick(
            "påståenden som vilar på kontroller jämförs inte: värdarna är andra",
            "statements that rest on controls are not compared: the hosts are others",
        );
        lines.push(format!("{why} ({})", hosts.join("; ")));
    }
    lines
}

fn unseen(lang: Lang) -> &'static str {
    lang.pick("inte granskad", "not looked at")
}

fn mark(way: Way, lang: Lang, paint: &Paint) -> String {
    match way {
        Way::Worse => paint.bad(lang.pick("sämre ", "worse ")),
        Way::Better => paint.good(lang.pick("bättre", "better")),
        Way::New => lang.pick("ny    ", "new   ").to_string(),
        Way::Gone => lang.pick("borta ", "gone  ").to_string(),
        Way::Other => lang.pick("annat ", "other ").to_string(),
    }
}

/// What a remediation has made of each control that it was about.
pub fn remedied(before: &Audit, after: &Audit, lang: Lang, color: bool) -> String {
    let paint = Paint::new(color);
    let mut page = String::new();
    for host in &after.hosts {
        for result in &host.results {
            let was = before.host(&host.host).and_then(|h| h.result(&result.control)).map(|r| r.outcome);
            let word = |o: Option<Outcome>| o.map_or(unseen(lang), |o| super::outcome(o, lang));
            let now = word(Some(result.outcome));
            let now = if result.outcome.passes() { paint.good(now) } else { paint.bad(now) };
            let head = safe_line(&format!("{}  {}: {}", host.host, result.control, word(was)));
            let _ = writeln!(page, "  {head} -> {now}");
            if !result.why.is_empty() && !result.outcome.passes() {
                let _ = writeln!(page, "      {}", safe_line(result.why.say(lang)));
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_what_is_nearer_to_passing() {
        for (before, now, wanted) in [
            (Some(Outcome::Pass), Some(Outcome::Fail), Way::Worse),
            (Some(Outcome::Waived), Some(Outcome::Fail), Way::Worse),
            (Some(Outcome::Fail), Some(Outcome::Error), Way::Worse),
            (Some(Outcome::Fail), Some(Outcome::AfterReboot), Way::Better),
            (Some(Outcome::AfterReboot), Some(Outcome::Pass), Way::Better),
            (Some(Outcome::Fail), Some(Outcome::Blocked), Way::Other),
            (Some(Outcome::WaivedPass), Some(Outcome::Pass), Way::Other),
            (None, Some(Outcome::Fail), Way::New),
            (Some(Outcome::Fail), None, Way::Gone),
        ] {
            assert_eq!(Way::of(before, now, rank), wanted, "{before:?} -> {now:?}");
        }
    }

    /// The verdicts of fewer hosts are of those: what the others are short of is not put right.
    #[test]
    fn statements_over_other_hosts_are_not_compared() {
        let text = include_str!("../../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let before: Audit = serde_json::from_str(text).expect("an audit");
        let mut now = before.clone();
        let all = now.requirements.iter_mut().flat_map(|r| &mut r.statements);
        let mut statements = all.filter(|s| !s.controls.is_empty() && s.verdict != Verdict::Fulfilled);
        statements.next().expect("one that is short").verdict = Verdict::Fulfilled;
        assert_eq!(drift(&before, &now).statements.len(), 1);
        let gone = now.hosts.pop().expect("a host").host;
        now.hosts_left_out.push(gone.clone());
        assert_eq!(drift(&before, &now).statements, []);
        let page = page(&before, &now, Lang::En, false);
        assert!(page.contains(&format!("the hosts are others (only then: {gone})")), "{page}");
    }

    #[test]
    fn another_machine_of_the_same_name_is_told() {
        let text = include_str!("../../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut before: Audit = serde_json::from_str(text).expect("an audit");
        before.hosts[0].machine_id = "aa".into();
        let mut now = before.clone();
        assert_eq!(drift(&before, &now).other_machines, []);
        now.hosts[0].machine_id = "bb".into();
        let page = page(&before, &now, Lang::En, false);
        assert!(page.contains("another machine than then (machine-id bb, was aa)"), "{page}");
        now.hosts[0].machine_id.clear();
        assert_eq!(drift(&before, &now).other_machines, []);
    }
}

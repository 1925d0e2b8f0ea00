//! An audit on the terminal: each host's failing controls, then the requirements, then the verdict.

use super::finding;
use crate::compliance::audit::{
    Attested, Audit, ControlResult, HostResult, Outcome, RequirementResult, StatementResult, Verdict,
};
use crate::compliance::{Lang, words};
use crate::report::{Paint, count, safe_line};
use console::{measure_text_width, pad_str};
use std::fmt::Write;

/// Findings of one control before the rest is counted.
const FINDINGS: usize = 3;

/// How much is shown.
pub struct Settings {
    pub color: bool,
    pub verbose: bool,
    pub lang: Lang,
}

/// The whole page.
pub fn page(audit: &Audit, settings: &Settings) -> String {
    let paint = Paint::new(settings.color);
    let mut page = String::new();
    for host in &audit.hosts {
        page.push_str(&one_host(audit, host, settings, &paint));
        page.push('\n');
    }
    if !audit.requirements.is_empty() {
        page.push_str(&requirements(audit, settings, &paint));
        page.push('\n');
    }
    let has_days = !audit.attestations.is_empty() || !audit.waivers.is_empty();
    if has_days && !audit.zone.is_empty() {
        let days = words::days_of(&audit.zone);
        page.push_str(&paint.dim(safe_line(days.say(settings.lang))));
        page.push_str("\n\n");
    }
    page.push_str(&verdict(audit, settings, &paint));
    page
}

fn score(host: &HostResult, lang: Lang) -> String {
    let points = |points: Option<u32>| points.map_or_else(|| "-".to_string(), |points| points.to_string());
    let (strict, waived) = (points(host.score.strict), points(host.score.waived));
    let word = lang.pick("poäng", "score");
    match strict == waived {
        true => format!("{word} {strict}"),
        false => format!("{word} {strict} ({waived} {})", lang.pick("utan undantag", "without waived")),
    }
}

fn one_host(audit: &Audit, host: &HostResult, settings: &Settings, paint: &Paint) -> String {
    let mut page = String::new();
    let name = paint.hosts(safe_line(&host.host));
    if let Some(error) = &host.error {
        let _ = writeln!(
            page,
            "{name}  {}",
            paint.bad(settings.lang.pick("kunde inte granskas", "could not be audited"))
        );
        for line in error.lines() {
            let _ = writeln!(page, "  {}", safe_line(line));
        }
        return page;
    }
    let _ = writeln!(
        page,
        "{name}  {}  {}  {}",
        score(host, settings.lang),
        tally(host, settings.lang),
        paint.dim(safe_line(&host.system))
    );
    let width = host.results.iter().map(|r| measure_text_width(&r.control)).max().unwrap_or(0);
    let mut results: Vec<&ControlResult> = host.results.iter().filter(|r| shown(r, settings)).collect();
    let severity = |r: &ControlResult| audit.control(&r.control).map(|c| c.severity);
    let rank = |outcome: Outcome| Outcome::ALL.iter().position(|o| *o == outcome);
    results.sort_by(|a, b| (rank(a.outcome), severity(b)).cmp(&(rank(b.outcome), severity(a))));
    for result in results {
        page.push_str(&one_control(audit, host, result, width, settings, paint));
    }
    page
}

fn shown(result: &ControlResult, settings: &Settings) -> bool {
    settings.verbose || !matches!(result.outcome, Outcome::Pass | Outcome::NotApplicable)
}

/// `3 fail, 2 pass`: the numbers of each outcome, worst first.
fn tally(host: &HostResult, lang: Lang) -> String {
    let number = |outcome: Outcome| host.results.iter().filter(|r| r.outcome == outcome).count();
    let parts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| number(*outcome) > 0)
        .map(|outcome| format!("{} {}", number(outcome), super::outcome(outcome, lang)))
        .collect();
    parts.join(", ")
}

fn one_control(
    audit: &Audit,
    host: &HostResult,
    result: &ControlResult,
    width: usize,
    settings: &Settings,
    paint: &Paint,
) -> String {
    let mut page = String::new();
    let head = audit.control(&result.control);
    let name = pad_str(&result.control, width, console::Alignment::Left, None).into_owned();
    let word = painted(result.outcome, settings.lang, paint);
    let severity = head.map(|c| super::severity(c.severity, settings.lang)).unwrap_or_default();
    let title = head.map(|c| c.title.say(settings.lang).to_string()).unwrap_or_default();
    let _ = writeln!(page, "  {}  {word}  {}  {}", safe_line(&name), paint.dim(severity), safe_line(&title));
    for line in reasons(audit, result, settings) {
        let _ = writeln!(page, "      {}", safe_line(&line));
    }
    if result.outcome.fails() && !settings.verbose && result.findings.len() > FINDINGS {
        let more = result.findings.len() - FINDINGS;
        let more = settings
            .lang
            .pick(format!("och {more} fynd till"), format!("and {} more", count(more, "finding")));
        let _ = writeln!(
            page,
            "      ... {more}: harda why {} {} --from {}",
            safe_line(&host.host),
            result.control,
            audit.run
        );
    }
    page
}

fn painted(outcome: Outcome, lang: Lang, paint: &Paint) -> String {
    let word = super::outcome(outcome, lang);
    match outcome {
        Outcome::Pass => paint.good(word),
        Outcome::Fail | Outcome::Blocked | Outcome::Error => paint.bad(word),
        Outcome::NotApplicable => paint.dim(word),
        _ => paint.change(word),
    }
}

fn reasons(audit: &Audit, result: &ControlResult, settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(waiver) = result.waiver.and_then(|at| audit.waivers.get(at)) {
        lines.push(waiver.line(settings.lang));
    }
    let why = result.why.say(settings.lang);
    if !why.is_empty() {
        lines.extend(why.lines().map(String::from));
    }
    let told = |line: &String| why.is_empty() || !line.contains(why);
    let lang = settings.lang;
    match settings.verbose {
        true => lines.extend(result.findings.iter().flat_map(|f| finding::lines(f, lang)).filter(told)),
        false => {
            lines.extend(result.findings.iter().take(FINDINGS).map(|f| finding::line(f, lang)).filter(told))
        }
    }
    lines
}

/// A line for each requirement; its statements where more is asked for.
fn requirements(audit: &Audit, settings: &Settings, paint: &Paint) -> String {
    let mut page = String::new();
    for requirement in &audit.requirements {
        let _ = writeln!(page, "{}", requirement_line(requirement, settings, paint));
        if settings.verbose {
            requirement.statements.iter().for_each(|s| page.push_str(&statement(audit, s, settings, paint)));
        }
    }
    let lang = settings.lang;
    let nobody = lang.pick("manuella: ingen intygar", "manual: nobody attests to");
    page.push_str(&waiting(audit, nobody, |attested| *attested == Attested::No));
    let today = lang.pick(
        "manuella: intyget gäller inte den dagen för",
        "manual: an attestation didn't count that day for",
    );
    let is_of_another_day = |a: &Attested| matches!(a, Attested::NotYet(_) | Attested::Expired(_));
    page.push_str(&waiting(audit, today, is_of_another_day));
    page
}

/// The statements whose attestation is such, in a line.
fn waiting(audit: &Audit, what: &str, is_such: impl Fn(&Attested) -> bool) -> String {
    let such = audit.statements().filter(|(_, s)| s.attested.as_ref().is_some_and(&is_such));
    let ids: Vec<&str> = such.map(|(_, s)| s.id.as_str()).collect();
    if ids.is_empty() { String::new() } else { format!("{what} {}\n", ids.join(", ")) }
}

fn statement(audit: &Audit, statement: &StatementResult, settings: &Settings, paint: &Paint) -> String {
    let keyword = statement.keyword.as_deref().unwrap_or("-");
    let word = painted_verdict(statement.verdict, settings.lang, paint);
    let text = safe_line(statement.text.say(settings.lang));
    let mut page = format!("    {:<7} {word}  {}  {text}\n", statement.id, paint.dim(keyword));
    if let Some(Attested::Valid(at)) = statement.attested
        && let Some(attestation) = audit.attestations.get(at)
    {
        let _ = writeln!(page, "            {}", safe_line(&attestation.line(settings.lang)));
    }
    for why in &statement.why {
        let _ = writeln!(page, "            {}", safe_line(why.say(settings.lang)));
    }
    page
}

/// How many of the statements that decide are met.
fn requirement_line(requirement: &RequirementResult, settings: &Settings, paint: &Paint) -> String {
    let word = painted_verdict(requirement.verdict, settings.lang, paint);
    let met = |s: &&&StatementResult| s.verdict.is_met();
    let deciding: Vec<&StatementResult> = requirement.deciding().collect();
    let (met, all) = (deciding.iter().filter(met).count(), deciding.len());
    let name = safe_line(requirement.name.say(settings.lang));
    let part = super::part(requirement, settings.lang).map(|part| format!("  ({part})")).unwrap_or_default();
    format!("{}  {word} {met}/{all}  {name}{part}", requirement.id)
}

fn painted_verdict(verdict: Verdict, lang: Lang, paint: &Paint) -> String {
    let word = super::verdict(verdict, lang);
    match verdict {
        Verdict::Fulfilled => paint.good(word),
        Verdict::Partly => paint.change(word),
        Verdict::NotFulfilled => paint.bad(word),
        Verdict::NotApplicable => paint.dim(word),
    }
}

fn verdict(audit: &Audit, settings: &Settings, paint: &Paint) -> String {
    let fulfilled = audit.requirements.iter().filter(|r| r.verdict.is_met()).count();
    let compliant = audit.is_compliant();
    let word = super::compliance(compliant, settings.lang);
    let word = if compliant { paint.good(word) } else { paint.bad(word) };
    let narrowed = match !audit.is_whole() {
        true => settings.lang.pick(" i det som granskades", " in what was looked at"),
        false => "",
    };
    let of = match (audit.requirements.len(), settings.lang) {
        (0, _) => String::new(),
        (all, Lang::En) => format!(", {fulfilled} of {all} requirements fulfilled"),
        (all, Lang::Sv) => format!(", {fulfilled} av {all} krav uppfyllda"),
    };
    let part = match audit.hosts_left_out.as_slice() {
        [] => String::new(),
        hosts => safe_line(words::part_of_the_hosts(hosts).say(settings.lang)) + "\n",
    };
    // A playbook has no version.
    let policy = format!("{} {}", audit.pack.name, audit.pack.version);
    let policy = safe_line(policy.trim_end());
    let digest = match (&audit.pack.sha256, settings.verbose) {
        (Some(sum), true) => format!("{policy}: SHA-256 {}\n", safe_line(sum)),
        _ => String::new(),
    };
    format!("{part}{digest}{policy}: {word}{narrowed}{of}; run {}\n", audit.run)
}

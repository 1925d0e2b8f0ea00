//! The first look at a server: its score, the worst findings, and the command that fixes each.

use super::{finding, word};
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, ControlResult, HostResult, Outcome};
use crate::report::{Paint, safe_line, safe_long_line};
use std::fmt::Write;

/// Findings that are shown.
const SHOWN: usize = 5;

/// The page; `again` is the command that looks at the same server once more.
pub fn page(audit: &Audit, again: &str, lang: Lang, color: bool) -> String {
    let paint = Paint::new(color);
    let mut page = String::new();
    for host in &audit.hosts {
        page.push_str(&one_host(audit, host, again, lang, &paint));
    }
    page
}

fn one_host(audit: &Audit, host: &HostResult, again: &str, lang: Lang, paint: &Paint) -> String {
    let mut page = String::new();
    let name = paint.hosts(safe_line(&host.host));
    if let Some(error) = &host.error {
        let _ = writeln!(
            page,
            "{name}  {}: {}",
            paint.bad(lang.pick("kunde inte granskas", "could not be looked at")),
            safe_line(error)
        );
        return page;
    }
    let score = host.score.strict.map_or_else(|| "-".into(), |points| points.to_string());
    let of = lang.pick("av", "of");
    let _ =
        writeln!(page, "{name}  {} {of} 100  {}", paint.strong(score), paint.dim(safe_line(&host.system)));
    let mut failing: Vec<&ControlResult> = host.results.iter().filter(|r| r.outcome.fails()).collect();
    failing.sort_by_key(|r| std::cmp::Reverse(audit.control(&r.control).map(|c| c.severity)));
    for result in failing.iter().take(SHOWN) {
        page.push_str(&one_control(audit, &host.host, result, again, lang, paint));
    }
    if failing.len() > SHOWN {
        let more = failing.len() - SHOWN;
        let more = lang.pick(format!("och {more} till"), format!("and {more} more"));
        let _ = writeln!(page, "\n  {more}: harda runs show {}", audit.run);
    }
    page.push_str(&not_assessed(host, lang));
    // As the score has it: what doesn't apply, or isn't assessed, is in neither number.
    let counts = |r: &&ControlResult| !matches!(r.outcome, Outcome::NotApplicable | Outcome::NotAssessed);
    let counted = host.results.iter().filter(counts);
    let passing = counted.clone().filter(|r| r.outcome.passes()).count();
    let pass = lang.pick("kontroller är uppfyllda", "controls pass");
    let _ = writeln!(page, "\n  {passing} {of} {} {pass}", counted.count());
    page
}

fn one_control(
    audit: &Audit,
    host: &str,
    result: &ControlResult,
    again: &str,
    lang: Lang,
    paint: &Paint,
) -> String {
    let mut page = String::new();
    let head = audit.control(&result.control);
    let severity = head.map(|c| super::severity(c.severity, lang)).unwrap_or_default();
    let title = head.map(|c| c.title.say(lang)).unwrap_or_default();
    let word = paint.bad(super::outcome(result.outcome, lang));
    let _ = writeln!(page, "\n  {word}  {}  {}", paint.dim(severity), safe_line(title));
    match (result.why.say(lang).lines().next(), result.findings.first()) {
        (Some(why), _) => {
            let _ = writeln!(page, "    {}", safe_line(why));
        }
        (None, Some(first)) => {
            let _ = writeln!(page, "    {}", safe_line(&finding::line(first, lang)));
        }
        (None, None) => {}
    }
    let (what, command) = match result.outcome {
        // There is nothing that harda would change.
        Outcome::Fail if result.is_only_found() => (
            lang.pick(
                "åtgärda för hand eller deklarera, sedan:",
                "put it right by hand or declare it, then:",
            ),
            again.to_string(),
        ),
        Outcome::Fail => (lang.pick("åtgärd:", "fix:"), super::remediate(audit, &result.control)),
        // Applying it would break what runs there: that comes first, and is no command of harda's.
        Outcome::Blocked => {
            (lang.pick("när hindret är borta:", "once that is out of the way:"), again.to_string())
        }
        _ => (lang.pick("orsak:", "why:"), why(audit, host, &result.control)),
    };
    let _ = writeln!(page, "    {} {}", paint.good(what), safe_long_line(&command));
    page
}

fn why(audit: &Audit, host: &str, control: &str) -> String {
    format!("harda why {} {} --from {}", word(host), word(control), word(&audit.run))
}

/// Controls that wait for a value of the site, by what has to be declared.
fn not_assessed(host: &HostResult, lang: Lang) -> String {
    let mut page = String::new();
    for result in host.results.iter().filter(|r| r.outcome == Outcome::NotAssessed) {
        let word = super::outcome(result.outcome, lang);
        let _ = writeln!(page, "\n  {}: {word}: {}", result.control, safe_line(result.why.say(lang)));
    }
    page
}

//! Why a control is as it is on a host, on one screen: from the requirement to what the host
//! answered.

use super::finding;
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, ControlResult, HostResult, TaskEvidence};
use crate::record::Evidence;
use crate::report::text::short;
use crate::report::{Paint, safe_long_line};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Longest answer that is shown whole.
const ANSWER: usize = 600;

/// Lines of each part of the page, unless all is asked for: together they fit a screen.
const STATEMENTS: usize = 5;
const HEAD: usize = 7;
const FINDINGS: usize = 6;
const EVIDENCE: usize = 6;

/// Longest line of such a page.
const WIDTH: usize = 110;

/// How much is shown.
pub struct Settings {
    pub color: bool,
    /// All findings with their diffs, all that was asked, and the answers.
    pub verbose: bool,
    pub lang: Lang,
}

/// The page; `None` where the audit knows no such host or control.
pub fn page(audit: &Audit, host: &str, control: &str, settings: &Settings) -> Option<String> {
    let (paint, lang) = (Paint::new(settings.color), settings.lang);
    let host = audit.host(host)?;
    let result = host.result(control)?;
    let parts = [
        (statements(audit, control, lang), STATEMENTS),
        (head(audit, host, result, lang), HEAD),
        (findings(result, settings), FINDINGS),
        (evidence(result), EVIDENCE),
    ];
    let mut page = String::new();
    for (part, (lines, most)) in parts.into_iter().enumerate() {
        let cut = if settings.verbose || lines.len() <= most { lines.len() } else { most - 1 };
        for line in &lines[..cut] {
            let shown = if settings.verbose { line.clone() } else { short(line, WIDTH) };
            // The outcome on this host is what the page is about.
            let shown = safe_long_line(&shown);
            let is_verdict = part == 1 && line.starts_with(&host.host);
            let _ = writeln!(page, "{}", if is_verdict { paint.strong(shown) } else { shown });
        }
        if cut < lines.len() {
            let more = lines.len() - cut;
            let said = lang.pick(format!("... {more} rader till: -v"), format!("... {more} lines more: -v"));
            let _ = writeln!(page, "  {}", paint.dim(said));
        }
    }
    Some(page)
}

/// Each requirement once, with the statements that the control serves.
fn statements(audit: &Audit, control: &str, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    for requirement in &audit.requirements {
        let mut served =
            requirement.statements.iter().filter(|s| s.controls.iter().any(|c| c == control)).peekable();
        if served.peek().is_some() {
            let part = super::part(requirement, lang).map(|part| format!(" ({part})")).unwrap_or_default();
            let verdict = super::verdict(requirement.verdict, lang);
            lines.push(format!("{} {}: {verdict}{part}", requirement.id, requirement.name.say(lang)));
        }
        for statement in served {
            let keyword = statement.keyword.as_deref().unwrap_or("-");
            let verdict = super::verdict(statement.verdict, lang);
            lines.push(format!("  {} ({keyword}) {verdict}: {}", statement.id, statement.text.say(lang)));
        }
    }
    lines
}

fn head(audit: &Audit, host: &HostResult, result: &ControlResult, lang: Lang) -> Vec<String> {
    let control = audit.control(&result.control);
    let title = control.map(|c| c.title.say(lang)).unwrap_or_default();
    let severity = control.map(|c| super::severity(c.severity, lang)).unwrap_or_default();
    let mut lines = vec![format!("{} ({severity}) {title}", result.control)];
    let cis = control.map(|c| c.cis.join(", ")).unwrap_or_default();
    if !cis.is_empty() {
        lines.push(format!("  CIS {cis}"));
    }
    if let Some(may_break) = control.and_then(|c| c.may_break.as_ref()) {
        lines.push(format!("  {}: {}", lang.pick("kan störa", "may break"), may_break.say(lang)));
    }
    let (outcome, run) = (super::outcome(result.outcome, lang), lang.pick("körning", "run"));
    lines.push(format!("{}: {outcome}, {} ({run} {})", host.host, audit.made, audit.run));
    let waiver = result.waiver.and_then(|at| audit.waivers.get(at));
    lines.extend(waiver.map(|waiver| format!("  {}", waiver.line(lang))));
    lines.extend(result.why.say(lang).lines().map(|line| format!("  {line}")));
    lines
}

/// Each task once, with what it found; the diffs only where all is asked for.
fn findings(result: &ControlResult, settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    let mut told = None;
    for finding in &result.findings {
        let task = format!("  {}  {}", finding.task, finding.place);
        if told.as_ref() != Some(&task) {
            lines.push(task.clone());
            told = Some(task);
        }
        let mut of_one = finding::lines(finding, settings.lang);
        if !settings.verbose {
            // The lines of a diff are indented.
            of_one.retain(|line| !line.starts_with("  "));
        }
        lines.extend(of_one.into_iter().map(|line| format!("    {line}")));
    }
    lines
}

/// What the host was asked and answered, each question once: first of the tasks that found something.
fn evidence(result: &ControlResult) -> Vec<String> {
    let mut lines = Vec::new();
    let mut asked = BTreeSet::new();
    let has_found = |task: &&TaskEvidence| result.findings.iter().any(|finding| finding.place == task.place);
    let (first, others): (Vec<_>, Vec<_>) = result.evidence.iter().partition(has_found);
    for task in first.into_iter().chain(others) {
        let new: Vec<&Evidence> =
            task.asked.iter().filter(|e| asked.insert((e.asked.as_str(), e.told.as_str()))).collect();
        if !new.is_empty() {
            lines.push(format!("  {}  {}", task.task, task.place));
        }
        for evidence in new {
            let told: String = evidence.told.chars().take(ANSWER).collect();
            let cut = if told.len() < evidence.told.len() { " ..." } else { "" };
            lines.push(format!("    asked  {}", evidence.asked));
            lines.push(format!("    told   {told}{cut}"));
        }
    }
    lines
}

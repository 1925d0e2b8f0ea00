//! An audit as an XCCDF 1.2 document, for what collects the results of scanners: a benchmark whose
//! groups are the requirements and whose rules are the controls, and a test's result for each host.
//!
//! What the standard has no word for is said in a result's message: a control that is blocked or waits
//! for a reboot has failed, and so has one that is waived, since a waiver is never a pass. A waiver is
//! no `override`: the standard's rules, as OpenSCAP checks them, want one on every result of a host or
//! on none.

use super::xml::{self, Xml, safe};
use super::{finding, outcome};
use crate::compliance::audit::{Audit, ControlHead, ControlResult, HostResult, Outcome, RequirementResult};
use crate::compliance::{Lang, Severity};
use std::io;

const NAMESPACE: &str = "http://checklists.nist.gov/xccdf/1.2";

pub fn bytes(audit: &Audit, lang: Lang) -> io::Result<Vec<u8>> {
    xml::document(|xml| {
        xml.create_element("Benchmark")
            .with_attributes([
                ("xmlns", NAMESPACE),
                ("id", id("benchmark", &audit.pack.name).as_str()),
                ("resolved", "true"),
                ("xml:lang", code(lang)),
            ])
            .write_inner_content(|xml| benchmark(xml, audit, lang))?;
        Ok(())
    })
}

fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Sv => "sv",
    }
}

/// An identifier of the standard's form, the same for the same name.
fn id(kind: &str, name: &str) -> String {
    let mut id = format!("xccdf_harda_{kind}_");
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') => id.push(c),
            c => id.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    id
}

fn benchmark(xml: &mut Xml, audit: &Audit, lang: Lang) -> io::Result<()> {
    let day = audit.made.get(..10).unwrap_or(&audit.made);
    xml::text(xml, "status", &[("date", day)], "accepted")?;
    xml::text(xml, "title", &[], audit.pack.title.say(lang))?;
    xml::text(xml, "description", &[], &about(audit))?;
    let version = if audit.pack.version.is_empty() { "0" } else { &audit.pack.version };
    xml::text(xml, "version", &[], version)?;
    for requirement in &audit.requirements {
        xml.create_element("Group")
            .with_attribute(("id", id("group", &requirement.id).as_str()))
            .write_inner_content(|xml| group(xml, audit, requirement, lang))?;
    }
    let alone = audit.controls.iter().filter(|control| home(audit, control).is_none());
    alone.into_iter().try_for_each(|control| rule(xml, audit, control, lang))?;
    audit.hosts.iter().try_for_each(|host| test_result(xml, audit, host, lang))
}

/// Whose hosts they are.
fn about(audit: &Audit) -> String {
    let words = [audit.organisation.as_str(), &audit.environment, &audit.inventory.join(", ")];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The requirement that a control is listed under: the first that it serves.
fn home<'a>(audit: &'a Audit, control: &ControlHead) -> Option<&'a RequirementResult> {
    let serves = |r: &&RequirementResult| r.statements.iter().any(|s| s.controls.contains(&control.id));
    audit.requirements.iter().find(serves)
}

fn group(xml: &mut Xml, audit: &Audit, requirement: &RequirementResult, lang: Lang) -> io::Result<()> {
    let title = format!("{} {}", requirement.id, requirement.name.say(lang));
    xml::text(xml, "title", &[], &title)?;
    let statement = |s: &crate::compliance::audit::StatementResult| {
        format!("{} {} {}", s.id, s.keyword.as_deref().unwrap_or("-"), s.text.say(lang))
    };
    let statements: Vec<String> = requirement.statements.iter().map(statement).collect();
    xml::text(xml, "description", &[], &statements.join("\n"))?;
    let mine = |control: &&ControlHead| home(audit, control).is_some_and(|r| r.id == requirement.id);
    audit.controls.iter().filter(mine).try_for_each(|control| rule(xml, audit, control, lang))
}

fn rule(xml: &mut Xml, audit: &Audit, control: &ControlHead, lang: Lang) -> io::Result<()> {
    xml.create_element("Rule")
        .with_attributes([
            ("id", id("rule", &control.id).as_str()),
            ("severity", severity(control.severity)),
            ("weight", control.severity.weight().to_string().as_str()),
        ])
        .write_inner_content(|xml| {
            xml::text(xml, "title", &[], control.title.say(lang))?;
            if let Some(may_break) = &control.may_break {
                xml::text(xml, "warning", &[("category", "functionality")], may_break.say(lang))?;
            }
            for statement in &control.statements {
                xml::text(xml, "reference", &[], &format!("{} {statement}", audit.pack.name))?;
            }
            for section in &control.cis {
                xml::text(xml, "reference", &[], &format!("CIS Debian 12 {section}"))?;
            }
            check(xml)
        })?;
    Ok(())
}

/// The standard knows nothing worse than high; the rule's weight does.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High | Severity::Critical => "high",
    }
}

fn test_result(xml: &mut Xml, audit: &Audit, host: &HostResult, lang: Lang) -> io::Result<()> {
    xml.create_element("TestResult")
        .with_attributes([
            ("id", id("testresult", &format!("{}.{}", audit.run, host.host)).as_str()),
            ("end-time", audit.made.as_str()),
            ("test-system", safe(&format!("harda {}", audit.harda)).as_str()),
            ("version", safe(&audit.pack.version).as_str()),
        ])
        .write_inner_content(|xml| {
            if let Some(error) = &host.error {
                xml::text(xml, "remark", &[], error)?;
            }
            if !audit.organisation.is_empty() {
                xml::text(xml, "organization", &[], &audit.organisation)?;
            }
            xml::text(xml, "target", &[], &host.host)?;
            facts(xml, host)?;
            host.results.iter().try_for_each(|result| rule_result(xml, audit, result, lang))?;
            // The standard wants a number even where nothing counts.
            let score = host.score.strict.unwrap_or(0).to_string();
            xml::text(xml, "score", &[("system", "urn:harda:score"), ("maximum", "100")], &score)
        })?;
    Ok(())
}

fn facts(xml: &mut Xml, host: &HostResult) -> io::Result<()> {
    let known = [
        ("urn:xccdf:fact:asset:identifier:host_name", &host.host),
        ("urn:harda:fact:machine-id", &host.machine_id),
        ("urn:harda:fact:system", &host.system),
    ];
    xml.create_element("target-facts").write_inner_content(|xml| {
        let said = known.iter().filter(|(_, value)| !value.is_empty());
        said.into_iter().try_for_each(|(name, value)| {
            xml::text(xml, "fact", &[("name", name), ("type", "string")], value)
        })
    })?;
    Ok(())
}

fn rule_result(xml: &mut Xml, audit: &Audit, result: &ControlResult, lang: Lang) -> io::Result<()> {
    let control = audit.control(&result.control);
    let severity = control.map_or("unknown", |control| severity(control.severity));
    xml.create_element("rule-result")
        .with_attributes([
            ("idref", id("rule", &result.control).as_str()),
            ("time", audit.made.as_str()),
            ("severity", severity),
        ])
        .write_inner_content(|xml| {
            xml::text(xml, "result", &[], standard(result.outcome))?;
            messages(audit, result, lang)
                .iter()
                .try_for_each(|(level, line)| xml::text(xml, "message", &[("severity", level)], line))?;
            check(xml)
        })?;
    Ok(())
}

/// The standard's word for an outcome.
fn standard(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass | Outcome::WaivedPass => "pass",
        Outcome::Fail | Outcome::Waived | Outcome::Blocked | Outcome::AfterReboot => "fail",
        Outcome::Error => "error",
        Outcome::NotApplicable => "notapplicable",
        Outcome::NotAssessed => "notchecked",
    }
}

/// Who looked: the control's tasks, which are no content that another scanner could run.
fn check(xml: &mut Xml) -> io::Result<()> {
    xml.create_element("check").with_attribute(("system", "urn:harda:control")).write_empty()?;
    Ok(())
}

/// harda's own word where it says more, the waiver, the reason, and what was found.
fn messages(audit: &Audit, result: &ControlResult, lang: Lang) -> Vec<(&'static str, String)> {
    let level = if result.outcome == Outcome::Error { "error" } else { "info" };
    let plain = matches!(result.outcome, Outcome::Pass | Outcome::Fail | Outcome::Error);
    let word = (!plain).then(|| outcome(result.outcome, lang).to_string());
    let waiver = result.waiver.and_then(|at| audit.waivers.get(at)).map(|waiver| waiver.line(lang));
    let why = (!result.why.is_empty()).then(|| result.why.say(lang).to_string());
    let found = result.findings.iter().map(|finding| finding::lines(finding, lang).join("\n"));
    let said = word.into_iter().chain(waiver).chain(why).map(|line| (level, line));
    said.chain(found.map(|line| ("info", line))).collect()
}

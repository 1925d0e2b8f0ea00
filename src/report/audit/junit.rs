//! An audit as JUnit XML, for what shows tests: one suite a host, one case a control.

use super::finding;
use super::xml::{self, Xml, safe};
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, ControlResult, HostResult, Outcome};
use quick_xml::events::BytesText;
use std::io;

pub fn bytes(audit: &Audit, lang: Lang) -> io::Result<Vec<u8>> {
    xml::document(|xml| {
        xml.create_element("testsuites")
            .with_attribute(("name", safe(&audit.pack.name).as_str()))
            .write_inner_content(|xml| {
                audit.hosts.iter().try_for_each(|host| suite(xml, audit, host, lang))
            })?;
        Ok(())
    })
}

fn suite(xml: &mut Xml, audit: &Audit, host: &HostResult, lang: Lang) -> io::Result<()> {
    let count =
        |test: &dyn Fn(Outcome) -> bool| host.results.iter().filter(|r| test(r.outcome)).count().to_string();
    xml.create_element("testsuite")
        .with_attributes([
            ("name", safe(&host.host).as_str()),
            ("tests", host.results.len().to_string().as_str()),
            ("failures", count(&is_failure).as_str()),
            ("errors", count(&|o| o == Outcome::Error).as_str()),
            ("skipped", count(&is_skipped).as_str()),
            ("timestamp", audit.made.trim_end_matches('Z')),
        ])
        .write_inner_content(|xml| host.results.iter().try_for_each(|r| case(xml, audit, host, r, lang)))?;
    Ok(())
}

fn is_failure(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Fail | Outcome::Blocked | Outcome::AfterReboot)
}

fn is_skipped(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NotApplicable | Outcome::NotAssessed | Outcome::Waived)
}

fn case(
    xml: &mut Xml,
    audit: &Audit,
    host: &HostResult,
    result: &ControlResult,
    lang: Lang,
) -> io::Result<()> {
    let class = safe(&format!("{}.{}", audit.pack.name, host.host));
    let element = xml
        .create_element("testcase")
        .with_attributes([("classname", class.as_str()), ("name", safe(&result.control).as_str())]);
    let tag = match result.outcome {
        outcome if is_failure(outcome) => "failure",
        Outcome::Error => "error",
        outcome if is_skipped(outcome) => "skipped",
        _ => {
            element.write_empty()?;
            return Ok(());
        }
    };
    let message = safe(&format!("{} {}", super::outcome(result.outcome, lang), result.why.say(lang)));
    let lines: Vec<String> = result.findings.iter().flat_map(|f| finding::lines(f, lang)).collect();
    element.write_inner_content(|xml| {
        let inner = xml.create_element(tag).with_attribute(("message", message.trim()));
        match tag {
            // The schema gives these no text.
            "skipped" => inner.write_empty()?,
            tag => inner
                .with_attribute(("type", tag))
                .write_text_content(BytesText::new(&safe(&lines.join("\n"))))?,
        };
        Ok(())
    })?;
    Ok(())
}

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
    if let (Some(error), true) = (&host.error, host.results.is_empty()) {
        return not_audited(xml, audit, host, error);
    }
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

/// A host of which nothing is known is an error, and not a suite without a test.
fn not_audited(xml: &mut Xml, audit: &Audit, host: &HostResult, error: &str) -> io::Result<()> {
    let class = safe(&format!("{}.{}", audit.pack.name, host.host));
    xml.create_element("testsuite")
        .with_attributes([
            ("name", safe(&host.host).as_str()),
            ("tests", "1"),
            ("failures", "0"),
            ("errors", "1"),
            ("skipped", "0"),
            ("timestamp", audit.made.trim_end_matches('Z')),
        ])
        .write_inner_content(|xml| {
            xml.create_element("testcase")
                .with_attributes([("classname", class.as_str()), ("name", "audit")])
                .write_inner_content(|xml| {
                    let inner = xml.create_element("error");
                    inner
                        .with_attributes([("message", safe(error).as_str()), ("type", "error")])
                        .write_empty()?;
                    Ok(())
                })?;
            Ok(())
        })?;
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
    let waiver = result.waiver.and_then(|at| audit.waivers.get(at)).map(|waiver| waiver.line(lang));
    let words = [super::outcome(result.outcome, lang), result.why.say(lang), &waiver.unwrap_or_default()];
    let message = safe(&words.join(" "));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn page(change: impl FnOnce(&mut Audit)) -> String {
        let text = include_str!("../../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut audit: Audit = serde_json::from_str(text).expect("an audit");
        change(&mut audit);
        String::from_utf8(bytes(&audit, Lang::En).expect("written")).expect("text")
    }

    #[test]
    fn a_host_of_which_nothing_is_known_is_an_error() {
        let page = page(|audit| {
            audit.hosts.truncate(1);
            audit.hosts[0].results.clear();
            audit.hosts[0].error = Some("no route to host".into());
        });
        assert!(page.contains(r#"tests="1" failures="0" errors="1""#), "{page}");
        assert!(page.contains(r#"<error message="no route to host""#), "{page}");
    }

    #[test]
    fn what_is_waived_is_skipped_with_the_reason() {
        let page = page(|_| {});
        let waived = page.lines().find(|line| line.contains("<skipped message=\"waived"));
        assert!(waived.is_some_and(|line| line.contains("approved by")), "{page}");
    }
}

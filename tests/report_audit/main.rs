//! The reports of an audit that other programs open: the page, and XCCDF. What a browser makes of the
//! page is in `report_docs`.

mod pages;
mod sample;
mod tags;

use harda::compliance::Lang;
use harda::compliance::audit::{Audit, HostResult, Outcome};
use harda::report::audit::html::{self, trend::Point};
use harda::report::audit::{outcome, verdict, xccdf};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeSet;

fn page(audit: &Audit, earlier: &[Point], lang: Lang) -> String {
    String::from_utf8(html::bytes(audit, earlier, lang).expect("a page")).expect("UTF-8")
}

#[test]
fn nothing_that_is_said_becomes_markup() {
    let plain = tags::of(&page(&sample::audit(5, 12, false), &[], Lang::Sv));
    for lang in [Lang::Sv, Lang::En] {
        let page = page(&sample::audit(5, 12, true), &[], lang);
        let hostile = tags::of(&page);
        assert!(hostile.names().is_subset(&plain.names()), "an element that harda does not write");
        assert!(
            hostile.attributes().is_subset(&plain.attributes()),
            "an attribute that harda does not write"
        );
        for (name, value) in hostile.values(&["href", "src", "style", "http-equiv"]) {
            assert!(name == "http-equiv" || value.starts_with('#'), "{name}={value}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("</script").count(), 1);
    }
}

#[test]
fn what_would_hide_or_reorder_text_is_spelt() {
    let page = page(&sample::audit(9, 12, true), &[], Lang::En);
    let unseen = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{2028}');
    assert_eq!(page.find(unseen), None);
    assert!(page.contains(r"a\u{202e}b\u{1b}[31mc\u{0}d\u{9b}e\u{2028}f"));
}

#[test]
fn every_hostile_word_is_there_to_be_read() {
    let page = page(&sample::audit(9, 12, true), &[], Lang::En);
    let text = tags::text(&page);
    for word in sample::HOSTILE.iter().filter(|word| !word.contains('\u{1b}')) {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn the_pages_policy_names_what_it_runs() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let page = page(&sample::audit(2, 3, false), &[], Lang::En);
    let policy = page.split_once("Content-Security-Policy\" content=\"").expect("a policy").1;
    let policy = tags::resolved(policy.split_once("\">").expect("its end").0);
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (tag, source) in [("style", "style-src"), ("script", "script-src")] {
        let inner = page.split_once(&format!("<{tag}>")).expect(tag).1;
        let inner = inner.split_once(&format!("</{tag}>")).expect(tag).0;
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(inner));
        assert!(policy.contains(&format!("{source} 'sha256-{digest}'")), "{tag}");
    }
}

#[test]
fn it_says_what_the_other_reports_say_in_both_languages() {
    let audit = sample::audit(6, 10, false);
    for (lang, code, title) in [(Lang::Sv, "sv", "Efterlevs inte"), (Lang::En, "en", "Not compliant")] {
        let page = page(&audit, &[], lang);
        let text = tags::text(&page);
        assert!(page.contains(&format!("<html lang=\"{code}\">")));
        assert!(text.contains(title), "{title}");
        for host in &audit.hosts {
            for result in &host.results {
                assert!(text.contains(outcome(result.outcome, lang)));
            }
        }
        for (requirement, statement) in audit.statements() {
            assert!(text.contains(verdict(statement.verdict, lang)));
            assert!(text.contains(requirement.name.say(lang)));
            assert!(text.contains(statement.text.say(lang)));
        }
        for attestation in &audit.attestations {
            assert!(text.contains(&attestation.responsible) && text.contains(&attestation.text));
        }
    }
}

#[test]
fn a_cell_leads_to_what_to_type() {
    let text = tags::text(&page(&sample::audit(1, 1, false), &[], Lang::En));
    let command = "harda remediate --from 20261125T084445Z-8520 --control usb-storage-disabled --limit web01.prod.example.se";
    assert!(text.contains(command), "{text}");
}

#[test]
fn a_hosts_name_is_one_word_of_the_command() {
    let mut audit = sample::audit(1, 1, false);
    audit.hosts[0].host = "web 01; reboot".into();
    let text = tags::text(&page(&audit, &[], Lang::En));
    assert!(text.contains("--limit 'web 01; reboot'"), "{text}");
}

#[test]
fn hosts_that_lack_the_same_are_told_once_and_their_answers_apart() {
    let mut audit = sample::audit(1, 4, false);
    let first = audit.hosts[0].clone();
    audit.hosts = (1..=50).map(|n| HostResult { host: format!("web{n:02}"), ..first.clone() }).collect();
    audit.hosts[7].results[0].evidence[0].asked[0].told = "another answer".into();
    let page = page(&audit, &[], Lang::En);
    assert_eq!(page.matches("<article").count(), 4);
    assert_eq!(page.matches("<details class=\"evidence\"").count(), 5);
    assert_eq!(page.matches("<td class=\"is-").count(), 200);
    let text = tags::text(&page);
    assert!(text.contains("web[01-50]"));
    assert!(text.contains("Evidence web08"));
}

#[test]
fn a_trend_is_of_the_same_hosts() {
    let audit = sample::audit(2, 10, false);
    let earlier =
        |hosts: usize, made: &str| Point::of(&Audit { made: made.into(), ..sample::audit(hosts, 10, false) });
    let sparks = |earlier: &[Point]| page(&audit, earlier, Lang::En).matches("<svg").count();
    assert_eq!(sparks(&[]), 0, "one audit is no trend");
    assert_eq!(sparks(&[earlier(2, "2026-11-01T00:00:00Z")]), 4, "the mean, what fails, and each host");
    assert_eq!(sparks(&[earlier(1, "2026-11-01T00:00:00Z")]), 1, "of one host only: that one's");
}

#[test]
fn a_playbook_has_no_requirements() {
    let audit = Audit { requirements: Vec::new(), ..sample::audit(2, 3, false) };
    let page = page(&audit, &[], Lang::En);
    assert!(!page.contains("id=\"requirements\""));
    assert!(page.contains("id=\"matrix\""));
}

#[test]
fn xccdf_has_a_result_for_each_host_and_control() {
    let audit = sample::audit(9, 12, true);
    let bytes = xccdf::bytes(&audit, Lang::Sv).expect("XCCDF");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (mut rules, mut results, mut ids) = (BTreeSet::new(), 0, BTreeSet::new());
    let mut reader = Reader::from_str(&text);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(element) => {
                let value = |name: &str| {
                    let found = element.try_get_attribute(name).expect("an attribute");
                    found.map(|a| a.value.into_owned()).unwrap_or_default()
                };
                match element.name().as_ref() {
                    "Rule" => assert!(rules.insert(value("id")), "a rule is there twice"),
                    "TestResult" => assert!(ids.insert(value("id")), "a host is there twice"),
                    "rule-result" => {
                        assert!(rules.contains(&value("idref")), "{}", value("idref"));
                        results += 1;
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((rules.len(), ids.len(), results), (12, 9, 9 * 12));
}

#[test]
fn a_waiver_is_no_pass_in_xccdf() {
    let mut audit = sample::audit(1, 1, false);
    let word = |audit: &Audit| {
        let text = String::from_utf8(xccdf::bytes(audit, Lang::En).expect("XCCDF")).expect("UTF-8");
        let result =
            text.split_once("<result>").expect("a result").1.split_once("</result>").expect("its end").0;
        (result.to_string(), text)
    };
    for (outcome, expected) in [
        (Outcome::Pass, "pass"),
        (Outcome::Fail, "fail"),
        (Outcome::Waived, "fail"),
        (Outcome::WaivedPass, "pass"),
        (Outcome::NotApplicable, "notapplicable"),
        (Outcome::Blocked, "fail"),
        (Outcome::Error, "error"),
        (Outcome::AfterReboot, "fail"),
        (Outcome::NotAssessed, "notchecked"),
    ] {
        audit.hosts[0].results[0].outcome = outcome;
        audit.hosts[0].results[0].waiver = Some(0);
        let (result, text) = word(&audit);
        assert_eq!(result, expected, "{outcome:?}");
        assert!(text.contains("approved by CISO"));
    }
}

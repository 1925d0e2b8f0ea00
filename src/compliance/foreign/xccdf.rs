//! XCCDF 1.1 and 1.2 results, alone or within an ARF: every `TestResult` with its `rule-result`s.

use super::Report;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements within one another; a real ARF has 20 or so.
const DEEPEST: usize = 200;
/// Longest text of an element that is kept.
const LONGEST: usize = 1024;
/// What scap-security-guide puts before the names of its rules.
const PREFIX: &str = "xccdf_org.ssgproject.content_rule_";

/// Where the reader is.
#[derive(Default)]
struct State {
    depth: usize,
    /// The test result that is being read, and the depth that it stands at.
    report: Option<(usize, Report)>,
    rule: Option<(usize, String)>,
    /// Text is gathered for `target` and `result`.
    text: Option<(Wanted, String)>,
    done: Vec<Report>,
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Target,
    Result,
}

pub fn read(bytes: &[u8]) -> Result<Vec<Report>, String> {
    let mut reader = Reader::from_reader(bytes);
    let mut state = State::default();
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| format!("byte {at}: {error}"))?;
        match event {
            Event::Start(start) => state.open(&start, at)?,
            Event::Empty(start) => {
                state.open(&start, at)?;
                state.close();
            }
            Event::End(_) => state.close(),
            Event::Text(text) => state.add(&text),
            Event::CData(text) => state.add(&text),
            Event::DocType(_) => return Err(format!("byte {at}: a document type is not read")),
            Event::Eof => break,
            _ => {}
        }
    }
    if state.depth > 0 {
        return Err("it ends in the middle".into());
    }
    match state.done.is_empty() {
        true => Err("it holds no TestResult: give the results (oscap's --results or --results-arf)".into()),
        false => Ok(state.done),
    }
}

impl State {
    fn open(&mut self, start: &BytesStart<'_>, at: u64) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("byte {at}: elements stand more than {DEEPEST} deep"));
        }
        match (start.local_name().as_ref(), &self.report) {
            ("TestResult", None) => self.report = Some((self.depth, Report::default())),
            ("rule-result", Some(_)) => self.rule = Some((self.depth, rule(start))),
            ("target", Some(_)) => self.text = Some((Wanted::Target, String::new())),
            ("result", Some(_)) if self.is_in_rule() => self.text = Some((Wanted::Result, String::new())),
            _ => {}
        }
        Ok(())
    }

    /// The result of the rule itself, not of a check within it.
    fn is_in_rule(&self) -> bool {
        self.rule.as_ref().is_some_and(|(depth, _)| *depth + 1 == self.depth)
    }

    fn add(&mut self, text: &str) {
        if let Some((_, gathered)) = &mut self.text
            && gathered.len() + text.len() <= LONGEST
        {
            gathered.push_str(text);
        }
    }

    fn close(&mut self) {
        if let (Some((wanted, text)), Some((_, report))) = (self.text.take(), &mut self.report) {
            match wanted {
                Wanted::Target => report.target = text.trim().to_string(),
                Wanted::Result => {
                    if let Some((_, rule)) = &self.rule {
                        count(report, rule, text.trim());
                    }
                }
            }
        }
        if self.rule.as_ref().is_some_and(|(depth, _)| *depth == self.depth) {
            self.rule = None;
        }
        if self.report.as_ref().is_some_and(|(depth, _)| *depth == self.depth) {
            self.done.extend(self.report.take().map(|(_, report)| report));
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

fn rule(start: &BytesStart<'_>) -> String {
    let attribute = start.try_get_attribute("idref").ok().flatten();
    let id = attribute.map(|a| a.value.into_owned()).unwrap_or_default();
    let id = id.strip_prefix(PREFIX).unwrap_or(&id);
    id.chars().take(LONGEST).collect()
}

/// XCCDF's words: `pass` and `fixed` are met, `fail` isn't; all others say neither.
fn count(report: &mut Report, rule: &str, result: &str) {
    match result {
        "fail" => {
            report.failed.insert(rule.to_string());
        }
        "pass" | "fixed" => report.passed += 1,
        _ => report.undecided += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    const RESULTS: &str = r#"<?xml version="1.0"?>
<arf:asset-report-collection xmlns:arf="http://scap.nist.gov/schema/asset-reporting-format/1.1">
 <arf:reports><arf:report><arf:content>
  <TestResult xmlns="http://checklists.nist.gov/xccdf/1.2" id="r">
   <target>sign1</target>
   <rule-result idref="xccdf_org.ssgproject.content_rule_sshd_disable_root_login"><result>fail</result>
     <check><check-content-ref name="x"/><result>pass</result></check></rule-result>
   <rule-result idref="xccdf_org.ssgproject.content_rule_a"><result>pass</result></rule-result>
   <rule-result idref="xccdf_org.ssgproject.content_rule_b"><result>notapplicable</result></rule-result>
   <rule-result idref="xccdf_org.ssgproject.content_rule_c"><result>error</result></rule-result>
  </TestResult>
 </arf:content></arf:report></arf:reports>
</arf:asset-report-collection>"#;

    #[test]
    fn a_rule_fails_by_its_own_result() {
        let read = read(RESULTS.as_bytes()).expect("read");
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].target, "sign1");
        assert_eq!(read[0].failed.iter().collect::<Vec<_>>(), ["sshd_disable_root_login"]);
        assert_eq!((read[0].passed, read[0].undecided), (1, 2));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        let deep = "<a>".repeat(300);
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><a>&x;</a>"#;
        for (text, why) in [
            ("<Benchmark/>", "holds no TestResult"),
            (deep.as_str(), "deep"),
            (bomb, "document type"),
            ("<a><b></a>", "byte"),
            (&RESULTS[..RESULTS.find("</TestResult>").unwrap_or(0)], "ends in the middle"),
        ] {
            let error = read(text.as_bytes()).expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }
}

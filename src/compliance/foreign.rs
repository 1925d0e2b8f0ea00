//! Reports of other tools, as what a remediation is about: OpenSCAP's results (XCCDF, or ARF with
//! XCCDF in it) and Lynis' `report.dat`. Whoever wrote them is not trusted: they are bounded in size
//! and depth, and hold nothing but names of rules.

mod lynis;
mod xccdf;

use super::failing::Failing;
use super::pack::Pack;
use std::collections::BTreeSet;

/// Largest report that is read, in bytes; a real ARF has 8 MB.
pub const MOST: usize = 256 << 20;

/// What a report says of one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The tool's word for the host.
    pub target: String,
    /// Rules that failed; what is neither pass nor fail is in `undecided`.
    pub failed: BTreeSet<String>,
    /// `notapplicable`, `notchecked`, `unknown`, `error`...
    pub undecided: usize,
    pub passed: usize,
}

/// Which tool a report is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Xccdf,
    Lynis,
}

/// Tells a foreign report from harda's own, by how it begins.
pub fn tool(bytes: &[u8]) -> Option<Tool> {
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
    let begin = begin.trim_start_matches('\u{feff}').trim_start();
    if begin.starts_with('<') {
        Some(Tool::Xccdf)
    } else if begin.starts_with("# Lynis Report") || begin.contains("\nlynis_version=") {
        Some(Tool::Lynis)
    } else {
        None
    }
}

/// Reads a report: what it says of each host.
pub fn read(tool: Tool, bytes: &[u8]) -> Result<Vec<Report>, String> {
    if bytes.len() > MOST {
        return Err(format!("it has more than {} MiB", MOST >> 20));
    }
    match tool {
        Tool::Xccdf => xccdf::read(bytes),
        Tool::Lynis => lynis::read(bytes),
    }
}

/// Refuses reports of several hosts where one name is given for all.
pub fn of_one_host(reports: &[Report]) -> Result<(), String> {
    let targets: BTreeSet<&str> = reports.iter().map(|report| report.target.as_str()).collect();
    if targets.len() < 2 {
        return Ok(());
    }
    let targets: Vec<&str> = targets.into_iter().collect();
    let targets = targets.join(", ");
    Err(format!("--for-host names one host, and it is about several: {targets}; give it one report a host"))
}

/// What the pack's controls can do about the report; `host` is the inventory's name of its host.
pub fn failing(pack: &Pack, tool: Tool, report: &Report, host: &str) -> Failing {
    let table = match tool {
        Tool::Xccdf => &pack.foreign.xccdf,
        Tool::Lynis => &pack.foreign.lynis,
    };
    let mut failing = Failing { findings: report.failed.len(), is_foreign: true, ..Failing::default() };
    for rule in &report.failed {
        match table.get(rule) {
            Some(controls) => {
                failing.of_host.entry(host.to_string()).or_default().extend(controls.iter().cloned());
            }
            None => {
                failing.unmapped.insert(rule.clone());
            }
        }
    }
    failing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str) -> Report {
        Report { target: target.into(), ..Report::default() }
    }

    #[test]
    fn one_name_stands_for_one_host() {
        assert_eq!(of_one_host(&[of("a"), of("a")]), Ok(()));
        let error = of_one_host(&[of("a"), of("b")]).expect_err("two hosts");
        assert!(error.contains("several: a, b"), "{error}");
    }
}

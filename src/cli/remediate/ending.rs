//! How a remediation ends: how many of what failed are put right, and what was left out and why.

use crate::compliance::audit::Audit;
use crate::compliance::failing::{Failing, LeftOut};
use crate::report::{count, safe_line};
use std::collections::BTreeMap;

/// Of several exit codes the one that is told.
pub fn first(codes: &[i32]) -> i32 {
    let order = [130, 1, 5, 4, 2, 3];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}

/// Why there is nothing to do, and the exit code of that.
pub fn nothing(failing: &Failing, is_narrow: bool) -> (String, i32) {
    if !failing.left_out.is_empty() {
        return ("what doesn't pass is left out".into(), 3);
    }
    if failing.findings > 0 && !failing.unmapped.is_empty() && !is_narrow {
        return (format!("none of its {} has a control", count(failing.findings, "finding")), 3);
    }
    let why = if is_narrow { "no control failed of those that are meant" } else { "no control failed" };
    (why.into(), 0)
}

/// The last lines: what was left out stands there again, below all that scrolled by.
pub fn page(after: &Audit, left: &[LeftOut]) -> String {
    let now = after.hosts.iter().flat_map(|host| &host.results);
    let fixed = now.clone().filter(|result| result.outcome.passes()).count();
    let all = count(now.count() + left.len(), "control");
    format!(
        "{fixed} of {all} that did not pass put right; audited again as run {}\n{}",
        after.run,
        left_out(left)
    )
}

/// A line for each control and reason, under their number.
pub fn left_out(left: &[LeftOut]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = lines(left).iter().map(|line| format!("  {line}\n")).collect();
    format!("{} left out:\n{}", left.len(), lines.concat())
}

/// Hosts that leave out the same for the same reason are told together.
pub fn lines(left: &[LeftOut]) -> Vec<String> {
    let mut hosts: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (host, control, why) in left {
        hosts.entry((control, why)).or_default().push(host);
    }
    let line = |((control, why), hosts): ((&str, &str), Vec<&str>)| {
        format!("{} is left out on {}: {}", safe_line(control), safe_line(&hosts.join(", ")), safe_line(why))
    };
    hosts.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_was_not_reached_comes_before_what_is_left_out() {
        for (codes, told) in
            [(&[3, 0, 4][..], 4), (&[3, 2], 2), (&[4, 5], 5), (&[0, 0], 0), (&[3, 130, 1], 130), (&[0, 3], 3)]
        {
            assert_eq!(first(codes), told, "{codes:?}");
        }
    }

    #[test]
    fn findings_without_a_control_are_no_success() {
        let mut failing = Failing::default();
        assert_eq!(nothing(&failing, false), ("no control failed".into(), 0));
        failing = Failing { findings: 2, unmapped: ["x".into(), "y".into()].into(), ..failing };
        assert_eq!(nothing(&failing, false), ("none of its 2 findings has a control".into(), 3));
        failing.left_out.push(("h1".into(), "c".into(), "waived".into()));
        assert_eq!(nothing(&failing, false).1, 3);
    }

    #[test]
    fn what_was_left_out_is_counted_and_named_at_the_end() {
        let text = include_str!("../../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut after: Audit = serde_json::from_str(text).expect("an audit");
        after.hosts.truncate(1);
        after.hosts[0].results.retain(|result| result.outcome.passes());
        after.hosts[0].results.truncate(2);
        let left = |host: &str, control: &str, why: &str| (host.into(), control.into(), why.into());
        let left = [
            left("ha1", "sshd-hardened", "nobody consented to it (--accept sshd-hardened)"),
            left("ha2", "sshd-hardened", "nobody consented to it (--accept sshd-hardened)"),
            left("ha2", "time-servers", "declare time_servers"),
        ];
        assert_eq!(
            page(&after, &left),
            "2 of 5 controls that did not pass put right; audited again as run 20260101T000000Z-0001\n3 left out:\n  \
             sshd-hardened is left out on ha1, ha2: nobody consented to it (--accept sshd-hardened)\n  \
             time-servers is left out on ha2: declare time_servers\n"
        );
        assert!(!page(&after, &[]).contains("left out"));
    }
}

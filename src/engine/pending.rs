//! Handlers that a failure, or the end of harda, kept from running: remembered on the host, and in
//! the next plan of a playbook that has them.

use crate::fragment::{Fragment, Reply, quote};
use crate::manifest::{FOLDER, is_run_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A handler that was notified and has not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub run: String,
    pub play: String,
    /// As it was notified: its name, or what it listens to.
    pub handler: String,
    /// The task that notified it.
    pub by: String,
}

impl Pending {
    /// As a line of the host's file.
    pub fn write(&self) -> String {
        // Texts only: it can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the plan says that the handler runs for.
    pub fn why(&self) -> String {
        format!("{} (left pending by run {})", self.by, self.run)
    }
}

/// More than this nobody has left pending; a host can't make harda read without end.
const MOST: usize = 200;

/// Asks for what is pending: read-only, silent where there is nothing or where it may not be read.
pub fn question() -> Fragment {
    let mut fragment = Fragment::new(format!(
        "for f in {FOLDER}/pending/*; do [ ! -f \"$f\" ] || [ ! -r \"$f\" ] || cat -- \"$f\"; done\ntrue\n"
    ));
    fragment.max_output = 256 << 10;
    fragment
}

/// What is pending; lines that can't be read are none of harda's.
pub fn read(reply: &Reply) -> Vec<Pending> {
    let text = reply.text();
    let read = text.lines().filter_map(|line| serde_json::from_str::<Pending>(line).ok());
    let mut pending: Vec<Pending> = Vec::new();
    for each in read.filter(|pending| is_run_id(&pending.run)).take(MOST) {
        if !pending.contains(&each) {
            pending.push(each);
        }
    }
    pending
}

/// The lines that leave just these on the host, each in the file of its own run. Files of runs that
/// nobody here has read of stay, as do those of which nothing has run: their own run may end yet.
pub fn rewrite(run: &str, before: &[Pending], left: &[Pending]) -> String {
    let folder = format!("{FOLDER}/pending");
    let runs: BTreeSet<&str> = before.iter().chain(left).map(|p| p.run.as_str()).chain([run]).collect();
    let mut script = String::new();
    for each in runs {
        let of =
            |all: &[Pending]| all.iter().filter(|p| p.run == each).map(Pending::write).collect::<Vec<_>>();
        let lines = of(left);
        if each != run && lines == of(before) {
            continue;
        }
        let file = quote(&format!("{folder}/{each}"));
        let lines: Vec<String> = lines.iter().map(|line| quote(line)).collect();
        let _ = match lines.is_empty() {
            true => writeln!(script, "rm -f -- {file}"),
            false => writeln!(
                script,
                "mkdir -p -m 0700 {folder} && printf '%s\\n' {} >{file}.new && mv -f -- {file}.new {file} || {{ rm -f -- {file}.new; exit 1; }}",
                lines.join(" ")
            ),
        };
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(run: &str, handler: &str) -> Pending {
        let [run, play, handler, by] = [run, "play", handler, "task"].map(String::from);
        Pending { run, play, handler, by }
    }

    #[test]
    fn another_runs_file_is_written_only_where_its_handlers_have_run() {
        let (theirs, also) =
            (pending("20261125T090807Z-000001", "a"), pending("20261125T090807Z-000001", "b"));
        let script =
            |left: &[Pending]| rewrite("20261125T090807Z-000002", &[theirs.clone(), also.clone()], left);
        assert!(!script(&[theirs.clone(), also.clone()]).contains("000001"));
        assert!(
            script(std::slice::from_ref(&also))
                .contains(">'/var/lib/harda/pending/20261125T090807Z-000001'.new")
        );
        assert!(script(&[]).contains("rm -f -- '/var/lib/harda/pending/20261125T090807Z-000001'"));
    }
}

//! What harda told of a run, host by host, and whether it was true.

use crate::ground::Ground;
use crate::support::Ran;
use serde_json::Value;
use std::time::Duration;

pub struct Report {
    code: i32,
    records: Vec<Value>,
    stderr: String,
}

impl Report {
    /// The records of `--format json`; of a harda that was killed, those that were written whole.
    pub fn read(ran: &Ran) -> Report {
        let records = ran.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Report { code: ran.code, records, stderr: ran.stderr.clone() }
    }

    fn events<'r>(&'r self, host: &'r str, event: &'r str) -> impl Iterator<Item = &'r Value> {
        self.records.iter().filter(move |record| record["host"] == host && record["event"] == event)
    }

    /// The host was said to be as the playbook wants it.
    pub fn is_clean(&self, host: &str) -> bool {
        self.events(host, "finished").any(|finished| {
            let recap = &finished["recap"];
            let none = ["failed", "refused", "diverged", "unknown"].iter().all(|count| recap[count] == 0);
            none && recap["unreachable"] == false && recap["restored"] == false
        })
    }

    /// How long harda was at a host; one that was killed did not say.
    pub fn took(&self, host: &str) -> Option<Duration> {
        let seconds = self.events(host, "finished").find_map(|finished| finished["recap"]["took"].as_f64());
        seconds.map(Duration::from_secs_f64)
    }

    /// What was said of a host and is not so.
    pub fn lies(&self, host: &str, ground: &Ground, old: &Ground, new: &Ground) -> Vec<String> {
        let mut lies = Vec::new();
        if self.events(host, "finished").count() != 1 {
            lies.push("nothing is told of its end".into());
        }
        let clean = self.is_clean(host);
        if clean && !ground.differs(new).is_empty() {
            lies.push(format!("said to be done, and is not: {:?}", ground.differs(new)));
        }
        if !clean && self.code == 0 {
            lies.push("exit code 0".into());
        }
        if self.events(host, "restored").next().is_some() || ground.fired {
            return lies;
        }
        for path in self.made(host) {
            let name = format!("file {path}");
            if new.thing(&name).is_some() && ground.thing(&name) != new.thing(&name) {
                lies.push(format!("{path} is said to be changed, and is {:?}", ground.thing(&name)));
            }
        }
        // What is new without a word of it is a lie too, unless the host was lost just then.
        let lost = self.events(host, "unreachable").next().is_some();
        let made: Vec<&str> = self.made(host).collect();
        for path in ground.paths() {
            let name = format!("file {path}");
            let is_new = ground.thing(&name) == new.thing(&name) && old.thing(&name) != new.thing(&name);
            if is_new && !lost && !made.contains(&path) {
                lies.push(format!("{path} was changed, and nothing is said of it"));
            }
        }
        lies
    }

    /// The files that were said to be changed.
    fn made<'r>(&'r self, host: &'r str) -> impl Iterator<Item = &'r str> {
        self.events(host, "done")
            .map(|done| &done["entry"])
            .filter(|entry| entry["status"]["status"] == "changed")
            .flat_map(|entry| entry["changes"].as_array().into_iter().flatten())
            .filter(|change| change["kind"] == "file")
            .filter_map(|change| change["id"].as_str())
    }

    /// All that was said of a host but its plan, short.
    pub fn of(&self, host: &str) -> String {
        let mut text = format!("exit code {}", self.code);
        for record in self.records.iter().filter(|record| record["host"] == host) {
            let line = match record["event"].as_str() {
                Some("planned") => continue,
                Some("done") => {
                    let entry = &record["entry"];
                    format!(
                        "done {} {} {}",
                        entry["task"], entry["status"]["status"], entry["status"]["message"]
                    )
                }
                _ => record.to_string(),
            };
            text += &format!("\n    {line}");
        }
        text + "\n" + &self.stderr
    }
}

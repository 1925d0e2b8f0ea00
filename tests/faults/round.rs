//! One round: harda takes all hosts from one state to the other, something goes wrong on them, and each is looked at,
//! brought to where it was to go, and looked at again.

use crate::fleet::{Fleet, LIMIT};
use crate::ground::Ground;
use crate::kind::Kind;
use crate::report::Report;
use crate::support::Ran;
use crate::support::forwarder::Way;
use crate::table::{Outcome, Table};
use std::time::{Duration, Instant};

const STATES: [&str; 2] = ["a", "b"];

/// A fault, and when it comes.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: Kind,
    pub when: When,
}

#[derive(Clone, Debug)]
pub enum When {
    /// At this point, when harda has come to it so many times: `Sent 3`.
    Point(String),
    Bytes(Way, u64),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.kind, self.when)
    }
}

pub struct Round<'f> {
    pub fleet: &'f Fleet,
    /// Of each host.
    pub faults: Vec<Option<Fault>>,
    /// Who logs in.
    pub user: &'static str,
    /// Which of the states it goes to.
    pub to: usize,
    /// Between a boundary and what comes a while after it.
    pub pause: Duration,
}

/// The run with the faults, and what came after it.
struct Seen {
    took: Duration,
    report: Report,
    /// On which hosts the fault came.
    came: Vec<bool>,
    after: Vec<Ground>,
    again: Report,
    last: Vec<Ground>,
}

impl Round<'_> {
    pub fn run(&self) -> Table {
        let begun = Instant::now();
        let (ran, came) = self.injected();
        let took = begun.elapsed();
        let after = self.fleet.each(|n| {
            self.mend(n);
            let ground = Ground::of(&self.fleet.lab, &self.fleet.lab.hosts[n]);
            self.settle(n);
            ground
        });
        let run = |verb, more: &[&str]| self.fleet.run(verb, self.user, STATES[self.to], more);
        let again = Report::read(&run("apply", &["--lock-timeout", "60"]));
        let plan = run("plan", &["--detailed-exitcode"]);
        let seen = Seen { took, report: Report::read(&ran), came, after, again, last: self.fleet.look() };
        let mut table = Table::default();
        (0..self.faults.len()).for_each(|n| self.judge(n, &seen, &mut table));
        if plan.code != 0 {
            table.wrong.push(format!("the plan after the second run: {}", plan.all()));
        }
        table
    }

    /// Runs harda with the faults; on which hosts they came.
    fn injected(&self) -> (Ran, Vec<bool>) {
        self.fleet.each(|n| self.prepare(n));
        let started = std::sync::Mutex::new(self.fleet.start(self.user, STATES[self.to]));
        let ended = || started.lock().expect("whole").has_ended();
        let came = self.fleet.each(|n| self.inject(n, &ended));
        let mut started = started.into_inner().expect("whole");
        if self.faults.iter().flatten().any(|fault| fault.kind == Kind::Killed) {
            started.kill();
        }
        (started.end(), came)
    }

    /// What came of the fault on a host.
    fn judge(&self, n: usize, seen: &Seen, table: &mut Table) {
        let host = &self.fleet.lab.hosts[n];
        let damaged = self.damaged(n, &seen.after[n]);
        let mut wrong: Vec<String> = damaged.iter().map(|what| format!("damaged: {what}")).collect();
        wrong.extend(self.at_once(n, seen));
        let differs = seen.last[n].differs(&self.fleet.grounds[n][self.to]);
        let lost = !seen.again.is_clean(host) || !differs.is_empty();
        if lost {
            wrong.push(format!("does not converge: {differs:?}\n{}", seen.again.of(host)));
        }
        wrong.extend(seen.last[n].leftovers().iter().map(|what| format!("left over at last: {what}")));
        let name = match &self.faults[n] {
            Some(fault) => fault.to_string(),
            None => "no fault".into(),
        };
        if let (Some(fault), true) = (&self.faults[n], seen.came[n]) {
            let (kind, damaged) = (fault.kind.name(), damaged.len());
            let took = seen.report.took(host).unwrap_or(seen.took);
            table.add(&Outcome { kind, damaged, lost, took });
        }
        if !wrong.is_empty() {
            wrong.push(format!("harda had said: {}", seen.report.of(host)));
        }
        let to = STATES[self.to];
        table.wrong.extend(wrong.iter().map(|wrong| format!("{host} {name}, to {to}: {wrong}")));
    }

    /// What is wrong right after the run, files that are damaged apart.
    fn at_once(&self, n: usize, seen: &Seen) -> Vec<String> {
        let host = &self.fleet.lab.hosts[n];
        let [old, new] = [&self.fleet.grounds[n][1 - self.to], &self.fleet.grounds[n][self.to]];
        let ground = &seen.after[n];
        let hard = self.faults[n].as_ref().is_some_and(|fault| fault.kind.is_hard());
        // What is ended that hard leaves its temporary file to the next run.
        let left = ground.leftovers().iter().filter(|what| !(hard && what.starts_with("stray ")));
        let mut wrong: Vec<String> = left.map(|what| format!("left over: {what}")).collect();
        if ground.fired {
            wrong.extend(ground.guarded(old).into_iter().map(|what| format!("not taken back: {what}")));
        }
        if self.faults[n].as_ref().is_none_or(|fault| fault.kind != Kind::Killed) {
            wrong.extend(seen.report.lies(host, ground, old, new));
            wrong.extend((seen.took >= LIMIT).then(|| "harda did not end".to_string()));
        }
        if self.faults[n].is_none() && !seen.report.is_clean(host) {
            wrong.push("held up by the others".into());
        }
        wrong
    }

    fn damaged(&self, n: usize, ground: &Ground) -> Vec<String> {
        let mut damaged = ground.damaged(&self.fleet.grounds[n][0], &self.fleet.grounds[n][1]);
        if self.faults[n].as_ref().is_some_and(|fault| fault.kind.stops_service()) {
            damaged.retain(|what| !what.starts_with("service "));
        }
        damaged
    }
}

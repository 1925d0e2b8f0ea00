//! Making a fault happen on a host, at its moment, and making it good again.

use crate::kind::Kind;
use crate::round::{Fault, Round, When};
use crate::support::forwarder::Harm;
use std::path::Path;
use std::time::{Duration, Instant};

/// The loop that holds the lock, and every second time all below it first. It may have ended by now.
const SHELL: &str = "read -r p </run/harda.lock; all=$p todo=$p
[ \"$(readlink /proc/$p/fd/9)\" = /run/harda.lock ] || exit 1
if [ $(($(date +%s) % 2)) = 0 ]; then while [ -n \"$todo\" ]; do next=
for q in $todo; do next=\"$next $(cat /proc/$q/task/$q/children 2>/dev/null)\"; done
todo=$(echo $next) all=\"$todo $all\"; done; fi; kill -9 $all";

/// How long those that are to be killed wait for each other.
const TOGETHER: Duration = Duration::from_secs(60);

impl Round<'_> {
    /// Before the run.
    pub fn prepare(&self, n: usize) {
        let fleet = self.fleet;
        ["trace", "here", "at"].iter().for_each(|what| drop(std::fs::remove_file(fleet.point(n, what))));
        fleet.lines[n].mend();
        let Some(Fault { kind, when }) = &self.faults[n] else { return };
        match (kind, when) {
            (_, When::Point(point)) => std::fs::write(fleet.point(n, "at"), point).expect("written"),
            (Kind::Line(_, harm), When::Bytes(way, bytes)) => fleet.lines[n].harm_after(*harm, *way, *bytes),
            other => panic!("{other:?} can't be"),
        }
        if let Kind::Spoilt(spoilt) = kind
            && !spoilt.before().is_empty()
        {
            self.exec(n, &spoilt.before());
        }
    }

    fn exec(&self, n: usize, command: &str) {
        let ran = self.fleet.lab.exec(&self.fleet.lab.hosts[n], command);
        assert_eq!(ran.code, 0, "{command}: {}", ran.all());
    }

    /// Waits for the moment, and makes the fault; whether it came.
    pub fn inject(&self, n: usize, ended: &dyn Fn() -> bool) -> bool {
        let Some(fault) = &self.faults[n] else { return false };
        let here = self.fleet.point(n, "here");
        if let When::Bytes(..) = fault.when {
            while !ended() {
                std::thread::sleep(Duration::from_millis(50));
            }
            return self.fleet.lines[n].happened();
        }
        let begun = Instant::now();
        while !here.exists() {
            let late = fault.kind == Kind::Killed && begun.elapsed() > TOGETHER;
            if ended() || late {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.strike(n, fault.kind, &here)
    }

    fn strike(&self, n: usize, kind: Kind, here: &Path) -> bool {
        let go_on = || drop(std::fs::remove_file(here));
        let (lab, host) = (&self.fleet.lab, &self.fleet.lab.hosts[n]);
        match kind {
            // By the one who sees that all are there.
            Kind::Killed => {}
            Kind::Line(_, harm @ Harm::Delay(_)) => {
                go_on();
                self.fleet.lines[n].harm(harm);
            }
            Kind::Line(_, harm) => {
                self.fleet.lines[n].harm(harm);
                go_on();
            }
            Kind::Shell => {
                go_on();
                std::thread::sleep(self.pause);
                return lab.exec(host, SHELL).code == 0;
            }
            Kind::Rebooted => {
                go_on();
                lab.call(&["reboot", host]).expect(0);
            }
            Kind::PowerCut => {
                lab.call(&["kill", host]).expect(0);
                go_on();
                lab.call(&["start", host]).expect(0);
            }
            Kind::Spoilt(spoilt) => {
                self.exec(n, &spoilt.at());
                go_on();
            }
        }
        true
    }

    /// The line and the host are well again.
    pub fn mend(&self, n: usize) {
        self.fleet.lines[n].mend();
        let _ = std::fs::remove_file(self.fleet.point(n, "here"));
        if let Some(Fault { kind: Kind::Spoilt(spoilt), .. }) = &self.faults[n] {
            // Where it never came there may be nothing to mend.
            self.fleet.lab.exec(&self.fleet.lab.hosts[n], &spoilt.after());
        }
    }

    /// When the host has been looked at.
    pub fn settle(&self, n: usize) {
        if let Some(Fault { kind: Kind::Spoilt(spoilt), .. }) = &self.faults[n]
            && !spoilt.last().is_empty()
        {
            self.exec(n, &spoilt.last());
        }
    }
}

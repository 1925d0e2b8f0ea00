//! The dead-man's switch as a model: every order in which two runs, the watcher, the clock, kills and
//! reboots can follow each other is walked, and what docs/guard.md promises is asked of every state.
//! A second test holds the host's script to the same rules.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::process::Command;

/// Ticks that the switch gives; the clock of the model stops a little later.
const TIMEOUT: u8 = 2;
const LAST: u8 = 5;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Phase {
    None,
    Armed { run: u8, due: u8, boot: u8 },
    Firing { run: u8 },
    Fired { run: u8 },
}

/// What a run is at; each step is one thing that the host does whole (a rename, a flock).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum At {
    Start,
    /// Holds the lock, has found nobody armed.
    Arming,
    Snapshot,
    /// The boot hook is there; the state comes next, then the watcher.
    Hooked,
    Armed,
    Ready,
    /// Holds the lock, may write.
    Checked,
    Half,
    Written,
    /// The login works.
    Proven,
    /// Holds the lock, has seen that it is in time.
    Disarming,
    Disarmed,
    Done,
    Refused,
    Dead,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Watcher {
    Absent,
    Waiting,
    Locked,
    Restoring,
    Restored,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Holder {
    Run(u8),
    Watcher,
}

/// Whose configuration stands: of the beginning (0), half written, or a run's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Config {
    Of(u8),
    Half(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Host {
    phase: Phase,
    lock: Option<Holder>,
    watcher: Watcher,
    hook: bool,
    snapshot: Config,
    config: Config,
    runs: [At; 2],
    clock: u8,
    boot: u8,
    /// The configuration that the last disarming left for good.
    kept: Config,
}

const START: Host = Host {
    phase: Phase::None,
    lock: None,
    watcher: Watcher::Absent,
    hook: false,
    snapshot: Config::Of(0),
    config: Config::Of(0),
    runs: [At::Start; 2],
    clock: 0,
    boot: 0,
    kept: Config::Of(0),
};

impl Host {
    fn due(&self) -> bool {
        matches!(self.phase, Phase::Armed { due, boot, .. } if boot != self.boot || self.clock >= due)
    }

    fn mine(&self, run: u8) -> bool {
        matches!(self.phase, Phase::Armed { run: by, .. } if by == run) && !self.due()
    }

    fn armed(&self, run: u8) -> Phase {
        Phase::Armed { run, due: self.clock + TIMEOUT, boot: self.boot }
    }

    /// Everything that can happen next.
    fn next(&self) -> Vec<Host> {
        let mut next = Vec::new();
        for run in 1..=2u8 {
            next.extend(self.run(run));
            if !matches!(self.runs[run as usize - 1], At::Dead | At::Done | At::Refused | At::Start) {
                next.push(self.killed(run));
            }
        }
        next.extend(self.watch());
        if self.clock < LAST {
            next.push(Host { clock: self.clock + 1, ..*self });
        }
        if self.watcher != Watcher::Absent {
            next.push(self.watcher_killed());
        }
        if self.boot < 1 {
            next.push(self.rebooted());
        }
        next
    }

    fn run(&self, run: u8) -> Option<Host> {
        let mut host = *self;
        let free = self.lock.is_none();
        let held = Some(Holder::Run(run));
        let at = &mut host.runs[run as usize - 1];
        match *at {
            At::Start if free => match self.phase {
                Phase::None => (*at, host.lock) = (At::Arming, held),
                // The next run has told of it and cleared it away.
                Phase::Fired { .. } => {
                    (*at, host.lock, host.phase, host.hook) = (At::Arming, held, Phase::None, false)
                }
                // Overdue, and nobody watches: whoever finds it fires it.
                Phase::Armed { .. } if self.due() && self.watcher == Watcher::Absent => {
                    host.watcher = Watcher::Waiting
                }
                Phase::Firing { .. } if self.watcher == Watcher::Absent => host.watcher = Watcher::Waiting,
                _ => return None,
            },
            At::Arming => (*at, host.snapshot) = (At::Snapshot, self.config),
            At::Snapshot => (*at, host.hook) = (At::Hooked, true),
            At::Hooked => (*at, host.phase) = (At::Armed, self.armed(run)),
            At::Armed => (*at, host.watcher, host.lock) = (At::Ready, Watcher::Waiting, None),
            At::Ready if free => match self.mine(run) {
                true => (*at, host.lock, host.phase) = (At::Checked, held, self.armed(run)),
                false => *at = At::Refused,
            },
            At::Checked => (*at, host.config) = (At::Half, Config::Half(run)),
            At::Half => {
                (*at, host.config, host.phase, host.lock) =
                    (At::Written, Config::Of(run), self.armed(run), None)
            }
            At::Written => *at = At::Proven,
            At::Proven if free => match self.mine(run) {
                true => (*at, host.lock) = (At::Disarming, held),
                false => *at = At::Refused,
            },
            At::Disarming => (*at, host.phase, host.kept) = (At::Disarmed, Phase::None, self.config),
            At::Disarmed => (*at, host.hook, host.lock) = (At::Done, false, None),
            _ => return None,
        }
        Some(host)
    }

    fn watch(&self) -> Option<Host> {
        let mut host = *self;
        match self.watcher {
            Watcher::Absent => return None,
            Watcher::Waiting => match self.phase {
                Phase::Armed { .. } if !self.due() => return None,
                Phase::Armed { .. } | Phase::Firing { .. } if self.lock.is_none() => {
                    (host.watcher, host.lock) = (Watcher::Locked, Some(Holder::Watcher))
                }
                Phase::Armed { .. } | Phase::Firing { .. } => return None,
                Phase::None | Phase::Fired { .. } => host.watcher = Watcher::Absent,
            },
            // Looked at once more, under the lock.
            Watcher::Locked => match self.phase {
                Phase::Armed { run, .. } if self.due() => {
                    (host.watcher, host.phase) = (Watcher::Restoring, Phase::Firing { run })
                }
                Phase::Firing { .. } => host.watcher = Watcher::Restoring,
                _ => (host.watcher, host.lock) = (Watcher::Waiting, None),
            },
            Watcher::Restoring => (host.watcher, host.config) = (Watcher::Restored, self.snapshot),
            Watcher::Restored => {
                let Phase::Firing { run } = self.phase else { panic!("restored in {self:?}") };
                (host.watcher, host.phase, host.hook, host.lock) =
                    (Watcher::Absent, Phase::Fired { run }, false, None);
            }
        }
        Some(host)
    }

    fn free(mut self, holder: Holder) -> Host {
        if self.lock == Some(holder) {
            self.lock = None;
        }
        self
    }

    fn killed(&self, run: u8) -> Host {
        let mut host = *self;
        host.runs[run as usize - 1] = At::Dead;
        host.free(Holder::Run(run))
    }

    /// systemd starts it again.
    fn watcher_killed(&self) -> Host {
        Host { watcher: Watcher::Waiting, ..*self }.free(Holder::Watcher)
    }

    fn rebooted(&self) -> Host {
        let gone = |at: At| if matches!(at, At::Start | At::Done | At::Refused) { at } else { At::Dead };
        Host {
            lock: None,
            boot: self.boot + 1,
            clock: 0,
            watcher: if self.hook { Watcher::Waiting } else { Watcher::Absent },
            runs: self.runs.map(gone),
            ..*self
        }
    }

    /// What is left when no run does anything any more: the host alone, until it rests.
    fn alone(&self) -> Host {
        let mut host = self.killed(1).killed(2);
        for _ in 0..100 {
            host = match host.watch() {
                Some(next) => next,
                None if host.clock < LAST + TIMEOUT => Host { clock: host.clock + 1, ..host },
                None => return host,
            };
        }
        panic!("it does not rest: {self:?}");
    }
}

fn check(before: &Host, after: &Host) {
    let wrote = before.config != after.config;
    let by_watcher = before.watcher == Watcher::Restoring && after.watcher == Watcher::Restored;
    if wrote && !by_watcher {
        assert!(
            matches!(before.phase, Phase::Armed { .. }) && matches!(before.lock, Some(Holder::Run(_))),
            "written without the switch: {before:?} -> {after:?}"
        );
        assert!(before.hook, "written with nobody to put it back: {before:?}");
    }
    if wrote && by_watcher {
        assert!(
            matches!(before.phase, Phase::Firing { .. }) && before.lock == Some(Holder::Watcher),
            "{before:?}"
        );
    }
    // Nobody arms over another, and nobody disarms another's.
    if let (Phase::Armed { run, .. }, Phase::Armed { run: other, .. }) = (before.phase, after.phase) {
        assert_eq!(run, other, "{before:?} -> {after:?}");
    }
}

/// With every run gone, and with a reboot besides, the host ends with a configuration that was
/// proven: what the last disarming left, or what there was before.
fn check_end(host: &Host) {
    for end in [host.alone(), host.rebooted().alone()] {
        let settled = match end.phase {
            Phase::None | Phase::Fired { .. } => end.config == host_kept(host, &end),
            // Armed, and killed before its watcher ran and before anything was written: the next run
            // that comes fires it, or the next boot.
            Phase::Armed { .. } => end.config == end.snapshot && end.hook,
            Phase::Firing { .. } => false,
        };
        assert!(settled, "from {host:?}\n  to {end:?}");
    }
}

/// A disarming that had begun may still be on its way to its end: what it leaves counts.
fn host_kept(host: &Host, end: &Host) -> Config {
    if host.phase == Phase::None { host.kept } else { end.kept }
}

#[test]
fn no_order_of_events_loses_the_host() {
    let mut seen = BTreeSet::from([START]);
    let mut queue = VecDeque::from([START]);
    let (mut fired, mut disarmed) = (0, 0);
    while let Some(host) = queue.pop_front() {
        check_end(&host);
        fired += usize::from(matches!(host.phase, Phase::Fired { .. }));
        disarmed += usize::from(host.runs.contains(&At::Done));
        for next in host.next() {
            check(&host, &next);
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    println!("{} states, {fired} after firing, {disarmed} after disarming", seen.len());
    assert!(seen.len() > 10_000 && fired > 100 && disarmed > 1_000, "{}", seen.len());
}

/// The host's script with what touches the machine taken out: the rules for moving the state stay.
fn script(folder: &Path, more: &str) -> String {
    let (body, verbs) = harda::guard::SWITCH.split_once("# --- verbs").expect("the mark");
    format!(
        "g={0}/guard\nboot={0}/boot\nclock={0}/clock\n{body}\n\
         snapshot() {{ rm -rf \"$g/snap\"; mkdir \"$g/snap\"; }}\nhook() {{ :; }}\nwatcher() {{ :; }}\nunhook() {{ :; }}\nsystemd() {{ false; }}\n\
         has() {{ false; }}\n{more}\n# --- verbs{verbs}",
        folder.display()
    )
}

/// Phase, boot and clock as they are found, the verb, and the phase that is left.
const CASES: &[(&str, &str, u32, &str, &str, bool)] = &[
    ("", "one", 100, "arm me 60", "armed me 160", true),
    ("armed you 150 one 60", "one", 100, "arm me 60", "armed you 150", false),
    ("firing you 150 one 60", "one", 100, "arm me 60", "firing you 150", false),
    ("fired you 150 one 60", "one", 200, "arm me 60", "armed me 260", true),
    ("armed me 150 one 60", "one", 100, "begin me 30 what", "armed me 160", true),
    ("armed me 150 one 60", "one", 150, "begin me 30 what", "armed me 150", false),
    ("armed me 150 one 60", "two", 100, "begin me 30 what", "armed me 150", false),
    ("armed you 150 one 60", "one", 100, "begin me 30 what", "armed you 150", false),
    ("firing me 150 one 60", "one", 100, "begin me 30 what", "firing me 150", false),
    ("fired me 150 one 60", "one", 100, "begin me 30 what", "fired me 150", false),
    ("", "one", 100, "begin me 30 what", "", false),
    ("armed me 150 one 60", "one", 149, "end me", "armed me 209", true),
    ("fired me 150 one 60", "one", 149, "end me", "fired me 150", true),
    ("armed me 150 one 60", "one", 149, "disarm me", "", true),
    ("armed me 150 one 60", "one", 150, "disarm me", "armed me 150", false),
    ("armed you 150 one 60", "one", 100, "disarm me", "armed you 150", false),
    ("fired me 150 one 60", "one", 100, "disarm me", "fired me 150", false),
    ("armed me 150 one 60", "one", 150, "watch", "fired me 150", true),
    ("firing me 150 one 60", "one", 100, "watch", "fired me 150", true),
    ("fired me 150 one 60", "one", 100, "watch", "fired me 150", true),
    ("", "one", 100, "watch", "", true),
    ("armed me 150 one 60", "one", 100, "boot", "fired me 150", true),
    ("firing me 150 one 60", "one", 100, "boot", "fired me 150", true),
    ("fired me 150 one 60", "one", 100, "boot", "fired me 150", true),
    ("fired me 150 one 60", "one", 100, "forget me", "", true),
    ("armed me 150 one 60", "one", 100, "forget me", "armed me 150", true),
];

#[test]
fn the_hosts_script_moves_as_the_model_does() {
    for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        for (found, boot, clock, verb, left, allowed) in CASES {
            let folder = tempfile::tempdir().expect("a folder");
            let guard = folder.path().join("guard");
            std::fs::create_dir_all(guard.join("snap")).expect("made");
            let write =
                |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
            write("boot", boot);
            write("clock", &format!("{clock}.53 1.0\n"));
            write("switch", &script(folder.path(), "restore() { : >\"$g/restored\"; }"));
            if !found.is_empty() {
                write("guard/state", &format!("{found}\n"));
            }
            // As a guarded write does: the caller holds the lock.
            let lock = if verb.starts_with("begin") || verb.starts_with("end") {
                "exec 8>>guard/lock; flock 8; "
            } else {
                ""
            };
            let line = format!("{lock}{} switch {verb}", shell.join(" "));
            let ran = Command::new("sh")
                .args(["-c", &line])
                .current_dir(folder.path())
                .output()
                .expect("sh starts");
            let said = String::from_utf8_lossy(&ran.stderr);
            let state = std::fs::read_to_string(guard.join("state")).unwrap_or_default();
            let case = format!("{shell:?}: `{verb}` on `{found}` at {clock}: {state} {said}");
            assert_eq!(ran.status.success(), *allowed, "{case}");
            assert!(if left.is_empty() { state.is_empty() } else { state.starts_with(left) }, "{case}");
            let restores = left.starts_with("fired") && !found.starts_with("fired");
            assert_eq!(guard.join("restored").exists(), restores, "{case}");
        }
    }
}

#[test]
fn a_firing_that_was_broken_off_goes_on_with_its_report() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("guard/snap")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("boot", "one");
    write("clock", "160.0 1.0\n");
    write("guard/state", "firing me 150 one 60\n");
    write("guard/report", "restored /etc/ssh/first\n");
    let parts = "files() { say 'restored /etc/second'; }\naccounts() { :; }\nreset_sysctls() { :; }\n\
                 reset_firewall() { :; }\nreset_network() { :; }\nservices() { say \"saw $(grep -c /etc/ \"$g/report\")\"; }";
    write("switch", &script(folder.path(), parts));
    let ran = Command::new("sh").args(["switch", "watch"]).current_dir(folder.path()).status();
    assert!(ran.expect("sh starts").success());
    let report = std::fs::read_to_string(folder.path().join("guard/report")).expect("a report");
    assert_eq!(report, "restored /etc/ssh/first\nrestored /etc/second\nsaw 2\n");
}

#[test]
fn a_watcher_outlives_a_file_system_that_takes_nothing() {
    for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("guard/snap")).expect("made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("boot", "one");
        write("clock", "160.0 1.0\n");
        write("guard/state", "armed me 150 one 60\n");
        write("switch", &script(folder.path(), "restore() { : >\"$g/restored\"; }"));
        // A folder can't be written to as a file, by root neither.
        let lock = folder.path().join("guard/lock");
        std::fs::create_dir(&lock).expect("made");
        let mut command = Command::new(shell[0]);
        let mut watcher = command
            .args(&shell[1..])
            .args(["switch", "watch"])
            .current_dir(folder.path())
            .spawn()
            .expect("a shell");
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(watcher.try_wait().expect("a child").is_none(), "{shell:?}: the watcher has ended");
        std::fs::remove_dir(&lock).expect("gone");
        assert!(watcher.wait().expect("ended").success());
        assert!(folder.path().join("guard/restored").exists(), "{shell:?}");
    }
}

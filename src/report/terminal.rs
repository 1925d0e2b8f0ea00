//! The report for people.

mod ending;

use super::apply::{Announced, Applied};
use super::block::{self, Detail, Sign};
use super::group::{Counter, Groups};
use super::mask::Masker;
use super::notice::Notices;
use super::page::Page;
use super::progress::Progress;
use super::style::Paint;
use super::tally::Tally;
use super::{Sink, diverged, text};
use crate::record::{Diverged, Entry, Event, Mode, Recap, Restored};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write;

/// Said where a host may be out of reach from now on.
const KEEP_SESSIONS: &str = "keep the sessions that are open there, and put access right from one of them";

/// How the report is to look.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    pub verbosity: u8,
    /// Whether texts are shown as diffs.
    pub diff: bool,
}

pub struct Terminal {
    out: Box<dyn Write + Send>,
    /// The log: logins and the like.
    err: Box<dyn Write + Send>,
    progress: Option<Progress>,
    masker: Masker,
    settings: Settings,
    page: Page,
    mode: Mode,
    /// The run's id.
    run: String,
    hosts: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Hosts that have a plan, or never will.
    settled: HashSet<usize>,
    /// The plan of all hosts, until it is printed.
    plan: Groups,
    printed: bool,
    signs: BTreeSet<Sign>,
    tally: Tally,
    notices: Notices,
    announced: Announced,
    applied: Applied,
    /// What hosts were at when last heard of, while applying.
    doing: HashMap<usize, String>,
    recaps: Vec<(usize, Recap)>,
}

impl Terminal {
    pub fn new(
        settings: Settings,
        masker: Masker,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Self {
        Terminal {
            out,
            err,
            progress,
            masker,
            settings,
            page: Page::new(Paint::new(settings.color), settings.width),
            mode: Mode::Plan,
            run: String::new(),
            hosts: Vec::new(),
            numbers: HashMap::new(),
            settled: HashSet::new(),
            plan: Groups::default(),
            printed: false,
            signs: BTreeSet::new(),
            tally: Tally::default(),
            notices: Notices::default(),
            announced: Announced::default(),
            applied: Applied::default(),
            doing: HashMap::new(),
            recaps: Vec::new(),
        }
    }

    /// The host's number; one that joined later (`add_host`) gets the next.
    fn number(&mut self, host: &str) -> usize {
        if let Some(number) = self.numbers.get(host) {
            return *number;
        }
        self.hosts.push(host.to_string());
        self.numbers.insert(host.to_string(), self.hosts.len() - 1);
        self.hosts.len() - 1
    }

    fn started(&mut self, run: &str, mode: Mode, playbook: &str, hosts: &[String]) {
        self.mode = mode;
        self.run = run.to_string();
        hosts.iter().for_each(|host| {
            self.number(host);
        });
        if self.settings.verbosity > 0 {
            self.log(&format!("run {}: {}", text::line(run), text::line(playbook)));
        }
        if let Some(progress) = &self.progress {
            progress.phase("planned", hosts.len());
        }
    }

    fn log(&mut self, line: &str) {
        let err = &mut self.err;
        // Nobody may be reading; the run goes on all the same.
        let mut write = || drop(writeln!(err, "{line}"));
        match &self.progress {
            Some(progress) => progress.aside(write),
            None => write(),
        }
    }

    fn flush(&mut self) {
        let text = self.page.take();
        if text.is_empty() {
            return;
        }
        let out = &mut self.out;
        // As above.
        let mut write = || drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        match &self.progress {
            Some(progress) => progress.aside(write),
            None => write(),
        }
    }

    /// A host that nothing more is heard of in this run.
    fn lost(&mut self, host: &str) {
        let number = self.number(host);
        self.settle(number);
        if self.printed && self.mode == Mode::Apply {
            self.show_notices(false);
        }
    }

    fn show_notices(&mut self, all: bool) {
        let lines = self.notices.take(&self.page.paint, all);
        if !lines.is_empty() {
            self.page.leave();
            self.page.gap();
            lines.iter().for_each(|line| self.page.line(line));
        }
    }

    fn detail(&self) -> Detail {
        match (self.settings.diff || self.mode == Mode::Plan, self.settings.verbosity) {
            (false, _) => Detail::Brief,
            (true, 0) => Detail::Full,
            (true, _) => Detail::Whole,
        }
    }

    fn planned(&mut self, host: &str, entries: &[Entry]) {
        let number = self.number(host);
        let (paint, detail, all) = (self.page.paint, self.detail(), self.settings.verbosity > 0);
        let mut counter = Counter::default();
        let mut shown = Vec::new();
        for entry in entries {
            let slot = counter.slot(entry);
            self.announced.add(number, &slot, entry);
            if all || block::matters(entry) {
                self.signs.extend(block::signs(entry));
                shown.push((slot, block::lines(&paint, entry, detail)));
            }
        }
        self.plan.add(number, shown);
        self.tally.host(entries);
        if let Some(progress) = &mut self.progress {
            progress.idle(host);
            progress.step(1);
        }
        self.settle(number);
    }

    /// One host more has a plan, or never will; when all have, the plan is shown.
    fn settle(&mut self, host: usize) {
        self.settled.insert(host);
        if self.settled.len() >= self.hosts.len() {
            self.print_plan();
        }
    }

    fn print_plan(&mut self) {
        self.show_notices(true);
        if std::mem::replace(&mut self.printed, true) || self.tally.hosts == 0 {
            return;
        }
        let plan = std::mem::take(&mut self.plan);
        for (slot, variants) in plan.iter() {
            self.page.variants(slot, &variants.sorted(), &self.hosts);
        }
        if !self.signs.is_empty() {
            let signs = self.signs.iter();
            let paint = self.page.paint;
            let legend = signs.map(|sign| format!("{} {}", sign.paint(&paint, sign.mark()), sign.legend()));
            let legend = legend.collect::<Vec<_>>().join("  ");
            self.page.gap();
            self.page.line(legend);
        }
        if self.mode == Mode::Apply {
            let line = self.page.paint.strong(self.tally.line());
            self.page.gap();
            self.page.line(line);
            self.page.leave();
            if let Some(progress) = &self.progress {
                progress.phase("tasks", self.announced.len());
            }
        }
    }

    fn done(&mut self, host: &str, entry: &Entry) {
        self.print_plan();
        if !self.applied.begun() {
            let heading = self.page.paint.strong("applying");
            self.page.gap();
            self.page.line(heading);
        }
        let number = self.number(host);
        self.doing.remove(&number);
        let slot = self.applied.slot(number, entry);
        let before = self.announced.get(number, &slot);
        let lines = self.applied.lines(&self.page.paint, entry, before, self.settings.verbosity > 0);
        if let Some(progress) = &self.progress {
            progress.step(usize::from(before.is_some()));
        }
        let expected = self.announced.hosts(&slot);
        self.applied.hold(number, slot, lines, expected);
        self.show_applied(false);
    }

    fn show_applied(&mut self, all: bool) {
        for (slot, variants) in self.applied.ready(all) {
            self.page.variants(&slot, &variants.sorted(), &self.hosts);
        }
    }

    fn verified(&mut self, host: &str, diverged: &[Diverged]) {
        if diverged.is_empty() {
            return;
        }
        self.show_applied(true);
        let paint = self.page.paint;
        self.page.leave();
        self.page.gap();
        self.page.line(format!("{} on {}", paint.bad("did not converge"), paint.hosts(text::line(host))));
        for each in diverged {
            diverged::show(&mut self.page, each, "predicted");
        }
    }

    fn restored(&mut self, restored: &Restored) {
        let Restored { host, run, why, changes, report, seconds } = restored;
        let after = seconds.map(|seconds| format!(" after {seconds:.0} s")).unwrap_or_default();
        let list = |lines: &[String]| lines.iter().map(|line| format!("\n  {line}")).collect::<String>();
        let mut message = match changes.is_empty() {
            true => {
                format!("{why}\nrun {run} had armed the dead-man's switch, and nothing had been changed yet")
            }
            false => format!("{why}\nthe host took back{after} what run {run} had changed:{}", list(changes)),
        };
        if !report.is_empty() {
            message += &format!("\nby this it was put right:{}", list(report));
        }
        self.notices.add(
            "restored",
            host,
            &message,
            (!changes.is_empty()).then_some("see what would have locked you out before you try again"),
        );
        self.lost(host);
    }

    fn no_record(&mut self, run: &str) {
        let paint = self.page.paint;
        self.page.leave();
        self.page.gap();
        self.page.line(format!("{}: no host keeps a run {}", paint.bad("error"), text::line(run)));
        self.page
            .line(format!("  {} `harda runs -i INVENTORY` lists what the hosts keep", paint.good("hint:")));
    }

    /// A host that is not as its saved plan has it.
    fn drifted(&mut self, host: &str, drifted: &[Diverged]) {
        let paint = self.page.paint;
        self.page.leave();
        self.page.gap();
        self.page.line(format!(
            "{}: {}: it is not as it was when the plan was made; nothing is done there",
            paint.hosts(text::line(host)),
            paint.bad("drifted")
        ));
        for each in drifted {
            diverged::show(&mut self.page, each, "planned on");
        }
        self.page.line(format!("  {} plan again, and review what comes out", paint.good("hint:")));
    }

    fn finished(&mut self, host: &str, recap: &Recap) {
        let number = self.number(host);
        let mut recap = recap.clone();
        if self.mode == Mode::Apply && self.applied.done(number) == 0 {
            // What was only planned isn't changed.
            (recap.changed, recap.conditional, recap.unknown) = (0, 0, 0);
        }
        self.recaps.push((number, recap));
        if let Some(progress) = &mut self.progress {
            progress.idle(host);
            progress.step(match self.mode {
                Mode::Apply if self.printed => self.applied.missing(number, &self.announced),
                _ => 0,
            });
        }
        self.settle(number);
    }
}

impl Sink for Terminal {
    fn event(&mut self, event: &Event) {
        match &self.masker.event(event) {
            Event::Started { run, mode, playbook, hosts } => self.started(run, *mode, playbook, hosts),
            Event::NoHosts { play, pattern } => {
                let play = text::line(play);
                self.page.line(format!("play {play}: no host matches `{}`", text::line(pattern)));
            }
            Event::NoRecord { run } => self.no_record(run),
            Event::Busy { host, doing } => {
                if self.printed && self.mode == Mode::Apply {
                    let number = self.number(host);
                    self.doing.insert(number, doing.clone());
                }
                if let Some(progress) = &mut self.progress {
                    progress.busy(host, doing);
                }
            }
            Event::Connected { host, summary, login_ms, .. } => {
                if self.settings.verbosity > 0 {
                    let (host, summary) = (text::line(host), text::line(summary));
                    self.log(&format!("{host}: logged in in {login_ms} ms, {summary}"));
                }
            }
            Event::Unreachable { host, message, hint } => {
                self.notices.add("unreachable", host, message, hint.as_deref());
                self.tally.unreachable += 1;
                self.lost(host);
            }
            Event::Refused { host, message, hint } => {
                self.notices.add("refused", host, message, hint.as_deref());
                self.tally.refused += 1;
                self.lost(host);
            }
            Event::Drifted { host, drifted } => {
                self.drifted(host, drifted);
                self.tally.refused += 1;
                self.lost(host);
            }
            Event::Wrong { host, message, hint } => {
                self.notices.add("error", host, message, hint.as_deref());
                self.tally.wrong += 1;
                self.lost(host);
            }
            Event::Proven { host, user, what, ok: true, message } => {
                self.notices.proven(host, user, what, message)
            }
            Event::Warned { host, message } => self.notices.add("warning", host, message, None),
            Event::Restored(restored) => self.restored(restored),
            Event::Proven { host, user, ok: false, message, .. } => {
                let message = format!("a fresh login as `{user}` failed: {message}");
                self.notices.add("locked out", host, &message, Some(KEEP_SESSIONS));
                self.lost(host);
            }
            Event::Planned { host, entries } => self.planned(host, entries),
            Event::Done { host, entry } => self.done(host, entry),
            Event::Verified { host, diverged, .. } => self.verified(host, diverged),
            Event::Finished { host, recap } => self.finished(host, recap),
            Event::Ended { seconds, exit_code } => self.ended(*seconds, *exit_code),
        }
        self.flush();
    }

    fn idle(&mut self) {
        self.show_applied(false);
        self.flush();
    }
}

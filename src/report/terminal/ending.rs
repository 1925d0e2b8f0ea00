//! What stands at the end of a report: how far each host came, the recap, what it comes to.

use super::Terminal;
use crate::record::{Kept, Mode, Recap};
use crate::report::fold::fold;
use crate::report::{recap, text};

/// The exit code of a run that was interrupted.
const INTERRUPTED: i32 = 130;

impl Terminal {
    pub(super) fn ended(&mut self, seconds: f64, exit_code: i32) {
        if let Some(progress) = &mut self.progress {
            progress.clear();
        }
        self.print_plan();
        self.show_applied(true);
        self.show_notices(true);
        match (self.mode, exit_code) {
            (Mode::Plan, INTERRUPTED) => {
                let paint = self.page.paint;
                self.page.gap();
                self.page
                    .line(paint.bad("interrupted: what is not shown was not looked at; nothing was changed"));
            }
            (Mode::Plan, _) => {}
            (Mode::Apply, INTERRUPTED) => self.interrupted(),
            (Mode::Apply, _) => self.left_alone(),
        }
        let paint = self.page.paint;
        let mut recaps = std::mem::take(&mut self.recaps);
        recaps.sort_by_key(|(host, _)| *host);
        let rows: Vec<(&str, &Recap)> =
            recaps.iter().map(|(host, recap)| (self.hosts[*host].as_str(), recap)).collect();
        let verbose = self.settings.verbosity > 0;
        self.page.gap();
        let lines = recap::lines(&paint, self.mode, &rows, verbose);
        let kept: Vec<&Kept> = recaps.iter().filter_map(|(_, recap)| recap.kept.as_ref()).collect();
        lines.iter().for_each(|line| self.page.line(line));
        let kept = recap::kept(kept);
        if !kept.is_empty() {
            self.page.gap();
            kept.iter().for_each(|line| self.page.line(line));
        }
        self.page.gap();
        self.last_lines(&recaps, seconds);
    }

    /// Hosts on which nothing was begun, since their plan failed.
    fn left_alone(&mut self) {
        let failed = |recap: &Recap| recap.failed + recap.refused > 0;
        let alone = self.recaps.iter().filter(|(host, recap)| failed(recap) && self.applied.done(*host) == 0);
        let mut alone: Vec<usize> = alone.map(|(host, _)| *host).collect();
        if alone.is_empty() {
            return;
        }
        alone.sort_unstable();
        let names: Vec<&str> = alone.iter().map(|host| self.hosts[*host].as_str()).collect();
        let names = text::line_of_any_length(&fold(&names));
        let paint = self.page.paint;
        self.page.gap();
        self.page.line(paint.bad(format!("not touched, because the plan failed: {names}")));
    }

    /// What an interrupted apply left behind: how far each host came.
    fn interrupted(&mut self) {
        let paint = self.page.paint;
        self.page.gap();
        self.page.line(paint.bad("interrupted: nothing new was begun, what was under way was finished"));
        let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
        for (number, host) in self.hosts.iter().enumerate() {
            let (done, announced) = (self.applied.done(number), self.announced.entries(number));
            let far = match announced {
                0 => "not planned, not touched".to_string(),
                _ => match self.doing.get(&number) {
                    Some(doing) => {
                        format!("{done} of {announced} tasks done, was at `{}`", text::line(doing))
                    }
                    None if done == 0 => "planned, not touched".to_string(),
                    None => format!("{done} of {announced} tasks done"),
                },
            };
            match alike.iter_mut().find(|(known, _)| *known == far) {
                Some((_, hosts)) => hosts.push(host),
                None => alike.push((far, vec![host])),
            }
        }
        for (far, hosts) in alike {
            let hosts = text::line_of_any_length(&fold(&hosts));
            self.page.line(format!("  {}: {far}", paint.hosts(hosts)));
        }
    }

    /// Time first: a plan's very last line is what it comes to.
    fn last_lines(&mut self, recaps: &[(usize, Recap)], seconds: f64) {
        let (paint, time) = (self.page.paint, text::duration(seconds));
        match self.mode {
            Mode::Plan => {
                self.page.line(paint.dim(format!("planned in {time}, nothing was changed")));
                let line = self.tally.line();
                self.page.line(match self.tally.trouble() {
                    true => paint.bad(line),
                    false => paint.strong(line),
                });
            }
            Mode::Apply => {
                let recaps: Vec<&Recap> = recaps.iter().map(|(_, recap)| recap).collect();
                let line = recap::sum(&recaps);
                self.page.line(match recap::trouble(&recaps) {
                    true => paint.bad(line),
                    false => paint.strong(line),
                });
                let changed = recaps.iter().any(|recap| recap.changed > 0);
                let run = match changed {
                    true => format!(", as run {}", text::line(&self.run)),
                    false => String::new(),
                };
                self.page.line(paint.dim(format!("applied in {time}{run}")));
            }
        }
    }
}

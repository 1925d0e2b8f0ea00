//! Handlers: who is notified, how surely, and when they run.

use super::{Flow, Sure, Walk};
use crate::engine::hidden::masked;
use crate::engine::pending::Pending;
use crate::engine::step::Todo;
use crate::playbook::model::{Play, Task};

/// A handler that was notified, by whom, and how surely.
pub(super) struct Notice {
    handler: String,
    by: String,
    sure: Sure,
}

impl Walk<'_> {
    /// Notifies what an earlier run left pending, so that it runs at the flush after the play's own
    /// tasks.
    pub(super) fn recall(&mut self, play: &Play) {
        let scope = self.layers.play_scope();
        for pending in self.left.iter().filter(|pending| pending.play == self.play_name) {
            if play.handlers.iter().any(|handler| self.answers(handler, &scope, &pending.handler)) {
                let (handler, by) = (pending.handler.clone(), pending.why());
                self.notified.push(Notice { handler, by, sure: Sure::Certain });
            }
        }
    }

    /// Whether a handler runs where this name is notified.
    pub(super) fn answers(&self, handler: &Task, scope: &crate::template::Scope, name: &str) -> bool {
        let title = handler.name.as_ref().and_then(|n| self.setup.templar.node(n, scope).ok());
        let title = title.map(|t| t.to_string()).unwrap_or_default();
        let short = title.rsplit(" : ").next().unwrap_or_default();
        !name.is_empty() && (name == title || name == short || handler.listen.iter().any(|l| l == name))
    }

    /// Runs the handlers that were notified, in the order in which they are written.
    pub(super) fn flush(&mut self, play: &Play) -> Flow {
        let notices = std::mem::take(&mut self.notified);
        self.flushes += 1;
        let scope = self.layers.play_scope();
        for handler in &play.handlers {
            let mine: Vec<&Notice> =
                notices.iter().filter(|n| self.answers(handler, &scope, &n.handler)).collect();
            if mine.is_empty() {
                continue;
            }
            let mut triggers: Vec<String> = mine.iter().map(|n| n.by.clone()).collect();
            triggers.dedup();
            let sure = surest(mine.iter().map(|n| &n.sure));
            self.trail.push(format!("handlers{}", self.flushes));
            let first = self.out.steps.len();
            let flow = self.task(play, handler, Some((&triggers, &sure)));
            self.trail.pop();
            if flow == Flow::Continue
                && self.out.steps[first..].iter().all(|step| matches!(step.todo, Todo::Nothing))
            {
                let names: Vec<String> = mine.iter().map(|n| n.handler.clone()).collect();
                let play = &self.play_name;
                self.out.pending.retain(|p| p.play != *play || !names.contains(&p.handler));
            }
            if flow != Flow::Continue {
                return flow;
            }
        }
        // A handler that notifies another one is flushed in its turn.
        if self.notified.is_empty() { Flow::Continue } else { self.flush(play) }
    }

    /// `made`: what notifies is done, so that the handler is owed from here on.
    pub(in crate::engine) fn notify(&mut self, names: &[String], by: &str, sure: &Sure, made: bool) {
        for name in names {
            if made {
                let (run, play) = (self.setup.run.clone(), self.play_name.clone());
                let by = masked(by.to_string(), &self.setup.secrets);
                let pending = Pending { run, play, handler: name.clone(), by };
                if !self.out.pending.contains(&pending) {
                    self.out.pending.push(pending);
                }
            }
            self.notified.push(Notice { handler: name.clone(), by: by.to_string(), sure: sure.clone() });
        }
    }
}

fn surest<'n>(all: impl Iterator<Item = &'n Sure>) -> Sure {
    let rank = |sure: &Sure| match sure {
        Sure::Certain => 0,
        Sure::Conditional(_) => 1,
        Sure::Unknown(_) => 2,
    };
    all.min_by_key(|s| rank(s)).cloned().unwrap_or(Sure::Certain)
}

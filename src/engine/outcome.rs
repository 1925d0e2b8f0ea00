//! From what a module decided to a step: Changes or an act, and what comes of them.

use super::log::{Done, StepId};
use super::result;
use super::step::{Step, Todo, shown, shown_action};
use super::task::Job;
use super::walk::{Sure, Walk};
use crate::change::{Certainty, Change};
use crate::module::{Action, Effect, Planned};
use crate::playbook::model::Task;
use crate::record::Status;
use crate::resource::effective::members;
use crate::resource::group::GroupState;
use crate::resource::user::UserState;
use crate::resource::{Key, Level, Opaque, Risk, State, effective};
use crate::template::{Scope, Var, unknown};
use crate::world::Stop;
use minijinja::Value;

impl Walk<'_> {
    pub(super) fn planned(
        &mut self,
        job: &Job<'_>,
        id: StepId,
        scope: &Scope,
        label: Option<String>,
        planned: Planned,
        certainty: Certainty,
    ) -> Step {
        if let Effect::Fail(message) = &planned.effect {
            let status = self.stopped(job, Stop::error(message.clone()), certainty);
            let mut step = self.plain(job, id, scope, label, status);
            step.entry.checked = true;
            return step;
        }
        match planned.action.clone() {
            Some(action) => self.acting(job, id, scope, label, planned, action, certainty),
            None => self.changing(job, id, scope, label, planned, certainty),
        }
    }

    pub(super) fn changing(
        &mut self,
        job: &Job<'_>,
        id: StepId,
        scope: &Scope,
        label: Option<String>,
        planned: Planned,
        certainty: Certainty,
    ) -> Step {
        let mut entry = self.entry(job.task, scope, label, job.module, Status::Ok);
        entry.notes = planned.notes;
        entry.notes.extend(planned.lags.iter().map(|what| format!("with the next reboot: {what}")));
        entry.lags = planned.lags;
        entry.origin.triggers = self.triggers(job);
        let dry = self.shown_only(job.task, scope);
        let mut changes = Vec::new();
        for mut want in planned.wants {
            want.extras.guard |= job.task.guard;
            let Some(from) = self.world.current(&want.key).cloned() else {
                self.world.demand(want.key, Level::Digest);
                self.out.waiting = true;
                continue;
            };
            if want.key.same(&from, &want.to) {
                continue;
            }
            let known = self.access.ways.risk(&want.key, &from, &want.to);
            want.extras.guard |= known == Risk::LockOut;
            let change = Change {
                key: want.key,
                from,
                to: want.to,
                extras: want.extras,
                certainty: certainty.clone(),
            };
            if !dry {
                self.predict(&change, &entry.origin.task);
            }
            entry.changes.push(shown(&change, entry.origin.secret || change.extras.hidden));
            changes.push(change);
        }
        let mut facts = Vec::new();
        match planned.effect {
            Effect::Facts(pairs) => facts = pairs,
            Effect::Message(text) => entry.notes.push(text),
            Effect::None | Effect::Fail(_) => {}
        }
        if dry && !changes.is_empty() {
            return self.only_shown(
                job,
                scope,
                Step { id, entry, todo: Todo::Nothing, done: Done::default() },
            );
        }
        let sure = (!changes.is_empty()).then(|| Sure::from(certainty.clone()));
        let value = result::of(planned.result, sure.is_some());
        let todo = match changes.is_empty() {
            true => Todo::Nothing,
            false => Todo::Changes(changes, self.run_as(job.task, scope)),
        };
        self.judge(job, scope, Step { id, entry, todo, done: Done { facts, ..Done::default() } }, value, sure)
    }

    /// Lays a Change over the World, with what it brings.
    pub(super) fn predict(&mut self, change: &Change, task: &str) {
        if change.opaque() {
            let package = match &change.key {
                Key::Package(name) => Some(name.clone()),
                _ => None,
            };
            self.world.shake(Opaque { task: task.to_string(), package });
        }
        self.predict_following(change);
        self.predict_leaving(change);
        self.predict_members(change);
        self.world.predict(change.key.clone(), change.to.clone(), change.certainty.clone());
    }

    /// With an account goes the group of its own, unless others are in it.
    fn predict_leaving(&mut self, change: &Change) {
        let (Key::User(name), State::User(UserState::Present(account)), State::User(UserState::Absent)) =
            (&change.key, &change.from, &change.to)
        else {
            return;
        };
        if account.group.as_ref() != Some(name) {
            return;
        }
        let key = Key::Group(name.clone());
        match self.world.current(&key) {
            Some(State::Group(GroupState::Present { members, .. })) => {
                if members.iter().all(|member| member == name) {
                    self.world.predict(key, State::Group(GroupState::Absent), change.certainty.clone());
                }
            }
            Some(_) => {}
            None => {
                self.world.demand(key, Level::Digest);
                self.out.waiting = true;
            }
        }
    }

    /// A group that goes, or comes with members, changes the accounts in it.
    fn predict_members(&mut self, change: &Change) {
        for user in members::members(&change.key, &change.from, &change.to) {
            let Some(account) = self.world.current(&user) else {
                self.world.demand(user, Level::Digest);
                self.out.waiting = true;
                continue;
            };
            if let Some(after) = members::after(&change.key, &change.from, &change.to, &user, account) {
                self.world.predict(user, after, change.certainty.clone());
            }
        }
    }

    /// What a Change brings with it, where nothing stands there yet.
    pub(super) fn predict_following(&mut self, change: &Change) {
        for (key, state) in effective::follows(&change.key, &change.from, &change.to, &change.extras) {
            match self.world.current(&key) {
                Some(now) if effective::is_absent(now) => self.world.predict(key, state, Certainty::Certain),
                Some(_) => {}
                None => {
                    self.world.demand(key, Level::Digest);
                    self.out.waiting = true;
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn acting(
        &mut self,
        job: &Job<'_>,
        id: StepId,
        scope: &Scope,
        label: Option<String>,
        planned: Planned,
        mut action: Action,
        certainty: Certainty,
    ) -> Step {
        if job.task.guard {
            action.risk = Risk::LockOut;
        }
        let mut entry = self.entry(job.task, scope, label, job.module, Status::Ok);
        entry.notes = planned.notes;
        entry.origin.triggers = self.triggers(job);
        let repeat = self.repeat(job.task, scope);
        entry.action = Some(shown_action(&action, entry.origin.secret, repeat.probe));
        let task = entry.origin.task.clone();
        if let Some(reply) = self.log.reply(&id) {
            if entry.origin.secret {
                self.hide_reply(reply);
            }
            let value = result::of_reply(reply, action.outcome, planned.result);
            let held = repeat.probe || self.until_holds(job.task, scope, &value);
            if !held && self.log.tries(&id) < repeat.tries {
                let todo = Todo::Act(action, self.run_as(job.task, scope), repeat);
                let done = Done { result: result::unknown(&task), ..Done::default() };
                return Step { id, entry, todo, done };
            }
            let message = result::failure(reply, &action, entry.origin.secret);
            let step = Step { id, entry, todo: Todo::Nothing, done: Done::default() };
            let tries = repeat.tries;
            let message = match held {
                true => message,
                false => {
                    Some(format!("`until` did not hold in {tries} tries\n{}", message.unwrap_or_default()))
                }
            };
            return self.judge_act(job, scope, step, value, message);
        }
        if self.shown_only(job.task, scope) {
            return self.only_shown(
                job,
                scope,
                Step { id, entry, todo: Todo::Nothing, done: Done::default() },
            );
        }
        let run_as = self.run_as(job.task, scope);
        let probe = repeat.probe;
        let todo = Todo::Act(action.clone(), run_as, repeat);
        if probe {
            self.out.waiting = true;
            self.out.waiters.push(format!("{}: the probe `{}`", job.task.place, action.title));
            let done = Done { result: result::unknown(&task), ..Done::default() };
            return Step { id, entry, todo, done };
        }
        if action.opaque {
            self.world.shake(Opaque { task: task.clone(), package: None });
        }
        let value = result::before_act(&task, &action, planned.result);
        self.judge(job, scope, Step { id, entry, todo, done: Done::default() }, value, Some(certainty.into()))
    }

    /// `check_mode: true`: the task is shown in an apply too, and never made.
    pub(super) fn shown_only(&self, task: &Task, scope: &Scope) -> bool {
        self.flag(task.check_mode.as_ref(), scope)
    }

    pub(super) fn only_shown(&mut self, job: &Job<'_>, scope: &Scope, mut step: Step) -> Step {
        let changes = !step.entry.changes.is_empty();
        step.entry.notes.push("shown only: the task says `check_mode: true`".into());
        let value = result::of(Vec::new(), changes);
        let value = if step.entry.action.is_some() { result::skipped("check_mode: true") } else { value };
        let mut step = self.judge(job, scope, step, value.clone(), None);
        step.done.result = value;
        step
    }

    /// An act that has run: `changed_when` and `failed_when` look at what it said.
    pub(super) fn judge_act(
        &mut self,
        job: &Job<'_>,
        scope: &Scope,
        step: Step,
        value: Value,
        failure: Option<String>,
    ) -> Step {
        let step = self.judge(job, scope, step, value, Some(Sure::Certain));
        match failure {
            Some(message) if job.task.failed_when.is_none() => self.fail(job, scope, step, message),
            _ => step,
        }
    }

    pub(super) fn fail(&mut self, job: &Job<'_>, scope: &Scope, mut step: Step, message: String) -> Step {
        let ignore = self.flag(job.task.ignore_errors.as_ref(), scope);
        step.done.result =
            result::with(&step.done.result, &[("failed", true.into()), ("msg", message.as_str().into())]);
        step.done.changed = None;
        let status = Status::Failed { message, ignored: ignore, rescued: false };
        step.entry.status = self.hushed(job, scope, status);
        step
    }

    /// Applies `changed_when` and `failed_when` to a result, and settles the step's status.
    pub(super) fn judge(
        &mut self,
        job: &Job<'_>,
        scope: &Scope,
        mut step: Step,
        value: Value,
        changed: Option<Sure>,
    ) -> Step {
        let seen = match &job.task.register {
            Some(name) => scope.with(name, Var::Data(value.clone())),
            None => scope.clone(),
        };
        let mut changed = changed;
        let mut value = value;
        match self.verdict(job.task.changed_when.as_deref(), &seen) {
            Ok(None) => {}
            Ok(Some(true)) => changed = Some(changed.unwrap_or(Sure::Certain)),
            Ok(Some(false)) => changed = None,
            Err(Status::Unknown { until }) => {
                value = result::with(&value, &[("changed", unknown(&until))]);
                changed = Some(Sure::Unknown(until));
            }
            Err(Status::Failed { message, .. }) => {
                step.done.result = value;
                return self.fail(job, scope, step, message);
            }
            Err(_) => {}
        }
        if !matches!(changed, Some(Sure::Unknown(_))) {
            value = result::with(&value, &[("changed", changed.is_some().into())]);
        }
        step.entry.status = match &changed {
            None => Status::Ok,
            Some(Sure::Certain) => Status::Changed { certainty: Certainty::Certain },
            Some(Sure::Conditional(task)) => {
                Status::Changed { certainty: Certainty::Conditional { waits_for: task.clone() } }
            }
            // An act runs for certain, whatever `changed_when` will say of it.
            Some(Sure::Unknown(_)) => Status::Changed { certainty: Certainty::Certain },
        };
        step.done.changed = changed;
        step.done.ignore_errors = self.flag(job.task.ignore_errors.as_ref(), scope);
        step.done.result = value;
        match self.verdict(job.task.failed_when.as_deref(), &seen) {
            Ok(Some(true)) => {
                let why = result::false_condition(job.task.failed_when.as_deref().unwrap_or_default());
                self.fail(job, scope, step, format!("`failed_when` holds: {why}"))
            }
            Err(Status::Failed { message, .. }) => self.fail(job, scope, step, message),
            _ => step,
        }
    }
}

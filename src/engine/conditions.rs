//! A task's loop and its conditions: `when`, `changed_when`, `failed_when`, `until`.

use super::result;
use super::step::Repeat;
use super::walk::Walk;
use crate::playbook::model::{LoopKind, Play, Task};
use crate::record::Status;
use crate::template::{RenderError, Scope, Var};
use crate::yaml::Node;
use minijinja::Value;

/// One item of a task's loop: what it sees, and its label.
pub type Round = (Scope, Option<String>);

impl Walk<'_> {
    /// The items of the loop, each with what it sees; one without an item if there is no loop.
    pub(super) fn rounds(&mut self, play: &Play, task: &Task) -> Result<Vec<Round>, Status> {
        let scope = self.layers.scope(play, task, &self.memory);
        let Some(looped) = &task.looped else { return Ok(vec![(scope, None)]) };
        let items = match self.setup.templar.node(&looped.items, &scope) {
            Ok(items) => result::items(&items, looped.kind),
            Err(error) => return Err(self.loop_error(task, error, &looped.items, &scope)),
        };
        let Some(items) = items else {
            let message = format!("{}: a loop needs a list", looped.items.place);
            return Err(Status::Failed { message, ignored: false, rescued: false });
        };
        Ok(items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                let mut scope = scope.with(&looped.var, Var::Data(item.clone()));
                if let Some(name) = &looped.index_var {
                    scope = scope.with(name, Var::Data(Value::from(index)));
                }
                let label = match &looped.label {
                    Some(node) => self
                        .setup
                        .templar
                        .node(node, &scope)
                        .map_or_else(|_| String::new(), |v| v.to_string()),
                    None => result::label(&item),
                };
                (scope, Some(label))
            })
            .collect())
    }

    /// A task whose condition is false whatever the item is skipped, even if its loop can't be
    /// rendered.
    pub(super) fn loop_error(
        &mut self,
        task: &Task,
        error: RenderError,
        node: &Node,
        scope: &Scope,
    ) -> Status {
        if task.looped.as_ref().is_some_and(|l| l.kind != LoopKind::WithDict)
            && matches!(self.holds(task, scope), Ok(false))
        {
            return Status::Skipped { why: "its condition is false".into() };
        }
        self.rendering(error, node)
    }

    /// Whether all conditions of the task hold.
    pub(super) fn holds(&mut self, task: &Task, scope: &Scope) -> Result<bool, Status> {
        for node in &task.when {
            match self.setup.templar.condition(node, scope) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.rendering(error, node)),
            }
        }
        Ok(true)
    }

    pub(super) fn rendering(&self, error: RenderError, node: &Node) -> Status {
        match error {
            RenderError::Unknown { until } => Status::Unknown { until },
            other => {
                let message = other.at(&node.place).to_string();
                Status::Failed { message, ignored: false, rescued: false }
            }
        }
    }

    pub(super) fn verdict(
        &mut self,
        conditions: Option<&[Node]>,
        scope: &Scope,
    ) -> Result<Option<bool>, Status> {
        let Some(conditions) = conditions else { return Ok(None) };
        for node in conditions {
            match self.setup.templar.condition(node, scope) {
                Ok(true) => {}
                Ok(false) => return Ok(Some(false)),
                Err(error) => return Err(self.rendering(error, node)),
            }
        }
        Ok(Some(true))
    }

    /// `changed_when: false`, whatever the command says.
    pub(super) fn verdict_quietly(&self, task: &Task, scope: &Scope) -> Option<bool> {
        let conditions = task.changed_when.as_deref()?;
        let first = conditions.first()?;
        self.setup.templar.condition(first, scope).ok()
    }

    /// `until`, on what the last try said.
    pub(super) fn until_holds(&mut self, task: &Task, scope: &Scope, value: &Value) -> bool {
        let seen = match &task.register {
            Some(name) => scope.with(name, Var::Data(value.clone())),
            None => scope.clone(),
        };
        !matches!(self.verdict(task.until.as_deref(), &seen), Ok(Some(false)))
    }

    pub(super) fn repeat(&self, task: &Task, scope: &Scope) -> Repeat {
        let number = |node: Option<&Node>| {
            let value = node.and_then(|n| self.setup.templar.node(n, scope).ok());
            value.and_then(|v| v.as_i64().or_else(|| v.to_string().parse().ok()))
        };
        // Ansible tries three times by itself, and once more than `retries` says.
        let tries = match (&task.until, number(task.retries.as_ref())) {
            (None, _) => 1,
            (Some(_), None) => 3,
            (Some(_), Some(more)) => more.clamp(0, 10_000) as u32 + 1,
        };
        let delay = number(task.delay.as_ref()).unwrap_or(5).clamp(0, 3600) as u64;
        let vouched = task.check_mode.is_some() && !self.flag(task.check_mode.as_ref(), scope);
        let quiet = matches!(self.verdict_quietly(task, scope), Some(false));
        let probe = !self.setup.options.no_probes && (vouched || self.setup.options.probe && quiet);
        Repeat { tries, delay: std::time::Duration::from_secs(delay), probe }
    }
}

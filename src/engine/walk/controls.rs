//! A run about controls takes each by itself: one that fails ends itself, and not the host.

use super::{Flow, Walk};
use crate::engine::result;
use crate::engine::step::Step;
use crate::engine::task::Job;
use crate::playbook::model::{Play, Task};
use crate::record::Status;

impl Walk<'_> {
    /// Whether a run about controls takes the task: its control is one of the host's, and none of
    /// its tasks before has failed. Of a playbook without a pack a task that carries none, and could
    /// change the host, is a control by its name.
    pub(super) fn takes_control(&self, play: &Play, task: &Task, is_handler: bool) -> bool {
        let Some(controls) = &self.setup.options.controls else { return true };
        match task.control() {
            Some(control) => controls.takes(self.host, control) && !self.fallen.contains(control),
            None if controls.tasks_too && !is_handler && !task.only_looks() => {
                let scope = self.layers.scope(play, task, &self.memory);
                controls.takes(self.host, &self.title(task, &scope, task.act.name()))
            }
            None => true,
        }
    }

    /// Why a run about some controls doesn't come to a task: it is of none of them, and could change
    /// the host. Handlers follow from tasks.
    pub(in crate::engine) fn outside_controls(&self, job: &Job<'_>) -> Option<Status> {
        let controls = self.setup.options.controls.as_ref()?;
        let of_one = job.handler.is_some() || job.task.control().is_some() || controls.tasks_too;
        if of_one || controls.of_host.is_none() {
            return None;
        }
        let what = match (job.task.only_looks(), job.task.notify.is_empty()) {
            (true, true) => return None,
            (true, false) => "notifies a handler",
            (false, _) => "could change the host",
        };
        let message = format!("this task {what} and is of no control: it has to carry one (`control:NAME`)");
        Some(Status::Refused { message })
    }

    /// Whether the run is an audit of a pack.
    pub(in crate::engine) fn looks_on(&self) -> bool {
        self.setup.options.controls.as_ref().is_some_and(|controls| controls.looks_on)
    }

    /// In an audit a look of no control that fails says nothing about the host: what rests on it is
    /// unknown, and all else is judged. Nor does a handler: what notifies it is found already. A check
    /// of the playbook's author ends the host as ever.
    pub(in crate::engine) fn look_on(&self, job: &Job<'_>, step: &mut Step) {
        let only_follows = job.task.only_looks() || job.handler.is_some();
        let is_look = job.task.control().is_none() && only_follows && !step.entry.checked;
        if let Status::Failed { ignored, rescued: false, .. } = &mut step.entry.status
            && self.looks_on()
            && is_look
            && self.rescuable == 0
        {
            *ignored = true;
            step.done.result = result::unknown(&step.entry.origin.task);
        }
    }

    /// A control that fails ends itself and not the host.
    pub(super) fn alone(&mut self, task: &Task, flow: Flow) -> Flow {
        match (&self.setup.options.controls, task.control(), flow) {
            // What a rescue answers is no failure yet.
            (Some(_), Some(control), Flow::Failed | Flow::Refused) if self.rescuable == 0 => {
                self.fallen.insert(control.to_string());
                Flow::Continue
            }
            _ => flow,
        }
    }

    /// A block whose rescue failed too: ends the control that failed last in it.
    pub(super) fn block_alone(&mut self, start: usize, flow: Flow) -> Flow {
        let failed =
            |step: &&Step| matches!(step.entry.status, Status::Failed { .. } | Status::Refused { .. });
        let last = self.out.steps[start..].iter().rev().find(failed);
        let control = last.and_then(|step| step.entry.origin.control.clone());
        match (&self.setup.options.controls, control, flow) {
            (Some(_), Some(control), Flow::Failed | Flow::Refused) if self.rescuable == 0 => {
                self.fallen.insert(control);
                Flow::Continue
            }
            _ => flow,
        }
    }
}

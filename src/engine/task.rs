//! One task on one host: its condition, its loop, its arguments, its module's plan, and what comes
//! of it.

use super::log::{Done, StepId};
use super::result;
use super::step::{RunAs, Step, Todo};
use super::walk::{Flow, Sure, Walk, loop_var};
use crate::change::Certainty;
use crate::files::embedded;
use crate::module::{Action, Args, Context, Planned};
use crate::playbook::model::{Play, Task};
use crate::record::{Entry, Status};
use crate::resource::Opaque;
use crate::resource::user::User;
use crate::template::{Scope, Var, is_omit, note_declared, unknown};
use crate::world::Stop;
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use std::path::PathBuf;

/// What is the same for all items of a task.
pub struct Job<'t> {
    pub play: &'t Play,
    pub task: &'t Task,
    pub module: &'t str,
    pub args: &'t Node,
    pub handler: Option<(&'t [String], &'t Sure)>,
}

impl Walk<'_> {
    pub(super) fn module(
        &mut self,
        play: &Play,
        task: &Task,
        module: &str,
        args: &Node,
        handler: Option<(&[String], &Sure)>,
    ) -> Flow {
        let job = Job { play, task, module, args, handler };
        if let Some(refused) = self.outside_controls(&job) {
            return self.refuse(&job, refused);
        }
        let rounds = match self.rounds(play, task) {
            Ok(rounds) => rounds,
            Err(status) => {
                let scope = self.layers.scope(play, task, &self.memory);
                return self.without_rounds(&job, &scope, status);
            }
        };
        let first = self.out.steps.len();
        let looped = task.looped.is_some();
        let mut results = Vec::new();
        for (index, (scope, label)) in rounds.into_iter().enumerate() {
            let id = self.id(task, index);
            let item = scope.get(loop_var(task)).cloned().filter(|_| looped);
            self.world.take_asked();
            let mut step = self.step(&job, id, &scope, label);
            self.prove(&job, &mut step);
            self.look_on(&job, &mut step);
            let refused = matches!(step.entry.status, Status::Refused { .. });
            let result = match item {
                Some(Var::Data(item)) => result::with_item(&step.done.result, loop_var(task), item),
                _ => step.done.result.clone(),
            };
            results.push(result);
            for (name, value) in step.done.facts.clone() {
                note_declared(&self.setup.secrets, &name, &value);
                self.memory.learn(&name, value);
            }
            self.out.steps.push(step);
            if refused {
                return Flow::Refused;
            }
        }
        if let Some(name) = &task.register {
            self.keep_proof(name, first);
            let value = match (looped, results.len()) {
                (false, 1) => results.remove(0),
                _ => result::of_loop(results),
            };
            self.memory.learn(name, value);
        }
        self.conclude(&job, first)
    }

    /// The loop itself is unknown, or can't be rendered.
    fn without_rounds(&mut self, job: &Job<'_>, scope: &Scope, status: Status) -> Flow {
        let id = self.id(job.task, 0);
        let first = self.out.steps.len();
        let step = self.plain(job, id, scope, None, status);
        if let Some(name) = &job.task.register {
            self.memory.learn(name, step.done.result.clone());
        }
        self.out.steps.push(step);
        self.conclude(job, first)
    }

    /// A task that is refused before it is looked at: the host is left alone.
    fn refuse(&mut self, job: &Job<'_>, refused: Status) -> Flow {
        let scope = self.layers.scope(job.play, job.task, &self.memory);
        let id = self.id(job.task, 0);
        let step = self.plain(job, id, &scope, None, refused);
        self.out.steps.push(step);
        Flow::Refused
    }

    /// Notifies handlers, and says whether the host goes on.
    fn conclude(&mut self, job: &Job<'_>, first: usize) -> Flow {
        let mut failed = false;
        for at in first..self.out.steps.len() {
            let step = &self.out.steps[at];
            failed |= matches!(step.entry.status, Status::Failed { ignored: false, .. });
            if let Some(sure) = step.done.changed.clone() {
                let by = step.entry.origin.task.clone();
                let scope = self.layers.scope(job.play, job.task, &self.memory);
                let names = self.handler_names(job.task, &scope);
                let made = self.log.done(&step.id).is_some();
                self.out.steps[at].done.notifies = names.clone();
                self.notify(&names, &by, &sure, made);
            }
        }
        if failed { Flow::Failed } else { Flow::Continue }
    }

    fn handler_names(&self, task: &Task, scope: &Scope) -> Vec<String> {
        let values = task.notify.iter().filter_map(|node| self.setup.templar.node(node, scope).ok());
        values
            .flat_map(|value| match value.as_str() {
                Some(name) => vec![name.to_string()],
                None => value.try_iter().into_iter().flatten().map(|v| v.to_string()).collect(),
            })
            .collect()
    }

    /// One item of a task: looked up if it is done, else planned.
    fn step(&mut self, job: &Job<'_>, id: StepId, scope: &Scope, label: Option<String>) -> Step {
        if let Some(done) = self.log.done(&id)
            && let Some(entry) = &done.entry
        {
            return Step { id, entry: entry.clone(), todo: Todo::Nothing, done: done.clone() };
        }
        match self.holds(job.task, scope) {
            Ok(true) => {}
            Ok(false) => {
                let why = result::false_condition(&job.task.when);
                return self.plain(job, id, scope, label, Status::Skipped { why });
            }
            Err(status) => return self.plain(job, id, scope, label, status),
        }
        if let Some((_, Sure::Unknown(until))) = job.handler {
            let until = until.clone();
            return self.plain(job, id, scope, label, Status::Unknown { until });
        }
        self.hide_values(job, scope);
        let args = match self.arguments(job, scope) {
            Ok(args) => args,
            Err(status) => return self.plain(job, id, scope, label, status),
        };
        self.world.take_certainty();
        let maker = self.maker(job, scope);
        let args = match &maker {
            Ok(Some((owner, group))) => args.made_by(owner.clone(), group.clone()),
            _ => args,
        };
        let search = self.search(job.play, job.task);
        let cx = Context {
            world: self.world,
            templar: &self.setup.templar,
            scope,
            local: &self.setup.local,
            search: &search,
            access: self.access,
        };
        let planned = match crate::module::find(job.module) {
            Some(module) => module.plan(&args, &cx),
            None => Err(Stop::error(format!("there is no module `{}`", job.module))),
        };
        // Both have asked for what they want to know: one round brings it.
        let planned = maker.and(planned);
        let planned = match self.log.act(&id) {
            Some(action) => Ok(done_already(planned, action)),
            None => planned,
        };
        let doubt = self.world.doubt();
        let certainty = self.certainty(job);
        match planned {
            Ok(planned) => self.planned(job, id, scope, label, planned, certainty),
            Err(stop) => {
                let certainty = match (certainty, doubt) {
                    (Certainty::Certain, Some(waits_for)) => Certainty::Conditional { waits_for },
                    (certainty, _) => certainty,
                };
                let status = self.stopped(job, stop, certainty);
                self.plain(job, id, scope, label, status)
            }
        }
    }

    /// Owner and group of the files that the task makes, where it runs as another than root.
    fn maker(&self, job: &Job<'_>, scope: &Scope) -> Result<Option<(String, String)>, Stop> {
        let params = crate::module::find(job.module).map(|m| m.params()).unwrap_or_default();
        if !params.iter().any(|param| param.names.contains(&"owner")) {
            return Ok(None);
        }
        let session = if self.access.became.is_empty() { &self.access.user } else { &self.access.became };
        let user = self.run_as(job.task, scope).user.unwrap_or_else(|| session.clone());
        if user.is_empty() || user == "root" {
            return Ok(None);
        }
        match self.world.ask::<User>(user.clone())?.account() {
            Some(account) => Ok(Some((user.clone(), account.group.clone().unwrap_or(user)))),
            None => Err(Stop::error(format!("there is no user `{user}`, as whom the task runs"))),
        }
    }

    /// What notified the handler; in a rescue, the failure that it answers.
    pub(super) fn triggers(&self, job: &Job<'_>) -> Vec<String> {
        match job.handler {
            Some((triggers, _)) => triggers.to_vec(),
            None => self.rescued.last().cloned().into_iter().collect(),
        }
    }

    /// How sure what was just planned is; a handler is no surer than what notified it.
    fn certainty(&self, job: &Job<'_>) -> Certainty {
        match (self.world.take_certainty(), job.handler) {
            (Certainty::Certain, Some((_, Sure::Conditional(task)))) => {
                Certainty::Conditional { waits_for: task.clone() }
            }
            (certainty, _) => certainty,
        }
    }

    pub(super) fn stopped(&mut self, job: &Job<'_>, stop: Stop, certainty: Certainty) -> Status {
        match (stop, certainty) {
            (Stop::Waiting, _) => {
                self.out.waiting = true;
                self.out.waiters.push(format!("{}: module `{}`", job.task.place, job.module));
                Status::Unknown { until: "the host has answered".into() }
            }
            (Stop::Unknown { until }, _) => Status::Unknown { until },
            // What looks wrong now may be right once the step before it is done.
            (Stop::Error(_), Certainty::Conditional { waits_for }) => Status::Unknown { until: waits_for },
            (Stop::Error(message), Certainty::Certain) => {
                Status::Failed { message, ignored: false, rescued: false }
            }
            (Stop::Refused(message), _) => Status::Refused { message },
        }
    }

    fn arguments(&mut self, job: &Job<'_>, scope: &Scope) -> Result<Args, Status> {
        let module = crate::module::find(job.module);
        let failed = |message: String| Status::Failed { message, ignored: false, rescued: false };
        let params = module.map(|m| m.params()).unwrap_or_default();
        let raw = module.map(|m| m.raw_params()).unwrap_or_default();
        let mut given = Vec::new();
        let Yaml::Map(pairs) = &job.args.value else {
            return Err(failed(format!("{}: the arguments of a module are a mapping", job.args.place)));
        };
        for (key, node) in pairs {
            let name = key.as_str().unwrap_or_default().to_string();
            if raw.contains(&name.as_str()) {
                given.push((name, result::raw(node)));
                continue;
            }
            let value = self.setup.templar.node(node, scope).map_err(|error| self.rendering(error, node))?;
            if !is_omit(&value) {
                given.push((name, value));
            }
        }
        Args::new(job.module, params, job.args.place.clone(), given)
            .map_err(|message| failed(format!("{}: {message}", job.args.place)))
    }

    /// A step that comes to no plan: skipped, failed, unknown.
    pub(super) fn plain(
        &mut self,
        job: &Job<'_>,
        id: StepId,
        scope: &Scope,
        label: Option<String>,
        status: Status,
    ) -> Step {
        let ignore = self.flag(job.task.ignore_errors.as_ref(), scope);
        let status = self.hushed(job, scope, ignored(status, ignore));
        let mut entry = self.entry(job.task, scope, label, job.module, status.clone());
        entry.origin.triggers = self.triggers(job);
        let (result, todo, changed) = match &status {
            Status::Skipped { why } => (result::skipped(why), Todo::Nothing, None),
            Status::Unknown { until } => {
                // It may do anything once it is known: what comes after is no surer. Nothing is done
                // after an audit, which takes each control by itself.
                if !self.looks_on() {
                    self.world.shake(Opaque { task: until.clone(), package: None });
                }
                (result::unknown(until), Todo::Unknown, Some(Sure::Unknown(until.clone())))
            }
            Status::Failed { message, .. } | Status::Refused { message } => {
                (result::failed(message), Todo::Nothing, None)
            }
            _ => (result::of(Vec::new(), false), Todo::Nothing, None),
        };
        let facts = match &status {
            Status::Unknown { until } => unknown_facts(job, until),
            _ => Vec::new(),
        };
        let done = Done { entry: None, result, facts, changed, notifies: Vec::new(), ignore_errors: ignore };
        Step { id, entry, todo, done }
    }

    /// Where templates and files are looked for: the role, the folder of the file that the task is
    /// written in, the playbook's folder. What a site adds to a playbook that comes with harda
    /// stands beside its inventory.
    fn search(&self, play: &Play, task: &Task) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = task.role.iter().map(|role| role.folder.clone()).collect();
        folders.push(task.folder.clone());
        folders.push(play.folder.clone());
        if embedded::is(&play.folder) {
            folders.push(self.setup.inventory_folder.clone());
        }
        folders.dedup();
        folders
    }

    /// The unfinished entry for what a task is, whoever asks.
    pub(super) fn run_as(&self, task: &Task, scope: &Scope) -> RunAs {
        super::identity::run_as(self.setup, self.access, task, scope)
    }
}

/// The variables of a `set_fact` that can't be planned yet: they will be there, with what nobody
/// knows.
fn unknown_facts(job: &Job<'_>, until: &str) -> Vec<(String, Value)> {
    match (job.module, job.args.as_map()) {
        ("set_fact", Some(pairs)) => {
            let names = pairs.iter().filter_map(|(key, _)| key.as_str()).filter(|name| *name != "cacheable");
            names.map(|name| (name.to_string(), unknown(until))).collect()
        }
        _ => Vec::new(),
    }
}

fn ignored(status: Status, ignore: bool) -> Status {
    match status {
        Status::Failed { message, rescued, .. } => Status::Failed { message, ignored: ignore, rescued },
        other => other,
    }
}

/// The plan of an act that has run, whatever the host that it left behind would make of it.
fn done_already(planned: Result<Planned, Stop>, action: &Action) -> Planned {
    match planned {
        Ok(planned) if planned.action.is_some() => planned,
        Ok(planned) => Planned { action: Some(action.clone()), result: planned.result, ..Planned::default() },
        Err(_) => Planned { action: Some(action.clone()), ..Planned::default() },
    }
}

/// The entry that is kept of a step once it is done.
pub fn frozen(step: &Step) -> (Entry, Done) {
    let done = Done { entry: Some(step.entry.clone()), ..step.done.clone() };
    (step.entry.clone(), done)
}

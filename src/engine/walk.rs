//! The walk: one host through all plays, purely, on what the World knows. Walking again after an
//! observation, or after a step was done, is how planning goes on: what is done is looked up in
//! the log, all else is planned by the same code.

mod controls;
mod handlers;

use super::log::{Done, Log, StepId};
use super::pending::Pending;
use super::setup::Setup;
use super::step::{Step, Todo};
use super::vars::{HostLayers, Memory};
use crate::change::{Certainty, Origin};
use crate::module::Access;
use crate::place::InputError;
use crate::playbook::model::{Act, Block, Item, Play, Task};
use crate::record::{Entry, Evidence, Status};
use crate::world::World;
use handlers::Notice;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a walk over one host came to.
#[derive(Default)]
pub struct Walked {
    pub steps: Vec<Step>,
    /// A probe or an observation is wanted before the walk can settle.
    pub waiting: bool,
    /// Who waits, for the error when nothing comes.
    pub waiters: Vec<String>,
    /// Jumps (`meta`) that can't be foreseen, and what they wait for.
    pub unforeseen: Vec<String>,
    /// The host has failed, or was refused, at the last step.
    pub stopped: bool,
    /// Handlers that are notified by what was done, and have not run.
    pub pending: Vec<Pending>,
}

/// One host being walked.
pub struct Walk<'a> {
    pub setup: &'a Setup,
    pub host: &'a str,
    pub world: &'a mut World,
    pub layers: &'a mut HostLayers,
    pub access: &'a Access,
    pub log: &'a Log,
    /// What earlier runs left pending on this host.
    left: &'a [Pending],
    pub memory: Memory,
    pub out: Walked,
    /// Where the walk is, for the ids of steps.
    trail: Vec<String>,
    play_name: String,
    notified: Vec<Notice>,
    flushes: usize,
    visits: HashMap<String, usize>,
    /// The failures that the rescues being walked answer, the innermost last.
    pub(super) rescued: Vec<String>,
    /// Blocks with a rescue around where the walk is.
    rescuable: usize,
    /// Controls of which a task has failed.
    fallen: BTreeSet<String>,
    /// What registered results rest on, where a run is about controls.
    pub(super) proofs: BTreeMap<String, Vec<Evidence>>,
}

/// How surely something happens: the surest of several counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Sure {
    Certain,
    Conditional(String),
    Unknown(String),
}

/// How a list of items ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Failed,
    /// harda won't, and leaves the host alone.
    Refused,
    EndPlay,
    EndHost,
}

impl<'a> Walk<'a> {
    pub fn new(
        setup: &'a Setup,
        host: &'a str,
        world: &'a mut World,
        layers: &'a mut HostLayers,
        access: &'a Access,
        log: &'a Log,
        left: &'a [Pending],
    ) -> Self {
        world.begin();
        Walk {
            setup,
            host,
            world,
            layers,
            access,
            log,
            left,
            memory: Memory::default(),
            out: Walked { pending: left.to_vec(), ..Walked::default() },
            trail: Vec::new(),
            play_name: String::new(),
            notified: Vec::new(),
            flushes: 0,
            rescued: Vec::new(),
            rescuable: 0,
            fallen: BTreeSet::new(),
            proofs: BTreeMap::new(),
            visits: HashMap::new(),
        }
    }

    /// Walks the plays up to and with this one; those that don't name the host are passed over.
    pub fn plays(mut self, upto: usize) -> Result<Walked, InputError> {
        let setup = self.setup;
        for (index, play) in setup.playbook.plays.iter().enumerate().take(upto + 1) {
            if !setup.in_play(play, &self.layers.play_scope(), self.host)? {
                continue;
            }
            self.layers.enter(setup, play)?;
            self.play_name = self.play_title(play);
            self.trail = vec![format!("{index}")];
            if self.play(play) != Flow::Continue {
                break;
            }
        }
        Ok(self.out)
    }

    fn play_title(&self, play: &Play) -> String {
        let node = play.name.as_ref().unwrap_or(&play.hosts);
        self.setup
            .templar
            .node(node, &self.layers.play_scope())
            .map_or_else(|_| node.as_str().unwrap_or_default().to_string(), |value| value.to_string())
    }

    fn play(&mut self, play: &Play) -> Flow {
        for (at, section) in [&play.pre_tasks, &play.tasks, &play.post_tasks].into_iter().enumerate() {
            if at == 1 {
                self.recall(play);
            }
            match self.items(play, section).and_then(|| self.flush(play)) {
                Flow::Continue => {}
                Flow::EndPlay => return Flow::Continue,
                Flow::EndHost => return Flow::EndHost,
                stopped @ (Flow::Failed | Flow::Refused) => {
                    self.out.stopped = true;
                    return stopped;
                }
            }
        }
        Flow::Continue
    }

    fn items(&mut self, play: &Play, items: &[Item]) -> Flow {
        for item in items {
            let flow = match item {
                Item::Task(task) => self.task(play, task, None),
                Item::Block(block) => self.block(play, block),
            };
            if flow != Flow::Continue {
                return flow;
            }
        }
        Flow::Continue
    }

    fn block(&mut self, play: &Play, block: &Block) -> Flow {
        let start = self.out.steps.len();
        let can_be_rescued = usize::from(!block.rescue.is_empty());
        self.rescuable += can_be_rescued;
        let mut flow = self.items(play, &block.body);
        self.rescuable -= can_be_rescued;
        if flow == Flow::Failed && !block.rescue.is_empty() {
            let failed = self.mark_rescued(start);
            self.rescued.push(failed);
            self.tell_rescue(start);
            flow = self.items(play, &block.rescue);
            self.rescued.pop();
        }
        let flow = match self.items(play, &block.always) {
            Flow::Continue => flow,
            other => other,
        };
        self.block_alone(start, flow)
    }

    /// The failure that a rescue answers is no failure of the host. Gives the name of its task.
    fn mark_rescued(&mut self, start: usize) -> String {
        let failed = self.out.steps[start..].iter_mut().rev();
        for step in failed {
            if let Status::Failed { ignored: false, rescued, .. } = &mut step.entry.status {
                *rescued = true;
                return step.entry.origin.task.clone();
            }
        }
        String::new()
    }

    /// What a rescue may ask: which task failed, and how.
    fn tell_rescue(&mut self, start: usize) {
        let failed = self.out.steps[start..].iter().rev();
        let rescued = |step: &&Step| matches!(step.entry.status, Status::Failed { rescued: true, .. });
        let Some(step) = failed.into_iter().find(rescued) else { return };
        let origin = &step.entry.origin;
        let task = [("name", origin.task.clone()), ("action", origin.module.clone())];
        let task = minijinja::Value::from_pairs(task);
        let result = step.done.result.clone();
        self.memory.learn("ansible_failed_task", task);
        self.memory.learn("ansible_failed_result", result);
    }

    /// One task, with its loop; `triggers` names what notified it, if it is a handler.
    fn task(&mut self, play: &Play, task: &Task, handler: Option<(&[String], &Sure)>) -> Flow {
        if handler.is_none()
            && !crate::playbook::selected(&task.tags, &self.setup.options.tags, &self.setup.options.skip_tags)
        {
            return Flow::Continue;
        }
        if !self.takes_control(play, task, handler.is_some()) {
            return Flow::Continue;
        }
        let flow = match &task.act {
            Act::Meta { action, .. } => self.meta(play, task, action),
            Act::IncludeTasks { file } => self.include(play, task, file),
            Act::Module { name, args, .. } => self.module(play, task, name, args, handler),
        };
        self.alone(task, flow)
    }

    fn meta(&mut self, play: &Play, task: &Task, action: &str) -> Flow {
        let scope = self.layers.scope(play, task, &self.memory);
        match self.holds(task, &scope) {
            Ok(true) => {}
            // A jump that can't be foreseen is not taken in a plan; what follows is planned as if
            // it were reached.
            Err(Status::Unknown { until }) => {
                let jump = format!("`meta: {action}` ({}) is unknown until `{until}`", task.place);
                self.out.unforeseen.push(jump);
                return Flow::Continue;
            }
            Ok(false) | Err(_) => return Flow::Continue,
        }
        match action {
            "flush_handlers" => self.flush(play),
            "end_play" | "end_batch" => Flow::EndPlay,
            "end_host" => Flow::EndHost,
            _ => Flow::Continue,
        }
    }

    fn include(&mut self, play: &Play, task: &Task, file: &crate::yaml::Node) -> Flow {
        let rounds = match self.rounds(play, task) {
            Ok(rounds) => rounds,
            Err(status) => return self.note(play, task, None, status),
        };
        for (index, (scope, label)) in rounds.into_iter().enumerate() {
            match self.holds(task, &scope) {
                Ok(true) => {}
                Ok(false) => {
                    self.note(play, task, label, Status::Skipped { why: "its condition is false".into() });
                    continue;
                }
                Err(status) => {
                    self.note(play, task, label, status);
                    continue;
                }
            }
            let path = match self.setup.templar.node(file, &scope) {
                Ok(name) => crate::playbook::tasks_path(&self.setup.files, task, &name.to_string()),
                Err(error) => {
                    let status = self.rendering(error, file);
                    if self.note(play, task, label, status) == Flow::Failed {
                        return Flow::Failed;
                    }
                    continue;
                }
            };
            let mut asked = task.clone();
            if let (Some(looped), Some(item)) = (&task.looped, scope.get(loop_var(task))) {
                asked.vars.push(vec![(looped.var.clone(), super::step::as_node(item, &task.place))]);
            }
            let items = match self.setup.included(&path, &asked) {
                Ok(items) => items,
                Err(errors) => {
                    let message = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                    return self.note(
                        play,
                        task,
                        label,
                        Status::Failed { message, ignored: false, rescued: false },
                    );
                }
            };
            self.trail.push(format!("{}#{index}", task.place));
            let flow = self.items(play, &items);
            self.trail.pop();
            if flow != Flow::Continue {
                return flow;
            }
        }
        Flow::Continue
    }

    /// Adds a line for a task that comes to no module.
    fn note(&mut self, play: &Play, task: &Task, item: Option<String>, status: Status) -> Flow {
        let scope = self.layers.scope(play, task, &self.memory);
        let id = self.id(task, 0);
        let entry = self.entry(task, &scope, item, "include_tasks", status);
        let failed = matches!(entry.status, Status::Failed { ignored: false, .. });
        if let Status::Unknown { until } = &entry.status {
            let by = crate::resource::Opaque { task: until.clone(), package: None };
            self.world.shake(by);
        }
        self.out.steps.push(Step { id, entry, todo: Todo::Nothing, done: Done::default() });
        if failed { Flow::Failed } else { Flow::Continue }
    }

    /// The same each time that the same path is walked. A role that is used twice has the same
    /// places twice: then the number of the visit tells them apart.
    pub(super) fn id(&mut self, task: &Task, item: usize) -> StepId {
        let path = format!("{} {} #{item}", self.trail.join("/"), task.place);
        let visits = self.visits.entry(path.clone()).or_insert(0);
        *visits += 1;
        StepId(format!("{path} {visits}"))
    }

    pub(super) fn entry(
        &self,
        task: &Task,
        scope: &crate::template::Scope,
        item: Option<String>,
        module: &str,
        status: Status,
    ) -> Entry {
        let secret = self.flag(task.no_log.as_ref(), scope);
        Entry {
            play: self.play_name.clone(),
            origin: Origin {
                task: self.title(task, scope, module),
                item,
                module: module.to_string(),
                place: task.place.clone(),
                control: task.control().map(String::from),
                secret,
                triggers: Vec::new(),
            },
            status,
            changes: Vec::new(),
            action: None,
            notes: Vec::new(),
            lags: None,
            checked: false,
            evidence: Vec::new(),
        }
    }

    fn title(&self, task: &Task, scope: &crate::template::Scope, module: &str) -> String {
        let name = match &task.name {
            // A name that holds something unknown is shown as written.
            Some(node) => self
                .setup
                .templar
                .node(node, scope)
                .map_or_else(|_| node.as_str().unwrap_or_default().to_string(), |value| value.to_string()),
            None => module.to_string(),
        };
        match &task.role {
            Some(role) => format!("{} : {name}", role.name),
            None => name,
        }
    }

    /// A keyword that is true or false; what can't be told counts as false.
    pub(super) fn flag(&self, node: Option<&crate::yaml::Node>, scope: &crate::template::Scope) -> bool {
        node.is_some_and(|node| {
            let value = self.setup.templar.node(node, scope).ok();
            value.and_then(|v| crate::module::args::boolean(&v)).unwrap_or(false)
        })
    }
}

impl Flow {
    fn and_then(self, next: impl FnOnce() -> Flow) -> Flow {
        if self == Flow::Continue { next() } else { self }
    }
}

pub(super) fn loop_var(task: &Task) -> &str {
    task.looped.as_ref().map_or("item", |l| l.var.as_str())
}

impl From<Certainty> for Sure {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Certain => Sure::Certain,
            Certainty::Conditional { waits_for } => Sure::Conditional(waits_for),
        }
    }
}

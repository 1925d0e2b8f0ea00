//! Plays, blocks and tasks as data. What may hold a template stays a `Node`; what a parent hands
//! down (`when`, `become`, `tags`, `vars`, ...) is already merged into each task, so that a task
//! can be read alone.

use super::argument_specs::Specs;
use crate::place::Place;
use crate::yaml::Node;
use std::path::PathBuf;
use std::sync::Arc;

/// All plays of a run, `import_playbook` resolved.
#[derive(Clone, Debug, Default)]
pub struct Playbook {
    pub plays: Vec<Play>,
}

#[derive(Clone, Debug)]
pub struct Play {
    pub place: Place,
    /// Folder of the playbook: where relative `templates/`, `files/` and `vars_files` are looked up.
    pub folder: PathBuf,
    pub name: Option<Node>,
    /// The host pattern, as written (a list is joined by commas).
    pub hosts: Node,
    pub gather_facts: bool,
    /// Login settings of the play: `remote_user`, `connection`, `port`.
    pub remote_user: Option<Node>,
    pub connection: Option<Node>,
    pub port: Option<Node>,
    /// Variables of `vars:` and then `vars_files:` (paths may be templates).
    pub vars: Vec<(String, Node)>,
    pub vars_files: Vec<Node>,
    /// The variables that a site may set.
    pub specs: Specs,
    /// The four sections, in the order in which they run; each ends with a flush of handlers
    /// (roles and tasks together).
    pub pre_tasks: Vec<Item>,
    pub tasks: Vec<Item>,
    pub post_tasks: Vec<Item>,
    /// The play's own handlers first, then those of its roles in order.
    pub handlers: Vec<Arc<Task>>,
    /// Roles used (also by dependencies), for their defaults and vars.
    pub roles: Vec<Arc<Role>>,
}

/// A role as found on disk. Its tasks are already part of the play's `tasks`.
#[derive(Clone, Debug, Default)]
pub struct Role {
    pub name: String,
    pub folder: PathBuf,
    pub defaults: Vec<(String, Node)>,
    pub vars: Vec<(String, Node)>,
    /// Parameters given where the role is used.
    pub params: Vec<(String, Node)>,
}

#[derive(Clone, Debug)]
pub enum Item {
    Task(Arc<Task>),
    Block(Arc<Block>),
}

#[derive(Clone, Debug)]
pub struct Block {
    pub place: Place,
    pub name: Option<Node>,
    pub body: Vec<Item>,
    pub rescue: Vec<Item>,
    pub always: Vec<Item>,
}

/// What a task does.
#[derive(Clone, Debug)]
pub enum Act {
    /// A module by its short name (`ansible.builtin.` and the like stripped), known to exist.
    Module { name: String, place: Place, args: Node },
    /// `include_tasks`: the file may be a template; read when its host comes to it.
    IncludeTasks { file: Node },
    /// `meta: flush_handlers` and its kin.
    Meta { action: String, place: Place },
}

impl Act {
    /// The module's name; of what is no module the keyword.
    pub fn name(&self) -> &str {
        match self {
            Act::Module { name, .. } => name,
            Act::IncludeTasks { .. } => "include_tasks",
            Act::Meta { .. } => "meta",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Task {
    /// Unique within a run and the same each time that the same files are read: the place is enough.
    pub place: Place,
    pub name: Option<Node>,
    pub act: Act,
    /// All conditions that must hold, outermost first.
    pub when: Vec<Node>,
    pub tags: Vec<String>,
    /// Layers of `vars:`, outermost first.
    pub vars: Vec<Vec<(String, Node)>>,
    pub looped: Option<Loop>,
    pub register: Option<String>,
    pub notify: Vec<Node>,
    /// Topics a handler listens to, besides its name.
    pub listen: Vec<String>,
    pub changed_when: Option<Vec<Node>>,
    pub failed_when: Option<Vec<Node>>,
    pub until: Option<Vec<Node>>,
    pub retries: Option<Node>,
    pub delay: Option<Node>,
    pub ignore_errors: Option<Node>,
    pub no_log: Option<Node>,
    pub check_mode: Option<Node>,
    /// `guard: true`: made under the dead-man's switch, whatever it looks like.
    pub guard: bool,
    pub r#become: Option<Node>,
    pub become_user: Option<Node>,
    pub become_method: Option<Node>,
    /// Layers of `environment:`, outermost first.
    pub environment: Vec<Node>,
    /// The role the task belongs to: where its templates and files are looked up first, and whose
    /// defaults and vars it sees.
    pub role: Option<Arc<Role>>,
    /// Folder of the file the task was read from, for relative includes, templates and files.
    pub folder: PathBuf,
    /// For `include_tasks`: what the tasks of the file get from the blocks, role and play around
    /// the include and from its `apply`. The include's own keywords are not theirs.
    pub handed_down: Option<Arc<Inherited>>,
}

impl Play {
    /// All tasks, those in blocks too; handlers left out.
    pub fn all_tasks(&self) -> Vec<&Task> {
        fn walk<'p>(items: &'p [Item], tasks: &mut Vec<&'p Task>) {
            for item in items {
                match item {
                    Item::Task(task) => tasks.push(task),
                    Item::Block(block) => {
                        for part in [&block.body, &block.rescue, &block.always] {
                            walk(part, tasks);
                        }
                    }
                }
            }
        }
        let mut tasks = Vec::new();
        for section in [&self.pre_tasks, &self.tasks, &self.post_tasks] {
            walk(section, &mut tasks);
        }
        tasks
    }
}

impl Task {
    /// The control that the task carries, by its tag `control:NAME`.
    pub fn control(&self) -> Option<&str> {
        self.controls().next()
    }

    /// All that it names; more than one is an error of a pack.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter_map(|tag| tag.strip_prefix("control:")).map(str::trim)
    }
}

/// What plays, blocks, roles and imports hand down to the tasks inside them.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    pub when: Vec<Node>,
    pub tags: Vec<String>,
    pub vars: Vec<Vec<(String, Node)>>,
    /// The nearest one's, unless the task has its own.
    pub notify: Vec<Node>,
    pub environment: Vec<Node>,
    pub r#become: Option<Node>,
    pub become_user: Option<Node>,
    pub become_method: Option<Node>,
    pub ignore_errors: Option<Node>,
    pub no_log: Option<Node>,
    pub check_mode: Option<Node>,
    pub guard: bool,
    pub role: Option<Arc<Role>>,
    /// The playbook's folder, where roles and files are looked up last.
    pub playbook: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Loop {
    pub items: Node,
    /// `loop` (a list), or the classic `with_items` (flattened one level) and `with_dict`.
    pub kind: LoopKind,
    /// `loop_control.loop_var`, `item` by default.
    pub var: String,
    pub index_var: Option<String>,
    pub label: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    Loop,
    WithItems,
    WithDict,
}

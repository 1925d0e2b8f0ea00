//! YAML to typed plays, with the place in the file that each thing came from.
//!
//! Everything that can be known without a host is checked here, and as many mistakes as possible
//! are told at once.

pub mod argument_specs;
mod arguments;
mod block;
mod handlers;
mod include;
mod loader;
mod looking;
mod looped;
pub mod model;
mod names;
mod play;
pub mod reads;
mod role;
mod role_files;
mod shared;
mod tags;
mod task;
mod value;
mod words;

pub use names::{ModuleNames, is_identifier, short};
pub use tags::{of_no_task, selected};

use crate::files::Files;
use crate::place::InputError;
use loader::Loader;
use model::{Item, Playbook, Task};
use std::path::{Path, PathBuf};

/// Reads a playbook and all that it imports or includes by a literal name, from the disk.
pub fn load(path: &Path, modules: &dyn ModuleNames) -> Result<Playbook, Vec<InputError>> {
    load_from(&Files::default(), path, modules)
}

/// The same, from where a run reads.
pub fn load_from(files: &Files, path: &Path, modules: &dyn ModuleNames) -> Result<Playbook, Vec<InputError>> {
    let mut loader = Loader::new(files, modules);
    let plays = loader.playbook(path, None);
    loader.finish(Playbook { plays })
}

/// A playbook of harda's own; `name` stands where the name of its file would.
pub fn load_text(name: &str, text: &str, modules: &dyn ModuleNames) -> Result<Playbook, Vec<InputError>> {
    let mut loader = Loader::new(&Files::default(), modules);
    let node = crate::yaml::parse(Path::new(name), text).map_err(|error| vec![error])?;
    let plays = loader.plays(Path::new(name), node);
    loader.finish(Playbook { plays })
}

/// Reads the file of an `include_tasks` for the host that has come to it. The tasks get what is
/// around the include and its variables (with the loop's item, if the caller added it), not its
/// condition, tags or become.
pub fn load_tasks(
    files: &Files,
    path: &Path,
    parent: &Task,
    modules: &dyn ModuleNames,
) -> Result<Vec<Item>, Vec<InputError>> {
    let mut loader = Loader::new(files, modules);
    let items = loader.included(path, parent);
    loader.finish(items)
}

/// The file that an `include_tasks` means by a name: beside its own file, in its role's `tasks/`,
/// beside the playbook. If there is none, the first place where it was looked for.
pub fn tasks_path(files: &Files, task: &Task, name: &str) -> PathBuf {
    let playbook = task.handed_down.as_ref().map(|down| down.playbook.as_path());
    let candidates = include::candidates(&task.folder, task.role.as_deref(), playbook, name);
    candidates.iter().find(|path| files.is_file(path)).unwrap_or(&candidates[0]).clone()
}

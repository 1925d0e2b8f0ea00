//! Task files within task files: `import_tasks` is read in its place, `include_tasks` when a host
//! comes to it, but checked here if its name is known.

use super::loader::{Around, Loader, folder_of};
use super::model::{Act, Inherited, Item, Role, Task};
use super::shared::{Pairs, SHARED, find};
use super::task::Doing;
use crate::yaml::{Node, Yaml};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keywords that an `include_tasks` has for itself.
const INCLUDE: &[&str] = &[
    "name",
    "args",
    "when",
    "tags",
    "vars",
    "loop",
    "loop_control",
    "with_items",
    "with_list",
    "with_dict",
    "no_log",
    "ignore_errors",
];

/// Where a task file may be, nearest first.
pub fn candidates(folder: &Path, role: Option<&Role>, playbook: Option<&Path>, name: &str) -> Vec<PathBuf> {
    let mut paths = vec![folder.join(name)];
    if let Some(role) = role {
        paths.push(role.folder.join("tasks").join(name));
    }
    if let Some(playbook) = playbook {
        paths.push(playbook.join(name));
    }
    paths
}

impl Loader<'_> {
    pub fn import_tasks(&mut self, pairs: &Pairs, doing: &Doing, around: &Around) -> Vec<Item> {
        self.directive_keys(pairs, doing, &[SHARED, &["name", "args"]]);
        let inherited = self.hand_down(&around.inherited, pairs);
        let Some((file, apply)) = self.file_of(doing, find(pairs, "args")) else { return Vec::new() };
        if let Some(apply) = apply {
            self.fail(
                apply.error("`apply` is for `include_tasks`").hint("put its keywords on the import itself"),
            );
        }
        if file.is_template() {
            let error =
                file.error("the name of an `import_tasks` can't be a template: it is read before any host");
            self.fail(error.hint("use `include_tasks`"));
            return Vec::new();
        }
        let Some(path) = self.task_file(&file, around) else { return Vec::new() };
        self.task_list(&path, &file, "imports", inherited)
    }

    pub fn include_tasks(&mut self, node: &Node, pairs: &Pairs, doing: &Doing, around: &Around) -> Vec<Item> {
        self.directive_keys(pairs, doing, &[INCLUDE]);
        let own = self.hand_down(&around.inherited, pairs);
        let Some((file, apply)) = self.file_of(doing, find(pairs, "args")) else { return Vec::new() };
        let handed_down = self.apply(apply.as_ref(), &around.inherited);
        let mut task = self.build(node, pairs, around, own, Act::IncludeTasks { file: file.clone() });
        task.handed_down = Some(Arc::new(handed_down));
        if !file.is_template()
            && let Some(path) = self.task_file(&file, around)
        {
            self.check_included(&path, &file, &task);
        }
        vec![Item::Task(Arc::new(task))]
    }

    /// What is handed down with the keywords of an `apply` on top.
    pub fn apply(&mut self, apply: Option<&Node>, from: &Inherited) -> Inherited {
        let Some(apply) = apply else { return from.clone() };
        let Some(pairs) = self.ok(apply.expect_map("`apply`")) else { return from.clone() };
        self.known_keys(pairs, "`apply`", &[SHARED, &["name"]], super::task::OWN);
        self.hand_down(from, pairs)
    }

    /// Parses a file that some host will include, to tell its mistakes before any contact.
    fn check_included(&mut self, path: &Path, asked: &Node, parent: &Task) {
        let role = parent.role.as_ref().map(|role| role.folder.clone());
        if !self.checked.insert((path.to_path_buf(), role)) {
            return;
        }
        // An include may come back to its own file: its condition ends that.
        let open = std::mem::take(&mut self.open);
        self.task_list(path, asked, "includes", inherited_by_included(parent));
        self.open = open;
    }

    /// The items of a file that a host has come to.
    pub fn included(&mut self, path: &Path, parent: &Task) -> Vec<Item> {
        let asked = match &parent.act {
            Act::IncludeTasks { file } => file.clone(),
            _ => Node::new(&parent.place, Yaml::Null),
        };
        let inherited = inherited_by_included(parent);
        self.play.base = inherited.clone();
        self.task_list(path, &asked, "includes", inherited)
    }

    /// Reads a file of tasks; one that is empty holds none.
    pub fn task_list(&mut self, path: &Path, asked: &Node, verb: &str, inherited: Inherited) -> Vec<Item> {
        let around = Around { inherited, folder: folder_of(path) };
        self.within(path, Some(asked), verb, |this, node| match node {
            Some(node) => this.items(&node, "a file of tasks", &around),
            None => Vec::new(),
        })
    }

    fn task_file(&mut self, file: &Node, around: &Around) -> Option<PathBuf> {
        let name = file.as_str().unwrap_or_default();
        let inherited = &around.inherited;
        let places = candidates(&around.folder, inherited.role.as_deref(), Some(&inherited.playbook), name);
        if let Some(found) = places.iter().find(|path| self.files.is_file(path)) {
            return Some(found.clone());
        }
        let mut shown: Vec<_> = places.iter().map(|path| format!("`{}`", path.display())).collect();
        shown.dedup();
        self.fail(
            file.error(format!("no file of tasks `{name}`")).hint(format!("looked for {}", shown.join(", "))),
        );
        None
    }

    /// The file that is named, as text or under `file`, and its `apply`.
    fn file_of(&mut self, doing: &Doing, args: Option<&Node>) -> Option<(Node, Option<Node>)> {
        let mut pairs: Vec<(Node, Node)> = match &doing.value.value {
            Yaml::Str(_) => vec![(Node::string(&doing.key.place, "file"), doing.value.clone())],
            Yaml::Map(pairs) => pairs.clone(),
            _ => {
                self.fail(doing.value.wrong(&format!("`{}`", doing.name), "the name of a file"));
                return None;
            }
        };
        if let Some(below) = args {
            pairs.extend(self.ok(below.expect_map("`args`"))?.iter().cloned());
        }
        for (key, _) in &pairs {
            if !matches!(key.as_str(), Some("file" | "apply")) {
                let name = key.text().unwrap_or_default();
                let error = key.error(format!("`{}` has no parameter `{name}`", doing.name));
                self.fail(error.hint("variables for the file go under `vars:`"));
            }
        }
        let Some(file) = find(&pairs, "file") else {
            self.fail(doing.value.error(format!("`{}` needs the name of a file", doing.name)));
            return None;
        };
        let text = self.ok(file.expect_str("`file`"))?.trim().to_string();
        let apply = find(&pairs, "apply").cloned();
        Some((Node::string(&file.place, text), apply))
    }

    /// Whether a keyword is none of an `include_tasks`, but could be handed down by it; tells so.
    fn only_by_apply(&mut self, key: &Node) -> bool {
        let name = key.as_str().unwrap_or_default();
        if !SHARED.contains(&name) || INCLUDE.contains(&name) {
            return false;
        }
        let error = key.error(format!("`{name}` has no meaning on `include_tasks`"));
        self.fail(error.hint("put it under `apply:`, or on a block around the include"));
        true
    }

    /// Checks the keys beside an import or include.
    pub fn directive_keys(&mut self, pairs: &Pairs, doing: &Doing, known: &[&[&str]]) {
        let written = doing.key.as_str().unwrap_or_default();
        let rest: Vec<_> = pairs.iter().filter(|(k, _)| k.as_str() != Some(written)).cloned().collect();
        for (key, _) in &rest {
            let name = key.as_str().unwrap_or_default();
            if (name == "loop" || name.starts_with("with_")) && !known.iter().any(|list| list.contains(&name))
            {
                let error = key.error(format!("`{}` can't loop", doing.name));
                self.fail(match doing.name.as_str() {
                    "import_tasks" => error.hint("use `include_tasks`"),
                    _ => error.hint("a loop over a role is not supported by harda yet"),
                });
            }
        }
        let rest: Vec<_> = rest
            .into_iter()
            .filter(|(k, _)| !k.as_str().is_some_and(|n| n == "loop" || n.starts_with("with_")))
            .filter(|(k, _)| !(doing.name == "include_tasks" && self.only_by_apply(k)))
            .collect();
        self.known_keys(&rest, &format!("`{}`", doing.name), known, super::task::OWN);
    }
}

/// What the tasks of an included file get: all that is around the include, and its variables.
fn inherited_by_included(parent: &Task) -> Inherited {
    let mut inherited = parent.handed_down.as_deref().cloned().unwrap_or_default();
    let applied = std::mem::take(&mut inherited.vars);
    inherited.vars.clone_from(&parent.vars);
    for layer in applied {
        if !inherited.vars.contains(&layer) {
            inherited.vars.push(layer);
        }
    }
    inherited.role.clone_from(&parent.role);
    inherited
}

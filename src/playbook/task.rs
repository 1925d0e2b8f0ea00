//! One task: which module it names, and its keywords.

use super::loader::{Around, Loader};
use super::model::{Act, Inherited, Item, Task};
use super::names::{meant, short};
use super::shared::{Pairs, SHARED, find, not_yet};
use super::value;
use crate::yaml::Node;
use std::sync::Arc;

/// Keywords of tasks alone.
pub const OWN: &[&str] = &[
    "name",
    "args",
    "register",
    "changed_when",
    "failed_when",
    "until",
    "retries",
    "delay",
    "loop",
    "loop_control",
    "with_items",
    "with_list",
    "with_dict",
    "listen",
    "action",
];

/// What stands in a task where a module would, and is none.
const DIRECTIVES: &[&str] =
    &["meta", "include_tasks", "import_tasks", "include_role", "import_role", "include", "import_playbook"];

/// What a task does, as it is written.
#[derive(Clone, Debug)]
pub struct Doing {
    /// The key, for its place.
    pub key: Node,
    /// The short name.
    pub name: String,
    pub value: Node,
}

impl Loader<'_> {
    /// The tasks that one entry of a list comes to: several, if it is an import.
    pub fn task(&mut self, node: &Node, pairs: &Pairs, around: &Around) -> Vec<Item> {
        let Some(doing) = self.doing(node, pairs) else { return Vec::new() };
        match doing.name.as_str() {
            "import_tasks" => self.import_tasks(pairs, &doing, around),
            "include_tasks" => self.include_tasks(node, pairs, &doing, around),
            "import_role" | "include_role" => self.task_role(pairs, &doing, around),
            "include" => {
                let error = doing.key.error("`include` is gone from Ansible");
                self.fail(
                    error
                        .hint("use `import_tasks`, or `include_tasks` if it loops or its name is a template"),
                );
                Vec::new()
            }
            "import_playbook" => {
                self.fail(doing.key.error("`import_playbook` stands beside plays, not among tasks"));
                Vec::new()
            }
            _ => {
                self.task_keys(pairs, &doing);
                let act = match doing.name.as_str() {
                    "meta" => self.meta(&doing),
                    _ => self.module(pairs, &doing),
                };
                let down = self.hand_down(&around.inherited, pairs);
                let Some(act) = act else { return Vec::new() };
                vec![Item::Task(Arc::new(self.build(node, pairs, around, down, act)))]
            }
        }
    }

    /// Finds the one key that says what the task does.
    fn doing(&mut self, node: &Node, pairs: &Pairs) -> Option<Doing> {
        let mut found: Option<Doing> = None;
        for (key, value) in pairs {
            let Some(full) = key.as_str() else { continue };
            let doing = match full {
                "action" => self.action(key, value)?,
                _ if DIRECTIVES.contains(&short(full)) || self.modules.is_module(short(full)) => {
                    Doing { key: key.clone(), name: short(full).to_string(), value: value.clone() }
                }
                _ => continue,
            };
            if let Some(first) = &found {
                let message =
                    format!("a task has one module, this one has `{}` and `{}`", first.name, doing.name);
                self.fail(doing.key.error(message).hint("make two tasks of it"));
                return None;
            }
            found = Some(doing);
        }
        if found.is_none() {
            self.no_module(node, pairs);
        }
        found
    }

    /// `action: module name=value`, or a mapping with the module's name in it.
    fn action(&mut self, key: &Node, value: &Node) -> Option<Doing> {
        let (name, rest) = match value.as_map() {
            Some(pairs) => {
                let Some(name) = find(pairs, "module").and_then(Node::as_str) else {
                    self.fail(value.error("`action` needs the name of a module under `module`"));
                    return None;
                };
                let others = pairs.iter().filter(|(k, _)| k.as_str() != Some("module")).cloned().collect();
                (name, Node::new(&value.place, crate::yaml::Yaml::Map(others)))
            }
            None => {
                let text = self.ok(value.expect_str("`action`"))?.trim();
                let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                (name, Node::string(&value.place, rest))
            }
        };
        let name = short(name);
        if !self.modules.is_module(name) && !DIRECTIVES.contains(&name) {
            self.unknown_module(value, name);
            return None;
        }
        Some(Doing { key: key.clone(), name: name.to_string(), value: rest })
    }

    fn unknown_module(&mut self, at: &Node, name: &str) {
        let known = self.modules.names().into_iter().chain(DIRECTIVES.iter().copied());
        let hint = meant(short(name), known);
        self.fail(at.error(format!("unknown module `{name}`{hint}")));
    }

    /// No key is a module: says which one was probably meant to be.
    fn no_module(&mut self, node: &Node, pairs: &Pairs) {
        let is_keyword = |name: &str| {
            OWN.contains(&name) || SHARED.contains(&name) || not_yet(name) || name.starts_with("with_")
        };
        let unknown: Vec<_> =
            pairs.iter().filter(|(k, _)| k.as_str().is_some_and(|n| !is_keyword(n))).collect();
        if unknown.is_empty() {
            let refused = pairs.iter().find(|(k, _)| k.as_str() == Some("local_action"));
            return match refused {
                Some((key, _)) => self.fail(key.error("`local_action` is not supported by harda yet")),
                None => self.fail(node.error("this task names no module")),
            };
        }
        let modules: Vec<String> = self.modules.names().into_iter().map(String::from).collect();
        for (key, _) in unknown {
            let name = key.as_str().unwrap_or_default();
            let near_module = !meant(short(name), modules.iter().map(String::as_str)).is_empty();
            let near_keyword = meant(name, OWN.iter().chain(SHARED).copied());
            match near_module || near_keyword.is_empty() {
                true => self.unknown_module(key, name),
                false => self.fail(key.error(format!("unknown keyword `{name}`{near_keyword}"))),
            }
        }
    }

    /// Checks the keys of a task with a module.
    fn task_keys(&mut self, pairs: &Pairs, doing: &Doing) {
        let written = doing.key.as_str().unwrap_or_default();
        let rest: Vec<_> = pairs
            .iter()
            .filter(|(k, _)| k.as_str() != Some(written) && !self.is_other_loop(k))
            .cloned()
            .collect();
        self.known_keys(&rest, "a task", &[SHARED, OWN], &["block", "rescue", "always"]);
    }

    /// `with_*` is told by the loop's reader, not as an unknown keyword.
    fn is_other_loop(&self, key: &Node) -> bool {
        key.as_str().is_some_and(|name| name.starts_with("with_"))
    }

    fn meta(&mut self, doing: &Doing) -> Option<Act> {
        const KNOWN: &[&str] =
            &["flush_handlers", "end_play", "end_host", "end_batch", "noop", "clear_host_errors"];
        const NOT_YET: &[&str] = &["end_role", "clear_facts", "refresh_inventory", "reset_connection"];
        let action = self.ok(doing.value.expect_str("`meta`"))?.trim();
        if NOT_YET.contains(&action) {
            self.fail(doing.value.error(format!("`meta: {action}` is not supported by harda yet")));
            return None;
        }
        if !KNOWN.contains(&action) {
            let hint = meant(action, KNOWN.iter().copied());
            self.fail(doing.value.error(format!("unknown action `{action}` of `meta`{hint}")));
            return None;
        }
        Some(Act::Meta { action: action.to_string(), place: doing.key.place.clone() })
    }

    fn module(&mut self, pairs: &Pairs, doing: &Doing) -> Option<Act> {
        let args = self.arguments(doing, find(pairs, "args"))?;
        Some(Act::Module { name: doing.name.clone(), place: doing.key.place.clone(), args })
    }

    /// The task itself, with what is handed down to it already merged.
    pub fn build(&mut self, node: &Node, pairs: &Pairs, around: &Around, down: Inherited, act: Act) -> Task {
        let name = find(pairs, "name").and_then(|n| self.ok(value::text(n, "`name`")));
        let conditions = |this: &mut Self, key: &str| {
            let node = find(pairs, key)?;
            this.ok(value::conditions(node, &format!("`{key}`")))
        };
        let number = |this: &mut Self, key: &str| {
            let node = find(pairs, key)?;
            this.ok(value::number(node, &format!("`{key}`")))
        };
        for name in &down.notify {
            self.notice(name);
        }
        Task {
            place: node.place.clone(),
            name,
            act,
            looped: self.looped(pairs),
            register: find(pairs, "register").and_then(|n| self.ok(value::identifier(n, "`register`"))),
            listen: self.listen(pairs),
            changed_when: conditions(self, "changed_when"),
            failed_when: conditions(self, "failed_when"),
            until: conditions(self, "until"),
            retries: number(self, "retries"),
            delay: number(self, "delay"),
            when: down.when,
            tags: down.tags,
            vars: down.vars,
            notify: down.notify,
            ignore_errors: down.ignore_errors,
            no_log: down.no_log,
            check_mode: down.check_mode,
            guard: down.guard,
            r#become: down.r#become,
            become_user: down.become_user,
            become_method: down.become_method,
            environment: down.environment,
            role: down.role,
            folder: around.folder.clone(),
            handed_down: None,
        }
    }

    fn listen(&mut self, pairs: &Pairs) -> Vec<String> {
        let Some(node) = find(pairs, "listen") else { return Vec::new() };
        let topics = self.ok(value::strings(node, "`listen`")).unwrap_or_default();
        topics.iter().filter_map(|topic| topic.text()).collect()
    }
}

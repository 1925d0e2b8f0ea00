//! Roles: their parts on disk become tasks, handlers and variables of the play.

use super::loader::{Around, Loader};
use super::model::{Inherited, Item, Role};
use super::role_files;
use super::shared::{Pairs, SHARED, find, not_yet_on_roles};
use super::task::Doing;
use super::value;
use crate::yaml::{Node, Yaml};
use std::path::Path;
use std::sync::Arc;

/// One use of a role: where it is named, and what it is given.
struct Use {
    name: Node,
    params: Vec<(String, Node)>,
    inherited: Inherited,
    /// What its handlers get: the keywords of an entry of `roles:`, not those of an import.
    for_handlers: Inherited,
    parts: Parts,
    /// Whether a second use with the same parameters runs again.
    again: bool,
    /// Whether the play sees its variables.
    public: bool,
}

/// Which files are read in place of `main`.
struct Parts {
    tasks: String,
    handlers: String,
    vars: String,
    defaults: String,
}

impl Default for Parts {
    fn default() -> Self {
        Parts { tasks: "main".into(), handlers: "main".into(), vars: "main".into(), defaults: "main".into() }
    }
}

impl Loader<'_> {
    /// The entries of `roles:` or of a role's dependencies.
    pub fn roles(&mut self, node: &Node, what: &str, inherited: &Inherited, again: bool) -> Vec<Item> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(entries) = self.ok(node.expect_seq(what)) else { return Vec::new() };
        let mut items = Vec::new();
        for entry in entries {
            if let Some(used) = self.role_entry(entry, inherited, again) {
                items.extend(self.role(used));
            }
        }
        items
    }

    fn role_entry(&mut self, entry: &Node, inherited: &Inherited, again: bool) -> Option<Use> {
        let pairs: &Pairs = match &entry.value {
            Yaml::Str(_) => &[],
            Yaml::Map(pairs) => pairs,
            _ => {
                self.fail(entry.wrong("a role", "a name or a mapping"));
                return None;
            }
        };
        let name = match entry.as_str() {
            Some(_) => entry.clone(),
            None => match find(pairs, "role").or_else(|| find(pairs, "name")) {
                Some(name) => name.clone(),
                None => {
                    self.fail(entry.error("a role needs its name under `role`"));
                    return None;
                }
            },
        };
        for (key, _) in pairs {
            let Some(name) = key.as_str().filter(|name| not_yet_on_roles(name)) else { continue };
            self.fail(key.error(format!("`{name}` is not supported by harda yet")));
        }
        let inherited = self.hand_down(inherited, pairs);
        let params = pairs.iter().filter_map(|(key, value)| {
            let key = key.as_str()?;
            let keyword = SHARED.contains(&key) || not_yet_on_roles(key) || matches!(key, "role" | "name");
            (!keyword).then(|| (key.to_string(), value.clone()))
        });
        let for_handlers = inherited.clone();
        let params = params.collect();
        Some(Use { name, params, inherited, for_handlers, parts: Parts::default(), again, public: true })
    }

    /// `import_role`, and `include_role` with a name that is known: both are read in place. An
    /// include's condition so holds for each of its tasks, and its tags choose them.
    pub fn task_role(&mut self, pairs: &Pairs, doing: &Doing, around: &Around) -> Vec<Item> {
        self.directive_keys(pairs, doing, &[SHARED, &["name", "args"]]);
        let inherited = self.hand_down(&around.inherited, pairs);
        let Some(args) = self.ok(doing.value.expect_map(&format!("`{}`", doing.name))) else {
            return Vec::new();
        };
        let args = args.to_vec();
        let known = [
            "name",
            "role",
            "tasks_from",
            "handlers_from",
            "vars_from",
            "defaults_from",
            "allow_duplicates",
            "public",
            "apply",
        ];
        self.known_keys(&args, &format!("`{}`", doing.name), &[&known], &[]);
        let Some(name) = find(&args, "name").or_else(|| find(&args, "role")) else {
            self.fail(doing.value.error(format!("`{}` needs the name of a role", doing.name)));
            return Vec::new();
        };
        if name.is_template() {
            let message =
                format!("a template as the name of an `{}` is not supported by harda yet", doing.name);
            self.fail(name.error(message));
            return Vec::new();
        }
        let inherited = self.apply(find(&args, "apply"), &inherited);
        let used = Use {
            name: name.clone(),
            params: Vec::new(),
            inherited,
            for_handlers: self.play.base.clone(),
            parts: self.parts(&args),
            again: true,
            public: doing.name == "import_role",
        };
        self.role(used)
    }

    fn parts(&mut self, args: &Pairs) -> Parts {
        let mut parts = Parts::default();
        for (key, part) in [
            ("tasks_from", &mut parts.tasks),
            ("handlers_from", &mut parts.handlers),
            ("vars_from", &mut parts.vars),
            ("defaults_from", &mut parts.defaults),
        ] {
            if let Some(node) = find(args, key)
                && let Some(text) = self.ok(node.expect_str(&format!("`{key}`")))
            {
                if node.is_template() {
                    self.fail(node.error(format!("a template in `{key}` is not supported by harda yet")));
                }
                *part = text.to_string();
            }
        }
        parts
    }

    /// Reads a role: its dependencies first, then its variables, handlers and tasks.
    fn role(&mut self, used: Use) -> Vec<Item> {
        if self.ok(used.name.expect_str("a role's name")).is_none() {
            return Vec::new();
        }
        if used.name.is_template() {
            self.fail(used.name.error("a template as a role's name is not supported by harda yet"));
            return Vec::new();
        }
        let playbook = used.inherited.playbook.clone();
        let Some(folder) = self.ok(role_files::find(&self.files, &used.name, &playbook)) else {
            return Vec::new();
        };
        let real = self.files.real(&folder);
        let key = (!used.again).then(|| fingerprint(&real, &used));
        let (mut items, allow_duplicates) = self.dependencies(&folder, &used);
        if let Some(key) = key
            && !self.play.used.insert(key)
            && !allow_duplicates
        {
            return Vec::new();
        }
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let role = Arc::new(Role {
            name,
            defaults: self.role_vars(&folder, "defaults", &used.parts.defaults),
            vars: self.role_vars(&folder, "vars", &used.parts.vars),
            params: used.params.clone(),
            folder: folder.clone(),
        });
        if used.public {
            self.play.roles.push(role.clone());
        }
        self.role_handlers(&folder, &used, &role);
        items.extend(self.role_tasks(&folder, &used, role));
        items
    }

    fn role_tasks(&mut self, folder: &Path, used: &Use, role: Arc<Role>) -> Vec<Item> {
        let Some(path) = role_files::part(&self.files, folder, "tasks", &used.parts.tasks) else {
            if used.parts.tasks != "main" {
                let message = format!("role `{}` has no `tasks/{}`", role.name, used.parts.tasks);
                self.fail(used.name.error(message));
            }
            return Vec::new();
        };
        let inherited = Inherited { role: Some(role), ..used.inherited.clone() };
        self.task_list(&path, &used.name, "imports", inherited)
    }

    fn role_handlers(&mut self, folder: &Path, used: &Use, role: &Arc<Role>) {
        let Some(path) = role_files::part(&self.files, folder, "handlers", &used.parts.handlers) else {
            return;
        };
        let inherited = Inherited { role: Some(role.clone()), ..used.for_handlers.clone() };
        let items = self.task_list(&path, &used.name, "imports", inherited.clone());
        let around = Around { inherited, folder: folder.join("handlers") };
        let handlers = self.as_handlers(items, &around);
        self.play.role_handlers.extend(handlers);
    }

    /// The tasks of the roles that this one depends on, and whether it may run twice.
    fn dependencies(&mut self, folder: &Path, used: &Use) -> (Vec<Item>, bool) {
        let Some(path) = role_files::part(&self.files, folder, "meta", "main") else {
            return (Vec::new(), false);
        };
        let inherited = Inherited { role: None, ..used.inherited.clone() };
        let name = used.name.clone();
        self.within(&path, Some(&name), "depends on", |this, node| {
            let Some(node) = node else { return (Vec::new(), false) };
            let again =
                node.get("allow_duplicates").and_then(|n| this.ok(n.expect_bool("`allow_duplicates`")));
            let items = match node.get("dependencies") {
                Some(list) => this.roles(list, "`dependencies`", &inherited, false),
                None => Vec::new(),
            };
            (items, again.unwrap_or(false))
        })
    }

    fn role_vars(&mut self, folder: &Path, kind: &str, name: &str) -> Vec<(String, Node)> {
        let mut vars: Vec<(String, Node)> = Vec::new();
        for path in role_files::variables(&self.files, folder, kind, name) {
            let Some(node) = self.ok(crate::yaml::read(&self.files, &path)).flatten() else { continue };
            match value::vars(&node, "a file of variables") {
                Ok(read) => {
                    vars.retain(|(name, _)| !read.iter().any(|(n, _)| n == name));
                    vars.extend(read);
                }
                Err(errors) => self.errors.extend(errors),
            }
        }
        vars
    }
}

/// What makes two uses of a role the same.
fn fingerprint(folder: &Path, used: &Use) -> String {
    let named = |vars: &[(String, Node)]| {
        vars.iter().map(|(name, node)| format!("{name}={}", value::content(node))).collect::<Vec<_>>()
    };
    let inherited = &used.inherited;
    let when: Vec<_> = inherited.when.iter().map(value::content).collect();
    let vars: Vec<_> = inherited.vars.iter().map(|layer| named(layer)).collect();
    let becomes = inherited.become_user.as_ref().map(value::content);
    format!(
        "{} {:?} {when:?} {vars:?} {:?} {becomes:?}",
        folder.display(),
        named(&used.params),
        inherited.tags
    )
}

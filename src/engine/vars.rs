//! The variables that a task sees on a host, in Ansible's order of precedence.

use super::setup::Setup;
use crate::files::Files;
use crate::place::InputError;
use crate::playbook::argument_specs::Spec;
use crate::playbook::model::{Play, Role, Task};
use crate::template::{Layer, RenderError, Scope, Var};
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What a host's run has learned so far: `register`, `set_fact`, `include_vars`.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    learned: Layer,
}

impl Memory {
    pub fn learn(&mut self, name: &str, value: Value) {
        Arc::make_mut(&mut self.learned).insert(name.to_string(), Var::Data(value));
    }
}

/// The layers of one host that don't change while a play runs.
#[derive(Clone, Default)]
pub struct HostLayers {
    pub inventory: Layer,
    pub facts: Layer,
    pub magic: Layer,
    pub extra: Layer,
    /// Defaults of the play's `argument_specs`.
    pub defaults: Layer,
    /// `vars` and `vars_files` of the play.
    pub play: Layer,
}

pub fn layer(pairs: &[(String, Node)]) -> Layer {
    Arc::new(pairs.iter().map(|(name, node)| (name.clone(), Var::Template(node.clone()))).collect())
}

fn data<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Layer {
    Arc::new(pairs.into_iter().map(|(name, value)| (name.to_string(), Var::Data(value))).collect())
}

/// `ansible_facts` and, injected, each fact as `ansible_NAME`.
pub fn facts(facts: &Value) -> Layer {
    let mut layer = HashMap::from([("ansible_facts".to_string(), Var::Data(facts.clone()))]);
    for name in facts.try_iter().into_iter().flatten() {
        if let (Some(key), Ok(value)) = (name.as_str(), facts.get_item(&name)) {
            layer.insert(format!("ansible_{key}"), Var::Data(value));
        }
    }
    Arc::new(layer)
}

/// `inventory_hostname`, `groups` and their kin.
pub fn magic(setup: &Setup, host: &str) -> Layer {
    let names = |list: Vec<String>| list.into_iter().map(Value::from).collect::<Value>();
    let groups = setup.inventory.groups().into_iter().map(|group| {
        let hosts = names(setup.inventory.hosts_in(&group));
        (group, hosts)
    });
    data([
        ("hostvars", setup.hostvars()),
        ("inventory_hostname", Value::from(host)),
        ("inventory_hostname_short", Value::from(host.split('.').next().unwrap_or(host))),
        ("group_names", names(setup.inventory.group_names(host))),
        ("groups", Value::from_pairs(groups.collect::<Vec<_>>())),
        ("playbook_dir", Value::from(setup.folder.to_string_lossy())),
        ("inventory_dir", Value::from(setup.inventory_folder.to_string_lossy())),
        ("ansible_check_mode", Value::from(setup.options.seen_as.check)),
        ("ansible_diff_mode", Value::from(setup.options.seen_as.diff)),
        ("ansible_verbosity", Value::from(setup.options.seen_as.verbosity)),
        ("ansible_play_hosts", names(setup.play_hosts.clone())),
        ("play_hosts", names(setup.play_hosts.clone())),
    ])
}

impl HostLayers {
    pub fn new(setup: &Setup, host: &str) -> Result<Self, InputError> {
        let inventory = setup.inventory.vars(host, &setup.folder)?;
        Ok(HostLayers {
            inventory: Arc::new(inventory.into_iter().map(|(n, v)| (n, Var::Template(v))).collect()),
            magic: magic(setup, host),
            extra: setup.options.extra_vars.clone(),
            ..HostLayers::default()
        })
    }

    /// Takes a play's `argument_specs`, `vars` and `vars_files`, whose names may hang on what is known already.
    pub fn enter(&mut self, setup: &Setup, play: &Play) -> Result<(), InputError> {
        let specs = play.specs.iter().flat_map(|topic| &topic.specs);
        let default = |spec: &Spec| Some((spec.name.clone(), Var::Template(spec.default.clone()?)));
        self.defaults = Arc::new(specs.filter_map(default).collect());
        let mut layer: HashMap<String, Var> =
            play.vars.iter().map(|(n, v)| (n.clone(), Var::Template(v.clone()))).collect();
        self.play = Arc::new(layer.clone());
        for node in &play.vars_files {
            let scope = self.base(None).layer(self.extra.clone());
            let name = setup.templar.node(node, &scope).map_err(|e| InputError::from(e.at(&node.place)))?;
            for (name, value) in setup.vars_file(&play.folder.join(name.to_string()), node)? {
                layer.insert(name, Var::Template(value));
            }
        }
        self.play = Arc::new(layer);
        Ok(())
    }

    fn base(&self, roles: Option<&[Arc<Role>]>) -> Scope {
        let mut layers = vec![self.defaults.clone()];
        layers.extend(roles.into_iter().flatten().map(|role| layer(&role.defaults)));
        layers.extend([self.inventory.clone(), self.facts.clone(), self.play.clone()]);
        layers.extend(roles.into_iter().flatten().map(|role| layer(&role.vars)));
        layers.push(self.magic.clone());
        Scope::new(layers)
    }

    /// What the play's own keywords (`hosts`, `become`) are rendered with.
    pub fn play_scope(&self) -> Scope {
        self.base(None).layer(self.extra.clone())
    }

    /// What one task sees: role defaults, inventory, facts, play, role, task, learned, role
    /// parameters, `-e`; the task's own role above the play's other roles.
    pub fn scope(&self, play: &Play, task: &Task, memory: &Memory) -> Scope {
        let mut roles: Vec<Arc<Role>> = play.roles.clone();
        if let Some(own) = &task.role {
            roles.retain(|role| !Arc::ptr_eq(role, own));
            roles.push(own.clone());
        }
        let mut scope = self.base(Some(&roles));
        for vars in &task.vars {
            scope = scope.layer(layer(vars));
        }
        scope = scope.layer(memory.learned.clone());
        if let Some(role) = &task.role {
            scope = scope.layer(layer(&role.params)).layer(data([
                ("role_name", Value::from(role.name.as_str())),
                ("role_path", Value::from(role.folder.to_string_lossy())),
            ]));
        }
        // Of a playbook that another imports: its own folder, not that of the whole.
        let folders = [&task.folder, &play.folder].map(|folder| Value::from(folder.to_string_lossy()));
        scope = scope.layer(data([("ansible_search_path", Value::from(folders.to_vec()))]));
        scope.layer(self.extra.clone())
    }

    /// A variable of the host as text, before any play: `ansible_host` and the like.
    pub fn connection_text(&self, setup: &Setup, name: &str) -> Result<Option<String>, InputError> {
        let scope = self.play_scope();
        match scope.get(name) {
            None => Ok(None),
            Some(Var::Data(value)) => Ok(Some(value.to_string())),
            Some(Var::Template(node)) => {
                let value =
                    setup.templar.node(node, &scope).map_err(|e| InputError::from(e.at(&node.place)))?;
                Ok(Some(value.to_string()).filter(|text| !value.is_none() && !text.is_empty()))
            }
        }
    }
}

/// Reads a file of variables: a mapping at its top, or nothing.
pub fn read_vars_file(
    files: &Files,
    path: &Path,
    asked_by: &Node,
) -> Result<Vec<(String, Node)>, InputError> {
    let text = files
        .read_text(path)
        .map_err(|e| InputError::at(&asked_by.place, format!("`{}` can't be read: {e}", path.display())))?;
    let Some(node) = crate::yaml::parse(path, &text)? else { return Ok(Vec::new()) };
    match node.value {
        Yaml::Map(pairs) => pairs
            .into_iter()
            .map(|(key, value)| match key.value {
                Yaml::Str(name) => Ok((name, value)),
                _ => Err(InputError::at(&key.place, "a variable's name must be a string")),
            })
            .collect(),
        _ => Err(InputError::at(&node.place, "a file of variables must be a mapping of names to values")),
    }
}

/// A rendering error as an input error, at the nearest place.
pub fn input_error(error: RenderError, node: &Node) -> InputError {
    InputError::from(error.at(&node.place))
}

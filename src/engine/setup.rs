//! What a run works with: the same for all hosts and threads.

use super::local::Local;
use super::options::Options;
use super::person::Turn;
use super::review::Review;
use super::vars::{HostLayers, read_vars_file};
use crate::files::Files;
use crate::inventory::Inventory;
use crate::place::{InputError, Place};
use crate::playbook::model::{Item, Play, Playbook, Task};
use crate::playbook::reads::Words;
use crate::secrets::Secrets;
use crate::template::{Scope, Templar, Value, Var};
use crate::transport::{Connector, Login};
use crate::yaml::Node;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

pub struct Setup {
    /// The run's id: a time and a random part.
    pub run: String,
    pub playbook: Playbook,
    /// The playbook's folder.
    pub folder: PathBuf,
    pub playbook_name: String,
    pub inventory: Inventory,
    pub inventory_folder: PathBuf,
    /// The hosts of this run, `--limit` applied, in the inventory's order.
    pub hosts: Vec<String>,
    /// All hosts that the plays name; more than `hosts` where a saved plan is made on some of its
    /// own.
    pub play_hosts: Vec<String>,
    /// Plays that find no host: their name and pattern.
    pub empty: Vec<(String, String)>,
    pub options: Options,
    pub templar: Templar,
    pub connector: Connector,
    /// Values that must not show.
    pub secrets: Secrets,
    /// At the terminal, where hosts need a person.
    pub turn: Turn,
    pub logins: LoginOptions,
    /// What local files are read from.
    pub files: Files,
    pub local: Local,
    pub cache: Cache,
    /// Whether the plan is saved, or is one that was.
    pub review: Review,
    /// Set by the first interrupt: no host begins anything new.
    pub interrupted: Arc<AtomicBool>,
}

/// What the command line says about logging in, below the inventory's own words.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    pub user: Option<String>,
    pub private_key: Option<PathBuf>,
    pub connection: Option<String>,
    pub password: Option<crate::secret::Secret>,
    pub become_password: Option<crate::secret::Secret>,
    pub become_user: Option<String>,
    pub become_method: Option<String>,
    pub timeout: Option<std::time::Duration>,
}

/// Files read while planning: once a run, whichever host asks first.
#[derive(Default)]
pub struct Cache {
    hostvars: OnceLock<Value>,
    patterns: Mutex<HashMap<String, Vec<String>>>,
    vars: Mutex<HashMap<PathBuf, Vec<(String, Node)>>>,
    tasks: Mutex<HashMap<String, Vec<Item>>>,
    pub(super) reads: Mutex<HashMap<Place, Arc<Words>>>,
}

impl Setup {
    /// Whether somebody has asked that nothing new is begun.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// How each host is entered, for what must be known of all before the first is contacted.
    pub fn all_logins(&self) -> Result<Vec<Login>, InputError> {
        let mut logins = Vec::new();
        for host in &self.hosts {
            let door = super::identity::entrance(self, host, &HostLayers::new(self, host)?)?;
            logins.extend(door.after.map(|(login, _)| login));
            logins.push(door.login);
        }
        Ok(logins)
    }

    /// What the inventory says of every host, rendered where it is looked at. Facts and results of
    /// other hosts aren't in it.
    pub fn hostvars(&self) -> Value {
        let known = self.cache.hostvars.get_or_init(|| {
            let mut hosts: Vec<String> = self.inventory.hosts().to_vec();
            hosts.extend(self.hosts.iter().filter(|host| !hosts.contains(host)).cloned().collect::<Vec<_>>());
            let vars = |host: &String| {
                let own = self.inventory.vars(host, &self.folder).unwrap_or_default();
                let mut layer: HashMap<String, Var> =
                    own.into_iter().map(|(name, node)| (name, Var::Template(node))).collect();
                layer.insert("inventory_hostname".into(), Var::Data(Value::from(host.as_str())));
                let scope = Scope::new(vec![Arc::new(layer), self.options.extra_vars.clone()]);
                (host.clone(), self.templar.variables(&scope))
            };
            Value::from_pairs(hosts.iter().map(vars).collect::<Vec<_>>())
        });
        known.clone()
    }

    /// Whether the play's pattern names this host, among those of the run.
    pub fn in_play(&self, play: &Play, scope: &Scope, host: &str) -> Result<bool, InputError> {
        let pattern = super::select::pattern(play, &self.templar, scope)?;
        if let Ok(known) = self.cache.patterns.lock()
            && let Some(hosts) = known.get(&pattern)
        {
            return Ok(hosts.iter().any(|h| h == host));
        }
        let matched = self
            .inventory
            .matches(&pattern)
            .map_err(|e| InputError { place: Some(play.hosts.place.clone()), ..e })?;
        let found = matched.hosts.iter().any(|h| h == host);
        if let Ok(mut known) = self.cache.patterns.lock() {
            known.insert(pattern, matched.hosts);
        }
        Ok(found)
    }

    pub fn vars_file(&self, path: &Path, asked_by: &Node) -> Result<Vec<(String, Node)>, InputError> {
        if let Ok(known) = self.cache.vars.lock()
            && let Some(vars) = known.get(path)
        {
            return Ok(vars.clone());
        }
        let vars = read_vars_file(&self.files, path, asked_by)?;
        if let Ok(mut known) = self.cache.vars.lock() {
            known.insert(path.to_path_buf(), vars.clone());
        }
        Ok(vars)
    }

    /// The items of an included file, read on behalf of this task.
    pub fn included(&self, path: &Path, task: &Task) -> Result<Vec<Item>, Vec<InputError>> {
        let key = format!("{} {}", task.place, path.display());
        if let Ok(known) = self.cache.tasks.lock()
            && let Some(items) = known.get(&key)
        {
            return Ok(items.clone());
        }
        let items = crate::playbook::load_tasks(&self.files, path, task, &crate::module::Names)?;
        if let Ok(mut known) = self.cache.tasks.lock() {
            known.insert(key, items.clone());
        }
        Ok(items)
    }
}

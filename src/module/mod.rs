//! Modules: what a task may say. Each is one small file with one pure function, from arguments and
//! the World to the states that it wants, an action, or an effect inside harda.

mod act;
mod after_reboot;
pub mod args;
mod assert;
mod authorized_key;
mod blockinfile;
mod command;
mod content;
mod copy;
mod debug;
mod fail;
mod file;
mod group;
mod kernel_module;
mod lineinfile;
mod login_defs;
mod logins;
mod modprobe;
mod package;
mod pam_profile;
mod password_ageing;
mod pattern;
mod ping;
#[cfg(test)]
mod quoting;
mod refuse;
mod replace;
pub mod rollback;
mod service;
mod set_fact;
mod shell;
mod sshd_config;
mod stat;
mod sysctl;
mod template;
#[cfg(test)]
pub mod testing;
mod user;

pub use args::{Args, Kind, Param};

use crate::fragment::Input;
use crate::resource::effective::Ways;
use crate::resource::file::Body;
use crate::resource::sshd::Login;
use crate::resource::{Extras, Key, Risk, State, Typed, Undo};
use crate::template::{Scope, Templar, is_template};
use crate::world::{Stop, World};
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All modules. A new one is one new file and one line here.
pub const MODULES: &[&dyn Module] = &[
    &after_reboot::AfterReboot,
    &assert::Assert,
    &authorized_key::AuthorizedKey,
    &blockinfile::BlockInFile,
    &command::Command,
    &copy::Copy,
    &debug::Debug,
    &fail::Fail,
    &file::File,
    &group::Group,
    &kernel_module::KernelModules,
    &lineinfile::LineInFile,
    &login_defs::LoginDefs,
    &logins::Logins,
    &modprobe::Modprobe,
    &package::Apt,
    &package::Dnf,
    &package::Package,
    &pam_profile::PamProfile,
    &password_ageing::PasswordAgeing,
    &ping::Ping,
    &refuse::Refuse,
    &replace::Replace,
    &service::Service,
    &service::Systemd,
    &set_fact::SetFact,
    &shell::Shell,
    &sshd_config::SshdConfig,
    &stat::Stat,
    &sysctl::SysctlKey,
    &template::Template,
    &user::User,
];

/// What harda's own playbooks say besides; nobody else's can.
const OWN: &[&dyn Module] = &[&rollback::Rollback, &rollback::MakeEffective];

/// The module of this name.
pub fn find(name: &str) -> Option<&'static dyn Module> {
    MODULES.iter().chain(OWN).copied().find(|module| module.names().contains(&name))
}

pub trait Module: Sync {
    /// The name, then its other names (`systemd`, `systemd_service`).
    fn names(&self) -> &'static [&'static str];

    /// One line for `harda doc`.
    fn about(&self) -> &'static str;

    /// What a task may give it.
    fn params(&self) -> &'static [Param];

    /// Whether it takes its argument as bare text (`command: reboot`), and under which parameter.
    fn free_form(&self) -> Option<&'static str> {
        None
    }

    /// Parameters that are handed over as written, not rendered: conditions (`assert.that`).
    fn raw_params(&self) -> &'static [&'static str] {
        &[]
    }

    /// What should be: no I/O, no clock, no randomness.
    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop>;
}

/// What a module may look at besides its arguments.
pub struct Context<'a> {
    pub world: &'a World,
    pub templar: &'a Templar,
    /// The variables that the task sees.
    pub scope: &'a Scope,
    /// Local files, read once a run.
    pub local: &'a dyn LocalFiles,
    /// Folders in which `templates/` and `files/` are looked for, nearest first.
    pub search: &'a [PathBuf],
    /// How harda is logged in, and how it will be after hardening.
    pub access: &'a Access,
}

/// The logins that must go on working on this host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// The account that harda logs in as now.
    pub user: String,
    /// The account that the session became; the same where it became nobody.
    pub became: String,
    /// The address that harda connects from, as the host sees it, and the address and port that it
    /// connects to (from `SSH_CONNECTION`; empty where there is none).
    pub from: String,
    pub to: String,
    pub port: u16,
    /// The account of the next run, where it is another (`harda_login_after.user`).
    pub after: Option<String>,
    /// Why that account could log in now and not become the other user, where it was so.
    pub after_became_not: Option<String>,
    /// Whether the login is by password rather than by a key.
    pub by_password: bool,
    /// A person had to do something for the login too.
    pub by_person: bool,
    /// Whether harda becomes another user by sudo.
    pub by_sudo: bool,
    /// The port of the next run, where it is another (`harda_login_after.port`).
    pub after_port: Option<u16>,
    /// The public key that the login is by, as a line of authorized_keys, where it is known.
    pub key: Option<String>,
    /// The type of the host key that the host showed (`ssh-ed25519`), where it is known.
    pub host_key: Option<String>,
    /// The login is by the system's ssh: harda's own SSH needn't speak with the host.
    pub foreign_ssh: bool,
    /// What these logins hang on, as the host told when it was entered.
    pub ways: Ways,
}

impl Access {
    /// The account that must be able to log in once the host is hardened.
    pub fn next_user(&self) -> &str {
        self.after.as_deref().unwrap_or(&self.user)
    }

    /// The logins that must go on working, as sshd sees them; the next run's last.
    pub fn logins(&self) -> Vec<Login> {
        let login = |user: &str, port: u16| Login {
            user: user.into(),
            from: self.from.clone(),
            to: self.to.clone(),
            port,
        };
        let next = login(self.next_user(), self.after_port.unwrap_or(self.port));
        let mut logins = vec![login(&self.user, self.port), next];
        logins.retain(|login| !login.user.is_empty());
        logins.dedup();
        logins
    }
}

/// Files on the control machine, as inputs of planning.
pub trait LocalFiles: Sync {
    /// A file's bytes, kept for the run.
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, String>;
    /// The content of a file of any size: in memory where it can be shown, else read as it is
    /// sent, so that it takes no memory.
    fn body(&self, path: &Path) -> Result<Body, String>;
    fn exists(&self, path: &Path) -> bool;
    /// Permission bits of a file, for `mode: preserve`.
    fn mode(&self, path: &Path) -> Result<u32, String>;
    /// The files below a folder, relative to it, sorted.
    fn walk(&self, folder: &Path) -> Result<Vec<PathBuf>, String>;
}

/// A resource's state that a task wants.
#[derive(Clone, Debug)]
pub struct Want {
    pub key: Key,
    pub to: State,
    pub extras: Extras,
}

impl Want {
    pub fn new<K: Typed>(id: impl Into<K::Id>, to: K::State) -> Self {
        Want { key: K::key(id.into()), to: K::wrap(to), extras: Extras::default() }
    }
}

/// Something done, not held: a command, a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// For people: `restart rsyslog.service`, `run /usr/bin/foo`.
    pub title: String,
    pub script: String,
    pub input: Vec<u8>,
    /// What it may cost.
    pub risk: Risk,
    /// Whether it may change anything on the host beyond what is said: a restart doesn't.
    pub opaque: bool,
    /// How its outcome becomes the task's result.
    pub outcome: Outcome,
    /// Longest run in seconds.
    pub seconds: u64,
    /// Paths that it names and that a login hangs on: kept where it is made under the switch.
    pub paths: Vec<String>,
}

impl Action {
    /// A restart leaves nothing to go back to, and a probe changes nothing.
    pub fn undo(&self, probe: bool) -> Undo {
        match self.opaque && !probe {
            true => Undo::None("what it changes is not known".into()),
            false => Undo::Full,
        }
    }

    pub fn inputs(&self) -> Vec<Input> {
        match self.input.is_empty() {
            true => Vec::new(),
            false => vec![Input::Bytes(Arc::from(self.input.as_slice()))],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `rc`, `stdout`, `stderr` and their lines; a status other than 0 is a failure.
    Command,
    /// Done or failed.
    Done,
}

/// What happens inside harda.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Effect {
    #[default]
    None,
    /// Variables for the rest of the run on this host (`set_fact`).
    Facts(Vec<(String, Value)>),
    /// Shown to the user (`debug`).
    Message(String),
    /// The task fails (`fail`, `assert`).
    Fail(String),
}

/// What a module decided.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    pub wants: Vec<Want>,
    pub action: Option<Action>,
    pub effect: Effect,
    /// What `register` gets besides `changed`, `failed` and `diff`.
    pub result: Vec<(String, Value)>,
    /// Said to the user with the task.
    pub notes: Vec<String>,
    /// What is set, as wanted, and takes effect with the next reboot only.
    pub lags: Option<String>,
}

impl Planned {
    pub fn want<K: Typed>(mut self, id: impl Into<K::Id>, to: K::State) -> Self {
        self.wants.push(Want::new::<K>(id, to));
        self
    }

    pub fn result(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.result.push((name.into(), value.into()));
        self
    }
}
/// The table of modules as the parser of playbooks sees it.
pub struct Names;

impl crate::playbook::ModuleNames for Names {
    fn is_module(&self, name: &str) -> bool {
        MODULES.iter().any(|module| module.names().contains(&name))
    }

    fn names(&self) -> Vec<&str> {
        MODULES.iter().flat_map(|module| module.names().iter().copied()).collect()
    }

    fn parameters(&self, name: &str) -> Option<Vec<&str>> {
        let params = find(name)?.params();
        let any = params.iter().any(|param| param.names.contains(&"*"));
        (!any).then(|| params.iter().flat_map(|param| param.names.iter().copied()).collect())
    }

    fn free_form(&self, name: &str) -> Option<&str> {
        find(name)?.free_form()
    }

    fn wrong_value(&self, name: &str, parameter: &str, value: &Node) -> Option<String> {
        let module = find(name)?;
        if module.raw_params().contains(&parameter) {
            return None;
        }
        let param = module.params().iter().find(|param| param.names.contains(&parameter))?;
        args::wrong(name, parameter, param, &literal(value)?)
    }

    fn missing(&self, name: &str, given: &[&str]) -> Option<String> {
        let mut needed = find(name)?.params().iter().filter(|param| param.required);
        let param = needed.find(|param| !param.names.iter().any(|name| given.contains(name)))?;
        Some(args::missing(name, param))
    }
}

/// The same for harda's own playbooks.
pub struct WithOwn;

impl crate::playbook::ModuleNames for WithOwn {
    fn is_module(&self, name: &str) -> bool {
        find(name).is_some()
    }

    fn names(&self) -> Vec<&str> {
        Names.names()
    }

    fn parameters(&self, name: &str) -> Option<Vec<&str>> {
        Some(find(name)?.params().iter().flat_map(|param| param.names.iter().copied()).collect())
    }

    fn free_form(&self, _name: &str) -> Option<&str> {
        None
    }

    fn wrong_value(&self, name: &str, parameter: &str, value: &Node) -> Option<String> {
        Names.wrong_value(name, parameter, value)
    }

    fn missing(&self, name: &str, given: &[&str]) -> Option<String> {
        Names.missing(name, given)
    }
}

/// A value that holds no template.
fn literal(node: &Node) -> Option<Value> {
    match &node.value {
        Yaml::Null => Some(Value::from(())),
        Yaml::Bool(value) => Some(Value::from(*value)),
        Yaml::Int(value) => Some(Value::from(*value)),
        Yaml::Float(value) => Some(Value::from(*value)),
        Yaml::Unsafe(text) => Some(Value::from(text.as_str())),
        Yaml::Str(text) => (!is_template(text)).then(|| Value::from(text.as_str())),
        Yaml::Seq(items) => items.iter().map(literal).collect::<Option<Vec<_>>>().map(Value::from),
        Yaml::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| Some((literal(key)?, literal(value)?)));
            pairs.collect::<Option<Vec<_>>>().map(Value::from_pairs)
        }
    }
}

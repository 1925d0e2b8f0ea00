//! Who logs in, whom the session becomes, and who runs a task's scripts.

use super::setup::{LoginOptions, Setup};
use super::step::RunAs;
use super::vars::HostLayers;
use crate::module::Access;
use crate::module::args::boolean;
use crate::place::InputError;
use crate::playbook::model::{Item, Play, Task};
use crate::secret::Secret;
use crate::template::{Scope, Var};
use crate::transport::{Become, BecomeMethod, Connection, Login};
use crate::yaml::Node;
use minijinja::Value;
use std::path::PathBuf;

/// How a host is entered: now, and (first) as it will be once it is hardened.
pub struct Entrance {
    pub login: Login,
    pub r#become: Option<Become>,
    /// From `harda_login_after`.
    pub after: Option<(Login, Option<Become>)>,
}

/// Reads the variables that say how a host is entered. `become` is asked for if any task, play or
/// option asks for it: the session then is that user's, and tasks that don't become run as the
/// login user below it.
pub fn entrance(setup: &Setup, host: &str, layers: &HostLayers) -> Result<Entrance, InputError> {
    let vars = Vars { setup, host, layers };
    let options = &setup.logins;
    let login = vars.login(options)?;
    let wants_become = match vars.flag("ansible_become")? {
        Some(flag) => flag,
        None => {
            setup.options.r#become || setup.playbook.plays.iter().any(|play| becomes(setup, play, layers))
        }
    };
    let r#become = if wants_become { Some(vars.r#become(options)?) } else { None };
    let after = vars.after(&login, r#become.as_ref())?;
    Ok(Entrance { login, r#become, after })
}

struct Vars<'a> {
    setup: &'a Setup,
    host: &'a str,
    layers: &'a HostLayers,
}

impl Vars<'_> {
    fn text(&self, names: &[&str]) -> Result<Option<String>, InputError> {
        for name in names {
            if let Some(text) = self.layers.connection_text(self.setup, name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// A login keyword of the first play that has it: one login serves all plays.
    fn keyword(&self, of: impl Fn(&Play) -> Option<&Node>) -> Result<Option<String>, InputError> {
        let Some(node) = self.setup.playbook.plays.iter().find_map(of) else { return Ok(None) };
        let value = self.setup.templar.node(node, &self.layers.play_scope());
        value.map(|v| Some(v.to_string())).map_err(|e| super::vars::input_error(e, node))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, InputError> {
        Ok(self.text(&[name])?.and_then(|text| boolean(&Value::from(text))))
    }

    fn secret(&self, names: &[&str]) -> Result<Option<Secret>, InputError> {
        let text = self.text(names)?;
        // It may come from a template: nothing else tells what became of it.
        text.iter().for_each(|text| self.setup.secrets.add(text));
        Ok(text.map(Secret::new))
    }

    fn bad(&self, message: String) -> InputError {
        match self.setup.inventory.place(self.host) {
            Some(place) => InputError::at(&place, message),
            None => InputError::nowhere(message),
        }
    }

    fn port(&self, text: Option<String>, name: &str) -> Result<Option<u16>, InputError> {
        text.map(|t| {
            t.trim()
                .parse()
                .map_err(|_| self.bad(format!("`{name}` of host `{}`: `{t}` is no port", self.host)))
        })
        .transpose()
    }

    fn connection(&self, text: &str) -> Result<Connection, InputError> {
        match text {
            "ssh" | "smart" | "paramiko" | "libssh" => Ok(Connection::Ssh),
            "openssh" => Ok(Connection::OpenSsh),
            "local" => Ok(Connection::Local),
            other => Err(self
                .bad(format!("`{other}` is no connection harda has"))
                .hint("use `ssh`, `openssh` or `local`")),
        }
    }

    fn login(&self, options: &LoginOptions) -> Result<Login, InputError> {
        let connection = match self
            .text(&["ansible_connection"])?
            .or(self.keyword(|play| play.connection.as_ref())?)
            .or_else(|| options.connection.clone())
        {
            Some(text) => self.connection(&text)?,
            None => Connection::Ssh,
        };
        let port =
            self.text(&["ansible_port", "ansible_ssh_port"])?.or(self.keyword(|play| play.port.as_ref())?);
        let port = self.port(port, "ansible_port")?;
        let key = self.text(&["ansible_ssh_private_key_file", "ansible_private_key_file"])?;
        let keys = key.map(|k| expand(&k)).or_else(|| options.private_key.clone());
        let mut login = Login::new(
            self.host,
            self.text(&["ansible_host", "ansible_ssh_host"])?.unwrap_or_else(|| self.host.into()),
        );
        login.connection = connection;
        login.port = port;
        let user = self
            .text(&["ansible_user", "ansible_ssh_user"])?
            .or(self.keyword(|play| play.remote_user.as_ref())?);
        login.user = user.or_else(|| options.user.clone());
        login.key_files = keys.into_iter().collect();
        login.password = match &options.password {
            Some(password) => Some(password.clone()),
            None => self.secret(&["ansible_password", "ansible_ssh_pass"])?,
        };
        login.known_hosts = self.text(&["harda_known_hosts_file"])?.map(|p| expand(&p)).into_iter().collect();
        login.connect_timeout = options.timeout;
        login.proxy_jump = self.text(&["harda_proxy_jump"])?;
        if let Some(arguments) = self.text(&["ansible_ssh_common_args", "ansible_ssh_extra_args"])? {
            return Err(self
                .bad(format!(
                    "`ansible_ssh_common_args` of host `{}` can't be honoured: `{arguments}`",
                    self.host
                ))
                .hint("put it into ~/.ssh/config, or use `harda_proxy_jump` and `harda_known_hosts_file`"));
        }
        Ok(login)
    }

    fn r#become(&self, options: &LoginOptions) -> Result<Become, InputError> {
        let method = match self.text(&["ansible_become_method"])? {
            Some(method) => Some(method),
            None => self.task_method()?.or_else(|| options.become_method.clone()),
        };
        let password = match &options.become_password {
            Some(password) => Some(password.clone()),
            None => self.secret(&["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"])?,
        };
        Ok(Become { method: self.method(method.as_deref())?, user: "root".into(), password })
    }

    /// `become_method` of the first task (or of what is around it) that has one: the session
    /// becomes root once, for all tasks.
    fn task_method(&self) -> Result<Option<String>, InputError> {
        let mut found = None;
        for play in &self.setup.playbook.plays {
            for items in [&play.pre_tasks, &play.tasks, &play.post_tasks] {
                each_task(items, &mut |task| {
                    if found.is_none() {
                        found = task.become_method.clone();
                    }
                });
            }
        }
        let Some(node) = found else { return Ok(None) };
        let value = self.setup.templar.node(&node, &self.layers.play_scope());
        value.map(|v| Some(v.to_string())).map_err(|e| super::vars::input_error(e, &node))
    }

    fn method(&self, text: Option<&str>) -> Result<BecomeMethod, InputError> {
        match text.unwrap_or("sudo") {
            "sudo" => Ok(BecomeMethod::Sudo),
            "su" => Ok(BecomeMethod::Su),
            other => {
                Err(self.bad(format!("`{other}` is no become method harda has")).hint("use `sudo` or `su`"))
            }
        }
    }

    /// `harda_login_after`: what it doesn't say is as it is now.
    fn after(
        &self,
        now: &Login,
        r#become: Option<&Become>,
    ) -> Result<Option<(Login, Option<Become>)>, InputError> {
        let scope = self.layers.play_scope();
        let node = match scope.get("harda_login_after") {
            None => return Ok(None),
            Some(Var::Template(node)) => node.clone(),
            Some(Var::Data(value)) => {
                super::step::as_node(&Var::Data(value.clone()), &crate::place::Place::new("-e", 1, 1))
            }
        };
        let value = self.setup.templar.node(&node, &scope).map_err(|e| super::vars::input_error(e, &node))?;
        let known = ["user", "host", "port", "connection", "private_key_file", "become", "become_method"];
        for key in value.try_iter().into_iter().flatten() {
            if !known.contains(&key.as_str().unwrap_or_default()) {
                let message = format!("`harda_login_after` has no `{key}`");
                return Err(
                    InputError::at(&node.place, message).hint(format!("it takes {}", known.join(", ")))
                );
            }
        }
        let text = |name: &str| {
            value.get_attr(name).ok().filter(|v| !v.is_undefined() && !v.is_none()).map(|v| v.to_string())
        };
        let mut login = now.clone();
        if let Some(user) = text("user") {
            if now.user.as_deref() != Some(&user) {
                login.password = None;
            }
            login.user = Some(user);
        }
        if let Some(address) = text("host") {
            login.address = address;
        }
        if let Some(port) = self.port(text("port"), "harda_login_after.port")? {
            login.port = Some(port);
        }
        if let Some(connection) = text("connection") {
            login.connection = self.connection(&connection)?;
        }
        if let Some(key) = text("private_key_file") {
            login.key_files = vec![expand(&key)];
        }
        let wants =
            text("become").map_or(Some(true), |t| boolean(&Value::from(t.to_lowercase()))) != Some(false);
        let method = self.method(text("become_method").as_deref())?;
        let root = login.user.as_deref() == Some("root");
        let r#become = (wants && !root).then(|| match r#become {
            Some(now) => Become { method, ..now.clone() },
            None => {
                Become { method, user: "root".into(), password: self.setup.logins.become_password.clone() }
            }
        });
        Ok(Some((login, r#become)))
    }
}

/// `~/` at the start of a path is the home of who runs harda.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Whether any task of a play becomes another user; what can't be told yet counts as yes.
fn becomes(setup: &Setup, play: &Play, layers: &HostLayers) -> bool {
    let scope = layers.play_scope();
    let yes =
        |node: &Node| setup.templar.node(node, &scope).ok().and_then(|value| boolean(&value)).unwrap_or(true);
    let mut found = false;
    for items in [&play.pre_tasks, &play.tasks, &play.post_tasks] {
        each_task(items, &mut |task| found |= task.r#become.as_ref().is_some_and(yes));
    }
    found || play.handlers.iter().any(|task| task.r#become.as_ref().is_some_and(yes))
}

fn each_task(items: &[Item], visit: &mut dyn FnMut(&Task)) {
    for item in items {
        match item {
            Item::Task(task) => visit(task),
            Item::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    each_task(part, visit);
                }
            }
        }
    }
}

/// Who runs a task's scripts, seen from the session: `None` is the session's own identity.
pub fn run_as(setup: &Setup, access: &Access, task: &Task, scope: &Scope) -> RunAs {
    let text = |node: &Node| setup.templar.node(node, scope).ok().map(|value| value.to_string());
    let variable = |name: &str| match scope.get(name) {
        Some(Var::Template(node)) => text(node),
        Some(Var::Data(value)) => Some(value.to_string()),
        None => None,
    };
    let asked = task.r#become.as_ref().and_then(text).or_else(|| variable("ansible_become"));
    let becomes =
        asked.and_then(|t| boolean(&Value::from(t.to_lowercase()))).unwrap_or(setup.options.r#become);
    let user = if becomes {
        let named = task.become_user.as_ref().and_then(text).or_else(|| variable("ansible_become_user"));
        named.or_else(|| setup.logins.become_user.clone()).unwrap_or_else(|| "root".into())
    } else {
        access.user.clone()
    };
    let session = if access.became.is_empty() { &access.user } else { &access.became };
    RunAs { user: (user != *session).then_some(user), environment: environment(setup, task, scope) }
}

fn environment(setup: &Setup, task: &Task, scope: &Scope) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for node in &task.environment {
        let Ok(value) = setup.templar.node(node, scope) else { continue };
        for key in value.try_iter().into_iter().flatten() {
            let text = value.get_item(&key).unwrap_or_default().to_string();
            let name = key.to_string();
            pairs.retain(|(n, _)| *n != name);
            pairs.push((name, text));
        }
    }
    pairs
}

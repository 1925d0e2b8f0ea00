//! Where a login goes: what the inventory says, completed by ssh_config as `ssh` itself reads it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ssh_config::Answer;
use crate::secret::Secret;
use crate::transport::Login;
use crate::transport::connector::Connector;
use crate::transport::failure::{Failure, FailureKind};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The key files that OpenSSH tries by itself.
const DEFAULT_KEYS: &[&str] = &["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];

/// A login with nothing left open.
pub(super) struct Destination {
    /// The inventory's name of the host.
    pub(super) name: String,
    /// What the inventory says to connect to.
    pub(super) original: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    /// The name in known_hosts, where it isn't the host's.
    pub(super) alias: Option<String>,
    /// Key files that must be there, because somebody named them.
    pub(super) key_files: Vec<PathBuf>,
    /// Key files that are tried if they are there.
    pub(super) usual_keys: Vec<PathBuf>,
    pub(super) identities_only: bool,
    /// The agent's socket; `None` is what the environment says.
    pub(super) agent: Option<PathBuf>,
    pub(super) use_agent: bool,
    pub(super) password: Option<Secret>,
    pub(super) known_hosts: Vec<PathBuf>,
    pub(super) connect_timeout: Duration,
    pub(super) jump: Option<String>,
    /// The key that let us in last isn't offered first.
    pub(super) afresh: bool,
    pub(super) until: Option<Instant>,
    pub(super) proxy_command: Option<String>,
}

impl Destination {
    /// Completes a login by what ssh_config says of its address.
    pub(super) fn of(connector: &Connector, login: &Login) -> Result<Self, Failure> {
        let said = connector.ssh_config.ask(login)?;
        said.refuse_what_cannot_be_honoured(login)?;
        let host = said.one("hostname").unwrap_or(&login.address).to_string();
        let user = login.user.clone().or_else(|| said.one("user").map(str::to_string));
        let port = login.port.or_else(|| said.one("port").and_then(|port| port.parse().ok()));
        let timeout = said.one("connecttimeout").and_then(|s| s.parse().ok()).map(Duration::from_secs);
        let mut destination = Destination {
            name: login.name.clone(),
            host,
            port: port.unwrap_or(22),
            user: user.unwrap_or_else(local_user),
            original: login.address.clone(),
            alias: said.one("hostkeyalias").map(str::to_string),
            key_files: login.key_files.clone(),
            usual_keys: DEFAULT_KEYS.iter().map(|name| home().join(".ssh").join(name)).collect(),
            identities_only: said.one("identitiesonly") == Some("yes"),
            agent: None,
            use_agent: said.one("identityagent") != Some("none"),
            password: login.password.clone(),
            known_hosts: login.known_hosts.clone(),
            connect_timeout: login.connect_timeout.or(timeout).unwrap_or(CONNECT_TIMEOUT),
            jump: login.proxy_jump.clone().or_else(|| said.one("proxyjump").map(str::to_string)),
            afresh: login.afresh,
            until: login.until,
            proxy_command: None,
        };
        destination.jump.take_if(|jump| jump == "none");
        destination.add_files(&said)?;
        if login.proxy_jump.is_none()
            && let Some(command) = said.one("proxycommand").filter(|c| *c != "none")
        {
            destination.refuse_shell_words()?;
            destination.proxy_command = Some(destination.expand(command)?);
        }
        Ok(destination)
    }

    /// Key files, the agent's socket and known_hosts, whose names may have tokens in them.
    fn add_files(&mut self, said: &Answer) -> Result<(), Failure> {
        for file in said.all("identityfile") {
            let path = self.expand_path(&file)?;
            // OpenSSH passes over one that isn't there.
            if !self.usual_keys.contains(&path) && path.exists() {
                self.key_files.push(path);
            }
        }
        if let Some(socket) = said.one("identityagent").filter(|s| *s != "SSH_AUTH_SOCK" && *s != "none") {
            self.agent = Some(self.agent_socket(socket)?);
        }
        if self.known_hosts.is_empty() {
            for key in ["userknownhostsfile", "globalknownhostsfile"] {
                for file in
                    said.all(key).iter().flat_map(|files| files.split_whitespace()).filter(|f| *f != "none")
                {
                    let path = self.expand_path(file)?;
                    self.known_hosts.push(path);
                }
            }
        }
        if self.known_hosts.is_empty() {
            let ours = ["known_hosts", "known_hosts2"].map(|name| home().join(".ssh").join(name));
            self.known_hosts.extend(ours);
            self.known_hosts.push("/etc/ssh/ssh_known_hosts".into());
        }
        Ok(())
    }

    /// Names that become part of a command line of this machine: as OpenSSH, none that a shell would
    /// take for more than a word.
    fn refuse_shell_words(&self) -> Result<(), Failure> {
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"'`\"$\\;&<>|(){}".contains(c);
        for word in [&self.host, &self.original, &self.user] {
            if word.starts_with('-') || !word.chars().all(plain) {
                let message = format!("`{word}` can't stand in the `ProxyCommand` for `{}`", self.name);
                return Err(Failure::new(FailureKind::Input, message));
            }
        }
        Ok(())
    }

    fn agent_socket(&self, socket: &str) -> Result<PathBuf, Failure> {
        match socket.strip_prefix('$') {
            Some(variable) => Ok(std::env::var_os(variable).unwrap_or_default().into()),
            None => self.expand_path(socket),
        }
    }

    fn expand_path(&self, text: &str) -> Result<PathBuf, Failure> {
        let expanded = self.expand(text)?;
        Ok(match expanded.strip_prefix("~/") {
            Some(rest) => home().join(rest),
            None => expanded.into(),
        })
    }

    /// ssh_config's tokens, those that mean the same here.
    fn expand(&self, text: &str) -> Result<String, Failure> {
        let mut expanded = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                expanded.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => expanded.push('%'),
                Some('h') => expanded += &self.host,
                Some('n') => expanded += &self.original,
                Some('p') => expanded += &self.port.to_string(),
                Some('r') => expanded += &self.user,
                Some('u') => expanded += &local_user(),
                Some('d') => expanded += &home().to_string_lossy(),
                token => {
                    let token = token.map(String::from).unwrap_or_default();
                    let message = format!(
                        "ssh_config says `{text}` for `{}`: harda doesn't know `%{token}`",
                        self.name
                    );
                    return Err(
                        Failure::new(FailureKind::Input, message).hint("use `-c openssh` for this host")
                    );
                }
            }
        }
        Ok(expanded)
    }

    /// The host's name as known_hosts writes it.
    pub(super) fn known_name(&self) -> String {
        match (&self.alias, self.port) {
            (Some(alias), _) => alias.to_lowercase(),
            (None, 22) => self.host.to_lowercase(),
            (None, port) => format!("[{}]:{port}", self.host.to_lowercase()),
        }
    }

    /// The same without the port.
    pub(super) fn plain_name(&self) -> String {
        self.alias.as_ref().unwrap_or(&self.host).to_lowercase()
    }
}

pub(super) fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| Path::new("/").to_path_buf())
}

/// Who runs harda: the name that `ssh` would log in as.
fn local_user() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(&id)).then(|| name.to_string())
    });
    // A directory service's users are in no file.
    named.or_else(|| std::env::var("LOGNAME").ok()).or_else(|| std::env::var("USER").ok()).unwrap_or(id)
}

//! Options that several verbs share, named as Ansible names them.

use super::passwords::Once;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub struct InventoryArgs {
    /// Inventory file or folder, or host names with a comma (`web1,`); may be repeated
    #[arg(short, long = "inventory", value_name = "INVENTORY", required = true, help_heading = "Hosts")]
    pub inventory: Vec<String>,

    /// Only hosts that match this pattern too
    #[arg(short, long, value_name = "PATTERN", help_heading = "Hosts")]
    pub limit: Vec<String>,

    /// List the hosts that each play would run on, and do nothing else
    #[arg(long, help_heading = "Hosts")]
    pub list_hosts: bool,
}

#[derive(Debug, Default, Args)]
pub struct TaskArgs {
    /// Only tasks with one of these tags
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',', help_heading = "Tasks")]
    pub tags: Vec<String>,

    /// No tasks with any of these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',', help_heading = "Tasks")]
    pub skip_tags: Vec<String>,

    /// Variables above all others: `k=v`, JSON or YAML, or `@FILE`; may be repeated
    #[arg(short, long, value_name = "VARS", help_heading = "Tasks")]
    pub extra_vars: Vec<String>,

    /// List the tasks, and do nothing else
    #[arg(long, help_heading = "Tasks")]
    pub list_tasks: bool,

    /// Read playbooks and inventory, say what is wrong with them, and do nothing else
    #[arg(long, help_heading = "Tasks")]
    pub syntax_check: bool,

    /// In a dry run, run commands that say `changed_when: false` too: they are taken to be
    /// read-only
    #[arg(long, conflicts_with = "no_probes", help_heading = "Tasks")]
    pub probe: bool,

    /// In a dry run, run no commands at all, not even those with `check_mode: false`
    #[arg(long, help_heading = "Tasks")]
    pub no_probes: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub struct LoginArgs {
    /// Hosts worked on at a time
    #[arg(short, long, value_name = "N", default_value_t = 50, value_parser = forks, help_heading = "Login")]
    pub forks: usize,

    /// Log in as this user
    #[arg(short, long, value_name = "USER", help_heading = "Login")]
    pub user: Option<String>,

    /// Log in with this key
    #[arg(long, alias = "key-file", value_name = "FILE", help_heading = "Login")]
    pub private_key: Option<PathBuf>,

    /// Ask for the login password
    #[arg(short = 'k', long, help_heading = "Login")]
    pub ask_pass: bool,

    /// Read the login password from this file
    #[arg(
        long,
        alias = "conn-pass-file",
        value_name = "FILE",
        conflicts_with = "ask_pass",
        help_heading = "Login"
    )]
    pub connection_password_file: Option<PathBuf>,

    /// How to connect: `ssh` (built in), `openssh` (the system's `ssh`, for FIDO2 keys and
    /// Kerberos), `local`
    #[arg(short, long, value_enum, value_name = "KIND", hide_possible_values = true, help_heading = "Login")]
    pub connection: Option<Connection>,

    /// Give up connecting after this many seconds
    #[arg(short = 'T', long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Login")]
    pub timeout: Option<u64>,

    /// Take the keys of hosts that aren't known yet, list them, and write them to known_hosts; a
    /// changed key is always refused
    #[arg(long, help_heading = "Login")]
    pub accept_new_host_keys: bool,

    /// What was asked for or read: once for all runs of one invocation, whose arguments share it.
    #[arg(skip)]
    pub passwords: Once,
}

#[derive(Clone, Debug, Default, Args)]
pub struct BecomeArgs {
    /// Become another user after the login
    #[arg(short, long, help_heading = "Become")]
    pub r#become: bool,

    /// Whom to become [default: root]
    #[arg(long, value_name = "USER", help_heading = "Become")]
    pub become_user: Option<String>,

    /// What to become it with: `sudo` or `su` [default: sudo]
    #[arg(long, value_enum, value_name = "TOOL", hide_possible_values = true, help_heading = "Become")]
    pub become_method: Option<Method>,

    /// Ask for the password that becoming wants
    #[arg(short = 'K', long, help_heading = "Become")]
    pub ask_become_pass: bool,

    /// Read the password that becoming wants from this file
    #[arg(
        long,
        alias = "become-pass-file",
        value_name = "FILE",
        conflicts_with = "ask_become_pass",
        help_heading = "Become"
    )]
    pub become_password_file: Option<PathBuf>,
}

/// What `apply` and `rollback` leave on a host, and how they share it with other runs.
#[derive(Clone, Debug, Default, Args)]
pub struct KeepArgs {
    /// Wait so long for another run that is at work on a host, then refuse the host
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=86400), help_heading = "Records")]
    pub lock_timeout: u64,

    /// Keep what so many runs replaced on each host, to roll back to; older records are removed
    /// [default: `harda_keep_runs` of the host, else 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10000), help_heading = "Records")]
    pub keep_runs: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Connection {
    Ssh,
    Openssh,
    Local,
}

impl Connection {
    /// As `ansible_connection` names it.
    pub fn name(self) -> &'static str {
        match self {
            Connection::Ssh => "ssh",
            Connection::Openssh => "openssh",
            Connection::Local => "local",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    Sudo,
    Su,
}

impl Method {
    /// As `ansible_become_method` names it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Sudo => "sudo",
            Method::Su => "su",
        }
    }
}

/// All that `plan` and `apply` share.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Playbooks, in the order in which they run
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub playbooks: Vec<PathBuf>,

    #[command(flatten)]
    pub inventory: InventoryArgs,

    #[command(flatten)]
    pub tasks: TaskArgs,

    #[command(flatten)]
    pub login: LoginArgs,

    #[command(flatten)]
    pub r#become: BecomeArgs,

    /// Write what each host is asked into this folder, as scripts that `sh` runs by itself
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub keep_scripts: Option<PathBuf>,
}

impl RunArgs {
    /// Of a verb that has a playbook of its own.
    pub fn without_playbooks(inventory: InventoryArgs, login: LoginArgs, r#become: BecomeArgs) -> RunArgs {
        let tasks = TaskArgs::default();
        RunArgs { playbooks: Vec::new(), inventory, tasks, login, r#become, keep_scripts: None }
    }
}

fn forks(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err("a number from 1 to 1000 is wanted".to_string()),
    }
}

/// The dead-man's switch, for the verbs that change hosts.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// What can lock you out is taken back by the host itself, unless a fresh login proves within
    /// this time that access is still there
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3600), help_heading = "Guard")]
    guard_timeout: u64,

    /// Make even what can lock you out without that guard
    #[arg(long, conflicts_with = "guard_timeout", help_heading = "Guard")]
    no_guard: bool,
}

impl GuardArgs {
    /// The seconds of the switch; going without it is said loudly where something will be changed.
    pub fn seconds(&self, check: bool) -> Option<u64> {
        if self.no_guard && !check {
            eprintln!(
                "WARNING: --no-guard: a change that locks you out is NOT taken back; keep a session or a console open"
            );
        }
        (!self.no_guard).then_some(self.guard_timeout)
    }
}

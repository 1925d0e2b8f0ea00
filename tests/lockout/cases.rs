//! The ways, each as the tasks of a playbook. The task that locks out is called `bites`; a handler that makes it
//! effective, `takes effect`.

#[path = "cases/accounts.rs"]
mod accounts;
#[path = "cases/logins.rs"]
mod logins;
#[path = "cases/machine.rs"]
mod machine;
#[path = "cases/network.rs"]
mod network;

/// What is to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Before anything is in place, with these words.
    Refused(&'static str),
    /// By the host.
    Restored,
}

pub struct Case {
    pub name: &'static str,
    pub kind: &'static str,
    /// Who logs in.
    pub user: &'static str,
    /// Done on the host before, from outside; exit status 77 where its kernel can't.
    pub prepare: String,
    pub tasks: String,
    pub expect: Expect,
    /// Whether it is in the sample that always runs.
    pub sample: bool,
    /// Words for harda; `agent` gives it an agent with other keys before the right one.
    pub more: Vec<String>,
}

impl Case {
    fn new(name: &'static str, tasks: String) -> Self {
        Case {
            name,
            kind: "bookworm",
            user: "admin",
            prepare: String::new(),
            tasks,
            expect: Expect::Restored,
            sample: false,
            more: Vec::new(),
        }
    }

    fn refused(self, why: &'static str) -> Self {
        Case { expect: Expect::Refused(why), ..self }
    }

    fn on(self, kind: &'static str) -> Self {
        Case { kind, ..self }
    }

    fn by(self, user: &'static str) -> Self {
        Case { user, ..self }
    }

    fn after(self, prepare: &str) -> Self {
        Case { prepare: prepare.into(), ..self }
    }

    fn sample(self) -> Self {
        Case { sample: true, ..self }
    }

    fn with(mut self, words: &[&str]) -> Self {
        self.more.extend(words.iter().map(|word| word.to_string()));
        self
    }
}

fn task(module: &str, arguments: serde_json::Value) -> String {
    format!("  tasks:\n    - name: bites\n      {module}: {arguments}\n")
}

/// A task that isn't effective before sshd reads its files again.
fn then_ssh(module: &str, arguments: serde_json::Value, state: &str) -> String {
    let task = task(module, arguments);
    format!(
        "{task}      notify: takes effect\n  handlers:\n    - name: takes effect\n      service: {{name: ssh, state: {state}}}\n"
    )
}

fn shell(line: &str) -> String {
    task("shell", serde_json::json!(line))
}

fn copy(path: &str, text: &str) -> String {
    task("copy", serde_json::json!({ "dest": path, "content": text }))
}

const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-lockout.conf";

fn sshd(text: &str) -> String {
    then_ssh("copy", serde_json::json!({ "dest": DROP_IN, "content": format!("{text}\n") }), "reloaded")
}

/// The same where harda can't foresee it.
fn sshd_by_command(text: &str) -> String {
    shell(&format!("printf '{text}\\n' >{DROP_IN} && systemctl restart ssh"))
}

fn sudo(text: &str) -> String {
    let arguments = serde_json::json!({ "dest": "/etc/sudoers.d/zz-lockout", "content": format!("{text}\n"), "mode": "0440" });
    task("copy", arguments)
}

fn nft(rules: &str) -> String {
    format!(
        "nft 'add table inet shut; add chain inet shut in {{ type filter hook input priority 0; }}; {rules}'"
    )
}

/// Installs a package from the lab's own archive.
fn install(package: &str) -> String {
    format!("DEBIAN_FRONTEND=noninteractive apt-get -q install -y {package} >/dev/null")
}

pub fn cases() -> Vec<Case> {
    [
        logins::by_sshd(),
        accounts::by_accounts(),
        logins::by_keys(),
        logins::by_what_the_host_names(),
        accounts::by_sudo(),
        accounts::by_pam(),
        network::by_firewall(),
        network::by_network(),
        machine::by_services(),
        machine::by_folders(),
        machine::by_packages(),
        accounts::by_profiles(),
        machine::by_word(),
        logins::by_late_effect(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

//! What a host was asked of a resource, and what it answered, in words for whoever reads the proof:
//! the command that shows the same, and its answer without contents and secrets.

use super::accounts::AccountsState;
use super::file::{FileState, What};
use super::group::GroupState;
use super::kernel_module::ModuleState;
use super::pam::ProfileState;
use super::sshd::{Effective, SshdId, SshdState};
use super::sysctl::SysctlState;
use super::unit::UnitState;
use super::user::{Account, Password, UserState};
use super::{Key, State};
use std::borrow::Cow;

/// Entries of a list before it is cut.
const LISTED: usize = 20;

/// As a person would write it; for reading only, nothing runs it.
fn quote(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}

/// The command by which a person would see it too.
pub fn asked(key: &Key) -> String {
    match key {
        Key::File(path) => format!("stat {0}; sha256sum {0}", quote(path)),
        Key::Package(name) => format!("dpkg-query -W {0} || rpm -q {0}", quote(name)),
        Key::Unit(name) => format!("systemctl show {}", quote(name)),
        Key::User(name) => format!("getent passwd {0}; getent shadow {0}; id {0}", quote(name)),
        Key::Group(name) => format!("getent group {}", quote(name)),
        Key::Accounts(_) => "cut -d: -f1,3-8 /etc/shadow".into(),
        Key::PamProfile(name) => format!("pam-auth-update's part `{name}` of /etc/pam.d/common-*"),
        Key::PamModule(name) => format!("find / -path '*/security/{name}'"),
        Key::AptLists(_) => "stat -c %Y /var/lib/apt/lists".into(),
        Key::Sshd(id) => sshd_asked(id),
        Key::KernelModule(name) => format!("modprobe -n -v {0}; grep -w {0} /proc/modules", quote(name)),
        Key::Sysctl(key) => format!("sysctl {}", quote(key)),
        Key::Tree(id) => format!("find {} -printf '%m %u %g %p\\n'", quote(&id.path)),
        Key::Runs(_) => "ls /var/lib/harda/runs".into(),
        Key::Inside(folder) => format!("ls -A {}", quote(folder)),
        Key::Logins(_) => "cut -d: -f1,7 /etc/passwd; ssh-keygen -lf each authorized_keys".into(),
        Key::Dependents(name) => format!("apt-cache rdepends --installed {name}"),
        Key::Happened(since) => format!("journalctl --since {}", quote(since)),
    }
}

fn sshd_asked(id: &SshdId) -> String {
    let login = |l: &super::sshd::Login| format!("sshd -T -C user={},addr={}", l.user, l.from);
    let mut commands = vec!["sshd -T".to_string()];
    commands.extend(id.logins.iter().map(login));
    let planned = if id.overlay.is_empty() { "" } else { " (with what is planned in place)" };
    format!("{}{planned}", commands.join("; "))
}

/// What the host answered.
pub fn told(state: &State) -> String {
    match state {
        State::File(state) => file(state),
        State::Package(state) => state.to_string(),
        State::Unit(UnitState::Absent) => "absent".into(),
        State::Unit(UnitState::Present(service)) => {
            let masked = if service.masked { "masked, " } else { "" };
            format!("{masked}{}, {}", service.boot.word(), service.active.word())
        }
        State::User(UserState::Absent) | State::Group(GroupState::Absent) => "absent".into(),
        State::User(UserState::Present(account)) => user(account),
        State::Group(GroupState::Present { gid, members }) => {
            let gid = gid.map_or_else(|| "?".into(), |gid| gid.to_string());
            format!("gid {gid}, members: {}", listed(members.iter().cloned()))
        }
        State::Accounts(AccountsState(accounts)) => {
            let one = |(name, ageing): (&String, &super::user::Ageing)| {
                let days = |days: Option<i64>| days.map_or_else(|| "-".into(), |days| days.to_string());
                format!("{name} min {} max {} warn {}", days(ageing.min), days(ageing.max), days(ageing.warn))
            };
            format!("with a password: {}", listed(accounts.iter().map(one)))
        }
        State::PamProfile(state) => profile(state),
        State::PamModule(there) => if *there { "present" } else { "absent" }.into(),
        State::AptLists(state) => {
            state.age.map_or_else(|| "never fetched".into(), |age| format!("{age} seconds old"))
        }
        State::Sshd(state) => sshd(state),
        State::KernelModule(state) => module(state),
        State::Sysctl(state) => sysctl(state),
        State::Tree(state) => format!("{} entries differ", state.total),
        State::Runs(state) => format!("{} records", state.len()),
        State::Logins(logins) => {
            let can = logins.accounts.iter().filter(|account| account.can_log_in());
            let names: Vec<String> = can.map(|account| account.name.clone()).collect();
            format!("can log in: {}", listed(names.into_iter()))
        }
        State::Happened(happened) => {
            let counts = happened.classes.iter().map(|(class, told)| format!("{class}: {}", told.count));
            listed(counts.collect::<Vec<_>>().into_iter())
        }
        State::Inside(names) | State::Dependents(names) => listed(names.iter().cloned()),
    }
}

fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let all = items.len();
    let mut text = items.take(LISTED).collect::<Vec<_>>().join("; ");
    if all == 0 {
        text.push_str("none");
    } else if all > LISTED {
        text.push_str(&format!("; and {} more", all - LISTED));
    }
    text
}

fn file(state: &FileState) -> String {
    let FileState::Present(entry) = state else { return "absent".into() };
    let owner = format!("{}:{} {:04o}", entry.owner, entry.group, entry.mode);
    match &entry.what {
        What::File(body) => format!("file {owner}, {} bytes, sha256 {}", body.size, body.digest),
        What::Directory => format!("directory {owner}"),
        What::Link { target, .. } => format!("link to {target}"),
        What::Other(what) => format!("{what} {owner}"),
    }
}

fn user(account: &Account) -> String {
    let password = match &account.password {
        None => "not readable",
        Some(Password::Empty) => "EMPTY",
        Some(Password::None) => "none",
        Some(Password::Set(_)) if account.locked == Some(true) => "locked",
        Some(Password::Set(hash)) => &hash.class,
    };
    format!(
        "uid {}, group {}, groups {}, home {}, shell {}, password {password}",
        account.uid.map_or_else(|| "?".into(), |uid| uid.to_string()),
        account.group.as_deref().unwrap_or("?"),
        listed(account.groups.iter().cloned()),
        account.home,
        account.shell.as_deref().unwrap_or("?"),
    )
}

fn profile(state: &ProfileState) -> String {
    let held = if state.enabled() { "enabled" } else { "not enabled" };
    match &state.obstacle {
        None => held.into(),
        Some(why) => format!("{held}; {why}"),
    }
}

fn module(state: &ModuleState) -> String {
    let install = state.install.as_ref().map_or_else(String::new, |command| format!(", install {command}"));
    format!("{}{install}", state.word())
}

fn sysctl(state: &SysctlState) -> String {
    let now = state.value.as_deref().unwrap_or("no such key");
    match state.boot.last() {
        None => format!("{now}; set by no file"),
        Some(last) => format!("{now}; at boot {} by {}", last.value, last.file),
    }
}

fn sshd(state: &SshdState) -> String {
    match state {
        SshdState::Absent => "there is no sshd".into(),
        SshdState::NotPredicted(why) => format!("could not be asked: {why}"),
        SshdState::Present(effective) => settings(effective),
    }
}

fn settings(effective: &Effective) -> String {
    let line = |(keyword, values): (&String, &Vec<String>)| {
        values.iter().map(|value| format!("{keyword} {value}")).collect::<Vec<_>>().join("; ")
    };
    effective.global.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::user::Hash;

    #[test]
    fn a_hash_is_told_by_its_class_only() {
        let hash = "$6$salt$abcdefghijklmnop";
        let account = Account {
            password: Some(Password::Set(Hash::new(hash))),
            locked: Some(false),
            ..Account::default()
        };
        let told = told(&State::User(UserState::Present(account)));
        assert!(told.contains("password sha512"), "{told}");
        assert!(!told.contains("salt"), "{told}");
    }

    #[test]
    fn the_command_is_quoted() {
        assert_eq!(asked(&Key::Package("a b".into())), "dpkg-query -W 'a b' || rpm -q 'a b'");
    }
}

//! An account: who it is, its groups, its password's class and ageing. The hash never shows.

mod observe;
mod realise;

use super::group::GroupState;
use super::{Difference, Extras, Key, Kind, Opaque, Realise, Risk, State, Undo, Wanted};
use crate::fragment::{Fragment, Reply};
use crate::secret::{self, Secret};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use observe::read_ageing;

pub struct User;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a run knows few accounts")]
pub enum UserState {
    Absent,
    Present(Account),
}

/// What is wanted may leave fields open (`None`): those are as the host makes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub uid: Option<u32>,
    /// The primary group, by name.
    pub group: Option<String>,
    /// The other groups, sorted.
    pub groups: Vec<String>,
    pub home: String,
    pub shell: Option<String>,
    pub comment: String,
    /// `None` where it can't be read (not root) or is not managed.
    pub password: Option<Password>,
    /// The password is locked by a `!` before it; keys go on working.
    pub locked: Option<bool>,
    pub ageing: Ageing,
}

/// What stands in the second field of /etc/shadow, without the lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Password {
    /// Anybody gets in without one.
    Empty,
    /// No password ever matches (`*`, `!`).
    None,
    Set(Hash),
}

/// A password's hash. Never shown, and written only where secrets are written in clear: into the
/// record on the host itself, which root alone reads. A plan read back from a file has it no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hash {
    /// `yescrypt`, `sha512`...: by its prefix (crypt(5)).
    pub class: String,
    #[serde(default, skip_serializing_if = "concealed", with = "crate::secret::in_clear")]
    text: Option<Secret>,
}

impl Hash {
    pub fn new(text: &str) -> Self {
        let class = match text.split('$').nth(1) {
            Some("y") => "yescrypt",
            Some("gy") => "gost-yescrypt",
            Some("7") => "scrypt",
            Some("6") => "sha512",
            Some("5") => "sha256",
            Some("2a" | "2b" | "2y") => "bcrypt",
            Some("1") => "md5",
            _ => "unknown",
        };
        Hash { class: class.into(), text: Some(Secret::new(text.into())) }
    }

    /// Tells two hashes apart where neither may be seen: nobody can try passwords on it, who
    /// doesn't know the salt.
    pub fn digest(&self) -> Option<String> {
        self.text().map(|text| super::file::hex(&Sha256::digest(text)))
    }

    fn text(&self) -> Option<&str> {
        self.text.as_ref().map(Secret::expose)
    }
}

fn concealed(text: &Option<Secret>) -> bool {
    text.is_none() || !secret::is_in_clear()
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.class == other.class && self.text() == other.text()
    }
}

/// The numbers of /etc/shadow: days, -1 where the field is empty (never), `None` where open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ageing {
    /// Days since 1970-01-01; 0: must be changed at the next login.
    pub last_change: Option<i64>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub warn: Option<i64>,
    pub inactive: Option<i64>,
    /// The day the account ends.
    pub expires: Option<i64>,
}

/// How a task wants an account made or removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    pub system: bool,
    /// Whether a new account gets a home folder.
    pub home: bool,
    pub skeleton: Option<String>,
    /// Take what is in the old home folder along.
    pub move_home: bool,
    /// The number may be another account's too.
    pub shared_uid: bool,
    /// When removing: the home folder and mail too.
    pub remove: bool,
    /// When removing: even if the user is logged in.
    pub force: bool,
    /// When putting back: where its lines of subuid and subgid are kept, without `.subuid`.
    pub sub_ids: Option<String>,
}

impl UserState {
    pub fn account(&self) -> Option<&Account> {
        match self {
            UserState::Present(account) => Some(account),
            UserState::Absent => None,
        }
    }
}

impl Account {
    /// A password that lets somebody in.
    pub fn usable_password(&self) -> bool {
        matches!(self.password, Some(Password::Set(_))) && self.locked != Some(true)
    }

    /// Whether a login can end in a shell.
    pub fn can_log_in(&self) -> bool {
        !self.shell.as_deref().is_some_and(|s| s.ends_with("/nologin") || s.ends_with("/false"))
    }
}

/// The properties that are compared and shown: name, and how each side looks.
fn properties(account: &Account) -> Vec<(&'static str, Option<String>)> {
    let ageing = &account.ageing;
    let days = |days: Option<i64>| days.map(|d| if d < 0 { "never".to_string() } else { d.to_string() });
    vec![
        ("uid", account.uid.map(|n| n.to_string())),
        ("group", account.group.clone()),
        ("groups", Some(account.groups.join(","))),
        ("home", Some(account.home.clone())),
        ("shell", account.shell.clone()),
        ("comment", Some(account.comment.clone())),
        ("password locked", account.locked.map(|l| if l { "yes" } else { "no" }.to_string())),
        ("password changed on day", days(ageing.last_change)),
        ("password min days", days(ageing.min)),
        ("password max days", days(ageing.max)),
        ("password warn days", days(ageing.warn)),
        ("password inactive days", days(ageing.inactive)),
        ("account expires on day", days(ageing.expires)),
    ]
}

/// The password's line of a diff: never a hash.
fn password(from: Option<&Account>, to: &Account) -> Option<Difference> {
    let (old, new) = (from.and_then(|a| a.password.as_ref()), to.password.as_ref()?);
    if old == Some(new) {
        return None;
    }
    let word = |p: Option<&Password>| match p {
        None => "",
        Some(Password::Empty) => "empty",
        Some(Password::None) => "none",
        Some(Password::Set(_)) => "set",
    };
    let to = match (old, new) {
        (Some(Password::Set(_)), Password::Set(_)) => "changed",
        (_, new) => word(Some(new)),
    };
    Some(Difference::property("password", word(old), to))
}

impl Kind for User {
    /// The login name.
    type Id = String;
    type State = UserState;
    const NAME: &'static str = "user";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<UserState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(_name: &String, from: &UserState, to: &UserState) -> Vec<Difference> {
        let Some(wanted) = to.account() else {
            return match from {
                UserState::Absent => Vec::new(),
                UserState::Present(_) => vec![Difference::property("state", "present", "absent")],
            };
        };
        let mut differences = Vec::new();
        if from.account().is_none() {
            differences.push(Difference::property("state", "absent", "present"));
        }
        let old = from.account().map(properties).unwrap_or_default();
        for (name, new) in properties(wanted) {
            let old = old.iter().find(|(n, _)| *n == name).and_then(|(_, old)| old.clone());
            if let Some(new) = new.filter(|new| *new != old.clone().unwrap_or_default()) {
                differences.push(Difference::property(name, old.unwrap_or_default(), new));
            }
        }
        differences.extend(password(from.account(), wanted));
        differences
    }

    fn realise(name: &String, from: &UserState, to: &UserState, extras: &Extras) -> Result<Realise, String> {
        realise::script(name, from, to, extras)
    }

    fn same(found: &UserState, wanted: &UserState) -> bool {
        match (found, wanted) {
            (UserState::Absent, UserState::Absent) => true,
            (UserState::Present(a), UserState::Present(b)) => {
                let open = properties(a).into_iter().zip(properties(b));
                let fields = open.into_iter().all(|((_, a), (_, b))| b.is_none() || a == b);
                fields && (b.password.is_none() || a.password == b.password)
            }
            _ => false,
        }
    }

    fn undo(_name: &String, from: &UserState, to: &UserState) -> Undo {
        match (from, to) {
            (UserState::Present(_), UserState::Absent) => {
                Undo::Partial("mail that is removed with it is not kept".into())
            }
            _ => Undo::Full,
        }
    }

    /// A new account shuts nobody out; any change of one that is there may.
    fn risk(_name: &String, from: &UserState, _to: &UserState) -> Risk {
        match from {
            UserState::Absent => Risk::None,
            UserState::Present(_) => Risk::LockOut,
        }
    }

    fn shaken(_name: &String, state: &UserState, by: &Opaque) -> bool {
        by.package.is_none() || *state == UserState::Absent
    }

    fn stands_on(name: &String, changed: &Key, now: &State) -> bool {
        match (changed, now) {
            (Key::Group(_), State::Group(GroupState::Absent)) => true,
            (Key::Group(_), State::Group(GroupState::Present { members, .. })) => members.contains(name),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_never_shows() {
        let with = |hash: &str| {
            UserState::Present(Account {
                password: Some(Password::Set(Hash::new(hash))),
                ..Account::default()
            })
        };
        let (old, new) = (with("$y$j9T$oldsalt$oldhash"), with("$6$newsalt$newhash"));
        let differences = User::diff(&"alice".into(), &old, &new);
        assert_eq!(differences, [Difference::property("password", "set", "changed")]);
        let all = format!("{old:?} {differences:?} {}", serde_json::to_string(&new).expect("json"));
        for part in ["oldsalt", "oldhash", "newsalt", "newhash"] {
            assert!(!all.contains(part), "{all}");
        }
        assert!(!User::same(&old, &new));
        assert!(User::same(&old, &old.clone()));
    }

    #[test]
    fn open_fields_are_the_hosts() {
        let found = Account {
            uid: Some(1001),
            group: Some("alice".into()),
            shell: Some("/bin/sh".into()),
            ageing: Ageing { max: Some(99999), ..Ageing::default() },
            ..Account::default()
        };
        let wanted = UserState::Present(Account::default());
        assert!(User::same(&UserState::Present(found.clone()), &wanted));
        assert!(User::diff(&"a".into(), &UserState::Present(found), &wanted).is_empty());
    }
}

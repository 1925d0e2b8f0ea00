//! Who can log in on a host, and how: the accounts with a shell, their passwords' state, the keys that sshd would take,
//! their groups. Only asked for; accounts, keys and groups are changed one by one.

mod observe;

use super::{Difference, Extras, Kind, Opaque, Realise, State, Wanted};
use crate::fragment::{Fragment, Reply};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The id that asks for the accounts and their keys.
pub const NOW: &str = "now";
/// The id that asks what sudo lets them do and when they were here last, too.
pub const REVIEW: &str = "for a review";

pub struct WhoLogsIn;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logins {
    /// In the order of /etc/passwd.
    pub accounts: Vec<Login>,
    /// The least number of a person's account.
    pub least_uid: u32,
    /// Where the host looks accounts up (nsswitch.conf). Only what is in /etc/passwd is told here.
    pub databases: Vec<String>,
    /// The first moment that the host's journal tells of, in seconds since 1970.
    pub recorded_since: Option<Seen>,
}

/// Seconds since 1970.
pub type Seen = i64;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Login {
    pub name: String,
    pub uid: u32,
    pub home: String,
    /// In octal digits, where there is one.
    pub home_mode: Option<String>,
    pub home_owner: Option<String>,
    pub shell: String,
    /// The shell doesn't end a login at once.
    pub has_shell: bool,
    /// `usable`, `empty` (anybody may be it), `locked` (a hash behind `!`) or `none`.
    pub password: String,
    /// Past its last day: neither keys nor passwords let it in.
    pub expired: bool,
    pub groups: Vec<String>,
    pub keys: Vec<Key>,
    /// Where sshd asks for more than files: a program, or an authority whose certificates it takes.
    pub sources: Vec<String>,
    /// The commands that sudo allows, as it lists them.
    pub sudo: Vec<String>,
    /// The last session that something keeps.
    pub seen: Option<Seen>,
}

/// A line of a file that sshd reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Key {
    pub file: String,
    pub fingerprint: String,
    pub comment: String,
}

impl Login {
    pub fn can_log_in(&self) -> bool {
        let by_password = matches!(self.password.as_str(), "usable" | "empty");
        let some_way = by_password || !self.keys.is_empty() || !self.sources.is_empty();
        self.has_shell && !self.expired && some_way
    }
}

impl Kind for WhoLogsIn {
    type Id = String;
    type State = Logins;
    const NAME: &'static str = "who can log in";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let history = if wanted.iter().any(|w| w.id == REVIEW) { observe::HISTORY } else { "true\n" };
        // A long journal takes its time.
        Fragment::new(format!("{}{history}", observe::ACCOUNTS)).deadline(Duration::from_secs(180))
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<Logins, String>> {
        if reply.status != 0 || reply.truncated {
            let why = format!("could not be asked for: {}", reply.error_text());
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let logins = observe::read(&reply.text());
        wanted.iter().map(|_| Ok(logins.clone())).collect()
    }

    fn diff(_id: &String, _from: &Logins, _to: &Logins) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &Logins, _: &Logins, _: &Extras) -> Result<Realise, String> {
        Err("accounts and keys are changed one by one".into())
    }

    fn shaken(_id: &String, _state: &Logins, by: &Opaque) -> bool {
        by.package.is_none()
    }

    fn stands_on(_id: &String, changed: &super::Key, _now: &State) -> bool {
        match changed {
            super::Key::User(_) | super::Key::Group(_) => true,
            super::Key::File(path) => super::effective::service_of(path).is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::path::Path;
    use std::process::Command;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIHCTUZ0rQ6KMvu0wT0BZD7IGGmJ9kbInXI4ZIWJcxFEi";

    /// As every shell reads a folder that stands for /etc, where sshd is not to be had.
    fn asked(folder: &Path) -> Vec<Logins> {
        let wanted = [Wanted { id: NOW.to_string(), level: Level::Digest }];
        let script = WhoLogsIn::observe(&wanted).script.replace("/etc/", &format!("{}/", folder.display()));
        let script = script.replace("command -v sshd", "false");
        let ask = |shell: &[&str]| {
            let out = Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).output();
            let out = out.expect("the shell starts");
            let status = out.status.code().unwrap_or(-1);
            let reply = Reply { stdout: out.stdout, stderr: out.stderr, status, ..Reply::default() };
            WhoLogsIn::parse(&wanted, &reply).remove(0).expect("told")
        };
        [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]].map(ask).into()
    }

    #[test]
    fn every_shell_tells_who_can_log_in_and_how() {
        let dir = tempfile::tempdir().expect("a folder");
        let home = dir.path().join("home");
        std::fs::create_dir_all(home.join(".ssh")).expect("made");
        let keys = format!(
            "# a comment\nssh-ed25519 {KEY} anna@desk (old)\ncommand=\"a b\",no-pty ssh-ed25519 {KEY}\n"
        );
        std::fs::write(home.join(".ssh/authorized_keys2"), keys).expect("written");
        let passwd = format!(
            "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n\
             anna:x:1000:1000:Anna:{0}:/bin/bash\nbert:x:1001:1001::/none:\n+@nis::::::\ncarl:x:1002:1002::/none:/bin/sh",
            home.display()
        );
        let shadow = "root:*:1::::::\ndaemon:*:1::::::\nanna:!$y$j9T$a:1:0:9:7:::\nbert:$6$a:1:0:9:7::20000:\ncarl::1::::::\n";
        std::fs::write(dir.path().join("passwd"), passwd).expect("written");
        std::fs::write(dir.path().join("shadow"), shadow).expect("written");
        std::fs::write(dir.path().join("nsswitch.conf"), "passwd: files sss\n").expect("written");
        for logins in asked(dir.path()) {
            assert_eq!((logins.databases.join(" ").as_str(), logins.least_uid), ("files sss", 1000));
            let told: Vec<(&str, &str, bool, bool)> = logins
                .accounts
                .iter()
                .map(|a| (a.name.as_str(), a.password.as_str(), a.expired, a.can_log_in()))
                .collect();
            assert_eq!(
                told,
                [
                    ("root", "none", false, false),
                    ("daemon", "none", false, false),
                    ("anna", "locked", false, true),
                    ("bert", "usable", true, false),
                    ("carl", "empty", false, true),
                ]
            );
            let keys = &logins.accounts[2].keys;
            let comments: Vec<&str> = keys.iter().map(|key| key.comment.as_str()).collect();
            // Of a key without a comment ssh-keygen tells the options.
            assert_eq!(comments, ["anna@desk (old)", "command=\"a b\",no-pty"]);
            assert!(keys.iter().all(|key| key.fingerprint.starts_with("SHA256:")), "{keys:?}");
        }
    }

    #[test]
    fn the_last_session_is_the_newest_of_all_that_keep_it() {
        let told = "account\ta\t1\t/\t/bin/sh\tusable\tno\nseen\ta\t5\nseen\ta\t3\nsudo\ta\t(ALL) ALL\nsince\t2\nseen\tb\t9\n";
        let logins = observe::read(told);
        assert_eq!((logins.accounts[0].seen, logins.recorded_since), (Some(5), Some(2)));
        assert_eq!(logins.accounts[0].sudo, ["(ALL) ALL"]);
        assert_eq!(logins.accounts.len(), 1);
    }
}

//! All accounts of the host whose password lets somebody in, with its ageing: asked as a whole, to
//! find those that a rule is about. They are changed one by one, as users.

use super::user::Ageing;
use super::{Difference, Extras, Kind, Opaque, Realise, Wanted};
use crate::fragment::{Fragment, Reply};
use crate::resource::user::read_ageing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The one id of this kind.
pub const ALL: &str = "with a password";

pub struct Accounts;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountsState(pub BTreeMap<String, Ageing>);

/// The shell reads the shadow itself: no process, and no hash leaves the host. Locked passwords
/// (`!`) and those that never match (`*`) are left out, and so are empty ones, which have no age.
const SCRIPT: &str = r#"[ -r /etc/shadow ] || { echo '/etc/shadow can only be read by root (become: true)' >&2; exit 1; }
while IFS=: read -r name password last min max warn inactive expires rest || [ -n "$name" ]; do
  case $password in ''|!*|\**) ;; *) echo "$name:-:$last:$min:$max:$warn:$inactive:$expires";; esac
  name=
done < /etc/shadow
"#;

impl Kind for Accounts {
    type Id = String;
    type State = AccountsState;
    const NAME: &'static str = "accounts";

    fn observe(_wanted: &[Wanted<String>]) -> Fragment {
        Fragment::new(SCRIPT)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<AccountsState, String>> {
        if reply.status != 0 || reply.truncated {
            let why = format!("could not be asked for: {}", reply.error_text());
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let account = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields[0].to_string(), read_ageing(&fields))
        };
        let state = AccountsState(reply.text().lines().map(account).collect());
        wanted.iter().map(|_| Ok(state.clone())).collect()
    }

    fn diff(_id: &String, _from: &AccountsState, _to: &AccountsState) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &AccountsState, _: &AccountsState, _: &Extras) -> Result<Realise, String> {
        Err("accounts are changed one by one".into())
    }

    fn shaken(_id: &String, _state: &AccountsState, by: &Opaque) -> bool {
        by.package.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::process::Command;

    #[test]
    fn every_shell_reads_the_shadow() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let shadow = "root:*:19000:0:99999:7:::\nalice:$y$j9T$a$b:20000:0:365:7::20500:\nbob:!$6$a$b:1:::::: \n\
            empty::20000:0:99999:7:::\ncarol:$6$a\\b$c::::::: ";
        std::fs::write(file.path(), shadow.trim_end()).expect("written");
        let script = SCRIPT.replace("/etc/shadow", &file.path().to_string_lossy());
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let out = Command::new(shell[0])
                .args(&shell[1..])
                .arg("-c")
                .arg(&script)
                .output()
                .expect("the shell starts");
            let wanted = [Wanted { id: ALL.to_string(), level: Level::Digest }];
            let reply = Reply { stdout: out.stdout, ..Reply::default() };
            let states = Accounts::parse(&wanted, &reply);
            let found = states[0].as_ref().expect("told");
            let names: Vec<&str> = found.0.keys().map(String::as_str).collect();
            assert_eq!(names, ["alice", "carol"], "{shell:?}");
            assert_eq!((found.0["alice"].last_change, found.0["alice"].expires), (Some(20000), Some(20500)));
            assert_eq!(found.0["carol"].max, Some(-1), "{shell:?}");
        }
    }
}

//! Asking for accounts: their lines of passwd and shadow, and `id` for their groups, which knows
//! the groups of a directory service too.

use super::{Account, Ageing, Hash, Password, UserState};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::Wanted;

/// Per account `P line`, `S line`, `G group names`, `N primary group`; all begin with the index.
/// Without getent (busybox) the files are read. The shadow is root's: others get no `S`.
const SCRIPT: &str = r#"line() {
  if command -v getent >/dev/null 2>&1; then getent "$1" -- "$2" 2>/dev/null | head -n 1; else
    while IFS= read -r l; do case $l in "$2":*) printf '%s\n' "$l"; break;; esac; done < "/etc/$1"; fi
}
i=0
for u; do
  p=$(line passwd "$u")
  if [ -n "$p" ]; then
    printf '%s P %s\n' "$i" "$p"
    if [ -r /etc/shadow ]; then printf '%s S %s\n' "$i" "$(line shadow "$u")"; fi
    printf '%s G %s\n%s N %s\n' "$i" "$(id -nG -- "$u" 2>/dev/null || id -nG "$u")" "$i" "$(id -ng -- "$u" 2>/dev/null || id -ng "$u")"
  fi
  i=$((i+1))
done
true
"#;

pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
    Fragment::new(format!("set -- {}\n{SCRIPT}", names.join(" ")))
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<UserState, String>> {
    if reply.status != 0 || reply.truncated {
        let why = format!("could not be asked for: {}", reply.error_text());
        return wanted.iter().map(|_| Err(why.clone())).collect();
    }
    let text = reply.text();
    (0..wanted.len()).map(|index| account(index, &text)).collect()
}

fn account(index: usize, text: &str) -> Result<UserState, String> {
    let part = |kind: &str| {
        let prefix = format!("{index} {kind} ");
        text.lines().find_map(|l| l.strip_prefix(prefix.as_str()).map(str::to_string))
    };
    let Some(passwd) = part("P") else { return Ok(UserState::Absent) };
    let fields: Vec<&str> = passwd.split(':').collect();
    let [_, _, uid, _, comment, home, shell] = fields[..] else {
        return Err(format!("has a line in passwd that can't be read: `{passwd}`"));
    };
    let primary = part("N").unwrap_or_default();
    let mut groups: Vec<String> = part("G")
        .unwrap_or_default()
        .split_whitespace()
        .filter(|g| *g != primary)
        .map(str::to_string)
        .collect();
    groups.sort();
    groups.dedup();
    let shadow = part("S");
    let fields: Vec<&str> = shadow.as_deref().unwrap_or_default().split(':').collect();
    let (password, locked) = match fields.get(1) {
        Some(field) => {
            let (password, locked) = read_password(field);
            (Some(password), Some(locked))
        }
        None => (None, None),
    };
    Ok(UserState::Present(Account {
        uid: uid.parse().ok(),
        group: Some(primary),
        groups,
        home: home.to_string(),
        shell: Some(shell.to_string()),
        comment: comment.to_string(),
        password,
        locked,
        ageing: read_ageing(&fields),
    }))
}

/// The second field of shadow: the password, and whether it is locked.
pub fn read_password(field: &str) -> (Password, bool) {
    let bare = field.trim_start_matches('!');
    match bare {
        "" if field.is_empty() => (Password::Empty, false),
        "" => (Password::None, true),
        hash if hash.starts_with('*') => (Password::None, field.starts_with('!')),
        hash => (Password::Set(Hash::new(hash)), field.starts_with('!')),
    }
}

/// The fields of a line of shadow: empty is -1.
pub fn read_ageing(fields: &[&str]) -> Ageing {
    let days = |at: usize| fields.get(at).map(|text| text.trim().parse().unwrap_or(-1));
    Ageing {
        last_change: days(2),
        min: days(3),
        max: days(4),
        warn: days(5),
        inactive: days(6),
        expires: days(7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::process::Command;

    fn wanted(ids: &[&str]) -> Vec<Wanted<String>> {
        ids.iter().map(|id| Wanted { id: id.to_string(), level: Level::Digest }).collect()
    }

    #[test]
    fn lines_become_accounts() {
        let text = "0 P alice:x:1001:1001:Alice A,,,:/home/alice:/bin/bash\n\
            0 S alice:$y$j9T$abc$def:20000:0:365:7::20500:\n0 G alice users adm\n0 N alice\n\
            2 P daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n2 S daemon:*:20000:0:99999:7:::\n2 G daemon\n2 N daemon\n";
        let reply = Reply { stdout: text.into(), ..Reply::default() };
        let states = parse(&wanted(&["alice", "bob", "daemon"]), &reply);
        let alice = states[0].as_ref().expect("told").account().expect("there");
        assert_eq!((alice.uid, alice.groups.join(",")), (Some(1001), "adm,users".to_string()));
        assert!(alice.usable_password());
        assert_eq!(alice.ageing.max, Some(365));
        assert_eq!(alice.ageing.inactive, Some(-1));
        assert_eq!(alice.ageing.expires, Some(20500));
        assert_eq!(states[1], Ok(UserState::Absent));
        let daemon = states[2].as_ref().expect("told").account().expect("there");
        assert_eq!((&daemon.password, daemon.locked), (&Some(Password::None), Some(false)));
        assert!(!daemon.can_log_in());
    }

    #[test]
    fn locks_and_classes_are_told_apart() {
        let cases = [
            ("", Password::Empty, false),
            ("*", Password::None, false),
            ("!", Password::None, true),
            ("!!", Password::None, true),
            ("!*", Password::None, true),
            ("!$6$a$b", Password::Set(Hash::new("$6$a$b")), true),
            ("$6$a$b", Password::Set(Hash::new("$6$a$b")), false),
        ];
        for (field, password, locked) in cases {
            assert_eq!(read_password(field), (password, locked), "{field}");
        }
    }

    #[test]
    fn every_shell_asks_this_machine() {
        let wanted = wanted(&["root", "harda-nobody"]);
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let out = Command::new(shell[0])
                .args(&shell[1..])
                .arg("-c")
                .arg(script(&wanted).script)
                .output()
                .expect("the shell starts");
            let reply = Reply { stdout: out.stdout, ..Reply::default() };
            let states = parse(&wanted, &reply);
            let root = states[0].as_ref().expect("told").account().expect("there");
            assert_eq!((root.uid, root.group.as_deref()), (Some(0), Some("root")), "{shell:?}");
            assert_eq!(states[1], Ok(UserState::Absent), "{shell:?}");
        }
    }
}

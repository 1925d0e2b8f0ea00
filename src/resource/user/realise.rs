//! The scripts that make, change and remove accounts: useradd, usermod, chage, and chpasswd for
//! hashes, which come by stdin.

use super::{Account, Options, Password, UserState};
use crate::fragment::{Input, quote};
use crate::resource::{Extras, Realise};
use std::fmt::Write;
use std::sync::Arc;

/// busybox has adduser and deluser, which can do too little of this.
const TOOLS: &str = "for t in useradd usermod chage chpasswd; do command -v $t >/dev/null 2>&1 || \
    { echo \"\\`$t\\` is missing on this host (package \\`passwd\\` or \\`shadow\\`)\" >&2; exit 1; }; done\n";

pub fn script(name: &str, from: &UserState, to: &UserState, extras: &Extras) -> Result<Realise, String> {
    let (options, kept) = (&extras.account, extras.kept.as_deref());
    match (from.account(), to.account()) {
        (None, None) => Ok(Realise::script("true\n")),
        (Some(_), None) => Ok(Realise::script(remove(name, options))),
        (old, Some(wanted)) => {
            let account = match old {
                None => {
                    let sub_ids =
                        options.sub_ids.as_deref().map(|kept| sub_ids(name, kept)).unwrap_or_default();
                    format!("{}{}{sub_ids}", add(name, wanted, options), put_back(wanted, kept))
                }
                Some(old) => change(name, old, wanted, options),
            };
            let (password, input) = password(name, old, wanted)?;
            let ageing = ageing(name, old, wanted);
            let script = format!("{TOOLS}{account}{password}{ageing}");
            Ok(Realise { script, input, ..Realise::default() })
        }
    }
}

fn remove(name: &str, options: &Options) -> String {
    let flags = match (options.remove, options.force) {
        (true, true) => "-r -f ",
        (true, false) => "-r ",
        (false, true) => "-f ",
        (false, false) => "",
    };
    // Status 12: the home folder or the mail could not be removed, the account is gone.
    format!("userdel {flags}-- {} || {{ r=$?; [ $r -eq 12 ] || exit $r; }}\n", quote(name))
}

/// The home folder as it is kept, where nothing stands in its place.
fn put_back(account: &Account, kept: Option<&str>) -> String {
    let Some(kept) = kept else { return String::new() };
    let (home, kept) = (quote(&account.home), quote(kept));
    format!("[ -e {home} ] || [ ! -d {kept} ] || cp -a -- {kept} {home} || exit 1\n")
}

/// The ranges of subordinate ids as they are kept, instead of the one that useradd chose; what
/// another account has by now stays with it.
const SUB_IDS: &str = r#"sub_ids() {
  [ -f "$k.$1" ] && [ -f "/etc/$1" ] || return 0
  while IFS=: read -r n first count; do
    [ "$n" != "$u" ] || usermod "$2" "$first-$((first + count - 1))" -- "$u" </dev/null || exit 1
  done <"/etc/$1"
  while IFS=: read -r n first count; do
    grep -q ":$first:" "/etc/$1" || usermod "$3" "$first-$((first + count - 1))" -- "$u" </dev/null || exit 1
  done <"$k.$1"
}
sub_ids subuid -V -v
sub_ids subgid -W -w
"#;

fn sub_ids(name: &str, kept: &str) -> String {
    format!("u={}; k={}\n{SUB_IDS}", quote(name), quote(kept))
}

fn add(name: &str, wanted: &Account, options: &Options) -> String {
    let mut flags = String::new();
    let mut flag = |letter: &str, value: &str| {
        let _ = write!(flags, " -{letter} {}", quote(value));
    };
    if let Some(uid) = wanted.uid {
        flag("u", &uid.to_string());
    }
    if !wanted.groups.is_empty() {
        flag("G", &wanted.groups.join(","));
    }
    flag("d", &wanted.home);
    if let Some(shell) = &wanted.shell {
        flag("s", shell);
    }
    if !wanted.comment.is_empty() {
        flag("c", &wanted.comment);
    }
    if let Some(skeleton) = options.skeleton.as_ref().filter(|_| options.home) {
        flag("k", skeleton);
    }
    for (given, text) in [
        (options.home, " -m"),
        (!options.home, " -M"),
        (options.system, " -r"),
        (options.shared_uid && wanted.uid.is_some(), " -o"),
    ] {
        flags.push_str(if given { text } else { "" });
    }
    // The group of the same name: made with the account, or taken where it is there already.
    let group = match &wanted.group {
        Some(group) if group != name => format!("-g {}", quote(group)),
        _ => {
            let own = quote(name);
            return format!(
                "g=$(grep -c -- {pattern} /etc/group)\n\
                 if [ \"$g\" -gt 0 ]; then useradd{flags} -g {own} -- {own}; else useradd{flags} -U -- {own}; fi || exit 1\n",
                pattern = quote(&format!("^{name}:")),
            );
        }
    };
    format!("useradd{flags} {group} -- {} || exit 1\n", quote(name))
}

fn change(name: &str, old: &Account, wanted: &Account, options: &Options) -> String {
    let mut flags = String::new();
    let mut flag = |letter: &str, value: &str| {
        let _ = write!(flags, " -{letter} {}", quote(value));
    };
    if let Some(uid) = wanted.uid.filter(|uid| Some(*uid) != old.uid) {
        flag("u", &uid.to_string());
    }
    if let Some(group) = wanted.group.as_ref().filter(|g| Some(*g) != old.group.as_ref()) {
        flag("g", group);
    }
    if wanted.groups != old.groups {
        flag("G", &wanted.groups.join(","));
    }
    if wanted.home != old.home {
        flag("d", &wanted.home);
    }
    if let Some(shell) = wanted.shell.as_ref().filter(|s| Some(*s) != old.shell.as_ref()) {
        flag("s", shell);
    }
    if wanted.comment != old.comment {
        flag("c", &wanted.comment);
    }
    if options.shared_uid && wanted.uid.is_some() && wanted.uid != old.uid {
        flags.push_str(" -o");
    }
    if options.move_home && wanted.home != old.home {
        flags.push_str(" -m");
    }
    if flags.is_empty() {
        return String::new();
    }
    format!("usermod{flags} -- {} || exit 1\n", quote(name))
}

/// The second field of shadow. A lock alone needs no hash; a hash goes by stdin, so that it is in
/// no process list; with `-e` chpasswd takes it as it is, past PAM.
fn password(name: &str, old: Option<&Account>, wanted: &Account) -> Result<(String, Vec<Input>), String> {
    let was = old.and_then(|a| a.password.as_ref());
    let was_locked = old.and_then(|a| a.locked);
    let set = wanted.password.as_ref().filter(|p| Some(*p) != was);
    let lock = wanted.locked.filter(|l| Some(*l) != was_locked);
    let quoted = quote(name);
    let Some(password) = set else {
        return Ok(match lock {
            Some(true) => (format!("usermod -L -- {quoted} || exit 1\n"), Vec::new()),
            Some(false) => (format!("usermod -U -- {quoted} || exit 1\n"), Vec::new()),
            None => (String::new(), Vec::new()),
        });
    };
    let text = match password {
        Password::Empty => return Ok((format!("passwd -d -- {quoted} >/dev/null || exit 1\n"), Vec::new())),
        // Behind the lock nothing is needed that matches no password.
        Password::None if wanted.locked == Some(true) => String::new(),
        Password::None => "*".to_string(),
        Password::Set(hash) => hash
            .text()
            .ok_or_else(|| format!("the password of `{name}` is not at hand: plans don't hold hashes"))?
            .to_string(),
    };
    let lock = if wanted.locked == Some(true) { "!" } else { "" };
    let line = format!("{name}:{lock}{text}\n");
    Ok(("chpasswd -e || exit 1\n".into(), vec![Input::Bytes(Arc::from(line.into_bytes()))]))
}

/// chage takes days, -1 for none. After the password: setting that one sets the day of change.
fn ageing(name: &str, old: Option<&Account>, wanted: &Account) -> String {
    let old = old.map(|a| a.ageing.clone()).unwrap_or_default();
    let new = &wanted.ageing;
    let fields = [
        ("d", old.last_change, new.last_change),
        ("m", old.min, new.min),
        ("M", old.max, new.max),
        ("W", old.warn, new.warn),
        ("I", old.inactive, new.inactive),
        ("E", old.expires, new.expires),
    ];
    let flags: String = fields
        .iter()
        .filter_map(|(letter, old, new)| new.filter(|n| Some(*n) != *old).map(|n| format!(" -{letter} {n}")))
        .collect();
    if flags.is_empty() {
        return String::new();
    }
    format!("chage{flags} -- {} || exit 1\n", quote(name))
}

#[cfg(test)]
mod tests {
    use super::super::{Ageing, Hash};
    use super::*;

    fn of(old: Option<Account>, new: Account, options: Options) -> Realise {
        let from = old.map_or(UserState::Absent, UserState::Present);
        script("alice", &from, &UserState::Present(new), &Extras { account: options, ..Extras::default() })
            .expect("a script")
    }

    #[test]
    fn a_hash_is_on_no_command_line() {
        let new = Account {
            password: Some(Password::Set(Hash::new("$6$salt$hash"))),
            home: "/home/alice".into(),
            ..Account::default()
        };
        let made = of(None, new, Options { home: true, ..Options::default() });
        assert!(!made.script.contains("hash"), "{}", made.script);
        assert!(made.script.contains("useradd -d '/home/alice' -m -U -- 'alice'"), "{}", made.script);
        match &made.input[..] {
            [Input::Bytes(bytes)] => assert_eq!(&bytes[..], b"alice:$6$salt$hash\n"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_without_a_password_comes_back_without_one() {
        for (locked, line) in [(true, "alice:!\n"), (false, "alice:*\n")] {
            let new = Account { password: Some(Password::None), locked: Some(locked), ..Account::default() };
            match &of(None, new, Options::default()).input[..] {
                [Input::Bytes(bytes)] => assert_eq!(&bytes[..], line.as_bytes()),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let old = Account { groups: vec!["adm".into()], comment: "A".into(), ..Account::default() };
        let new = Account {
            groups: vec!["adm".into(), "sudo".into()],
            locked: Some(true),
            ageing: Ageing { max: Some(365), expires: Some(-1), ..Ageing::default() },
            ..old.clone()
        };
        let made = of(Some(old), new, Options::default()).script;
        let lines: Vec<&str> = made.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "usermod -G 'adm,sudo' -- 'alice' || exit 1",
                "usermod -L -- 'alice' || exit 1",
                "chage -M 365 -E -1 -- 'alice' || exit 1"
            ]
        );
    }
}

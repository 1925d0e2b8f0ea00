//! Everything below a folder: owner, group and mode. The host answers only with what differs, and
//! with no more than can be read.

use super::effective::that_shut_out;
use super::file::mode::{Rule, rules};
use super::{Difference, Extras, Key, Kind, NO_RIGHTS, Opaque, Realise, Risk, State, Undo, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};
use std::fmt;

/// So many entries that differ are told by name; the rest only by number.
const LISTED: usize = 1000;

/// Said where a part of it can't be looked at.
const DENIED: &str = "denied";

/// So many of them are shown.
const SHOWN: usize = 10;

pub struct Tree;

/// A folder, and what all below it shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeId {
    pub path: String,
    pub owner: Option<String>,
    pub group: Option<String>,
    /// As chmod takes it.
    pub mode: Option<String>,
}

/// What is not as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TreeState {
    pub differs: Vec<Differing>,
    pub total: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Differing {
    pub path: String,
    pub owner: String,
    pub group: String,
    pub mode: u32,
    pub link: bool,
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl TreeId {
    /// In the words of `chown` and `chmod`.
    fn wish(&self) -> String {
        let name = |n: &Option<String>| n.clone().unwrap_or_default();
        let owner = match (&self.owner, &self.group) {
            (None, None) => String::new(),
            (_, None) => name(&self.owner),
            _ => format!("{}:{}", name(&self.owner), name(&self.group)),
        };
        [owner, name(&self.mode)].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The three sorts of entries, as `find` tells them apart, and what the mode asks of each.
    fn sorts(&self) -> Vec<(&'static str, Rule)> {
        let sorts = ["-type d", "-type f ! -perm /0111", "-type f -perm /0111"];
        let rules = self.mode.as_deref().and_then(rules);
        rules.map(|rules| sorts.into_iter().zip(rules).collect()).unwrap_or_default()
    }
}

/// Entries whose bits are otherwise. Without any bits `find` would match all, or none.
fn otherwise(rule: Rule) -> Option<String> {
    let set = (rule.set != 0).then(|| format!("! -perm -{:04o}", rule.set));
    let clear = (rule.clear != 0).then(|| format!("-perm /{:04o}", rule.clear));
    match (set, clear) {
        (Some(set), Some(clear)) => Some(format!("'(' {set} -o {clear} ')'")),
        (set, clear) => set.or(clear),
    }
}

/// Sets the shell's arguments to an expression that finds what differs. A name that the host doesn't
/// know (yet) is one that nothing belongs to.
fn expression(id: &TreeId) -> String {
    let mut script = String::from("set -- -type d ! -type d\n");
    for (sort, rule) in id.sorts() {
        if let Some(otherwise) = otherwise(rule) {
            script.push_str(&format!("set -- \"$@\" -o {sort} {otherwise}\n"));
        }
    }
    for (test, name) in [("-user", &id.owner), ("-group", &id.group)] {
        let Some(name) = name.as_deref().map(quote) else { continue };
        script.push_str(&format!(
            "if find / -maxdepth 0 {test} {name} >/dev/null 2>&1; then set -- \"$@\" -o ! {test} {name}; \
             else set -- \"$@\" -o -name '*'; fi\n"
        ));
    }
    script
}

impl Kind for Tree {
    type Id = TreeId;
    type State = TreeState;
    const NAME: &'static str = "tree";

    fn observe(wanted: &[Wanted<TreeId>]) -> Fragment {
        let mut script = String::new();
        for w in wanted {
            script.push_str(&expression(&w.id));
            // What can't be looked at may differ.
            script.push_str(&format!(
                "{{ said=$( {{ find {} -mindepth 1 '(' \"$@\" ')' -exec stat -c '%F|%a|%U|%u|%G|%g|%n' -- {{}} + | \
                 sed -n '1,{LISTED}p;$=' >&3; }} 2>&1 ); }} 3>&1\n\
                 case $said in *'ermission denied'*) echo {DENIED};; esac\necho --\n",
                quote(&w.id.path)
            ));
        }
        Fragment::new(script)
    }

    fn parse(wanted: &[Wanted<TreeId>], reply: &Reply) -> Vec<Result<TreeState, String>> {
        if reply.status != 0 || reply.truncated {
            return wanted
                .iter()
                .map(|_| Err(format!("could not be read: {}", reply.error_text())))
                .collect();
        }
        let text = reply.text();
        let mut lines = text.lines();
        wanted.iter().map(|_| read(lines.by_ref().take_while(|line| *line != "--"))).collect()
    }

    fn diff(id: &TreeId, from: &TreeState, to: &TreeState) -> Vec<Difference> {
        let (listed, wish) = match to.differs.is_empty() {
            true => (from, id.wish()),
            false => (to, "as it was".into()),
        };
        let mut differences: Vec<Difference> = listed
            .differs
            .iter()
            .take(SHOWN)
            .map(|d| {
                let now = format!("{}:{} {:04o}", d.owner, d.group, d.mode);
                Difference::property(&d.path, now, &wish)
            })
            .collect();
        if listed.total > SHOWN as u64 {
            differences.push(Difference::property(
                "more",
                format!("{} entries", listed.total - SHOWN as u64),
                &wish,
            ));
        }
        differences
    }

    fn realise(id: &TreeId, _from: &TreeState, to: &TreeState, _extras: &Extras) -> Result<Realise, String> {
        let mut realise = Realise::script(match to.differs.is_empty() {
            true => everything(id),
            false => to.differs.iter().map(one).collect(),
        });
        realise.seconds = Some(3600);
        Ok(realise)
    }

    fn undo(_id: &TreeId, from: &TreeState, _to: &TreeState) -> Undo {
        match from.total > from.differs.len() as u64 {
            true => Undo::Partial(format!(
                "only the first {} of {} entries are known",
                from.differs.len(),
                from.total
            )),
            false => Undo::Full,
        }
    }

    fn risk(id: &TreeId, _from: &TreeState, _to: &TreeState) -> Risk {
        let folder = format!("{}/", id.path.trim_end_matches('/'));
        // Keys and shell profiles of logins are there: sshd refuses keys in folders others may write.
        let homes =
            ["/home/", "/root/"].iter().any(|home| folder.starts_with(home) || home.starts_with(&folder));
        let shuts_out = homes
            || super::effective::leads_to_programs(&id.path)
            || that_shut_out().any(|service| service.has_to_do_with(&folder));
        if shuts_out { Risk::LockOut } else { Risk::None }
    }

    fn shaken(_id: &TreeId, _state: &TreeState, by: &Opaque) -> bool {
        // A package's scripts may add to any folder; whose, nobody has said.
        by.package.is_some()
    }

    fn stands_on(id: &TreeId, changed: &Key, _now: &State) -> bool {
        let folder = format!("{}/", id.path.trim_end_matches('/'));
        matches!(changed, Key::File(path) if path.starts_with(&folder))
    }
}

fn read<'t>(lines: impl Iterator<Item = &'t str>) -> Result<TreeState, String> {
    let mut state = TreeState::default();
    let mut is_denied = false;
    for line in lines {
        match line.parse() {
            Ok(total) => state.total = total,
            Err(_) if line == DENIED => is_denied = true,
            Err(_) => state.differs.extend(entry(line)),
        }
    }
    if is_denied { Err(format!("can't be looked at whole, {NO_RIGHTS}")) } else { Ok(state) }
}

fn entry(line: &str) -> Option<Differing> {
    let parts: Vec<&str> = line.splitn(7, '|').collect();
    let [kind, mode, owner, uid, group, gid, path] = parts[..] else { return None };
    let name = |name: &str, number: &str| match name {
        "UNKNOWN" | "" => number.to_string(),
        name => name.to_string(),
    };
    Some(Differing {
        path: path.to_string(),
        owner: name(owner, uid),
        group: name(group, gid),
        mode: u32::from_str_radix(mode, 8).ok()?,
        link: kind == "symbolic link",
    })
}

/// Owner first: a change of owner clears the set-id bits.
fn everything(id: &TreeId) -> String {
    let place = quote(&id.path);
    let mut script = String::new();
    for (test, program, name) in [("-user", "chown", &id.owner), ("-group", "chgrp", &id.group)] {
        let Some(name) = name.as_deref().map(quote) else { continue };
        script.push_str(&format!(
            "find {place} -mindepth 1 ! {test} {name} -exec {program} -h -- {name} {{}} + || exit 1\n"
        ));
    }
    for (sort, rule) in id.sorts() {
        if let Some(otherwise) = otherwise(rule) {
            let symbols = rule.symbols();
            script.push_str(&format!(
                "find {place} -mindepth 1 {sort} {otherwise} -exec chmod {symbols} -- {{}} + || exit 1\n"
            ));
        }
    }
    script
}

/// One entry as it was.
fn one(entry: &Differing) -> String {
    let place = quote(&entry.path);
    let owner = quote(&format!("{}:{}", entry.owner, entry.group));
    let mode = match entry.link {
        true => String::new(),
        false => format!("chmod {:05o} -- {place} || exit 1\n", entry.mode),
    };
    format!("chown -h -- {owner} {place} || exit 1\n{mode}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use crate::resource::file::testing::{SHELLS, run, run_as_nobody};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn ask(shell: &str, id: &TreeId) -> TreeState {
        let wanted = [Wanted { id: id.clone(), level: Level::Digest }];
        let reply = run(shell, &Tree::observe(&wanted).script, b"");
        Tree::parse(&wanted, &reply).remove(0).expect("told")
    }

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("mode");
    }

    #[test]
    fn a_tree_is_found_put_right_and_put_back() {
        for shell in SHELLS {
            let dir = tempfile::tempdir().expect("a folder");
            let path = |name: &str| dir.path().join(name);
            std::fs::create_dir(path("sub dir")).expect("made");
            for (name, mode) in [("plain", 0o666), ("sub dir/it's", 0o600), ("tool", 0o777), ("fine", 0o644)]
            {
                std::fs::write(path(name), "x").expect("written");
                chmod(&path(name), mode);
            }
            chmod(&path("sub dir"), 0o2777);
            symlink("/etc/shadow", path("link")).expect("linked");
            let id = TreeId {
                path: dir.path().to_string_lossy().into_owned(),
                owner: Some("root".into()),
                group: None,
                mode: Some("u=rwX,go=rX".into()),
            };
            let before = ask(shell, &id);
            assert_eq!(before.total, 4, "{shell} {before:?}");
            let none = TreeState::default();
            let script = Tree::realise(&id, &before, &none, &Extras::default()).expect("a script").script;
            assert_eq!(run(shell, &script, b"").status, 0, "{shell}");
            assert_eq!(ask(shell, &id), none, "{shell}");
            let back = Tree::realise(&id, &none, &before, &Extras::default()).expect("a script").script;
            assert_eq!(run(shell, &back, b"").status, 0, "{shell}");
            assert_eq!(ask(shell, &id).total, before.total, "{shell}");
            let stranger = TreeId { owner: Some("nobody-here".into()), ..id.clone() };
            assert_eq!(ask(shell, &stranger).total, 6, "{shell}: all is somebody else's");
        }
    }

    #[test]
    fn a_tree_that_is_not_seen_whole_is_not_known() {
        let dir = tempfile::tempdir().expect("a folder");
        chmod(dir.path(), 0o755);
        std::fs::create_dir(dir.path().join("closed")).expect("made");
        chmod(&dir.path().join("closed"), 0o700);
        let path = dir.path().to_string_lossy().into_owned();
        let ask = |shell: &str, path: String, close: u32| {
            chmod(&dir.path().join("closed"), close);
            let id = TreeId { path, mode: Some("u+rwX".into()), ..TreeId::default() };
            let wanted = [Wanted { id, level: Level::Digest }];
            let reply = run_as_nobody(shell, &Tree::observe(&wanted).script);
            Tree::parse(&wanted, &reply).remove(0)
        };
        for shell in SHELLS {
            assert_eq!(ask(shell, path.clone(), 0o755), Ok(TreeState::default()), "{shell}");
            let denied = ask(shell, path.clone(), 0o100);
            assert!(denied.as_ref().is_err_and(|e| e.contains("no rights: become")), "{shell} {denied:?}");
        }
    }

    #[test]
    fn a_tree_takes_the_risk_of_what_is_in_it() {
        let risk = |path: &str| {
            let id = TreeId { path: path.into(), ..TreeId::default() };
            Tree::risk(&id, &TreeState::default(), &TreeState::default())
        };
        assert_eq!(risk("/etc"), Risk::LockOut);
        assert_eq!(risk("/etc/ssh/sshd_config.d"), Risk::LockOut);
        assert_eq!(risk("/home/anna"), Risk::LockOut);
        assert_eq!(risk("/var/www"), Risk::None);
    }
}

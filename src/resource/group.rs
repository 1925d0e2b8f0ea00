//! A group, by its name. Who is in it is the accounts' matter.

use super::{Difference, Extras, Kind, Opaque, Realise, Risk, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};

pub struct Group;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    Absent,
    /// `None`: a number of the host's choice.
    Present {
        gid: Option<u32>,
        members: Vec<String>,
    },
}

/// How a task wants a group made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// A number from the system's range.
    pub system: bool,
    /// The number may be another group's too.
    pub shared_gid: bool,
}

const SCRIPT: &str = r#"i=0
for g; do
  if command -v getent >/dev/null 2>&1; then l=$(getent group -- "$g" | head -n 1); else
    l=; while IFS= read -r r; do case $r in "$g":*) l=$r; break;; esac; done < /etc/group; fi
  printf '%s %s\n' "$i" "$l"
  i=$((i+1))
done
true
"#;

/// Puts an account into a group; one that is gone by now is left out.
fn join(member: &str, group: &str) -> String {
    format!("! id -u {member} >/dev/null 2>&1 || gpasswd -a {member} {group} >/dev/null || exit 1\n")
}

impl Kind for Group {
    type Id = String;
    type State = GroupState;
    const NAME: &'static str = "group";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
        Fragment::new(format!("set -- {}\n{SCRIPT}", names.join(" ")))
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<GroupState, String>> {
        let text = reply.text();
        let lines: Vec<&str> = text.lines().collect();
        let state = |index: usize| {
            let line = lines.get(index).and_then(|l| l.split_once(' '));
            let (_, line) = line.ok_or_else(|| format!("could not be asked for: {}", reply.error_text()))?;
            let fields: Vec<&str> = line.split(':').collect();
            match fields[..] {
                [""] => Ok(GroupState::Absent),
                [_, _, gid, members] => {
                    let mut members: Vec<String> =
                        members.split(',').filter(|m| !m.is_empty()).map(str::to_string).collect();
                    members.sort();
                    Ok(GroupState::Present { gid: gid.parse().ok(), members })
                }
                _ => Err(format!("has a line that can't be read: `{line}`")),
            }
        };
        (0..wanted.len()).map(state).collect()
    }

    fn diff(_name: &String, from: &GroupState, to: &GroupState) -> Vec<Difference> {
        if Self::same(from, to) {
            return Vec::new();
        }
        let word = |state: &GroupState| match state {
            GroupState::Absent => "absent".to_string(),
            GroupState::Present { gid: Some(gid), .. } => format!("gid {gid}"),
            GroupState::Present { gid: None, .. } => "present".to_string(),
        };
        let mut differences = vec![Difference::property("group", word(from), word(to))];
        let members = |state: &GroupState| match state {
            GroupState::Present { members, .. } => members.join(","),
            GroupState::Absent => String::new(),
        };
        // A group takes its members along, and brings them back.
        if (*from == GroupState::Absent || *to == GroupState::Absent) && members(from) != members(to) {
            differences.push(Difference::property("members", members(from), members(to)));
        }
        differences
    }

    fn realise(
        name: &String,
        from: &GroupState,
        to: &GroupState,
        extras: &Extras,
    ) -> Result<Realise, String> {
        let options = &extras.group;
        let shared = if options.shared_gid { " -o" } else { "" };
        let name = quote(name);
        let number = |gid: &Option<u32>| gid.map(|g| format!(" -g {g}{shared}")).unwrap_or_default();
        let mut joins = String::new();
        let call = match (from, to) {
            (GroupState::Absent, GroupState::Present { gid, members }) => {
                joins = members.iter().map(|member| join(&quote(member), &name)).collect();
                let system = if options.system { " -r" } else { "" };
                format!("groupadd{system}{} -- {name}", number(gid))
            }
            (GroupState::Present { .. }, GroupState::Present { gid, .. }) => {
                format!("groupmod{} -- {name}", number(gid))
            }
            (_, GroupState::Absent) => format!("groupdel -- {name}"),
        };
        let tool = call.split(' ').next().unwrap_or_default();
        Ok(Realise::script(format!(
            "command -v {} >/dev/null 2>&1 || {{ echo 'groupadd, groupmod and groupdel are missing on this host (package `passwd` or `shadow`)' >&2; exit 1; }}\n{call} || exit 1\n{joins}",
            tool
        )))
    }

    fn same(found: &GroupState, wanted: &GroupState) -> bool {
        match (found, wanted) {
            (GroupState::Absent, GroupState::Absent) => true,
            (GroupState::Present { gid: a, .. }, GroupState::Present { gid: b, .. }) => b.is_none() || a == b,
            _ => false,
        }
    }

    /// A new group shuts nobody out.
    fn risk(_name: &String, from: &GroupState, _to: &GroupState) -> Risk {
        match from {
            GroupState::Absent => Risk::None,
            GroupState::Present { .. } => Risk::LockOut,
        }
    }

    fn shaken(_name: &String, state: &GroupState, by: &Opaque) -> bool {
        by.package.is_none() || *state == GroupState::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;

    #[test]
    fn lines_become_groups() {
        let wanted: Vec<Wanted<String>> =
            ["sudo", "nosuch", "adm"].map(|id| Wanted { id: id.to_string(), level: Level::Digest }).into();
        let reply = Reply { stdout: b"0 sudo:x:27:bob,alice\n1 \n2 adm:x:4:\n".to_vec(), ..Reply::default() };
        let states = Group::parse(&wanted, &reply);
        let members = vec!["alice".to_string(), "bob".to_string()];
        assert_eq!(states[0], Ok(GroupState::Present { gid: Some(27), members }));
        assert_eq!(states[1], Ok(GroupState::Absent));
        assert_eq!(states[2], Ok(GroupState::Present { gid: Some(4), members: vec![] }));
    }

    #[test]
    fn members_go_and_come_back_with_their_group() {
        let there = GroupState::Present { gid: Some(8001), members: vec!["anna".into(), "bo".into()] };
        let shown = Group::diff(&"g".into(), &there, &GroupState::Absent);
        assert!(shown.contains(&Difference::property("members", "anna,bo", "")), "{shown:?}");
        let made = Group::realise(&"g".into(), &GroupState::Absent, &there, &Extras::default());
        let script = made.expect("a script").script;
        let (added, joined) = (script.find("groupadd -g 8001"), script.find("gpasswd -a 'bo' 'g'"));
        assert!(added.is_some() && added < joined, "{script}");
    }

    #[test]
    fn a_number_is_changed_only_if_asked() {
        let there = GroupState::Present { gid: Some(27), members: vec![] };
        assert!(Group::same(&there, &GroupState::Present { gid: None, members: vec![] }));
        let other = GroupState::Present { gid: Some(28), members: vec![] };
        let made = Group::realise(&"g".into(), &there, &other, &Extras::default()).expect("a script");
        assert!(made.script.contains("groupmod -g 28 -- 'g'"), "{}", made.script);
    }
}

//! `group`: a group that is there or not.

use super::{Args, Context, Kind, Module, Param, Planned, Want};
use crate::resource::Extras;
use crate::resource::group::{Group as Resource, GroupState, Options};
use crate::world::Stop;

pub struct Group;

const PARAMS: &[Param] = &[
    Param::new(&["name"], Kind::Text, "The group.").required(),
    Param::new(&["state"], Kind::Text, "Default: present.").choices(&["present", "absent"]),
    Param::new(&["gid"], Kind::Integer, "Its number. Default: the next free one."),
    Param::new(&["system"], Kind::Bool, "A number from the system's range. Default: false."),
    Param::new(&["non_unique"], Kind::Bool, "Another group may have the number too. Default: false."),
    Param::new(&["local"], Kind::Bool, "Taken: always the host's own files."),
    Param::new(&["force"], Kind::Bool, "Taken: groupdel refuses the primary group of an account."),
];

impl Module for Group {
    fn names(&self) -> &'static [&'static str] {
        &["group"]
    }

    fn about(&self) -> &'static str {
        "A group that is there or not."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("name")?;
        check_name("group", &name)?;
        let now = cx.world.ask::<Resource>(name.clone())?;
        let gid = number(args, "gid")?;
        let to = match (args.text("state").as_deref(), now) {
            (Some("absent"), _) => GroupState::Absent,
            (_, GroupState::Present { gid: old, members }) => {
                GroupState::Present { gid: gid.or(*old), members: members.clone() }
            }
            (_, GroupState::Absent) => GroupState::Present { gid, members: Vec::new() },
        };
        let mut planned = Planned::default().result("name", name.clone());
        if let GroupState::Present { gid: Some(gid), .. } = &to {
            planned = planned.result("gid", *gid);
        }
        let mut want = Want::new::<Resource>(name, to);
        let options = Options {
            system: args.flag("system").unwrap_or(false),
            shared_gid: args.flag("non_unique").unwrap_or(false),
        };
        want.extras = Extras { group: options, ..Extras::default() };
        planned.wants.push(want);
        Ok(planned)
    }
}

/// What useradd and groupadd take on every host; nothing that a line of passwd or a shell could
/// take for something else.
pub fn check_name(what: &str, name: &str) -> Result<(), Stop> {
    let body = name.strip_suffix('$').unwrap_or(name);
    let right = body.len() <= 32
        && body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && body.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    match right {
        true => Ok(()),
        false => Err(Stop::error(format!(
            "`{name}` is no {what}'s name: letters, digits, `_`, `.` and `-`, a letter first, at most 32"
        ))),
    }
}

/// A user's or group's number.
pub fn number(args: &Args, name: &str) -> Result<Option<u32>, Stop> {
    match args.integer(name) {
        None => Ok(None),
        Some(n) => u32::try_from(n)
            .map(Some)
            .map_err(|_| Stop::error(format!("`{name}` is a number from 0 to 4294967295, this is `{n}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted};
    use serde_json::json;

    #[test]
    fn goals_become_states() {
        let bench = Bench::new()
            .has::<Resource>("sudo", GroupState::Present { gid: Some(27), members: vec!["a".into()] })
            .has::<Resource>("log", GroupState::Absent);
        let cases = [
            (json!({"name": "log"}), "log", GroupState::Present { gid: None, members: vec![] }),
            (
                json!({"name": "log", "gid": 900}),
                "log",
                GroupState::Present { gid: Some(900), members: vec![] },
            ),
            (
                json!({"name": "sudo"}),
                "sudo",
                GroupState::Present { gid: Some(27), members: vec!["a".into()] },
            ),
            (json!({"name": "sudo", "state": "absent"}), "sudo", GroupState::Absent),
        ];
        for (args, name, state) in cases {
            let planned = bench.plan("group", args.clone()).expect("planned");
            assert_eq!(wanted::<Resource>(&planned, name), Some(&state), "{args}");
        }
        for name in ["-g", "a:b", "a\nb", "", "0"] {
            assert!(bench.error("group", json!({"name": name})).contains("is no group's name"), "{name}");
        }
    }
}

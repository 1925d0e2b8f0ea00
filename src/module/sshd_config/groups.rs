//! The groups that a list of sshd names: sshd takes a name that nobody has, and lets nobody in.

use super::settings::Setting;
use crate::module::Context;
use crate::resource::group::{Group, GroupState};
use crate::world::Stop;

/// Those of `AllowGroups` that are not on the host; an error if none is.
pub fn missing(settings: &[Setting], cx: &Context<'_>) -> Result<Vec<String>, Stop> {
    let list = settings.iter().find(|s| s.keyword.name == "AllowGroups");
    let names: Vec<&str> = list.iter().flat_map(|s| &s.values).flat_map(|v| v.split_whitespace()).collect();
    let plain = || names.iter().filter(|n| !n.contains(['*', '?', '!']));
    let asked: Vec<_> = plain().map(|name| (name, cx.world.ask::<Group>(name.to_string()))).collect();
    let mut missing = Vec::new();
    for (name, state) in asked {
        if *state? == GroupState::Absent {
            missing.push(name.to_string());
        }
    }
    if !missing.is_empty() && missing.len() == names.len() {
        return Err(Stop::error(format!(
            "`AllowGroups {}`: this host has no such group, so nobody could log in (name one that it has)",
            names.join(" ")
        )));
    }
    Ok(missing)
}

/// What is said of them.
pub fn note(missing: &[String]) -> Option<String> {
    let names: Vec<String> = missing.iter().map(|m| format!("`{m}`")).collect();
    (!names.is_empty()).then(|| format!("`AllowGroups`: this host has no group {}", names.join(", ")))
}

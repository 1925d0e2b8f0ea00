//! `service` and `systemd`: a unit that runs or doesn't, at boot too; restarts and reloads.

use super::{Action, Args, Context, Kind, Module, Outcome, Param, Planned};
use crate::resource::unit::{self, Active, Boot, Manager, Unit, UnitState, full_name};
use crate::resource::{Key, Risk};
use crate::world::Stop;

pub struct Service;
pub struct Systemd;

const STATES: &[&str] = &["started", "stopped", "restarted", "reloaded", "running"];

const SERVICE: &[Param] = &[
    Param::new(&["name"], Kind::Text, "The service.").required(),
    Param::new(&["state"], Kind::Text, "What it should do.").choices(STATES),
    Param::new(&["enabled"], Kind::Bool, "Whether it starts at boot."),
    Param::new(&["use"], Kind::Text, "The service manager: always the host's own."),
    Param::new(&["sleep"], Kind::Integer, "Taken; harda looks whether the service runs by itself."),
    Param::new(&["daemon_reload", "daemon-reload"], Kind::Bool, "Have systemd read its unit files first."),
];

const SYSTEMD: &[Param] = &[
    Param::new(&["name", "service", "unit"], Kind::Text, "The unit; `.service` where no type is given."),
    Param::new(&["state"], Kind::Text, "What it should do.").choices(STATES),
    Param::new(&["enabled"], Kind::Bool, "Whether it starts at boot."),
    Param::new(&["masked"], Kind::Bool, "Whether it can't be started at all."),
    Param::new(&["daemon_reload", "daemon-reload"], Kind::Bool, "Have systemd read its unit files first."),
    Param::new(&["daemon_reexec", "daemon-reexec"], Kind::Bool, "Start systemd itself anew."),
    Param::new(&["no_block"], Kind::Bool, "Only false: harda sees whether it worked."),
    Param::new(&["force"], Kind::Bool, "Taken: links that stand in the way are told by systemd."),
    Param::new(&["scope"], Kind::Text, "Only `system`.").choices(&["system", "user", "global"]),
];

impl Module for Service {
    fn names(&self) -> &'static [&'static str] {
        &["service", "sysvinit"]
    }

    fn about(&self) -> &'static str {
        "A service that runs or doesn't, at boot too."
    }

    fn params(&self) -> &'static [Param] {
        SERVICE
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        plan(args, cx)
    }
}

impl Module for Systemd {
    fn names(&self) -> &'static [&'static str] {
        &["systemd", "systemd_service"]
    }

    fn about(&self) -> &'static str {
        "A systemd unit: running, at boot, masked."
    }

    fn params(&self) -> &'static [Param] {
        SYSTEMD
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        if let Some(found) = cx.world.fact("service_mgr").filter(|m| m != "systemd") {
            return Err(Stop::error(format!(
                "this host's services are managed by `{found}`, not by systemd (use `service`)"
            )));
        }
        if let Some(scope) = args.text("scope").filter(|s| s != "system") {
            return Err(Stop::error(format!("`scope: {scope}` can't be done yet: only `system`")));
        }
        if args.flag("no_block") == Some(true) {
            return Err(Stop::error(
                "`no_block: true` would hide whether it worked; leave it out, and use `async` for what takes long",
            ));
        }
        plan(args, cx)
    }
}

fn plan(args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
    let Some(name) = args.text("name") else { return manager(args) };
    let (id, now) = find(&name, args.flag("masked") == Some(true), cx)?;
    let mut planned = Planned::default().result("name", name);
    for word in ["state", "enabled"] {
        if let Some(value) = args.get(word) {
            planned = planned.result(word, value.clone());
        }
    }
    let to = wanted(args, &id, &now, cx, &mut planned.notes)?;
    let passing = now.service().is_some_and(|s| s.passing);
    let manager = to.service().map_or(Manager::Systemd, |s| s.manager);
    let own = to.service().map_or(id.as_str(), |s| s.name.as_str()).to_string();
    let fresh = args.flag("daemon_reload") == Some(true);
    planned.action = match args.text("state").as_deref() {
        Some("restarted") => {
            Some(act(format!("restart {own}"), unit::restart(&own, "restart", manager, fresh), &own))
        }
        Some("reloaded") => {
            Some(act(format!("reload {own}"), unit::restart(&own, "reload", manager, fresh), &own))
        }
        Some("started" | "running") if passing => {
            Some(act(format!("start {own}"), unit::start_once(&own), &own))
        }
        _ => None,
    };
    Ok(planned.want::<Unit>(id, to))
}

/// The unit by its own name, whatever alias was given, and its state. A mask is for the very name that was
/// given: masking `ctrl-alt-del.target`, another name of `reboot.target`, must leave that alone.
fn find(name: &str, masks: bool, cx: &Context<'_>) -> Result<(String, UnitState), Stop> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(allowed) {
        return Err(Stop::error(format!(
            "`{name}` is no unit's name; write it in full, such as `rsyslog.service`"
        )));
    }
    let id = full_name(name);
    let state = cx.world.ask::<Unit>(id.clone())?;
    match state.service() {
        // Another task may name it otherwise: both must meet in one place.
        Some(service) if service.name != id && !service.name.is_empty() && !masks => {
            let own = service.name.clone();
            let state = cx.world.ask::<Unit>(own.clone())?.clone();
            Ok((own, state))
        }
        _ => Ok((id, state.clone())),
    }
}

/// Whether a task before writes the unit's file or a drop-in of it: what systemd makes of that is
/// seen once it is written.
fn is_written(id: &str, cx: &Context<'_>) -> bool {
    let is_its = |key: &Key| matches!(key, Key::File(path) if unit::unit_of(path) == Some(id));
    cx.world.predictions().any(|(key, _)| is_its(key))
}

fn wanted(
    args: &Args,
    id: &str,
    now: &UnitState,
    cx: &Context<'_>,
    notes: &mut Vec<String>,
) -> Result<UnitState, Stop> {
    if is_written(id, cx) {
        cx.world.rest_on("the unit's file is written");
    }
    let masked = args.flag("masked");
    let mut to = match now.service() {
        Some(service) => unit::Service { name: id.to_string(), ..service.clone() },
        None if masked == Some(true) => only_masked(id),
        None if cx.world.waits_for().is_some() => unit::brought(id),
        None => {
            return Err(Stop::error(format!(
                "unit `{id}` is not on this host, and no task before brings it (is the name right?)"
            )));
        }
    };
    if let Some(masked) = masked {
        to.masked = masked;
    }
    if let Some(enabled) = args.flag("enabled") {
        to.boot = boot(enabled, &to.boot, id, notes);
    }
    match args.text("state").as_deref() {
        Some("started" | "running") if to.masked => {
            return Err(Stop::error(format!(
                "`{id}` is masked and can't be started (`masked: false` frees it)"
            )));
        }
        Some("restarted" | "reloaded") if to.masked => {
            return Err(Stop::error(format!(
                "`{id}` is masked and can't be restarted (`masked: false` frees it)"
            )));
        }
        Some("started" | "running") if !to.passing => to.active = Active::Active,
        Some("stopped") if to.active == Active::Active => to.active = Active::Inactive,
        _ => {}
    }
    Ok(UnitState::Present(to))
}

/// A unit that isn't there can be masked all the same, so that it never comes.
fn only_masked(id: &str) -> unit::Service {
    unit::Service { masked: true, boot: Boot::Disabled, active: Active::Inactive, ..unit::brought(id) }
}

/// What `enabled` makes of a unit. As in Ansible, one that can't be enabled counts as enabled
/// (something else starts it); that it can't be disabled is said.
fn boot(enabled: bool, now: &Boot, id: &str, notes: &mut Vec<String>) -> Boot {
    match (enabled, now) {
        (true, Boot::Fixed(_)) => now.clone(),
        (true, _) => Boot::Enabled,
        (false, Boot::Fixed(word)) => {
            notes.push(format!(
                "`{id}` is `{word}` and can't be disabled; `masked: true` keeps it from starting"
            ));
            now.clone()
        }
        (false, _) => Boot::Disabled,
    }
}

fn act(title: String, script: String, unit: &str) -> Action {
    let is_a_door = !unit.is_empty() && (unit.starts_with("ssh") || unit::is_a_door(unit));
    let risk = if is_a_door { Risk::LockOut } else { Risk::None };
    Action {
        title,
        script,
        input: Vec::new(),
        risk,
        opaque: false,
        outcome: Outcome::Done,
        seconds: 180,
        paths: Vec::new(),
    }
}

/// A task without a name: systemd itself.
fn manager(args: &Args) -> Result<Planned, Stop> {
    let verb = match (args.flag("daemon_reexec"), args.flag("daemon_reload")) {
        (Some(true), _) => "daemon-reexec",
        (_, Some(true)) => "daemon-reload",
        _ => {
            return Err(Stop::error(
                "module `systemd` needs `name`, or `daemon_reload: true`, or `daemon_reexec: true`",
            ));
        }
    };
    if args.get("state").or(args.get("enabled")).or(args.get("masked")).is_some() {
        return Err(Stop::error("`state`, `enabled` and `masked` need the `name` of a unit"));
    }
    let action = act(format!("systemctl {verb}"), format!("systemctl {verb} || exit 1\n"), "");
    Ok(Planned { action: Some(action), ..Planned::default() })
}

#[cfg(test)]
#[path = "service/tests.rs"]
mod tests;

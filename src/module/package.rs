//! `package`, `apt`, `dnf`: software that is there or not.
//!
//! An installed package is left alone unless `state: latest` or a version is asked for; the lists
//! are refreshed only where something is to be installed, so that a second run changes nothing.

mod params;
mod upkeep;
mod wanted;

use super::{Args, Context, Module, Param, Planned, Want};
use crate::resource::package::{Package as Resource, latest};
use crate::resource::{Extras, Level};
use crate::world::Stop;

pub struct Package;
pub struct Apt;
pub struct Dnf;

impl Module for Package {
    fn names(&self) -> &'static [&'static str] {
        &["package"]
    }

    fn about(&self) -> &'static str {
        "Packages, by the host's own package manager."
    }

    fn params(&self) -> &'static [Param] {
        params::COMMON
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        plan(args, cx)
    }
}

impl Module for Apt {
    fn names(&self) -> &'static [&'static str] {
        &["apt"]
    }

    fn about(&self) -> &'static str {
        "Debian packages, their lists and upgrades."
    }

    fn params(&self) -> &'static [Param] {
        params::APT
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        manager_is("apt", cx)?;
        plan(args, cx)
    }
}

impl Module for Dnf {
    fn names(&self) -> &'static [&'static str] {
        &["dnf", "yum"]
    }

    fn about(&self) -> &'static str {
        "RPM packages."
    }

    fn params(&self) -> &'static [Param] {
        params::DNF
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        manager_is("dnf", cx)?;
        plan(args, cx)
    }
}

/// What the host manages its packages with; facts that weren't gathered don't stand in the way.
fn manager(cx: &Context<'_>) -> Option<String> {
    let manager = cx.world.fact("pkg_mgr")?;
    Some(if manager.starts_with("dnf") || manager == "yum" { "dnf".into() } else { manager })
}

fn manager_is(wanted: &str, cx: &Context<'_>) -> Result<(), Stop> {
    match manager(cx) {
        Some(found) if found != wanted => Err(Stop::error(format!(
            "this host's package manager is `{found}`, not `{wanted}` (use `package`)"
        ))),
        _ => Ok(()),
    }
}

fn plan(args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
    if let Some(other) = manager(cx).filter(|m| !matches!(m.as_str(), "apt" | "dnf")) {
        return Err(Stop::error(format!(
            "packages of `{other}` can't be managed yet (apt, dnf and yum can)"
        )));
    }
    params::refuse(args)?;
    let names = args.list("name").unwrap_or_default();
    if names.is_empty() {
        return upkeep::plan(args, cx);
    }
    let state = match args.text("state").as_deref() {
        Some("present" | "installed" | "build-dep" | "fixed") | None => wanted::Goal::Present,
        Some("latest") => wanted::Goal::Latest,
        _ => wanted::Goal::Absent,
    };
    let asked: Vec<wanted::Asked> =
        names.iter().map(|name| wanted::Asked::read(name)).collect::<Result<_, _>>()?;
    // All are asked for before any is looked at: one round brings them all.
    let level = if state == wanted::Goal::Present { Level::Digest } else { latest() };
    let level = if asked.iter().any(|a| a.version.is_some()) { latest() } else { level };
    for ask in &asked {
        cx.world.demand(<Resource as crate::resource::Typed>::key(ask.name.clone()), level.clone());
    }
    let options = params::options(args);
    let mut planned = Planned::default();
    let only_upgrade = args.flag("only_upgrade") == Some(true);
    for ask in &asked {
        let now = cx.world.ask_at::<Resource>(ask.name.clone(), level.clone())?;
        let to = match only_upgrade && now.is_absent() {
            true => now.clone(),
            false => wanted::state(ask, state, now, &options, cx)?,
        };
        let mut want = Want::new::<Resource>(ask.name.clone(), to);
        want.extras = Extras { package: options.clone(), ..Extras::default() };
        planned.wants.push(want);
    }
    Ok(planned)
}

#[cfg(test)]
mod tests;

//! From what is asked for one package and what is there to what shall be.

use super::super::Context;
use crate::resource::package::{Candidate, Options, PackageState, Status};
use crate::world::Stop;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Present,
    Latest,
    Absent,
}

/// One item of `name`.
pub struct Asked {
    pub name: String,
    pub version: Option<String>,
}

impl Asked {
    /// `name`, `name:arch` or `name=version`. Checked: what begins with a dash would be an option,
    /// what ends in one would remove the package, and apt takes other names as patterns.
    pub fn read(text: &str) -> Result<Self, Stop> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => {
                (name.trim_end_matches(['=', '>', '<', ' ']), Some(version.trim_matches(['=', ' '])))
            }
            None => (text.trim(), None),
        };
        if name.starts_with('@') {
            return Err(Stop::error(format!(
                "`{name}`: groups of packages can't be installed yet; name the packages"
            )));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+._:-".contains(c);
        let right = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(allowed)
            && !name.ends_with('-')
            && text.find(['<', '>', '*', '?']).is_none();
        if !right || version.is_some_and(|v| v.is_empty() || v.contains(char::is_whitespace)) {
            return Err(Stop::error(format!(
                "`{text}` is no package; write `name` or `name=version`, without patterns or ranges"
            )));
        }
        Ok(Asked { name: name.to_string(), version: version.map(str::to_string) })
    }
}

pub fn state(
    asked: &Asked,
    goal: Goal,
    now: &PackageState,
    options: &Options,
    cx: &Context<'_>,
) -> Result<PackageState, Stop> {
    if goal == Goal::Absent {
        return Ok(absent(now, options.purge));
    }
    if let Some(version) = &asked.version {
        return Ok(match now.version() {
            Some(found) if found == version => now.clone(),
            _ => PackageState::installed(version.clone(), true),
        });
    }
    match (&now.status, goal) {
        (Status::Installed { .. }, Goal::Present) => Ok(now.clone()),
        (Status::Installed { version, .. }, _) => Ok(newest(version, now, options, cx)),
        _ => fresh(asked, now, options, cx),
    }
}

fn absent(now: &PackageState, purge: bool) -> PackageState {
    match now.status {
        Status::Absent { leftovers } => PackageState::absent(leftovers && !purge),
        // Whether configuration files are left shows afterwards: they may be.
        _ => PackageState::absent(!purge),
    }
}

/// `state: latest` of what is installed.
fn newest(version: &str, now: &PackageState, options: &Options, cx: &Context<'_>) -> PackageState {
    match &now.candidate {
        Candidate::Version(candidate) if candidate != version => {
            PackageState::installed(candidate.clone(), settled(options, cx))
        }
        _ => now.clone(),
    }
}

/// What an installation brings.
fn fresh(
    asked: &Asked,
    now: &PackageState,
    options: &Options,
    cx: &Context<'_>,
) -> Result<PackageState, Stop> {
    match &now.candidate {
        Candidate::Version(version) => Ok(PackageState::installed(version.clone(), settled(options, cx))),
        Candidate::Unknown => Ok(PackageState::installed("", false)),
        Candidate::None if options.refresh => {
            cx.world.rest_on("the update of the package lists");
            Ok(PackageState::installed("", false))
        }
        Candidate::None if cx.world.waits_for().is_some() => Ok(PackageState::installed("", false)),
        Candidate::None => Err(Stop::error(format!(
            "package `{}` has no candidate on this host: is the name right? (`update_cache: true` fetches the lists first)",
            asked.name
        ))),
    }
}

/// Whether the candidate that is known now is the one that will come.
fn settled(options: &Options, cx: &Context<'_>) -> bool {
    !options.refresh && options.release.is_none() && cx.world.waits_for().is_none()
}

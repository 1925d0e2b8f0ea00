//! A profile of pam-auth-update (Debian, Ubuntu): which of its lines the common-* files really
//! hold, and whether pam-auth-update would still touch those files.

pub mod module;
pub mod profile;
mod stack;

use super::{Difference, Extras, Kind, NO_RIGHTS, Opaque, Realise, Risk, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The folder of the profiles.
pub const PROFILES: &str = "/usr/share/pam-configs";

/// The stacks that pam-auth-update keeps, by the ends of their names (`/etc/pam.d/common-*`).
pub const STACKS: &[&str] = &["auth", "account", "password", "session", "session-noninteractive"];

/// The lines of a profile, by stack; blanks run together.
pub type Lines = BTreeMap<String, Vec<String>>;

pub struct PamProfile;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfileState {
    /// What the stacks hold of it; nothing if it is disabled.
    pub held: Lines,
    /// Of a wanted state: the lines where it comes first in its stack (`Password-Initial:`), which
    /// hangs on what else is enabled.
    pub first: Lines,
    /// Why pam-auth-update would leave the files alone, while it exits with 0.
    pub obstacle: Option<String>,
}

impl ProfileState {
    pub fn enabled(&self) -> bool {
        !self.held.is_empty()
    }
}

/// One grep reads all: each line comes with its file's name before it.
fn script() -> String {
    let live = STACKS.iter().map(|s| format!("/etc/pam.d/common-{s}"));
    let saved = STACKS.iter().map(|s| format!("/var/lib/pam/{s}"));
    let files: Vec<String> = live.chain(saved).collect();
    format!(
        "command -v pam-auth-update >/dev/null 2>&1 || {{ echo 'pam-auth-update is not on this host: PAM profiles are for Debian and Ubuntu' >&2; exit 1; }}\n\
         for f in {files}; do [ ! -f \"$f\" ] || [ -r \"$f\" ] || {{ echo \"$f can't be read, {NO_RIGHTS}\" >&2; exit 1; }}; done\n\
         grep -H '' {files} 2>/dev/null\ntrue\n",
        files = files.join(" ")
    )
}

impl Kind for PamProfile {
    /// The profile's file name.
    type Id = String;
    type State = ProfileState;
    const NAME: &'static str = "pam profile";

    fn observe(_wanted: &[Wanted<String>]) -> Fragment {
        Fragment::new(script())
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<ProfileState, String>> {
        if reply.status != 0 || reply.truncated {
            let why = format!("could not be asked for: {}", reply.error_text());
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let text = reply.text();
        let stacks = stack::read(&text);
        wanted.iter().map(|w| Ok(stack::state(&w.id, &stacks))).collect()
    }

    fn diff(_name: &String, from: &ProfileState, to: &ProfileState) -> Vec<Difference> {
        if Self::same(from, to) {
            return Vec::new();
        }
        let word = |state: &ProfileState| if state.enabled() { "enabled" } else { "disabled" };
        let mut differences = Vec::new();
        if from.enabled() != to.enabled() {
            differences.push(Difference::property("state", word(from), word(to)));
        }
        let shown = |lines: Option<&Vec<String>>| lines.map(|l| l.join("; ")).unwrap_or_default();
        for stack in STACKS {
            if !fits(stack, from, to) {
                let name = format!("common-{stack}");
                let (old, new) = (shown(from.held.get(*stack)), shown(to.held.get(*stack)));
                differences.push(Difference::property(&name, old, new));
            }
        }
        differences
    }

    fn realise(
        name: &String,
        _from: &ProfileState,
        to: &ProfileState,
        _: &Extras,
    ) -> Result<Realise, String> {
        let (verb, check) = match to.enabled() {
            true => {
                ("enable", format!("[ -e {0} ] || {{ echo {0} is missing >&2; exit 1; }}\n", place(name)))
            }
            false => ("disable", String::new()),
        };
        // It exits with 0 where it changed nothing, and says so only on stderr.
        Ok(Realise::script(format!(
            "{check}export DEBIAN_FRONTEND=noninteractive\n\
             o=$(pam-auth-update --{verb} {} 2>&1) || {{ printf '%s\\n' \"$o\" >&2; exit 1; }}\n\
             case \"$o\" in *'not updating'*) printf '%s\\n' \"$o\" >&2; exit 1;; esac\n",
            quote(name)
        )))
    }

    fn same(found: &ProfileState, wanted: &ProfileState) -> bool {
        match wanted.enabled() {
            false => !found.enabled(),
            true => STACKS.iter().all(|stack| fits(stack, found, wanted)),
        }
    }

    fn risk(_name: &String, _from: &ProfileState, _to: &ProfileState) -> Risk {
        Risk::LockOut
    }

    /// A package's scripts enable the profiles that it brings.
    fn shaken(name: &String, _state: &ProfileState, by: &Opaque) -> bool {
        match &by.package {
            None => true,
            Some(package) => super::effective::brings(package)
                .is_some_and(|row| row.files.contains(&format!("{PROFILES}/{name}").as_str())),
        }
    }
}

fn place(name: &str) -> String {
    quote(&format!("{PROFILES}/{name}"))
}

/// Whether a stack holds what is wanted, as the first profile in it or as a later one.
fn fits(stack: &str, found: &ProfileState, wanted: &ProfileState) -> bool {
    let held = found.held.get(stack);
    held == wanted.held.get(stack) || (held.is_some() && held == wanted.first.get(stack))
}

//! A package, by its name: installed or not, in which version, and what could be had.

pub mod apt_lists;
pub mod dependents;
mod observe;
mod realise;

pub use realise::{apt_get, refresh};

use super::{Difference, Extras, Kind, Level, Opaque, Realise, Risk, Undo, Wanted};
use crate::fragment::{Fragment, Reply};
use serde::{Deserialize, Serialize};
use std::fmt;

pub struct Package;

/// What a package manager says of one package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackageState {
    pub status: Status,
    /// Asked for where the package is not installed, and at [`latest`] for those that are.
    pub candidate: Candidate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Absent {
        /// Its configuration files are still there: removed, not purged.
        leftovers: bool,
    },
    /// Unpacked or half configured, in dpkg's letters.
    Broken { version: String, status: String },
    Installed {
        /// Empty where it is not known before the package is there.
        version: String,
        /// Whether this very version is meant: false where the lists are refreshed first, so that
        /// a newer one may come.
        exact: bool,
    },
}

/// The version that an installation would bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidate {
    /// Not asked for, or the host can't say.
    Unknown,
    /// The host's lists don't hold the package.
    None,
    Version(String),
}

/// How a task wants its packages installed or removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Fetch the lists before.
    pub refresh: bool,
    /// `None` leaves it to the host's own configuration.
    pub recommends: Option<bool>,
    pub purge: bool,
    pub autoremove: bool,
    pub downgrade: bool,
    /// A held package may change.
    pub held: bool,
    /// The release to install from (`-t`).
    pub release: Option<String>,
    /// The status with which services are kept from starting (`policy-rc.d`).
    pub policy: Option<i64>,
    /// Seconds to wait for another package manager.
    pub lock: Option<i64>,
}

/// The level at which an installed package's candidate is asked for as well.
pub fn latest() -> Level {
    Level::Content { unless: Vec::new() }
}

impl PackageState {
    /// Whether one that is seen now is as it was seen before, maybe at another level: what could be
    /// had is not asked for each time.
    pub fn is_still(&self, then: &PackageState) -> bool {
        let unknown = [&self.candidate, &then.candidate].contains(&&Candidate::Unknown);
        self.status == then.status && (unknown || self.candidate == then.candidate)
    }

    pub fn installed(version: impl Into<String>, exact: bool) -> Self {
        PackageState {
            status: Status::Installed { version: version.into(), exact },
            candidate: Candidate::Unknown,
        }
    }

    pub fn absent(leftovers: bool) -> Self {
        PackageState { status: Status::Absent { leftovers }, candidate: Candidate::Unknown }
    }

    /// The version, if it is installed in full.
    pub fn version(&self) -> Option<&str> {
        match &self.status {
            Status::Installed { version, .. } => Some(version),
            _ => None,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.status, Status::Absent { .. })
    }
}

impl fmt::Display for PackageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            Status::Absent { leftovers: false } => f.write_str("absent"),
            Status::Absent { leftovers: true } => f.write_str("removed, configuration kept"),
            Status::Broken { version, status } => write!(f, "{version}, not configured ({status})"),
            Status::Installed { version, .. } if version.is_empty() => f.write_str("installed"),
            Status::Installed { version, exact: true } => f.write_str(version),
            Status::Installed { version, exact: false } => write!(f, "{version} or newer"),
        }
    }
}

/// Packages whose removal takes away a way in, or the way to root.
const KEEPS_IN: &[&str] = &[
    "openssh-server",
    "sudo",
    "sudo-rs",
    "libpam-modules",
    "libpam-runtime",
    "login",
    "passwd",
    "systemd-sysv",
    "pam",
    "shadow-utils",
];

/// Whether logins, or becoming root, rest on this package.
pub fn keeps_in(name: &str) -> bool {
    KEEPS_IN.contains(&name.split(':').next().unwrap_or(name))
}

impl Kind for Package {
    /// `name` or, for another architecture, `name:arch`.
    type Id = String;
    type State = PackageState;
    const NAME: &'static str = "package";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<PackageState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(_name: &String, from: &PackageState, to: &PackageState) -> Vec<Difference> {
        match Self::same(from, to) {
            true => Vec::new(),
            false => vec![Difference::property("version", from, to)],
        }
    }

    fn realise(
        name: &String,
        from: &PackageState,
        to: &PackageState,
        extras: &Extras,
    ) -> Result<Realise, String> {
        Ok(realise::script(&[(name, from, to)], &extras.package))
    }

    /// One call of the package manager for all packages of a task, as users expect: dependencies
    /// are weighed together, and triggers run once.
    fn together(
        changes: &[(&String, &PackageState, &PackageState)],
        extras: &Extras,
    ) -> Option<Result<Realise, String>> {
        Some(Ok(realise::script(changes, &extras.package)))
    }

    fn same(found: &PackageState, wanted: &PackageState) -> bool {
        match (&found.status, &wanted.status) {
            (Status::Installed { .. }, Status::Installed { exact: false, .. }) => true,
            (Status::Installed { version: a, .. }, Status::Installed { version: b, .. }) => a == b,
            // What is left after a removal hangs on whether the package had configuration files.
            (Status::Absent { leftovers: a }, Status::Absent { leftovers: b }) => *b || !*a,
            (a, b) => a == b,
        }
    }

    fn undo(_name: &String, from: &PackageState, to: &PackageState) -> Undo {
        match (&from.status, &to.status) {
            (_, Status::Absent { leftovers: false }) => {
                Undo::None("purging deletes the package's configuration".into())
            }
            (_, Status::Absent { .. }) => {
                Undo::Partial("the version that was there may be gone from the archive".into())
            }
            (Status::Absent { .. }, _) => {
                Undo::Partial("packages that it brought and files that it wrote stay".into())
            }
            _ => Undo::Partial("the older version may be gone from the archive".into()),
        }
    }

    fn risk(name: &String, _from: &PackageState, to: &PackageState) -> Risk {
        match to.is_absent() && keeps_in(name) {
            true => Risk::LockOut,
            false => Risk::None,
        }
    }

    fn opaque(_name: &String, _from: &PackageState, _to: &PackageState) -> bool {
        true
    }

    /// Another package may bring this one as a dependency, and an act may fetch new lists.
    fn shaken(_name: &String, state: &PackageState, by: &Opaque) -> bool {
        match by.package {
            None => state.version().is_none(),
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_show_on_both_sides() {
        let told = |from: &PackageState, to: &PackageState| -> Vec<Difference> {
            Package::diff(&"rsyslog".to_string(), from, to)
        };
        let absent = PackageState::absent(false);
        assert_eq!(
            told(&absent, &PackageState::installed("8.2504.0-1", true)),
            [Difference::property("version", "absent", "8.2504.0-1")]
        );
        assert_eq!(
            told(&absent, &PackageState::installed("", false)),
            [Difference::property("version", "absent", "installed")]
        );
        assert!(told(&PackageState::installed("9", true), &PackageState::installed("", false)).is_empty());
        assert!(told(&absent, &PackageState::absent(true)).is_empty());
        assert_eq!(told(&PackageState::absent(true), &absent).len(), 1, "a purge is a change");
    }

    #[test]
    fn removing_the_way_in_is_a_risk() {
        let risk = |name: &str, to: PackageState| {
            Package::risk(&name.to_string(), &PackageState::installed("1", true), &to)
        };
        assert_eq!(risk("openssh-server", PackageState::absent(true)), Risk::LockOut);
        assert_eq!(risk("openssh-server", PackageState::installed("2", true)), Risk::None);
        assert_eq!(risk("telnetd", PackageState::absent(true)), Risk::None);
    }
}

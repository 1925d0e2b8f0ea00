//! A unit of the service manager: whether it is there, starts at boot, and runs.
//!
//! systemd is asked in one call for all units; hosts with OpenRC or SysV scripts are asked by their
//! own tools.

mod observe;
mod realise;

use super::{Difference, Extras, Kind, Opaque, Realise, Risk, Wanted};
use crate::fragment::{Fragment, Reply};
use serde::{Deserialize, Serialize};

pub use realise::{restart, start_once};

pub struct Unit;

/// Where unit files are, the administrator's first (systemd.unit(5)).
const FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Whether a file is a unit's or a drop-in's.
pub fn is_of_a_unit(path: &str) -> bool {
    unit_of(path).is_some()
}

/// The unit whose file or drop-in this is.
pub fn unit_of(path: &str) -> Option<&str> {
    let inner = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)?.strip_prefix('/'))?;
    match inner.split_once('/') {
        None => Some(inner),
        Some((folder, _)) => folder.strip_suffix(".d"),
    }
}

/// The unit whose own file this is, not a drop-in.
pub fn unit_of_file(path: &str) -> Option<&str> {
    unit_of(path).filter(|unit| path.rsplit('/').next() == Some(unit))
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    Absent,
    Present(Service),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The unit's own name, where it was asked for by an alias (`sshd.service` is Debian's
    /// `ssh.service`).
    pub name: String,
    pub manager: Manager,
    pub masked: bool,
    pub boot: Boot,
    pub active: Active,
    /// It runs to its end and is inactive then (`Type=oneshot` without `RemainAfterExit`): that it
    /// was started can't be seen.
    pub passing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    Systemd,
    Openrc,
    Sysv,
}

/// Whether it starts at boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boot {
    Enabled,
    Disabled,
    /// Not a matter of enabling: `static`, `indirect`, `generated`..., in systemd's word.
    Fixed(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Active {
    Active,
    Inactive,
    Failed,
}

impl Boot {
    pub fn word(&self) -> &str {
        match self {
            Boot::Enabled => "enabled",
            Boot::Disabled => "disabled",
            Boot::Fixed(word) => word,
        }
    }
}

impl Active {
    pub fn word(self) -> &'static str {
        match self {
            Active::Active => "active",
            Active::Inactive => "inactive",
            Active::Failed => "failed",
        }
    }
}

impl UnitState {
    /// Neither runs nor starts at boot: nobody misses it once its file or package is gone.
    pub fn is_down(&self) -> bool {
        self.service().is_none_or(|service| !running(service) && service.boot != Boot::Enabled)
    }

    pub fn service(&self) -> Option<&Service> {
        match self {
            UnitState::Present(service) => Some(service),
            UnitState::Absent => None,
        }
    }
}

/// A unit that a package brings: Debian's packages enable and start what they bring.
pub fn brought(name: &str) -> Service {
    Service {
        name: name.to_string(),
        manager: Manager::Systemd,
        masked: false,
        boot: Boot::Enabled,
        active: Active::Active,
        passing: false,
    }
}

/// A unit whose file a task writes: nobody has enabled or started it yet.
pub fn written(name: &str, text: &str) -> Service {
    let installs = text.lines().any(|line| line.trim() == "[Install]");
    let boot = if installs { Boot::Disabled } else { Boot::Fixed("static".into()) };
    Service { boot, active: Active::Inactive, ..brought(name) }
}

/// The name with its type: `.service` where none is given.
pub fn full_name(name: &str) -> String {
    const TYPES: &[&str] = &[
        ".service",
        ".socket",
        ".device",
        ".mount",
        ".automount",
        ".swap",
        ".target",
        ".path",
        ".timer",
        ".slice",
        ".scope",
    ];
    match TYPES.iter().any(|t| name.ends_with(t)) {
        true => name.to_string(),
        false => format!("{name}.service"),
    }
}

/// Units without which nobody gets in any more; stopping or disabling them is a risk.
const KEEPS_IN: &[&str] = &[
    "ssh.service",
    "sshd.service",
    "ssh.socket",
    "sshd.socket",
    "systemd-networkd.service",
    "NetworkManager.service",
    "networking.service",
    "systemd-logind.service",
    "dbus.service",
];

/// Units that shut the host's doors when they start.
const SHUTS_OUT: &[&str] =
    &["nftables.service", "ufw.service", "firewalld.service", "netfilter-persistent.service"];

/// Units that guard the doors without being one of those: a restart reads their rules anew.
const WATCHES: &[&str] = &["iptables.service", "ip6tables.service", "fail2ban.service"];

/// Whether what this unit does decides who gets in: a restart or a reload of it, and its files.
pub fn is_a_door(name: &str) -> bool {
    let name = full_name(name);
    [KEEPS_IN, SHUTS_OUT, WATCHES].iter().any(|units| units.contains(&name.as_str()))
}

impl Kind for Unit {
    /// With its type: `rsyslog.service`.
    type Id = String;
    type State = UnitState;
    const NAME: &'static str = "unit";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<UnitState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(_name: &String, from: &UnitState, to: &UnitState) -> Vec<Difference> {
        let absent =
            |s: &UnitState| s.service().map_or("absent", |s| if s.masked { "masked" } else { "loaded" });
        let boot = |s: &UnitState| s.service().map_or("", |s| s.boot.word()).to_string();
        let active = |s: &UnitState| s.service().map_or("", |s| s.active.word());
        let mut differences = Vec::new();
        if absent(from) != absent(to) {
            differences.push(Difference::property("unit", absent(from), absent(to)));
        }
        let masked = to.service().is_some_and(|s| s.masked) || from.service().is_some_and(|s| s.masked);
        if boot(from) != boot(to) && !masked {
            differences.push(Difference::property("at boot", boot(from), boot(to)));
        }
        if active(from) != active(to) {
            differences.push(Difference::property("state", active(from), active(to)));
        }
        differences
    }

    fn realise(name: &String, from: &UnitState, to: &UnitState, _: &Extras) -> Result<Realise, String> {
        realise::script(name, from, to)
    }

    fn same(found: &UnitState, wanted: &UnitState) -> bool {
        match (found.service(), wanted.service()) {
            (Some(a), Some(b)) => {
                // How a masked unit would start at boot can't be seen; what it is called and who
                // manages it is no matter of state.
                a.masked == b.masked && (a.masked || a.boot == b.boot) && running(a) == running(b)
            }
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    fn risk(name: &String, from: &UnitState, to: &UnitState) -> Risk {
        let up =
            |s: &UnitState| s.service().is_some_and(|s| running(s) && !s.masked && s.boot != Boot::Disabled);
        let down = up(from) && !up(to) && KEEPS_IN.contains(&name.as_str());
        let shut = !up(from) && up(to) && SHUTS_OUT.contains(&name.as_str());
        if down || shut { Risk::LockOut } else { Risk::None }
    }

    fn shaken(name: &String, state: &UnitState, by: &Opaque) -> bool {
        match (state, &by.package) {
            (UnitState::Absent, _) => true,
            (_, Some(package)) => {
                super::effective::brings(package).is_some_and(|row| row.units.contains(&name.as_str()))
            }
            (_, None) => false,
        }
    }
}

/// A failed unit runs no more than an inactive one.
fn running(service: &Service) -> bool {
    service.active == Active::Active
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_the_way_in_is_a_risk() {
        let up = UnitState::Present(brought("ssh.service"));
        let mut stopped = Service { active: Active::Inactive, ..brought("ssh.service") };
        let risk = |name: &str, from: &UnitState, to: &UnitState| Unit::risk(&name.to_string(), from, to);
        let down = UnitState::Present(stopped.clone());
        assert_eq!(risk("ssh.service", &up, &down), Risk::LockOut);
        assert_eq!(risk("cron.service", &up, &down), Risk::None);
        assert_eq!(risk("nftables.service", &down, &up), Risk::LockOut);
        stopped.active = Active::Failed;
        assert!(Unit::same(&UnitState::Present(stopped), &down), "failed is not running");
    }

    #[test]
    fn names_have_a_type() {
        assert_eq!(full_name("rsyslog"), "rsyslog.service");
        assert_eq!(full_name("apt-daily.timer"), "apt-daily.timer");
        assert_eq!(full_name("php8.2-fpm"), "php8.2-fpm.service");
    }
}

//! What packages and other Changes bring with them, so that what follows is predicted, not
//! conditional.

use super::super::file::{Entry, File, FileState, What};
use super::super::group::{Group, GroupState};
use super::super::unit::{self, Unit, UnitState};
use super::super::user::UserState;
use super::super::{Extras, Key, Opaque, State, Typed};

/// What a package's scripts bring or edit: turns conditional into predicted for the packages of
/// harda's own playbooks. Tested against real installs.
pub struct Brings {
    pub package: &'static str,
    /// Folders that are there once it is installed, owned by root, and their modes.
    pub folders: &'static [(&'static str, u32)],
    /// Units that are enabled and running once it is installed.
    pub units: &'static [&'static str],
    /// Files that its scripts or its archive write: their content is not predicted.
    pub files: &'static [&'static str],
}

/// Read from the packages of Debian 12 and 13.
pub const BROUGHT: &[Brings] = &[
    Brings {
        package: "rsyslog",
        folders: &[("/etc/rsyslog.d", 0o755), ("/var/spool/rsyslog", 0o700)],
        units: &["rsyslog.service"],
        files: &["/etc/rsyslog.conf", "/etc/logrotate.d/rsyslog"],
    },
    Brings {
        package: "libpam-pwquality",
        folders: &[],
        units: &[],
        files: &[
            "/etc/security/pwquality.conf",
            "/usr/share/pam-configs/pwquality",
            "/etc/pam.d/common-password",
        ],
    },
    Brings {
        package: "sudo",
        folders: &[("/etc/sudoers.d", 0o755)],
        units: &[],
        files: &["/etc/sudoers", "/etc/pam.d/sudo", "/etc/pam.d/sudo-i"],
    },
    Brings {
        package: "auditd",
        folders: &[("/etc/audit", 0o750), ("/etc/audit/plugins.d", 0o750), ("/etc/audit/rules.d", 0o750)],
        // Its unit doesn't come up in a container.
        units: &[],
        files: &["/etc/audit/auditd.conf", "/etc/audit/audit.rules"],
    },
    Brings {
        package: "usbguard",
        folders: &[("/etc/usbguard", 0o755)],
        // Its unit doesn't come up where there is no USB.
        units: &[],
        // A policy of what is plugged in now.
        files: &["/etc/usbguard/rules.conf", "/etc/usbguard/usbguard-daemon.conf"],
    },
    Brings { package: "audispd-plugins", folders: &[], units: &[], files: &[] },
    Brings {
        package: "logrotate",
        folders: &[("/etc/logrotate.d", 0o755)],
        units: &["logrotate.timer"],
        files: &["/etc/logrotate.conf"],
    },
    Brings {
        package: "systemd-timesyncd",
        folders: &[],
        // In a container the clock is another's: neither unit comes up.
        units: &[],
        files: &["/etc/systemd/timesyncd.conf"],
    },
    Brings {
        package: "chrony",
        folders: &[("/etc/chrony", 0o755), ("/etc/chrony/sources.d", 0o755)],
        units: &[],
        files: &["/etc/chrony/chrony.conf"],
    },
    Brings {
        package: "unattended-upgrades",
        folders: &[],
        units: &["unattended-upgrades.service"],
        files: &["/etc/apt/apt.conf.d/20auto-upgrades", "/etc/apt/apt.conf.d/50unattended-upgrades"],
    },
    Brings {
        package: "clamav-freshclam",
        folders: &[("/etc/clamav", 0o755)],
        // Debian 13 enables its unit, Debian 12 only starts it.
        units: &[],
        files: &["/etc/clamav/freshclam.conf"],
    },
    Brings { package: "clamav", folders: &[], units: &[], files: &[] },
    Brings { package: "fail2ban", folders: &[], units: &["fail2ban.service"], files: &[] },
    Brings { package: "python3-systemd", folders: &[], units: &[], files: &[] },
    Brings { package: "aide", folders: &[], units: &[], files: &[] },
    Brings {
        package: "strongswan-swanctl",
        folders: &[
            ("/etc/swanctl", 0o755),
            ("/etc/swanctl/conf.d", 0o755),
            ("/etc/swanctl/private", 0o700),
            ("/etc/swanctl/x509", 0o755),
            ("/etc/swanctl/x509ca", 0o755),
        ],
        units: &[],
        files: &["/etc/swanctl/swanctl.conf"],
    },
    Brings { package: "charon-systemd", folders: &[], units: &["strongswan.service"], files: &[] },
    Brings { package: "libstrongswan-standard-plugins", folders: &[], units: &[], files: &[] },
    Brings { package: "stunnel4", folders: &[("/etc/stunnel", 0o755)], units: &[], files: &[] },
    Brings {
        package: "initramfs-tools",
        folders: &[("/etc/initramfs-tools", 0o755)],
        units: &[],
        files: &[],
    },
];

/// The row of a package, if harda knows what it brings.
pub fn brings(package: &str) -> Option<&'static Brings> {
    BROUGHT.iter().find(|row| row.package == package)
}

/// What a Change brings with it, for the World to lay over what was observed: a package's folders
/// and units, an account's home and group.
pub fn follows(key: &Key, from: &State, to: &State, extras: &Extras) -> Vec<(Key, State)> {
    match (key, from, to) {
        (Key::Package(name), State::Package(from), State::Package(to))
            if from.version().is_none() && to.version().is_some() =>
        {
            brought(name)
        }
        (Key::User(name), State::User(UserState::Absent), State::User(UserState::Present(account))) => {
            let group = account.group.clone().unwrap_or_else(|| name.clone());
            let mut follows = Vec::new();
            if extras.account.home {
                follows.push(folder(&account.home, name, &group, 0o755));
            }
            if group == *name {
                let state = GroupState::Present { gid: None, members: Vec::new() };
                follows.push((Group::key(group), Group::wrap(state)));
            }
            follows
        }
        (Key::File(path), State::File(FileState::Absent { .. }), State::File(to)) => {
            written_unit(path, to).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The unit whose file is written, as systemd will know it: neither enabled nor started.
fn written_unit(path: &str, file: &FileState) -> Option<(Key, State)> {
    let id = unit::unit_of_file(path)?;
    let bytes = file.body()?.memory();
    let text = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    Some((Unit::key(id.to_string()), Unit::wrap(UnitState::Present(unit::written(id, &text)))))
}

fn folder(path: &str, owner: &str, group: &str, mode: u32) -> (Key, State) {
    let folder = Entry { what: What::Directory, mode, owner: owner.into(), group: group.into(), links: 1 };
    (File::key(path.to_string()), File::wrap(FileState::Present(folder)))
}

/// What will be there once a package is installed. Its files are left out: that they are there is
/// known, not what is in them.
pub fn brought(package: &str) -> Vec<(Key, State)> {
    let Some(row) = brings(package) else { return Vec::new() };
    let folders = row.folders.iter().map(|(path, mode)| folder(path, "root", "root", *mode));
    let units = row
        .units
        .iter()
        .map(|name| (Unit::key(name.to_string()), Unit::wrap(UnitState::Present(unit::brought(name)))));
    folders.chain(units).collect()
}

/// Whether nothing stands there: what a Change brings is predicted only where it isn't already.
pub fn is_absent(state: &State) -> bool {
    matches!(
        state,
        State::File(FileState::Absent { .. })
            | State::Unit(UnitState::Absent)
            | State::Group(GroupState::Absent)
    )
}

/// Whether an opaque step may write this path.
pub fn brought_by(path: &str, by: &Opaque) -> bool {
    match &by.package {
        Some(package) => brings(package).is_some_and(|row| row.files.contains(&path)),
        None => path.starts_with("/etc/pam.d/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_brings_its_folders_and_units() {
        let keys: Vec<String> = brought("rsyslog").iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["file /etc/rsyslog.d", "file /var/spool/rsyslog", "unit rsyslog.service"]);
    }
}

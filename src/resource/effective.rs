//! Effective states stand on files: which paths belong to which service, what checks a candidate,
//! and what a mistake there costs. One table, whichever module makes the change; what the dead-man's
//! switch keeps is read from it too.

mod words;

use super::file::{Entry, File, FileState, What};
use super::group::{Group, GroupState};
use super::unit::{self, Unit, UnitState};
use super::user::UserState;
use super::{Extras, Key, Opaque, Risk, State, Typed};

pub use words::risk_of_words;

/// A service whose configuration is read from files.
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// Files and folders (ending in `/`) that it reads.
    pub paths: &'static [&'static str],
    /// A command that checks the configuration as it stands on disk, candidates in their places;
    /// run only where its program exists.
    pub checker: Option<&'static str>,
    pub risk: Risk,
    /// What makes changed files effective, where that isn't the next login or connection.
    pub effect: Option<Effect>,
}

impl Service {
    /// The units that take up its changed files once they are told.
    pub fn is_told(&self) -> bool {
        matches!(self.effect, Some(Effect::Reload(_) | Effect::Restart(_)))
    }
}

/// How a service takes up changed files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// One of its units, whichever the host has, is told.
    Reload(&'static [&'static str]),
    Restart(&'static [&'static str]),
    /// When it is started anew, or by a command of its own: harda doesn't know how to tell it.
    Start,
}

/// Sources: sshd(8) `-t`, visudo(8) `-c`, rsyslogd(8) `-N`, nft(8) `-c`; PAM has no checker.
pub const SERVICES: &[Service] = &[
    Service {
        name: "sshd",
        paths: &[
            "/etc/ssh/sshd_config",
            "/etc/ssh/sshd_config.d/",
            "/etc/default/ssh",
            "/etc/sysconfig/sshd",
        ],
        checker: Some("mkdir -p /run/sshd && sshd -t"),
        risk: Risk::LockOut,
        effect: Some(Effect::Reload(&["ssh.service", "sshd.service"])),
    },
    Service {
        name: "sudo",
        paths: &["/etc/sudoers", "/etc/sudoers.d/"],
        checker: Some("visudo -c"),
        risk: Risk::LockOut,
        effect: None,
    },
    Service {
        name: "doas",
        paths: &["/etc/doas.conf", "/etc/doas.d/"],
        checker: Some("doas -C /etc/doas.conf"),
        risk: Risk::LockOut,
        effect: None,
    },
    Service {
        name: "PAM",
        paths: &["/etc/pam.d/", "/etc/pam.conf", "/etc/security/", "/usr/share/pam-configs/"],
        checker: None,
        risk: Risk::LockOut,
        effect: None,
    },
    Service {
        name: "accounts",
        paths: &[
            "/etc/passwd",
            "/etc/shadow",
            "/etc/group",
            "/etc/gshadow",
            "/etc/nsswitch.conf",
            "/etc/nologin",
            "/etc/shells",
            "/etc/securetty",
        ],
        checker: None,
        risk: Risk::LockOut,
        effect: None,
    },
    Service {
        name: "nftables",
        paths: &["/etc/nftables.conf", "/etc/nftables.d/"],
        checker: Some("nft -c -f /etc/nftables.conf"),
        risk: Risk::LockOut,
        effect: Some(Effect::Reload(&["nftables.service"])),
    },
    Service {
        name: "firewall",
        paths: &["/etc/ufw/", "/etc/default/ufw", "/etc/iptables/", "/etc/firewalld/", "/etc/fail2ban/"],
        checker: None,
        risk: Risk::LockOut,
        effect: Some(Effect::Start),
    },
    Service {
        name: "network",
        paths: &[
            "/etc/network/",
            "/etc/netplan/",
            "/etc/systemd/network/",
            "/etc/NetworkManager/",
            "/etc/hosts.deny",
            "/etc/hosts.allow",
        ],
        checker: None,
        risk: Risk::LockOut,
        effect: Some(Effect::Start),
    },
    Service {
        name: "shell profiles",
        paths: &[
            "/etc/profile",
            "/etc/profile.d/",
            "/etc/bash.bashrc",
            "/etc/bashrc",
            "/etc/environment",
            "/etc/zsh/",
            "/etc/zshenv",
            "/etc/zprofile",
            "/etc/zshrc",
            "/etc/zlogin",
            "/etc/csh.cshrc",
            "/etc/csh.login",
            "/etc/ssh/sshrc",
        ],
        checker: None,
        risk: Risk::LockOut,
        effect: None,
    },
    Service {
        name: "rsyslog",
        paths: &["/etc/rsyslog.conf", "/etc/rsyslog.d/"],
        checker: Some("rsyslogd -N1"),
        risk: Risk::None,
        effect: Some(Effect::Restart(&["rsyslog.service"])),
    },
];

/// The keys that let their owner in, in anybody's home.
const KEYS: Service = Service {
    name: "login keys",
    paths: &["/.ssh", "/.ssh/authorized_keys", "/.ssh/authorized_keys2"],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// What a login reads first, in anybody's home.
const PROFILES: Service = Service {
    name: "shell profiles",
    paths: &[
        "/.profile",
        "/.bash_profile",
        "/.bash_login",
        "/.bash_logout",
        "/.bashrc",
        "/.zshenv",
        "/.zprofile",
        "/.zshrc",
        "/.zlogin",
        "/.cshrc",
        "/.tcshrc",
        "/.login",
        "/.kshrc",
        "/.ssh/rc",
        "/.ssh/environment",
    ],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// Without which nobody gets a shell, or root from there. What is in them is a package's.
pub const PROGRAMS: Service = Service {
    name: "programs of a login",
    paths: &[
        "/usr/sbin/sshd",
        "/usr/lib/openssh/sshd-session",
        "/usr/lib/openssh/sshd-auth",
        "/usr/libexec/openssh/sshd-session",
        "/usr/bin/sudo",
        "/usr/bin/doas",
        "/usr/bin/su",
        "/usr/sbin/unix_chkpwd",
        "/bin/sh",
        "/bin/bash",
        "/usr/bin/sh",
        "/usr/bin/bash",
        "/usr/bin/env",
    ],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// Kept by the switch besides: commands under it write them, but a file of these shuts nobody out by
/// itself.
const BESIDES: &[&str] = &[
    "/etc/ssh/",
    "/var/lib/pam/",
    "/run/faillock/",
    "/etc/login.defs",
    "/etc/resolv.conf",
    "/etc/sysctl.conf",
    "/etc/sysctl.d/",
    "/etc/systemd/system/",
    "/run/systemd/system/",
    "/run/systemd/system.control/",
    "/etc/systemd/system.control/",
    "/usr/lib/systemd/system/ssh.service",
    "/usr/lib/systemd/system/ssh.socket",
    "/usr/lib/systemd/system/sshd.service",
    "/usr/lib/systemd/system/sshd.socket",
    "/usr/lib/systemd/system/sshd@.service",
    "/etc/rc0.d/",
    "/etc/rc1.d/",
    "/etc/rc2.d/",
    "/etc/rc3.d/",
    "/etc/rc4.d/",
    "/etc/rc5.d/",
    "/etc/rc6.d/",
    "/etc/rcS.d/",
    "/etc/passwd-",
    "/etc/shadow-",
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/subuid-",
    "/etc/subgid-",
];

/// Put back by entry, not as files.
const DATABASES: &[&str] = &["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"];

/// What the switch keeps of every host, before it knows what will be changed.
pub fn kept() -> Vec<&'static str> {
    let rows = SERVICES.iter().filter(|service| service.risk == Risk::LockOut);
    let paths = rows.flat_map(|service| service.paths).chain(BESIDES).copied();
    paths.filter(|path| !DATABASES.contains(path)).collect()
}

/// What the switch keeps in the homes of the users concerned.
pub fn kept_in_homes() -> Vec<&'static str> {
    PROFILES.paths.iter().map(|path| &path[1..]).filter(|path| !path.starts_with(".ssh/")).collect()
}

/// What new accounts get is read by nobody yet.
const SKELETON: &str = "/etc/skel/";

/// What sshd shows that it is the same host; it doesn't start without one.
const HOST_KEYS: Service = Service {
    name: "host keys",
    paths: &["/etc/ssh/ssh_host_"],
    checker: None,
    risk: Risk::LockOut,
    effect: Some(Effect::Start),
};

/// Files and drop-ins of units that decide who gets in.
const DOORS: Service = Service {
    name: "units of doors",
    paths: &[],
    checker: None,
    risk: Risk::LockOut,
    effect: Some(Effect::Start),
};

/// Homes, which sshd wants to be their owner's alone, and the folders on the way to what a login
/// hangs on.
pub const FOLDERS: Service =
    Service { name: "folders of logins", paths: &[], checker: None, risk: Risk::LockOut, effect: None };

/// The service that reads a path, if harda knows one.
pub fn service_of(path: &str) -> Option<&'static Service> {
    for homes in [&KEYS, &PROFILES] {
        if homes.paths.iter().any(|end| path.ends_with(end)) && !path.starts_with(SKELETON) {
            return Some(homes);
        }
    }
    if HOST_KEYS.paths.iter().any(|start| path.starts_with(start)) {
        return Some(&HOST_KEYS);
    }
    if unit::unit_of(path).is_some_and(unit::is_a_door) {
        return Some(&DOORS);
    }
    if PROGRAMS.paths.contains(&path) {
        return Some(&PROGRAMS);
    }
    let service = SERVICES.iter().find(|service| {
        service.paths.iter().any(|p| if p.ends_with('/') { path.starts_with(p) } else { path == *p })
    });
    service.or_else(|| leads_to_a_login(path).then_some(&FOLDERS))
}

fn leads_to_a_login(path: &str) -> bool {
    let home = path == "/root" || path.strip_prefix("/home/").is_some_and(|name| !name.contains('/'));
    let folder = format!("{}/", path.trim_end_matches('/'));
    let guarded = || SERVICES.iter().chain([&PROGRAMS]).filter(|service| service.risk == Risk::LockOut);
    home || "/home/".starts_with(&folder)
        || guarded().any(|service| service.paths.iter().any(|p| p.starts_with(&folder)))
}

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
    let id = unit::unit_of(path).filter(|id| path.ends_with(&format!("/{id}")))?;
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
    fn a_drop_in_belongs_to_its_service_whoever_writes_it() {
        assert_eq!(service_of("/etc/ssh/sshd_config.d/00-harda.conf").map(|s| s.name), Some("sshd"));
        assert_eq!(service_of("/etc/sudoers.d/admins").map(|s| s.risk), Some(Risk::LockOut));
        assert!(service_of("/etc/ssh/ssh_config").is_none());
        assert!(service_of("/home/a/notes").is_none() && service_of("/etc/motd").is_none());
        for path in
            ["/home/a", "/root", "/home", "/etc/sudoers.d", "/etc/ssh", "/etc", "/etc/ssh/ssh_host_rsa_key"]
        {
            assert_eq!(service_of(path).map(|s| s.risk), Some(Risk::LockOut), "{path}");
        }
        for path in
            ["/root/.profile", "/srv/a/.bashrc", "/home/a/.ssh/rc", "/etc/profile.d/x.sh", "/etc/zsh/zshrc"]
        {
            assert_eq!(service_of(path).map(|s| (s.name, s.risk)), Some(("shell profiles", Risk::LockOut)));
        }
        assert!(service_of("/etc/skel/.bashrc").is_none());
        assert_eq!(service_of("/home/a/.ssh/authorized_keys").map(|s| s.risk), Some(Risk::LockOut));
    }

    #[test]
    fn a_package_brings_its_folders_and_units() {
        let keys: Vec<String> = brought("rsyslog").iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["file /etc/rsyslog.d", "file /var/spool/rsyslog", "unit rsyslog.service"]);
    }
}

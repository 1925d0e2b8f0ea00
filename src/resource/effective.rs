//! Effective states stand on files: which paths belong to which service, what checks a candidate,
//! and what a mistake there costs. One table, whichever module makes the change.

use super::file::{Entry, File, FileState, What};
use super::group::{Group, GroupState};
use super::unit::{self, Unit, UnitState};
use super::user::UserState;
use super::{Extras, Key, Opaque, Risk, State, Typed};

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

/// How a service takes up changed files: one of its units, whichever the host has, is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reload(&'static [&'static str]),
    Restart(&'static [&'static str]),
}

/// Sources: sshd(8) `-t`, visudo(8) `-c`, rsyslogd(8) `-N`, nft(8) `-c`; PAM has no checker.
pub const SERVICES: &[Service] = &[
    Service {
        name: "sshd",
        paths: &["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/"],
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
        name: "network",
        paths: &[
            "/etc/network/",
            "/etc/netplan/",
            "/etc/systemd/network/",
            "/etc/hosts.deny",
            "/etc/hosts.allow",
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

/// What sshd shows that it is the same host; it doesn't start without one.
const HOST_KEYS: Service = Service {
    name: "host keys",
    paths: &["/etc/ssh/ssh_host_"],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// Homes, which sshd wants to be their owner's alone, and the folders on the way to what a login
/// hangs on.
pub const FOLDERS: Service =
    Service { name: "folders of logins", paths: &[], checker: None, risk: Risk::LockOut, effect: None };

/// The service that reads a path, if harda knows one.
pub fn service_of(path: &str) -> Option<&'static Service> {
    if KEYS.paths.iter().any(|end| path.ends_with(end)) {
        return Some(&KEYS);
    }
    if HOST_KEYS.paths.iter().any(|start| path.starts_with(start)) {
        return Some(&HOST_KEYS);
    }
    let service = SERVICES.iter().find(|service| {
        service.paths.iter().any(|p| if p.ends_with('/') { path.starts_with(p) } else { path == *p })
    });
    service.or_else(|| leads_to_a_login(path).then_some(&FOLDERS))
}

fn leads_to_a_login(path: &str) -> bool {
    let home = path == "/root" || path.strip_prefix("/home/").is_some_and(|name| !name.contains('/'));
    let folder = format!("{}/", path.trim_end_matches('/'));
    let guarded = || SERVICES.iter().filter(|service| service.risk == Risk::LockOut);
    home || "/home/".starts_with(&folder)
        || guarded().any(|service| service.paths.iter().any(|p| p.starts_with(&folder)))
}

/// Programs and services whose name in a command line says that it can end the admin's access.
const ACCESS_WORDS: &[&str] = &[
    "ssh",
    "sshd",
    "visudo",
    "pam-auth-update",
    "authselect",
    "passwd",
    "chpasswd",
    "chage",
    "usermod",
    "groupmod",
    "delgroup",
    "userdel",
    "deluser",
    "groupdel",
    "faillock",
    "nft",
    "nftables",
    "ufw",
    "firewall-cmd",
    "firewalld",
    "ipset",
    "ip",
    "route",
    "ifconfig",
    "sysctl",
    "ifdown",
    "ifup",
    "nmcli",
    "netplan",
    "networking",
    "systemd-networkd",
    "NetworkManager",
    "fail2ban-client",
    // Files and folders that logins hang on, as parts of a path.
    ".ssh",
    "authorized_keys",
    "sshd_config",
    "sshd_config.d",
    "pam.d",
    "faillock.conf",
    "sudoers",
    "sudoers.d",
    "doas.conf",
    "shadow",
    "gshadow",
    "nologin",
    "hosts.deny",
    "nsswitch.conf",
    "chsh",
    "gpasswd",
    "groupmems",
    "vipw",
];

/// Programs that take a home from its owner, and how homes are named.
const HOME_TOOLS: &[&str] = &["chmod", "chown", "chgrp", "setfacl", "chattr", "rm", "mv"];
const HOMES: &[&str] = &["home", "root", "~"];

/// Programs that end the machine's run.
const REBOOT_WORDS: &[&str] = &["reboot", "shutdown", "poweroff", "halt", "kexec"];

/// What a command may cost, by the words in it: a guess on the safe side, as what it does is not
/// known.
pub fn risk_of_words(line: &str) -> Risk {
    let parts = line.split(|c: char| c.is_whitespace() || "/;&|()'\"=<>".contains(c));
    let (mut risk, mut tool, mut home) = (Risk::None, false, false);
    for word in parts.map(|w| w.trim_end_matches(".service")) {
        let filter = ["iptables", "ip6tables", "ebtables", "arptables"].iter().any(|f| word.starts_with(f));
        if filter || ACCESS_WORDS.contains(&word) {
            return Risk::LockOut;
        }
        if REBOOT_WORDS.contains(&word) {
            risk = Risk::Reboot;
        }
        tool |= HOME_TOOLS.contains(&word);
        home |= HOMES.contains(&word);
    }
    if tool && home { Risk::LockOut } else { risk }
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
        _ => Vec::new(),
    }
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
        assert_eq!(service_of("/home/a/.ssh/authorized_keys").map(|s| s.risk), Some(Risk::LockOut));
    }

    #[test]
    fn a_command_is_judged_by_its_words() {
        let lock_out =
            ["nft -f /x", "sh -c 'rm /etc/pam.d/common-auth'", "chmod 777 /home/anna", "chown -R a ~/"];
        assert!(lock_out.iter().all(|line| risk_of_words(line) == Risk::LockOut));
        assert_eq!(risk_of_words("systemctl reboot"), Risk::Reboot);
        assert_eq!(risk_of_words("chmod 644 /etc/motd"), Risk::None);
        assert_eq!(risk_of_words("ls /home/anna"), Risk::None);
    }

    #[test]
    fn a_package_brings_its_folders_and_units() {
        let keys: Vec<String> = brought("rsyslog").iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["file /etc/rsyslog.d", "file /var/spool/rsyslog", "unit rsyslog.service"]);
    }
}

//! Effective states stand on files: which paths belong to which service, what checks a candidate,
//! and what a mistake there costs. One table, whichever module makes the change; what the dead-man's
//! switch keeps is read from it too.

mod brought;
mod words;

use super::{Risk, unit};

pub use brought::{BROUGHT, Brings, brings, brought, brought_by, follows, is_absent};
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
}

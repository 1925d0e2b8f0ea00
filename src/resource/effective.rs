//! Effective states stand on files: which paths belong to which service, what checks a candidate,
//! and what a mistake there costs. One table, whichever module makes the change; what the dead-man's
//! switch keeps is read from it too.

mod brought;
mod kept;
pub mod members;
mod ways;
mod words;

use super::{Risk, unit};

pub use brought::{BROUGHT, Brings, brings, brought, brought_by, follows, is_absent};
pub use kept::{kept, kept_in_homes};
pub use ways::Ways;
pub use words::{Told, judge};

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

    fn reads(&self, path: &str) -> bool {
        let is_it = |p: &&str| if p.ends_with('/') { path.starts_with(p) } else { path == *p };
        self.paths.iter().any(is_it)
    }

    /// Whether something that it reads lies below this folder, which ends in `/`.
    fn lies_in(&self, folder: &str) -> bool {
        self.paths.iter().any(|path| path.starts_with(folder))
    }

    /// Whether all or some of what is below this folder, which ends in `/`, is read.
    pub fn has_to_do_with(&self, folder: &str) -> bool {
        self.lies_in(folder) || self.reads(folder)
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
        paths: &["/etc/sudoers", "/etc/sudoers.d/", "/etc/sudo.conf"],
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
            "/etc/nslcd.conf",
            "/etc/krb5.conf",
            "/etc/sssd/",
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
        name: "libraries of a login",
        paths: &["/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/", "/etc/ld.so.cache"],
        checker: None,
        risk: Risk::LockOut,
        effect: None,
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

/// What these load, and the folders that they don't start without. Too large to be kept of every host:
/// a change of one keeps it.
const LOADED: Service = Service {
    name: "libraries of a login",
    paths: &[
        "/usr/lib/sudo/",
        "/usr/libexec/sudo/",
        "/usr/lib/security/",
        "/usr/lib64/security/",
        "/lib/security/",
        "/lib64/security/",
        "/run/sshd/",
        "/usr/share/empty.sshd/",
        "/var/empty/",
    ],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// Where libraries are; those of one architecture lie in a folder of its name below.
const LIBRARIES: &[&str] =
    &["/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32"];

/// The rest of a path in a folder of libraries, of one architecture or of all.
fn in_libraries(path: &str) -> Option<&str> {
    let rest = LIBRARIES.iter().find_map(|folder| path.strip_prefix(folder)?.strip_prefix('/'))?;
    match rest.split_once('/') {
        Some((architecture, rest)) if architecture.contains("-linux-") => Some(rest),
        None if rest.contains("-linux-") => Some(""),
        _ => Some(rest),
    }
}

/// A library that any program may load, or a module of PAM.
fn is_loaded(path: &str) -> bool {
    in_libraries(path).is_some_and(|rest| {
        let library = !rest.contains('/') && (rest.ends_with(".so") || rest.contains(".so."));
        library || rest.starts_with("security/")
    })
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

/// Whatever else lies with sshd's files may be named by them: keys, lists of principals, authorities.
const NAMED_BY_SSHD: Service = Service {
    name: "files of sshd",
    paths: &["/etc/ssh/"],
    checker: None,
    risk: Risk::LockOut,
    effect: None,
};

/// What is only for those who leave this host, or changes nothing when it is gone.
const NOT_OF_SSHD: &[&str] =
    &["/etc/ssh/ssh_config", "/etc/ssh/ssh_known_hosts", "/etc/ssh/moduli", "/etc/ssh/banner"];

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
    if is_loaded(path) {
        return Some(&LOADED);
    }
    let tables = [&PROGRAMS, &LOADED].into_iter().chain(SERVICES);
    let named = |path: &str| !NOT_OF_SSHD.iter().any(|start| path.starts_with(start));
    let tables = tables.chain(named(path).then_some(&NAMED_BY_SSHD));
    tables
        .into_iter()
        .find(|service| service.reads(path))
        .or_else(|| leads_to_a_login(path).then_some(&FOLDERS))
}

/// All in which a mistake shuts out.
pub fn that_shut_out() -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().chain([&PROGRAMS, &LOADED]).filter(|service| service.risk == Risk::LockOut)
}

fn leads_to_a_login(path: &str) -> bool {
    let home = path == "/root" || path.strip_prefix("/home/").is_some_and(|name| !name.contains('/'));
    let folder = format!("{}/", path.trim_end_matches('/'));
    home || "/home/".starts_with(&folder)
        || is_of_libraries(path)
        || that_shut_out().any(|service| service.lies_in(&folder))
}

fn is_of_libraries(path: &str) -> bool {
    LIBRARIES.contains(&path) || in_libraries(path) == Some("")
}

/// Whether those who have logged in come through this folder to a program, or to what it loads.
pub fn leads_to_programs(path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    is_of_libraries(path) || PROGRAMS.lies_in(&folder)
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
        for path in [
            "/etc/sudo.conf",
            "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
            "/lib64/security",
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            "/lib/x86_64-linux-gnu",
            "/usr/lib",
            "/etc/ld.so.preload",
            "/etc/ssh/keys/anna",
            "/run/sshd",
            "/etc/systemd/system.control/ssh.service.d/50-TasksMax.conf",
        ] {
            assert_eq!(service_of(path).map(|s| s.risk), Some(Risk::LockOut), "{path}");
        }
        for path in [
            "/etc/ssh/moduli",
            "/usr/lib/tmpfiles.d/x.conf",
            "/usr/lib/x86_64-linux-gnu/perl",
            "/usr/share/doc",
        ] {
            assert!(service_of(path).is_none(), "{path}");
        }
        assert_eq!(service_of("/home/a/.ssh/authorized_keys").map(|s| s.risk), Some(Risk::LockOut));
    }
}

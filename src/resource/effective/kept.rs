//! What the switch keeps of every host, before it knows what will be changed.

use super::{PROFILES, Risk, SERVICES};

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

/// Paths; one that ends in `/` is kept with all that is in it.
pub fn kept() -> Vec<&'static str> {
    let rows = SERVICES.iter().filter(|service| service.risk == Risk::LockOut);
    let paths = rows.flat_map(|service| service.paths).chain(BESIDES).copied();
    paths.filter(|path| !DATABASES.contains(path)).collect()
}

/// What the switch keeps in the homes of the users concerned.
pub fn kept_in_homes() -> Vec<&'static str> {
    PROFILES.paths.iter().map(|path| &path[1..]).filter(|path| !path.starts_with(".ssh/")).collect()
}

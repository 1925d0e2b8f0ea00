//! What `package`, `apt` and `dnf` take: Ansible's parameters, and what harda says to the others.

use super::super::{Args, Kind, Param};
use crate::resource::package::Options;
use crate::world::Stop;

const NAME: Param = Param::new(
    &["name", "pkg", "package"],
    Kind::List,
    "The packages; `name=version` for a version of its own.",
);
const UPDATE_CACHE: Param = Param::new(
    &["update_cache", "update-cache"],
    Kind::Bool,
    "Fetch the lists first, where something is to be installed. Alone: fetch them.",
);
const AUTOREMOVE: Param =
    Param::new(&["autoremove"], Kind::Bool, "Also remove what was installed only for others.");
const LOCK: Param =
    Param::new(&["lock_timeout"], Kind::Integer, "Seconds to wait for another apt. Default: 120.");

pub const COMMON: &[Param] = &[
    NAME.required(),
    Param::new(&["state"], Kind::Text, "What should be. Default: present.")
        .choices(&["present", "installed", "absent", "removed", "latest"])
        .required(),
    Param::new(&["use"], Kind::Text, "The package manager: always the host's own."),
    UPDATE_CACHE,
    AUTOREMOVE,
];

pub const APT: &[Param] = &[
    NAME,
    Param::new(&["state"], Kind::Text, "What should be. Default: present.").choices(&[
        "present",
        "absent",
        "latest",
        "build-dep",
        "fixed",
    ]),
    UPDATE_CACHE,
    Param::new(&["cache_valid_time"], Kind::Integer, "Seconds for which fetched lists are fresh enough."),
    Param::new(&["install_recommends", "install-recommends"], Kind::Bool, "Default: as the host is set up."),
    Param::new(&["purge"], Kind::Bool, "Delete configuration files too when removing. Default: false."),
    AUTOREMOVE,
    Param::new(&["autoclean"], Kind::Bool, "Delete downloaded packages that can't be had any more."),
    Param::new(&["clean"], Kind::Bool, "Delete downloaded packages."),
    Param::new(&["upgrade"], Kind::Text, "Upgrade all packages.")
        .choices(&["yes", "safe", "full", "dist", "no", "True", "False"]),
    Param::new(&["default_release", "default-release"], Kind::Text, "The release to install from."),
    Param::new(&["only_upgrade"], Kind::Bool, "Leave out what is not installed. Default: false."),
    Param::new(&["allow_downgrade", "allow_downgrades", "allow-downgrade"], Kind::Bool, "Default: false."),
    Param::new(&["allow_change_held_packages"], Kind::Bool, "Default: false."),
    Param::new(
        &["policy_rc_d"],
        Kind::Integer,
        "What invoke-rc.d is told: 101 keeps services from starting.",
    ),
    LOCK,
    Param::new(&["deb"], Kind::Text, "Not yet: a package file."),
    Param::new(&["dpkg_options"], Kind::Text, "Only the default: `force-confdef,force-confold`."),
    Param::new(&["force_apt_get"], Kind::Bool, "Always so."),
    Param::new(&["allow_unauthenticated", "allow-unauthenticated"], Kind::Bool, "Never."),
    Param::new(&["force"], Kind::Bool, "Never."),
    Param::new(&["fail_on_autoremove"], Kind::Bool, "Only false."),
    Param::new(&["update_cache_retries"], Kind::Integer, "Taken; harda waits for the lock by itself."),
    Param::new(&["update_cache_retry_max_delay"], Kind::Integer, "Taken."),
];

pub const DNF: &[Param] = &[
    NAME,
    Param::new(&["state"], Kind::Text, "What should be. Default: present.").choices(&[
        "present",
        "installed",
        "absent",
        "removed",
        "latest",
    ]),
    UPDATE_CACHE,
    AUTOREMOVE,
    Param::new(&["install_weak_deps"], Kind::Bool, "Default: as the host is set up."),
    Param::new(&["disable_gpg_check"], Kind::Bool, "Never."),
];

/// What can't be done, or would be wrong to do.
pub fn refuse(args: &Args) -> Result<(), Stop> {
    let error = |text: &str| Err(Stop::error(text));
    if args.get("deb").is_some() {
        return error("`deb` can't be done yet: install from a repository");
    }
    for name in ["allow_unauthenticated", "force", "disable_gpg_check"] {
        if args.flag(name) == Some(true) {
            return Err(Stop::error(format!(
                "`{name}: true` would install what nobody signed; give the host the repository's key instead"
            )));
        }
    }
    if args.flag("fail_on_autoremove") == Some(true) {
        return error("`fail_on_autoremove: true` is not known to harda");
    }
    if matches!(args.text("state").as_deref(), Some("build-dep" | "fixed")) {
        return error(
            "`state` is `present`, `latest` or `absent`; `build-dep` and `fixed` can't be done yet",
        );
    }
    if args.text("dpkg_options").is_some_and(|o| o != "force-confdef,force-confold") {
        return error("`dpkg_options` can only be `force-confdef,force-confold`");
    }
    if args.integer("policy_rc_d").is_some_and(|n| !(0..=255).contains(&n)) {
        return error("`policy_rc_d` is an exit status from 0 to 255");
    }
    Ok(())
}

pub fn options(args: &Args) -> Options {
    Options {
        refresh: args.flag("update_cache").unwrap_or(false) || args.get("cache_valid_time").is_some(),
        recommends: args.flag("install_recommends").or(args.flag("install_weak_deps")),
        purge: args.flag("purge").unwrap_or(false),
        autoremove: args.flag("autoremove").unwrap_or(false),
        downgrade: args.flag("allow_downgrade").unwrap_or(false),
        held: args.flag("allow_change_held_packages").unwrap_or(false),
        release: args.text("default_release"),
        policy: args.integer("policy_rc_d"),
        lock: args.integer("lock_timeout"),
    }
}

//! The scripts that enable, start, stop and mask, and those that restart.

use super::{Active, Boot, Manager, Service, UnitState, running};
use crate::fragment::quote;
use crate::resource::Realise;
use std::fmt::Write;

/// A service may take its time: systemd's own limit for a start is 90 s.
const SECONDS: u64 = 180;

pub fn script(name: &str, from: &UnitState, to: &UnitState) -> Result<Realise, String> {
    let Some(wanted) = to.service() else {
        return Err(format!("`{name}` can't be made absent: a unit goes with its package or its file"));
    };
    let script = match wanted.manager {
        Manager::Systemd => systemd(wanted, from.service()),
        Manager::Openrc | Manager::Sysv => scripts(wanted, from.service())?,
    };
    Ok(Realise { script, seconds: Some(SECONDS), ..Realise::default() })
}

/// Unit files that were changed on disk are read first; systemd says by itself where that is due.
const RELOAD: &str = "[ \"$(systemctl show -p NeedDaemonReload --value -- \"$u\")\" != yes ] || systemctl daemon-reload || exit 1\n";

/// `systemctl start` of a simple service comes back before the program has failed.
const PROOF: &str = "sleep 0.5 2>/dev/null || sleep 1\n\
    case $(systemctl is-active -- \"$u\") in active|activating|reloading|refreshing) ;; *) tell; exit 1;; esac\n";

/// What the service said, for the one who must find out why.
const TELL: &str = "tell() { echo \"$u does not run; its last words:\"; journalctl -u \"$u\" -n 20 --no-pager -o cat 2>/dev/null \
    || systemctl status --no-pager -- \"$u\"; } >&2\n";

fn systemd(wanted: &Service, from: Option<&Service>) -> String {
    let mut script = format!("u={}\n{TELL}{RELOAD}", quote(&wanted.name));
    let was_masked = from.is_some_and(|f| f.masked);
    if was_masked && !wanted.masked {
        script.push_str("systemctl unmask -- \"$u\" || exit 1\n");
    }
    if running(wanted) != from.is_some_and(running) && wanted.active != Active::Active {
        script.push_str("systemctl stop -- \"$u\" || exit 1\n");
    }
    if !wanted.masked && (was_masked || from.map(|f| &f.boot) != Some(&wanted.boot)) {
        match wanted.boot {
            Boot::Enabled => script.push_str("systemctl enable -- \"$u\" || exit 1\n"),
            Boot::Disabled => script.push_str("systemctl disable -- \"$u\" || exit 1\n"),
            Boot::Fixed(_) => {}
        }
    }
    if wanted.masked && !was_masked {
        script.push_str("systemctl mask -- \"$u\" || exit 1\n");
    }
    if running(wanted) && !from.is_some_and(running) {
        // A unit that failed too often is refused a start until that is forgotten.
        script.push_str(
            "systemctl reset-failed -- \"$u\" 2>/dev/null\nsystemctl start -- \"$u\" || { tell; exit 1; }\n",
        );
        script.push_str(PROOF);
    }
    script
}

fn scripts(wanted: &Service, from: Option<&Service>) -> Result<String, String> {
    if wanted.masked {
        return Err(format!("`{}` can't be masked: only systemd does that", wanted.name));
    }
    let openrc = wanted.manager == Manager::Openrc;
    let mut script = format!("s={}\n", quote(wanted.name.trim_end_matches(".service")));
    if from.map(|f| &f.boot) != Some(&wanted.boot) {
        script.push_str(match (&wanted.boot, openrc) {
            (Boot::Enabled, true) => "rc-update add \"$s\" default || exit 1\n",
            (_, true) => "rc-update del \"$s\" || exit 1\n",
            (Boot::Enabled, false) => {
                "if command -v update-rc.d >/dev/null 2>&1; then update-rc.d \"$s\" defaults && update-rc.d \"$s\" enable; \
                 else chkconfig \"$s\" on; fi || exit 1\n"
            }
            (_, false) => {
                "if command -v update-rc.d >/dev/null 2>&1; then update-rc.d \"$s\" disable; else chkconfig \"$s\" off; fi || exit 1\n"
            }
        });
    }
    let verb = match (running(wanted), from.is_some_and(running)) {
        (true, false) => "start",
        (false, true) => "stop",
        _ => return Ok(script),
    };
    let _ = writeln!(script, "{} {verb} || exit 1", call(openrc));
    Ok(script)
}

fn call(openrc: bool) -> &'static str {
    if openrc { "rc-service \"$s\"" } else { "\"/etc/init.d/$s\"" }
}

/// Restarts or reloads (`verb`) a unit; `fresh` has systemd read all unit files before.
pub fn restart(name: &str, verb: &str, manager: Manager, fresh: bool) -> String {
    if manager != Manager::Systemd {
        let stem = quote(name.trim_end_matches(".service"));
        return format!("s={stem}\n{} {verb} || exit 1\n", call(manager == Manager::Openrc));
    }
    let reload = if fresh { "systemctl daemon-reload || exit 1\n" } else { RELOAD };
    // A unit that doesn't run can't be reloaded: it is started, as Ansible does. What runs to its
    // end is not looked at afterwards.
    let verb = if verb == "reload" { "reload-or-restart" } else { verb };
    format!(
        "u={}\n{TELL}{reload}systemctl reset-failed -- \"$u\" 2>/dev/null\n\
         systemctl {verb} -- \"$u\" || {{ tell; exit 1; }}\n\
         [ \"$(systemctl show -p Type --value -- \"$u\")\" = oneshot ] && exit 0\n{PROOF}",
        quote(name)
    )
}

/// Starts what runs to its end.
pub fn start_once(name: &str) -> String {
    format!("u={}\n{TELL}{RELOAD}systemctl start -- \"$u\" || {{ tell; exit 1; }}\n", quote(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(from: &UnitState, to: &UnitState) -> Vec<String> {
        let made = script("x.service", from, to).expect("a script").script;
        let verbs = made.lines().filter_map(|l| l.strip_prefix("systemctl "));
        verbs.filter_map(|l| l.split(' ').next()).map(str::to_string).collect()
    }

    #[test]
    fn the_steps_come_in_an_order_that_works() {
        let service = crate::resource::unit::brought("x.service");
        let up = UnitState::Present(service.clone());
        let down =
            UnitState::Present(Service { boot: Boot::Disabled, active: Active::Inactive, ..service.clone() });
        let masked = UnitState::Present(Service {
            masked: true,
            boot: Boot::Disabled,
            active: Active::Inactive,
            ..service
        });
        assert_eq!(steps(&down, &up), ["enable", "reset-failed", "start"]);
        assert_eq!(steps(&up, &down), ["stop", "disable"]);
        assert_eq!(steps(&up, &masked), ["stop", "mask"]);
        assert_eq!(steps(&masked, &up), ["unmask", "enable", "reset-failed", "start"]);
        assert!(script("x.service", &up, &UnitState::Absent).is_err());
    }
}

//! Asking the service manager: one `systemctl show` for all, or the scripts of SysV and OpenRC.
//!
//! The answer: the manager's name, then with systemd a block of `Property=value` lines for each
//! unit in the order asked, a line `--` and the units of SysV scripts that start at boot; else a
//! line `there|at boot|active` for each unit.

use super::{Active, Boot, Manager, Service, UnitState};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::Wanted;
use std::collections::HashMap;

/// A unit that systemd makes from a SysV script is `generated`: whether it is enabled is told by
/// the links to the script.
const SCRIPT: &str = r#"at_boot() { for f in /etc/rc[2-5].d/S[0-9][0-9]"$1"; do [ -e "$f" ] && return 0; done; return 1; }
if [ -d /run/systemd/system ]; then
  echo systemd
  systemctl show -p Id -p LoadState -p UnitFileState -p ActiveState -p SubState -p Type -p RemainAfterExit -- "$@" || exit 1
  echo --
  for u; do case $u in *.service) at_boot "${u%.service}" && echo "$u";; esac; done
elif command -v rc-service >/dev/null 2>&1; then
  echo openrc
  for u; do
    s=${u%.service}; t=no; b=no; a=no
    [ -x "/etc/init.d/$s" ] && t=yes
    for f in /etc/runlevels/*/"$s"; do [ -e "$f" ] && b=yes; done
    [ $t = yes ] && rc-service "$s" status >/dev/null 2>&1 && a=yes
    echo "$t|$b|$a"
  done
elif [ -d /etc/init.d ]; then
  echo sysv
  for u; do
    s=${u%.service}; t=no; b=no; a=no
    [ -x "/etc/init.d/$s" ] && t=yes
    at_boot "$s" && b=yes
    [ $t = yes ] && "/etc/init.d/$s" status >/dev/null 2>&1 </dev/null && a=yes
    echo "$t|$b|$a"
  done
else
  echo 'neither systemd nor OpenRC nor /etc/init.d manages services on this host' >&2
  exit 1
fi
true
"#;

pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
    Fragment::new(format!("set -- {}\n{SCRIPT}", names.join(" ")))
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<UnitState, String>> {
    if reply.status != 0 || reply.truncated {
        let why = format!("could not be asked for: {}", reply.error_text());
        return wanted.iter().map(|_| Err(why.clone())).collect();
    }
    let text = reply.text();
    let (manager, rest) = text.split_once('\n').unwrap_or((&text, ""));
    match manager {
        "systemd" => systemd(wanted, rest),
        "openrc" => scripts(wanted, rest, Manager::Openrc),
        "sysv" => scripts(wanted, rest, Manager::Sysv),
        other => wanted.iter().map(|_| Err(format!("has an unknown manager `{other}`"))).collect(),
    }
}

fn systemd(wanted: &[Wanted<String>], text: &str) -> Vec<Result<UnitState, String>> {
    let (shown, linked) = text.split_once("--\n").unwrap_or((text, ""));
    let linked: Vec<&str> = linked.lines().collect();
    let blocks: Vec<HashMap<&str, &str>> =
        shown.split("\n\n").map(|block| block.lines().filter_map(|l| l.split_once('=')).collect()).collect();
    let blocks: Vec<_> = blocks.into_iter().filter(|b| !b.is_empty()).collect();
    if blocks.len() != wanted.len() {
        let why = format!("was not told: {} answers for {} units", blocks.len(), wanted.len());
        return wanted.iter().map(|_| Err(why.clone())).collect();
    }
    wanted.iter().zip(&blocks).map(|(w, block)| unit(&w.id, block, linked.contains(&w.id.as_str()))).collect()
}

fn unit(id: &str, block: &HashMap<&str, &str>, linked: bool) -> Result<UnitState, String> {
    let get = |name: &str| block.get(name).copied().unwrap_or_default();
    let load = get("LoadState");
    match load {
        // A unit that ran and whose file is gone is `not-found` and still active: it is stopped by
        // its name all the same.
        "not-found" if get("ActiveState") != "active" => return Ok(UnitState::Absent),
        "loaded" | "masked" | "not-found" => {}
        other => {
            return Err(format!("is not in order: systemd calls it `{other}` (`systemctl status {id}`)"));
        }
    }
    let boot = match get("UnitFileState") {
        "enabled" => Boot::Enabled,
        "disabled" | "linked" | "masked" | "masked-runtime" => Boot::Disabled,
        "generated" if linked => Boot::Enabled,
        "generated" if id.ends_with(".service") => Boot::Disabled,
        "" => Boot::Fixed("none".into()),
        other => Boot::Fixed(other.into()),
    };
    let active = match (get("ActiveState"), get("SubState")) {
        // It fails again and again: systemd waits before the next try.
        ("activating", "auto-restart" | "auto-restart-queued") => Active::Failed,
        ("active" | "activating" | "reloading" | "refreshing", _) => Active::Active,
        ("failed", _) => Active::Failed,
        _ => Active::Inactive,
    };
    Ok(UnitState::Present(Service {
        name: get("Id").to_string(),
        manager: Manager::Systemd,
        masked: load == "masked",
        boot,
        active,
        passing: get("Type") == "oneshot" && get("RemainAfterExit") == "no",
    }))
}

fn scripts(wanted: &[Wanted<String>], text: &str, manager: Manager) -> Vec<Result<UnitState, String>> {
    let mut lines = text.lines();
    wanted
        .iter()
        .map(|w| {
            let line = lines.next().ok_or_else(|| "was not told".to_string())?;
            let words: Vec<bool> = line.split('|').map(|word| word == "yes").collect();
            let [there, boot, active] = words[..] else {
                return Err(format!("was told as `{line}`"));
            };
            Ok(match there {
                false => UnitState::Absent,
                true => UnitState::Present(Service {
                    name: w.id.clone(),
                    manager,
                    masked: false,
                    boot: if boot { Boot::Enabled } else { Boot::Disabled },
                    active: if active { Active::Active } else { Active::Inactive },
                    passing: false,
                }),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::process::Command;

    fn wanted(ids: &[&str]) -> Vec<Wanted<String>> {
        ids.iter().map(|id| Wanted { id: id.to_string(), level: Level::Digest }).collect()
    }

    fn read(ids: &[&str], stdout: &str) -> Vec<Result<UnitState, String>> {
        parse(&wanted(ids), &Reply { stdout: stdout.into(), ..Reply::default() })
    }

    #[test]
    fn systemds_blocks_are_read_in_order() {
        let text = "systemd\n\
            Type=notify\nRemainAfterExit=no\nId=ssh.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n\n\
            Id=nosuch.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n\n\
            Type=oneshot\nRemainAfterExit=no\nId=fstrim.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=static\n\n\
            Id=avahi-daemon.service\nLoadState=masked\nActiveState=inactive\nSubState=dead\nUnitFileState=masked\n\n\
            Type=forking\nId=old.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=generated\n\n\
            Id=bad.service\nLoadState=bad-setting\nActiveState=inactive\nSubState=dead\nUnitFileState=\n\n\
            Type=simple\nId=flap.service\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=disabled\n\
            --\nold.service\n";
        let ids = ["sshd", "nosuch", "fstrim", "avahi-daemon", "old", "bad", "flap"];
        let ids: Vec<String> = ids.iter().map(|i| format!("{i}.service")).collect();
        let states = read(&ids.iter().map(String::as_str).collect::<Vec<_>>(), text);
        let service = |at: usize| states[at].as_ref().expect("told").service().expect("there").clone();
        assert_eq!(service(0).name, "ssh.service");
        assert_eq!((service(0).boot, service(0).active), (Boot::Enabled, Active::Active));
        assert_eq!(states[1], Ok(UnitState::Absent));
        assert_eq!(service(2).boot, Boot::Fixed("static".into()));
        assert!(service(2).passing);
        assert!(service(3).masked);
        assert_eq!((service(4).boot, service(4).active), (Boot::Enabled, Active::Failed));
        assert!(states[5].as_ref().is_err_and(|e| e.contains("bad-setting")));
        assert_eq!(service(6).active, Active::Failed);
    }

    #[test]
    fn scripts_are_read() {
        let states = read(&["cron.service", "nosuch.service"], "sysv\nyes|yes|no\nno|no|no\n");
        let cron = states[0].as_ref().expect("told").service().expect("there");
        assert_eq!(
            (cron.manager, &cron.boot, cron.active),
            (Manager::Sysv, &Boot::Enabled, Active::Inactive)
        );
        assert_eq!(states[1], Ok(UnitState::Absent));
    }

    #[test]
    fn every_shell_asks_this_machine() {
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let wanted = wanted(&["harda-no-such.service", "harda-neither.timer"]);
            let out = Command::new(shell[0])
                .args(&shell[1..])
                .arg("-c")
                .arg(script(&wanted).script)
                .output()
                .expect("the shell starts");
            let reply = Reply {
                stdout: out.stdout,
                stderr: out.stderr,
                status: out.status.code().unwrap_or(-1),
                ..Reply::default()
            };
            for state in parse(&wanted, &reply) {
                assert_eq!(state, Ok(UnitState::Absent), "{shell:?}");
            }
        }
    }
}

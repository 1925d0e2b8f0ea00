//! Asking modprobe, /proc/modules and the list of what is built in.
//!
//! `modprobe -n -v` has status 0 whether a module is blocked or not, and prints nothing for one that
//! is loaded or built in; its configuration (`--showconfig`) tells the block in every case, and the
//! first `install` line of a module counts. Tried on Debian 12 and 13.

use super::{ModuleState, Place, kernel_name};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{NO_RIGHTS, Wanted};
use std::fmt::Write;

/// Each answer is a line with a letter in front: `T` the module tree is there, `M` a line of
/// /proc/modules, `X` a file of modprobe that can't be read, `C` an install line, `F` a module's file,
/// `B` a module that is built in, `D` what is in use on USB disks, `N` the name asked and `|` what
/// modprobe would do for it: of a blocked one it no longer says that there is none.
pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let names: Vec<String> = wanted.iter().map(|w| kernel_name(&w.id)).collect();
    let loaded = names.join("|");
    let files = loaded.replace('_', "[-_]");
    let mut script = format!(
        "r=/lib/modules/$(uname -r)\nm=; IFS=:\n\
         for p in $PATH:/usr/sbin:/sbin; do [ ! -x \"$p/modprobe\" ] || {{ m=$p/modprobe; break; }}; done; unset IFS\n\
         [ ! -d \"$r\" ] || echo T\n\
         grep -E {loaded} /proc/modules 2>/dev/null | sed 's/^/M /'\n\
         sed 's/:.*//' \"$r/modules.dep\" 2>/dev/null | grep -E {files} | sed 's/^/F /'\n\
         grep -E {files} \"$r/modules.builtin\" 2>/dev/null | sed 's/^/B /'\n\
         for f in /etc/modprobe.d/*.conf /run/modprobe.d/*.conf; do [ ! -f \"$f\" ] || [ -r \"$f\" ] || echo X; done\n\
         if [ -n \"$m\" ] && c=$(\"$m\" --showconfig 2>/dev/null) && [ -n \"$c\" ]; then :; else\n\
         m=; c=$(cat /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf 2>/dev/null); fi\n\
         printf '%s\\n' \"$c\" | sed -n 's/^[[:space:]]*install[[:space:]]/C /p'\n",
        loaded = quote(&format!("^({loaded}) ")),
        files = quote(&format!("/({files})\\.ko")),
    );
    if names.iter().any(|name| drives_usb_disks(name)) {
        script.push_str(USB_DISKS);
    }
    // By its path: busybox has a modprobe of its own, which knows no `-n` and no configuration.
    script
        .push_str("would() { if [ -n \"$m\" ]; then \"$m\" -n -v \"$1\" 2>&1; else echo not found; fi; }\n");
    for w in wanted {
        let name = quote(&w.id);
        let _ = writeln!(script, "printf 'N %s\\n' {name}; would {name} | sed 's/^/| /'");
    }
    script.push_str("true\n");
    Fragment::new(script)
}

/// Disks on USB by their place in the tree of devices, which needs no lsblk, and what stands on them.
const USB_DISKS: &str = r#"for d in /sys/block/*; do
case "$(readlink -f "$d")" in
*/usb[0-9]*)
n=${d##*/}
sed -n "s|^/dev/$n[0-9p]* \([^ ]*\) .*|D mounted on \1|p" /proc/mounts
sed -n "s|^/dev/$n[0-9p]* .*|D swap|p" /proc/swaps 2>/dev/null
for h in "$d"/holders/* "$d"/*/holders/*; do [ ! -e "$h" ] || echo "D volume ${h##*/}"; done;;
esac
done
"#;

fn drives_usb_disks(name: &str) -> bool {
    matches!(name, "usb_storage" | "uas") || name.starts_with("ums_")
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<ModuleState, String>> {
    if reply.status != 0 || reply.truncated {
        return wanted.iter().map(|_| Err(format!("could not be read: {}", reply.error_text()))).collect();
    }
    let text = reply.text();
    if text.lines().any(|line| line == "X") {
        return wanted
            .iter()
            .map(|_| Err(format!("what modprobe is told can't be read, {NO_RIGHTS}")))
            .collect();
    }
    wanted.iter().map(|w| Ok(state(&w.id, &text))).collect()
}

fn state(id: &str, text: &str) -> ModuleState {
    let name = kernel_name(id);
    let lines = |letter: char| {
        text.lines().filter_map(move |line| line.strip_prefix(letter)?.strip_prefix(' ').map(str::trim))
    };
    let module = lines('M').map(|l| l.split(' ').collect::<Vec<_>>()).find(|w| w[0] == name);
    let used_by = module.as_ref().and_then(|w| w.get(3)).copied().unwrap_or("-");
    let would = would(id, text);
    // An alias, or the modules that it needs.
    let loads_any = would.iter().any(|line| line.starts_with("insmod "));
    let place = if lines('B').any(|path| is_file_of(path, &name)) {
        Place::BuiltIn
    } else if !text.lines().any(|line| line == "T") {
        Place::NoTree
    } else if module.is_some() || lines('F').any(|path| is_file_of(path, &name)) || loads_any {
        Place::File
    } else {
        Place::Missing
    };
    let install = lines('C').find_map(|line| {
        let (of, command) = line.split_once(char::is_whitespace)?;
        (kernel_name(of) == name).then(|| command.trim().to_string())
    });
    // What it would do has the last word where it says anything: its own file would be loaded.
    let loads = would.iter().any(|line| {
        line.strip_prefix("insmod ")
            .and_then(|l| l.split(' ').next())
            .is_some_and(|path| is_file_of(path, &name))
    });
    ModuleState {
        place,
        install: install.filter(|_| !loads),
        loaded: module.is_some(),
        uses: module.as_ref().and_then(|w| w.get(2)?.parse().ok()).unwrap_or(0),
        used_by: used_by.split(',').filter(|u| !u.is_empty() && *u != "-").map(String::from).collect(),
        carries: match drives_usb_disks(&name) {
            true => lines('D').map(String::from).collect(),
            false => Vec::new(),
        },
        options: Vec::new(),
    }
}

/// What modprobe said for this name.
fn would<'t>(id: &str, text: &'t str) -> Vec<&'t str> {
    let start = format!("N {id}");
    let after = text.lines().skip_while(|line| *line != start).skip(1);
    after.map_while(|line| line.strip_prefix("| ")).map(str::trim).collect()
}

/// `.../usb-storage.ko`, also packed.
fn is_file_of(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.split_once(".ko").is_some_and(|(stem, _)| kernel_name(stem) == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    fn told(id: &str, text: &str) -> (Place, &'static str) {
        let state = state(id, text);
        (state.place, state.word())
    }

    /// Outputs of kmod 30 and 34 with the module trees of Debian 12 and 13.
    #[test]
    fn answers_become_states() {
        let base = "insmod /lib/modules/6.12.117/kernel/drivers/usb/common/usb-common.ko.xz ";
        let own = "insmod /lib/modules/6.12.117/kernel/drivers/usb/storage/usb-storage.ko.xz ";
        let uas = "insmod /lib/modules/6.12.117/kernel/drivers/usb/storage/uas.ko.xz ";
        let fatal = "modprobe: FATAL: Module usb-storage not found in directory /lib/modules/6.12.117";
        let cases = [
            (format!("T\nN usb-storage\n| {base}\n| {own}\n"), Place::File, "loadable"),
            (
                format!("T\nC usb_storage /bin/false\nN usb-storage\n| {base}\n| install /bin/false \n"),
                Place::File,
                "blocked",
            ),
            (format!("T\nN usb-storage\n| {fatal}\n"), Place::Missing, "not on this host"),
            (
                "T\nC usb_storage /bin/false\nN usb-storage\n| install /bin/false \n".into(),
                Place::Missing,
                "blocked",
            ),
            (
                "T\nF kernel/drivers/usb/storage/usb-storage.ko.xz\nC usb_storage /bin/false\nN usb-storage\n\
                 | install /bin/false \n"
                    .into(),
                Place::File,
                "blocked",
            ),
            (format!("N usb-storage\n| {fatal}\n"), Place::NoTree, "not on this host"),
            (
                "C usb_storage /bin/false\nN usb-storage\n| install /bin/false \n".into(),
                Place::NoTree,
                "blocked",
            ),
            (
                "T\nM usb_storage 81920 1 uas, Live 0x0\nC usb_storage /bin/false\nN usb-storage\n".into(),
                Place::File,
                "loaded",
            ),
            (
                "T\nB kernel/drivers/usb/storage/usb-storage.ko\nN usb-storage\n".into(),
                Place::BuiltIn,
                "built in",
            ),
            (
                format!("T\nC usb_storage /bin/false\nN usb-storage\n| {base}\n| {own}\n"),
                Place::File,
                "loadable",
            ),
        ];
        for (text, place, word) in &cases {
            assert_eq!(told("usb-storage", text), (*place, *word), "{text}");
        }
        // A block of usb-storage alone leaves uas its own line.
        let text = format!("T\nC usb_storage /bin/false\nN uas\n| install /bin/false \n| {uas}\n");
        assert_eq!(told("uas", &text), (Place::File, "loadable"));
        let used = state("usb-storage", &cases[7].0);
        assert_eq!((used.uses, used.used_by), (1, vec!["uas".to_string()]));
    }

    #[test]
    fn a_block_that_nobody_lets_us_read_is_not_missing() {
        let wanted = [Wanted { id: "usb-storage".to_string(), level: Level::Digest }];
        let reply = Reply { stdout: b"T\nX\nN usb-storage\n".to_vec(), ..Reply::default() };
        assert!(parse(&wanted, &reply)[0].as_ref().is_err_and(|e| e.contains("no rights: become")));
    }

    #[test]
    fn the_script_runs_in_every_shell() {
        let dir = tempfile::tempdir().expect("a folder");
        let fake = dir.path().join("modprobe");
        let body = "#!/bin/sh\ncase $1 in --showconfig) echo 'install usb_storage /bin/false'; echo 'alias a b';;\n\
                    *) echo 'install /bin/false ';; esac\n";
        std::fs::write(&fake, body).expect("written");
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).expect("mode");
        let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
        let wanted: Vec<Wanted<String>> = ["usb-storage", "no-such-module"]
            .iter()
            .map(|name| Wanted { id: name.to_string(), level: Level::Digest })
            .collect();
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let mut command = Command::new(shell[0]);
            let script = format!("set -u\n{}", script(&wanted).script);
            let out =
                command.args(&shell[1..]).args(["-c", &script]).env("PATH", &path).output().expect("run");
            let reply =
                Reply { stdout: out.stdout, status: out.status.code().unwrap_or(-1), ..Reply::default() };
            let states: Vec<_> = parse(&wanted, &reply).into_iter().map(|s| s.expect("told")).collect();
            assert!(states[0].is_blocked() && !states[0].loaded, "{shell:?} {}", reply.text());
            assert!(!states[1].is_blocked() && !states[1].loaded, "{shell:?} {}", reply.text());
        }
    }
}

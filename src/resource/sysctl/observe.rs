//! Asking for values and for what is set at boot, in two `grep`s for all keys.
//!
//! A shell's own `read` takes one byte at a time, which many of these files answer with their first
//! byte and then the end: they are read by `grep`, in one piece.

use super::{Assignment, SysctlState, dotted, folded, path};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{NO_RIGHTS, Wanted};
use std::collections::BTreeMap;

/// Where systemd-sysctl looks, the first of two files of one name hiding the other (sysctl.d(5)).
const FOLDERS: &[&str] =
    &["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// `-` (no such key), `r`, `w` or `?` (neither) for each key; `--`; `path:value` lines; `--`;
/// `path:line` of files, and `?` where one can't be read.
pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let paths: Vec<String> = wanted.iter().map(|w| quote(&path(&w.id))).collect();
    let files: Vec<String> = FOLDERS.iter().map(|folder| format!("{folder}/*.conf")).collect();
    Fragment::new(format!(
        "for f in {paths}; do\n\
         if [ ! -f \"$f\" ]; then echo -; elif [ -w \"$f\" ]; then echo w; elif [ -r \"$f\" ]; then echo r; else echo '?'; fi\ndone\necho --\n\
         grep -H '' {paths} /dev/null 2>/dev/null\necho --\n\
         for f in {files}; do [ ! -f \"$f\" ] || [ -r \"$f\" ] || echo '?'; done\n\
         grep -H '^[^#;]' {files} /dev/null 2>/dev/null\ntrue\n",
        paths = paths.join(" "),
        files = files.join(" "),
    ))
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<SysctlState, String>> {
    if reply.status != 0 || reply.truncated {
        return wanted.iter().map(|_| Err(format!("could not be read: {}", reply.error_text()))).collect();
    }
    let text = reply.text();
    let mut parts = text.splitn(3, "--\n");
    let mut part = || parts.next().unwrap_or_default();
    let (there, values, files) = (part(), part(), part());
    if files.lines().any(|line| line == "?") {
        return wanted
            .iter()
            .map(|_| Err(format!("what is set at boot can't be read, {NO_RIGHTS}")))
            .collect();
    }
    let files = assignments(files);
    let mut there = there.lines();
    wanted.iter().map(|w| state(&w.id, there.next().unwrap_or_default(), values, &files)).collect()
}

fn state(key: &str, there: &str, values: &str, files: &[Line]) -> Result<SysctlState, String> {
    if there == "?" {
        return Err(format!("can't be read, {NO_RIGHTS}"));
    }
    let start = format!("{}:", path(key));
    let lines: Vec<&str> = values.lines().filter_map(|line| line.strip_prefix(&start)).collect();
    let key = dotted(key);
    let boot = files.iter().filter(|line| matches(&line.key, &key)).map(|line| line.assignment.clone());
    Ok(SysctlState {
        value: (there != "-").then(|| lines.join("\n")),
        writable: there == "w",
        boot: boot.collect(),
    })
}

struct Line {
    key: String,
    assignment: Assignment,
}

/// All assignments in the order in which they are made at boot: by file name, whatever the folder.
fn assignments(text: &str) -> Vec<Line> {
    let mut files: BTreeMap<&str, (usize, Vec<Line>)> = BTreeMap::new();
    for line in text.lines() {
        let Some((file, rest)) = line.split_once(':') else { continue };
        let Some((folder, name)) = file.rsplit_once('/') else { continue };
        let rank = FOLDERS.iter().position(|f| *f == folder).unwrap_or(FOLDERS.len());
        let Some((key, value)) = rest.split_once('=') else { continue };
        let line = Line {
            key: dotted(key.trim().trim_start_matches('-')),
            assignment: Assignment { file: file.to_string(), value: folded(value) },
        };
        let entry = files.entry(name).or_insert_with(|| (rank, Vec::new()));
        if entry.0 == rank {
            entry.1.push(line);
        } else if rank < entry.0 {
            *entry = (rank, vec![line]);
        }
    }
    files.into_values().flat_map(|(_, lines)| lines).collect()
}

/// Whether a key of a file means this one; `*` stands for one part.
fn matches(pattern: &str, key: &str) -> bool {
    let (mut a, mut b) = (pattern.split('.'), key.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use crate::resource::file::testing::{SHELLS, run_as_nobody};
    use std::process::Command;

    fn wanted(keys: &[&str]) -> Vec<Wanted<String>> {
        keys.iter().map(|key| Wanted { id: key.to_string(), level: Level::Digest }).collect()
    }

    #[test]
    fn files_are_merged_as_at_boot() {
        let text = "w\n--\n/proc/sys/fs/protected_fifos:1\n--\n\
                    /etc/sysctl.d/10-a.conf:fs.protected_fifos = 0\n\
                    /etc/sysctl.d/zz.conf:-fs/protected_fifos=2\n\
                    /usr/lib/sysctl.d/10-a.conf:fs.protected_fifos = 9\n\
                    /usr/lib/sysctl.d/99-protect-links.conf:fs.protected_fifos = 1\n";
        let reply = Reply { stdout: text.into(), ..Reply::default() };
        let state = parse(&wanted(&["fs.protected_fifos"]), &reply).remove(0).expect("told");
        let values: Vec<&str> = state.boot.iter().map(|a| a.value.as_str()).collect();
        assert_eq!(values, ["0", "1", "2"]);
        assert_eq!((state.value.as_deref(), state.writable), (Some("1"), true));
        assert!(matches("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.eth0.rp_filter"));
        assert!(!matches("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.rp_filter"));
    }

    #[test]
    fn what_is_not_told_to_everybody_is_not_empty() {
        // Readable by root alone.
        let keys = wanted(&["kernel.cad_pid", "kernel.ostype"]);
        for shell in SHELLS {
            let told = parse(&keys, &run_as_nobody(shell, &script(&keys).script));
            assert!(told[0].as_ref().is_err_and(|e| e.contains("no rights: become")), "{shell} {told:?}");
            assert_eq!(told[1].as_ref().map(|s| s.value.as_deref()), Ok(Some("Linux")), "{shell}");
        }
        let reply = Reply { stdout: b"r\nr\n--\n--\n?\n".to_vec(), ..Reply::default() };
        assert!(parse(&keys, &reply)[1].as_ref().is_err_and(|e| e.contains("no rights: become")));
    }

    #[test]
    fn real_shells_tell_values() {
        let keys = wanted(&["kernel.ostype", "no.such.key", "net/ipv4/ip_local_port_range"]);
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let script = format!("set -u\n{}", script(&keys).script);
            let out = Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).output().expect("run");
            let reply =
                Reply { stdout: out.stdout, status: out.status.code().unwrap_or(-1), ..Reply::default() };
            let states: Vec<_> = parse(&keys, &reply).into_iter().map(|s| s.expect("told")).collect();
            assert_eq!(states[0].value.as_deref(), Some("Linux"), "{shell:?}");
            assert_eq!(states[1].value, None, "{shell:?}");
            let range = folded(states[2].value.as_deref().unwrap_or_default());
            assert_eq!(range.split(' ').count(), 2, "{shell:?} {range}");
        }
    }
}

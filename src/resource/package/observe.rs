//! Asking the host's package manager about many packages in two processes: one for what is there,
//! one for what could be had of those that are not.
//!
//! The answer: the database's name (`dpkg`, `rpm`), a line `name|status|architecture|version` for
//! each package known, a line `--`, and apt's policy of those that were asked for.

use super::{Candidate, PackageState, Status};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{Level, Wanted};
use std::collections::HashMap;

/// `apt-cache policy` takes a quarter of a second: only packages that are not there need it.
/// A package with an architecture in its name is asked for in any case. As root, apt-cache would
/// write its own cache anew where that is out of date: then it is told to work in memory.
const SCRIPT: &str = r#"n='
'
if command -v dpkg-query >/dev/null 2>&1; then
  echo dpkg
  o=$(dpkg-query -W -f='${Package}|${db:Status-Abbrev}|${Architecture}|${Version}\n' -- "$@" 2>/dev/null)
  printf '%s\n--\n' "$o"
  all=$LATEST
  for p; do
    shift
    case "$n$o" in
      *"$n$p|"[ih]i*) case " $all " in *" $p "*) set -- "$@" "$p";; esac;;
      *) set -- "$@" "$p";;
    esac
  done
  if [ $# -gt 0 ] && command -v apt-cache >/dev/null 2>&1; then
    f=/var/cache/apt/pkgcache.bin c=
    [ -e $f ] && [ -z "$(find /var/lib/apt/lists /var/lib/dpkg/status /etc/apt -newer $f 2>&1 | head -n 1)" ] ||
      c='-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
    echo policy
    apt-cache $c policy -- "$@" 2>/dev/null
  fi
elif command -v rpm >/dev/null 2>&1; then
  echo rpm
  rpm -q --qf '%{NAME}|ii |%{ARCH}|%{VERSION}-%{RELEASE}\n' -- "$@" 2>/dev/null
  echo --
else
  echo 'neither dpkg nor rpm is on this host' >&2
  exit 1
fi
true
"#;

pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
    let latest: Vec<&str> =
        wanted.iter().filter(|w| w.level != Level::Digest).map(|w| w.id.as_str()).collect();
    Fragment::new(format!("LATEST={}\nset -- {}\n{SCRIPT}", quote(&latest.join(" ")), names.join(" ")))
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<PackageState, String>> {
    if reply.status != 0 || reply.truncated {
        let why = format!("could not be asked for: {}", reply.error_text());
        return wanted.iter().map(|_| Err(why.clone())).collect();
    }
    let text = reply.text();
    let mut lines = text.lines();
    let apt = lines.next() == Some("dpkg");
    let rows: Vec<Row> = lines.by_ref().take_while(|l| *l != "--").filter_map(Row::read).collect();
    let asked = apt && lines.next() == Some("policy");
    let policy = policy(lines);
    wanted
        .iter()
        .map(|w| {
            let candidate = match policy.get(w.id.as_str()) {
                Some(candidate) => candidate.clone(),
                // apt says nothing at all of a name that it has never heard.
                None if asked => Candidate::None,
                None => Candidate::Unknown,
            };
            Ok(PackageState { status: status(&w.id, &rows), candidate })
        })
        .map(forget_needless)
        .collect()
}

/// An installed package that apt was not asked about has no candidate that is known.
fn forget_needless(state: Result<PackageState, String>) -> Result<PackageState, String> {
    state.map(|mut state| {
        if state.version().is_some() && state.candidate == Candidate::None {
            state.candidate = Candidate::Unknown;
        }
        state
    })
}

struct Row<'a> {
    name: &'a str,
    status: &'a str,
    architecture: &'a str,
    version: &'a str,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(4, '|');
        Some(Row {
            name: parts.next()?,
            status: parts.next()?.trim_end(),
            architecture: parts.next()?,
            version: parts.next()?,
        })
    }

    fn means(&self, id: &str) -> bool {
        match id.split_once(':') {
            Some((name, architecture)) => self.name == name && self.architecture == architecture,
            None => self.name == id,
        }
    }
}

/// The best of the lines that mean this package: it may be there for several architectures.
fn status(id: &str, rows: &[Row<'_>]) -> Status {
    let mut best = Status::Absent { leftovers: false };
    for row in rows.iter().filter(|row| row.means(id)) {
        // dpkg's second letter is what is: n(ot), c(onfig files), i(nstalled), the rest halfway.
        match (row.status.as_bytes().get(1), &best) {
            (Some(b'i'), _) => {
                return Status::Installed { version: row.version.to_string(), exact: true };
            }
            (Some(b'n') | None, _) => {}
            (Some(b'c'), Status::Absent { .. }) => best = Status::Absent { leftovers: true },
            (Some(b'c'), _) => {}
            _ => best = Status::Broken { version: row.version.into(), status: row.status.into() },
        }
    }
    best
}

/// The candidates in the output of `apt-cache policy`: a line `name:`, and below it `Candidate:`.
fn policy<'a>(lines: impl Iterator<Item = &'a str>) -> HashMap<&'a str, Candidate> {
    let mut found = HashMap::new();
    let mut name = None;
    for line in lines {
        if !line.starts_with(' ') {
            name = line.strip_suffix(':');
        } else if let (Some(version), Some(name)) = (line.trim().strip_prefix("Candidate: "), name) {
            let candidate = match version {
                "(none)" => Candidate::None,
                version => Candidate::Version(version.to_string()),
            };
            found.insert(name, candidate);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn wanted(ids: &[&str]) -> Vec<Wanted<String>> {
        ids.iter().map(|id| Wanted { id: id.to_string(), level: Level::Digest }).collect()
    }

    fn read(ids: &[&str], stdout: &str) -> Vec<PackageState> {
        let reply = Reply { stdout: stdout.into(), ..Reply::default() };
        parse(&wanted(ids), &reply).into_iter().map(|s| s.expect("told")).collect()
    }

    /// Captured on Debian 12 and 13.
    const BOOKWORM: &str = "dpkg\nbash|ii |amd64|5.2.15-2+b8\nlibc6|ii |amd64|2.36-9+deb12u14\nlibc6|un |i386|\n\
        sudo|hi |amd64|1.9.13p3-1+deb12u2\nnano|rc |amd64|7.2-1+deb12u1\nvim|iF |amd64|2:9.0.1378-2\n--\n\
        policy\nnano:\n  Installed: (none)\n  Candidate: 7.2-1+deb12u1\n  Version table:\n     7.2-1+deb12u1 500\n\
        \x20       500 http://deb.debian.org/debian bookworm/main amd64 Packages\n\
        vim:\n  Installed: 2:9.0.1378-2\n  Candidate: 2:9.0.1378-2+deb12u2\n\
        mail-transport-agent:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";

    #[test]
    fn dpkgs_answers_are_read() {
        let states =
            read(&["bash", "libc6", "sudo", "nano", "vim", "mail-transport-agent", "nosuch"], BOOKWORM);
        let shown: Vec<String> = states.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "5.2.15-2+b8",
                "2.36-9+deb12u14",
                "1.9.13p3-1+deb12u2",
                "removed, configuration kept",
                "2:9.0.1378-2, not configured (iF)",
                "absent",
                "absent"
            ]
        );
        assert_eq!(states[0].candidate, Candidate::Unknown);
        assert_eq!(states[3].candidate, Candidate::Version("7.2-1+deb12u1".into()));
        assert_eq!(states[5].candidate, Candidate::None);
        assert_eq!(states[6].candidate, Candidate::None);
    }

    #[test]
    fn rpms_answers_are_read() {
        let text = "rpm\nbash|ii |x86_64|5.1.8-9.el9\npackage rsyslog is not installed\n--\n";
        let states = read(&["bash", "rsyslog"], text);
        assert_eq!(states[0].version(), Some("5.1.8-9.el9"));
        assert_eq!(states[1], PackageState::absent(false));
    }

    #[test]
    fn every_shell_asks_this_machine() {
        let wanted = wanted(&["base-files", "harda-no-such-package"]);
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let out = Command::new(shell[0])
                .args(&shell[1..])
                .arg("-c")
                .arg(script(&wanted).script)
                .env("LC_ALL", "C")
                .output()
                .expect("the shell starts");
            let reply = Reply {
                stdout: out.stdout,
                stderr: out.stderr,
                status: out.status.code().unwrap_or(-1),
                ..Reply::default()
            };
            let states: Vec<_> = parse(&wanted, &reply).into_iter().map(|s| s.expect("told")).collect();
            assert!(states[0].version().is_some_and(|v| !v.is_empty()), "{shell:?} {states:?}");
            assert_eq!(states[0].candidate, Candidate::Unknown, "{shell:?}");
            assert_eq!(states[1], PackageState { candidate: Candidate::None, ..PackageState::absent(false) });
        }
    }
}

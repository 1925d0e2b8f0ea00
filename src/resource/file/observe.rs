//! Asking for many paths in a few processes: one `stat`, one `sha256sum`, and the contents that
//! are wanted and differ.
//!
//! The answer has three parts: `stat` lines, a line `--`, `sha256sum` lines, a line `--`, then for
//! links and contents `L index target-length resolved-length` or `C index size` and the raw bytes.
//! Among the lines of `stat`, and of `sha256sum`, `denied|path` says that nobody let us look.

use super::{Body, Bytes, Entry, File, FileState, SHOWN_BYTES, What, hex, parent};
use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{Kind, Level, NO_RIGHTS, Wanted};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

/// Type, mode, owner (name and number), group (name and number), links, size, path.
const FORMAT: &str = "%F|%a|%U|%u|%G|%g|%h|%s|%n";

/// Of a folder only that it is one: its size and links change with what is put into it.
const FOLDER: &str = "%F|0|-|0|-|0|1|0|%n";

/// Before a path that can't be looked at, or not be read.
const DENIED: &str = "denied|";

pub fn script(wanted: &[Wanted<String>]) -> Fragment {
    let asked: BTreeSet<&str> = wanted.iter().map(|w| w.id.as_str()).collect();
    let parents: BTreeSet<&str> = wanted.iter().map(|w| parent(&w.id)).collect();
    let quoted = |paths: &mut dyn Iterator<Item = &&str>| {
        paths.map(|path| quote(path)).collect::<Vec<String>>().join(" ")
    };
    let files: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();

    // What can't be looked at is not absent. Only `stat` tells the two apart, and only in words.
    let mut script = format!(
        "set -- {}\n{{ said=$(stat -c {} -- \"$@\" 2>&1 >&3); }} 3>&1\n\
         case $said in *'ermission denied'*) for f; do [ -e \"$f\" ] || [ -h \"$f\" ] || \
         case $(stat -- \"$f\" 2>&1) in *'ermission denied'*) printf '{DENIED}%s\\n' \"$f\";; esac; done;; esac\n",
        quoted(&mut asked.iter()),
        quote(FORMAT),
    );
    let folders = quoted(&mut parents.difference(&asked));
    if !folders.is_empty() {
        let _ = writeln!(script, "stat -c {} -- {folders} 2>/dev/null", quote(FOLDER));
    }
    script.push_str("echo --\n");
    // Only regular files: a pipe or a device would be read for ever.
    let _ = write!(
        script,
        "set --\nfor f in {}; do if [ -h \"$f\" ] || [ ! -f \"$f\" ]; then :; \
         elif [ -r \"$f\" ]; then set -- \"$@\" \"$f\"; else printf '{DENIED}%s\\n' \"$f\"; fi; done\n\
         [ $# -eq 0 ] || sha256sum -- \"$@\" 2>/dev/null >&1\necho --\n",
        files.join(" ")
    );
    script.push_str(
        "harda_link() { t=$(readlink -- \"$2\"; echo x); t=${t%?x}; r=$(readlink -f -- \"$2\" 2>/dev/null; echo x); r=${r%x}; \
         r=${r%?}; printf 'L %s %s %s\\n%s%s\\n' \"$1\" \"${#t}\" \"${#r}\" \"$t\" \"$r\"; }\n",
    );
    for (index, w) in wanted.iter().enumerate() {
        let path = quote(&w.id);
        let _ = writeln!(script, "if [ -h {path} ]; then harda_link {index} {path}");
        if let Level::Content { unless } = &w.level {
            let known: Vec<String> = unless.iter().map(|d| format!("{d}|")).collect();
            let _ = write!(
                script,
                "elif [ -f {path} ]; then d=$(sha256sum < {path}); s=$(wc -c < {path}); s=$((s))\n\
                 case \"${{d%% *}}\" in {}'') ;; *) [ $s -gt {SHOWN_BYTES} ] || {{ echo C {index} $s; cat -- {path}; echo; }};; esac\n",
                known.concat(),
            );
        }
        script.push_str("fi\n");
    }
    script.push_str("true\n");
    Fragment::new(script)
}

pub fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<FileState, String>> {
    if reply.status != 0 || reply.truncated {
        let why = if reply.truncated { "the answer was too long".into() } else { reply.error_text() };
        return wanted.iter().map(|_| Err(format!("could not be read: {why}"))).collect();
    }
    let mut rest = Lines(&reply.stdout);
    let mut told = Told::default();
    while let Some(line) = rest.next_text().filter(|l| l != "--") {
        if let Some(path) = line.strip_prefix(DENIED) {
            told.denied.insert(path.to_string());
        } else if let Some((path, stat)) = Stat::read(&line) {
            told.entries.insert(path, stat);
        }
    }
    while let Some(line) = rest.next_text().filter(|l| l != "--") {
        if let Some(path) = line.strip_prefix(DENIED) {
            told.denied.insert(path.to_string());
        } else if let Some((path, digest)) = read_digest(&line) {
            told.digests.insert(path, digest);
        }
    }
    let extras = read_extras(rest, wanted.len());
    wanted.iter().zip(extras).map(|(w, extra)| state(&w.id, &told, extra)).collect()
}

/// What came for all paths in the first two parts.
#[derive(Default)]
struct Told {
    entries: HashMap<String, Stat>,
    digests: HashMap<String, String>,
    denied: HashSet<String>,
}

/// What came for one path in the third part.
#[derive(Default)]
struct Extra {
    link: Option<(String, Option<String>)>,
    content: Option<Arc<[u8]>>,
}

fn state(path: &str, told: &Told, extra: Extra) -> Result<FileState, String> {
    let is_denied = told.denied.contains(path);
    let Some(stat) = told.entries.get(path) else {
        if is_denied {
            return Err(format!("can't be looked at, {NO_RIGHTS}"));
        }
        let folder = told
            .entries
            .get(parent(path))
            .is_some_and(|s| s.kind == "directory" || s.kind == "symbolic link");
        return Ok(FileState::Absent { folder });
    };
    let what = match stat.kind.as_str() {
        "directory" => What::Directory,
        "regular file" | "regular empty file" => {
            let unread = || match is_denied {
                true => format!("its content can't be read, {NO_RIGHTS}"),
                false => "its content could not be read".to_string(),
            };
            let digest = told.digests.get(path).ok_or_else(unread)?;
            let bytes = match extra.content {
                Some(bytes) if hex(&Sha256::digest(&bytes)) == *digest => Bytes::Memory(bytes),
                Some(_) => return Err("it changed while it was read".into()),
                None => Bytes::Elsewhere,
            };
            What::File(Body { digest: digest.clone(), size: stat.size, bytes })
        }
        "symbolic link" => {
            let (target, resolved) = extra.link.ok_or_else(|| "the link could not be read".to_string())?;
            What::Link { target, resolved }
        }
        other => What::Other(other.to_string()),
    };
    Ok(FileState::Present(Entry {
        what,
        mode: stat.mode,
        owner: stat.owner.clone(),
        group: stat.group.clone(),
        links: if stat.kind == "directory" { 1 } else { stat.links },
    }))
}

/// One line of `stat`.
struct Stat {
    kind: String,
    mode: u32,
    owner: String,
    group: String,
    links: u64,
    size: u64,
}

impl Stat {
    fn read(line: &str) -> Option<(String, Stat)> {
        let mut parts = line.splitn(9, '|');
        let kind = parts.next()?.to_string();
        let mode = u32::from_str_radix(parts.next()?, 8).ok()?;
        let mut name = || {
            let (name, number) = (parts.next()?, parts.next()?);
            Some(if name == "UNKNOWN" || name.is_empty() { number.to_string() } else { name.to_string() })
        };
        let (owner, group) = (name()?, name()?);
        let links = parts.next()?.parse().ok()?;
        let size = parts.next()?.parse().ok()?;
        Some((parts.next()?.to_string(), Stat { kind, mode, owner, group, links, size }))
    }
}

/// `digest  path`; a backslash before the digest says that backslashes in the path are doubled.
fn read_digest(line: &str) -> Option<(String, String)> {
    let (escaped, line) = match line.strip_prefix('\\') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    // It becomes part of scripts: nothing but a digest will do.
    let digest = line.get(..64).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let path = line.get(66..)?;
    let path = if escaped { path.replace("\\\\", "\\") } else { path.to_string() };
    Some((path, digest.to_string()))
}

fn read_extras(mut rest: Lines<'_>, count: usize) -> Vec<Extra> {
    let mut extras: Vec<Extra> = (0..count).map(|_| Extra::default()).collect();
    while let Some(line) = rest.next_text() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|w| w.parse::<usize>().ok());
        let (Some(index), Some(first)) = (number(1), number(2)) else { break };
        let Some(extra) = extras.get_mut(index) else { break };
        match (words[0], number(3)) {
            ("C", None) => extra.content = rest.take(first).map(Arc::from),
            ("L", Some(second)) => {
                let (Some(target), Some(resolved)) = (rest.take_chars(first), rest.take_chars(second)) else {
                    break;
                };
                extra.link = Some((target, Some(resolved).filter(|r| !r.is_empty())));
            }
            _ => break,
        }
        rest.next_text();
    }
    extras
}

/// A cursor over lines and counted bytes.
struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    fn next_text(&mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().position(|b| *b == b'\n').unwrap_or(self.0.len());
        let line = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Text of so many units as the host's shell counted them with LC_ALL=C: bytes.
    fn take_chars(&mut self, count: usize) -> Option<String> {
        self.take(count).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// Keeps the compiler's eye on the pairing of script and parser.
const _: fn(&[Wanted<String>]) -> Fragment = <File as Kind>::observe;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::file::testing::{SHELLS, run_as_nobody};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    fn ask(shell: &[&str], wanted: &[Wanted<String>]) -> Vec<Result<FileState, String>> {
        let fragment = script(wanted);
        let out = Command::new(shell[0])
            .args(&shell[1..])
            .arg("-c")
            .arg(&fragment.script)
            .env("LC_ALL", "C")
            .output()
            .expect("the shell starts");
        let reply = Reply {
            stdout: out.stdout,
            stderr: out.stderr,
            status: out.status.code().unwrap_or(-1),
            truncated: false,
        };
        parse(wanted, &reply)
    }

    #[test]
    fn what_nobody_lets_us_look_at_is_not_absent() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::create_dir(path("closed")).expect("made");
        std::fs::write(path("closed/there"), "x").expect("written");
        std::fs::write(path("unread"), "x").expect("written");
        let set = |name: &str, mode| {
            std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).expect("mode");
        };
        set("", 0o755);
        set("unread", 0o000);
        set("closed", 0o000);
        let names = ["closed/there", "closed/not", "closed/not/deeper", "closed", "unread", "none"];
        let wanted = names.map(|name| Wanted { id: path(name), level: Level::Digest });
        for shell in SHELLS {
            let reply = run_as_nobody(shell, &script(&wanted).script);
            let told = parse(&wanted, &reply);
            for (name, told) in names.iter().zip(&told).take(3) {
                assert!(
                    told.as_ref().is_err_and(|e| e.contains("no rights: become")),
                    "{shell} {name} {told:?}"
                );
            }
            assert_eq!(told[3].as_ref().map(FileState::word), Ok("directory"), "{shell}");
            assert!(
                told[4].as_ref().is_err_and(|e| e.contains("no rights: become")),
                "{shell} {:?}",
                told[4]
            );
            assert_eq!(told[5], Ok(FileState::Absent { folder: true }), "{shell}");
        }
        set("closed", 0o700);
    }

    #[test]
    fn real_shells_tell_what_stands_at_a_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("plain"), "hej\n").expect("written");
        std::fs::set_permissions(path("plain"), std::fs::Permissions::from_mode(0o640)).expect("mode");
        std::fs::write(path("it's a \\ \"name\" $x"), b"\x00\xff\n--\nC 0 4\n").expect("written");
        symlink("plain", path("link")).expect("linked");
        let content = Level::Content { unless: vec![] };
        let known = Level::Content { unless: vec![Body::of(*b"hej\n").digest] };
        let wanted = vec![
            Wanted { id: path("plain"), level: content.clone() },
            Wanted { id: path("plain"), level: known },
            Wanted { id: path("it's a \\ \"name\" $x"), level: content.clone() },
            Wanted { id: path("link"), level: content.clone() },
            Wanted { id: path("none"), level: content.clone() },
            Wanted { id: path("none/deeper"), level: content },
            Wanted { id: dir.path().to_string_lossy().into_owned(), level: Level::Digest },
        ];
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let states: Vec<FileState> = ask(shell, &wanted).into_iter().map(|s| s.expect("told")).collect();
            let body = |at: usize| states[at].body().expect("a file");
            assert_eq!(body(0).memory().map(|b| b.to_vec()), Some(b"hej\n".to_vec()), "{shell:?}");
            assert_eq!(states[0].entry().map(|e| e.mode), Some(0o640));
            assert!(body(1).memory().is_none(), "content that is known is not sent");
            assert_eq!(
                body(2).memory().map(|b| b.to_vec()),
                Some(b"\x00\xff\n--\nC 0 4\n".to_vec()),
                "{shell:?}"
            );
            let link = What::Link { target: "plain".into(), resolved: Some(path("plain")) };
            assert_eq!(states[3].entry().map(|e| &e.what), Some(&link), "{shell:?}");
            assert_eq!(states[4], FileState::Absent { folder: true });
            assert_eq!(states[5], FileState::Absent { folder: false });
            assert_eq!(states[6].word(), "directory");
        }
    }
}

//! The dead-man's switch on a host: what is sent to arm, to write under it, to disarm, and how its
//! state is read. `switch/` is the host's side; docs/guard.md tells the states and their moves.

use crate::fragment::{Fragment, Input, quote};
use crate::resource::{Key, State, effective};
use std::time::Duration;

/// The host's side, run by whatever `sh` is there: one script, in the order of its parts.
pub const SWITCH: &str = concat!(
    include_str!("switch/head.sh"),
    include_str!("switch/state.sh"),
    include_str!("switch/snapshot.sh"),
    include_str!("switch/late.sh"),
    include_str!("switch/seen.sh"),
    include_str!("switch/files.sh"),
    include_str!("switch/running.sh"),
    include_str!("switch/firing.sh"),
    include_str!("switch/hooks.sh"),
    include_str!("switch/verbs.sh"),
);

/// Where it stands: on a file system that outlives a reboot.
const FOLDER: &str = "/var/lib/harda/guard";

/// Status of a script that the switch let not run, with [`REFUSED`] on stderr.
const REFUSAL: i32 = 97;
const REFUSED: &str = "harda-guard: ";

/// So much of a reason is kept.
const WHY: usize = 400;

/// What the snapshot, the watcher and the boot hook may take.
const ARMING: Duration = Duration::from_secs(60);

/// Where the kernel tells the boot and the time since.
const HEAD: &str = "g=/var/lib/harda/guard\nboot=/proc/sys/kernel/random/boot_id\nclock=/proc/uptime\n";

/// What a guarded write is about to touch, so that the switch can put it back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// A path; with `deep`, all below it.
    Path {
        path: String,
        deep: bool,
    },
    /// An entry of the account databases; `*` is any.
    Name(String),
    Unit(String),
    Sysctl(String),
}

impl Keep {
    fn word(&self) -> String {
        quote(&match self {
            Keep::Path { path, deep: true } => format!("file:{path}/"),
            Keep::Path { path, deep: false } => format!("file:{path}"),
            Keep::Name(name) => format!("name:{name}"),
            Keep::Unit(unit) => format!("unit:{unit}"),
            Keep::Sysctl(name) => format!("sysctl:{name}"),
        })
    }
}

/// What a Change of this resource may touch. Packages are never put back.
pub fn keeps(key: &Key, from: &State, to: &State) -> Vec<Keep> {
    let path = |path: &str, deep| vec![Keep::Path { path: path.to_string(), deep }];
    match (key, from, to) {
        (Key::File(id), State::File(from), State::File(to)) => {
            // One that stays a folder only gets another owner or mode.
            path(id, from.word() == "directory" && to.word() != "directory")
        }
        (Key::Tree(id), ..) => path(&id.path, true),
        (Key::User(name) | Key::Group(name), ..) => vec![Keep::Name(name.clone())],
        (Key::Unit(name), ..) => vec![Keep::Unit(name.clone())],
        (Key::Sysctl(name), ..) => vec![Keep::Sysctl(name.clone())],
        _ => Vec::new(),
    }
}

/// How long a guarded write may hold the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Seconds(u64),
    /// A package manager: ending it would do more harm than waiting.
    Never,
}

/// Puts the switch in its place, takes the snapshot and arms. `users` are those whose homes and
/// keys a login hangs on.
pub fn arm(run: &str, seconds: u64, users: &[&str]) -> Fragment {
    let users: Vec<String> = users.iter().map(|user| quote(user)).collect();
    let script = format!(
        "command -v flock >/dev/null 2>&1 || {{ echo 'there is no `flock` on this host' >&2; exit {REFUSAL}; }}\n\
         umask 077; g={FOLDER}\n\
         mkdir -p -m 700 /var/lib/harda && mkdir -p -m 700 $g && cat >$g/switch.new && mv -f $g/switch.new $g/switch || {{ rm -f $g/switch.new; exit 1; }}\n\
         sh -n $g/switch && exec sh $g/switch arm {} {seconds} {} </dev/null\n",
        quote(run),
        users.join(" ")
    );
    let program = format!("{HEAD}{}{SWITCH}", lists());
    Fragment::new(script).input(Input::Bytes(program.into_bytes().into())).deadline(ARMING)
}

/// What the switch keeps of every host, as lines of the script. No path of the table has a blank in it.
fn lists() -> String {
    let list = |name: &str, words: &[&str]| format!("{name}={}\n", quote(&words.join(" ")));
    list("paths", &effective::kept())
        + &list("profiles", &effective::kept_in_homes())
        + &list("programs", effective::PROGRAMS.paths)
}

/// What the snapshot copies of every host, homes aside.
pub fn kept() -> Vec<String> {
    effective::kept().iter().chain(effective::PROGRAMS.paths).map(|path| path.to_string()).collect()
}

/// A write under the switch: it runs only if the switch is still armed by this run, holds it while
/// it runs, and leaves a full time to prove access.
pub fn write(run: &str, limit: Limit, what: &str, keeps: &[Keep], body: &str) -> String {
    let limit = match limit {
        Limit::Seconds(seconds) => seconds.to_string(),
        Limit::Never => "never".into(),
    };
    let words: Vec<String> = keeps.iter().map(Keep::word).collect();
    // The body and what it starts don't inherit the lock.
    format!(
        "g={FOLDER}\n[ -e $g/state ] && exec 8>>$g/lock && flock -w 60 8 || {{ echo '{REFUSED}the switch is gone' >&2; exit {REFUSAL}; }}\n\
         harda_why=$(sh $g/switch begin {run} {limit} {what} {words} </dev/null 2>&1) || {{ printf '%s\\n' \"{REFUSED}$harda_why\" >&2; exit {REFUSAL}; }}\n\
         (\n{body}\n) 8>&-\nharda_guarded=$?\nsh $g/switch end {run} </dev/null >/dev/null 2>&1\nexec 8>&-\nexit $harda_guarded\n",
        run = quote(run),
        what = quote(&what.replace('\n', " ")),
        words = words.join(" "),
    )
}

/// Why the switch let a write not run, if it did not.
pub fn refusal(status: i32, stderr: &str) -> Option<String> {
    let line = stderr.lines().rev().find_map(|line| line.trim().strip_prefix(REFUSED));
    line.filter(|_| status == REFUSAL).map(str::to_string)
}

/// Whether what was changed under the switch has been read by those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InForce {
    /// It takes effect by itself.
    Itself,
    /// Services were told to read their files, also those that earlier units changed.
    Told,
    /// These files, and what lies below, nobody has read.
    Later(Vec<String>),
}

/// Access is proven: the switch goes. Of what is not in force yet the host keeps what was there
/// before, for the unit that will make it effective.
pub fn disarm(run: &str, in_force: &InForce) -> Fragment {
    let words = match in_force {
        InForce::Itself => String::new(),
        InForce::Told => "told".into(),
        InForce::Later(paths) => paths.iter().map(|path| quote(path)).collect::<Vec<_>>().join(" "),
    };
    Fragment::new(format!("exec sh {FOLDER}/switch disarm {} {words} </dev/null\n", quote(run)))
        .deadline(ARMING)
}

/// Access is not to be had: the watcher puts all back at once, and notes why in the run's record.
pub fn restore_now(run: &str, why: &str) -> String {
    let why: String = why.chars().take(WHY).collect();
    let why = serde_json::Value::from(why).to_string();
    format!("exec sh {FOLDER}/switch now {} {} </dev/null\n", quote(run), quote(&why))
}

/// The next run has told of what was taken back.
pub fn forget(run: &str) -> String {
    verb("forget", run)
}

/// A switch that is due and has no watcher any more (the run that armed it was killed just then):
/// whoever finds it fires it.
pub fn fire() -> Fragment {
    Fragment::new(format!("exec sh {FOLDER}/switch watch </dev/null\n")).deadline(ARMING)
}

fn verb(verb: &str, run: &str) -> String {
    format!("exec sh {FOLDER}/switch {verb} {} </dev/null\n", quote(run))
}

/// Asks for the state: read-only, and silent where there is none or where it may not be read.
pub fn status() -> Fragment {
    Fragment::new(format!("[ ! -r {FOLDER}/state ] || sh {FOLDER}/switch status\ntrue\n"))
}

/// A switch that was found on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub phase: Phase,
    pub run: String,
    /// Seconds until it is due; negative after that.
    pub left: i64,
    /// What was changed under it.
    pub changes: Vec<String>,
    /// What was put back.
    pub report: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Armed,
    Firing,
    Fired,
}

/// Reads the answer to [`status`].
pub fn read_status(text: &str) -> Option<Found> {
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    let phase = match words.next()? {
        "armed" => Phase::Armed,
        "firing" => Phase::Firing,
        "fired" => Phase::Fired,
        _ => return None,
    };
    let run = words.next()?.to_string();
    let left = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let lines: Vec<String> = lines.map(str::to_string).collect();
    let end = lines.iter().position(|line| line == "--").unwrap_or(lines.len());
    let report = lines.get(end + 1..).unwrap_or_default().to_vec();
    Some(Found { phase, run, left, changes: lines[..end].to_vec(), report })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_back() {
        let text =
            "fired 20261125T0-ab -3 2026-11-25T05:00:00Z\nfile /etc/a\nfile /etc/b\n--\nrestored /etc/a\n";
        let found = read_status(text).expect("a state");
        assert_eq!((found.phase, found.left), (Phase::Fired, -3));
        assert_eq!(found.changes, ["file /etc/a", "file /etc/b"]);
        assert_eq!(found.report, ["restored /etc/a"]);
        assert_eq!(read_status(""), None);
        assert_eq!(read_status("garbage\n"), None);
    }

    #[test]
    fn a_folder_is_kept_with_what_is_in_it_only_if_it_goes() {
        use crate::resource::file::{Entry, FileState, What};
        let folder = |mode| {
            let (owner, group) = ("root".to_string(), "root".to_string());
            State::File(FileState::Present(Entry { what: What::Directory, mode, owner, group, links: 2 }))
        };
        let key = Key::File("/usr/lib".into());
        let kept = |deep| vec![Keep::Path { path: "/usr/lib".into(), deep }];
        assert_eq!(keeps(&key, &folder(0o755), &folder(0o700)), kept(false));
        assert_eq!(keeps(&key, &folder(0o755), &State::File(FileState::Absent { folder: true })), kept(true));
    }

    #[test]
    fn a_refusal_is_told_from_a_status_of_the_body() {
        assert_eq!(refusal(97, "x\nharda-guard: gone\n").as_deref(), Some("gone"));
        assert_eq!(refusal(97, "another program's 97\n"), None);
        assert_eq!(refusal(1, "harda-guard: gone\n"), None);
    }
}

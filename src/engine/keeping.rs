//! What a run keeps on the host (`crate::manifest`): the lines and copies ride in the script that
//! makes a Change, before it; the mark that it was made comes after it, in the same script.

use super::guard;
use super::hidden::{holds_secret, masked};
use super::host::{Ending, HostRun};
use super::kept_runs;
use super::pending::{self, Pending};
use super::realise::send_plain;
use super::space;
use super::step::{RunAs, Step, Todo};
use super::temporary;
use crate::change::{Change, Origin};
use crate::fail_point::{self, Point};
use crate::fragment::{Fragment, Reply, quote};
use crate::manifest::{self, Acted, FORMAT, Header, Line, Made};
use crate::record::Event;
use crate::resource::file::What;
use crate::resource::user::UserState;
use crate::resource::{Key, State};
use crate::secrets::Secrets;
use std::fmt::Write;

/// Exit status of a script that could not keep what it was to change, and changed nothing.
pub const NOT_KEPT: i32 = 149;

/// What this run keeps on one host.
#[derive(Default)]
pub struct Keeper {
    /// The record has been begun on the host.
    begun: bool,
    /// Why nothing is kept here has been said.
    said: bool,
    /// The number of the last Change.
    last: usize,
    /// Lines that wait for the next script that root runs.
    owed: Vec<String>,
    /// What the first script looks for room for: a folder (or what lies in one), and KiB.
    room: Vec<(String, u64)>,
    /// Folders and files that will be kept whole: those that are removed, and the switch's snapshot.
    trees: Vec<String>,
    /// Handlers that are known to the host as pending, so that it need not be told twice.
    noted: Vec<Pending>,
}

/// The parts of a script that makes Changes: what comes before them, and after, with success or
/// without.
#[derive(Default)]
pub struct Around {
    pub before: String,
    pub made: String,
    pub failed: String,
    /// The record is in requests of its own: the script is another user's.
    apart: bool,
}

impl HostRun<'_> {
    /// Whether this session can keep anything. Where it can't, that is said once.
    pub fn keeps(&mut self) -> bool {
        let root = self.world.fact("user_uid").as_deref() == Some("0");
        if !root && !std::mem::replace(&mut self.keeper.said, true) {
            let message = "no record is kept and no lock taken: the session is not root's, so this run can't be rolled back";
            self.tell(Event::Warned { host: self.name.clone(), message: message.into() });
        }
        root
    }
}

/// What goes around the script of a batch. Where another than root runs it, root keeps by a request
/// of its own before; why that could not be done is the error.
pub fn around(
    run: &mut HostRun<'_>,
    step: &Step,
    batch: &[Change],
    run_as: &RunAs,
) -> Result<Result<Around, String>, Ending> {
    if !run.keeps() {
        return Ok(Ok(Around::default()));
    }
    let around = script(run, step, batch);
    if !is_anothers(run_as) {
        return Ok(Ok(around));
    }
    let reply = send_plain(run, Fragment::new(around.before), "keep what is there")?;
    if reply.status != 0 {
        return Ok(Err(not_kept(batch, &reply)));
    }
    take_numbers(run, batch.len());
    Ok(Ok(Around { apart: true, ..Around::default() }))
}

fn is_anothers(run_as: &RunAs) -> bool {
    run_as.user.as_deref().is_some_and(|user| user != "root")
}

/// After the script of a batch: what the record has of it now, and what it is still owed.
pub fn settle(run: &mut HostRun<'_>, around: &Around, count: usize, made: bool) {
    if around.apart {
        let numbers: Vec<usize> = (run.keeper.last + 1 - count..=run.keeper.last).collect();
        let line = if made { Line::Made(numbers) } else { Line::Failed(numbers) };
        run.keeper.owed.push(line.write());
    } else if !around.before.is_empty() {
        run.keeper.owed.clear();
        take_numbers(run, count);
    }
}

fn take_numbers(run: &mut HostRun<'_>, count: usize) {
    run.keeper.begun = true;
    run.keeper.last += count;
}

/// Why nothing was changed, where what is there can't be kept.
pub fn not_kept(batch: &[Change], reply: &Reply) -> String {
    let names: Vec<String> = batch.iter().map(|change| change.key.to_string()).collect();
    format!(
        "{} was not changed, because what is there can't be kept for a rollback\n{}",
        names.join(", "),
        reply.error_text()
    )
}

fn script(run: &mut HostRun<'_>, step: &Step, batch: &[Change]) -> Around {
    let first = run.keeper.last + 1;
    let numbers: Vec<usize> = (first..first + batch.len()).collect();
    // Owed until the script has written them.
    let mut lines = run.keeper.owed.clone();
    let mut copies = String::new();
    for (n, change) in numbers.iter().zip(batch) {
        let (copy, kept) = copy(*n, change);
        copies.push_str(&copy);
        let mut made = made(*n, change, &step.entry.origin, kept, &run.setup.secrets);
        made.brought = run.world.was_missing(&change.key);
        lines.push(Line::Change(made).write());
        if let Some(home) = new_home(change) {
            let line = Line::NewHome { n: *n }.write();
            let _ = writeln!(copies, "[ -e {} ] || say {}", quote(home), quote(&line));
        }
    }
    let pending = pending_lines(run, step);
    let begin = begin(run);
    let keep = keep(run, &begin, &format!("{copies}{}{}", temporary::note(batch), say(&lines)), &pending);
    let mark = |line: Line| {
        let path = quote(&format!("{}/manifest", manifest::folder(&run.setup.run)));
        format!("printf '%s\\n' {} >>{path}\n", quote(&line.write()))
    };
    Around {
        before: keep,
        made: mark(Line::Made(numbers.clone())),
        failed: mark(Line::Failed(numbers)),
        apart: false,
    }
}

/// The function that keeps all before the body runs. What it can't keep is not changed.
fn keep(run: &HostRun<'_>, begin: &str, body: &str, pending: &str) -> String {
    let folder = quote(&manifest::folder(&run.setup.run));
    format!(
        "harda_keep() (\numask 077; r={folder}\nsay() {{ printf '%s\\n' \"$1\" >>\"$r/manifest\" || exit 1; }}\n\
         {begin}{body}{pending}sync \"$r/manifest\" 2>/dev/null || sync\n)\n\
         harda_keep </dev/null || exit {NOT_KEPT}\n"
    )
}

fn say(lines: &[String]) -> String {
    lines.iter().map(|line| format!("say {}\n", quote(line))).collect()
}

/// What the first script does: looks for room, makes the folder, writes the header.
fn begin(run: &HostRun<'_>) -> String {
    if run.keeper.begun {
        return String::new();
    }
    let setup = run.setup;
    let header = Line::Header(Header {
        format: FORMAT,
        run: setup.run.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        login: run.access.user.clone(),
        playbook: masked(setup.playbook_name.clone(), &setup.secrets),
        started: now(),
        undoes: setup.options.undoes.clone(),
    });
    format!(
        "{room}mkdir -p {root} && chmod 0700 {root} && mkdir -p \"$r/blobs\" \"$r/trees\" {root}/pending || exit 1\n\
         [ -e \"$r/manifest\" ] || say {header}\n{clear}",
        room = space::check(&run.keeper.room, &run.keeper.trees),
        root = manifest::FOLDER,
        header = quote(&header.write()),
        clear = temporary::clear(),
    )
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn made(n: usize, change: &Change, origin: &Origin, kept: Option<String>, secrets: &Secrets) -> Made {
    Made {
        n,
        key: change.key.clone(),
        from: change.from.clone(),
        to: change.to.clone(),
        extras: change.extras.clone(),
        task: masked(origin.task.clone(), secrets),
        // What a `no_log` task loops over may be what must not be told.
        item: origin.item.clone().filter(|_| !origin.secret).map(|item| masked(item, secrets)),
        place: origin.place.to_string(),
        control: origin.control.clone(),
        undo: change.undo(),
        at: now(),
        secret: origin.secret || change.extras.hidden || holds_secret(change, secrets),
        brought: false,
        kept,
    }
}

/// The lines that copy what a Change replaces or removes, and where the copy lies.
fn copy(n: usize, change: &Change) -> (String, Option<String>) {
    match (&change.key, &change.from, &change.to) {
        (Key::File(path), State::File(from), State::File(to)) => {
            let place = quote(path);
            match (from.entry().map(|entry| &entry.what), from.body()) {
                (_, Some(body)) if to.body() != Some(body) => {
                    let kept = format!("blobs/{}.{n}", body.digest);
                    (copy_file(&place, &body.digest, &kept), Some(kept))
                }
                (Some(What::Directory), _) if to.word() != "directory" => {
                    (copy_tree(&place, n), Some(tree(n)))
                }
                _ => (String::new(), None),
            }
        }
        (Key::User(name), State::User(UserState::Present(account)), State::User(UserState::Absent)) => {
            let sub_ids = copy_sub_ids(name, n);
            if !change.extras.account.remove || account.home.len() <= 1 {
                return (sub_ids, None);
            }
            let home = quote(&account.home);
            (format!("{sub_ids}if [ -d {home} ]; then\n{}fi\n", copy_tree(&home, n)), Some(tree(n)))
        }
        _ => (String::new(), None),
    }
}

fn tree(n: usize) -> String {
    format!("trees/{n}")
}

/// GNU's cp keeps access lists and labels too; busybox has no such option. The digest is the one
/// that was planned on: a file that changes while it is copied is not replaced.
fn copy_file(place: &str, digest: &str, kept: &str) -> String {
    format!(
        "b=\"$r/{kept}\"\n\
         cp --preserve=all -- {place} \"$b\" 2>/dev/null || cp -p -- {place} \"$b\" || exit 1\n\
         s=$(sha256sum <\"$b\"); [ \"${{s%% *}}\" = {digest} ] || {{ echo {place} changed while it was copied >&2; exit 1; }}\n\
         sync \"$b\" 2>/dev/null\n"
    )
}

fn copy_tree(place: &str, n: usize) -> String {
    format!("rm -rf \"$r/trees/{n}\"; cp -a -- {place} \"$r/trees/{n}\" || exit 1\n")
}

/// The account's lines of subuid and subgid: no state holds them, and useradd gives one range of
/// its own choice.
fn copy_sub_ids(name: &str, n: usize) -> String {
    format!(
        "for f in subuid subgid; do\n[ -r /etc/$f ] || continue\n\
         while IFS= read -r l; do case $l in {}:*) printf '%s\\n' \"$l\";; esac; done </etc/$f >\"$r/{}.$f\" || exit 1\ndone\n",
        quote(name),
        tree(n),
    )
}

/// The home folder that a new account is given, or given back, if it is.
fn new_home(change: &Change) -> Option<&str> {
    match (&change.from, &change.to) {
        (State::User(UserState::Absent), State::User(UserState::Present(account)))
            if (change.extras.account.home || change.extras.kept.is_some()) && account.home.len() > 1 =>
        {
            Some(&account.home)
        }
        _ => None,
    }
}

/// The handlers that the step's Changes will have notified: known to the host before the Changes
/// are made, so that a run that is cut off leaves them to the next one.
fn pending_lines(run: &mut HostRun<'_>, step: &Step) -> String {
    let mut script = String::new();
    for handler in &step.done.notifies {
        let pending = Pending {
            run: run.setup.run.clone(),
            play: step.entry.play.clone(),
            handler: handler.clone(),
            by: masked(step.entry.origin.task.clone(), &run.setup.secrets),
        };
        if run.keeper.noted.contains(&pending) {
            continue;
        }
        let file = quote(&format!("{}/pending/{}", manifest::FOLDER, pending.run));
        let _ = writeln!(script, "printf '%s\\n' {} >>{file} || exit 1", quote(&pending.write()));
        run.keeper.noted.push(pending);
    }
    script
}

/// What goes before an act that root runs; another's is told with the next script.
pub fn before_act(run: &mut HostRun<'_>, step: &Step, run_as: &RunAs) -> String {
    if !run.keeps() {
        return String::new();
    }
    let origin = &step.entry.origin;
    let opaque = matches!(&step.todo, Todo::Act(action, ..) if action.opaque);
    let act = Acted {
        opaque,
        guarded: guard::is_armed(run),
        title: masked(
            step.entry.action.as_ref().map(|action| action.title.clone()).unwrap_or_default(),
            &run.setup.secrets,
        ),
        task: masked(origin.task.clone(), &run.setup.secrets),
        place: origin.place.to_string(),
        at: now(),
    };
    run.keeper.owed.push(Line::Act(act).write());
    if is_anothers(run_as) {
        return String::new();
    }
    let lines = std::mem::take(&mut run.keeper.owed);
    let begin = begin(run);
    run.keeper.begun = true;
    keep(run, &begin, &say(&lines), "")
}

/// Access was proven: the next script says so, before anything else is under the switch.
pub fn proven(run: &mut HostRun<'_>) {
    if run.keeper.begun {
        run.keeper.owed.push(Line::Proven.write());
    }
}

/// Ends the record: what is still owed, whether the run had failed, which handlers are pending, and
/// runs that are older than what is to be kept. One request, and none where nothing was changed.
///
/// `left` is what is pending, where that is known: where the run was broken off, what was noted with
/// each Change stays.
pub fn close(run: &mut HostRun<'_>, failed: bool, left: Option<&[Pending]>) -> Result<(), Ending> {
    let known = &run.pending;
    let differs = |left: &[Pending]| left.len() != known.len() || left.iter().any(|p| !known.contains(p));
    if !run.keeper.begun && !left.is_some_and(differs) {
        return Ok(());
    }
    let mut script = String::from("umask 077\n");
    if let Some(left) = left {
        script.push_str(&pending::rewrite(&run.setup.run, known, left));
    }
    if run.keeper.begun {
        let mut lines = std::mem::take(&mut run.keeper.owed);
        lines.push(Line::Ended { at: now(), failed }.write());
        let folder = quote(&manifest::folder(&run.setup.run));
        let _ = write!(
            script,
            "r={folder}\nsay() {{ printf '%s\\n' \"$1\" >>\"$r/manifest\" || exit 1; }}\n{}\
             sync \"$r/manifest\" 2>/dev/null\nrm -f \"$r/temporary\"\n{}",
            say(&lines),
            kept_runs::prune(&run.setup.run, kept_runs::number(run.setup, &run.layers, &run.name)?),
        );
    }
    fail_point::at(Point::BeforeRecordEnds, &run.name);
    let reply = send_plain(run, Fragment::new(script), "end the record")?;
    fail_point::at(Point::AfterRecordEnds, &run.name);
    if reply.status != 0 {
        let message = format!("the record of this run could not be ended: {}", reply.error_text());
        run.tell(Event::Warned { host: run.name.clone(), message });
    }
    Ok(())
}

/// Before the first script: what all that is planned takes on the host's file systems.
pub fn foresee(run: &mut HostRun<'_>, steps: &[Step]) {
    if !run.keeper.begun {
        run.keeper.room = space::of_changes(steps);
        run.keeper.trees = space::removed_folders(steps);
        if guard::will_arm(run, steps) {
            run.keeper.trees.extend(crate::guard::kept());
        }
    }
}

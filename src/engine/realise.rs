//! The scripts that change a host: each checks first that the host still is as planned, makes a
//! batch of Changes, and observes again.

use super::hidden::masked;
use super::host::{Ending, HostRun, act_fragment};
use super::keeping::{self, Around, NOT_KEPT};
use super::step::{Repeat, RunAs, Step};
use crate::change::Change;
use crate::fail_point::{self, Point};
use crate::fragment::{Fragment, Realisation, Reply, quote};
use crate::guard::{self, Keep, Limit};
use crate::module::Action;
use crate::record::Event;
use crate::resource::{Key, Level, Question, Realise, State, file::hex, questions, together};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Exit status of a script that found its first resource no longer as planned; the next numbers
/// stand for the others.
const DRIFTED: i32 = 150;

/// Room for the longest script that says nothing else: observing, and small changes.
const SECONDS: u64 = 300;

/// The resources that are about to be changed, as the host shows them now.
#[derive(Default)]
pub struct Ahead {
    /// Digests of the answers: a script checks them before it writes.
    pub digests: BTreeMap<Key, String>,
    /// No longer as they were when they were planned on.
    pub drifted: BTreeSet<Key>,
}

pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub type Batch<'c> = (&'c [Change], Result<Realise, String>);

/// Changes of a task that follow one another in one script where their kind can do that (one call
/// of apt), else one by one.
pub fn batches(changes: &[Change]) -> Vec<Batch<'_>> {
    let alike = |a: &Change, b: &Change| a.key.kind() == b.key.kind() && a.extras == b.extras;
    let one = |change: &Change| change.key.realise(&change.from, &change.to, &change.extras);
    changes
        .chunk_by(alike)
        .flat_map(|group| {
            let all: Vec<(&Key, &State, &State)> = group.iter().map(|c| (&c.key, &c.from, &c.to)).collect();
            match together(&all, &group[0].extras) {
                Some(body) => vec![(group, body)],
                None => group.chunks(1).map(|each| (each, one(&each[0]))).collect(),
            }
        })
        .collect()
}

/// Makes a batch, and says why if it could not be made.
pub fn make_batch(
    run: &mut HostRun<'_>,
    step: &Step,
    batch: &[Change],
    body: Realise,
    run_as: &RunAs,
    ahead: &mut Ahead,
) -> Result<Option<String>, Ending> {
    let drifted = |change: &Change| {
        format!(
            "drifted: {} is no longer as it was planned on; nothing was written. Plan again to see what changed it",
            change.key
        )
    };
    if let Some(change) = batch.iter().find(|change| ahead.drifted.contains(&change.key)) {
        return Ok(Some(drifted(change)));
    }
    let around = match keeping::around(run, step, batch, run_as)? {
        Ok(around) => around,
        Err(why) => return Ok(Some(why)),
    };
    let mut reply = realise(run, batch, &around, body.clone(), run_as, ahead)?;
    if otherwise(&reply, batch).is_some() && still_as_planned(run, batch, ahead)? {
        reply = realise(run, batch, &around, body, run_as, ahead)?;
    }
    if let Some(change) = otherwise(&reply, batch) {
        return Ok(Some(drifted(change)));
    }
    if reply.status == NOT_KEPT {
        return Ok(Some(keeping::not_kept(batch, &reply)));
    }
    keeping::settle(run, &around, batch.len(), reply.status == 0);
    let (said, answers) = split_reply(&reply, batch.len());
    for (change, answer) in batch.iter().zip(&answers) {
        ahead.digests.insert(change.key.clone(), digest(&answer.stdout));
        read_back(run, &change.key, answer);
    }
    Ok((reply.status != 0).then(|| realise_failure(batch, &reply, &said)))
}

/// The state right after the Change, from the same script.
fn read_back(run: &mut HostRun<'_>, key: &Key, answer: &Reply) {
    for state in single_question(key).into_iter().flat_map(|question| question.read(answer)) {
        run.world.observed(key.clone(), Level::Digest, state);
    }
}

/// The Change whose resource was found otherwise than its digest says.
fn otherwise<'c>(reply: &Reply, batch: &'c [Change]) -> Option<&'c Change> {
    usize::try_from(reply.status - DRIFTED).ok().and_then(|at| batch.get(at))
}

/// An answer may be another than before because of what this very run has made since (the folder
/// of a new file): then the state is what was predicted, and the digest is taken anew.
fn still_as_planned(run: &mut HostRun<'_>, batch: &[Change], ahead: &mut Ahead) -> Result<bool, Ending> {
    let keys: Vec<Key> = batch.iter().map(|change| change.key.clone()).collect();
    let seen = run.look(&keys)?;
    // What no Change is about (a group's members), or what another Change of this run is about (the
    // file that blocks a module), may have changed on the way.
    let as_planned =
        |change: &Change, state: &State| *state == change.from || change.key.same(state, &change.from);
    let same = batch
        .iter()
        .zip(&seen)
        .all(|(change, (_, state, _))| state.as_ref().is_ok_and(|state| as_planned(change, state)));
    for (key, _, digest) in seen {
        ahead.digests.insert(key, digest);
    }
    Ok(same)
}

/// Sends the script of a batch: check that the host is as planned, make it, observe again.
fn realise(
    run: &mut HostRun<'_>,
    batch: &[Change],
    around: &Around,
    body: Realise,
    run_as: &RunAs,
    ahead: &Ahead,
) -> Result<Reply, Ending> {
    let mut fragment = Fragment::new(guarded(run, batch, around, &body.script, ahead));
    fragment.input = body.input;
    fragment.user = run_as.user.clone();
    fragment.environment = run_as.environment.clone();
    fragment.deadline = Duration::from_secs(body.seconds.unwrap_or(SECONDS));
    let doing = batch.first().map(|change| change.key.to_string()).unwrap_or_default();
    let changes: Vec<String> = batch.iter().map(|change| change.key.to_string()).collect();
    let keeps = |change: &Change| guard::keeps(&change.key, &change.from, &change.to);
    let keeps: Vec<Keep> = batch.iter().flat_map(keeps).collect();
    let limit = match batch.iter().any(Change::opaque) {
        true => Limit::Never,
        false => Limit::Seconds(fragment.deadline.as_secs()),
    };
    send(run, fragment, doing, &changes, &keeps, limit)
}

/// Sends what changes the host, telling that it is still at work at each beat.
fn send(
    run: &mut HostRun<'_>,
    fragment: Fragment,
    doing: String,
    changes: &[String],
    keeps: &[Keep],
    limit: Limit,
) -> Result<Reply, Ending> {
    // Only root may move the switch: for another user that is a request of its own before.
    let fragment = match fragment.user.as_deref() {
        Some(user) if user != "root" && super::guard::is_armed(run) => {
            let touch = Fragment::new(":");
            send(run, touch, doing.clone(), changes, keeps, limit)?;
            fragment
        }
        _ => super::guard::under(run, fragment, changes, keeps, limit),
    };
    fail_point::at(Point::BeforeScript, &run.name);
    let events = run.events.clone();
    let host = run.name.clone();
    let mut beat = || {
        let _ = events.send(Event::Busy { host: host.clone(), doing: doing.clone() });
    };
    let reply = match run.for_apply() {
        Some(session) => session.realise(&Realisation(fragment), &mut beat)?,
        None => Reply { status: 1, stderr: b"there is no session".to_vec(), ..Reply::default() },
    };
    fail_point::at(Point::AfterScript, &run.name);
    if super::guard::taken_back(run, &reply) {
        return Err(super::guard::restored(run, reply.error_text()));
    }
    Ok(reply)
}

const MARK: &str = "--harda-observed--";

/// The body between its checks and its proof. The observations run in subshells with no stdin, so
/// that they can't eat the body's bytes; what the body prints comes before the first mark.
fn guarded(run: &HostRun<'_>, batch: &[Change], around: &Around, body: &str, ahead: &Ahead) -> String {
    let (mut functions, mut checks, mut proofs, mut words) = Default::default();
    for (at, change) in batch.iter().enumerate() {
        guard_one(at, change, ahead, (&mut functions, &mut checks, &mut proofs, &mut words));
    }
    let line = format!("run={} login={} changed{words}", run.setup.run, run.access.user);
    // One line of the host's log, whatever a name holds.
    let line = masked(line, &run.setup.secrets).replace(char::is_control, "?");
    let log = format!(
        "! command -v logger >/dev/null 2>&1 || logger -t harda -p authpriv.notice -- {} </dev/null",
        quote(&line)
    );
    format!(
        "{functions}{checks}{before}(\nset -u\n{body}\n)\nharda_status=$?\n\
         if [ $harda_status -eq 0 ]; then {log}\n{made}else :\n{failed}fi\n\
         {proofs}exit $harda_status\n",
        before = around.before,
        made = around.made,
        failed = around.failed,
    )
}

type Parts<'p> = (&'p mut String, &'p mut String, &'p mut String, &'p mut String);

fn guard_one(at: usize, change: &Change, ahead: &Ahead, (functions, checks, proofs, words): Parts<'_>) {
    let observe = single_question(&change.key).map(|q| q.fragment.script).unwrap_or_default();
    functions.push_str(&format!("harda_observe{at}() {{ (\n{observe}\n) </dev/null 2>/dev/null; }}\n"));
    if let Some(digest) = ahead.digests.get(&change.key) {
        let code = DRIFTED as usize + at;
        checks.push_str(&format!(
            "d=$(harda_observe{at} | sha256sum); [ \"${{d%% *}}\" = {digest} ] || exit {code}\n"
        ));
    }
    proofs.push_str(&format!("printf '\\n{MARK}\\n'\nharda_observe{at}\n"));
    words.push_str(&format!(" {}", change.key));
}

fn single_question(key: &Key) -> Option<Question> {
    questions(&BTreeMap::from([(key.clone(), Level::Digest)])).into_iter().next()
}

/// What the body printed, and the observations after it.
fn split_reply(reply: &Reply, count: usize) -> (String, Vec<Reply>) {
    let mark = format!("\n{MARK}\n").into_bytes();
    let mut rest: &[u8] = &reply.stdout;
    let mut answers = Vec::new();
    while answers.len() < count {
        let Some(at) = rest.windows(mark.len()).rposition(|window| window == mark) else { break };
        answers.push(Reply { stdout: rest[at + mark.len()..].to_vec(), ..Reply::default() });
        rest = &rest[..at];
    }
    answers.reverse();
    (String::from_utf8_lossy(rest).trim().to_string(), answers)
}

fn realise_failure(batch: &[Change], reply: &Reply, said: &str) -> String {
    let names: Vec<String> = batch.iter().map(|change| change.key.to_string()).collect();
    let mut message = format!("{} could not be changed (exit status {})", names.join(", "), reply.status);
    for text in [reply.error_text(), said.to_string()] {
        if !text.is_empty() {
            message.push('\n');
            message.push_str(&text);
        }
    }
    message
}

/// Runs an act once; whether `until` wants it again is seen when the task is looked at with its
/// answer.
pub fn act(
    run: &mut HostRun<'_>,
    step: &Step,
    action: &Action,
    run_as: &RunAs,
    repeat: &Repeat,
) -> Result<Reply, Ending> {
    if run.log.tries(&step.id) > 0 {
        std::thread::sleep(repeat.delay);
    }
    let keeps = super::guard::keeps_of_act(action);
    let limit = super::guard::limit_of_act(action);
    // As shown: a `no_log` task's command isn't.
    let shown = step.entry.action.as_ref().map(|action| action.title.clone()).unwrap_or_default();
    let before = keeping::before_act(run, step, run_as);
    let mut fragment = act_fragment(action, run_as);
    fragment.script.insert_str(0, &before);
    let reply = send(run, fragment, shown.clone(), &[shown], &keeps, limit)?;
    Ok(reply)
}

/// Sends what changes only harda's own files on the host.
pub fn send_plain(run: &mut HostRun<'_>, fragment: Fragment, doing: &str) -> Result<Reply, Ending> {
    run.busy(doing);
    match run.for_apply() {
        Some(session) => Ok(session.realise(&Realisation(fragment), &mut || {})?),
        None => Ok(Reply { status: 1, stderr: b"there is no session".to_vec(), ..Reply::default() }),
    }
}

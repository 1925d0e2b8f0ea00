//! Guarded apply: what can lock out is made under the host's dead-man's switch, and access is
//! proven by a fresh login before the switch goes (docs/guard.md).

mod in_force;
mod proof;
mod standing;

use super::hidden::masked;
use super::host::{Ending, HostRun};
use super::keeping;
use super::log::StepId;
use super::login_shell;
use super::person::{self, Held};
use super::step::{Step, Todo};
use crate::change::Change;
use crate::fail_point::{self, Point};
use crate::fragment::{Fragment, Observation, Realisation, Reply};
use crate::guard::{self, Found, InForce, Keep, Limit, Phase};
use crate::module::Action;
use crate::record::{Event, Restored};
use crate::resource::{Key, Risk, effective};
use crate::transport::{Connection, Failure, FailureKind, Question};
use in_force::Effects;
use proof::{let_in_again, prove};
use standing::Standing;
pub use standing::armed_hosts;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// An act may take hours; under the switch it gets this long before the host ends it.
const LONGEST_ACT: u64 = 600;

/// How much longer than the switch's own time harda waits for a host to come back.
const GRACE: Duration = Duration::from_secs(45);

/// What this run has armed on one host.
#[derive(Default)]
pub struct Guard {
    armed: Option<Armed>,
    /// The last fresh login that worked was the next run's.
    pub proven: bool,
    /// What earlier units changed that nobody has been told to read since.
    waiting: Vec<StepId>,
    /// What the host has taken back.
    pub taken_back: BTreeSet<StepId>,
}

struct Armed {
    /// In the words of people: `sshd`, `accounts`.
    what: BTreeSet<String>,
    /// The tasks under it; a handler that one of these notified belongs to the unit.
    tasks: BTreeSet<String>,
    /// Its Changes, for the one who reads what was taken back.
    changes: Vec<String>,
    /// The task that is being made, with its place.
    task: String,
    /// The steps that it made, and whether what they changed is in force.
    steps: Vec<StepId>,
    effects: Effects,
    /// Users whose login shell came up before.
    shells: BTreeSet<String>,
    /// At the terminal, until access is proven or all is taken back.
    _turn: Option<Held>,
    since: Instant,
    _standing: Standing,
}

/// Whether making this step can lock out.
pub fn is_risky(step: &Step) -> bool {
    match &step.todo {
        Todo::Changes(changes, _) => changes.iter().any(|change| change.risk() == Risk::LockOut),
        Todo::Act(action, _, repeat) => !repeat.probe && action.risk == Risk::LockOut,
        Todo::Nothing | Todo::Unknown => false,
    }
}

/// Whether a step writes what a handler after it, which can lock out, will make effective: `Include`
/// lets any file be sshd's.
fn feeds_a_risk(step: &Step, after: &[Step]) -> bool {
    let waits = |handler: &Step| handler.entry.origin.triggers.contains(&step.entry.origin.task);
    matches!(step.todo, Todo::Changes(..)) && after.iter().any(|handler| waits(handler) && is_risky(handler))
}

/// Whether the switch will be armed for one of these steps.
pub fn will_arm(run: &HostRun<'_>, steps: &[Step]) -> bool {
    run.setup.options.guard.is_some() && run.access.became == "root" && steps.iter().any(is_risky)
}

/// What kind of thing a step touches, in a word or two.
fn words(step: &Step) -> Vec<String> {
    let word = |change: &Change| match &change.key {
        Key::File(path) => effective::service_of(path).map_or("files", |service| service.name).to_string(),
        Key::User(_) | Key::Group(_) => "accounts".to_string(),
        Key::Unit(name) => name.clone(),
        Key::PamProfile(_) | Key::PamModule(_) => "PAM".to_string(),
        other => other.kind().to_string(),
    };
    match &step.todo {
        Todo::Changes(changes, _) => changes.iter().filter(|c| c.risk() == Risk::LockOut).map(word).collect(),
        // A handler makes effective what is named already.
        Todo::Act(..) if step.entry.origin.triggers.is_empty() => {
            vec![format!("`{}`", step.entry.origin.task)]
        }
        Todo::Act(..) => Vec::new(),
        Todo::Nothing | Todo::Unknown => Vec::new(),
    }
}

fn said_task(step: &Step) -> String {
    format!("`{}` ({})", step.entry.origin.task, step.entry.origin.place)
}

/// Before a step: ends a unit that is complete, and arms where the step can lock out. Gives why
/// the switch could not be armed.
pub fn before(run: &mut HostRun<'_>, ahead: &[Step]) -> Result<Option<String>, Ending> {
    if run.guard.armed.is_some() && !goes_on(run, ahead) {
        close(run)?;
    }
    let Some((step, after)) = ahead.split_first() else { return Ok(None) };
    if run.guard.armed.is_none() && (is_risky(step) || feeds_a_risk(step, after)) {
        let Some(seconds) = guarded(run) else { return Ok(None) };
        let turn = match person::ready(run, seconds) {
            Ok(turn) => turn,
            Err(why) => return Ok(Some(why)),
        };
        run.busy("arm the dead-man's switch");
        fail_point::at(Point::BeforeArming, &run.name);
        let users = [run.access.user.clone(), run.access.next_user().to_string(), "root".into()];
        let users: BTreeSet<&str> =
            users.iter().map(String::as_str).filter(|user| !user.is_empty()).collect();
        let users: Vec<&str> = users.into_iter().collect();
        let shells = login_shell::up_now(run, &users);
        let reply = send(run, guard::arm(&run.setup.run, seconds, &users))?;
        if reply.status != 0 {
            return Ok(Some(format!(
                "the dead-man's switch could not be armed, so nothing was changed: {}\n\
                 `--no-guard` goes without it",
                reply.error_text()
            )));
        }
        let told = reply.text();
        for message in told.lines().map(str::trim).filter(|line| !line.is_empty()) {
            run.tell(Event::Warned { host: run.name.clone(), message: message.into() });
        }
        run.guard.armed = Some(Armed {
            what: BTreeSet::new(),
            tasks: BTreeSet::new(),
            changes: Vec::new(),
            task: String::new(),
            steps: Vec::new(),
            effects: Effects::default(),
            shells,
            _turn: turn,
            since: Instant::now(),
            _standing: Standing::on(&run.name),
        });
        fail_point::at(Point::AfterArming, &run.name);
    }
    if let Some(armed) = run.guard.armed.as_mut() {
        let origin = &step.entry.origin;
        armed.what.extend(words(step));
        armed.tasks.insert(origin.task.clone());
        armed.steps.push(step.id.clone());
        armed.effects.note(step, feeds_a_risk(step, after));
        armed.task = said_task(step);
    }
    Ok(None)
}

/// The seconds of the switch, where this host is guarded: without a login there is none to lose.
fn guarded(run: &HostRun<'_>) -> Option<u64> {
    run.setup.options.guard.filter(|_| !is_local(run))
}

fn is_local(run: &HostRun<'_>) -> bool {
    matches!(run.present.0.connection, Connection::Local)
}

/// Why what can lock out is not made here: only root can arm the switch.
pub fn unguarded(run: &HostRun<'_>) -> Option<String> {
    let options = &run.setup.options;
    // A plan isn't told whether the apply will go without.
    if is_local(run) || run.access.became == "root" || options.guard.is_none() && !options.check {
        return None;
    }
    Some(format!(
        "this could lock you out, and the host could not take it back: the session is `{}`'s, not root's. \
         Become root (`become: true` on the play, or `-b`), or go without the guard (`--no-guard`)",
        run.access.became
    ))
}

/// Whether the unit is not complete yet: the next step can lock out too, or a later item of the same
/// loop, or a handler is to come that makes its Changes effective.
fn goes_on(run: &HostRun<'_>, ahead: &[Step]) -> bool {
    let Some(armed) = &run.guard.armed else { return false };
    let to_do = |step: &&Step| !matches!(step.todo, Todo::Nothing) && run.log.done(&step.id).is_none();
    let mut left = ahead.iter().filter(to_do);
    let Some(next) = left.next() else { return false };
    let is_ours = |step: &Step| step.entry.origin.triggers.iter().any(|task| armed.tasks.contains(task));
    let of_loop = |step: &Step| is_risky(step) && said_task(step) == armed.task;
    is_risky(next) || is_ours(next) || left.any(|step| is_ours(step) || of_loop(step))
}

/// What is written, under the switch: as it is where none is armed.
pub fn under(
    run: &mut HostRun<'_>,
    fragment: Fragment,
    what: &[String],
    keeps: &[Keep],
    limit: Limit,
) -> Fragment {
    let Some(armed) = run.guard.armed.as_mut() else { return fragment };
    // The host keeps it for whichever run finds what was taken back.
    let what = masked(format!("{}: {}", armed.task, what.join(", ")), &run.setup.secrets);
    let script = guard::write(&run.setup.run, limit, &what, keeps, &fragment.script);
    armed.changes.push(what);
    Fragment { script, ..fragment }
}

/// What an act may touch.
pub fn keeps_of_act(action: &Action) -> Vec<Keep> {
    if action.risk != Risk::LockOut {
        return Vec::new();
    }
    let path = |path: &String| Keep::Path {
        path: path.trim_end_matches('/').to_string(),
        deep: path.ends_with('/'),
    };
    action.paths.iter().map(path).chain([Keep::Name("*".into())]).collect()
}

pub fn limit_of_act(action: &Action) -> Limit {
    Limit::Seconds(action.seconds.min(LONGEST_ACT))
}

/// Whether the host refused a write because the switch has fired or is due.
pub fn taken_back(run: &HostRun<'_>, reply: &Reply) -> bool {
    run.guard.armed.is_some() && guard::refusal(reply.status, &reply.error_text()).is_some()
}

pub fn is_armed(run: &HostRun<'_>) -> bool {
    run.guard.armed.is_some()
}

fn send(run: &mut HostRun<'_>, fragment: Fragment) -> Result<Reply, Ending> {
    let missing = || Failure::new(FailureKind::Closed, "there is no session");
    let session = run.for_apply().ok_or_else(missing)?;
    Ok(session.realise(&Realisation(fragment), &mut || {})?)
}

/// Ends the unit: a fresh login, then the switch goes; or the host takes everything back.
pub fn close(run: &mut HostRun<'_>) -> Result<(), Ending> {
    let Some(armed) = &run.guard.armed else { return Ok(()) };
    let what = armed.what.iter().cloned().collect::<Vec<_>>().join(", ");
    let seconds = run.setup.options.guard.unwrap_or_default();
    run.busy(&format!("{what} changed, proving a fresh login"));
    fail_point::at(Point::BeforeProof, &run.name);
    let proof = prove(run, Duration::from_secs(seconds));
    let Some(armed) = &run.guard.armed else { return Ok(()) };
    match proof {
        Ok((user, took)) => {
            fail_point::at(Point::AfterProof, &run.name);
            let in_force = armed.effects.in_force(&run.log);
            let reply = send(run, guard::disarm(&run.setup.run, &in_force))?;
            if reply.status != 0 {
                return Err(restored(run, reply.error_text()));
            }
            let kept = reply.text();
            fail_point::at(Point::AfterDisarming, &run.name);
            let steps = run.guard.armed.take().map(|armed| armed.effects.steps()).unwrap_or_default();
            let message = format!("{:.1} s", took.as_secs_f64());
            run.tell(Event::Proven { host: run.name.clone(), user, what, ok: true, message });
            match in_force {
                InForce::Told => run.guard.waiting.clear(),
                InForce::Itself => {}
                InForce::Later(_) => {
                    run.guard.waiting.extend(steps);
                    // A change that was refused is none.
                    let paths: Vec<&str> = kept.lines().collect();
                    if paths.is_empty() {
                        return Ok(());
                    }
                    let message = format!(
                        "nothing has told anybody to read {} yet, so the login proves nothing of it; the task that \
                         does so takes it back as well, should no login work then",
                        paths.join(", ")
                    );
                    run.tell(Event::Warned { host: run.name.clone(), message });
                }
            }
            if run.guard.waiting.is_empty() {
                keeping::proven(run);
            }
            Ok(())
        }
        Err(failure) => {
            // The old session may be the only way in that is left.
            let why = masked(failure.message.clone(), &run.setup.secrets);
            let _ = send(run, Fragment::new(guard::restore_now(&run.setup.run, &why)));
            Err(restored(run, failure.message))
        }
    }
}

/// Waits until the host has taken back what was changed, and tells of it. The ending of this
/// host's run.
pub fn restored(run: &mut HostRun<'_>, why: String) -> Ending {
    let armed = run.guard.armed.take();
    let begun = Instant::now();
    let limit = Duration::from_secs(run.setup.options.guard.unwrap_or_default()) + GRACE;
    let mut last = Failure::new(FailureKind::TimedOut, "nothing was heard of the host");
    run.busy("waiting for the host to restore itself");
    while begun.elapsed() < limit {
        match look(run) {
            Ok(Some(found)) if found.phase == Phase::Fired => {
                let steps = armed.iter().flat_map(|armed| armed.steps.clone());
                run.guard.taken_back.extend(steps.chain(std::mem::take(&mut run.guard.waiting)));
                run.tell(Event::Restored(Restored {
                    host: run.name.clone(),
                    run: found.run.clone(),
                    why,
                    changes: found.changes,
                    report: found.report,
                    seconds: armed.map(|armed| armed.since.elapsed().as_secs_f64()),
                }));
                let _ = send(run, Fragment::new(guard::forget(&run.setup.run)));
                return let_in_again(run);
            }
            // It lets us in, but what was under way is in doubt: it goes back.
            Ok(Some(_)) => {
                let why = masked(why.clone(), &run.setup.secrets);
                drop(send(run, Fragment::new(guard::restore_now(&run.setup.run, &why))));
            }
            Ok(None) => {}
            Err(failure) => last = failure,
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    let changes = armed.map(|armed| armed.changes.join("; ")).unwrap_or_default();
    Ending::Lost(
        Failure::new(
            last.kind,
            format!(
                "{why}; the host was to take back what was changed ({changes}), which could not be seen: {}",
                last.message
            ),
        )
        .hint("run harda again in a minute: the host tells what became of it"),
    )
}

/// The switch as the host shows it: through the old session if it lives, else through a new one.
fn look(run: &mut HostRun<'_>) -> Result<Option<Found>, Failure> {
    let question = [Question::Observe(Observation(guard::status()))];
    if let Ok(replies) = run.send(&question) {
        return Ok(replies.first().and_then(|reply| guard::read_status(&reply.text())));
    }
    // Few tries: each that is refused may count against us.
    std::thread::sleep(Duration::from_secs(4));
    run.enter_again()?;
    let replies = run.send(&question)?;
    Ok(replies.first().and_then(|reply| guard::read_status(&reply.text())))
}

/// What an earlier run left on the host: told, and in an apply waited for and cleared away.
pub fn leftover(run: &mut HostRun<'_>, found: Found) -> Result<(), Ending> {
    let mut found = found;
    let begun = Instant::now();
    // A run that goes on may keep it armed for as long as a second one is willing to wait.
    let limit = Duration::from_secs(found.left.max(0) as u64 + run.setup.options.lock_timeout) + GRACE;
    while found.phase != Phase::Fired {
        let message =
            format!("run {} has armed the dead-man's switch here, due in {} s", found.run, found.left);
        run.busy(&message);
        if run.setup.options.check {
            run.tell(Event::Warned { host: run.name.clone(), message });
            return Ok(());
        }
        if begun.elapsed() > limit {
            return Err(Failure::new(FailureKind::TimedOut, message).hint("wait for that run to end").into());
        }
        std::thread::sleep(Duration::from_secs(1));
        if found.left < -5 {
            send(run, guard::fire())?;
        }
        match look(run)? {
            Some(next) => found = next,
            // The other run has proven its access.
            None => return Ok(()),
        }
    }
    let run_id = found.run.clone();
    run.tell(Event::Restored(Restored {
        host: run.name.clone(),
        run: found.run,
        why: "an earlier run did not prove that it could log in again".into(),
        changes: found.changes,
        report: found.report,
        seconds: None,
    }));
    if !run.setup.options.check {
        send(run, Fragment::new(guard::forget(&run_id)))?;
    }
    Ok(())
}

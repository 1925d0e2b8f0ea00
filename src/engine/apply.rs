//! Making a plan, step by step: what is made is kept in the log, and planning goes on from there.

use super::guard;
use super::host::{Ending, HostRun};
use super::keeping;
use super::kept::{compare, note_already_so};
use super::lock;
use super::log::StepId;
use super::realise::{Ahead, act, batches, make_batch};
use super::step::{RunAs, Step, Todo};
use super::task::frozen;
use super::walk::Walked;
use crate::change::Change;
use crate::fail_point::{self, Point};
use crate::record::{Diverged, Entry, Event, Kept, Status};
use crate::resource::effective::members;
use crate::resource::unit::{self, UnitState};
use crate::resource::{Difference, Key, Level, Risk, State};
use std::collections::{BTreeMap, HashMap};

/// What was announced, to compare with what is made.
pub type Announced = HashMap<StepId, Step>;

/// What came of applying on one host.
#[derive(Default)]
pub struct Applied {
    pub kept: Kept,
    /// How each step that was made compares with what was announced, by its task: kept apart, as
    /// the host may take it back.
    pub kept_by_step: BTreeMap<StepId, (String, Kept)>,
    /// Changed resources, and who wanted them how.
    pub touched: BTreeMap<Key, Touch>,
    pub stopped: bool,
    /// Applying has begun: what was announced and isn't made from here on is told.
    pub begun: bool,
    /// A Change that could lock out was made.
    pub risky: bool,
    pub diverged: Vec<Diverged>,
    pub verified: usize,
}

/// The last Change of a resource.
pub struct Touch {
    task: String,
    /// Of a `no_log` task: what differs is not shown.
    secret: bool,
    to: State,
    /// A unit that is down, whose file or package was removed later: it may be gone with it.
    may_be_gone: bool,
}

/// Whether walking has to begin anew before the next step.
enum Next {
    Go,
    PlanAgain,
    Stop,
}

/// Takes a host through the plays up to and with this one. However it ends, nothing stays armed:
/// access is proven, or the host takes back what was changed.
pub fn apply(
    run: &mut HostRun<'_>,
    upto: usize,
    announced: &Announced,
    applied: &mut Applied,
) -> Result<Walked, Ending> {
    match segments(run, upto, announced, applied) {
        Err(Ending::Lost(failure)) if guard::is_armed(run) => Err(guard::restored(run, failure.message)),
        Err(Ending::Restored) => Err(Ending::Restored),
        ended => {
            guard::close(run)?;
            ended
        }
    }
}

fn segments(
    run: &mut HostRun<'_>,
    upto: usize,
    announced: &Announced,
    applied: &mut Applied,
) -> Result<Walked, Ending> {
    let mut changed_since_probe = false;
    applied.begun = true;
    loop {
        let walked = run.plan(upto)?;
        fail_point::at(Point::Planned, &run.name);
        let mut again = false;
        let keys = keys_ahead(run, &walked);
        keeping::foresee(run, &walked.steps);
        let to_do = |step: &Step| match &step.todo {
            Todo::Changes(..) => true,
            Todo::Act(_, _, repeat) => !repeat.probe,
            Todo::Nothing | Todo::Unknown => false,
        };
        let has_to_do = walked.steps.iter().any(|step| to_do(step) && run.log.done(&step.id).is_none());
        if has_to_do && lock::lock(run)? {
            run.world.forget();
            run.log.forget_probes();
            continue;
        }
        if !keys.is_empty() {
            run.busy("look again at what is to be changed");
        }
        let mut ahead = run.ahead(&keys)?;
        fail_point::at(Point::Looked, &run.name);
        for (at, step) in walked.steps.iter().enumerate() {
            if run.log.done(&step.id).is_some() {
                continue;
            }
            // What has run already is told all the same.
            let begins = !matches!(step.todo, Todo::Nothing);
            if begins && run.setup.is_interrupted() {
                return Err(Ending::Interrupted);
            }
            if changed_since_probe && step.entry.action.as_ref().is_some_and(|a| a.probe) {
                run.log.forget_probes();
                changed_since_probe = false;
                again = true;
                break;
            }
            if begins && let Some(why) = run.setup.review.refuses(step, announced) {
                refuse(run, step, why);
                again = true;
                break;
            }
            if begins && let Some(why) = guard::before(run, &walked.steps[at..])? {
                fail(run, step, why);
                again = true;
                break;
            }
            match make(run, step, &mut ahead, announced, applied)? {
                Next::Go => changed_since_probe |= matches!(step.todo, Todo::Changes(..)),
                Next::PlanAgain => {
                    changed_since_probe = true;
                    again = true;
                    break;
                }
                Next::Stop => {
                    // A failure may have a rescue: what the walk says next decides.
                    again = true;
                    break;
                }
            }
        }
        if !again {
            applied.stopped = walked.stopped;
            return Ok(walked);
        }
    }
}

/// The resources that will be changed before the plan is looked at again.
fn keys_ahead(run: &HostRun<'_>, walked: &Walked) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for step in walked.steps.iter().filter(|step| run.log.done(&step.id).is_none()) {
        match &step.todo {
            Todo::Changes(changes, _) => {
                for change in changes {
                    if !keys.contains(&change.key) {
                        keys.push(change.key.clone());
                    }
                }
                if changes.iter().any(Change::opaque) {
                    break;
                }
            }
            Todo::Act(..) | Todo::Unknown => break,
            Todo::Nothing => {}
        }
    }
    keys
}

fn make(
    run: &mut HostRun<'_>,
    step: &Step,
    ahead: &mut Ahead,
    announced: &Announced,
    applied: &mut Applied,
) -> Result<Next, Ending> {
    if !matches!(step.todo, Todo::Nothing) && !step.entry.origin.triggers.is_empty() {
        fail_point::at(Point::BeforeHandler, &run.name);
    }
    match &step.todo {
        Todo::Nothing => {
            note_already_so(step, announced, applied);
            finish(run, step.clone());
            match step.entry.status {
                Status::Failed { ignored: false, .. } | Status::Refused { .. } => Ok(Next::Stop),
                _ => Ok(Next::Go),
            }
        }
        Todo::Unknown => {
            let message = format!("it can't be planned even now: {}", unknown_until(&step.entry));
            fail(run, step, message);
            Ok(Next::Stop)
        }
        Todo::Changes(changes, run_as) => {
            run.busy(&step.entry.origin.task);
            changes_of(run, step, changes, run_as, ahead, announced, applied)
        }
        Todo::Act(action, run_as, repeat) => {
            run.busy(&step.entry.origin.task);
            let reply = act(run, step, action, run_as, repeat)?;
            run.log.acted(step.id.clone(), action.clone(), reply);
            if action.opaque {
                run.world.forget();
            } else {
                run.world.forget_kind("unit");
            }
            Ok(Next::PlanAgain)
        }
    }
}

fn unknown_until(entry: &Entry) -> String {
    match &entry.status {
        Status::Unknown { until } => format!("unknown until {until}"),
        _ => "nothing says why".into(),
    }
}

fn changes_of(
    run: &mut HostRun<'_>,
    step: &Step,
    changes: &[Change],
    run_as: &RunAs,
    ahead: &mut Ahead,
    announced: &Announced,
    applied: &mut Applied,
) -> Result<Next, Ending> {
    for (batch, body) in batches(changes) {
        let failure = match body {
            Ok(body) => make_batch(run, step, batch, body, run_as, ahead)?,
            Err(why) => Some(why),
        };
        if let Some(message) = failure {
            fail(run, step, message);
            return Ok(Next::Stop);
        }
        for change in batch {
            let origin = &step.entry.origin;
            let touch = Touch {
                task: origin.task.clone(),
                secret: origin.secret || change.extras.hidden,
                to: change.to.clone(),
                may_be_gone: false,
            };
            takes_along(change, &mut applied.touched);
            applied.touched.insert(change.key.clone(), touch);
            applied.risky |= change.risk() == Risk::LockOut;
        }
    }
    let kept = compare(announced.get(&step.id), changes);
    applied.kept_by_step.insert(step.id.clone(), (step.entry.origin.task.clone(), kept));
    finish(run, step.clone());
    if changes.iter().any(Change::opaque) {
        run.world.forget();
        return Ok(Next::PlanAgain);
    }
    // What systemd makes of a unit's file is seen now, and planned on.
    if changes.iter().any(is_file_of_a_unit) {
        run.world.forget();
        return Ok(Next::PlanAgain);
    }
    Ok(Next::Go)
}

/// What a Change makes of what the run changed before: a unit goes with its file or package, an
/// account loses a group that goes.
fn takes_along(change: &Change, touched: &mut BTreeMap<Key, Touch>) {
    for (key, touch) in touched {
        if let Some(after) = members::after(&change.key, &change.from, &change.to, key, &touch.to) {
            touch.to = after;
        }
        let (Key::Unit(unit), State::Unit(state)) = (key, &touch.to) else { continue };
        touch.may_be_gone |= state.is_down() && takes_unit(change, unit);
    }
}

fn takes_unit(change: &Change, unit: &str) -> bool {
    match (&change.key, &change.to) {
        (Key::File(path), State::File(file)) => {
            file.entry().is_none() && unit::unit_of_file(path) == Some(unit)
        }
        (Key::Package(_), State::Package(package)) => package.is_absent(),
        _ => false,
    }
}

/// A folder of drop-ins says nothing yet.
fn is_file_of_a_unit(change: &Change) -> bool {
    let is_file = matches!(&change.to, State::File(file) if file.body().is_some());
    is_file && matches!(&change.key, Key::File(path) if unit::is_of_a_unit(path))
}

/// Keeps a step as done and tells of it.
fn finish(run: &mut HostRun<'_>, step: Step) {
    let (entry, done) = frozen(&step);
    run.log.freeze(step.id, done);
    run.tell(Event::Done { host: run.name.clone(), entry });
}

fn fail(run: &mut HostRun<'_>, step: &Step, message: String) {
    let mut step = step.clone();
    let ignored = step.done.ignore_errors;
    step.done.result = super::result::failed(&message);
    step.done.changed = None;
    step.entry.status = Status::Failed { message, ignored, rescued: false };
    step.todo = Todo::Nothing;
    finish(run, step);
}

/// A step that is not what was reviewed: nothing more is done on this host.
fn refuse(run: &mut HostRun<'_>, step: &Step, message: String) {
    let mut step = step.clone();
    step.done.result = super::result::failed(&message);
    step.done.changed = None;
    step.entry.status = Status::Refused { message };
    step.todo = Todo::Nothing;
    finish(run, step);
}

/// Observes all that was changed once more, and compares it with what was wanted last.
pub fn verify(run: &mut HostRun<'_>, applied: &mut Applied) -> Result<(), Ending> {
    if applied.touched.is_empty() {
        return Ok(());
    }
    run.busy("verify");
    fail_point::at(Point::BeforeVerifying, &run.name);
    run.world.begin();
    run.world.forget();
    // A content that is not as it was left is asked for, so that the difference can be shown.
    let level = |touch: &Touch| match (&touch.to, touch.secret) {
        (State::File(file), false) => match file.body() {
            Some(body) => Level::Content { unless: vec![body.digest.clone()] },
            None => Level::Digest,
        },
        _ => Level::Digest,
    };
    run.observe(applied.touched.iter().map(|(key, touch)| (key.clone(), level(touch))).collect())?;
    for (key, Touch { task, secret, to, may_be_gone }) in &applied.touched {
        let diverged = |differences: Vec<Difference>, error| Diverged {
            kind: key.kind().into(),
            id: key.id(),
            task: task.clone(),
            differences: if *secret { Vec::new() } else { differences },
            error,
        };
        match run.world.seen(key) {
            Some(found) if key.same(found, to) => applied.verified += 1,
            Some(State::Unit(UnitState::Absent)) if *may_be_gone => applied.verified += 1,
            Some(found) => applied.diverged.push(diverged(key.diff(to, found), None)),
            None => applied.diverged.push(diverged(Vec::new(), Some("it can't be observed".into()))),
        }
    }
    run.tell(Event::Verified {
        host: run.name.clone(),
        verified: applied.verified,
        diverged: applied.diverged.clone(),
    });
    Ok(())
}

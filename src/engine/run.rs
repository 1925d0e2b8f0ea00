//! A run over many hosts: a pool of threads takes the hosts through one phase at a time, first
//! planning all plays, then each play; between phases hosts wait for each other, within one none
//! waits for another.

use super::apply::{self, Announced, Applied};
use super::host::{Ending, HostRun};
use super::keeping;
use super::kept;
use super::lock;
use super::review::Otherwise;
use super::setup::Setup;
use super::step::Step;
use super::walk::Walked;
use crate::change::Certainty;
use crate::record::{Entry, Event, Mode, Recap, Status};
use crate::resource::{Risk, Undo, runs::Runs};
use crate::transport::{Failure, FailureKind};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// A thread's stack: a host's run keeps its data on the heap.
const STACK: usize = 2 << 20;

/// One host between phases.
struct Berth<'s> {
    name: String,
    run: Option<HostRun<'s>>,
    announced: Announced,
    applied: Applied,
    last: Option<Walked>,
    begun: Instant,
    end: Option<End>,
}

/// How a host's run ended before its time.
enum End {
    /// Failed or refused in the plan or at a step: nothing more is done there.
    Stopped,
    Lost,
    /// Logged in, and could not become who it had to be.
    NotBecome,
    /// Another run holds its lock, or it is not as a saved plan has it: nothing was done there.
    Refused,
    Input,
    Interrupted,
    /// The dead-man's switch took back what was changed.
    Restored,
}

/// Runs the playbook, telling `sink` each event as it comes, and gives the exit code.
pub fn run(setup: &Setup, sink: &mut dyn FnMut(&Event)) -> i32 {
    let begun = Instant::now();
    let mode = if setup.options.check { Mode::Plan } else { Mode::Apply };
    sink(&Event::Started {
        run: setup.run.clone(),
        mode,
        playbook: setup.playbook_name.clone(),
        hosts: setup.hosts.clone(),
    });
    for (play, pattern) in &setup.empty {
        sink(&Event::NoHosts { play: play.clone(), pattern: pattern.clone() });
    }
    let mut berths: Vec<Berth<'_>> = setup.hosts.iter().map(|name| Berth::new(name)).collect();
    phase(setup, &mut berths, sink, plan_host);
    if mode == Mode::Apply {
        for play in 0..setup.playbook.plays.len() {
            phase(setup, &mut berths, sink, move |setup, berth, _| apply_play(setup, berth, play));
        }
    }
    let nowhere = kept_nowhere(&berths, setup);
    phase(setup, &mut berths, sink, finish_host);
    let code = match exit_code(&berths, mode, setup) {
        0 if nowhere.is_some() => 1,
        code => code,
    };
    if let Some(run) = nowhere {
        sink(&Event::NoRecord { run: run.to_string() });
    }
    sink(&Event::Ended { seconds: begun.elapsed().as_secs_f64(), exit_code: code });
    code
}

/// Takes all hosts through one phase, `forks` at a time, while this thread passes on what they
/// tell.
fn phase<'s, F>(setup: &'s Setup, berths: &mut [Berth<'s>], sink: &mut dyn FnMut(&Event), work: F)
where
    F: Fn(&'s Setup, &mut Berth<'s>, &Sender<Event>) + Sync,
{
    let (events, told) = channel();
    let threads = setup.options.forks.clamp(1, 1000).min(berths.len());
    let queue: Mutex<VecDeque<&mut Berth<'s>>> = Mutex::new(berths.iter_mut().collect());
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (events, next, work) = (events.clone(), &next, &work);
            let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
                while let Some(berth) = next() {
                    if let Some(run) = &mut berth.run {
                        run.events = events.clone();
                    }
                    work(setup, berth, &events);
                    // A sender kept over the phase's end would keep this loop's reader waiting.
                    if let Some(run) = &mut berth.run {
                        run.events = channel().0;
                    }
                }
            });
            if spawned.is_err() {
                break;
            }
        }
        drop(events);
        for event in told {
            sink(&event);
        }
    });
}

impl Berth<'_> {
    fn new(name: &str) -> Self {
        Berth {
            name: name.to_string(),
            run: None,
            announced: Announced::new(),
            applied: Applied::default(),
            last: None,
            begun: Instant::now(),
            end: None,
        }
    }

    /// Notes why the host's run ends, and tells of it.
    fn end(&mut self, ending: Ending, events: &Sender<Event>) {
        let host = self.name.clone();
        self.end = Some(match ending {
            Ending::Lost(Failure { kind, message, hint }) => match kind {
                FailureKind::Become => {
                    let _ = events.send(Event::Refused { host, message, hint });
                    End::NotBecome
                }
                FailureKind::Input => {
                    let _ = events.send(Event::Wrong { host, message, hint });
                    End::Input
                }
                _ => {
                    let _ = events.send(Event::Unreachable { host, message, hint });
                    End::Lost
                }
            },
            Ending::Input(error) => {
                let message = match &error.place {
                    Some(place) => format!("{place}: {}", error.message),
                    None => error.message.clone(),
                };
                let _ = events.send(Event::Wrong { host, message, hint: error.hint });
                End::Input
            }
            Ending::Refused { message, hint } => {
                let _ = events.send(Event::Refused { host, message, hint });
                End::Refused
            }
            Ending::Interrupted => End::Interrupted,
            Ending::Restored => End::Restored,
        });
    }
}

impl Berth<'_> {
    /// Ends the host's run where its plan is not the one that was saved.
    fn otherwise(&mut self, otherwise: Otherwise, events: &Sender<Event>) {
        let host = self.name.clone();
        let _ = events.send(match otherwise {
            Otherwise::AlreadyMade => Event::Refused {
                host,
                message: "this plan is already made here: every change of it is in place".into(),
                hint: None,
            },
            Otherwise::Drifted(drifted) => Event::Drifted { host, drifted },
        });
        self.end = Some(End::Refused);
    }
}

fn plan_host<'s>(setup: &'s Setup, berth: &mut Berth<'s>, events: &Sender<Event>) {
    berth.begun = Instant::now();
    let begun = if setup.is_interrupted() { Err(Ending::Interrupted) } else { Ok(()) };
    let connected = begun.and_then(|()| HostRun::connect(setup, &berth.name, events.clone()));
    let planned = connected.and_then(|mut run| {
        let is_it = setup.review.is_the_host(&run);
        let walked = is_it.and_then(|()| run.plan(setup.playbook.plays.len().saturating_sub(1)));
        if let Ok(walked) = &walked {
            setup.review.planned(&run, walked);
        }
        let as_saved = walked.as_ref().map_or(Ok(()), |walked| setup.review.compare(&run, walked));
        berth.run = Some(run);
        walked.map(|walked| (walked, as_saved))
    });
    if let Err(ending) = &planned {
        setup.review.left_out(&berth.name, ending);
    }
    match planned {
        Ok((_, Err(otherwise))) => berth.otherwise(otherwise, events),
        Ok((walked, Ok(()))) => {
            let entries: Vec<Entry> = walked.steps.iter().map(|step| step.entry.clone()).collect();
            let _ = events.send(Event::Planned { host: berth.name.clone(), entries });
            berth.announced = walked.steps.iter().map(|step| (step.id.clone(), step.clone())).collect();
            if walked.stopped {
                berth.end = Some(End::Stopped);
            }
            berth.last = Some(walked);
        }
        Err(ending) => berth.end(ending, events),
    }
}

/// Takes one host through one play; after the last one it is verified at once. The host's lock is
/// held only while this host is worked on: two runs that wait for one another's hosts would
/// otherwise never end.
fn apply_play<'s>(setup: &'s Setup, berth: &mut Berth<'s>, play: usize) {
    make_play(berth, play);
    if play + 1 == setup.playbook.plays.len() {
        verify_host(berth);
    }
    if let Some(run) = berth.run.as_mut().filter(|_| !matches!(berth.end, Some(End::Lost))) {
        let events = run.events.clone();
        if let Err(ending) = lock::unlock(run)
            && berth.end.is_none()
        {
            berth.end(ending, &events);
        }
    }
}

fn make_play(berth: &mut Berth<'_>, play: usize) {
    let (None, Some(run)) = (&berth.end, &mut berth.run) else { return };
    let events = run.events.clone();
    match apply::apply(run, play, &berth.announced, &mut berth.applied) {
        Ok(walked) => {
            if walked.stopped {
                berth.end = Some(End::Stopped);
            }
            berth.last = Some(walked);
        }
        Err(ending) => berth.end(ending, &events),
    }
}

fn verify_host(berth: &mut Berth<'_>) {
    let Some(run) = &mut berth.run else { return };
    // Of a host that is lost the record stays as it is: not ended.
    if berth.applied.begun && !matches!(berth.end, Some(End::Lost)) {
        let left = run.left_pending();
        let events = run.events.clone();
        if let Err(ending) = keeping::close(run, berth.end.is_some(), left.as_deref()) {
            berth.end(ending, &events);
            return;
        }
    }
    let Some(run) = &mut berth.run else { return };
    if !matches!(berth.end, None | Some(End::Stopped)) {
        return;
    }
    let events = run.events.clone();
    if let Err(ending) = apply::verify(run, &mut berth.applied) {
        berth.end(ending, &events);
        return;
    }
    if berth.applied.risky && !run.guard.proven {
        let user = run.access.next_user().to_string();
        let (ok, message) = match run.prove_access() {
            Ok(took) => (true, format!("{:.1} s", took.as_secs_f64())),
            Err(failure) => (false, failure.message),
        };
        run.tell(Event::Proven { host: run.name.clone(), user, what: String::new(), ok, message });
        if !ok {
            berth.end = Some(End::Stopped);
        }
    }
}

fn finish_host<'s>(_setup: &'s Setup, berth: &mut Berth<'s>, events: &Sender<Event>) {
    if let Some(run) = &berth.run {
        let why = match &berth.end {
            None => "what it was to follow changed nothing, or failed and was rescued",
            Some(End::Stopped) => "the host had failed before",
            Some(End::NotBecome) => "the login could not become who it must",
            Some(End::Refused) => "the host was refused",
            Some(End::Lost) => "the connection was lost",
            Some(End::Input) => "an input was wrong",
            Some(End::Interrupted) => "interrupted",
            Some(End::Restored) => "the host took back what was changed",
        };
        kept::note_unreached(&run.log, &berth.announced, &mut berth.applied, why);
    }
    let recap = recap(berth);
    let _ = events.send(Event::Finished { host: berth.name.clone(), recap });
    berth.run = None;
}

fn recap(berth: &Berth<'_>) -> Recap {
    let mut recap = Recap { took: berth.begun.elapsed(), ..Recap::default() };
    let done = |step: &Step| berth.run.as_ref().is_some_and(|run| run.log.done(&step.id).is_some());
    // Of a host that was left in the middle, the last walk also holds what wasn't done any more.
    let cut = berth.applied.begun && !matches!(berth.end, None | Some(End::Stopped));
    for step in berth.last.iter().flat_map(|walked| &walked.steps).filter(|step| !cut || done(step)) {
        let taken_back = berth.run.as_ref().is_some_and(|run| run.guard.taken_back.contains(&step.id));
        count(step, taken_back, &mut recap);
    }
    recap.unreachable = matches!(berth.end, Some(End::Lost));
    recap.restored = matches!(berth.end, Some(End::Restored));
    recap.refused += usize::from(matches!(berth.end, Some(End::NotBecome | End::Refused)));
    recap.verified = berth.applied.verified;
    recap.diverged = berth.applied.diverged.len();
    if let Some(run) = &berth.run {
        let counts = run.counts();
        recap.round_trips = counts.round_trips as usize;
        recap.login_steps = counts.login_steps as usize;
        recap.kept = (!run.setup.options.check).then(|| kept::total(&berth.applied, &run.guard.taken_back));
    }
    recap
}

fn count(step: &Step, taken_back: bool, recap: &mut Recap) {
    match &step.entry.status {
        // It is as it was.
        Status::Changed { .. } if taken_back => {}
        Status::Ok => recap.ok += 1,
        Status::Changed { certainty } => {
            recap.changed += 1;
            recap.conditional += usize::from(*certainty != Certainty::Certain);
        }
        Status::Unknown { .. } => recap.unknown += 1,
        Status::Skipped { .. } => recap.skipped += 1,
        Status::Failed { ignored: true, .. } => recap.ignored += 1,
        Status::Failed { rescued: true, .. } => recap.rescued += 1,
        Status::Failed { .. } => recap.failed += 1,
        Status::Refused { .. } => recap.refused += 1,
    }
    let shown = &step.entry.changes;
    let action = step.entry.action.iter().filter(|_| matches!(step.entry.status, Status::Changed { .. }));
    let costs = shown.iter().map(|change| (change.risk, &change.undo));
    for (risk, undo) in costs.chain(action.map(|action| (action.risk, &action.undo))) {
        recap.lock_out += usize::from(risk == Risk::LockOut);
        recap.not_undone += usize::from(matches!(undo, Undo::None(_)));
    }
}

/// The first that applies of 130, 1, 5, 4, 2, 3, 0 (DESIGN.md, section 11).
fn exit_code(berths: &[Berth<'_>], mode: Mode, setup: &Setup) -> i32 {
    let any = |test: &dyn Fn(&Berth<'_>) -> bool| berths.iter().any(test);
    let failed = |berth: &Berth<'_>| {
        let recap = recap(berth);
        matches!(berth.end, Some(End::Stopped)) || recap.failed + recap.refused + recap.diverged > 0
    };
    if any(&|b| matches!(b.end, Some(End::Interrupted))) {
        130
    } else if any(&|b| matches!(b.end, Some(End::Input))) {
        1
    } else if any(&|b| matches!(b.end, Some(End::Restored))) {
        5
    } else if any(&|b| matches!(b.end, Some(End::Lost))) {
        4
    } else if any(&failed) {
        2
    } else if mode == Mode::Plan && setup.options.detailed_exitcode && any(&pending) {
        3
    } else {
        0
    }
}

/// The run that was to be undone, if no host keeps it: then its id is wrong. Hosts that gave no answer
/// may keep it.
fn kept_nowhere<'s>(berths: &[Berth<'_>], setup: &'s Setup) -> Option<&'s str> {
    let run = setup.options.undoes.as_deref()?;
    let has_none = |berth: &Berth<'_>| {
        let world = berth.run.as_ref().map(|run| &run.world);
        world.is_some_and(|world| world.ask::<Runs>(run).is_ok_and(|kept| kept.is_empty()))
    };
    (!berths.is_empty() && berths.iter().all(has_none)).then_some(run)
}

fn pending(berth: &Berth<'_>) -> bool {
    let recap = recap(berth);
    recap.changed + recap.unknown > 0
}

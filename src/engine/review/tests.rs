//! Cases without a host: what is said of a plan that doesn't come out as it was saved.

use super::super::log::{Done, StepId};
use super::*;
use crate::change::Origin;
use crate::place::Place;
use crate::record::Entry;
use crate::resource::file::{Body, Entry as Stands, FileState, What};
use crate::resource::{Extras, Key, Level, Risk};
use crate::world::World;
use std::time::Duration;

fn file(text: &str, mode: u32) -> State {
    State::File(FileState::Present(Stands {
        what: What::File(Body::of(text.as_bytes())),
        mode,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    }))
}

fn absent() -> State {
    State::File(FileState::Absent { folder: true })
}

fn change(path: &str, from: State, to: State, certainty: Certainty) -> Change {
    Change { key: Key::File(path.into()), from, to, extras: Extras::default(), certainty }
}

fn conditional() -> Certainty {
    Certainty::Conditional { waits_for: "install it".into() }
}

fn step(id: &str, todo: Todo) -> Step {
    let certainty = match &todo {
        Todo::Changes(changes, _) => changes[0].certainty.clone(),
        _ => Certainty::Certain,
    };
    let origin = Origin {
        task: format!("task {id}"),
        item: None,
        module: "copy".into(),
        place: Place::new("site.yml", 1, 1),
        control: None,
        secret: false,
        triggers: Vec::new(),
    };
    let entry = Entry {
        play: "all".into(),
        origin,
        status: Status::Changed { certainty },
        changes: Vec::new(),
        action: None,
        notes: Vec::new(),
        lags: None,
        checked: false,
        evidence: Vec::new(),
    };
    Step { id: StepId(id.into()), entry, todo, done: Done::default() }
}

fn changes(id: &str, changes: Vec<Change>) -> Step {
    step(id, Todo::Changes(changes, RunAs::default()))
}

fn act(id: &str, script: &str) -> Step {
    let action = Action {
        title: script.into(),
        script: script.into(),
        input: Vec::new(),
        risk: Risk::None,
        opaque: false,
        outcome: crate::module::Outcome::Command,
        seconds: 1,
        paths: Vec::new(),
    };
    let repeat = super::super::step::Repeat { tries: 1, delay: Duration::ZERO, probe: false };
    step(id, Todo::Act(action, RunAs::default(), repeat))
}

fn walked(steps: Vec<Step>) -> Walked {
    Walked { steps, ..Walked::default() }
}

fn host(walked: &Walked) -> Host {
    Host {
        host_key: None,
        machine_id: Some("1".into()),
        entries: Vec::new(),
        steps: walked.steps.iter().filter_map(saved).collect(),
        contents: walked.steps.iter().flat_map(contents).collect(),
    }
}

/// What is told, a line each, of a host where this is planned now and that was then.
fn told(then: Vec<Step>, now: Vec<Step>, seen: &[(&str, State)]) -> String {
    let mut world = World::default();
    for (path, state) in seen {
        world.observed(Key::File((*path).into()), Level::Digest, Ok(state.clone()));
    }
    match drifted(&host(&walked(then)), &walked(now), &world) {
        Ok(()) => "as saved".into(),
        Err(Otherwise::AlreadyMade) => "already made".into(),
        Err(Otherwise::Drifted(all)) => {
            let line = |one: &crate::record::Diverged| {
                let why = one.error.clone().unwrap_or_else(|| in_words(&one.differences));
                format!("{} {}: {why}", one.kind, one.id)
            };
            all.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn the_same_plan_is_the_same() {
    let plan = || {
        vec![
            changes("a", vec![change("/a", absent(), file("x", 0o644), Certainty::Certain)]),
            act("b", "true"),
        ]
    };
    assert_eq!(told(plan(), plan(), &[]), "as saved");
    assert_eq!(told(plan(), vec![], &[("/a", file("x", 0o644))]), "already made");
}

#[test]
fn what_drifted_is_told_and_what_follows_from_it_is_not() {
    let plan = |from: State| {
        vec![changes("a", vec![change("/a", from, file("x", 0o644), Certainty::Certain)]), act("b", "true")]
    };
    let now = plan(file("old", 0o600));
    assert_eq!(told(plan(file("old", 0o644)), now, &[]), "file /a: mode 0600 instead of 0644");
    let both = || {
        vec![
            changes("a", vec![change("/a", absent(), file("x", 0o644), Certainty::Certain)]),
            changes("b", vec![change("/b", absent(), file("x", 0o644), Certainty::Certain)]),
        ]
    };
    let now = both().into_iter().skip(1).collect();
    let seen = [("/a", file("x", 0o644)), ("/b", absent())];
    assert_eq!(told(both(), now, &seen), "file /a: it is already as the plan makes it");
}

#[test]
fn a_plan_that_comes_out_otherwise_is_told_task_by_task() {
    let made = |text: &str, certainty: Certainty| {
        changes("a", vec![change("/a", absent(), file(text, 0o644), certainty)])
    };
    let then = || vec![made("x", Certainty::Certain), act("b", "true")];
    let says = |now: Vec<Step>| told(then(), now, &[]);
    assert_eq!(
        says(vec![made("y", Certainty::Certain), act("b", "true")]),
        "file /a: it would become something else than the plan says"
    );
    assert_eq!(
        says(vec![made("x", conditional()), act("b", "true")]),
        "task site.yml:1:1: it waits for `install it` now"
    );
    assert_eq!(
        says(vec![made("x", Certainty::Certain), act("b", "false")]),
        "task site.yml:1:1: it would do something else now"
    );
    assert_eq!(says(vec![made("x", Certainty::Certain)]), "task site.yml:1:1: it isn't come to any more");
    assert_eq!(
        says(then().into_iter().chain([act("c", "reboot")]).collect()),
        "task site.yml:1:1: it would do something now, and the plan doesn't hold it: "
    );
}

#[test]
fn what_turns_out_otherwise_while_applying_is_refused() {
    let keep = |allow_conditional| Review::Keep { hosts: BTreeMap::new(), allow_conditional };
    let made = |from: State, certainty: Certainty| {
        changes("a", vec![change("/a", from, file("x", 0o644), certainty)])
    };
    let refuses = |allow: bool, before: Option<Step>, now: &Step| {
        let announced: Announced = before.into_iter().map(|step| (step.id.clone(), step)).collect();
        keep(allow).refuses(now, &announced).map(|why| why.lines().next().unwrap_or_default().to_string())
    };
    let (certain, open) = (made(absent(), Certainty::Certain), made(absent(), conditional()));
    let other = made(file("theirs", 0o600), Certainty::Certain);
    assert_eq!(refuses(false, Some(certain.clone()), &certain), None);
    assert_eq!(
        refuses(true, Some(certain), &other).as_deref(),
        Some(
            "the plan was certain of this, and it would be made otherwise: file /a is state file instead of absent"
        )
    );
    assert_eq!(
        refuses(false, Some(open.clone()), &other).as_deref(),
        Some("it turned out otherwise than the saved plan shows: file /a is state file instead of absent")
    );
    assert_eq!(refuses(true, Some(open.clone()), &other), None);
    assert_eq!(refuses(false, None, &open).as_deref(), Some("the saved plan doesn't hold it: file /a"));
    assert_eq!(refuses(true, None, &open), None);
    let (one, two) = (act("b", "true"), act("b", "false"));
    assert_eq!(refuses(false, Some(one.clone()), &one), None);
    assert!(refuses(true, Some(one), &two).is_some());
    assert_eq!(refuses(false, None, &two).as_deref(), Some("the saved plan doesn't hold it: false"));
}

//! What is known of one host: facts, every resource observed so far, and over them the predicted
//! effect of what is planned or done. Modules ask it; what it doesn't know is noted as a demand.

use crate::change::Certainty;
use crate::resource::file::{FileState, What, parent};
use crate::resource::unit::UnitState;
use crate::resource::{Key, Level, Opaque, State, Typed};
use minijinja::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Why a module can't plan now.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// Resources were asked for that aren't known yet; they are noted as demands.
    Waiting,
    /// It rests on the outcome of a task that hasn't run.
    Unknown { until: String },
    /// It can't be done: a sentence that says why, and what would be right.
    Error(String),
    /// It would be wrong to do it (a lock-out, a hand-edited file): the host is left alone.
    Refused(String),
}

impl Stop {
    pub fn error(message: impl Into<String>) -> Self {
        Stop::Error(message.into())
    }
}

/// What was seen of one resource.
#[derive(Clone, Debug)]
struct Seen {
    state: Result<State, String>,
    level: Level,
}

/// What is planned for one resource.
#[derive(Clone, Debug)]
struct Predicted {
    state: State,
    certainty: Certainty,
}

/// One host as harda knows it.
#[derive(Default)]
pub struct World {
    pub facts: Value,
    seen: BTreeMap<Key, Seen>,
    predicted: BTreeMap<Key, Predicted>,
    opaque: Vec<Opaque>,
    demands: RefCell<BTreeMap<Key, Level>>,
    leaned_on: RefCell<Option<String>>,
    /// The opaque step that may make what was told to be absent.
    doubted: RefCell<Option<String>>,
    /// What was asked for since somebody took it: the evidence of a task.
    asked: RefCell<BTreeSet<Key>>,
    /// Units that were not there once: what there is of them by now came in this run.
    missed: BTreeSet<Key>,
}

impl World {
    pub fn new(facts: Value) -> Self {
        World { facts, ..World::default() }
    }

    /// The state of a resource as it is, or will be when what is planned so far is done.
    pub fn ask<K: Typed>(&self, id: impl Into<K::Id>) -> Result<&K::State, Stop> {
        self.ask_at::<K>(id, Level::Digest)
    }

    /// The same, with contents. Ask for all that is needed before using `?` on any, so that one
    /// round brings them all.
    pub fn ask_at<K: Typed>(&self, id: impl Into<K::Id>, level: Level) -> Result<&K::State, Stop> {
        let key = K::key(id.into());
        self.asked.borrow_mut().insert(key.clone());
        if let Some(predicted) = self.predicted.get(&key) {
            self.lean_on_prediction(predicted);
            return K::unwrap(&predicted.state).ok_or(Stop::Waiting);
        }
        if let Some((state, folder)) = self.implied(&key) {
            self.lean_on_prediction(folder);
            // What brings the folder may bring this file in it.
            if matches!(state, State::File(FileState::Absent { folder: true })) {
                self.lean_on_shaking(&key, state);
            }
            return K::unwrap(state).ok_or(Stop::Waiting);
        }
        self.ask_beneath::<K>(key, level)
    }

    /// The same for a resource of any kind.
    pub fn ask_any(&self, key: &Key, level: Level) -> Result<&State, Stop> {
        if let Some(predicted) = self.predicted.get(key) {
            return Ok(&predicted.state);
        }
        match self.seen.get(key).filter(|seen| seen.level.covers(&level)) {
            Some(Seen { state: Ok(state), .. }) => Ok(state),
            Some(Seen { state: Err(why), .. }) => Err(Stop::error(format!("{key} {why}"))),
            None => {
                self.note(key.clone(), level);
                Err(Stop::Waiting)
            }
        }
    }

    /// The state as observed, under what is planned: for bytes that a prediction kept as they are
    /// without having read them.
    pub fn ask_observed<K: Typed>(&self, id: impl Into<K::Id>, level: Level) -> Result<&K::State, Stop> {
        self.ask_beneath::<K>(K::key(id.into()), level)
    }

    fn ask_beneath<K: Typed>(&self, key: Key, level: Level) -> Result<&K::State, Stop> {
        match self.seen.get(&key).filter(|seen| seen.level.covers(&level)) {
            Some(Seen { state: Ok(state), .. }) => {
                self.lean_on_shaking(&key, state);
                if let (State::File(FileState::Absent { .. }), Some(step)) = (state, self.opaque.last()) {
                    self.doubted.borrow_mut().get_or_insert_with(|| step.task.clone());
                }
                K::unwrap(state).ok_or(Stop::Waiting)
            }
            Some(Seen { state: Err(why), .. }) => Err(Stop::error(format!("{key} {why}"))),
            None => {
                self.note(key, level);
                Err(Stop::Waiting)
            }
        }
    }

    /// What a planned folder says of a path in it: once the folder is made, what was told to lie
    /// in no folder lies in one; once it is gone, so is all in it.
    fn implied(&self, key: &Key) -> Option<(&'static State, &Predicted)> {
        static IN_FOLDER: State = State::File(FileState::Absent { folder: true });
        static IN_NONE: State = State::File(FileState::Absent { folder: false });
        #[allow(irrefutable_let_patterns)] // gone with the second kind
        let Key::File(path) = key else { return None };
        let folder = self.predicted.get(&Key::File(parent(path).to_string()));
        if path == "/" {
            return None;
        }
        match folder.map(|f| (f, &f.state)) {
            Some((folder, State::File(FileState::Absent { .. }))) => Some((&IN_NONE, folder)),
            Some((folder, State::File(FileState::Present(entry)))) if entry.what == What::Directory => {
                let seen = self.seen.get(key).and_then(|seen| seen.state.as_ref().ok());
                (seen == Some(&IN_NONE)).then_some((&IN_FOLDER, folder))
            }
            _ => match self.implied(&Key::File(parent(path).to_string())) {
                Some((state, folder)) if *state == IN_NONE => Some((&IN_NONE, folder)),
                _ => None,
            },
        }
    }

    /// Notes that something is wanted, without waiting for it.
    pub fn demand(&self, key: Key, level: Level) {
        if self.predicted.contains_key(&key) {
            return;
        }
        if self.seen.get(&key).is_some_and(|seen| seen.level.covers(&level)) {
            return;
        }
        self.note(key, level);
    }

    fn note(&self, key: Key, level: Level) {
        self.demands.borrow_mut().entry(key).and_modify(|mine| mine.merge(&level)).or_insert(level);
    }

    fn lean_on_shaking(&self, key: &Key, state: &State) {
        if let Some(step) = self.opaque.iter().find(|step| key.shaken(state, step)) {
            self.lean_on(&step.task);
        }
    }

    fn lean_on_prediction(&self, predicted: &Predicted) {
        if let Certainty::Conditional { waits_for } = &predicted.certainty {
            self.lean_on(waits_for);
        }
    }

    fn lean_on(&self, task: &str) {
        self.leaned_on.borrow_mut().get_or_insert_with(|| task.to_string());
    }

    /// The opaque step that what was asked so far rests on, if any: what is missing now may be
    /// there once it is done.
    pub fn waits_for(&self) -> Option<String> {
        self.leaned_on.borrow().clone()
    }

    /// The opaque step that may make a file that was told to be absent. What is written there is
    /// written all the same; but that it is missing is no certain failure, and not known.
    pub fn doubt(&self) -> Option<String> {
        self.doubted.borrow().clone()
    }

    /// Notes that what is planned now rests on another task.
    pub fn rest_on(&self, task: &str) {
        self.lean_on(task);
    }

    /// A fact by its name without `ansible_`, as text.
    pub fn fact(&self, name: &str) -> Option<String> {
        let value = self.facts.get_attr(name).ok()?;
        (!value.is_undefined() && !value.is_none()).then(|| value.to_string())
    }

    /// Whether what was asked since the last call rests on an opaque step.
    pub fn take_certainty(&self) -> Certainty {
        self.doubted.borrow_mut().take();
        match self.leaned_on.borrow_mut().take() {
            Some(waits_for) => Certainty::Conditional { waits_for },
            None => Certainty::Certain,
        }
    }

    /// What was asked for since the last call, known or not.
    pub fn take_asked(&self) -> BTreeSet<Key> {
        std::mem::take(&mut *self.asked.borrow_mut())
    }

    /// All that is wanted and not known.
    pub fn take_demands(&self) -> BTreeMap<Key, Level> {
        let mut wanted = std::mem::take(&mut *self.demands.borrow_mut());
        for (key, level) in &mut wanted {
            if let Some(seen) = self.seen.get(key) {
                level.merge(&seen.level);
            }
        }
        wanted
    }

    /// What the host answered. What stands on it and was seen before it changed is forgotten.
    pub fn observed(&mut self, key: Key, level: Level, state: Result<State, String>) {
        if let (Ok(now), Some(before)) = (&state, self.seen(&key))
            && now != before
        {
            self.seen.retain(|other, _| !other.stands_on(&key, now));
        }
        if matches!(state, Ok(State::Unit(UnitState::Absent))) {
            self.missed.insert(key.clone());
        }
        self.seen.insert(key, Seen { state, level });
    }

    /// Whether a unit was not there when the host was first looked at: this run has brought it.
    pub fn was_missing(&self, key: &Key) -> bool {
        self.missed.contains(key)
    }

    /// The state as observed, whatever is planned.
    pub fn seen(&self, key: &Key) -> Option<&State> {
        self.seen.get(key).and_then(|seen| seen.state.as_ref().ok())
    }

    /// The state that is or is predicted, for the one who has asked before.
    pub fn current(&self, key: &Key) -> Option<&State> {
        match self.predicted.get(key) {
            Some(predicted) => Some(&predicted.state),
            None => self.implied(key).map(|(state, _)| state).or_else(|| self.seen(key)),
        }
    }

    /// All states that are planned so far.
    pub fn predictions(&self) -> impl Iterator<Item = (&Key, &State)> {
        self.predicted.iter().map(|(key, predicted)| (key, &predicted.state))
    }

    /// Lays a planned state over what was observed.
    pub fn predict(&mut self, key: Key, state: State, certainty: Certainty) {
        self.predicted.insert(key, Predicted { state, certainty });
    }

    /// An opaque step is planned: what it may touch is conditional from here on.
    pub fn shake(&mut self, by: Opaque) {
        self.opaque.push(by);
    }

    /// Forgets all predictions, to plan again from what was observed.
    pub fn begin(&mut self) {
        self.predicted.clear();
        self.opaque.clear();
        self.demands.borrow_mut().clear();
        self.leaned_on.borrow_mut().take();
        self.doubted.borrow_mut().take();
    }

    /// Forgets what was observed of one kind.
    pub fn forget_kind(&mut self, kind: &str) {
        self.seen.retain(|key, _| key.kind() != kind);
    }

    /// Forgets what was observed: an opaque step has run.
    pub fn forget(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::file::{Entry, File};

    fn folder() -> State {
        State::File(FileState::Present(Entry {
            what: What::Directory,
            mode: 0o755,
            owner: "root".into(),
            group: "root".into(),
            links: 1,
        }))
    }

    fn absent(folder: bool) -> State {
        State::File(FileState::Absent { folder })
    }

    #[test]
    fn a_planned_folder_decides_what_lies_in_it() {
        let mut world = World::default();
        let key = |path: &str| Key::File(path.into());
        world.observed(key("/a/b"), Level::Digest, Ok(absent(false)));
        world.observed(key("/c/d/e"), Level::Digest, Ok(folder()));
        assert_eq!(world.ask::<File>("/a/b"), Ok(&FileState::Absent { folder: false }));
        let waits_for = "install it".to_string();
        world.predict(key("/a"), folder(), Certainty::Conditional { waits_for: waits_for.clone() });
        world.predict(key("/c"), absent(true), Certainty::Certain);
        assert_eq!(world.ask::<File>("/a/b"), Ok(&FileState::Absent { folder: true }));
        assert_eq!(world.take_certainty(), Certainty::Conditional { waits_for });
        assert_eq!(world.ask::<File>("/c/d/e"), Ok(&FileState::Absent { folder: false }));
        assert_eq!(world.current(&key("/c/d/e")), Some(&absent(false)));
    }

    #[test]
    fn what_a_package_writes_into_its_own_folder_waits_for_it() {
        let mut world = World::default();
        let key = |path: &str| Key::File(path.into());
        world.observed(key("/etc/audit/auditd.conf"), Level::Digest, Ok(absent(false)));
        world.observed(key("/etc/audit/mine.conf"), Level::Digest, Ok(absent(false)));
        let waits_for = "install it".to_string();
        world.shake(Opaque { task: waits_for.clone(), package: Some("auditd".into()) });
        world.predict(key("/etc/audit"), folder(), Certainty::Certain);
        assert_eq!(world.ask::<File>("/etc/audit/auditd.conf"), Ok(&FileState::Absent { folder: true }));
        assert_eq!(world.take_certainty(), Certainty::Conditional { waits_for });
        assert_eq!(world.ask::<File>("/etc/audit/mine.conf"), Ok(&FileState::Absent { folder: true }));
        assert_eq!(world.take_certainty(), Certainty::Certain);
    }

    #[test]
    fn what_was_observed_can_be_asked_for_under_a_prediction() {
        let mut world = World::default();
        world.predict(Key::File("/a".into()), folder(), Certainty::Certain);
        let content = Level::Content { unless: vec![] };
        assert_eq!(world.ask_observed::<File>("/a", content.clone()), Err(Stop::Waiting));
        assert_eq!(world.take_demands().get(&Key::File("/a".into())), Some(&content));
    }
}

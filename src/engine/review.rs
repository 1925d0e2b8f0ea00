//! Plans that are saved, and plans that were: what a host's plan came to is taken down; later the
//! host is planned again by the same function, and what comes out must be what was taken down.

mod drift;

use super::apply::Announced;
use super::host::{Ending, HostRun};
use super::kept::compare;
use super::step::{RunAs, Step, Todo};
use super::walk::Walked;
use crate::change::{Certainty, Change};
use crate::module::Action;
use crate::record::{Kept, Status};
use crate::resource::file::hex;
use crate::resource::{Difference, State};
use crate::saved::{Does, Host, SavedAct, SavedChange, SavedStep};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub use drift::{Otherwise, drifted};

/// Whether a run's plan is saved, or is one that was.
#[derive(Default)]
pub enum Review {
    #[default]
    None,
    /// What each host's plan came to.
    Save(Mutex<BTreeMap<String, Outcome>>),
    /// What must come out again.
    Keep { hosts: BTreeMap<String, Host>, allow_conditional: bool },
}

/// What a host's plan came to, for the file.
pub enum Outcome {
    Planned(Box<Host>),
    /// It has no plan that can be made, and why.
    LeftOut(String),
    /// Tasks that can't be planned yet, and what they wait for: then nothing is saved.
    Unknown(Vec<String>),
}

impl Review {
    pub fn to_save() -> Self {
        Review::Save(Mutex::default())
    }

    /// What was taken down of all hosts.
    pub fn outcomes(&self) -> BTreeMap<String, Outcome> {
        match self {
            Review::Save(all) => std::mem::take(&mut all.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => BTreeMap::new(),
        }
    }

    fn note(&self, host: &str, outcome: impl FnOnce() -> Outcome) {
        if let Review::Save(all) = self {
            all.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_string(), outcome());
        }
    }

    /// A host's plan, if it is to be saved.
    pub fn planned(&self, run: &HostRun<'_>, walked: &Walked) {
        self.note(&run.name, || outcome(run, walked));
    }

    /// A host that came to no plan.
    pub fn left_out(&self, host: &str, ending: &Ending) {
        let why = match ending {
            Ending::Lost(failure) => failure.message.clone(),
            Ending::Input(error) => error.message.clone(),
            Ending::Refused { message, .. } => message.clone(),
            Ending::Interrupted => "interrupted".to_string(),
            Ending::Restored => "the host took back what an earlier run had changed".to_string(),
        };
        self.note(host, || Outcome::LeftOut(why));
    }

    /// Refuses a host that isn't the one that the plan was made on.
    pub fn is_the_host(&self, run: &HostRun<'_>) -> Result<(), Ending> {
        let Review::Keep { hosts, .. } = self else { return Ok(()) };
        let Some(saved) = hosts.get(&run.name) else { return Ok(()) };
        let (host_key, machine_id) = identity(run);
        let refused = |what: &str, then: &Option<String>, now: &Option<String>| {
            let shown = |known: &Option<String>| known.clone().unwrap_or_else(|| "not known".into());
            Err(Ending::Refused {
                message: format!(
                    "`{}` is not the host that the plan was made on: its {what} was {}, and is {}",
                    run.name,
                    shown(then),
                    shown(now)
                ),
                hint: Some("if this is right, plan again".into()),
            })
        };
        if saved.host_key != host_key {
            return refused("host key", &saved.host_key, &host_key);
        }
        if saved.machine_id != machine_id {
            return refused("machine-id", &saved.machine_id, &machine_id);
        }
        Ok(())
    }

    /// What is otherwise on this host than when the plan was made.
    pub fn compare(&self, run: &HostRun<'_>, walked: &Walked) -> Result<(), Otherwise> {
        let Review::Keep { hosts, .. } = self else { return Ok(()) };
        let Some(saved) = hosts.get(&run.name) else { return Ok(()) };
        drifted(saved, walked, &run.world)
    }

    /// Why a step that is about to be made is not one that was reviewed.
    pub fn refuses(&self, step: &Step, announced: &Announced) -> Option<String> {
        let Review::Keep { allow_conditional, .. } = self else { return None };
        let before = announced.get(&step.id);
        match &step.todo {
            Todo::Nothing | Todo::Unknown => None,
            Todo::Changes(changes, _) => refuses_changes(before, changes, *allow_conditional),
            Todo::Act(_, _, repeat) if repeat.probe => None,
            Todo::Act(action, ..) => refuses_act(before, action, *allow_conditional),
        }
    }
}

const ALLOW: &str = "`--allow-conditional` makes what turns out otherwise, too";

fn refuses_changes(before: Option<&Step>, changes: &[Change], allow: bool) -> Option<String> {
    let announced = match before.map(|step| &step.todo) {
        Some(Todo::Changes(announced, _)) => announced.as_slice(),
        _ => &[],
    };
    let kept = match announced.is_empty() {
        true => Kept { not_announced: changes.len(), ..Kept::default() },
        false => compare(before, changes),
    };
    if kept.certain_otherwise > 0 {
        return Some(format!(
            "the plan was certain of this, and it would be made otherwise: {}",
            words(announced, changes)
        ));
    }
    if allow || kept.not_announced + kept.conditional_different == 0 {
        return None;
    }
    let what = match kept.not_announced {
        0 => "it turned out otherwise than the saved plan shows",
        _ => "the saved plan doesn't hold it",
    };
    Some(format!("{what}: {}\n{ALLOW}", words(announced, changes)))
}

fn refuses_act(before: Option<&Step>, action: &Action, allow: bool) -> Option<String> {
    let same = |planned: &Action| planned.script == action.script && planned.input == action.input;
    match before.map(|step| (&step.todo, certainty(step))) {
        Some((Todo::Act(planned, ..), _)) if same(planned) => None,
        Some((Todo::Act(..), Certainty::Certain)) => {
            Some("the plan was certain of this, and it would be run otherwise".into())
        }
        _ if allow => None,
        Some((Todo::Act(..), _)) => {
            Some(format!("it would be run otherwise than the saved plan shows\n{ALLOW}"))
        }
        _ => Some(format!("the saved plan doesn't hold it: {}\n{ALLOW}", action.title)),
    }
}

/// What differs between what was announced and what would be made, in a line.
fn words(announced: &[Change], changes: &[Change]) -> String {
    let one = |change: &Change| {
        let Some(planned) = announced.iter().find(|planned| planned.key == change.key) else {
            return Some(change.key.to_string());
        };
        let (from, to) = (&planned.from, &planned.to);
        let side = |name: &str, then: &State, now: &State| {
            let differences = change.key.diff(then, now);
            (!change.key.same(now, then)).then(|| format!("{name} {}", in_words(&differences)))
        };
        let sides: Vec<String> = [side("is", from, &change.from), side("would become", to, &change.to)]
            .into_iter()
            .flatten()
            .collect();
        (!sides.is_empty()).then(|| format!("{} {}", change.key, sides.join(", and ")))
    };
    changes.iter().filter_map(one).collect::<Vec<_>>().join("; ")
}

fn in_words(differences: &[Difference]) -> String {
    let word = |difference: &Difference| match difference {
        Difference::Property { name, from, to } if from.is_empty() => format!("{name} {to}"),
        Difference::Property { name, from, to } => format!("{name} {to} instead of {from}"),
        Difference::Text { .. } => "of another content".to_string(),
    };
    let state =
        |difference: &&Difference| matches!(difference, Difference::Property { name, .. } if name == "state");
    match differences {
        [] => "otherwise".to_string(),
        // Of what wasn't there, or is gone, the rest is no news.
        all if all.iter().any(|difference| state(&difference)) => {
            all.iter().filter(state).map(word).collect::<Vec<_>>().join(", ")
        }
        differences => differences.iter().map(word).collect::<Vec<_>>().join(", "),
    }
}

/// By what a host is known: the key that it showed, and its machine-id.
fn identity(run: &HostRun<'_>) -> (Option<String>, Option<String>) {
    (run.host_key.clone(), run.world.fact("machine_id").filter(|id| !id.is_empty()))
}

fn outcome(run: &HostRun<'_>, walked: &Walked) -> Outcome {
    if walked.stopped {
        return Outcome::LeftOut(why_stopped(walked));
    }
    let unknown = unknown(walked);
    if !unknown.is_empty() {
        return Outcome::Unknown(unknown);
    }
    let (host_key, machine_id) = identity(run);
    if host_key.is_none() && machine_id.is_none() {
        return Outcome::LeftOut(
            "it shows neither a host key nor a machine-id that a plan can be bound to".into(),
        );
    }
    Outcome::Planned(Box::new(Host {
        host_key,
        machine_id,
        entries: walked.steps.iter().map(|step| step.entry.clone()).collect(),
        steps: walked.steps.iter().filter_map(saved).collect(),
        contents: walked.steps.iter().flat_map(contents).collect(),
    }))
}

fn why_stopped(walked: &Walked) -> String {
    let why = |step: &Step| match &step.entry.status {
        Status::Failed { message, ignored: false, rescued: false } | Status::Refused { message } => {
            Some(format!("task `{}`: {message}", step.entry.origin.task))
        }
        _ => None,
    };
    walked.steps.iter().rev().find_map(why).unwrap_or_else(|| "its plan stops".into())
}

/// Tasks that can't be planned, with their places and what they wait for.
fn unknown(walked: &Walked) -> Vec<String> {
    let steps = walked.steps.iter().filter_map(|step| match &step.entry.status {
        Status::Unknown { until } => {
            let origin = &step.entry.origin;
            Some(format!("task `{}` ({}) is unknown until `{until}`", origin.task, origin.place))
        }
        _ => None,
    });
    let mut all: Vec<String> = steps.chain(walked.unforeseen.iter().cloned()).collect();
    all.dedup();
    all
}

/// The step as data, if it does anything.
fn saved(step: &Step) -> Option<SavedStep> {
    let origin = &step.entry.origin;
    let (does, run_as) = match &step.todo {
        Todo::Changes(changes, run_as) => {
            (Does::Changes(changes.iter().map(SavedChange::of).collect()), run_as)
        }
        Todo::Act(action, run_as, repeat) if !repeat.probe => {
            let shown = step.entry.action.as_ref().map(|action| action.title.clone());
            let digest = digest(&[action.script.as_bytes(), &action.input]);
            let act = SavedAct { title: shown.unwrap_or_default(), digest, certainty: certainty(step) };
            (Does::Act(act), run_as)
        }
        _ => return None,
    };
    Some(SavedStep {
        id: step.id.0.clone(),
        task: origin.task.clone(),
        place: origin.place.clone(),
        secret: origin.secret,
        run_as: who(run_as),
        does,
    })
}

fn certainty(step: &Step) -> Certainty {
    match &step.entry.status {
        Status::Changed { certainty } => certainty.clone(),
        _ => Certainty::Certain,
    }
}

/// Texts that stand in files which will be changed, by digest.
fn contents(step: &Step) -> Vec<(String, String)> {
    let Todo::Changes(changes, _) = &step.todo else { return Vec::new() };
    if step.entry.origin.secret {
        return Vec::new();
    }
    let text = |change: &Change| {
        let State::File(file) = &change.from else { return None };
        let body = file.body()?;
        let text = std::str::from_utf8(body.memory()?).ok()?;
        Some((body.digest.clone(), text.to_string()))
    };
    changes.iter().filter_map(text).collect()
}

fn who(run_as: &RunAs) -> String {
    let mut parts: Vec<&[u8]> = vec![run_as.user.as_deref().unwrap_or_default().as_bytes()];
    parts.extend(run_as.environment.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
    digest(&parts)
}

/// Of several parts, told apart by their lengths.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests;

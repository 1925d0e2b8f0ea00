//! What a step of a plan will do, as data that can be compared with what is planned later.

use crate::change::{Certainty, Change};
use crate::place::Place;
use crate::resource::user::Password;
use crate::resource::{Extras, Key, State};
use serde::{Deserialize, Serialize};

/// A task (and item) that will do something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedStep {
    /// Where it is on the host's way through the plays.
    pub id: String,
    pub task: String,
    pub place: Place,
    /// `no_log`: what differs is not shown.
    pub secret: bool,
    /// Who runs it, and with what environment: a digest, as that may hold secrets.
    pub run_as: String,
    pub does: Does,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    Changes(Vec<SavedChange>),
    Act(SavedAct),
}

/// A Change without the bytes of what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    pub key: Key,
    pub from: SavedState,
    pub to: SavedState,
    pub extras: Extras,
    pub certainty: Certainty,
}

/// A state, and a digest of what is not written with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedState {
    pub state: State,
    /// Of a password's hash.
    pub hidden: Option<String>,
}

/// A command or restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedAct {
    pub title: String,
    /// Of its script and stdin.
    pub digest: String,
    pub certainty: Certainty,
}

impl SavedState {
    pub fn of(state: &State) -> Self {
        SavedState { state: bare(state), hidden: hidden(state) }
    }

    /// Whether a state of now is this one; what the kind doesn't compare isn't compared.
    pub fn is(&self, key: &Key, now: &State) -> bool {
        self.hidden == hidden(now) && key.same(&bare(now), &self.state)
    }

    /// Whether what is seen now is what was seen then. A wanted state may leave things open; one
    /// that was seen doesn't, so that neither may say more than the other.
    pub fn is_still(&self, key: &Key, now: &State) -> bool {
        self.is(key, now) && key.same(&self.state, &bare(now))
    }
}

impl SavedChange {
    pub fn of(change: &Change) -> Self {
        SavedChange {
            key: change.key.clone(),
            from: SavedState::of(&change.from),
            to: SavedState::of(&change.to),
            extras: change.extras.clone(),
            certainty: change.certainty.clone(),
        }
    }
}

/// The state as it is after it has been in a file. A state that can't be written stays as it is.
fn bare(state: &State) -> State {
    let written = serde_json::to_value(state).and_then(serde_json::from_value);
    written.unwrap_or_else(|_| state.clone())
}

fn hidden(state: &State) -> Option<String> {
    let State::User(user) = state else { return None };
    match &user.account()?.password {
        Some(Password::Set(hash)) => hash.digest(),
        _ => None,
    }
}

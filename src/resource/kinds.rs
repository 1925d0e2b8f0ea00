//! The table of kinds. A new kind is one new file and one line here.

use super::{Difference, Extras, Kind, Level, Opaque, Realise, Risk, Undo, Wanted};
use crate::fragment::{Fragment, Reply};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Makes the enums that hold any kind's id and state, and the calls that go to the right kind.
macro_rules! kinds {
    ($($variant:ident => $kind:path),+ $(,)?) => {
        /// A resource of any kind, by its id.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", tag = "kind", content = "id")]
        pub enum Key { $($variant(<$kind as Kind>::Id)),+ }

        /// The state of a resource of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", tag = "kind", content = "state")]
        pub enum State { $($variant(<$kind as Kind>::State)),+ }

        $(
            impl Typed for $kind {
                fn key(id: Self::Id) -> Key { Key::$variant(id) }
                fn wrap(state: Self::State) -> State { State::$variant(state) }
                fn unwrap(state: &State) -> Option<&Self::State> {
                    match state { State::$variant(state) => Some(state), #[allow(unreachable_patterns)] _ => None }
                }
            }
        )+

        impl Key {
            /// The kind's name for people.
            pub fn kind(&self) -> &'static str {
                match self { $(Key::$variant(_) => <$kind>::NAME),+ }
            }

            /// Which one of its kind.
            pub fn id(&self) -> String {
                match self { $(Key::$variant(id) => id.to_string()),+ }
            }

            pub fn diff(&self, from: &State, to: &State) -> Vec<Difference> {
                match (self, from, to) {
                    $((Key::$variant(id), State::$variant(from), State::$variant(to)) => <$kind>::diff(id, from, to),)+
                    #[allow(unreachable_patterns)]
                    _ => Vec::new(),
                }
            }

            /// The script that takes the host from one state to the other.
            pub fn realise(&self, from: &State, to: &State, extras: &Extras) -> Result<Realise, String> {
                match (self, from, to) {
                    $((Key::$variant(id), State::$variant(from), State::$variant(to)) => <$kind>::realise(id, from, to, extras),)+
                    #[allow(unreachable_patterns)]
                    _ => Err(format!("{self} was given the state of another kind")),
                }
            }

            pub fn same(&self, found: &State, wanted: &State) -> bool {
                match (found, wanted) {
                    $((State::$variant(found), State::$variant(wanted)) => <$kind>::same(found, wanted),)+
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }

            pub fn undo(&self, from: &State, to: &State) -> Undo {
                match (self, from, to) {
                    $((Key::$variant(id), State::$variant(from), State::$variant(to)) => <$kind>::undo(id, from, to),)+
                    #[allow(unreachable_patterns)]
                    _ => Undo::Full,
                }
            }

            pub fn risk(&self, from: &State, to: &State) -> Risk {
                match (self, from, to) {
                    $((Key::$variant(id), State::$variant(from), State::$variant(to)) => <$kind>::risk(id, from, to),)+
                    #[allow(unreachable_patterns)]
                    _ => Risk::None,
                }
            }

            pub fn opaque(&self, from: &State, to: &State) -> bool {
                match (self, from, to) {
                    $((Key::$variant(id), State::$variant(from), State::$variant(to)) => <$kind>::opaque(id, from, to),)+
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }

            pub fn shaken(&self, state: &State, by: &Opaque) -> bool {
                match (self, state) {
                    $((Key::$variant(id), State::$variant(state)) => <$kind>::shaken(id, state, by),)+
                    #[allow(unreachable_patterns)]
                    _ => true,
                }
            }
        }

        /// One script for several Changes of one task, if they are of one kind and it can make them
        /// in one go; `None` where each is made by [`Key::realise`].
        pub fn together(changes: &[(&Key, &State, &State)], extras: &Extras) -> Option<Result<Realise, String>> {
            match changes.first()?.0 {
                $(Key::$variant(_) => {
                    let of_kind: Option<Vec<_>> = changes.iter().map(|change| match change {
                        (Key::$variant(id), State::$variant(from), State::$variant(to)) => Some((id, from, to)),
                        #[allow(unreachable_patterns)]
                        _ => None,
                    }).collect();
                    <$kind>::together(&of_kind?, extras)
                })+
            }
        }

        impl Key {
            /// Whether what was seen of this is stale once another resource has become `now`.
            pub fn stands_on(&self, changed: &Key, now: &State) -> bool {
                match self { $(Key::$variant(id) => <$kind>::stands_on(id, changed, now)),+ }
            }
        }

        /// One script a kind for all that is wanted of it.
        pub fn questions(wanted: &BTreeMap<Key, Level>) -> Vec<Question> {
            let mut questions = Vec::new();
            $({
                let of_kind: Vec<Wanted<<$kind as Kind>::Id>> = wanted.iter().filter_map(|(key, level)| match key {
                    Key::$variant(id) => Some(Wanted { id: id.clone(), level: level.clone() }),
                    #[allow(unreachable_patterns)]
                    _ => None,
                }).collect();
                if !of_kind.is_empty() {
                    questions.push(Question {
                        fragment: <$kind>::observe(&of_kind),
                        keys: of_kind.iter().map(|w| (Key::$variant(w.id.clone()), w.level.clone())).collect(),
                        parse: Box::new(move |reply| {
                            <$kind>::parse(&of_kind, reply).into_iter().map(|s| s.map(State::$variant)).collect()
                        }),
                    });
                }
            })+
            questions
        }
    };
}

/// What ties a kind to its place in [`Key`] and [`State`].
pub trait Typed: Kind {
    fn key(id: Self::Id) -> Key;
    fn wrap(state: Self::State) -> State;
    fn unwrap(state: &State) -> Option<&Self::State>;
}

type Parse = Box<dyn Fn(&Reply) -> Vec<Result<State, String>> + Send>;

/// A script that asks for several resources of one kind, and how its answer is read.
pub struct Question {
    pub fragment: Fragment,
    pub keys: Vec<(Key, Level)>,
    parse: Parse,
}

impl Question {
    /// The states, one for each of `keys`.
    pub fn read(&self, reply: &Reply) -> Vec<Result<State, String>> {
        let mut states = (self.parse)(reply);
        let said = reply.error_text();
        states.resize_with(self.keys.len(), || Err(format!("the host gave no answer {said}")));
        states
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.id())
    }
}

kinds! {
    File => super::file::File,
    Package => super::package::Package,
    Unit => super::unit::Unit,
    User => super::user::User,
    Group => super::group::Group,
    Accounts => super::accounts::Accounts,
    PamProfile => super::pam::PamProfile,
    PamModule => super::pam::module::PamModule,
    AptLists => super::package::apt_lists::AptLists,
    Sshd => super::sshd::Sshd,
    KernelModule => super::kernel_module::KernelModule,
    Sysctl => super::sysctl::Sysctl,
    Tree => super::tree::Tree,
    Runs => super::runs::Runs,
    Inside => super::inside::Inside,
    Dependents => super::package::dependents::Dependents,
    Logins => super::logins::WhoLogsIn,
    Happened => super::happened::WhatHappened,
}

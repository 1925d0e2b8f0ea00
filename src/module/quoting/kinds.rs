//! Every kind of resource with hostile names and states, whatever the modules would let through.

use super::stage::Stage;
use super::{Values, check, with_hostile_texts};
use crate::fragment::Fragment;
use crate::resource::file::{Body, Bytes, Entry, FileState, What};
use crate::resource::group::GroupState;
use crate::resource::kernel_module::{ModuleState, Place};
use crate::resource::package::{self, PackageState};
use crate::resource::pam::ProfileState;
use crate::resource::sshd::{Candidate, Login, SshdId, SshdState};
use crate::resource::sysctl::SysctlState;
use crate::resource::tree::{Differing, TreeId, TreeState};
use crate::resource::unit::{Active, Boot, Manager, Service, UnitState, brought};
use crate::resource::user::{Account, Hash, Password, UserState};
use crate::resource::{Extras, Key, Level, State, questions, together, user};
use std::collections::BTreeMap;

type States = Vec<State>;

/// One key of a kind with hostile states to go to and from. The `match` in `number` makes a new
/// kind be thought of here.
fn hostile(number: usize, values: &Values<'_>, folder: &str) -> Option<(Key, States)> {
    let v = || values.next();
    Some(match number {
        0 => (Key::File(format!("{folder}/{}", v())), files(values)),
        1 => {
            let states = [PackageState::installed(v(), true), PackageState::absent(false)];
            (Key::Package(v()), states.map(State::Package).into())
        }
        2 => (Key::Unit(v()), units(&v())),
        3 => (Key::User(v()), users(values)),
        4 => {
            let of = |gid| State::Group(GroupState::Present { gid, members: vec![v()] });
            (Key::Group(v()), vec![State::Group(GroupState::Absent), of(None), of(Some(7))])
        }
        5 => (Key::Accounts(v()), Vec::new()),
        6 => {
            let held = BTreeMap::from([("auth".to_string(), vec![v()])]);
            let states = [ProfileState { held, ..ProfileState::default() }, ProfileState::default()];
            (Key::PamProfile(v()), states.map(State::PamProfile).into())
        }
        7 => (Key::PamModule(v()), Vec::new()),
        8 => (Key::AptLists(v()), Vec::new()),
        9 => {
            let login = Login { user: v(), from: v(), to: v(), port: 22 };
            let candidate = |text: &str| Body::of(text.as_bytes());
            let overlay = vec![
                Candidate { path: format!("{folder}/{}", v()), body: Some(candidate("x")) },
                Candidate { path: format!("{folder}/{}", v()), body: None },
            ];
            (
                Key::Sshd(SshdId { logins: vec![login], own: v(), overlay }),
                vec![State::Sshd(SshdState::Absent)],
            )
        }
        // The kernel writes `_` where modprobe takes `-` too.
        10 => (Key::KernelModule(values.without(&['-', '_'])), modules(&v())),
        11 => {
            let of = |value| State::Sysctl(SysctlState { value, writable: true, boot: Vec::new() });
            // `.` and `/` are one separator of sysctl names.
            (Key::Sysctl(values.without(&['.'])), vec![of(Some(v())), of(None)])
        }
        12 => {
            let entry = Differing { path: v(), owner: v(), group: v(), mode: 0o644, link: false };
            let tree = TreeState { differs: vec![entry], total: 1 };
            let id = TreeId {
                path: format!("{folder}/{}", v()),
                owner: Some(v()),
                group: Some(v()),
                mode: Some("u=rwX,go=rX".into()),
            };
            (Key::Tree(id), [tree, TreeState::default()].map(State::Tree).into())
        }
        // These are only asked for.
        13 => (Key::Runs(v()), Vec::new()),
        14 => (Key::Inside(format!("{folder}/{}", v())), Vec::new()),
        15 => (Key::Dependents(v()), Vec::new()),
        16 => (Key::Logins(v()), Vec::new()),
        17 => (Key::Happened(v()), Vec::new()),
        _ => return None,
    })
}

/// Where a kind stands above; a new kind has none yet.
fn number(key: &Key) -> usize {
    match key {
        Key::File(_) => 0,
        Key::Package(_) => 1,
        Key::Unit(_) => 2,
        Key::User(_) => 3,
        Key::Group(_) => 4,
        Key::Accounts(_) => 5,
        Key::PamProfile(_) => 6,
        Key::PamModule(_) => 7,
        Key::AptLists(_) => 8,
        Key::Sshd(_) => 9,
        Key::KernelModule(_) => 10,
        Key::Sysctl(_) => 11,
        Key::Tree(_) => 12,
        Key::Runs(_) => 13,
        Key::Inside(_) => 14,
        Key::Dependents(_) => 15,
        Key::Logins(_) => 16,
        Key::Happened(_) => 17,
    }
}

fn files(values: &Values<'_>) -> States {
    let v = || values.next();
    let entry = |what| Entry { what, mode: 0o644, owner: v(), group: v(), links: 1 };
    let content = Body::of(v().into_bytes());
    let copied = Body { bytes: Bytes::Host(v()), ..content.clone() };
    let link = What::Link { target: v(), resolved: None };
    let present = [What::File(content), What::File(copied), What::Directory, link].map(entry);
    let absent = State::File(FileState::Absent { folder: true });
    present.map(|entry| State::File(FileState::Present(entry))).into_iter().chain([absent]).collect()
}

fn units(name: &str) -> States {
    let up = brought(name);
    let off = Service { boot: Boot::Disabled, active: Active::Inactive, ..up.clone() };
    let by = |manager, service: &Service| Service { manager, ..service.clone() };
    let all = [
        Service { masked: true, ..off.clone() },
        by(Manager::Sysv, &up),
        by(Manager::Sysv, &off),
        by(Manager::Openrc, &up),
        by(Manager::Openrc, &off),
        up,
        off,
    ];
    all.map(|service| State::Unit(UnitState::Present(service))).into()
}

fn users(values: &Values<'_>) -> States {
    let v = || values.next();
    let account = Account {
        group: Some(v()),
        groups: vec![v()],
        home: v(),
        shell: Some(v()),
        comment: v(),
        password: Some(Password::Set(Hash::new(&format!("$6${}", v())))),
        locked: Some(true),
        ..Account::default()
    };
    let other = Account {
        group: Some(v()),
        groups: vec![],
        home: v(),
        shell: None,
        comment: String::new(),
        password: Some(Password::Empty),
        locked: Some(false),
        ..Account::default()
    };
    let all = [UserState::Present(account), UserState::Present(other), UserState::Absent];
    all.map(State::User).into()
}

fn modules(option: &str) -> States {
    let state = |loaded| ModuleState {
        place: Place::File,
        install: None,
        loaded,
        uses: 0,
        used_by: Vec::new(),
        carries: Vec::new(),
        options: vec![option.to_string()],
    };
    [state(true), state(false)].map(State::KernelModule).into()
}

fn extras(values: &Values<'_>) -> Extras {
    Extras {
        // The command is the playbook's own; the path that it is given isn't.
        validate: Some("cmp %s".into()),
        package: package::Options { release: Some(values.next()), ..package::Options::default() },
        account: user::Options {
            home: true,
            skeleton: Some(values.next()),
            sub_ids: Some(values.next()),
            ..user::Options::default()
        },
        ..Extras::default()
    }
}

fn try_kind(stage: &Stage, values: &Values<'_>, key: &Key, states: &[State]) {
    let level = Level::Content { unless: vec!["0".repeat(64)] };
    for question in questions(&BTreeMap::from([(key.clone(), level)])) {
        check(stage, values, &question.fragment);
    }
    let extras = extras(values);
    for from in states {
        for to in states.iter().filter(|to| *to != from) {
            let made = [Some(key.realise(from, to, &extras)), together(&[(key, from, to)], &extras)];
            for realise in made.into_iter().flatten().flatten() {
                let mut fragment = Fragment::new(realise.script);
                fragment.input = realise.input;
                check(stage, values, &fragment);
            }
        }
    }
}

#[test]
fn no_kind_of_resource_lets_a_value_out_of_its_word() {
    with_hostile_texts(4, |stage, values| {
        for at in 0.. {
            let Some((key, states)) = hostile(at, values, &stage.host()) else { break };
            assert_eq!(number(&key), at);
            try_kind(stage, values, &key, &states);
        }
    });
}

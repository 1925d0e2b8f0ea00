//! What the fuzz targets in `fuzz/`, and `tests/fuzz_corpus.rs`, feed bytes to: everything that
//! reads what somebody else wrote. No part of the library's interface.

use crate::compliance::declared::Declared;
use crate::compliance::foreign;
use crate::fragment::Reply;
use crate::module::Names;
use crate::resource::logins::REVIEW;
use crate::resource::runs::ALL;
use crate::resource::sshd::{DROP_IN, Login, SshdId};
use crate::resource::tree::TreeId;
use crate::resource::{Extras, Key, Level, questions};
use crate::template::{RunInputs, Scope, Templar, Var};
use crate::yaml::{Node, Yaml};
use crate::{engine, inventory, place, playbook, saved, transport};
use std::collections::BTreeMap;
use std::path::Path;

/// A target: it must neither panic nor hang, whatever the bytes.
pub type Target = fn(&[u8]);

/// Each target by its name, which is its corpus' folder too.
pub const TARGETS: &[(&str, Target)] = &[
    ("inventory", inventory),
    ("playbook", playbook),
    ("template", template),
    ("frames", transport::fuzzing::frames),
    ("known_hosts", transport::fuzzing::known_hosts),
    ("observation", observation),
    ("facts", facts),
    ("saved_plan", saved::fuzz),
    ("foreign_report", foreign_report),
    ("declared", declared),
];

/// Feeds bytes to a target.
pub fn run(target: &str, bytes: &[u8]) {
    if let Some((_, read)) = TARGETS.iter().find(|(name, _)| *name == target) {
        read(bytes);
    }
}

/// Writes the bytes where a file is wanted.
fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    let Ok(folder) = tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "." })
    else {
        return;
    };
    let path = folder.path().join(name);
    if std::fs::write(&path, bytes).is_ok() {
        read(&path);
    }
}

/// As INI and as YAML, then some patterns on what came out.
fn inventory(bytes: &[u8]) {
    for name in ["hosts", "hosts.yml"] {
        with_file(name, bytes, |path| {
            let Ok(inventory) = inventory::load(&[path.to_string_lossy().into_owned()]) else { return };
            for host in inventory.hosts() {
                let _ = inventory.vars(host, path.parent().unwrap_or(path));
            }
            for pattern in ["all", "web*:!db", "~w.*", "all[0:2]", "web:&db"] {
                let _ = inventory.matches(pattern);
            }
        });
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(inventory) = inventory::load(&["web1,web2,db1,".to_string()])
    {
        let _ = inventory.matches(text);
    }
}

fn playbook(bytes: &[u8]) {
    with_file("play.yml", bytes, |path| {
        let _ = playbook::load(path, &Names);
    });
}

/// As the text of a parameter, as a condition, and as a template file.
fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let templar = Templar::new(RunInputs::default());
    let data = minijinja::Value::from_pairs([("a", 1), ("b", 2)]);
    let scope = Scope::new(Vec::new())
        .with("x", Var::Data("text".into()))
        .with("n", Var::Data(7.into()))
        .with("list", Var::Data(vec!["a", "b"].into()))
        .with("map", Var::Data(data));
    let node = Node { place: place::Place::new("t", 1, 1), value: Yaml::Str(text.to_string()) };
    let _ = templar.node(&node, &scope);
    let _ = templar.condition(&node, &scope);
    let _ = templar.file(Path::new("t.j2"), text, &scope, &[]);
}

/// The run whose record is asked for.
const RUN: &str = "20261125T070000Z-0001";

/// What a host may answer to each kind's question: the first byte says which kind, the second the
/// status. The states that come out are shown, compared, and undone.
fn observation(bytes: &[u8]) {
    let [which, status, stdout @ ..] = bytes else { return };
    let all = keys();
    let key = all[usize::from(*which) % all.len()].clone();
    let level = Level::Content { unless: vec!["0".repeat(64)] };
    let wanted = BTreeMap::from([(key, level)]);
    let reply = Reply { stdout: stdout.to_vec(), status: i32::from(*status), ..Reply::default() };
    for question in questions(&wanted) {
        let states = question.read(&reply);
        let nothing = question.read(&Reply::default());
        for ((key, _), (state, empty)) in question.keys.iter().zip(states.iter().zip(&nothing)) {
            let Ok(state) = state else { continue };
            assert!(key.same(state, state), "{key}: {state:?}");
            let _ = serde_json::to_string(state);
            if let Ok(empty) = empty {
                let _ = (key.diff(state, empty), key.diff(empty, state));
                let _ = (key.undo(state, empty), key.risk(empty, state), key.opaque(empty, state));
                let _ = key.realise(empty, state, &Extras::default());
            }
        }
    }
}

/// One key of each kind.
fn keys() -> Vec<Key> {
    let name = |text: &str| text.to_string();
    let login = Login { user: name("ana"), from: name("192.0.2.7"), to: name("192.0.2.1"), port: 22 };
    vec![
        Key::File(name("/etc/motd")),
        Key::Package(name("bash")),
        Key::Unit(name("ssh.service")),
        Key::User(name("ana")),
        Key::Group(name("sudo")),
        Key::Accounts(name("all")),
        Key::PamProfile(name("unix")),
        Key::PamModule(name("pam_unix.so")),
        Key::AptLists(name("lists")),
        Key::Sshd(SshdId { logins: vec![login], own: DROP_IN.into(), overlay: Vec::new() }),
        Key::KernelModule(name("usb-storage")),
        Key::Sysctl(name("net.ipv4.ip_forward")),
        Key::Tree(TreeId { path: name("/srv"), mode: Some(name("u=rwX,go=rX")), ..TreeId::default() }),
        Key::Runs(name(RUN)),
        Key::Runs(name(ALL)),
        Key::Inside(name("/srv")),
        Key::Dependents(name("bash")),
        Key::Logins(name(REVIEW)),
        Key::Happened(name("2026-01-01")),
    ]
}

fn facts(bytes: &[u8]) {
    let reply = Reply { stdout: bytes.to_vec(), ..Reply::default() };
    let _ = engine::read_facts(&reply).to_string();
}

/// As whatever it looks like, and as each tool's.
fn foreign_report(bytes: &[u8]) {
    let _ = foreign::tool(bytes);
    for tool in [foreign::Tool::Xccdf, foreign::Tool::Lynis] {
        let _ = foreign::read(tool, bytes);
    }
}

/// A customer's attestations and waivers; an audit of somebody's.
fn declared(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Declared::read(Path::new("a.yml"), text);
    let _ = serde_json::from_str::<crate::compliance::audit::Audit>(text);
}

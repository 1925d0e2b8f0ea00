use super::*;
use crate::manifest::{Acted, Header, Restoration};
use crate::resource::file::Entry;

fn state(text: &str, mode: u32) -> FileState {
    FileState::Present(Entry {
        what: What::File(Body::of(text.as_bytes().to_vec())),
        mode,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    })
}

fn made(n: usize, path: &str, from: FileState, to: FileState, kept: Option<String>) -> Made {
    Made {
        n,
        key: Key::File(path.into()),
        from: State::File(from),
        to: State::File(to),
        extras: Extras::default(),
        task: "t".into(),
        item: None,
        place: "p".into(),
        control: None,
        undo: Undo::Full,
        at: "now".into(),
        secret: false,
        brought: false,
        kept,
    }
}

/// A run that made a folder and a file in it, and changed another file twice.
fn manifest() -> Manifest {
    let folder_made = FileState::Present(Entry { what: What::Directory, ..entry(&state("", 0o755)) });
    let absent = FileState::Absent { folder: true };
    Manifest {
        run: "20261125T060000Z-abcd".into(),
        header: Header::default(),
        changes: vec![
            made(1, "/d", absent.clone(), folder_made, None),
            made(2, "/d/f", absent, state("new", 0o644), None),
            made(3, "/e", state("old", 0o600), state("old", 0o644), None),
            made(4, "/e", state("old", 0o644), state("newer", 0o644), Some("blobs/x.4".into())),
        ],
        made: [1, 2, 3, 4].into(),
        ..Manifest::default()
    }
}

fn entry(state: &FileState) -> Entry {
    state.entry().cloned().expect("present")
}

fn world(files: &[(&str, FileState)], inside: &[&str]) -> World {
    let mut world = World::default();
    for (path, state) in files {
        let level = Level::Content { unless: vec![] };
        world.observed(Key::File(path.to_string()), level, Ok(State::File(state.clone())));
    }
    for path in ["/d", "/d/f", "/e"] {
        let names = if path == "/d" { inside.iter().map(|n| n.to_string()).collect() } else { Vec::new() };
        world.observed(Key::Inside(path.into()), Level::Digest, Ok(State::Inside(names)));
    }
    world
}

fn files(e: FileState) -> Vec<(&'static str, FileState)> {
    let folder = FileState::Present(Entry { what: What::Directory, ..entry(&state("", 0o755)) });
    let kept = "/var/lib/harda/runs/20261125T060000Z-abcd/blobs/x.4";
    vec![("/d", folder), ("/d/f", state("new", 0o644)), ("/e", e), (kept, state("old", 0o644))]
}

#[test]
fn the_net_change_of_each_is_undone_the_last_touched_first() {
    let undoing = Undoing::of(&manifest(), &world(&files(state("newer", 0o644)), &["f"])).expect("planned");
    let keys: Vec<String> = undoing.wants.iter().map(|want| want.key.to_string()).collect();
    assert_eq!(keys, ["file /e", "file /d/f", "file /d"]);
    let State::File(back) = &undoing.wants[0].to else { panic!("a file") };
    assert_eq!(entry(back).mode, 0o600);
    assert_eq!(back.body().and_then(|b| b.memory()).map(|b| b.to_vec()), Some(b"old".to_vec()));
    assert!(undoing.drifted.is_empty() && undoing.notes.is_empty());
}

#[test]
fn what_somebody_changed_or_put_in_since_is_told() {
    let undoing =
        Undoing::of(&manifest(), &world(&files(state("mine", 0o644)), &["f", "g"])).expect("planned");
    assert_eq!(undoing.drifted, [Key::File("/e".into())]);
    assert_eq!(undoing.notes, ["not undone: file /d: by now it holds `g`, which the run did not make"]);
    assert!(undoing.wants.iter().all(|want| want.key != Key::File("/d".into())));
}

#[test]
fn a_unit_that_the_run_brought_is_only_stopped_until_it_goes_with_its_file() {
    let service = |boot, active| {
        State::Unit(UnitState::Present(unit::Service { boot, active, ..unit::brought("r.service") }))
    };
    let up = service(Boot::Enabled, Active::Active);
    let down = service(Boot::Disabled, Active::Inactive);
    let key = Key::Unit("r.service".into());
    let file = "/etc/systemd/system/r.service";
    let run = |written: &str, from: &State, to: &State| {
        let mut unit = made(2, "", state("", 0), state("", 0), None);
        (unit.key, unit.from, unit.to, unit.brought) = (key.clone(), from.clone(), to.clone(), true);
        let file = made(1, written, FileState::Absent { folder: true }, state("[Unit]", 0o644), None);
        Manifest { changes: vec![file, unit], made: [1, 2].into(), ..manifest() }
    };
    let wanted = |run: &Manifest, now: &State| {
        let path = run.changes[0].key.id();
        let mut world = world(&[(&path, state("[Unit]", 0o644))], &[]);
        world.observed(Key::Inside(path), Level::Digest, Ok(State::Inside(Vec::new())));
        world.observed(key.clone(), Level::Digest, Ok(now.clone()));
        let undoing = Undoing::of(run, &world).expect("planned");
        undoing.wants.into_iter().find(|want| want.key == key).map(|want| want.to)
    };
    // Enabled and started by the run, or switched off by it: it is down, and then it goes.
    assert_eq!(wanted(&run(file, &down, &up), &up), Some(down.clone()));
    assert_eq!(wanted(&run(file, &up, &down), &down), Some(down.clone()));
    // What brought it stays: so does it.
    assert_eq!(wanted(&run("/etc/other", &up, &down), &down), Some(up));
}

#[test]
fn of_a_command_under_the_switch_it_is_said_that_the_host_took_it_back() {
    let act = |title: &str, guarded| Acted {
        title: title.into(),
        opaque: true,
        guarded,
        task: "t".into(),
        place: "p".into(),
        at: "now".into(),
    };
    let restored = Some(Restoration { at: "now".into(), why: "no login".into() });
    let acts = vec![act("run `true`", false), act("run `usermod`", true)];
    let mut run = Manifest { changes: Vec::new(), acts, restored, ..manifest() };
    let notes = |run: &Manifest| Undoing::of(run, &World::default()).expect("planned").notes;
    let taken_back = "the host has taken back already what its switch keeps of run `usermod` (task `t`)";
    assert_eq!(notes(&run), ["not undone: run `true` (task `t`)", taken_back]);
    run.restored = None;
    assert_eq!(notes(&run)[1], "not undone: run `usermod` (task `t`)");
}

#[test]
fn a_change_that_was_cut_off_may_be_made_or_not() {
    let mut manifest = manifest();
    manifest.made = [1, 2, 3].into();
    let undoing = Undoing::of(&manifest, &world(&files(state("old", 0o644)), &["f"])).expect("planned");
    assert!(undoing.drifted.is_empty());
    assert_eq!(undoing.wants.len(), 3);
}

//! Every way from one state to another, made by real shells and looked at again.

use super::super::testing::{SHELLS, run};
use super::super::{Body, Entry, File, FileState, What};
use crate::resource::{Extras, Kind, Level, Wanted};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

fn look(shell: &str, path: &str) -> FileState {
    let level = Level::Content { unless: Vec::new() };
    let wanted = [Wanted { id: path.to_string(), level }];
    let reply = run(shell, &File::observe(&wanted).script, b"");
    File::parse(&wanted, &reply).remove(0).expect("told")
}

fn make(shell: &str, path: &str, to: &FileState, extras: &Extras) -> Result<(), String> {
    let from = look(shell, path);
    let realise = File::realise(&path.to_string(), &from, to, extras)?;
    let input = to.body().filter(|_| !realise.input.is_empty()).and_then(Body::memory);
    let reply = run(shell, &realise.script, input.map(|b| b.to_vec()).unwrap_or_default().as_slice());
    match reply.status {
        0 => Ok(()),
        status => Err(format!("{status}: {}", reply.error_text())),
    }
}

fn entry(what: What, mode: u32) -> FileState {
    let (owner, group) = ("root".to_string(), "root".to_string());
    FileState::Present(Entry { what, mode, owner, group, links: 1 })
}

fn file(content: &str, mode: u32) -> FileState {
    entry(What::File(Body::of(content.as_bytes())), mode)
}

fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).expect("read").flatten();
    names.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| n.starts_with(".harda")).collect()
}

#[test]
fn every_state_is_reached_from_every_other_and_back() {
    let link = What::Link { target: "it's $elsewhere".into(), resolved: None };
    let states = [
        FileState::Absent { folder: true },
        file("one\n", 0o644),
        file("two\0\\n'\"$x", 0o600),
        file("", 0o4755),
        entry(What::Directory, 0o2750),
        entry(What::Directory, 0o755),
        entry(link, 0o777),
    ];
    for shell in SHELLS {
        for from in &states {
            for to in &states {
                let dir = tempfile::tempdir().expect("a folder");
                let path = dir.path().join("a 'name' $x").to_string_lossy().into_owned();
                make(shell, &path, from, &Extras::default()).expect("the start");
                make(shell, &path, to, &Extras::default())
                    .unwrap_or_else(|e| panic!("{shell} {from:?} {to:?} {e}"));
                let found = look(shell, &path);
                assert!(File::same(&found, to), "{shell}\n{from:?}\n{to:?}\n{found:?}");
                assert_eq!(leftovers(dir.path()), Vec::<String>::new());
            }
        }
    }
}

#[test]
fn a_candidate_that_is_refused_changes_nothing() {
    for shell in SHELLS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("f").to_string_lossy().into_owned();
        make(shell, &path, &file("old", 0o640), &Extras::default()).expect("the start");
        let validate = Extras { validate: Some("grep -q good %s".into()), ..Extras::default() };
        let told = make(shell, &path, &file("bad", 0o640), &validate).expect_err("refused");
        assert!(told.contains("validation failed"), "{shell} {told}");
        make(shell, &path, &file("good", 0o640), &validate).expect("taken");
        let shown = Extras { validate: Some("cat %s /no/such/file".into()), ..Extras::default() };
        let told = make(shell, &path, &file("new", 0o640), &shown).expect_err("refused");
        assert!(told.contains("/no/such/file"), "the checker's words are shown: {told}");
        assert!(File::same(&look(shell, &path), &file("good", 0o640)));
        assert_eq!(leftovers(dir.path()), Vec::<String>::new());
    }
}

#[test]
fn content_that_arrives_damaged_is_not_used() {
    for shell in SHELLS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("f").to_string_lossy().into_owned();
        let gone = FileState::Absent { folder: true };
        let realise =
            File::realise(&path, &gone, &file("whole", 0o644), &Extras::default()).expect("a script");
        let reply = run(shell, &realise.script, b"who");
        assert!(reply.status != 0 && reply.error_text().contains("arrived damaged"), "{shell}");
        assert_eq!(look(shell, &path), gone);
    }
}

#[test]
fn hard_links_are_never_broken_off() {
    for shell in SHELLS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("f").to_string_lossy().into_owned();
        std::fs::write(&path, "old").expect("written");
        std::fs::hard_link(&path, dir.path().join("other")).expect("linked");
        assert_eq!(look(shell, &path).entry().map(|e| e.links), Some(2));
        make(shell, &path, &file("new", 0o600), &Extras::default()).expect("made");
        assert_eq!(std::fs::read_to_string(dir.path().join("other")).expect("read"), "new", "{shell}");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
        assert_eq!(leftovers(dir.path()), Vec::<String>::new(), "{shell}");
    }
}

#[test]
fn a_file_is_copied_on_the_host() {
    for shell in SHELLS {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("src"), "content").expect("written");
        let bytes = super::super::Bytes::Host(path("src"));
        let what = What::File(Body { bytes, ..Body::of(*b"content") });
        make(shell, &path("new"), &entry(what, 0o644), &Extras::default()).expect("made");
        assert_eq!(std::fs::read_to_string(path("new")).expect("read"), "content", "{shell}");
    }
}

#[test]
fn access_lists_stay_where_the_tools_can_keep_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("f").to_string_lossy().into_owned();
    std::fs::write(&path, "old").expect("written");
    let set = std::process::Command::new("setfattr").args(["-n", "user.harda", "-v", "kept", &path]).status();
    if !set.is_ok_and(|status| status.success()) {
        return; // No tool for it, or no such attributes on this file system.
    }
    make("dash", &path, &file("new", 0o644), &Extras::default()).expect("made");
    let kept =
        std::process::Command::new("getfattr").args(["-n", "user.harda", &path]).output().expect("run");
    assert!(String::from_utf8_lossy(&kept.stdout).contains("kept"));
}

#[test]
fn a_reader_sees_the_old_file_or_the_new_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("f").to_string_lossy().into_owned();
    make("dash", &path, &file("old", 0o644), &Extras::default()).expect("the start");
    let before = std::fs::metadata(&path).expect("there").ino();
    make("dash", &path, &file("new", 0o644), &Extras::default()).expect("made");
    assert_ne!(std::fs::metadata(&path).expect("there").ino(), before, "replaced, not written into");
}

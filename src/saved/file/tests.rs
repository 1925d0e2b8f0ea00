use super::*;
use crate::change::Certainty;
use crate::files::Files;
use crate::place::Place;
use crate::resource::file::{Body, Entry, FileState, What};
use crate::resource::{Extras, Key, State};
use crate::saved::age::{Identity, Recipient};
use crate::saved::{Arguments, Clock, Does, Host, SavedAct, SavedChange, SavedState, SavedStep};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn file(text: &str, mode: u32) -> State {
    State::File(FileState::Present(Entry {
        what: What::File(Body::of(text.as_bytes())),
        mode,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    }))
}

fn step(id: &str, does: Does) -> SavedStep {
    SavedStep {
        id: id.into(),
        task: "a task".into(),
        place: Place::new("site.yml", 3, 7),
        secret: false,
        run_as: String::new(),
        does,
    }
}

fn plan() -> Plan {
    let folder = tempfile::tempdir().expect("a folder");
    let playbook = folder.path().join("site.yml");
    std::fs::write(&playbook, "- hosts: all\n").expect("written");
    let files = Files::default();
    files.read(&playbook).expect("read");
    assert!(files.read(&folder.path().join("none")).is_err() && files.is_folder(folder.path()));
    files.list(folder.path()).expect("listed");
    files.real(&playbook);
    files.variable("HOME");
    let change = SavedChange {
        key: Key::File("/etc/motd".into()),
        from: SavedState::of(&file("old", 0o600)),
        to: SavedState::of(&file("new", 0o644)),
        extras: Extras { validate: Some("true %s".into()), ..Extras::default() },
        certainty: Certainty::Conditional { waits_for: "install it".into() },
    };
    let act = SavedAct { title: "restart it".into(), digest: "00".into(), certainty: Certainty::Certain };
    let host = Host {
        host_key: Some("SHA256:abc".into()),
        machine_id: Some("0123".into()),
        entries: Vec::new(),
        steps: vec![step("a", Does::Changes(vec![change])), step("b", Does::Act(act))],
        contents: BTreeMap::from([(Body::of(b"old".as_slice()).digest, "old".to_string())]),
    };
    Plan {
        run: "20260101T000000Z-0000".into(),
        clock: Clock { now: 1, utc_offset: 2, seed: 3 },
        arguments: Arguments { playbooks: vec!["site.yml".into()], ..Arguments::default() },
        inputs: Inputs::of(&files).expect("text"),
        hosts: BTreeMap::from([("web1".into(), host)]),
        left_out: BTreeMap::from([("web2".into(), "unreachable".into())]),
    }
}

fn message(bytes: &[u8]) -> String {
    parse(bytes).expect_err("wrong").message
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, plan) = (folder.path().join("plan.harda"), plan());
    let sha256 = write(&path, &plan, None).expect("written");
    assert!(looks_like_one(&path));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777, 0o600);
    assert_eq!(read(&path, Some(&sha256.to_uppercase()), &Keys::default()).expect("read"), (plan, sha256));
    let other = "0".repeat(64);
    let error = read(&path, Some(&other), &Keys::default()).expect_err("another");
    assert!(error.message.contains("is not the plan that was reviewed"), "{error}");
}

#[test]
fn a_sealed_plan_opens_for_its_key_and_shows_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, plan) = (folder.path().join("plan"), plan());
    let key = Identity::new(|bytes| getrandom::fill(bytes).map_err(|e| e.to_string())).expect("a key");
    let recipient = Recipient::to_string(&key.recipient());
    write(&path, &plan, Some(&Seal::to(&[recipient]).expect("a key"))).expect("written");
    assert!(looks_like_one(&path));
    let bytes = std::fs::read(&path).expect("there");
    assert!(!bytes.windows(4).any(|window| window == b"site" || window == b"web1"));
    let error = read(&path, None, &Keys::default()).expect_err("shut");
    assert!(error.message.contains("is sealed for a key"), "{error}");
    let identity = folder.path().join("key");
    std::fs::write(&identity, &*key.text().expect("text")).expect("written");
    let keys = Keys::new(&[identity], None, None).expect("a key");
    assert_eq!(read(&path, None, &keys).expect("opened").0, plan);
}

#[test]
fn what_is_no_plan_is_told_in_a_sentence() {
    let whole = bytes(&plan(), None).expect("bytes");
    assert!(parse(&whole).is_ok());
    assert_eq!(message(b""), "is empty");
    assert_eq!(message(b"- hosts: all\n"), "is no plan that harda saved");
    assert_eq!(message(&whole[..40]), "is cut short");
    assert_eq!(message(&whole[..whole.len() - 1]), "is cut short");
    assert_eq!(
        message(&[&whole[..whole.len() - 9], b"\n"].concat()),
        "is damaged: what it holds is not what was saved"
    );
    let text = String::from_utf8(whole.to_vec()).expect("text");
    let older = text.replacen(env!("CARGO_PKG_VERSION"), "0.0.9", 1);
    assert!(message(older.as_bytes()).starts_with("was made by harda 0.0.9 (format 1), and this is harda"));
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    assert!(message(newer.as_bytes()).contains("(format 2)"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), head in 0usize..3) {
        let prefix: &[u8] = [MAGIC, crate::saved::age::MAGIC, b""][head];
        fuzz(&[prefix, &bytes].concat());
    }

    /// A change anywhere in the file is seen: the digest in its first line says so, or the line
    /// itself can't be read any more.
    #[test]
    fn one_changed_byte_is_seen(at in any::<proptest::sample::Index>(), flip in 1u8..) {
        let mut whole = bytes(&plan(), None).expect("bytes").to_vec();
        let at = at.index(whole.len());
        whole[at] ^= flip;
        prop_assert!(parse(&whole).is_err());
    }

    /// A forger can make the digest right: what then stands in the file is still only data.
    #[test]
    fn a_forged_body_is_a_plan_or_an_error(
        at in any::<proptest::sample::Index>(), new in any::<u8>(), cut in any::<proptest::sample::Index>(),
    ) {
        let mut body = serde_json::to_vec(&plan()).expect("bytes");
        let place = at.index(body.len());
        body[place] = new;
        let _ = body_of(&body);
        let _ = body_of(&body[..cut.index(body.len())]);
    }
}

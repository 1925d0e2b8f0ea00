//! Every file of the fuzz targets' corpora, as it is and changed at random, without the fuzzer:
//! what it has found once stays found.

use harda::fuzzing::TARGETS;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::PathBuf;

/// How often each file is changed.
const VARIANTS: u32 = 60;

/// The files of a target's corpus, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("listed").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("read"))).collect()
}

/// One change: bytes taken out, put in, overwritten or repeated, at a place that is a share of the
/// whole.
#[derive(Clone, Debug)]
enum Change {
    Take(f64, usize),
    Put(f64, Vec<u8>),
    Write(f64, Vec<u8>),
    Repeat(f64, usize, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..6),
        "[-:|{}%\"' \\n\\t\\\\,=\\[\\]@!#0-9a-f]{1,5}".prop_map(String::into_bytes),
        "\\PC{1,3}".prop_map(String::into_bytes),
    ];
    let bytes = bytes.boxed();
    let change = prop_oneof![
        (0.0..1.0, 1usize..20).prop_map(|(at, count)| Change::Take(at, count)),
        (0.0..1.0, bytes.clone()).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        (0.0..1.0, bytes).prop_map(|(at, bytes)| Change::Write(at, bytes)),
        (0.0..1.0, 1usize..40, 1usize..30).prop_map(|(at, count, times)| Change::Repeat(at, count, times)),
    ];
    proptest::collection::vec(change, 1..6)
}

fn changed(file: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for change in changes {
        let place = |share: f64| (share * bytes.len() as f64) as usize;
        match change {
            Change::Take(at, count) => {
                let from = place(*at);
                let to = (from + count).min(bytes.len());
                bytes.drain(from..to);
            }
            Change::Put(at, more) => {
                let at = place(*at);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Write(at, more) => {
                let from = place(*at);
                let to = (from + more.len()).min(bytes.len());
                bytes.splice(from..to, more.iter().copied());
            }
            Change::Repeat(at, count, times) => {
                let from = place(*at);
                let to = (from + count).min(bytes.len());
                let piece = bytes[from..to].repeat(*times);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

/// The same variants every time: a CI that fails by chance helps nobody.
fn replay(target: &str) {
    let (_, read) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let files = corpus(target);
    assert!(files.len() >= 5, "the corpus of `{target}` has {} files", files.len());
    let config = Config { cases: VARIANTS, failure_persistence: None, ..Config::default() };
    for (path, bytes) in files {
        eprintln!("{}", path.display());
        read(&bytes);
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let ran = TestRunner::new_with_rng(config.clone(), rng).run(&changes(), |changes| {
            read(&changed(&bytes, &changes));
            Ok(())
        });
        ran.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
fn inventory() {
    replay("inventory");
}

#[test]
fn playbook() {
    replay("playbook");
}

#[test]
fn template() {
    replay("template");
}

#[test]
fn frames() {
    replay("frames");
}

#[test]
fn known_hosts() {
    replay("known_hosts");
}

#[test]
fn observation() {
    replay("observation");
}

#[test]
fn facts() {
    replay("facts");
}

#[test]
fn saved_plan() {
    replay("saved_plan");
}

#[test]
fn foreign_report() {
    replay("foreign_report");
}

#[test]
fn declared() {
    replay("declared");
}

#[test]
fn every_target_is_replayed() {
    let here = include_str!("fuzz_corpus.rs");
    for (target, _) in TARGETS {
        assert!(here.contains(&format!("replay(\"{target}\");")), "`{target}` has no test here");
    }
}

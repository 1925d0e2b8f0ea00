//! A release has no fail points.

use std::path::Path;
use std::process::Command;

/// Builds the module by itself, with debug assertions or without, into a program that comes to a point; whether that
/// was noted, and whether the variable's name is in the program.
fn comes_to_a_point(debug: bool) -> (bool, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fail_point.rs");
    let text = format!(
        "#[path = \"{module}\"] pub mod fail_point;\nfn main() {{ fail_point::at(fail_point::Point::Sent, \"web1\"); }}\n"
    );
    let (source, program) = (folder.path().join("main.rs"), folder.path().join("program"));
    std::fs::write(&source, text).expect("written");
    let run = |command: &mut Command| assert!(command.status().expect("it starts").success(), "{command:?}");
    let assertions = format!("debug-assertions={}", if debug { "on" } else { "off" });
    let mut rustc = Command::new("rustc");
    run(rustc.args(["--edition=2024", "-Copt-level=3", "-C", &assertions, "-o"]).args([&program, &source]));
    run(Command::new(&program).env("HARDA_FAIL_POINTS", folder.path()));
    (folder.path().join("web1.trace").exists(), holds(&program, b"HARDA_FAIL_POINTS"))
}

fn holds(file: &Path, words: &[u8]) -> bool {
    std::fs::read(file).expect("read").windows(words.len()).any(|window| window == words)
}

#[test]
fn a_release_has_none() {
    assert_eq!(comes_to_a_point(true), (true, true));
    assert_eq!(comes_to_a_point(false), (false, false));
}

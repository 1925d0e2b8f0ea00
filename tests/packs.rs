//! What is wrong with a policy pack is told with its place; what is right with it too.

mod support;

use harda::compliance::pack::Pack;
use harda::files::Files;
use std::path::Path;
use support::harda;

fn lint(pack: &str) -> support::Ran {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    harda(root, &["lint", pack])
}

#[test]
fn the_pack_that_comes_with_harda_is_right() {
    for pack in ["stampeltjanst", "playbooks/stampeltjanst", "tests/cases/packs/outcomes"] {
        lint(pack).expect(0);
    }
}

#[test]
fn each_control_that_comes_with_harda_says_why_what_it_changes_and_where_from() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/stampeltjanst");
    let pack = Pack::load(&Files::default(), &folder).expect("the pack is read");
    for control in &pack.controls {
        let told = control.why.is_some() && control.changes.is_some() && !control.sources.is_empty();
        assert!(told, "{} is not told of in full", control.id);
    }
}

#[test]
fn what_is_wrong_with_a_pack_is_told() {
    insta::assert_snapshot!(lint("tests/cases/packs/wrong").expect(1).stderr);
}

#[test]
fn a_file_of_the_wrong_form_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("pack.yml", "name: x\nversion: 1\ntitel: {sv: a, en: b}\nplaybook: p.yml\n");
    write(
        "requirements.yml",
        "- id: '1'\n  name: {sv: a}\n  statements:\n    - id: 1-a\n      level: must\n      keyword: KANSKE\n",
    );
    write("controls.yml", "- id: a\n  severity: bad\n- id: a\n  title: {sv: x, en: x}\n  severity: low\n");
    let ran = harda(folder.path(), &["lint", "."]).expect(1);
    insta::assert_snapshot!(ran.stderr);
}

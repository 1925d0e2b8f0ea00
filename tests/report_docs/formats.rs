//! What other programs say of an audit's files: OpenSCAP of XCCDF, libxml2 of JUnit by the schema of
//! Jenkins' xUnit plugin, python's jsonschema of JSON by harda's own.

use super::{ran, sample};
use harda::compliance::Lang;
use harda::compliance::audit::Audit;
use harda::report::audit::{junit, xccdf};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Audits of each shape: usual, of hosts that say hostile things, and of a playbook without a policy.
fn audits() -> [Audit; 3] {
    let plain = Audit { requirements: Vec::new(), ..sample::audit(2, 3, false) };
    [sample::audit(4, 10, false), sample::audit(9, 12, true), plain]
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Writes each audit in each language and asks what a reader says of it.
fn all_are_taken(
    name: &str,
    write: impl Fn(&Audit, Lang) -> Vec<u8>,
    read: impl Fn(&Path) -> Output,
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    for (number, audit) in audits().iter().enumerate() {
        for lang in [Lang::Sv, Lang::En] {
            std::fs::write(&file, write(audit, lang)).expect("a file");
            let said = read(&file);
            assert!(said.status.success(), "audit {number}: {}", words(&said));
        }
    }
    (folder, file)
}

/// The same file with something in it that may not be there, or without what must be: it is refused.
fn is_refused(file: &Path, from: &str, to: &str, read: impl Fn(&Path) -> Output) {
    let text = std::fs::read_to_string(file).expect("the file");
    let wrong = text.replacen(from, to, 1);
    assert_ne!(text, wrong, "`{from}` is not in the file");
    std::fs::write(file, wrong).expect("written");
    assert!(!read(file).status.success(), "{to} is taken");
}

#[test]
#[ignore = "make test-docs"]
fn xccdf_is_valid_for_openscap() {
    let read = |file: &Path| ran("oscap", &["xccdf", "validate"], file);
    let write = |audit: &Audit, lang| xccdf::bytes(audit, lang).expect("XCCDF");
    let (_folder, file) = all_are_taken("audit.xml", write, read);
    is_refused(&file, "<Benchmark ", "<Benchmark wrong=\"\" ", read);
}

/// The schema, out of the source package of pytest, which tests its own reports by it.
fn junit_schema(folder: &Path) -> PathBuf {
    let pip = ["-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "pytest==8.3.4"];
    let pip = Command::new("python3").args(pip).arg("-d").arg(folder).output().expect("python3");
    assert!(pip.status.success(), "{}", words(&pip));
    let member = "pytest-8.3.4/testing/example_scripts/junit-10.xsd";
    let archive = folder.join("pytest-8.3.4.tar.gz");
    let tar = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder).arg(member).status();
    assert!(tar.expect("tar").success());
    folder.join(member)
}

#[test]
#[ignore = "make test-docs"]
fn junit_is_valid_by_the_schema_of_who_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = junit_schema(folder.path()).to_string_lossy().into_owned();
    let read = |file: &Path| ran("xmllint", &["--nonet", "--noout", "--schema", &schema], file);
    let write = |audit: &Audit, lang| junit::bytes(audit, lang).expect("JUnit");
    let (_folder, file) = all_are_taken("audit.xml", write, read);
    is_refused(&file, "<testcase ", "<testcase wrong=\"\" ", read);
}

#[test]
#[ignore = "make test-docs"]
fn json_is_valid_by_the_schema_that_harda_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("schema.json");
    let given = Command::new(env!("CARGO_BIN_EXE_harda")).args(["schema", "audit"]).output().expect("harda");
    std::fs::write(&schema, given.stdout).expect("written");
    let schema = schema.to_string_lossy();
    let check = "import json, jsonschema, sys\n\
                 schema = json.load(open(sys.argv[1]))\n\
                 jsonschema.Draft202012Validator.check_schema(schema)\n\
                 jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))\n";
    let read = |file: &Path| ran("/usr/bin/python3", &["-c", check, &schema], file);
    let write = |audit: &Audit, _| serde_json::to_vec_pretty(audit).expect("JSON");
    let (_folder, file) = all_are_taken("audit.json", write, read);
    is_refused(&file, "\"severity\": \"", "\"severity\": \"no-such-", read);
}

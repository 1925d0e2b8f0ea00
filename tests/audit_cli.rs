//! Verbs that read audits and records: no host is needed. What an older harda has kept is read.

mod support;

use std::path::Path;
use support::{Ran, harda, harda_with};

const RUN: &str = "20260101T000000Z-0001";

/// A folder whose state holds the record of an audit as version 1 kept it.
struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new() -> Kept {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("state/harda/runs");
        std::fs::create_dir_all(&runs).expect("made");
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/records");
        for kind in ["audit.json", "jsonl"] {
            let name = format!("{RUN}.{kind}");
            std::fs::copy(cases.join(&name), runs.join(&name)).expect("copied");
        }
        Kept { folder }
    }

    fn harda(&self, arguments: &[&str]) -> Ran {
        let state = format!("XDG_STATE_HOME={}", self.folder.path().join("state").display());
        harda_with(self.folder.path(), &[&state], arguments)
    }

    fn state(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("state/harda/runs").join(name)
    }
}

#[test]
fn what_was_kept_is_listed_and_shown_again() {
    let kept = Kept::new();
    insta::assert_snapshot!(kept.harda(&["runs"]).expect(0).stdout);
    insta::assert_snapshot!(kept.harda(&["runs", "show", RUN]).expect(0).stdout);
    insta::assert_snapshot!(kept.harda(&["runs", "show", RUN, "-v", "--lang", "sv"]).expect(0).stdout);
}

#[test]
fn whose_days_a_waiver_lasts_is_said_where_it_is_known() {
    let kept = Kept::new();
    let days = "days of attestations and waivers are those of";
    kept.harda(&["runs", "show", RUN]).expect(0).says_not(days);
    let path = kept.state(&format!("{RUN}.audit.json"));
    let text = std::fs::read_to_string(&path).expect("the record");
    std::fs::write(&path, text.replacen('{', "{\"zone\": \"Europe/Stockholm\",", 1)).expect("written");
    kept.harda(&["runs", "show", RUN])
        .expect(0)
        .says(&format!("{days} Europe/Stockholm, the last one included"));
}

#[test]
fn a_baseline_is_of_the_same_pack() {
    let audit = ["audit", "stampeltjanst", "-i", "web1,", "--baseline", RUN];
    Kept::new()
        .harda(&audit)
        .expect(1)
        .says("the baseline is an audit of `outcomes`, and not of `stampeltjanst`");
}

#[test]
fn a_part_is_listed_as_a_part() {
    let kept = Kept::new();
    kept.harda(&["runs"]).expect(0).says_not("part of it");
    let path = kept.state(&format!("{RUN}.audit.json"));
    let text = std::fs::read_to_string(&path).expect("the record");
    std::fs::write(&path, text.replacen('{', "{\"narrowed\": true,", 1)).expect("written");
    kept.harda(&["runs"]).expect(0).says("not compliant (part of it)");
    kept.harda(&["runs", "--format", "json"]).expect(0).says("\"part\":true");
}

#[test]
fn the_verdict_names_the_policy_and_its_state() {
    let kept = Kept::new();
    let path = kept.state(&format!("{RUN}.audit.json"));
    let text = std::fs::read_to_string(&path).expect("the record");
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut audit: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        change(&mut audit["pack"]);
        std::fs::write(&path, audit.to_string()).expect("written");
        kept.harda(&["runs", "show", RUN, "-v", "--report", "html=a.html"]).expect(0)
    };
    let page = || std::fs::read_to_string(kept.folder.path().join("a.html")).expect("the report");
    with(&|_| ()).says_not("SHA-256 ");
    assert!(!page().contains("title=\"SHA-256"));
    with(&|pack| pack["sha256"] = "0123456789abcdef".into()).says(": SHA-256 0123456789abcdef\n");
    assert!(page().contains("<small title=\"SHA-256 0123456789abcdef\">0123456789ab</small>"));
    let playbook = with(&|pack| {
        pack["name"] = "sshd.yml".into();
        pack["version"] = "".into();
    });
    playbook.says("\nsshd.yml: not compliant");
}

/// An audit that can't be kept is shown and reported all the same. Nothing listens on that port.
#[test]
fn an_audit_that_cant_be_kept_is_shown_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments =
        ["audit", "stampeltjanst", "-i", "127.0.0.1,", "-e", "ansible_port=1", "--report", "json=a.json"];
    let ran = harda_with(folder.path(), &["XDG_STATE_HOME=/dev/null/state"], &arguments).expect(4);
    ran.says("could not be audited").says("not compliant").says("warning: this audit is not kept here");
    let text = std::fs::read_to_string(folder.path().join("a.json")).expect("the report");
    let audit: harda::compliance::audit::Audit = serde_json::from_str(&text).expect("an audit");
    assert!(audit.hosts[0].error.is_some());
}

/// Before any host is asked.
#[test]
fn what_an_audit_can_t_count_on_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let audit = |attestation: &str| {
        let head = "text: So it is, responsible: A, date: 2026-01-01, valid_until: 2099-12-31";
        write("a.yml", &format!("attestations:\n  - {{{head}, {attestation}}}\n"));
        let arguments = ["audit", "stampeltjanst", "-i", "127.0.0.1,", "-e", "ansible_port=1"];
        harda_with(folder.path(), &[], &[&arguments[..], &["--attestations", "a.yml"]].concat())
    };
    write("evidence.txt", "as it was");
    let sha256 = "d6a4e0a1";
    let evidence = format!("statement: 3.1-a, evidence: evidence.txt, sha256: {}", sha256.repeat(8));
    audit(&evidence).expect(1).says("the evidence for 3.1-a, has changed since");
    audit("statement: 6.5-b2").expect(1).says("statement `6.5-b2` needs no attestation");
    audit("statement: 3.1-a").expect(4);
}

/// Who reads may go before all is said.
#[test]
fn a_reader_that_goes_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let findings: String = (1000..9000).map(|n| format!("suggestion[]=NONE-{n}|x|-|-|\n")).collect();
    let report = format!("# Lynis Report\nlynis_version=3.0.8\nhostname=r51\n{findings}");
    std::fs::write(folder.path().join("report.dat"), report).expect("written");
    let line = format!(
        "cd {} && {} remediate --from report.dat -i r51, 2>said | head -n 1",
        folder.path().display(),
        env!("CARGO_BIN_EXE_harda")
    );
    let out = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh starts");
    assert!(String::from_utf8_lossy(&out.stdout).contains("8000 have no control"), "{out:?}");
    let said = std::fs::read_to_string(folder.path().join("said")).expect("what was said");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn hosts_that_were_left_out_are_named() {
    let kept = Kept::new();
    let path = kept.state(&format!("{RUN}.audit.json"));
    let text = std::fs::read_to_string(&path).expect("the record");
    kept.harda(&["runs", "show", RUN]).expect(0).says_not("part of the hosts");
    let part = text.replacen('{', "{\"hosts_left_out\": [\"r52\", \"r53\"],", 1);
    std::fs::write(&path, part).expect("written");
    kept.harda(&["runs"]).expect(0).says("(part of it)");
    let ran =
        kept.harda(&["runs", "show", RUN, "--report", "html=a.html", "--report", "json=a.json"]).expect(0);
    ran.says("part of the hosts: r52, r53 left out of the audit").says("in what was looked at");
    let read = |name: &str| std::fs::read_to_string(kept.folder.path().join(name)).expect("the report");
    assert!(read("a.html").contains("<b>part of the hosts: r52, r53 left out of the audit</b>"));
    assert!(read("a.json").contains("\"hosts_left_out\""));
}

#[test]
fn reports_are_made_again_from_the_record() {
    let kept = Kept::new();
    kept.harda(&["runs", "show", RUN, "--report", "csv=a.csv", "--report", "json=a.json"]).expect(0);
    let again = std::fs::read_to_string(kept.folder.path().join("a.json")).expect("the report");
    let first = std::fs::read_to_string(kept.state(&format!("{RUN}.audit.json"))).expect("the record");
    // The same audit; what version 1 called `attested` is `manual` by now.
    let audit = |text: &str| serde_json::from_str::<harda::compliance::audit::Audit>(text).expect("an audit");
    let read = |text: &str| serde_json::to_value(audit(text)).expect("JSON");
    assert_eq!(read(&again), read(&first));
    assert!(first.contains("\"attested\": {") && again.contains("\"manual\": {"));
    insta::assert_snapshot!(std::fs::read_to_string(kept.folder.path().join("a.csv")).expect("the report"));
}

#[test]
fn a_page_looks_back_on_audits_of_the_same_inventory() {
    let kept = Kept::new();
    let first = std::fs::read_to_string(kept.state(&format!("{RUN}.audit.json"))).expect("the record");
    let inventory =
        serde_json::from_str::<serde_json::Value>(&first).expect("JSON")["inventory"][0].to_string();
    let add = |run: &str, inventory_now: &str| {
        let audit = first.replace(RUN, run).replacen(&inventory, inventory_now, 1);
        std::fs::write(kept.state(&format!("{run}.audit.json")), audit).expect("written");
        std::fs::copy(kept.state(&format!("{RUN}.jsonl")), kept.state(&format!("{run}.jsonl")))
            .expect("copied");
    };
    let trend = || {
        kept.harda(&["runs", "show", RUN, "--report", "html=a.html", "--lang", "sv"]).expect(0);
        let page = std::fs::read_to_string(kept.folder.path().join("a.html")).expect("the report");
        let label = page.split_once("aria-label=\"Medelpoäng. ");
        label.map(|(_, label)| label.split_once('"').expect("its end").0.matches(',').count())
    };
    add("20251201T000000Z-0001", "\"another.yml\"");
    add("20260201T000000Z-0001", &inventory);
    assert_eq!(trend(), None, "of another inventory, and later than this one");
    add("20251202T000000Z-0001", &inventory);
    add("20251203T000000Z-0001", &inventory);
    assert_eq!(trend(), Some(3), "oldest first, and three values after that comma");
}

#[test]
fn why_goes_from_the_requirement_to_the_answer() {
    let kept = Kept::new();
    insta::assert_snapshot!(kept.harda(&["why", "ha1", "no-forwarding", "--from", RUN]).expect(0).stdout);
    let ran = kept.harda(&["why", "ha9", "no-forwarding", "--from", RUN]).expect(1);
    ran.says("no control `no-forwarding` on `ha9`").says("its hosts are ha1, ha2");
}

#[test]
fn two_servers_side_by_side() {
    let kept = Kept::new();
    insta::assert_snapshot!(kept.harda(&["compare", "ha1", "ha2"]).expect(0).stdout);
    kept.harda(&["compare", "ha1", "ha9"]).expect(1).says("no audit that is kept here holds");
}

#[test]
fn the_newest_records_are_kept_where_a_number_is_set() {
    let kept = Kept::new();
    for run in ["20251201T000000Z-0001", "20251202T000000Z-0001"] {
        for kind in ["audit.json", "jsonl"] {
            std::fs::copy(kept.state(&format!("{RUN}.{kind}")), kept.state(&format!("{run}.{kind}")))
                .expect("copied");
        }
    }
    std::fs::write(kept.state("notes.jsonl"), "mine").expect("written");
    let files = || {
        let listed = std::fs::read_dir(kept.state("")).expect("the folder");
        let mut names: Vec<_> =
            listed.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let before = files();
    kept.harda(&["runs"]).expect(0);
    assert_eq!(files(), before, "nothing is removed unasked");
    kept.harda(&["runs", "--keep-records", "3"]).expect(0);
    let left = ["20251202T000000Z-0001.audit.json", "20251202T000000Z-0001.jsonl"].map(String::from);
    let own = [format!("{RUN}.audit.json"), format!("{RUN}.jsonl"), "notes.jsonl".into()];
    assert_eq!(files(), [&left[..], &own[..]].concat(), "a file that isn't a run's counts, and stays");
    kept.harda(&["runs", "--keep-records", "0"]).expect(1);
}

#[test]
fn a_record_of_a_newer_harda_is_refused() {
    let kept = Kept::new();
    for (kind, from, to) in
        [("audit.json", "\"version\": 1", "\"version\": 99"), ("jsonl", "\"record\":1", "\"record\":2")]
    {
        let path = kept.state(&format!("{RUN}.{kind}"));
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.contains(from), "{kind}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    }
    kept.harda(&["why", "ha1", "waived", "--from", RUN]).expect(1).says("it is newer than this one");
    kept.harda(&["runs", "show", RUN]).expect(1).says("it is newer than this one");
}

#[test]
fn a_damaged_audit_is_told_where_it_is_shown_or_listed() {
    let kept = Kept::new();
    std::fs::write(kept.state(&format!("{RUN}.audit.json")), "{\"version\": 1").expect("written");
    kept.harda(&["runs", "show", RUN]).expect(1).says("is no audit of harda's");
    kept.harda(&["runs"]).expect(0).says("is no audit of harda's");
}

#[test]
fn what_does_not_reach_stdout_is_told() {
    let kept = Kept::new();
    for verb in [&["runs", "show", RUN][..], &["runs", "show", RUN, "--format", "json"], &["runs"]] {
        let mut harda = std::process::Command::new(env!("CARGO_BIN_EXE_harda"));
        let full = std::fs::File::options().write(true).open("/dev/full").expect("opened");
        harda.args(verb).env("XDG_STATE_HOME", kept.folder.path().join("state")).stdout(full);
        let out = harda.output().expect("run");
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{verb:?}: {said}");
        assert!(said.contains("not all was written to stdout"), "{verb:?}: {said}");
    }
}

#[test]
fn two_reports_are_two_files() {
    let kept = Kept::new();
    kept.harda(&["runs", "show", RUN, "--report", "csv=a", "--report", "json=a"])
        .expect(1)
        .says("two reports would be written to `a`");
}

#[test]
fn what_is_no_audit_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.json"), "{}").expect("written");
    harda(folder.path(), &["remediate", "--from", "x.json", "-i", "a,"])
        .expect(1)
        .says("is no audit of harda's");
    harda(folder.path(), &["remediate", "--from", "none", "-i", "a,"])
        .expect(1)
        .says("no audit that can be read");
    harda(folder.path(), &["audit", "none", "-i", "a,"]).expect(1).says("is no pack and no playbook");
    let ran = harda(folder.path(), &["audit", "stampeltjanst", "-i", "a,", "--report", "pdf=x"]).expect(1);
    ran.says("`pdf` is no format of a report");
    harda(folder.path(), &["audit", "stampeltjanst", "-i", "a,", "--control", "none"])
        .expect(1)
        .says("it has usb-storage-disabled");
}

#[test]
fn init_writes_all_and_replaces_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("inventory/hosts.yml");
    std::fs::create_dir_all(hosts.parent().expect("a folder")).expect("made");
    std::fs::write(&hosts, "mine").expect("written");
    harda(folder.path(), &["init"]).expect(0).says("kept as it is: ./inventory/hosts.yml").says("1 kept");
    assert_eq!(std::fs::read_to_string(&hosts).expect("read"), "mine");
    harda(folder.path(), &["lint", "playbooks/stampeltjanst", "playbooks/baseline.yml"]).expect(0);
}

#[test]
fn another_tools_report_says_what_can_be_fixed_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = |id: &str, result: &str| {
        format!(
            "<rule-result idref=\"xccdf_org.ssgproject.content_rule_{id}\"><result>{result}</result></rule-result>"
        )
    };
    let results = format!(
        "<TestResult><target>sign1</target>{}{}{}</TestResult>",
        rule("sshd_disable_empty_passwords", "pass"),
        rule("prefer_64bit_os", "fail"),
        rule("partition_for_tmp\u{202e}", "fail")
    );
    std::fs::write(folder.path().join("r.xml"), results).expect("written");
    let ran = harda(folder.path(), &["remediate", "--from", "r.xml", "-i", "sign1,"]).expect(3);
    ran.says("sign1: 2 findings, 0 can be fixed here, 2 have no control:").says("prefer_64bit_os");
    ran.says("nothing to remediate").says_not("\u{202e}");
}

/// A remediation that would do nothing because of a slip is no success.
#[test]
fn what_a_remediation_is_about_has_to_be_there() {
    let kept = Kept::new();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/packs/outcomes");
    let own = ["remediate", "--from", RUN, "--pack", &pack.to_string_lossy()].map(String::from);
    let own = |more: &[&str]| {
        let mut arguments: Vec<&str> = own.iter().map(String::as_str).collect();
        arguments.extend(more);
        kept.harda(&arguments)
    };
    own(&["-i", "ha9,"]).expect(1).says("the inventory has no host `ha1`");
    own(&["-i", "ha1,ha2,ha9", "-l", "ha9"]).expect(1).says("--limit leaves no host").says("ha1, ha2");
    own(&["-i", "ha1,ha2", "--control", "nosuch"]).expect(1).says("has no control `nosuch`");
    own(&["-i", "ha1,ha2", "--accept", "nosuch"]).expect(1).says("has no control `nosuch`");
    own(&["-i", "ha1,ha2", "--for-host", "ha1"]).expect(1).says("--for-host goes with another tool's report");
    // Only the hosts that are meant are told of.
    let one = own(&["-i", "ha1,ha2", "-l", "ha1", "--control", "time-server"]).expect(3);
    one.says("time-server is left out on ha1: ");
    let both = own(&["-i", "ha1,ha2", "--control", "time-server"]).expect(3);
    both.says("time-server is left out on ha1, ha2: ");
    own(&["-i", "ha1,ha2", "--control", "passwd-mode"]).expect(0).says("of those that are meant");

    let report =
        "# Lynis Report\nlynis_version=3.0.8\nhostname=r51.example.org\nsuggestion[]=SSH-7408|x|-|-|\n";
    std::fs::write(kept.folder.path().join("report.dat"), report).expect("written");
    let foreign = |more: &[&str]| kept.harda(&[&["remediate", "--from", "report.dat"], more].concat());
    let ran = foreign(&["-i", "r51,"]).expect(1);
    ran.says("1 finding, 1 can be fixed here")
        .says("the inventory has no host `r51.example.org`")
        .says("--for-host");
    foreign(&["-i", "r51,", "--for-host", "nosuch"]).expect(1).says("no host `nosuch`");
    foreign(&[]).expect(1).says("no inventory says how `r51.example.org` is reached");
    foreign(&["-i", "r51,", "--for-host", "r51", "--control", "nosuch"])
        .expect(1)
        .says("no control `nosuch`");
}

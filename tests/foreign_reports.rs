//! Reports made by the real programs drive a remediation: OpenSCAP of Debian 12 with the content of
//! Debian 13's ssg-debian, as XCCDF and as ARF, and Lynis of the host's release.

mod support;

use harda::compliance::pack::Pack;
use harda::files::Files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::Lab;

/// Rules of the profile that the pack's controls answer: failing before, passing after.
const PROFILE: &str = "xccdf_org.ssgproject.content_profile_anssi_bp28_minimal";

/// The data stream for Debian 12, out of the package in the lab's own repository of Debian 13.
fn content(lab: &Lab) -> PathBuf {
    let cache = std::env::var("HARDA_LAB_CACHE").unwrap_or_else(|_| "/var/cache/harda-lab".into());
    let repos = std::fs::read_dir(Path::new(&cache).join("repos")).expect("the lab's repositories");
    let debs = repos.flatten().filter_map(|repo| std::fs::read_dir(repo.path()).ok()).flatten().flatten();
    let deb = debs
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ssg-debian_")))
        .expect("ssg-debian in a repository");
    let folder = lab.folder.path().join("ssg");
    let unpacked = Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&folder).status().expect("dpkg-deb");
    assert!(unpacked.success());
    folder.join("usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml")
}

/// A host's files, from outside.
fn root(lab: &Lab, host: &str) -> PathBuf {
    PathBuf::from(lab.call(&["root", host]).expect(0).stdout.trim())
}

/// A file of a host, brought here.
fn fetch(lab: &Lab, host: &str, path: &str, name: &str) {
    let from = root(lab, host).join(path.trim_start_matches('/'));
    std::fs::copy(&from, lab.folder.path().join(name)).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}

fn install(lab: &Lab, host: &str, package: &str) {
    let command =
        format!("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y {package}");
    lab.exec(host, &command).expect(0);
}

/// Scans the host, and brings both forms of the results.
fn scan(lab: &Lab, host: &str) {
    let command = format!(
        "cd /root && oscap xccdf eval --profile {PROFILE} --results x.xml --results-arf a.xml ds.xml >oscap.log 2>&1; \
         test $? -le 2 && test -s x.xml && test -s a.xml"
    );
    lab.exec(host, &command).expect(0);
    fetch(lab, host, "/root/x.xml", "x.xml");
    fetch(lab, host, "/root/a.xml", "a.xml");
}

/// What the profile asks for where it asks for more than the pack's defaults do.
const VALUES: &str = "password_min_length=15 password_min_classes=4 faillock_deny=3";

/// The scanner goes by its own way of writing the PAM stack (`preauth` required, and a line that
/// ends the stack for whoever has the right password), and not by whether failures lock. That they
/// do is shown by tests/effect_passwords.rs.
const OTHERWISE_WRITTEN: [&str; 3] = [
    "accounts_passwords_pam_faillock_deny",
    "accounts_passwords_pam_faillock_interval",
    "accounts_passwords_pam_faillock_unlock_time",
];

const ACCEPT: &str = "password-quality,password-history,password-ageing,account-lockout,sshd-hardened";

/// The results of a scan: what each rule came to.
fn results(lab: &Lab, name: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(lab.folder.path().join(name)).expect("the results");
    let one = |rule: &str| {
        let id = rule.split("content_rule_").nth(1)?.split('"').next()?;
        let result = rule.split("<result>").nth(1)?.split('<').next()?;
        Some((id.to_string(), result.to_string()))
    };
    text.split("<rule-result ").skip(1).filter_map(one).collect()
}

fn failing(results: &BTreeMap<String, String>) -> BTreeSet<String> {
    results.iter().filter(|(_, result)| *result == "fail").map(|(rule, _)| rule.clone()).collect()
}

/// Both forms say the same, and what either has led to is what the scanner then finds.
#[test]
fn openscaps_findings_are_put_right() {
    let lab = Lab::up(&["bookworm", "bookworm"]);
    let ds = content(&lab);
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/stampeltjanst");
    let mapped = Pack::load(&Files::default(), &folder).expect("the pack").foreign.xccdf;
    for (host, form) in lab.hosts.iter().zip(["x.xml", "a.xml"]) {
        install(&lab, host, "openscap-scanner");
        std::fs::copy(&ds, root(&lab, host).join("root/ds.xml")).expect("copied");
        scan(&lab, host);
        let from = |report: &str, more: &[&str]| {
            let verb = ["remediate", "--from", report, "--for-host", host, "-i", &inventory, "-e", VALUES];
            lab.harda(&[&verb, more].concat())
        };
        let plans = ["x.xml", "a.xml"].map(|report| from(report, &["--check"]).expect(0));
        let first = |text: &str| {
            text.lines().take_while(|line| !line.starts_with("play ")).map(String::from).collect::<Vec<_>>()
        };
        let heads = plans.map(|ran| first(&ran.stdout));
        assert_eq!(heads[0], heads[1]);
        assert!(heads[0][0].contains("can be fixed here"), "{:?}", heads[0]);

        from(form, &["--accept", ACCEPT]).expect(0).says("put right");
        let before = failing(&results(&lab, "x.xml"));
        scan(&lab, host);
        let after = failing(&results(&lab, "x.xml"));
        assert!(after.is_subset(&before), "now failing: {:?}", &after - &before);
        let answered: BTreeSet<String> =
            before.iter().filter(|rule| mapped.contains_key(*rule)).cloned().collect();
        assert!(answered.len() >= 8, "{answered:?}");
        let still: Vec<&String> = after.intersection(&answered).collect();
        assert_eq!(still, OTHERWISE_WRITTEN, "{form}: what the scanner still finds");
    }
}

#[test]
fn lynis_findings_are_put_right() {
    let lab = Lab::up(&["trixie"]);
    let host = lab.hosts[0].clone();
    install(&lab, &host, "lynis");
    let report = || {
        lab.exec(&host, "lynis audit system --quick --quiet --no-colors >/dev/null 2>&1; test -s /var/log/lynis-report.dat")
            .expect(0);
        fetch(&lab, &host, "/var/log/lynis-report.dat", "report.dat");
        let text = std::fs::read(lab.folder.path().join("report.dat")).expect("the report");
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().filter(|line| line.starts_with("suggestion[]=SSH-7408")).count()
    };
    let before = report();
    assert!(before > 3, "{before} suggestions about sshd");
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let ran = lab.harda(&[
        "remediate",
        "--from",
        "report.dat",
        "--for-host",
        &host,
        "-i",
        &inventory,
        "--accept",
        ACCEPT,
    ]);
    // What the log server's name would be nobody has declared here.
    ran.expect(3).says("logs-forwarded is left out").says("sshd-hardened: fail -> pass");
    let after = report();
    assert!(after < before, "{after} suggestions about sshd, were {before}");
}

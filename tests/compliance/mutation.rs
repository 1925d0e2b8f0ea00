//! For each control of the pack: breaking it is found, and put right.

use super::*;

fn all_of(pack: &Pack) -> BTreeSet<String> {
    pack.controls.iter().map(|control| control.id.clone()).collect()
}

#[test]
fn what_fails_is_found_put_right_and_found_again_when_it_breaks() {
    let site = Site::up(&["bookworm", "trixie"]);
    let pack = pack();
    let all = all_of(&pack);

    let first = site.audit(3, &[]);
    for host in &site.lab.hosts {
        let known = [Outcome::Fail, Outcome::Pass, Outcome::NotApplicable, Outcome::NotAssessed];
        let first = outcomes(&first, host);
        assert!(first.keys().all(|outcome| known.contains(outcome)), "{host}: {first:?}");
    }
    // What fails is put right; what this site doesn't declare stays open.
    let failing = |host: &String| outcomes(&first, host).remove(&Outcome::Fail).unwrap_or_default().len();
    let count: usize = site.lab.hosts.iter().map(failing).sum();
    assert!(count > 60, "{count}");
    let open = elsewhere(Outcome::NotAssessed).len() * site.lab.hosts.len();
    let never = elsewhere(Outcome::Fail).len() * site.lab.hosts.len();
    let short = count + open;
    let count = count - never;
    let ran = site.remediate(3);
    ran.says(&format!("{count} of {short} controls that did not pass put right"))
        .says(&format!("{open} left out:"));
    let second = site.audit(3, &[]);
    for host in &site.lab.hosts {
        let mut second = outcomes(&second, host);
        let mut here = all.clone();
        for outcome in [Outcome::NotApplicable, Outcome::NotAssessed, Outcome::Fail] {
            let wanted = elsewhere(outcome);
            assert_eq!(second.remove(&outcome).unwrap_or_default(), wanted, "{host}: {outcome:?}");
            here = &here - &wanted;
        }
        assert_eq!(second, BTreeMap::from([(Outcome::Pass, here)]), "{host}");
    }
    // No claim without what it rests on.
    for result in second.hosts.iter().flat_map(|host| &host.results) {
        let has_evidence = result.evidence.iter().any(|task| !task.asked.is_empty());
        assert!(has_evidence || result.outcome == Outcome::NotAssessed, "{} has no evidence", result.control);
    }
    for lang in ["sv", "en"] {
        the_checklist_is_complete(&site, &second, lang);
    }

    // A run takes minutes: all that is wrong is told at its end.
    let here = |id: &str| !ELSEWHERE.iter().any(|(other, ..)| *other == id);
    let controls: Vec<&Control> = pack.controls.iter().filter(|control| here(&control.id)).collect();
    let batches = controls.len().div_ceil(TOGETHER);
    let of_batch = |at| controls.iter().skip(at).step_by(batches).copied().collect::<Vec<_>>();
    let wrong: Vec<String> = (0..batches).flat_map(|at| broken_and_mended(&site, &of_batch(at))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Controls that are broken one after the other before they are put right together. They are far apart in the pack: what
/// lies side by side there may write the same files.
const TOGETHER: usize = 6;

/// Breaks one control after the other: each break fails its control and no other. Then puts all of them right, and says
/// what went otherwise.
fn broken_and_mended(site: &Site, controls: &[&Control]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    for control in controls {
        let fragment = control.r#break.as_deref().expect("a way to break it");
        site.lab.hosts.iter().for_each(|host| drop(site.lab.exec(host, fragment).expect(0)));
        expected.insert(control.id.clone());
        let broken = site.audit(3, &[]);
        for host in &site.lab.hosts {
            let failing = failing(&broken, host);
            if failing != expected {
                wrong.push(format!("{host}: after `{fragment}` fail {failing:?}, not {expected:?}"));
            }
        }
    }
    let before: Vec<_> = site.lab.hosts.iter().map(|host| site.written(host)).collect();
    let (by_hand, by_harda): (Vec<&Control>, Vec<&Control>) = controls.iter().partition(|c| c.mend.is_some());
    for mend in by_hand.iter().filter_map(|control| control.mend.as_ref()) {
        site.lab.hosts.iter().for_each(|host| drop(site.lab.exec(host, mend).expect(0)));
    }
    if !by_harda.is_empty() {
        site.remediate(3);
    }
    for (host, before) in site.lab.hosts.iter().zip(&before) {
        wrong.extend(written_besides(controls, host, before, &site.written(host)));
    }
    let mended = site.audit(3, &[]);
    for host in &site.lab.hosts {
        let still = failing(&mended, host);
        if !still.is_empty() {
            wrong.push(format!("{host}: {still:?} after {expected:?} were put right"));
        }
    }
    wrong
}

/// What fails on a host besides what always does.
fn failing(audit: &Audit, host: &str) -> BTreeSet<String> {
    let mut failing = outcomes(audit, host).remove(&Outcome::Fail).unwrap_or_default();
    elsewhere(Outcome::Fail).iter().for_each(|id| assert!(failing.remove(id), "{host}: {id} does not fail"));
    failing
}

/// A row for each requirement, in the policy's four columns, ticked where the audit says so, and
/// with something to read in each.
#[track_caller]
fn the_checklist_is_complete(site: &Site, audit: &Audit, lang: &str) {
    let arguments = ["checklist", PACK, "--from", "audit.json", "--lang", lang, "--report", "csv=list.csv"];
    site.lab.harda(&arguments).expect(0);
    let text = std::fs::read_to_string(site.file("list.csv")).expect("the checklist");
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(|row| row.expect("a row")).collect();
    assert_eq!((audit.requirements.len(), rows.len()), (13, 13));
    let lang = if lang == "sv" { Lang::Sv } else { Lang::En };
    for (row, requirement) in rows.iter().zip(&audit.requirements) {
        let (id, name, tick, description) = (&row[0], &row[1], &row[2], &row[3]);
        assert_eq!((id, name), (requirement.id.as_str(), requirement.name.say(lang)));
        assert_eq!(!tick.is_empty(), requirement.verdict == Verdict::Fulfilled, "{id}: {description}");
        for statement in &requirement.statements {
            for control in &statement.controls {
                assert!(
                    description.contains(&format!("({control})")),
                    "{id}: no word on {control}: {description}"
                );
            }
            assert!(description.contains(&statement.id), "{id}: no word on {}: {description}", statement.id);
        }
        assert!(row.iter().any(|cell| cell.contains(&audit.run)), "{id} names no run");
    }
}

/// Controls whose break is run elsewhere, and the test that does it: they are about what a container has none of, or what
/// this site doesn't declare.
const ELSEWHERE: &[(&str, Outcome, &str)] = &[
    ("usb-devices-declared", Outcome::NotApplicable, "tests/vm/usb.rs"),
    ("kernel-parameters", Outcome::NotApplicable, "tests/vm/kernel.rs"),
    ("audit-rules-loaded", Outcome::NotApplicable, "tests/vm/kernel.rs"),
    ("apparmor-enforced", Outcome::NotApplicable, "tests/vm/kernel.rs"),
    // It fails in a container whatever is done there, and says why.
    ("audit-daemon", Outcome::Fail, "tests/vm/kernel.rs"),
    ("audit-to-syslog", Outcome::Fail, "tests/vm/kernel.rs"),
    // There is no log server here.
    ("logs-forwarded", Outcome::Fail, "tests/effect_rsyslog.rs"),
    ("boot-locked", Outcome::NotApplicable, "tests/effect_physical.rs"),
    ("disks-encrypted", Outcome::NotApplicable, "tests/effect_physical.rs"),
    ("hardware-declared", Outcome::NotAssessed, "tests/effect_physical.rs"),
    ("screen-lock", Outcome::NotApplicable, "tests/effect_physical.rs"),
    ("network-sensor", Outcome::NotApplicable, "tests/effect_intrusion.rs"),
    ("time-daemon", Outcome::NotApplicable, "tests/effect_time.rs"),
    ("time-servers", Outcome::NotAssessed, "tests/effect_time.rs"),
    ("time-synchronised", Outcome::NotApplicable, "tests/effect_time.rs"),
    ("two-factor", Outcome::NotApplicable, "tests/effect_two_factor.rs"),
    ("updates-from-mirror", Outcome::NotAssessed, "tests/effect_updates.rs"),
    ("line-profile", Outcome::NotAssessed, "tests/effect_line_tls.rs"),
    ("line-credentials", Outcome::NotAssessed, "tests/effect_line_tls.rs"),
    ("line-up", Outcome::NotAssessed, "tests/effect_line_tls.rs"),
    ("remote-services-secured", Outcome::NotAssessed, "tests/effect_remote_services.rs"),
];

/// The state of another machine (its disks, its kind, its clock) is shown to these by stand-ins.
const BY_STAND_INS: &[&str] = &["disks-encrypted", "hardware-declared", "time-synchronised"];

/// Those of these that come to this on hosts that are as they should be.
fn elsewhere(outcome: Outcome) -> BTreeSet<String> {
    let of_outcome = ELSEWHERE.iter().filter(|(_, other, _)| *other == outcome);
    of_outcome.map(|(id, ..)| id.to_string()).collect()
}

#[test]
fn no_control_is_left_out_without_a_test_that_breaks_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (id, _, file) in ELSEWHERE {
        assert!(pack().control(id).is_some(), "there is no {id}");
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        let call = text
            .split("is_found_and_put_right(")
            .skip(1)
            .any(|rest| rest.split(')').next().is_some_and(|words| words.contains(&format!("\"{id}\""))));
        let by_variable =
            text.contains(&format!("\"{id}\"")) && text.contains("is_found_and_put_right(&controls)");
        assert!(call || by_variable || BY_STAND_INS.contains(id), "{file} does not break {id}");
    }
}

/// What shadow's tools write.
const ACCOUNT_FILES: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/.pwd.lock",
];

/// What each control writes below /etc; the files of the others keep their time.
const FILES: &[(&str, &[&str])] = &[
    ("usb-storage-disabled", &["/etc/modprobe.d/"]),
    ("password-quality", &["/etc/security/pwquality.conf"]),
    ("password-history", &["/etc/pam.d/common-"]),
    ("password-ageing", &["/etc/login.defs", "/etc/shadow", "/etc/.pwd.lock"]),
    ("account-lockout", &["/etc/security/faillock.conf", "/etc/pam.d/common-"]),
    ("logs-forwarded", &["/etc/rsyslog.d/"]),
    (
        "audit-daemon",
        &[
            "/etc/audit/auditd.conf",
            "/etc/audit/rules.d/10-",
            "/etc/audit/rules.d/zz-",
            "/etc/systemd/system/audit",
        ],
    ),
    ("audit-rules-logins", &["/etc/audit/rules.d/50-harda-logins.rules"]),
    ("audit-rules-access-control", &["/etc/audit/rules.d/50-harda-access-control.rules", "/etc/apparmor"]),
    ("audit-rules-elevation", &["/etc/audit/rules.d/50-harda-elevation.rules"]),
    ("audit-rules-commands", &["/etc/audit/rules.d/50-harda-commands.rules"]),
    ("audit-rules-failed", &["/etc/audit/rules.d/50-harda-failed.rules"]),
    ("audit-rules-admin", &["/etc/audit/rules.d/50-harda-admin.rules"]),
    ("audit-rules-system", &["/etc/audit/rules.d/50-harda-system.rules"]),
    ("audit-to-syslog", &["/etc/audit/plugins.d/harda-syslog.conf"]),
    ("journal-persistent", &["/etc/systemd/journald.conf.d/zz-harda.conf"]),
    ("logs-rotated", &["/etc/logrotate.d/harda"]),
    ("release-supported", &["/etc/os-release"]),
    ("sources-signed", &["/etc/apt/sources.list.d/unsigned.list"]),
    ("updates-automatic", &["/etc/apt/apt.conf.d/"]),
    ("updates-recent", &[]),
    ("updates-installed", &[]),
    ("login-banner", &["/etc/issue.net"]),
    ("filesystems-uncommon-off", &["/etc/modprobe.d/"]),
    ("protocols-uncommon-off", &["/etc/modprobe.d/"]),
    ("memory-buses-off", &["/etc/modprobe.d/"]),
    ("core-dumps-off", &["/etc/security/limits.d/", "/etc/systemd/"]),
    ("network-parameters", &["/etc/sysctl.d/"]),
    ("forwarding-off", &["/etc/sysctl.d/"]),
    ("services-unneeded-off", &["/etc/systemd/system/"]),
    ("packages-unneeded-gone", &[]),
    ("listeners-declared", &[]),
    ("firewall-declared", &["/etc/harda/"]),
    ("console-reset-off", &["/etc/systemd/system/"]),
    ("autologin-off", &[]),
    ("backup-encrypted", &["/srv/"]),
    ("mount-options", &[]),
    ("logins-banned", &[]),
    ("packages-declared", &[]),
    ("jobs-declared", &["/etc/systemd/system/"]),
    ("key-material", &[]),
    ("malware-signatures", &[]),
    ("malware-scanner", &["/etc/systemd/system/"]),
    ("integrity-watched", &["/etc/systemd/system/"]),
    ("sshd-hardened", &["/etc/ssh/sshd_config.d/"]),
    ("key-files", &["/etc/shadow-"]),
    ("umask", &["/etc/login.defs"]),
    ("files-owned", &[]),
    ("suid-declared", &[]),
    ("service-accounts", &[]),
    ("accounts-declared", ACCOUNT_FILES),
    ("accounts-unique", ACCOUNT_FILES),
    ("accounts-not-shared", &[]),
    ("root-logins-closed", &[]),
    ("system-accounts-nologin", ACCOUNT_FILES),
    ("home-directories", &[]),
    ("sudo-settings", &["/etc/sudoers.d/zz-harda"]),
    ("sudo-asks-password", &[]),
    ("admins-declared", ACCOUNT_FILES),
    ("su-restricted", &["/etc/pam.d/su"]),
];

/// What putting controls right has written that is not theirs.
fn written_besides(
    controls: &[&Control],
    host: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Option<String> {
    let files = |id: &str| FILES.iter().find(|(other, _)| *other == id).map(|(_, files)| *files);
    let mine: Vec<&str> =
        controls.iter().flat_map(|c| files(&c.id).expect("the control's files")).copied().collect();
    let touched = after.iter().filter(|(path, stamp)| before.get(*path) != Some(stamp)).map(|(path, _)| path);
    let strange: Vec<&String> =
        touched.filter(|path| !mine.iter().any(|mine| path.starts_with(mine))).collect();
    let ids = || controls.iter().map(|control| control.id.as_str()).collect::<Vec<_>>().join(", ");
    (!strange.is_empty()).then(|| format!("{host}: putting {} right wrote {strange:?} too", ids()))
}

//! playbooks/baseline.yml as a whole: what its dry run promises on a bare host, that applying it keeps the promise, and
//! that a hardened host has nothing left to do.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/kept.rs"]
mod kept;
mod support;

use effect::Playbook;
use kept::{events, kept_its_word, recaps};
use support::Lab;

fn baseline(lab: &Lab) -> Playbook<'_> {
    let authority = lab.write("ca.pem", "no certificate at all; rsyslog isn't asked to connect here\n");
    Playbook::new(lab, "baseline.yml")
        .with("rsyslog_server=log.example")
        .with(format!("rsyslog_ca_file={}", authority.display()))
}

#[track_caller]
fn has_nothing_to_do_in_two_trips(lab: &Lab) {
    let again = baseline(lab).run("plan", &lab.hosts, &["--detailed-exitcode", "--format", "json"]).expect(0);
    for recap in recaps(&again) {
        assert!(recap["round_trips"].as_u64() <= Some(2), "{recap}");
    }
}

#[test]
fn a_fresh_host_is_hardened_and_then_has_nothing_to_do() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let applied = baseline(&lab).run("apply", &lab.hosts, &["--format", "json"]).expect(0);
    kept_its_word(&applied);
    has_nothing_to_do_in_two_trips(&lab);
    for host in &lab.hosts {
        lab.exec(host, "systemctl is-system-running").expect(0);
    }
}

#[test]
fn a_bare_host_is_told_what_would_be_done_and_it_is_done() {
    let lab = Lab::up(&["bookworm-bare", "trixie-bare"]);
    let plan = baseline(&lab).run("plan", &lab.hosts, &["--format", "json"]).expect(0);
    let applied = baseline(&lab).run("apply", &lab.hosts, &["--format", "json"]).expect(0);
    kept_its_word(&applied);
    has_nothing_to_do_in_two_trips(&lab);

    let records = plan.records();
    for planned in events(&records, "planned") {
        let host = planned["host"].as_str().expect("a name");
        let entries = planned["entries"].as_array().expect("a list");
        let mut conditional = 0;
        for entry in entries {
            let waits_for = entry["status"]["certainty"]["conditional"]["waits_for"].as_str();
            assert!(entry["status"]["status"] != "unknown", "{entry}");
            if let Some(task) = waits_for {
                conditional += 1;
                let update = "the update of the package lists";
                assert!(task == update || entries.iter().any(|e| e["task"] == task), "who is `{task}`?");
            }
            for change in entry["changes"].as_array().expect("a list") {
                let of_a_package =
                    || lab.exec(host, &format!("dpkg -S '{}'", change["id"].as_str().unwrap())).code == 0;
                assert!(
                    waits_for.is_none() || change["kind"] != "file" || of_a_package(),
                    "on {host} {} waits for {waits_for:?}",
                    change["id"]
                );
            }
        }
        assert!(conditional > 0, "the packages can't be certain without lists of them");
    }
}

//! Hosts that change under the run's feet.

use super::{LAB, book};

/// Runs a loop on the host until `/run/NAME.stop` exists.
struct Gremlin {
    host: &'static str,
    unit: String,
}

impl Gremlin {
    fn start(host: &'static str, name: &str, body: &str) -> Gremlin {
        let unit = format!("gremlin-{name}");
        let script = format!("while :; do {body}; sleep 0.02; done");
        let command = format!("systemd-run -q --unit {unit} sh -c '{script}'");
        LAB.exec(host, &command).expect(0);
        Gremlin { host, unit }
    }
}

impl Drop for Gremlin {
    fn drop(&mut self) {
        LAB.exec(self.host, &format!("systemctl stop {}", self.unit));
    }
}

#[test]
fn what_is_undone_at_once_did_not_converge() {
    let host = &LAB.hosts[1];
    LAB.exec(host, "mkdir -p /srv/undone && echo bad >/srv/undone/file").expect(0);
    let _gremlin =
        Gremlin::start(host, "undone", "grep -qs good /srv/undone/file && echo bad >/srv/undone/file");
    let book = book(
        "undone",
        "
tasks:
  - name: better
    copy: {content: \"good\\n\", dest: '@/file'}
  - name: wait
    command: sleep 1
    changed_when: false
",
    );
    let ran = book.apply(&["-l", host]).expect(2);
    ran.says("did not converge").says("file /srv/undone/file  from `better`").says("-good").says("+bad");
}

#[test]
fn nothing_is_written_over_what_changed_since_the_plan() {
    let host = &LAB.hosts[1];
    LAB.exec(host, "mkdir -p /srv/drift && date +%N >/srv/drift/file").expect(0);
    let _gremlin = Gremlin::start(host, "drift", "date +%N >/srv/drift/file");
    let book = book("drift", "tasks:\n  - name: mine\n    copy: {content: mine, dest: '@/file'}\n");
    // Now and then it changes while the plan reads it, which is an error of its own.
    let tries = (0..10).map(|_| book.apply(&["-l", host]).expect(2));
    let told = "drifted: file /srv/drift/file is no longer as it was";
    assert!(tries.map(|ran| ran.stdout).any(|text| text.contains(told)));
    assert_ne!(book.file(host, "file"), "mine");
}

#[test]
fn what_an_act_of_the_same_run_changed_is_planned_again_and_told() {
    let host = &LAB.hosts[1];
    LAB.exec(host, "mkdir -p /srv/acted && echo old >/srv/acted/file").expect(0);
    let book = book(
        "acted",
        "
tasks:
  - name: act
    shell: echo acted >@/file
  - name: mine
    copy: {content: \"mine\\n\", dest: '@/file'}
",
    );
    let ran = book.apply(&["-l", host, "-D"]).expect(0);
    ran.says("-old").says("different from what was announced:").says("-acted");
    assert_eq!(book.file(host, "file"), "mine\n");
}

//! What a run keeps on the host: before and after, complete and cut off, with room and without.

mod support;

use std::sync::LazyLock;
use support::{Lab, Ran};

static LAB: LazyLock<Lab> = LazyLock::new(|| Lab::up(&["bookworm", "trixie-bare", "bookworm-busybox"]));

const RUNS: &str = "/var/lib/harda/runs";

fn apply(lab: &Lab, user: &str, name: &str, plays: &str, more: &[&str]) -> Ran {
    let book = lab.write(&format!("{name}.yml"), plays).to_string_lossy().into_owned();
    let inventory = lab.inventory(user).to_string_lossy().into_owned();
    lab.harda(&[&["apply", &book, "-i", &inventory], more].concat())
}

/// The runs that a host keeps, oldest first.
fn runs(host: &str) -> Vec<String> {
    LAB.exec(host, &format!("ls {RUNS} 2>/dev/null")).stdout.lines().map(str::to_string).collect()
}

/// Those of one playbook: other tests are at work on the same hosts.
fn runs_of(host: &str, book: &str) -> Vec<String> {
    let of_book = |run: &String| manifest(host, run).contains(&format!("/{book}.yml\""));
    runs(host).into_iter().filter(of_book).collect()
}

fn manifest(host: &str, run: &str) -> String {
    LAB.exec(host, &format!("cat {RUNS}/{run}/manifest")).expect(0).stdout
}

#[test]
fn what_is_replaced_and_removed_is_kept_with_a_line_for_each_change() {
    for host in &LAB.hosts {
        LAB.exec(
            host,
            "mkdir -p /srv/kept/sub && echo old >/srv/kept/file && chmod 0640 /srv/kept/file && \
             chown daemon /srv/kept/file && echo deep >/srv/kept/sub/deep && echo gone >/srv/kept/gone",
        )
        .expect(0);
    }
    let play = "
- hosts: all
  become: true
  tasks:
    - name: replaced
      copy: {content: 'new', dest: /srv/kept/file}
    - name: not for others' eyes
      no_log: true
      copy: {content: 'canary-9c1d', dest: /srv/kept/secret}
    - name: a file goes
      file: {path: /srv/kept/gone, state: absent}
    - name: a folder goes
      file: {path: /srv/kept/sub, state: absent}
    - name: an act
      command: 'true'
";
    apply(&LAB, "admin", "kept", play, &[]).expect(0);
    for host in &LAB.hosts {
        let run = runs_of(host, "kept").pop().expect("a run");
        let folder = format!("{RUNS}/{run}");
        let modes = LAB.exec(host, &format!("stat -c '%a %U' /var/lib/harda {folder} {folder}/manifest"));
        assert_eq!(modes.stdout, "700 root\n700 root\n600 root\n", "{host}");
        let lines = manifest(host, &run);
        let kinds: Vec<String> = lines
            .lines()
            .map(|line| {
                let json: serde_json::Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
                json.as_object().unwrap().keys().next().unwrap().clone()
            })
            .collect();
        let pairs = ["change", "made"];
        let wanted: Vec<&str> = [&["header"][..], &pairs, &pairs, &pairs, &pairs, &["act", "ended"]].concat();
        assert_eq!(kinds, wanted, "{lines}");
        assert!(!lines.contains("canary-9c1d"), "{lines}");
        let blob = LAB.exec(host, &format!("cd {folder}/blobs && cat *.1 && stat -c '%a %U' *.1"));
        assert_eq!(blob.stdout, "old\n640 daemon\n", "{host}");
        assert_eq!(LAB.exec(host, &format!("cat {folder}/trees/4/deep")).stdout, "deep\n", "{host}");
    }
    // What is as it should be leaves nothing behind.
    let same = play.split("    - name: an act").next().unwrap();
    apply(&LAB, "admin", "same", same, &[]).expect(0);
    assert!(runs_of(&LAB.hosts[0], "same").is_empty());
}

#[test]
fn a_full_disk_is_refused_before_anything_is_touched() {
    let lab = Lab::up(&["bookworm-busybox"]);
    let host = &lab.hosts[0];
    lab.exec(
        host,
        "mkdir -p /var/lib/harda /srv/full && mount -t tmpfs -o size=2m small /var/lib/harda && \
         dd if=/dev/zero of=/srv/full/large bs=1M count=4 2>/dev/null && echo old >/srv/full/small",
    )
    .expect(0);
    let play = "
- hosts: all
  become: true
  tasks:
    - copy: {content: new, dest: /srv/full/small}
    - copy: {content: new, dest: /srv/full/large}
";
    let refused = apply(&lab, "admin", "full", play, &[]).expect(2);
    refused.says("file /srv/full/small was not changed, because what is there can't be kept");
    refused.says("/var/lib/harda has").says("KiB free");
    assert_eq!(lab.exec(host, "cat /srv/full/small; ls -A /var/lib/harda").stdout, "old\n");

    lab.exec(host, "umount /var/lib/harda && mount -t tmpfs -o ro small /var/lib/harda").expect(0);
    apply(&lab, "admin", "full", play, &[]).expect(2).says("can't be kept");
    assert_eq!(lab.exec(host, "cat /srv/full/small").stdout, "old\n");
}

#[test]
fn a_handler_that_a_failure_kept_from_running_is_in_the_next_plan() {
    let host = &LAB.hosts[0];
    let play = |fails: bool| {
        format!(
            "
- name: pending
  hosts: {host}
  become: true
  tasks:
    - name: changes
      copy: {{content: x, dest: /srv/pending}}
      notify: tell
    - name: fails
      command: {}
  handlers:
    - name: tell
      shell: echo told >>/srv/told
",
            if fails { "'false'" } else { "'true'" }
        )
    };
    apply(&LAB, "admin", "pending", &play(true), &[]).expect(2);
    assert_ne!(LAB.exec(host, "test -e /srv/told").code, 0);
    let plan = apply(&LAB, "admin", "pending", &play(false), &["--check"]).expect(0);
    plan.says("because of `changes (left pending by run ");
    // It stays pending as long as it fails again, and is there once.
    apply(&LAB, "admin", "pending", &play(true), &[]).expect(2);
    apply(&LAB, "admin", "pending", &play(false), &[]).expect(0);
    assert_eq!(LAB.exec(host, "cat /srv/told").stdout, "told\n");
    apply(&LAB, "admin", "pending", &play(false), &["--check"]).expect(0).says_not("left pending");
    assert_eq!(LAB.exec(host, "ls /var/lib/harda/pending").stdout, "");
}

#[test]
fn old_runs_go_and_a_session_that_is_not_roots_keeps_none() {
    let lab = Lab::up(&["trixie-bare"]);
    let host = &lab.hosts[0];
    let runs = || lab.exec(host, &format!("ls {RUNS}")).stdout.lines().count();
    let play = |text: &str| {
        format!(
            "
- hosts: {host}
  become: true
  tasks:
    - copy: {{content: {text}, dest: /srv/often}}
"
        )
    };
    for n in 0..4 {
        apply(&lab, "admin", "often", &play(&format!("t{n}")), &["--keep-runs", "2"]).expect(0);
    }
    assert_eq!(runs(), 2);

    let plain = format!("- hosts: {host}\n  tasks:\n    - copy: {{content: x, dest: /tmp/plain}}\n");
    let book = lab.write("plain.yml", &plain).to_string_lossy().into_owned();
    let inventory = lab.inventory_of("plain-hosts.yml", host, "admin", &[("ansible_become", "")]);
    let ran = lab.harda(&["apply", &book, "-i", &inventory]).expect(0);
    ran.says("no record is kept and no lock taken: the session is not root's");
    assert_eq!(runs(), 2);
}

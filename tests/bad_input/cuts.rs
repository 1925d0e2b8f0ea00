//! A line that is cut in the middle of a run.

use crate::support::forwarder::{Forwarder, Harm};
use crate::{LAB, book, inventory, leftovers};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One at a time: each of these holds the host's lock for as long as it likes.
static ALONE: Mutex<()> = Mutex::new(());

/// The host that nobody else logs in to.
fn host() -> &'static str {
    &LAB.hosts[1]
}

fn started(book: &str, hosts: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_harda"))
        .args(["apply", book, "-i", hosts])
        .current_dir(LAB.folder.path())
        .env("NO_COLOR", "1")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("harda starts")
}

/// Waits until a command on the host succeeds.
#[track_caller]
fn until(command: &str) {
    let begun = Instant::now();
    while LAB.exec(host(), command).code != 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {command}");
    }
}

#[track_caller]
fn ended(child: Child, messages: &[&str]) {
    let begun = Instant::now();
    let output = child.wait_with_output().expect("harda ends");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(4), "{text}");
    messages.iter().for_each(|message| assert!(text.contains(message), "no `{message}` in:\n{text}"));
    assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
}

#[test]
fn a_session_that_is_killed_during_a_command() {
    let _alone = ALONE.lock();
    let text = "- hosts: all\n  tasks:\n    - name: long\n      command: sleep 61\n    - name: after\n      copy: {content: x, dest: /srv/after}\n";
    let (book, hosts) = (book("killed.yml", text), inventory("killed-hosts.yml", host(), "admin", &[]));
    let child = started(&book, &hosts);
    until("pgrep -x -f 'sleep 61'");
    LAB.exec(host(), "pkill -f '[s]shd.*: admin@notty'").expect(0);
    ended(child, &["unreachable", "closed the connection"]);
    assert_eq!(LAB.exec(host(), "test -e /srv/after").code, 1);
    // What still runs keeps the host's lock.
    LAB.exec(host(), "pkill -x -f 'sleep 61'").expect(0);
}

#[test]
fn a_session_that_is_killed_while_a_file_is_sent() {
    let _alone = ALONE.lock();
    let big = LAB.folder.path().join("sparse");
    std::fs::File::create(&big).and_then(|file| file.set_len(512 << 20)).expect("made");
    let text = "- hosts: all\n  tasks:\n    - name: big\n      copy: {src: sparse, dest: /srv/sent/file}\n";
    let (book, hosts) = (book("sent.yml", text), inventory("sent-hosts.yml", host(), "root", &[]));
    LAB.exec(host(), "mkdir -p /srv/sent && echo old >/srv/sent/file").expect(0);
    let child = started(&book, &hosts);
    until("ls -A /srv/sent | grep -q harda");
    LAB.exec(host(), "pkill -f '[s]shd.*: root@notty'").expect(0);
    ended(child, &["unreachable", "closed the connection"]);
    until("! ls -A /srv/sent | grep -q harda");
    assert_eq!(LAB.exec(host(), "cat /srv/sent/file").stdout, "old\n");
    assert_eq!(leftovers(host(), "/srv"), "");
}

#[test]
fn what_a_killed_script_has_left_goes_with_the_next_run() {
    let _alone = ALONE.lock();
    let big = LAB.folder.path().join("sparse");
    std::fs::File::create(&big).and_then(|file| file.set_len(512 << 20)).expect("made");
    let text = "- hosts: all\n  tasks:\n    - copy: {src: sparse, dest: /srv/hard/file}\n";
    let (killed, hosts) = (book("hard.yml", text), inventory("hard-hosts.yml", host(), "root", &[]));
    LAB.exec(host(), "mkdir -p /srv/hard").expect(0);
    let child = started(&killed, &hosts);
    until("ls -A /srv/hard | grep -q harda");
    // The loop, and the shell of the script, before it can take its file away.
    LAB.exec(host(), "pkill -9 -f 'read -r [bn]; eval'").expect(0);
    ended(child, &["unreachable"]);
    assert_ne!(leftovers(host(), "/srv/hard"), "");
    let next = "- hosts: all\n  tasks:\n    - copy: {content: x, dest: /srv/next}\n";
    LAB.harda(&["apply", &book("next.yml", next), "-i", &hosts]).expect(0);
    assert_eq!(leftovers(host(), "/srv"), "");
    assert_eq!(LAB.exec(host(), "ls /var/lib/harda/runs/*/temporary").stdout, "");
}

#[test]
fn a_line_that_is_cut_between_here_and_the_host() {
    let _alone = ALONE.lock();
    let address = LAB.address(host());
    let forwarder = Forwarder::start("127.0.0.1:0", &format!("{address}:22"));
    let port = forwarder.port.to_string();
    let known = std::fs::read_to_string(LAB.env("HARDA_LAB_KNOWN_HOSTS")).expect("known hosts");
    let known = known.replace(&address, &format!("[127.0.0.1]:{port}"));
    let known = LAB.write("cut-known-hosts", &known).to_string_lossy().into_owned();
    let more =
        [("ansible_host", "127.0.0.1"), ("ansible_port", &port), ("harda_known_hosts_file", known.as_str())];
    let hosts = inventory("cut-hosts.yml", host(), "root", &more);
    let text = "- hosts: all\n  tasks:\n    - name: long\n      command: sleep 62\n";
    let child = started(&book("cut.yml", text), &hosts);
    until("pgrep -x -f 'sleep 62'");
    forwarder.harm(Harm::Cut);
    ended(child, &["unreachable", "closed the connection"]);
    // What still runs keeps the host's lock.
    LAB.exec(host(), "pkill -x -f 'sleep 62'").expect(0);
}

//! A line that is cut in the middle of a run.

use crate::{LAB, book, inventory, leftovers};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
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

/// Forwards to the host's sshd until it is told to cut.
struct Forwarder {
    port: u16,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Forwarder {
    fn start(to: String) -> Forwarder {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let ends = Arc::new(Mutex::new(Vec::new()));
        let kept = ends.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect((to.as_str(), 22)) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().expect("cloned"), to.try_clone().expect("cloned"));
                    std::thread::spawn(move || pass(from, to));
                }
                kept.lock().expect("whole").extend([near, far]);
            }
        });
        Forwarder { port, ends }
    }

    fn cut(&self) {
        for end in self.ends.lock().expect("whole").iter() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_line_that_is_cut_between_here_and_the_host() {
    let _alone = ALONE.lock();
    let address = LAB.address(host());
    let forwarder = Forwarder::start(address.clone());
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
    forwarder.cut();
    ended(child, &["unreachable", "closed the connection"]);
    // What still runs keeps the host's lock.
    LAB.exec(host(), "pkill -x -f 'sleep 62'").expect(0);
}

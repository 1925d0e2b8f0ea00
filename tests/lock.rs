//! One run at a time on a host: who comes second waits, and is told who is there.

mod support;

use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use support::Lab;

static LAB: LazyLock<Lab> = LazyLock::new(|| Lab::up(&["bookworm", "bookworm-busybox", "trixie"]));

/// A harda in the background: changes a file, then is at work until `/run/NAME.go` is there.
struct Other {
    child: Child,
    name: &'static str,
}

impl Other {
    fn start(host: &str, name: &'static str) -> Other {
        let text = format!(
            "
- hosts: {host}
  become: true
  tasks:
    - copy: {{content: '{name}', dest: /srv/{name}}}
    - shell: sleep 300 & while [ ! -e /run/{name}.go ]; do sleep 0.2; done
    - copy: {{content: '{name}', dest: /srv/{name}.end}}
"
        );
        let book = LAB.write(&format!("{name}.yml"), &text);
        let child = Command::new(env!("CARGO_BIN_EXE_harda"))
            .arg("apply")
            .arg(book)
            .arg("-i")
            .arg(LAB.inventory("admin"))
            .current_dir(LAB.folder.path())
            .env_remove("SSH_AUTH_SOCK")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("harda starts");
        let start = Instant::now();
        while LAB.exec(host, &format!("test -e /srv/{name}")).code != 0 {
            assert!(start.elapsed() < Duration::from_secs(30), "the other run never began");
            std::thread::sleep(Duration::from_millis(100));
        }
        Other { child, name }
    }

    fn go(&self, host: &str) {
        LAB.exec(host, &format!("touch /run/{}.go", self.name)).expect(0);
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn second(verb: &str, host: &str, file: &str, more: &[&str]) -> support::Ran {
    let text = format!(
        "
- hosts: {host}
  become: true
  tasks:
    - copy: {{content: second, dest: {file}}}
"
    );
    let book = LAB
        .write(&format!("second-{host}{}.yml", file.replace('/', "-")), &text)
        .to_string_lossy()
        .into_owned();
    let inventory = LAB.inventory("admin").to_string_lossy().into_owned();
    LAB.harda(&[&[verb, &book, "-i", &inventory], more].concat())
}

#[test]
fn a_second_run_is_refused_with_who_is_there_or_waits() {
    for (host, name) in LAB.hosts.iter().zip(["one", "two"]) {
        let mut other = Other::start(host, name);
        let pid = other.child.id();
        let held = format!("of admin, from {}", hostname());
        second("plan", host, "/srv/second", &[]).expect(0).says("is at work here").says(&held);
        let inventory = LAB.inventory("admin").to_string_lossy().into_owned();
        let runs = || LAB.harda(&["runs", "-i", &inventory, "--host", host]).expect(0);
        runs().says("at work").says_not("cut off");
        let refused = second("apply", host, "/srv/second", &["--lock-timeout", "1"]).expect(2);
        refused.says("is locked by run").says(&held).says(&format!("(process {pid})"));
        assert_ne!(LAB.exec(host, "test -e /srv/second").code, 0);

        // The other run makes this file at its end, after the second has planned to.
        let file = format!("/srv/{name}.end");
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| second("apply", host, &file, &[]));
            std::thread::sleep(Duration::from_secs(2));
            assert_ne!(LAB.exec(host, &format!("test -e {file}")).code, 0, "it waits");
            other.go(host);
            waiting.join().expect("no panic").expect(0).says("made and not announced").says_not("drifted");
            assert_eq!(LAB.exec(host, &format!("cat {file}")).stdout, "second");
        });
        assert!(other.child.wait().expect("ended").success());
        runs().says_not("at work");
        // What the other run has left in the background doesn't hold the lock, and nobody is told of.
        LAB.exec(host, "pgrep -x sleep").expect(0);
        second("plan", host, "/srv/second", &[]).expect(0).says_not("is at work here");
    }
}

#[test]
fn a_run_that_is_killed_leaves_no_lock() {
    let host = &LAB.hosts[2];
    let mut other = Other::start(host, "killed");
    other.child.kill().expect("killed");
    other.child.wait().expect("ended");
    other.go(host);
    second("apply", host, "/srv/third", &["--lock-timeout", "20"]).expect(0);
}

#[test]
fn a_host_without_flock_is_told_of_and_worked_on() {
    let lab = Lab::up(&["trixie-bare"]);
    let host = &lab.hosts[0];
    lab.exec(host, "mv $(command -v flock) /root/flock").expect(0);
    let book = lab.write(
        "book.yml",
        "
- hosts: all
  become: true
  tasks:
    - copy: {content: x, dest: /srv/x}
",
    );
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let ran = lab.harda(&["apply", &book.to_string_lossy(), "-i", &inventory]).expect(0);
    ran.says("no lock keeps other runs off: there is no `flock` on this host");
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name").trim().to_string()
}

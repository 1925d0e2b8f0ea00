//! A throw-away machine of its own kernel (`tests/lab/vm`): what containers have none of.

use super::{Ran, harda_within, root};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub struct Vm {
    pub folder: tempfile::TempDir,
}

impl Vm {
    /// Boots one; takes half a minute and more.
    pub fn up() -> Vm {
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(root().join("tests/lab/vm")).arg("up").arg(folder.path()).output();
        Ran::of(output.expect("tests/lab/vm starts")).expect(0);
        Vm { folder }
    }

    fn port(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("port")).expect("the port").trim().to_string()
    }

    /// As root, by the system's ssh.
    pub fn exec(&self, script: &str) -> Ran {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-i",
            &path("id_ed25519"),
            "-p",
            &self.port(),
            "-o",
            "BatchMode=yes",
            "-o",
            "LogLevel=ERROR",
        ])
        .args(["-o", &format!("UserKnownHostsFile={}", path("known_hosts")), "-o", "ConnectTimeout=10"])
        // A reboot takes the connection away without a word; a busy machine keeps it waiting.
        .args(["-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=10"])
        .args(["root@127.0.0.1", script])
        .stdin(Stdio::null());
        Ran::of(ssh.output().expect("ssh starts"))
    }

    /// Writes an inventory of this machine as `vm1`, with these variables (YAML), and gives its path.
    pub fn inventory(&self, vars: &str) -> String {
        let folder = self.folder.path();
        let vars: String = vars.lines().map(|line| format!("      {line}\n")).collect();
        let text = format!(
            "all:\n  hosts:\n    vm1:\n      ansible_host: 127.0.0.1\n      ansible_port: {}\n      ansible_user: root\n      \
             ansible_ssh_private_key_file: {}\n      harda_known_hosts_file: {}\n{vars}",
            self.port(),
            folder.join("id_ed25519").display(),
            folder.join("known_hosts").display()
        );
        let path = folder.join("inventory.yml");
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    }

    pub fn harda(&self, arguments: &[&str]) -> Ran {
        // Its processor is emulated.
        harda_within(1200, self.folder.path(), &[], arguments)
    }

    /// Says a line to QEMU's monitor, and gives what it answers: `device_add usb-ccid,id=reader`.
    pub fn monitor(&self, line: &str) -> String {
        let mut socket = UnixStream::connect(self.folder.path().join("monitor")).expect("the monitor");
        socket.set_read_timeout(Some(Duration::from_secs(120))).expect("a time-out");
        until_prompt(&mut socket);
        socket.write_all(format!("{line}\n").as_bytes()).expect("said");
        until_prompt(&mut socket)
    }

    /// Keeps the machine as it is now, running.
    pub fn keep(&self, name: &str) {
        let said = self.monitor(&format!("savevm {name}"));
        assert!(!said.contains("Error"), "{said}");
    }

    /// The machine as it was kept, with the clock of today.
    pub fn back_to(&self, name: &str) {
        let said = self.monitor(&format!("loadvm {name}"));
        assert!(!said.contains("Error"), "{said}");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now").as_secs();
        self.exec(&format!("date -s @{now}")).expect(0);
    }

    /// An orderly reboot.
    pub fn reboot(&self) {
        let boot = || self.exec("cat /proc/sys/kernel/random/boot_id").stdout;
        let before = boot();
        self.exec("systemctl reboot");
        self.until(Duration::from_secs(400), || {
            let now = boot();
            !now.is_empty() && now != before
        });
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, most: Duration, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < most, "it did not come to hold within {most:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

fn until_prompt(socket: &mut UnixStream) -> String {
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    while !said.ends_with(b"(qemu) ") {
        match socket.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(n) => said.extend(&part[..n]),
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = Command::new(root().join("tests/lab/vm")).arg("down").arg(self.folder.path()).output();
    }
}

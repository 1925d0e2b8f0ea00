//! A real sshd on this machine, with accounts of its own: it runs in a mount namespace in which
//! /etc/passwd, shadow, group and sudoers are the test's, so nothing of the machine is changed.

#![allow(dead_code)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harda::secret::Secret;
use harda::transport::{Become, BecomeMethod, Connector, Login, Options};
use tempfile::TempDir;

/// The password of every account.
pub const PASSWORD: &str = "korrekt häst";

/// The accounts: name, uid, login shell.
const ACCOUNTS: &[(&str, u32, &str)] = &[
    ("ana", 7001, "/bin/bash"),
    ("dash", 7002, "/bin/dash"),
    ("fish", 7003, "/usr/bin/fish"),
    ("csh", 7004, "/usr/bin/tcsh"),
    ("box", 7005, "BUSYBOX"),
    ("free", 7006, "/bin/bash"),
    ("nobody2", 7007, "/bin/sh"),
    ("out", 7008, "/usr/sbin/nologin"),
    ("tty", 7009, "/bin/sh"),
];

const SUDOERS: &str = "Defaults env_reset\nDefaults lecture=always,use_pty\n\
    Defaults:tty requiretty\nroot ALL=(ALL:ALL) ALL\nana ALL=(ALL:ALL) ALL\n\
    free ALL=(ALL:ALL) NOPASSWD: ALL\ntty ALL=(ALL:ALL) NOPASSWD: ALL\n";

pub struct Sshd {
    pub folder: TempDir,
    pub port: u16,
    child: Child,
}

impl Sshd {
    /// A server that takes `folder/key` (and what is added to `authorized_keys`) for everybody.
    pub fn start(extra: &str) -> Sshd {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Sshd::start_in(folder, extra, &["ed25519"])
    }

    /// A server on whose host /bin/sh is another shell.
    pub fn start_with_sh(shell: &str) -> Sshd {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("sh"), shell).unwrap();
        Sshd::start_in(folder, "", &["ed25519"])
    }

    pub fn start_in(folder: TempDir, extra: &str, host_keys: &[&str]) -> Sshd {
        let at = folder.path();
        keygen(&at.join("key"), &["-t", "ed25519", "-N", ""]);
        fs::copy(at.join("key.pub"), at.join("authorized_keys")).unwrap();
        let port = free_port();
        let mut config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nPidFile none\nStrictModes no\nUsePAM yes\nLogLevel ERROR\n\
             PermitRootLogin yes\nAuthorizedKeysFile {}/authorized_keys\nPasswordAuthentication yes\n\
             KbdInteractiveAuthentication yes\nMaxStartups 100\n",
            at.display()
        );
        for kind in host_keys {
            let key = at.join(format!("host_{kind}"));
            if !key.exists() {
                keygen(&key, &["-t", kind, "-N", ""]);
            }
            config += &format!("HostKey {}\n", key.display());
        }
        fs::write(at.join("sshd_config"), format!("{extra}\n{config}")).unwrap();
        write_accounts(at);
        let child = spawn(at);
        let sshd = Sshd { folder, port, child };
        sshd.wait_until_up();
        sshd.know(host_keys);
        sshd
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Lets in whoever has this key.
    pub fn authorize(&self, public: &Path) {
        let all = fs::read_to_string(self.path("authorized_keys")).unwrap();
        fs::write(self.path("authorized_keys"), all + &fs::read_to_string(public).unwrap()).unwrap();
    }

    /// Writes the host keys to known_hosts.
    fn know(&self, kinds: &[&str]) {
        let lines: Vec<String> = kinds
            .iter()
            .map(|kind| {
                let key = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap();
                format!("[127.0.0.1]:{} {}", self.port, key.trim())
            })
            .collect();
        fs::write(self.path("known_hosts"), lines.join("\n") + "\n").unwrap();
    }

    /// A login by the key that is accepted.
    pub fn login(&self, user: &str) -> Login {
        Login {
            port: Some(self.port),
            user: Some(user.to_string()),
            key_files: vec![self.path("key")],
            known_hosts: vec![self.path("known_hosts")],
            connect_timeout: Some(Duration::from_secs(5)),
            ..Login::new("web1", "127.0.0.1")
        }
    }

    /// A login by password only.
    pub fn password_login(&self, user: &str, password: &str) -> Login {
        Login { key_files: vec![], password: Some(Secret::new(password.to_string())), ..self.login(user) }
    }

    fn wait_until_up(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "sshd did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(at: &Path) -> Child {
    assert!(Path::new("/usr/sbin/sshd").exists(), "these tests need `openssh-server`");
    fs::create_dir_all("/run/sshd").unwrap();
    let mut script = String::from("set -e\n");
    for name in ["passwd", "shadow", "group", "sudoers"] {
        script += &format!("mount --bind {}/{name} /etc/{name}\n", at.display());
    }
    if let Ok(shell) = fs::read_to_string(at.join("sh")) {
        script += &format!("mount --bind {shell} /usr/bin/dash\n");
    }
    script += &format!("exec /usr/sbin/sshd -D -f {0}/sshd_config -E {0}/log", at.display());
    Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &script])
        .stdin(Stdio::null())
        .env_remove("SSH_AUTH_SOCK")
        .spawn()
        .expect("`unshare` starts sshd: these tests run as root")
}

fn write_accounts(at: &Path) {
    let box_shell = at.join("ash");
    let _ = std::os::unix::fs::symlink("/bin/busybox", &box_shell);
    fs::create_dir_all(at.join("home")).unwrap();
    let hash = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let mut files =
        ["passwd", "shadow", "group"].map(|name| fs::read_to_string(format!("/etc/{name}")).unwrap());
    files[1] = files[1].lines().filter(|l| !l.starts_with("root:")).map(|l| format!("{l}\n")).collect();
    files[1] += &format!("root:{}:19000:0:99999:7:::\n", hash.trim());
    for (name, id, shell) in ACCOUNTS {
        let home = at.join("home").join(name);
        fs::create_dir_all(&home).unwrap();
        let shell = if *shell == "BUSYBOX" { box_shell.display().to_string() } else { shell.to_string() };
        files[0] += &format!("{name}:x:{id}:{id}::{}:{shell}\n", home.display());
        files[1] += &format!("{name}:{}:19000:0:99999:7:::\n", hash.trim());
        files[2] += &format!("{name}:x:{id}:\n");
        std::os::unix::fs::chown(&home, Some(*id), Some(*id)).unwrap();
    }
    for (name, content) in ["passwd", "shadow", "group"].iter().zip(&files) {
        fs::write(at.join(name), content).unwrap();
    }
    fs::write(at.join("sudoers"), SUDOERS).unwrap();
    fs::set_permissions(at.join("sudoers"), fs::Permissions::from_mode(0o440)).unwrap();
}

pub fn keygen(path: &Path, arguments: &[&str]) {
    let done =
        Command::new("ssh-keygen").args(["-q", "-C", "test key", "-f"]).arg(path).args(arguments).status();
    assert!(done.unwrap().success(), "ssh-keygen makes a key");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A connector that reads no ssh_config.
pub fn connector() -> Connector {
    Connector::new(Options { ssh_config: Some("/dev/null".into()), ..Options::default() })
}

pub fn sudo(password: Option<&str>) -> Become {
    let password = password.map(|p| Secret::new(p.to_string()));
    Become { method: BecomeMethod::Sudo, user: "root".into(), password }
}

/// A connector that reads this ssh_config only.
pub fn connector_with(ssh_config: &Path) -> Connector {
    Connector::new(Options { ssh_config: Some(ssh_config.into()), ..Options::default() })
}

/// An ssh-agent with keys.
pub struct Agent {
    pub socket: PathBuf,
    child: Child,
}

impl Agent {
    pub fn start(folder: &Path, keys: &[PathBuf]) -> Agent {
        let socket = folder.join("agent");
        let mut command = Command::new("ssh-agent");
        let child = command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        while !socket.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        for key in keys {
            let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &socket).status();
            assert!(added.unwrap().success());
        }
        Agent { socket, child }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

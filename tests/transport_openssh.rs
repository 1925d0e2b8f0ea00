//! What the system's `ssh` is not to do for harda, whatever ssh_config says, and what a host's own
//! ssh_config has no say in.

mod transport_sshd;

use harda::fragment::{Fragment, Observation};
use harda::transport::{Connection, Connector, Failure, FailureKind, Login, Question, open};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use transport_sshd::{Sshd, connector, connector_with};

fn by_openssh(sshd: &Sshd, user: &str) -> Login {
    Login { connection: Connection::OpenSsh, ..sshd.login(user) }
}

fn said(connector: &Connector, login: &Login, script: &str) -> Result<String, Failure> {
    let mut session = open(connector, login, None)?;
    let question = Question::Observe(Observation(Fragment::new(script)));
    Ok(session.send(&[question])?.remove(0).text())
}

/// What `ssh` does by itself with this configuration.
fn ssh(sshd: &Sshd, config: &Path, arguments: &[&str]) -> Output {
    let known = format!("UserKnownHostsFile={}", sshd.path("known_hosts").display());
    let (port, key) = (sshd.port.to_string(), sshd.path("key"));
    let mut command = Command::new("ssh");
    command.arg("-F").arg(config).args(["-o", &known, "-p", &port, "-l", "root", "-i"]).arg(key);
    command.args(arguments).output().expect("ssh starts")
}

#[test]
fn nothing_is_forwarded() {
    let sshd = Sshd::start("");
    let agent = sshd.path("agent");
    let mut running =
        Command::new("ssh-agent").arg("-D").arg("-a").arg(&agent).stdout(Stdio::null()).spawn().unwrap();
    while !agent.exists() {
        assert!(running.try_wait().unwrap().is_none(), "ssh-agent has ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (local, remote) = (free(), free());
    let config = sshd.write(
        "config",
        &format!(
            "IdentityAgent {}\nForwardAgent yes\nForwardX11 yes\nForwardX11Trusted yes\nLocalForward {local} 127.0.0.1:{}\n\
             RemoteForward {remote} 127.0.0.1:{}\n",
            agent.display(),
            sshd.port,
            sshd.port
        ),
    );
    let script = format!(
        "echo \"agent=$SSH_AUTH_SOCK display=$DISPLAY\"; ! grep -qi ':{remote:04x} ' /proc/net/tcp && echo none"
    );
    // By itself it would.
    let alone = ssh(&sshd, &config, &["127.0.0.1", &script]);
    let alone = String::from_utf8_lossy(&alone.stdout).into_owned();

    let login = by_openssh(&sshd, "root");
    let session = open(&connector_with(&config), &login, None);
    let question = Question::Observe(Observation(Fragment::new(script)));
    let told = session.and_then(|mut session| {
        let replies = session.send(&[question])?;
        Ok((replies[0].text(), TcpStream::connect(("127.0.0.1", local)).is_ok()))
    });
    running.kill().expect("ended");
    running.wait().expect("ended");
    assert!(alone.starts_with("agent=/") && !alone.contains("none"), "{alone}");
    assert_eq!(told, Ok(("agent= display=\nnone\n".to_string(), false)));
}

#[test]
fn a_fresh_login_rides_on_no_connection_that_is_there() {
    let sshd = Sshd::start("");
    let mux = sshd.path("mux");
    let config = sshd
        .write("config", &format!("ControlMaster auto\nControlPath {}\nControlPersist 60\n", mux.display()));
    // A master that outlives its session, and a host that lets nobody else in.
    assert!(ssh(&sshd, &config, &["-f", "-N", "127.0.0.1"]).status.success());
    fs::write(sshd.path("authorized_keys"), "").unwrap();
    let connector = connector_with(&config);
    let login = by_openssh(&sshd, "root");
    let riding = said(&connector, &login, "id -un");
    let fresh = said(&connector, &Login { afresh: true, ..login }, "id -un");
    ssh(&sshd, &config, &["-O", "exit", "127.0.0.1"]);
    assert_eq!(riding.as_deref(), Ok("root\n"));
    let failure = fresh.expect_err("a refusal");
    assert!(failure.message.contains("Permission denied"), "{failure}");
}

#[test]
fn a_hosts_own_ssh_config_has_no_say() {
    let (jump, host) = (Sshd::start(""), Sshd::start(""));
    let known = [&jump, &host].map(|sshd| fs::read_to_string(sshd.path("known_hosts")).unwrap()).concat();
    let known = host.write("both", &known);
    jump.authorize(&host.path("key.pub"));
    let folder = jump.path("home/ana/.ssh");
    fs::create_dir_all(&folder).unwrap();
    let mark = jump.path("ran");
    let hostile = format!("Match exec \"touch {0}\"\nHost *\n  ProxyCommand touch {0}\n", mark.display());
    fs::write(folder.join("config"), hostile).unwrap();
    for connection in [Connection::Ssh, Connection::OpenSsh] {
        let login = Login {
            connection,
            known_hosts: vec![known.clone()],
            proxy_jump: Some(format!("ana@127.0.0.1:{}", jump.port)),
            ..host.login("root")
        };
        // The jump host's key is in no file that `ssh -J` reads for it.
        let config = host.write(
            "config",
            &format!("UserKnownHostsFile {}\nIdentityFile {}\n", known.display(), host.path("key").display()),
        );
        assert_eq!(
            said(&connector_with(&config), &login, "id -un").as_deref(),
            Ok("root\n"),
            "{connection:?}"
        );
        assert!(!mark.exists(), "{connection:?} ran what the jump host's ssh_config says");
    }
}

#[test]
fn no_name_becomes_an_option_or_a_command() {
    let sshd = Sshd::start("");
    let mark = sshd.path("ran");
    let touch = format!("touch {}", mark.display());
    let config = sshd.write("config", "ProxyCommand busybox nc %h %p\n");
    let names = [
        format!("-oProxyCommand={touch}"),
        format!("x;{touch}"),
        format!("$({touch})"),
        format!("`{touch}`"),
    ];
    for name in &names {
        for connection in [Connection::Ssh, Connection::OpenSsh] {
            for connector in [connector(), connector_with(&config)] {
                let address = Login { address: name.clone(), connection, ..sshd.login("root") };
                let user = Login { user: Some(name.clone()), connection, ..sshd.login("root") };
                for login in [address, user] {
                    let failure = said(&connector, &login, "id").expect_err("a refusal");
                    assert_ne!(failure.kind, FailureKind::Become, "{failure}");
                    assert!(!mark.exists(), "{connection:?} ran `{name}`");
                }
            }
        }
    }
}

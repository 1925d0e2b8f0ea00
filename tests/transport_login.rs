//! Every way to log in to a real sshd, and every way to be refused.

mod transport_sshd;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harda::fragment::{Fragment, Observation};
use harda::secret::Secret;
use harda::transport::{
    Become, BecomeMethod, Connection, Connector, Failure, FailureKind, Login, Options, Question, open,
};
use transport_sshd::{Agent, PASSWORD, Sshd, connector, connector_with, keygen, sudo};

/// Logs in and says who it is there.
fn who(connector: &Connector, login: &Login, target: Option<&Become>) -> Result<String, Failure> {
    let mut session = open(connector, login, target)?;
    let question = Question::Observe(Observation(Fragment::new("id -un")));
    Ok(session.send(&[question])?.remove(0).text().trim().to_string())
}

fn refusal(connector: &Connector, login: &Login) -> Failure {
    who(connector, login, None).expect_err("a refusal")
}

fn keys(sshd: &Sshd, count: usize) -> Vec<PathBuf> {
    let make = |n| {
        let path = sshd.path(&format!("extra{n}"));
        keygen(&path, &["-t", "ed25519", "-N", "", "-C", &format!("extra {n}")]);
        path
    };
    (0..count).map(make).collect()
}

#[test]
fn keys_of_every_kind_and_format() {
    let sshd = Sshd::start("MaxAuthTries 2");
    let passphrase = Some(Secret::new("hemligt ord".to_string()));
    let options = Options { ssh_config: Some("/dev/null".into()), passphrase, ..Options::default() };
    let connector = Connector::new(options);
    for (index, kind) in ["ed25519", "ecdsa", "rsa"].into_iter().enumerate() {
        for (format, phrase) in
            [("RFC4716", ""), ("RFC4716", "hemligt ord"), ("PEM", ""), ("PKCS8", "hemligt ord")]
        {
            if kind == "ed25519" && format != "RFC4716" {
                continue;
            }
            let path = sshd.path(&format!("{kind}{index}{format}{}", phrase.len()));
            keygen(&path, &["-t", kind, "-N", phrase, "-m", format]);
            sshd.authorize(&path.with_extension("pub"));
            let login = Login { key_files: vec![path], ..sshd.login("root") };
            let who = who(&connector, &login, None);
            assert_eq!(who.as_deref(), Ok("root"), "{kind} {format} {phrase:?}");
        }
    }
}

#[test]
fn a_passphrase_is_asked_for_once_for_all_hosts() {
    let sshd = Sshd::start("");
    let path = sshd.path("locked");
    keygen(&path, &["-t", "ed25519", "-N", "hemligt"]);
    sshd.authorize(&path.with_extension("pub"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let options = Options {
        ssh_config: Some("/dev/null".into()),
        ask: Some(Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Some(Secret::new("hemligt".to_string()))
        })),
        ..Options::default()
    };
    let connector = Connector::new(options);
    let login = Login { key_files: vec![path.clone()], ..sshd.login("root") };
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| assert_eq!(who(&connector, &login, None).as_deref(), Ok("root")));
        }
    });
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let failure = refusal(&transport_sshd::connector(), &login);
    assert_eq!(
        failure.to_string(),
        format!(
            "key file `{0}` wants a passphrase, and there is nobody to ask\n  hint: load it into an agent: `ssh-add {0}`",
            path.display()
        )
    );
}

#[test]
fn a_key_file_that_cannot_be_read_is_named() {
    let sshd = Sshd::start("");
    let login = Login { key_files: vec!["/nowhere/key".into()], ..sshd.login("root") };
    let failure = refusal(&connector(), &login);
    assert_eq!(failure.kind, FailureKind::Input);
    assert_eq!(
        failure.message,
        "key file `/nowhere/key` can't be read: No such file or directory (os error 2)"
    );
    let login = Login { key_files: vec![sshd.path("key.pub")], ..sshd.login("root") };
    let failure = refusal(&connector(), &login);
    assert_eq!(failure.hint.as_deref(), Some("it is a public key; name the private one"));
}

#[test]
fn the_agent_signs_and_few_of_its_keys_are_offered() {
    let sshd = Sshd::start("MaxAuthTries 6");
    let extra = keys(&sshd, 5);
    let agent = Agent::start(sshd.folder.path(), &extra);
    let config = sshd.write("config", &format!("IdentityAgent {}\n", agent.socket.display()));
    let login = Login { key_files: vec![], ..sshd.login("root") };
    let failure = refusal(&connector_with(&config), &login);
    assert_eq!(failure.kind, FailureKind::LoginRefused);
    assert_eq!(
        failure.message,
        "`web1` refused the login of `root`: it took none of: the agent's key `extra 0`, the agent's key `extra 1`, \
         the agent's key `extra 2`; not offered: the agent's key `extra 3`, the agent's key `extra 4`"
    );
    sshd.authorize(&extra[2].with_extension("pub"));
    let connector = connector_with(&config);
    assert_eq!(who(&connector, &login, None).as_deref(), Ok("root"));
    // On the next host it comes first.
    let strict = Sshd::start("MaxAuthTries 1");
    strict.authorize(&extra[2].with_extension("pub"));
    let login = Login { key_files: vec![], ..strict.login("root") };
    assert_eq!(who(&connector, &login, None).as_deref(), Ok("root"));
}

#[test]
fn a_locked_key_file_is_left_to_the_agent_that_holds_it() {
    let sshd = Sshd::start("MaxAuthTries 2");
    let path = sshd.path("locked");
    keygen(&path, &["-t", "ed25519", "-N", ""]);
    sshd.authorize(&path.with_extension("pub"));
    let agent = Agent::start(sshd.folder.path(), &[keys(&sshd, 2), vec![path.clone()]].concat());
    let locked = Command::new("ssh-keygen").args(["-q", "-p", "-N", "hemligt", "-f"]).arg(&path).status();
    assert!(locked.unwrap().success());
    let config = sshd.write("config", &format!("IdentityAgent {}\n", agent.socket.display()));
    let login = Login { key_files: vec![path], ..sshd.login("root") };
    assert_eq!(who(&connector_with(&config), &login, None).as_deref(), Ok("root"));
}

#[test]
fn a_host_that_gives_up_after_few_tries_is_named() {
    let sshd = Sshd::start("MaxAuthTries 1");
    let login = Login { key_files: keys(&sshd, 2), ..sshd.login("root") };
    let failure = refusal(&connector(), &login);
    assert_eq!(failure.kind, FailureKind::LoginRefused);
    assert!(failure.message.contains("closed the connection (`MaxAuthTries`)"), "{failure}");
    assert!(failure.message.contains("not offered: key `"), "{failure}");
}

#[test]
fn passwords_go_by_both_ways_and_once() {
    for extra in ["KbdInteractiveAuthentication no", "PasswordAuthentication no"] {
        let sshd = Sshd::start(extra);
        assert_eq!(who(&connector(), &sshd.password_login("ana", PASSWORD), None).as_deref(), Ok("ana"));
        let failure = refusal(&connector(), &sshd.password_login("ana", "fel"));
        assert_eq!(failure.kind, FailureKind::LoginRefused);
        assert_eq!(
            failure.message, "`web1` refused the login of `ana`: it took none of: the password",
            "{extra}"
        );
    }
}

#[test]
fn a_key_and_then_a_password() {
    let sshd = Sshd::start("AuthenticationMethods publickey,password");
    let login = Login { password: Some(Secret::new(PASSWORD.into())), ..sshd.login("ana") };
    assert_eq!(who(&connector(), &login, None).as_deref(), Ok("ana"));
    assert_eq!(refusal(&connector(), &sshd.login("ana")).kind, FailureKind::LoginRefused);
}

#[test]
fn sudo_refuses_in_words_that_help() {
    let sshd = Sshd::start("");
    let fails = |user: &str, password: Option<&str>| {
        let failure = who(&connector(), &sshd.login(user), Some(&sudo(password))).expect_err("a refusal");
        assert_eq!(failure.kind, FailureKind::Become, "{failure}");
        failure.message
    };
    assert_eq!(fails("ana", None), "`web1`: sudo wants a password");
    assert_eq!(fails("ana", Some("fel")), "`web1`: wrong sudo password");
    assert_eq!(fails("nobody2", Some(PASSWORD)), "`web1`: sudo doesn't let this login become `root`");
    assert_eq!(fails("tty", None), "`web1`: sudo wants a terminal");
}

#[test]
fn su_takes_roots_password() {
    let sshd = Sshd::start("");
    let su = |password: &str| Become {
        method: BecomeMethod::Su,
        user: "root".into(),
        password: Some(Secret::new(password.into())),
    };
    assert_eq!(who(&connector(), &sshd.login("nobody2"), Some(&su(PASSWORD))).as_deref(), Ok("root"));
    let failure = who(&connector(), &sshd.login("nobody2"), Some(&su("fel"))).expect_err("a refusal");
    assert_eq!(failure.message, "`web1`: wrong su password");
}

#[test]
fn an_unknown_host_is_refused_and_can_be_accepted() {
    let sshd = Sshd::start("");
    let known = sshd.path("new/known_hosts");
    let login = Login { known_hosts: vec![known.clone()], ..sshd.login("root") };
    let failure = refusal(&connector(), &login);
    assert_eq!(failure.kind, FailureKind::HostKey);
    assert!(failure.message.starts_with("the host key of `web1` is not known: ED25519 SHA256:"), "{failure}");
    assert!(failure.to_string().contains("`--accept-new-host-keys`"));

    let connector = connector();
    let found = connector.scan_new_keys(&[login.clone(), login.clone()]);
    assert_eq!(found.len(), 1);
    let shown = Command::new("ssh-keygen").arg("-lf").arg(sshd.path("host_ed25519.pub")).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains(&found[0].fingerprint));
    connector.trust(&found).unwrap();
    assert_eq!(who(&connector, &login, None).as_deref(), Ok("root"));
    assert_eq!(connector.scan_new_keys(std::slice::from_ref(&login)).len(), 0);
    // ssh itself agrees with what was written.
    let mut find = Command::new("ssh-keygen");
    find.arg("-F").arg(format!("[127.0.0.1]:{}", sshd.port)).arg("-f").arg(&known);
    assert!(find.output().unwrap().status.success());

    fs::remove_file(&known).unwrap();
    let accepting =
        Options { ssh_config: Some("/dev/null".into()), accept_new_host_keys: true, ..Options::default() };
    assert_eq!(who(&Connector::new(accepting), &login, None).as_deref(), Ok("root"));
    assert!(fs::read_to_string(&known).unwrap().contains("ssh-ed25519"));
}

#[test]
fn a_changed_key_is_refused_even_when_new_ones_are_accepted() {
    let sshd = Sshd::start("");
    let other = sshd.path("other");
    keygen(&other, &["-t", "ed25519", "-N", ""]);
    let public = fs::read_to_string(sshd.path("other.pub")).unwrap();
    sshd.write("known_hosts", &format!("# old\n[127.0.0.1]:{} {public}", sshd.port));
    let accepting =
        Options { ssh_config: Some("/dev/null".into()), accept_new_host_keys: true, ..Options::default() };
    let failure = refusal(&Connector::new(accepting), &sshd.login("root"));
    assert_eq!(failure.kind, FailureKind::HostKey);
    let place = format!("{}:2", sshd.path("known_hosts").display());
    assert!(
        failure
            .message
            .starts_with(&format!("the host key of `web1` has changed: {place} has ED25519 SHA256:"))
    );
    assert_eq!(failure.message.matches("SHA256:").count(), 2);
}

#[test]
fn a_hashed_name_is_found() {
    let sshd = Sshd::start("");
    let hashed =
        Command::new("ssh-keygen").arg("-q").arg("-H").arg("-f").arg(sshd.path("known_hosts")).status();
    assert!(hashed.unwrap().success());
    assert!(fs::read_to_string(sshd.path("known_hosts")).unwrap().starts_with("|1|"));
    assert_eq!(who(&connector(), &sshd.login("root"), None).as_deref(), Ok("root"));
}

#[test]
fn a_revoked_key_and_a_certificate_authority_are_refused() {
    let sshd = Sshd::start("");
    let plain = fs::read_to_string(sshd.path("known_hosts")).unwrap();
    sshd.write("known_hosts", &format!("{plain}@revoked * {}", plain.split_once(' ').unwrap().1));
    let failure = refusal(&connector(), &sshd.login("root"));
    assert!(failure.message.contains("known_hosts:2 revokes: ED25519 SHA256:"), "{failure}");
    sshd.write("known_hosts", &format!("@cert-authority {plain}"));
    let failure = refusal(&connector(), &sshd.login("root"));
    assert!(failure.message.starts_with("`web1` is known only by a certificate authority"), "{failure}");
    assert!(failure.hint.unwrap().contains("`-c openssh`"));
    sshd.write("known_hosts", "@revoked * ssh-unheard AAAA\n");
    assert!(refusal(&connector(), &sshd.login("root")).message.ends_with("line can't be read"));
}

#[test]
fn the_kind_of_key_that_is_known_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start_in(folder, "", &["ed25519", "ecdsa", "rsa"]);
    let all = fs::read_to_string(sshd.path("known_hosts")).unwrap();
    for line in all.lines() {
        sshd.write("known_hosts", line);
        assert_eq!(who(&connector(), &sshd.login("root"), None).as_deref(), Ok("root"), "{line}");
    }
}

#[test]
fn a_host_that_cannot_be_reached_is_named_with_its_address() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let login = Login { port: Some(port), user: Some("root".into()), ..Login::new("web1", "127.0.0.1") };
    let failure = refusal(&connector(), &login);
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert_eq!(failure.message, format!("`web1` (127.0.0.1:{port}) is unreachable: connection refused"));
    let login = Login { address: "no-such-host.invalid".into(), ..login };
    assert!(refusal(&connector(), &login).message.contains("its name can't be resolved"));
}

#[test]
fn a_server_that_hangs_after_its_banner_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-Hang\r\n").unwrap();
        std::thread::sleep(Duration::from_secs(60));
    });
    let login = Login {
        port: Some(port),
        connect_timeout: Some(Duration::from_secs(2)),
        ..Login::new("web1", "127.0.0.1")
    };
    let begun = Instant::now();
    let failure = refusal(&connector(), &login);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.message.ends_with("speaks no SSH in time"), "{failure}");
}

#[test]
fn ssh_config_is_read_as_ssh_reads_it() {
    let sshd = Sshd::start("");
    let config = sshd.write(
        "config",
        &format!(
            "Host web\n  HostName 127.0.0.1\n  Port {}\n  User ana\n  IdentityFile {}\n  UserKnownHostsFile {}\n\
             Host weak\n  StrictHostKeyChecking no\n",
            sshd.port,
            sshd.path("key").display(),
            sshd.path("known_hosts").display()
        ),
    );
    let connector = connector_with(&config);
    assert_eq!(who(&connector, &Login::new("web1", "web"), None).as_deref(), Ok("ana"));
    let login = Login { user: Some("root".into()), ..Login::new("web1", "web") };
    assert_eq!(who(&connector, &login, None).as_deref(), Ok("root"));
    let failure = refusal(&connector, &Login::new("web1", "weak"));
    assert_eq!(
        failure.message,
        "ssh_config says `stricthostkeychecking false` for `web1`: harda doesn't do that"
    );
}

#[test]
fn jump_hosts_and_proxy_commands_lead_there() {
    let (jump, host) = (Sshd::start(""), Sshd::start(""));
    let known = [&jump, &host].map(|sshd| fs::read_to_string(sshd.path("known_hosts")).unwrap()).concat();
    let known = host.write("both", &known);
    host.authorize(&jump.path("key.pub"));
    jump.authorize(&host.path("key.pub"));
    let login = Login {
        known_hosts: vec![known],
        proxy_jump: Some(format!("ana@127.0.0.1:{0},root@127.0.0.1:{0}", jump.port)),
        ..host.login("root")
    };
    assert_eq!(who(&connector(), &login, None).as_deref(), Ok("root"));
    // The jump's key is checked too.
    let strict = Login { known_hosts: vec![host.path("known_hosts")], ..login };
    assert_eq!(refusal(&connector(), &strict).kind, FailureKind::HostKey);

    let config = host.write("config", "ProxyCommand busybox nc %h %p\n");
    assert_eq!(who(&connector_with(&config), &host.login("root"), None).as_deref(), Ok("root"));
}

#[test]
fn the_systems_ssh_and_this_machine_will_do_too() {
    let sshd = Sshd::start("");
    let login = Login { connection: Connection::OpenSsh, ..sshd.login("free") };
    assert_eq!(who(&connector(), &login, Some(&sudo(None))).as_deref(), Ok("root"));
    let unknown = Login { known_hosts: vec!["/dev/null".into()], ..login };
    let failure = refusal(&connector(), &unknown);
    assert!(failure.message.contains("Host key verification failed"), "{failure}");
    let login = Login { connection: Connection::Local, ..Login::new("here", "localhost") };
    assert_eq!(who(&connector(), &login, None).as_deref(), Ok("root"));
}

#[test]
fn a_login_shell_that_lets_nobody_in_is_quoted() {
    let sshd = Sshd::start("");
    let failure = refusal(&connector(), &sshd.login("out"));
    assert_eq!(failure.kind, FailureKind::Closed);
    assert_eq!(
        failure.message,
        "`web1` ended the shell before it could be used: This account is currently not available."
    );
}

#[test]
fn outdated_algorithms_are_not_spoken() {
    for outdated in [
        "Ciphers aes128-cbc",
        "MACs hmac-sha1\nCiphers aes128-ctr",
        "KexAlgorithms diffie-hellman-group14-sha1",
    ] {
        let sshd = Sshd::start(outdated);
        let failure = refusal(&connector(), &sshd.login("root"));
        assert!(
            failure.message.ends_with("is unreachable: no algorithm is common to both sides"),
            "{failure}"
        );
    }
}

#[test]
fn a_password_keeps_one_try_for_itself() {
    let sshd = Sshd::start("MaxAuthTries 3");
    let password = Some(Secret::new(PASSWORD.to_string()));
    let login = Login { key_files: keys(&sshd, 4), password, ..sshd.login("ana") };
    assert_eq!(who(&connector(), &login, None).as_deref(), Ok("ana"));
    let login = Login { connection: Connection::OpenSsh, ..login };
    assert_eq!(refusal(&connector(), &login).kind, FailureKind::Input);
}

#[test]
fn identities_only_keeps_the_agents_others_back() {
    let sshd = Sshd::start("");
    let extra = keys(&sshd, 2);
    let agent = Agent::start(sshd.folder.path(), &[extra.clone(), vec![sshd.path("key")]].concat());
    let config = |only: &str| {
        let (socket, file) = (agent.socket.display(), extra[0].display());
        let text = format!("IdentityAgent {socket}\nIdentityFile {file}\nIdentitiesOnly {only}\n");
        connector_with(&sshd.write(only, &text))
    };
    let login = Login { key_files: vec![], ..sshd.login("root") };
    assert_eq!(who(&config("no"), &login, None).as_deref(), Ok("root"));
    let failure = refusal(&config("yes"), &login);
    let only = format!("`web1` refused the login of `root`: it took none of: key `{}`", extra[0].display());
    assert_eq!(failure.message, only);
}

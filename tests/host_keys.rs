//! Host keys that are not what known_hosts says, and the algorithms that are offered, against a real
//! sshd. First contact, changed and revoked keys are in `transport_login.rs` and `ssh_login.rs` too.

mod transport_sshd;

use harda::fragment::{Fragment, Observation};
use harda::transport::{Connection, Connector, Failure, FailureKind, Login, Options, Question, open};
use std::fs;
use transport_sshd::{Sshd, connector, connector_with, keygen};

/// A connector that takes new keys: what must be refused is refused by it all the same.
fn accepting() -> Connector {
    Connector::new(Options {
        ssh_config: Some("/dev/null".into()),
        accept_new_host_keys: true,
        ..Options::default()
    })
}

fn enter(connector: &Connector, login: &Login) -> Result<String, Failure> {
    let mut session = open(connector, login, None)?;
    let question = Question::Observe(Observation(Fragment::new("id -un")));
    Ok(session.send(&[question])?.remove(0).text().trim().to_string())
}

#[track_caller]
fn refused(connector: &Connector, sshd: &Sshd, words: &str) -> Failure {
    let failure = enter(connector, &sshd.login("root")).expect_err("a refusal");
    assert_eq!(failure.kind, FailureKind::HostKey, "{failure}");
    assert!(failure.message.contains(words), "no `{words}` in: {failure}");
    // Nobody logged in, and no credential was shown to it.
    let log = fs::read_to_string(sshd.path("log")).unwrap_or_default();
    assert!(!log.contains("userauth") && !log.contains("Accepted"), "{log}");
    failure
}

fn verbose(host_keys: &[&str]) -> Sshd {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("mode");
    Sshd::start_in(folder, "LogLevel DEBUG3", host_keys)
}

fn known(sshd: &Sshd) -> String {
    fs::read_to_string(sshd.path("known_hosts")).expect("known hosts")
}

#[test]
fn a_key_known_for_another_port_vouches_for_nothing() {
    // By the name alone, without a port, a key is known for all ports, as to OpenSSH.
    let sshd = verbose(&["ed25519"]);
    let mine = known(&sshd);
    let key = mine.split_once(' ').expect("a line").1;
    for name in ["[127.0.0.1]:22", "[127.0.0.1]:1", "localhost", "[localhost]:*"] {
        sshd.write("known_hosts", &format!("{name} {key}"));
        refused(&connector(), &sshd, "is not known");
    }
    // With the right name it does.
    sshd.write("known_hosts", &mine);
    assert_eq!(enter(&connector(), &sshd.login("root")).as_deref(), Ok("root"));
}

#[test]
fn another_key_on_the_right_port_is_a_changed_one() {
    let sshd = verbose(&["ed25519"]);
    keygen(&sshd.path("other"), &["-t", "ed25519", "-N", ""]);
    let other = fs::read_to_string(sshd.path("other.pub")).expect("a key");
    let mine = known(&sshd);
    let key = mine.split_once(' ').expect("a line").1;
    // The same key is known for the host, but by another port.
    sshd.write("known_hosts", &format!("127.0.0.1 {key}[127.0.0.1]:{} {other}", sshd.port));
    for connector in [connector(), accepting()] {
        let failure = refused(&connector, &sshd, "has changed");
        assert!(failure.message.contains("known_hosts:2"), "{failure}");
    }
}

#[test]
fn a_host_that_shows_another_type_of_key_is_refused() {
    for (shown, kept) in [("rsa", "ed25519"), ("ecdsa", "ed25519"), ("ed25519", "rsa")] {
        let sshd = verbose(&[shown]);
        let path = sshd.path("kept");
        keygen(&path, &["-t", kept, "-N", ""]);
        let key = fs::read_to_string(path.with_extension("pub")).expect("a key");
        sshd.write("known_hosts", &format!("[127.0.0.1]:{} {key}", sshd.port));
        for connector in [connector(), accepting()] {
            refused(&connector, &sshd, "has changed");
        }
        assert_eq!(known(&sshd).lines().count(), 1, "nothing was added");
    }
}

#[test]
fn a_revoked_key_is_refused_wherever_it_is_revoked() {
    let sshd = verbose(&["ed25519"]);
    let mine = known(&sshd);
    let key = mine.split_once(' ').expect("a line").1.to_string();
    let port = sshd.port;
    for line in [
        format!("@revoked * {key}"),
        format!("@revoked [127.0.0.1]:{port} {key}"),
        format!("@revoked [127.0.0.*]:* {key}"),
    ] {
        // Before or after the line that knows it, or alone.
        for text in [format!("{line}{mine}"), format!("{mine}{line}"), line.clone()] {
            sshd.write("known_hosts", &text);
            for connector in [connector(), accepting()] {
                refused(&connector, &sshd, "revokes");
            }
        }
    }
    // In another file than the one that knows it.
    sshd.write("known_hosts", &mine);
    let revoked = sshd.write("revoked", &format!("@revoked * {key}"));
    let login = Login { known_hosts: vec![sshd.path("known_hosts"), revoked], ..sshd.login("root") };
    let failure = enter(&accepting(), &login).expect_err("a refusal");
    assert!(failure.message.contains("revoked:1 revokes"), "{failure}");
}

#[test]
fn an_unknown_key_is_refused_before_anything_is_shown_to_the_host() {
    let sshd = verbose(&["ed25519"]);
    sshd.write("known_hosts", "");
    refused(&connector(), &sshd, "is not known");
}

/// What the client offered, as sshd tells it: a list of names each.
fn offered(log: &str) -> Vec<(String, Vec<String>)> {
    let proposal = log.split("peer client KEXINIT proposal").nth(1).expect("a proposal");
    let lines = proposal.lines().skip(1).map(|line| line.trim_start_matches("debug2: "));
    let lists = lines.map_while(|line| line.split_once(": "));
    lists
        .take_while(|(name, _)| *name != "first_kex_follows")
        .map(|(name, list)| (name.to_string(), list.trim_end_matches(" [preauth]")))
        .map(|(name, list)| (name, list.split(',').map(str::to_string).collect()))
        .collect()
}

/// Parts of names that stand for what nobody should speak any more.
const OUTDATED: &[&str] = &[
    "sha1", "-cbc", "3des", "dss", "dsa-", "arcfour", "rc4", "md5", "blowfish", "cast128", "rijndael",
    "ripemd", "umac-64", "group1-", "none-",
];

#[test]
fn only_current_algorithms_are_offered() {
    let sshd = verbose(&["ed25519", "rsa"]);
    keygen(&sshd.path("rsa_key"), &["-t", "rsa", "-N", ""]);
    sshd.authorize(&sshd.path("rsa_key.pub"));
    let login = Login { key_files: vec![sshd.path("rsa_key")], ..sshd.login("root") };
    assert_eq!(enter(&connector(), &login).as_deref(), Ok("root"));
    let log = fs::read_to_string(sshd.path("log")).expect("a log");
    let offered = all_current(&log);
    let of = |name: &str| &offered.iter().find(|(n, _)| n == name).expect("a list").1;
    assert!(
        of("KEX algorithms").iter().any(|a| a == "kex-strict-c-v00@openssh.com"),
        "no strict key exchange"
    );
    assert!(of("ciphers ctos").iter().all(|a| a != "none"));
    // The login's own signature too.
    assert!(log.contains("rsa-sha2-"), "the RSA key signed otherwise:\n{log}");
}

#[test]
fn the_systems_ssh_offers_only_current_algorithms_whatever_ssh_config_says() {
    let sshd = verbose(&["ed25519"]);
    let old = "MACs +hmac-sha1,umac-64@openssh.com\nCiphers +aes128-cbc\nHostKeyAlgorithms +ssh-rsa\n\
               KexAlgorithms +diffie-hellman-group14-sha1\n";
    let login = Login { connection: Connection::OpenSsh, ..sshd.login("root") };
    for config in ["", old] {
        fs::write(sshd.path("log"), "").expect("emptied");
        let config = sshd.write("config", config);
        assert_eq!(enter(&connector_with(&config), &login).as_deref(), Ok("root"));
        all_current(&fs::read_to_string(sshd.path("log")).expect("a log"));
    }
    // What is left of a list that ssh_config makes short is not made long again.
    let config = sshd.write("config", "MACs hmac-sha1,hmac-sha2-512\nCiphers aes256-ctr\n");
    fs::write(sshd.path("log"), "").expect("emptied");
    assert_eq!(enter(&connector_with(&config), &login).as_deref(), Ok("root"));
    let offered = all_current(&fs::read_to_string(sshd.path("log")).expect("a log"));
    assert!(offered.contains(&("MACs ctos".into(), vec!["hmac-sha2-512".into()])), "{offered:?}");
    let config = sshd.write("config", "MACs hmac-sha1\n");
    let failure = enter(&connector_with(&config), &login).expect_err("a refusal");
    assert!(failure.message.contains("only what is outdated: `MACs hmac-sha1`"), "{failure}");
}

/// The lists that a client offered, of which none has what is outdated.
#[track_caller]
fn all_current(log: &str) -> Vec<(String, Vec<String>)> {
    let offered = offered(log);
    let names: Vec<&str> = offered.iter().map(|(name, _)| name.as_str()).collect();
    for list in
        ["KEX algorithms", "host key algorithms", "ciphers ctos", "ciphers stoc", "MACs ctos", "MACs stoc"]
    {
        assert!(names.contains(&list), "no `{list}` in {names:?}");
    }
    for (list, algorithms) in &offered {
        for algorithm in algorithms {
            let ecdsa = algorithm.contains("ecdsa-");
            let old = OUTDATED.iter().find(|old| algorithm.contains(**old) && !(ecdsa && **old == "dsa-"));
            assert_eq!(old, None, "{list} offers {algorithm}");
            // RSA's signatures with SHA-1 have the name of the key's type.
            assert_ne!(algorithm, "ssh-rsa", "{list}");
        }
    }
    offered
}

#[test]
fn a_host_that_only_signs_by_sha1_is_not_spoken_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let sshd = Sshd::start_in(folder, "HostKeyAlgorithms ssh-rsa", &["rsa"]);
    let failure = enter(&accepting(), &sshd.login("root")).expect_err("a refusal");
    assert!(failure.message.ends_with("no algorithm is common to both sides"), "{failure}");
}

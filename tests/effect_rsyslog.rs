//! What playbooks/rsyslog.yml does: lines arrive at a TLS server, only at the right one, and none is lost.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;

use effect::{Playbook, files, put, run, soon};
use harda::compliance::audit::Outcome;
use mutation::Mutant;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use support::{Lab, Ran};

const CLIENTS: [&str; 2] = ["bookworm", "trixie"];

/// A log server with a certificate of its CA, and two clients.
struct Logs {
    lab: Lab,
}

/// One lab for all tests here, one test at a time: each begins with a server that takes all who come, and clients that
/// forward to it.
fn logs() -> MutexGuard<'static, Logs> {
    static LOGS: LazyLock<Mutex<Logs>> = LazyLock::new(|| Mutex::new(Logs::up()));
    let logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
    logs.serve("anon", "");
    logs.apply(&[]);
    logs
}

impl Logs {
    fn up() -> Logs {
        let lab = Lab::up(&[CLIENTS[0], CLIENTS[1], "logserver"]);
        authority(lab.folder.path(), "ca");
        certificate(lab.folder.path(), "ca", "log.lab");
        Logs { lab }
    }

    fn server(&self) -> &str {
        &self.lab.hosts[2]
    }

    fn clients(&self) -> &[String] {
        &self.lab.hosts[..2]
    }

    /// Lets the server listen; `peers` may send, all who come if it is empty.
    fn serve(&self, auth: &str, peers: &str) {
        for (from, to) in [("ca.pem", "ca.pem"), ("log.lab.pem", "cert.pem"), ("log.lab.key", "key.pem")] {
            let text = std::fs::read_to_string(self.lab.folder.path().join(from)).unwrap();
            put(&self.lab, self.server(), &format!("/etc/rsyslog-tls/{to}"), &text);
        }
        let peers = if peers.is_empty() { String::new() } else { format!("PermittedPeer=[\"{peers}\"]") };
        let config = format!(
            r#"global(DefaultNetstreamDriverCAFile="/etc/rsyslog-tls/ca.pem"
                DefaultNetstreamDriverCertFile="/etc/rsyslog-tls/cert.pem"
                DefaultNetstreamDriverKeyFile="/etc/rsyslog-tls/key.pem")
            module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{auth}" {peers})
            input(type="imtcp" port="6514" ruleset="remote")
            ruleset(name="remote") {{ action(type="omfile" file="/var/log/remote.log") }}"#
        );
        put(&self.lab, self.server(), "/etc/rsyslog.d/10-server.conf", &config);
        self.lab.exec(self.server(), "systemctl restart rsyslog").expect(0);
    }

    fn vars(&self) -> [String; 4] {
        [
            format!("rsyslog_server={}", self.server()),
            "rsyslog_server_name=log.lab".into(),
            format!("rsyslog_ca_file={}", self.file("ca.pem")),
            "rsyslog_retry_seconds=1".into(),
        ]
    }

    /// The playbook with these variables besides the usual ones.
    fn apply(&self, more: &[&str]) -> Ran {
        let playbook = Playbook::new(&self.lab, "rsyslog.yml");
        let playbook = self.vars().into_iter().fold(playbook, |playbook, var| playbook.with(var));
        let playbook = more.iter().fold(playbook, |playbook, var| playbook.with(*var));
        playbook.apply(self.clients())
    }

    fn file(&self, name: &str) -> String {
        self.lab.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn log(&self, text: &str) {
        self.all_run(&format!("logger '{text}'"));
    }

    /// A command on each client.
    fn all_run(&self, command: &str) {
        for client in self.clients() {
            self.lab.exec(client, command).expect(0);
        }
    }

    /// What the server has written of one client.
    fn arrived(&self, client: &str) -> String {
        let all = std::fs::read_to_string(files(&self.lab, self.server()).join("var/log/remote.log"));
        all.unwrap_or_default()
            .lines()
            .filter(|l| l.contains(&format!(" {client} ")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[track_caller]
    fn arrives(&self, text: &str) {
        for client in self.clients() {
            soon(&format!("`{text}` of {client}"), || self.arrived(client).contains(text));
        }
    }

    /// The client's own rsyslog says after this line why it won't send it; the server has nothing.
    #[track_caller]
    fn is_held_back(&self, text: &str, because: &str) {
        for client in self.clients() {
            let log = files(&self.lab, client).join("var/log/syslog");
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            soon(&format!("`{because}` on {client}"), || {
                said().split_once(text).is_some_and(|(_, after)| after.contains(because))
            });
            assert!(!self.arrived(client).contains(text), "{client} sent `{text}`");
        }
    }
}

fn openssl(folder: &Path, arguments: &str) {
    run(std::process::Command::new("openssl").args(arguments.split(' ')).current_dir(folder)).expect(0);
}

/// NAME.pem and NAME.key: a certificate authority of the test's own.
fn authority(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name} -days 2"));
}

/// PEER.pem and PEER.key, signed by that authority.
fn certificate(folder: &Path, authority: &str, peer: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes";
    std::fs::write(folder.join("names"), format!("subjectAltName=DNS:{peer}")).unwrap();
    openssl(folder, &format!("req {key} -keyout {peer}.key -out {peer}.csr -subj /CN={peer}"));
    let by = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial");
    openssl(folder, &format!("x509 -req -in {peer}.csr {by} -days 2 -extfile names -out {peer}.pem"));
}

#[test]
fn lines_and_logins_arrive() {
    let logs = logs();
    logs.log("hello from a client");
    logs.arrives("hello from a client");
    for client in logs.clients() {
        logs.lab.exec(client, "rsyslogd -N1").expect(0);
        logs.lab.ssh(&format!("admin@{client}"), "sudo -n true").expect(0);
    }
    logs.arrives("Accepted publickey for admin");
    logs.arrives("COMMAND=/usr/bin/true");

    // Where logs are said to go is no proof that they get there.
    let vars = logs.vars();
    let vars: Vec<&str> = vars.iter().map(String::as_str).collect();
    let mutant = Mutant::new(&logs.lab, logs.clients(), &vars);
    mutant.is_found_and_put_right(&["logs-forwarded"]);
    logs.lab.exec(logs.server(), "systemctl stop rsyslog.service syslog.socket").expect(0);
    soon("the end of the connections", || {
        mutant.outcomes("logs-forwarded").iter().all(|o| *o == Outcome::Fail)
    });
}

#[test]
fn nothing_is_sent_to_another_name_until_it_is_the_right_one() {
    let logs = logs();
    logs.apply(&["rsyslog_server_name=other.lab"]);
    logs.log("for the right name only");
    logs.is_held_back("for the right name only", "peer name not authorized");
    logs.apply(&[]);
    logs.arrives("for the right name only");
}

#[test]
fn nothing_is_sent_to_another_ca_until_it_is_the_right_one() {
    let logs = logs();
    authority(logs.lab.folder.path(), "stranger");
    logs.apply(&[&format!("rsyslog_ca_file={}", logs.file("stranger.pem"))]);
    logs.log("for the right authority only");
    logs.is_held_back("for the right authority only", "signer not found");
    logs.apply(&[]);
    logs.arrives("for the right authority only");
}

#[test]
fn an_outage_of_the_server_loses_nothing() {
    let logs = logs();
    logs.log("before the outage");
    logs.arrives("before the outage");
    logs.lab.exec(logs.server(), "systemctl stop rsyslog.service syslog.socket").expect(0);
    // The first line after a connection broke may vanish in it unnoticed: that is TCP's doing.
    logs.log("into the void");
    std::thread::sleep(std::time::Duration::from_secs(2));
    logs.all_run("for n in $(seq 20); do logger \"during the outage, $n.\"; done");
    logs.all_run("systemctl restart rsyslog");
    logs.log("after the restart of the client");
    for client in logs.clients() {
        assert!(!logs.arrived(client).contains("outage, 1."));
    }
    logs.lab.exec(logs.server(), "systemctl start rsyslog").expect(0);
    for number in 1..=20 {
        logs.arrives(&format!("during the outage, {number}."));
    }
    logs.arrives("after the restart of the client");
}

#[test]
fn a_client_shows_its_certificate_when_it_has_one() {
    let logs = logs();
    certificate(logs.lab.folder.path(), "ca", "client.lab");
    logs.serve("x509/name", "client.lab");
    logs.apply(&[]);
    logs.all_run(
        "systemctl restart rsyslog; for n in 1 2 3; do logger from a client that is known; sleep 1; done",
    );
    for client in logs.clients() {
        let arrived = logs.arrived(client);
        assert!(!arrived.contains("that is known"), "a client without a certificate was taken:\n{arrived}");
    }
    let certificate = format!("rsyslog_client_cert_file={}", logs.file("client.lab.pem"));
    let key = format!("rsyslog_client_key_file={}", logs.file("client.lab.key"));
    let secret = std::fs::read_to_string(logs.file("client.lab.key")).unwrap();
    let ran = logs.apply(&[&certificate, &key]);
    assert!(!ran.all().contains(secret.lines().nth(1).unwrap()), "the key is shown:\n{}", ran.all());
    logs.log("now it is");
    logs.arrives("now it is");
}

//! What playbooks/stamping-line.yml does where the line is TLS: it comes up with the declared suite, and neither with a
//! weaker gateway nor with a stranger. (IPsec: tests/vm.)

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
#[path = "support/pki.rs"]
mod pki;
mod support;

use effect::{Playbook, put, soon};
use mutation::Mutant;
use pki::{authority, certificate, certificate_like};
use support::Lab;

/// The gateway as it is declared: what it offers, its certificate, its clients' authority.
const DECLARED: &str = "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups P-384";

/// Two clients and a gateway, with certificates of one authority.
struct Line {
    lab: Lab,
}

impl Line {
    fn up() -> Line {
        let lab = Lab::up(&["bookworm", "trixie", "trixie"]);
        let folder = lab.folder.path();
        for name in ["ca", "stranger"] {
            authority(folder, name);
        }
        certificate(folder, "ca", "gateway", "gateway.lab");
        certificate(folder, "ca", "other", "other.lab");
        certificate(folder, "stranger", "forged", "gateway.lab");
        certificate_like(folder, "ca", "weak", "gateway.lab", "P-256", 99);
        lab.exec(&lab.hosts[2], "apt-get install -qq -y openssl").expect(0);
        let line = Line { lab };
        for (name, to) in [("gateway", "gateway"), ("other", "other"), ("forged", "forged"), ("weak", "weak")]
        {
            for kind in ["pem", "key"] {
                put(
                    &line.lab,
                    line.gateway(),
                    &format!("/root/{to}.{kind}"),
                    &line.read(&format!("{name}.{kind}")),
                );
            }
        }
        put(&line.lab, line.gateway(), "/root/ca.pem", &line.read("ca.pem"));
        for client in line.clients() {
            line.give(client, "client");
        }
        line.serve("gateway", DECLARED);
        line
    }

    fn clients(&self) -> &[String] {
        &self.lab.hosts[..2]
    }

    fn gateway(&self) -> &str {
        &self.lab.hosts[2]
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.lab.folder.path().join(name)).expect("made before")
    }

    /// A new key on the client, as if it had been made there, and its certificate beside the playbook.
    fn give(&self, client: &str, name: &str) {
        let file = format!("{client}-{name}");
        certificate(self.lab.folder.path(), "ca", &file, "client.lab");
        self.place(client, &file);
    }

    fn place(&self, client: &str, file: &str) {
        put(&self.lab, client, "/etc/stunnel/stamping.key", &self.read(&format!("{file}.key")));
        std::fs::copy(
            self.lab.folder.path().join(format!("{file}.pem")),
            self.lab.folder.path().join(format!("{client}.pem")),
        )
        .expect("copied");
    }

    /// Lets the gateway serve with this certificate and these options of openssl's.
    fn serve(&self, certificate: &str, options: &str) {
        let server = format!(
            "systemctl stop gateway 2>/dev/null; systemd-run --quiet --collect --unit=gateway sh -c \
             'while echo hello; do sleep 0.2; done | openssl s_server -accept 443 -quiet -cert /root/{certificate}.pem \
             -key /root/{certificate}.key -CAfile /root/ca.pem -Verify 1 -verify_return_error {options}'"
        );
        self.lab.exec(self.gateway(), &server).expect(0);
        let listens = || self.lab.exec(self.gateway(), "ss -Hltn sport = :443").stdout.contains(":443");
        soon("the gateway", listens);
    }

    /// Whether something comes through the line, to a program that knows nothing of TLS.
    fn carries(&self, client: &str) -> bool {
        let script = "timeout 6 bash -c 'read -t 4 line </dev/tcp/127.0.0.1/8443 && echo $line'";
        self.lab.exec(client, script).stdout.contains("hello")
    }

    fn playbook(&self, name: &str) -> Playbook<'_> {
        let gateway = self.lab.address(self.gateway());
        let folder = self.lab.folder.path().display();
        let site = format!(
            "stamping_tunnel: tls\nstamping_gateway: {gateway}\nstamping_gateway_name: gateway.lab\n\
             stamping_service: ['{gateway}']\nstamping_ca_file: {folder}/ca.pem\n\
             stamping_certificate_file: '{folder}/{{{{ inventory_hostname }}}}.pem'\n\
             firewall_ssh_from: ['{}.254']\nfirewall_outbound: []\n",
            gateway.rsplit_once('.').expect("an address").0
        );
        self.lab.write("site.yml", &site);
        Playbook::new(&self.lab, name).with("@site.yml")
    }
}

#[test]
fn it_comes_up_with_the_declared_suite_and_no_weaker_one() {
    let line = Line::up();
    let (lab, clients) = (&line.lab, line.clients());
    let playbook = line.playbook("stamping-line.yml");
    let plan = playbook.run("plan", clients, &[]).expect(0);
    plan.says_not("unknown until");
    let ran = playbook.apply(clients);
    for client in clients {
        let key = line.read(&format!("{client}-client.key"));
        assert!(!ran.all().contains(key.lines().nth(1).expect("a line")), "the key is shown");
        assert!(line.carries(client), "{client}");
        lab.exec(client, "stat -c %a%U /etc/stunnel/stamping.key").expect(0).says("600root");
    }
    playbook.has_nothing_to_do(clients);
    playbook.complies(clients);

    let refused = [
        ("an older protocol", "gateway", "-tls1_2 -groups P-384"),
        ("a weaker suite", "gateway", "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 -groups P-384"),
        ("another suite", "gateway", "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256 -groups P-384"),
        ("a weaker curve", "gateway", "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups P-256"),
        ("another curve", "gateway", "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups X25519"),
        ("another authority", "forged", DECLARED),
        ("another name", "other", DECLARED),
    ];
    for (what, certificate, options) in refused {
        line.serve(certificate, options);
        for client in clients {
            assert!(!line.carries(client), "{client}: {what} is taken");
        }
    }
    playbook.run("audit", clients, &[]).expect(3).says("no connection comes through to");

    // Somebody weakens the client; the gateway takes all that comes.
    line.serve("gateway", "");
    let weaken = "sed -i -e 's/^ciphersuites.*/ciphersuites = TLS_AES_128_GCM_SHA256/' -e 's/^curves.*/curves = prime256v1/' \
        /etc/stunnel/stamping.conf && systemctl restart stunnel@stamping";
    for client in clients {
        lab.exec(client, weaken).expect(0);
        soon("the weaker line", || line.carries(client));
    }
    playbook.run("audit", clients, &[]).expect(3).says("weaker suites: TLSv1.3 TLS_AES_128_GCM_SHA256 P-256");
    playbook.apply(clients);
    playbook.complies(clients);

    // The file is put back, but not read.
    for client in clients {
        let stale = format!(
            "cp -p /etc/stunnel/stamping.conf /root/; {weaken}; sleep 1.1; cat /root/stamping.conf >/etc/stunnel/stamping.conf"
        );
        lab.exec(client, &stale).expect(0);
    }
    playbook.run("audit", clients, &[]).expect(3);
    playbook.apply(clients);
    playbook.complies(clients);
}

#[test]
fn what_is_wrong_with_it_is_found_and_put_right() {
    let line = Line::up();
    let (lab, clients, folder) = (&line.lab, line.clients(), line.lab.folder.path());
    let playbook = line.playbook("stamping-line.yml");
    playbook.apply(clients);
    playbook.complies(clients);
    let controls = ["line-profile", "line-credentials", "line-up"];
    Mutant::new(lab, clients, &["@site.yml"]).is_found_and_put_right(&controls);
    playbook.complies(clients);

    // Certificates: what a person has to put right.
    let client = &clients[..1];
    certificate_like(folder, "ca", "short", "client.lab", "P-384", 9);
    certificate_like(folder, "ca", "small", "client.lab", "P-256", 99);
    for (file, finding) in [("short", "the host's certificate ends on"), ("small", "is not on P-384")] {
        line.place(&client[0], file);
        playbook.apply(client);
        playbook.run("audit", client, &[]).expect(3).says(finding);
    }
    line.give(&client[0], "new");
    playbook.apply(client);
    playbook.complies(client);
    put(lab, &client[0], "/etc/stunnel/stamping.key", &line.read("small.key"));
    playbook.run("audit", client, &[]).expect(3).says("the certificate is not that of the key");
    lab.exec(&client[0], "rm /etc/stunnel/stamping.key").expect(0);
    playbook.run("audit", client, &[]).expect(3).says("no key (/etc/stunnel/stamping.key)");
    playbook.apply(client);

    // The gateway doesn't know the client.
    certificate(folder, "stranger", "unknown", "client.lab");
    line.place(&client[0], "unknown");
    playbook.apply(client);
    assert!(!line.carries(&client[0]), "a client of another authority is let in");
    playbook.run("audit", client, &[]).expect(3).says("no connection comes through to");
}

#[test]
fn nothing_reaches_the_gateway_beside_it() {
    let line = Line::up();
    let (lab, clients) = (&line.lab, line.clients());
    let gateway = lab.address(line.gateway());
    let direct = |client: &str| {
        lab.exec(client, &format!("timeout 3 bash -c 'exec 3<>/dev/tcp/{gateway}/443'")).code == 0
    };
    line.playbook("stamping-line.yml").apply(clients);
    assert!(clients.iter().all(|client| direct(client)));
    let firewall = line.playbook("firewall.yml");
    firewall.apply(clients);
    firewall.has_nothing_to_do(clients);
    for client in clients {
        assert!(line.carries(client), "{client}: the line");
        assert!(!direct(client), "{client}: a program that speaks to the gateway itself");
        lab.exec(client, "systemctl stop stunnel@stamping").expect(0);
        assert!(!line.carries(client) && !direct(client), "{client}: the line is down");
    }
    // And after a boot.
    for client in clients {
        lab.call(&["reboot", client]).expect(0);
        soon("the line", || line.carries(client));
        assert!(!direct(client), "{client}");
    }
    line.playbook("stamping-line.yml").complies(clients);
}

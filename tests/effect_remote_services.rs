//! What playbooks/remote-services.yml does: a remote service gets in with its certificate over TLS, and not else.
//! (Through IPsec: tests/vm.)

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
#[path = "support/pki.rs"]
mod pki;
mod support;

use effect::{Playbook, put, soon};
use mutation::Mutant;
use pki::{authority, certificate};
use support::Lab;

const DECLARED: &str = "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups P-384";

#[test]
fn it_gets_in_by_mutual_tls_only() {
    let lab = Lab::up(&["bookworm", "trixie", "trixie"]);
    let (hosts, remote) = (&lab.hosts[..2], &lab.hosts[2]);
    let folder = lab.folder.path();
    for name in ["ca", "stranger"] {
        authority(folder, name);
    }
    lab.exec(remote, "apt-get install -qq -y openssl").expect(0);
    for (by, file, name) in [
        ("ca", "factory", "factory.lab"),
        ("ca", "colleague", "colleague.lab"),
        ("stranger", "forged", "factory.lab"),
    ] {
        certificate(folder, by, file, name);
        for kind in ["pem", "key"] {
            let text = std::fs::read_to_string(folder.join(format!("{file}.{kind}"))).expect("made");
            put(&lab, remote, &format!("/root/{file}.{kind}"), &text);
        }
    }
    for host in hosts {
        certificate(folder, "ca", host, "stamps.lab");
        let key = std::fs::read_to_string(folder.join(format!("{host}.key"))).expect("made");
        put(&lab, host, "/etc/stunnel/remote.key", &key);
        let service =
            "systemd-run --quiet --collect systemd-socket-activate -l 9000 --inetd -a sh -c 'echo hello'";
        lab.exec(host, service).expect(0);
    }
    let from = lab.address(remote);
    let admin = format!("{}.254", from.rsplit_once('.').expect("an address").0);
    lab.write(
        "site.yml",
        &format!(
            "remote_services:\n  - {{port: 9443, through: tls, local_port: 9000, from: ['{from}'], clients: [factory.lab], purpose: orders}}\n\
             remote_ca_file: {0}/ca.pem\nremote_certificate_file: '{0}/{{{{ inventory_hostname }}}}.pem'\n\
             firewall_ssh_from: ['{admin}']\nfirewall_outbound: []\n",
            folder.display()
        ),
    );
    let plain = |host: &str| {
        let at = lab.address(host);
        let script = format!("timeout 3 bash -c 'read -t 2 line </dev/tcp/{at}/9000 && echo $line'");
        lab.exec(remote, &script).stdout.contains("hello")
    };
    for host in hosts {
        soon("the service", || plain(host));
    }
    let services = Playbook::new(&lab, "remote-services.yml").with("@site.yml");
    services.run("plan", hosts, &[]).expect(0).says_not("unknown until");
    let ran = services.apply(hosts);
    services.has_nothing_to_do(hosts);
    services.complies(hosts);
    let firewall = Playbook::new(&lab, "firewall.yml").with("@site.yml");
    firewall.apply(hosts);
    firewall.has_nothing_to_do(hosts);

    let asked = |host: &str, certificate: &str, options: &str| {
        let mine = if certificate.is_empty() {
            String::new()
        } else {
            format!("-cert /root/{certificate}.pem -key /root/{certificate}.key")
        };
        let script = format!(
            "(sleep 2) | timeout 6 openssl s_client -quiet -connect {}:9443 {mine} {options} 2>&1",
            lab.address(host)
        );
        lab.exec(remote, &script).stdout.contains("hello")
    };
    for host in hosts {
        let key = std::fs::read_to_string(folder.join(format!("{host}.key"))).expect("made");
        assert!(!ran.all().contains(key.lines().nth(1).expect("a line")), "the key is shown");
        assert!(asked(host, "factory", DECLARED), "{host}: the declared client");
        assert!(!asked(host, "", DECLARED), "{host}: without a certificate");
        assert!(!asked(host, "forged", DECLARED), "{host}: of another authority");
        assert!(!asked(host, "colleague", DECLARED), "{host}: of another name");
        assert!(!asked(host, "factory", "-tls1_2"), "{host}: an older protocol");
        assert!(
            !asked(host, "factory", "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256"),
            "{host}: a weaker suite"
        );
        assert!(!asked(host, "factory", "-tls1_3 -groups P-256"), "{host}: a weaker curve");
        assert!(!plain(host), "{host}: past it");
    }
    // From elsewhere, with the right certificate, there is no way in either.
    let other = format!("timeout 3 bash -c '</dev/tcp/{}/9443'", lab.address(&hosts[1]));
    assert_ne!(lab.exec(&hosts[0], &other).code, 0);

    Mutant::new(&lab, hosts, &["@site.yml"]).is_found_and_put_right(&["remote-services-secured"]);
    services.complies(hosts);
    assert!(hosts.iter().all(|host| asked(host, "factory", DECLARED)));
}

//! The line to the stamping service over IPsec, with a real gateway: in a network namespace of the machine, which is the
//! client itself. It comes up as declared or not at all, and nothing takes another way.

use crate::pki::{authority, certificate, certificate_like};
use crate::support::playbook;
use crate::support::vm::Vm;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(90);

/// Sets up the gateway's network, its daemon and what listens.
const SETUP: &str = include_str!("gateway/setup.sh");

/// What the gateway accepts as it is declared, for IKE and for ESP.
const DECLARED: (&str, &str) = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384");

/// A connection of the site's own beside harda's, to a remote service.
const FACTORY: &str = "connections {
    factory {
        version = 2
        remote_addrs = 192.0.2.1
        proposals = aes256gcm16-prfsha384-ecp384
        local {
            certs = stamping.pem
        }
        remote {
            id = gateway.lab
        }
        children {
            factory {
                remote_ts = 198.51.100.8/32
                esp_proposals = aes256gcm16-ecp384
                start_action = start
            }
        }
    }
}";

/// The gateway of this machine.
struct Gateway<'v> {
    vm: &'v Vm,
}

impl Gateway<'_> {
    fn put(&self, path: &str, text: &str) {
        self.vm.exec(&format!("umask 077; cat >{path} <<'END'\n{text}\nEND")).expect(0);
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.vm.folder.path().join(name)).expect("made before")
    }

    /// Lets it serve with this certificate and these proposals.
    /// The machine has two connections under one name; one doesn't end the other here.
    fn serve(&self, certificate: &str, (ike, esp): (&str, &str)) {
        self.put("/gw/swanctl/x509/gw.pem", &self.read(&format!("{certificate}.pem")));
        self.put("/gw/swanctl/private/gw.key", &self.read(&format!("{certificate}.key")));
        let child =
            |name: &str, at: &str| format!("{name} {{\n local_ts = {at}/32\n esp_proposals = {esp}\n }}\n");
        let children = [child("service", "198.51.100.7"), child("factory", "198.51.100.8")].concat();
        self.put(
            "/gw/swanctl/conf.d/gw.conf",
            &format!(
                "connections {{\n client {{\n version = 2\n unique = never\n proposals = {ike}\n local {{\n certs = gw.pem\n id = {} \n }}\n \
                 remote {{\n auth = pubkey\n cacerts = ca.pem\n }}\n children {{\n {children} }}\n }}\n}}",
                if certificate == "other" { "other.lab" } else { "gateway.lab" }
            ),
        );
        self.vm.exec("systemctl restart gw").expect(0);
    }

    /// Packets that came to the service in the clear.
    fn seen(&self) -> u64 {
        let rules = self.vm.exec("ip netns exec gw nft list chain inet seen in").expect(0).stdout;
        let (_, count) = rules.split_once("packets ").expect("a counter");
        count.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
    }

    /// Whether a port of the machine greets who comes from this address behind the gateway.
    fn asks(&self, from: &str, port: u16) -> bool {
        let script = format!(
            "ip -n gw route replace 192.0.2.2 dev out src {from}; ip netns exec gw timeout 5 bash -c \
             'read -t 4 l </dev/tcp/192.0.2.2/{port} && echo $l'; ip -n gw route del 192.0.2.2"
        );
        self.vm.exec(&script).stdout.contains("hello")
    }
}

/// Whether the stamping service greets the machine. The first packet may be what sets up the tunnel.
fn carries(vm: &Vm) -> bool {
    vm.exec("timeout 6 bash -c 'read -t 5 l </dev/tcp/198.51.100.7/443 && echo $l'").stdout.contains("hello")
}

fn sas(vm: &Vm) -> String {
    vm.exec("swanctl --list-sas --ike stamping 2>/dev/null").stdout
}

fn is_up(vm: &Vm) -> bool {
    let sas = sas(vm);
    sas.contains("ESTABLISHED") && sas.contains("INSTALLED")
}

fn inventory(vm: &Vm) -> String {
    let folder = vm.folder.path().display();
    vm.inventory(&format!(
        "stamping_service: [198.51.100.7]
stamping_gateway: 192.0.2.1
stamping_gateway_name: gateway.lab
stamping_ca_file: {folder}/ca.pem
stamping_certificate_file: {folder}/client.pem
firewall_ssh_from: [10.0.2.2]
firewall_outbound: []
remote_services:
- {{port: 9443, through: ipsec, from: [198.51.100.8], purpose: a factory}}"
    ))
}

/// A gateway, and the client's key, as if it had been made on the machine.
fn ground(vm: &Vm) -> Gateway<'_> {
    let folder = vm.folder.path();
    authority(folder, "ca");
    authority(folder, "stranger");
    certificate(folder, "ca", "gateway", "gateway.lab");
    certificate(folder, "ca", "other", "other.lab");
    certificate(folder, "stranger", "forged", "gateway.lab");
    certificate_like(folder, "ca", "small", "gateway.lab", "P-256", 99);
    certificate(folder, "ca", "client", "client.lab");
    vm.exec(SETUP).expect(0);
    let gateway = Gateway { vm };
    gateway.put("/gw/swanctl/x509ca/ca.pem", &gateway.read("ca.pem"));
    gateway.put("/etc/swanctl/private/stamping.key", &gateway.read("client.key"));
    gateway.serve("gateway", DECLARED);
    gateway
}

pub fn the_line_is_as_declared_or_not_at_all(vm: &Vm) {
    let gateway = ground(vm);
    let (inventory, line) = (inventory(vm), playbook("stamping-line.yml"));
    let harda =
        |verb: &[&str], code: i32| vm.harda(&[verb, &[&line, "-i", &inventory]].concat()).expect(code);
    assert!(carries(vm) && gateway.seen() > 0, "without a tunnel it goes in the clear");

    let ran = harda(&["apply"], 0);
    let key = gateway.read("client.key");
    assert!(!ran.all().contains(key.lines().nth(1).expect("a line")), "the key is shown");
    vm.until(SOON, || is_up(vm));
    harda(&["plan", "--detailed-exitcode"], 0);
    harda(&["audit"], 0).says(": compliant");
    let before = gateway.seen();
    assert!(carries(vm));
    assert_eq!(gateway.seen(), before, "in the clear, with the tunnel up");

    // What was negotiated, and again by rekeying: with P-384 for ESP too.
    let suite = "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384";
    assert!(sas(vm).contains(suite) && sas(vm).contains("ESP:AES_GCM_16-256"), "{}", sas(vm));
    vm.exec("swanctl --rekey --child stamping && swanctl --rekey --ike stamping").expect(0);
    vm.until(SOON, || sas(vm).contains("ESP:AES_GCM_16-256/ECP_384") && sas(vm).contains(suite));
    assert!(carries(vm));
    harda(&["audit"], 0).says(": compliant");

    weaker_gateways_are_refused(vm, &gateway);
    harda(&["audit"], 3).says("there is no tunnel to 192.0.2.1");

    // Somebody weakens the client; the gateway takes both.
    let weak = "aes128gcm16-prfsha256-ecp256";
    gateway.serve(
        "gateway",
        (&format!("{}, {weak}", DECLARED.0), &format!("{}, aes128gcm16-ecp256", DECLARED.1)),
    );
    vm.exec(&format!(
        "sed -i -e 's/^\\( *proposals = \\).*/\\1{weak}/' -e 's/^\\( *esp_proposals = \\).*/\\1aes128gcm16-ecp256/' \
         /etc/swanctl/conf.d/stamping.conf && systemctl restart strongswan"
    ))
    .expect(0);
    vm.until(SOON, || is_up(vm));
    harda(&["audit"], 3).says("IKE AES_GCM_16-128/PRF_HMAC_SHA2_256/ECP_256");
    harda(&["apply"], 0);
    vm.until(SOON, || is_up(vm));
    harda(&["audit"], 0).says(": compliant");
}

fn weaker_gateways_are_refused(vm: &Vm, gateway: &Gateway) {
    let (ike, esp) = DECLARED;
    let refused = [
        ("a weaker IKE", "gateway", ("aes128gcm16-prfsha256-ecp256", esp)),
        ("a weaker ESP", "gateway", (ike, "aes128gcm16-ecp384")),
        ("a weaker key", "small", DECLARED),
        ("another name", "other", DECLARED),
        ("another authority", "forged", DECLARED),
    ];
    for (what, certificate, proposals) in refused {
        gateway.serve(certificate, proposals);
        vm.exec("systemctl restart strongswan").expect(0);
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            assert!(!is_up(vm), "{what}: {}", sas(vm));
        }
        let said = vm.exec("journalctl -u strongswan -b -o cat --since -20s").stdout;
        assert!(
            [
                "NO_PROPOSAL_CHOSEN",
                "constraint check failed",
                "AUTH_FAILED",
                "AUTHENTICATION_FAILED",
                "no trusted"
            ]
            .iter()
            .any(|refusal| said.contains(refusal)),
            "{what}: {said}"
        );
    }
}

pub fn nothing_takes_another_way(vm: &Vm) {
    let gateway = ground(vm);
    let (inventory, line, firewall) =
        (inventory(vm), playbook("stamping-line.yml"), playbook("firewall.yml"));
    vm.harda(&["apply", &line, "-i", &inventory]).expect(0);
    gateway.put("/etc/swanctl/conf.d/factory.conf", FACTORY);
    vm.exec("swanctl --load-all --noprompt").expect(0);
    vm.until(SOON, || is_up(vm));
    // A host without a firewall takes what comes from there.
    assert!(gateway.asks("198.51.100.7", 8443) && gateway.asks("198.51.100.8", 9443));

    vm.harda(&["apply", &firewall, "-i", &inventory]).expect(0);
    vm.harda(&["plan", &firewall, "-i", &inventory, "--detailed-exitcode"]).expect(0);
    let as_declared = || {
        vm.until(SOON, || carries(vm));
        assert!(!gateway.asks("198.51.100.7", 8443), "a connection that the service's side opened");
        vm.until(SOON, || gateway.asks("198.51.100.8", 9443));
        assert!(!gateway.asks("198.51.100.8", 8443), "a port that is not declared");
    };
    as_declared();

    // A connection that is open when the tunnel goes down doesn't go on in the clear; nor do new ones begin.
    let before = gateway.seen();
    vm.exec(
        "systemd-run --quiet --collect bash -c \
         'exec 3<>/dev/tcp/198.51.100.7/443; for i in 1 2 3 4 5 6 7 8; do sleep 1; echo x >&3; done'; sleep 1",
    )
    .expect(0);
    vm.exec("systemctl stop strongswan").expect(0);
    assert!(!carries(vm), "without strongSwan");
    // What the gateway sends in the clear now is refused too.
    vm.exec("systemctl stop gw").expect(0);
    assert!(!gateway.asks("198.51.100.8", 9443), "a remote service in the clear");
    assert!(!gateway.asks("198.51.100.7", 8443), "the service in the clear");
    vm.exec("systemctl start strongswan; sleep 3").expect(0);
    assert!(!carries(vm), "without the gateway");
    assert_eq!(gateway.seen(), before, "packets went out in the clear");

    vm.exec("systemctl start gw").expect(0);
    as_declared();
    vm.reboot();
    as_declared();
    assert_eq!(gateway.seen(), 0, "packets went out in the clear after the boot");
    vm.harda(&["audit", &line, "-i", &inventory]).expect(0).says(": compliant");
    vm.harda(&["plan", &firewall, "-i", &inventory, "--detailed-exitcode"]).expect(0);
}

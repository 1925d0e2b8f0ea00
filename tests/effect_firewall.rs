//! What playbooks/firewall.yml does, by connecting: in and out, over IPv4 and IPv6, after a reboot, with other tables
//! beside it; and that with the tunnel down nothing goes to the stamping service in the clear.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::Playbook;
use support::Lab;

/// Waits for connections on a port and greets them.
fn listen(lab: &Lab, host: &str, port: u16) {
    let unit = format!(
        "systemd-run --quiet --collect --unit=greet-{port} \
         systemd-socket-activate -l {port} --inetd -a sh -c 'echo hello'"
    );
    lab.exec(host, &unit).expect(0);
}

/// Whether a connection is greeted.
fn greeted(lab: &Lab, from: &str, to: &str, port: u16) -> bool {
    let script = format!("timeout 3 bash -c 'read -t 2 line </dev/tcp/{to}/{port} && echo $line'");
    lab.exec(from, &script).stdout.contains("hello")
}

/// Whether sshd answers, from this machine in the lab's network: not the address that harda comes from.
fn ssh_answers_a_stranger(lab: &Lab, to: &str) -> bool {
    let script = format!("read -t 2 line </dev/tcp/{to}/22 && echo $line");
    lab.call(&["--prefix", &lab.prefix, "run", "timeout", "3", "bash", "-c", &script]).stdout.contains("SSH-")
}

/// Where harda comes from.
fn caller(lab: &Lab, host: &str) -> String {
    let address = lab.address(host);
    let (network, _) = address.rsplit_once('.').expect("an address");
    format!("{network}.254")
}

#[test]
fn what_is_not_declared_is_refused_both_ways() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm"]);
    let (hosts, other) = (&lab.hosts[..2], lab.hosts[2].clone());
    let (friend, admin) = (lab.address(&other), caller(&lab, &other));
    let site = format!(
        "firewall_ssh_from: ['{admin}']
firewall_inbound:
  - {{port: 8080, from: ['{friend}'], purpose: orders}}
firewall_outbound:
  - {{to: ['{friend}'], port: 6514, purpose: log server}}
"
    );
    lab.write("site.yml", &site);
    for port in [6514, 7000] {
        listen(&lab, &other, port);
    }
    for host in hosts {
        for port in [8080, 9090] {
            listen(&lab, host, port);
        }
        lab.exec(host, "nft add table inet others; nft add chain inet others kept").expect(0);
    }
    let address = |host: &String| lab.address(host);
    for host in hosts {
        effect::soon("the listeners", || greeted(&lab, host, &friend, 7000));
        assert!(ssh_answers_a_stranger(&lab, &address(host)) && greeted(&lab, &other, &address(host), 9090));
    }
    let playbook = Playbook::new(&lab, "firewall.yml").with("@site.yml");
    playbook.apply(hosts);
    playbook.has_nothing_to_do(hosts);

    let as_declared = || {
        for host in hosts {
            let at = address(host);
            assert!(greeted(&lab, &other, &at, 8080), "{host}: an inbound service that is declared");
            assert!(!greeted(&lab, &other, &at, 9090), "{host}: one that isn't");
            assert!(
                !greeted(&lab, &hosts[usize::from(*host == hosts[0])], &at, 8080),
                "{host}: from elsewhere"
            );
            assert!(!ssh_answers_a_stranger(&lab, &at), "{host}: ssh from elsewhere");
            assert!(greeted(&lab, host, &friend, 6514), "{host}: an outbound one that is declared");
            assert!(!greeted(&lab, host, &friend, 7000), "{host}: one that isn't");
            // Neighbours are still found.
            lab.exec(host, "ip -6 neigh flush dev eth0; ping -6 -c 1 -W 3 ff02::1%eth0 >/dev/null; true")
                .expect(0);
        }
    };
    as_declared();
    for host in hosts {
        lab.exec(host, "nft list chain inet others kept").expect(0);
    }

    // Somebody tries the doors.
    let at = address(&hosts[1]);
    let scan = format!(
        "for p in $(seq 1000 1060); do (timeout 0.2 bash -c \"</dev/tcp/{at}/$p\" 2>/dev/null &) ; done; sleep 1"
    );
    lab.exec(&other, &scan).expect(0);
    lab.exec(&hosts[1], "nft list set inet harda scanning").expect(0).says(&friend);
    // What a set has learned is no difference.
    playbook.has_nothing_to_do(hosts);

    for host in hosts {
        lab.call(&["reboot", host]).expect(0);
        for port in [8080, 9090] {
            listen(&lab, host, port);
        }
    }
    effect::soon("the listeners", || hosts.iter().all(|host| greeted(&lab, &other, &address(host), 8080)));
    as_declared();
    playbook.has_nothing_to_do(hosts);
    // The rules of the running kernel are what counts, not the file.
    for host in hosts {
        lab.exec(host, "nft delete table inet harda").expect(0);
    }
    playbook.apply(hosts);
    as_declared();
}

/// Reserved for documentation: nobody's.
const SERVICE: &str = "198.51.100.7";

#[test]
fn with_the_tunnel_down_nothing_goes_to_the_stamping_service() {
    let lab = Lab::up(&["trixie", "bookworm"]);
    let (host, other) = (&lab.hosts[0], &lab.hosts[1]);
    let (admin, outside) = (caller(&lab, other), lab.address(other));
    let site = format!(
        "firewall_ssh_from: ['{admin}']\nfirewall_outbound: []\nstamping_service: [{SERVICE}]\nstamping_tunnel: tun0\n"
    );
    lab.write("site.yml", &site);
    // The other end of the tunnel is a namespace of the host; outside, a machine that would take the traffic too.
    let tunnel = format!(
        "ip netns add gateway
ip link add tun0 type veth peer name far netns gateway
ip addr add 10.9.9.1/30 dev tun0; ip link set tun0 up
ip netns exec gateway sh -c 'ip link set lo up; ip addr add 10.9.9.2/30 dev far; ip link set far up; ip addr add {SERVICE}/32 dev lo'
systemd-run --quiet --collect ip netns exec gateway systemd-socket-activate -l 443 --inetd -a sh -c 'echo hello'
ip route add {SERVICE} via 10.9.9.2"
    );
    lab.exec(host, &tunnel).expect(0);
    lab.exec(other, &format!("ip addr add {SERVICE}/32 dev lo; nft add table inet seen; nft add chain inet seen in '{{ type filter hook input priority 0; }}'; nft add rule inet seen in ip daddr {SERVICE} counter")).expect(0);
    listen(&lab, other, 443);
    let seen = || {
        let rules = lab.exec(other, "nft list chain inet seen in").expect(0).stdout;
        let (_, count) = rules.split_once("packets ").expect("a counter");
        count.split(' ').next().and_then(|n| n.parse::<u64>().ok()).expect("a number")
    };
    let down = format!("ip route replace {SERVICE} via {outside}");
    let up = format!("ip route replace {SERVICE} via 10.9.9.2");
    effect::soon("the service", || greeted(&lab, host, SERVICE, 443));
    assert_eq!(seen(), 0);
    lab.exec(host, &down).expect(0);
    effect::soon("the wrong way", || greeted(&lab, host, SERVICE, 443));
    assert!(seen() > 0, "without a firewall it goes in the clear");
    lab.exec(host, &up).expect(0);

    let mine = std::slice::from_ref(host);
    Playbook::new(&lab, "firewall.yml").with("@site.yml").apply(mine);
    assert!(greeted(&lab, host, SERVICE, 443), "through the tunnel");
    // A connection that is open when the tunnel goes down doesn't go on in the clear either.
    lab.exec(host, &format!("systemd-run --quiet --collect bash -c 'exec 3<>/dev/tcp/{SERVICE}/443; for i in 1 2 3 4 5 6; do sleep 1; echo x >&3; done'")).expect(0);
    let before = seen();
    lab.exec(host, &down).expect(0);
    assert!(!greeted(&lab, host, SERVICE, 443), "in the clear");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(seen(), before, "packets went out in the clear");
    lab.exec(host, &up).expect(0);
    assert!(greeted(&lab, host, SERVICE, 443), "the tunnel is up again");
    // The service opens nothing towards the host.
    listen(&lab, host, 8443);
    let back = "ip netns exec gateway timeout 3 bash -c 'read -t 2 l </dev/tcp/10.9.9.1/8443 && echo $l'";
    assert!(!lab.exec(host, back).stdout.contains("hello"), "a connection that the service's side opened");
}

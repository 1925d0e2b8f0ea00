//! What playbooks/intrusion.yml does: an address that fails to log in is shut out, the administrators' is not, whatever
//! they get wrong; and that a scan shows in the kernel's log (firewall.yml).

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;

use effect::{Playbook, each, run, soon, ssh, ssh_by_key};
use mutation::Mutant;
use support::Lab;

/// Where harda comes from, and where the tests' own ssh does.
fn addresses(lab: &Lab) -> (String, String) {
    (lab.env("HARDA_LAB_CALLER"), lab.env("HARDA_LAB_GATEWAY"))
}

/// Logs in with a key that nobody knows, from the gateway's address.
fn fails_to_log_in(lab: &Lab, host: &str) {
    // A ban in the middle of a try leaves it without an answer.
    let alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];
    let none = ["-o", "PubkeyAuthentication=no", "-o", "PasswordAuthentication=no"];
    let options = [alive, none].concat();
    run(ssh(lab, &format!("admin@{host}"), &options).arg("true"));
    run(ssh(lab, &format!("nobody-{host}@{host}"), &options).arg("true"));
}

fn banned(lab: &Lab, host: &str) -> String {
    lab.exec(host, "fail2ban-client get sshd banip").expect(0).stdout
}

#[test]
fn who_fails_to_log_in_is_shut_out_and_the_administrators_are_not() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-bare", "trixie-bare"]);
    let (admin, stranger) = addresses(&lab);
    let site = |from: &str| format!(r#"{{"firewall_ssh_from": ["{from}"], "intrusion_tries": 3}}"#);
    let playbook = Playbook::new(&lab, "intrusion.yml").with(site(&admin));
    playbook.run("plan", &lab.hosts, &[]).expect(0).says_not("unknown until");
    playbook.apply(&lab.hosts).says("announced and not made: 0; made and not announced: 0");
    playbook.has_nothing_to_do(&lab.hosts);
    playbook.complies(&lab.hosts);
    each(&lab, |host| {
        assert_eq!(lab.exec(host, "systemctl --failed --no-legend").stdout, "");
        run(ssh_by_key(&lab, &format!("admin@{host}"), &[]).arg("true")).expect(0);
        for _ in 0..4 {
            fails_to_log_in(&lab, host);
        }
        soon("the ban", || banned(&lab, host).contains(&stranger));
        assert_ne!(
            run(ssh_by_key(&lab, &format!("admin@{host}"), &["-o", "ConnectTimeout=3"]).arg("true")).code,
            0
        );
        soon("the line in syslog", || {
            lab.exec(host, "journalctl --no-pager -t fail2ban-server -t fail2ban.actions")
                .stdout
                .contains(&format!("Ban {stranger}"))
        });
    });
    // harda still gets in.
    playbook.complies(&lab.hosts);
    each(&lab, |host| drop(lab.exec(host, "fail2ban-client unban --all").expect(0)));
    // The same from the administrators' network: declared, the other address is never banned.
    let spared = Playbook::new(&lab, "intrusion.yml")
        .with(format!(r#"{{"firewall_ssh_from": ["{admin}", "{stranger}"], "intrusion_tries": 3}}"#));
    spared.apply(&lab.hosts);
    each(&lab, |host| {
        for _ in 0..4 {
            fails_to_log_in(&lab, host);
        }
        std::thread::sleep(std::time::Duration::from_secs(3));
        assert_eq!(banned(&lab, host).trim(), "", "{host}");
        run(ssh_by_key(&lab, &format!("admin@{host}"), &[]).arg("true")).expect(0);
    });
    // What is in force counts.
    each(&lab, |host| {
        drop(lab.exec(host, &format!("fail2ban-client set sshd delignoreip {stranger}")).expect(0))
    });
    spared.run("audit", &lab.hosts, &[]).expect(3);
    spared.apply(&lab.hosts);
    spared.complies(&lab.hosts);
}

/// The kernel that the lab's hosts share logs for all of them while this lives.
struct SharedLog(String);

const SWITCH: &str = "/proc/sys/net/netfilter/nf_log_all_netns";

impl SharedLog {
    fn on() -> SharedLog {
        let before = std::fs::read_to_string(SWITCH).expect("a kernel with nf_tables");
        std::fs::write(SWITCH, "1").expect("root");
        SharedLog(before)
    }

    /// How many lines tell of a scan from there.
    fn scans(&self, source: &str) -> usize {
        let log = run(&mut std::process::Command::new("dmesg")).stdout;
        log.lines().filter(|line| line.contains("harda-scan") && line.contains(source)).count()
    }
}

impl Drop for SharedLog {
    fn drop(&mut self) {
        let _ = std::fs::write(SWITCH, &self.0);
    }
}

#[test]
fn a_scan_shows_in_the_log() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm"]);
    let (hosts, other) = (&lab.hosts[..2], &lab.hosts[2]);
    let (admin, _) = addresses(&lab);
    let site = format!(
        r#"{{"firewall_ssh_from": ["{admin}"], "firewall_outbound": [], "firewall_scan_ports": 10}}"#
    );
    Playbook::new(&lab, "firewall.yml").with(site).apply(hosts);
    let log = SharedLog::on();
    for (at, host) in hosts.iter().enumerate() {
        lab.exec(host, &format!("ip addr add fd00::1{at}/64 dev eth0 nodad")).expect(0);
        lab.exec(other, &format!("ip addr add fd00::2{at}/64 dev eth0 nodad")).expect(0);
        let six = (format!("fd00::1{at}"), format!(":002{at} "));
        for (to, source) in [(lab.address(host), format!("SRC={} ", lab.address(other))), six] {
            let knock = |ports: &str| {
                let knocks = format!(
                    "for p in $(seq {ports}); do (timeout 0.2 bash -c \"</dev/tcp/{to}/$p\" 2>/dev/null &) ; done; sleep 1"
                );
                lab.exec(other, &knocks).expect(0);
            };
            let before = log.scans(&source);
            knock("2000 2003");
            assert_eq!(log.scans(&source), before, "{host}: a few tries are no scan");
            knock("1000 1040");
            soon("the line of the scan", || log.scans(&source) > before);
        }
    }
}

#[test]
fn a_sensor_tells_what_its_rules_know_where_it_is_asked_for() {
    let lab = Lab::up(&["trixie", "bookworm"]);
    let (host, other) = (&lab.hosts[0], &lab.hosts[1]);
    let mine = std::slice::from_ref(host);
    Playbook::new(&lab, "network-sensor.yml").has_nothing_to_do(&lab.hosts);
    let rule = "alert tcp any any -> any 4444 (msg:\"lab knock\"; flags:S; sid:1000001; rev:1;)\n";
    let file = lab.write("lab.rules", rule).to_string_lossy().into_owned();
    let site = serde_json::json!({ "network_sensor": "suricata", "network_sensor_interface": "eth0", "network_sensor_rule_files": [file] });
    let playbook = Playbook::new(&lab, "network-sensor.yml").with(site.to_string());
    playbook.run("plan", &lab.hosts, &[]).expect(2).says("Debian 12 has no package of Suricata");
    playbook.apply(mine);
    playbook.has_nothing_to_do(mine);
    let told = || lab.exec(host, "journalctl --no-pager -t suricata --facility=authpriv").stdout;
    let knock = |port: u16| {
        let line = format!("timeout 1 bash -c '</dev/tcp/{}/{port}'; true", lab.address(host));
        lab.exec(other, &line).expect(0);
    };
    soon("the sensor", || {
        lab.exec(host, "journalctl --no-pager -u suricata").stdout.contains("Engine started")
    });
    knock(4443);
    assert!(!told().contains("lab knock"));
    soon("the sensor's word", || {
        knock(4444);
        told().contains("lab knock")
    });
    Mutant::new(&lab, mine, &[&site.to_string()]).is_found_and_put_right(&["network-sensor"]);
}

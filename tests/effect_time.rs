//! What playbooks/time.yml does, as far as a container shows it, which has no clock of its own: chrony asks the servers
//! that are declared and no others. The hosts are taken for machines, since the playbook leaves containers alone.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;

use effect::{Playbook, put, soon};
use mutation::Mutant;
use support::Lab;

fn machine<'l>(lab: &'l Lab, more: &str) -> Playbook<'l> {
    Playbook::new(lab, "time.yml").with("ansible_virtualization_type=kvm").with(more)
}

/// All but whether the clock is right, which is the machine's here.
const DAEMON: [&str; 2] = ["-t", "control:time-daemon,control:time-servers"];

/// The daemon's unit runs in a container too: chronyd without setting the clock, timesyncd not itself.
fn let_run(lab: &Lab, host: &str, unit: &str, service: &str) {
    let text = format!("[Unit]\nConditionCapability=\nConditionVirtualization=\n[Service]\n{service}");
    put(lab, host, &format!("/etc/systemd/system/{unit}.service.d/lab.conf"), &text);
    lab.exec(host, "systemctl daemon-reload").expect(0);
}

#[test]
fn chrony_asks_the_declared_server_and_no_other() {
    let lab = Lab::up(&["bookworm", "trixie", "trixie"]);
    let (clients, server) = (&lab.hosts[..2], &lab.hosts[2]);
    for host in &lab.hosts {
        let_run(&lab, host, "chrony", "ExecStart=\nExecStart=!/usr/sbin/chronyd -x\n");
    }
    // A server that serves its own clock and sets none.
    lab.exec(server, "apt-get install -y chrony").expect(0);
    put(&lab, server, "/etc/chrony/chrony.conf", "local stratum 1\nallow\n");
    lab.exec(server, "systemctl restart chrony").expect(0);
    let address = lab.address(server);
    let playbook = machine(&lab, &format!(r#"{{"time_servers": ["{address}"]}}"#)).with("time_daemon=chrony");
    playbook.run("apply", clients, &DAEMON).expect(0);
    playbook.run("plan", clients, &[&DAEMON[..], &["--detailed-exitcode"]].concat()).expect(0);
    for host in clients {
        // `^*`: the server that the clock follows.
        let sources = || lab.exec(host, "chronyc -n -c sources").stdout;
        soon("the server's answer", || sources().starts_with(&format!("^,*,{address},")));
        assert_eq!(sources().lines().count(), 1, "{}", sources());
    }
    for host in clients {
        lab.exec(host, "echo 'pool pool.example iburst' >>/etc/chrony/chrony.conf").expect(0);
    }
    playbook.run("plan", clients, &[&DAEMON[..], &["--detailed-exitcode"]].concat()).expect(3);
}

#[test]
fn timesyncd_knows_the_declared_servers_only() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = machine(&lab, r#"{"time_servers": ["192.0.2.7", "192.0.2.8"]}"#);
    for host in &lab.hosts {
        let_run(&lab, host, "systemd-timesyncd", "Type=simple\nExecStart=\nExecStart=/bin/sleep 1000\n");
        lab.exec(host, "apt-get install -y systemd-timesyncd").expect(0);
        put(&lab, host, "/etc/systemd/timesyncd.conf.d/dhcp.conf", "[Time]\nNTP=192.0.2.99\n");
    }
    playbook.run("apply", &lab.hosts, &DAEMON).expect(0);
    playbook.run("plan", &lab.hosts, &[&DAEMON[..], &["--detailed-exitcode"]].concat()).expect(0);
    for host in &lab.hosts {
        // Read by systemd's own merge; the last empty value ends what stood before.
        let merged = lab.exec(host, "systemd-analyze cat-config systemd/timesyncd.conf").expect(0).stdout;
        let values: Vec<&str> = merged.lines().filter(|line| line.starts_with("NTP=")).collect();
        assert_eq!(values, ["NTP=192.0.2.99", "NTP=", "NTP=192.0.2.7 192.0.2.8"], "{host}");
        assert!(merged.lines().any(|line| line == "FallbackNTP="), "{merged}");
    }
    let site = ["ansible_virtualization_type=kvm", r#"{"time_servers": ["192.0.2.7", "192.0.2.8"]}"#];
    Mutant::new(&lab, &lab.hosts, &site).is_found_and_put_right(&["time-daemon", "time-servers"]);
}

#[test]
fn a_second_daemon_and_a_wrong_clock_are_found_and_a_container_is_left_alone() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    Playbook::new(&lab, "time.yml").run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(0);
    lab.exec(host, "apt-get install -y systemd-timesyncd").expect(0);
    let plan = || machine(&lab, "time_daemon=keep").run("plan", &lab.hosts, &[]);
    plan().expect(2).says("the clock is not synchronised, though systemd-timesyncd is there");
    put(
        &lab,
        host,
        "/etc/systemd/system/ntp.service",
        "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    );
    lab.exec(host, "systemctl enable ntp").expect(0);
    plan().expect(2).says("ntp and systemd-timesyncd all keep the clock");
}

//! Ways by the packet filter and the network.

use super::*;

/// A file that is written, and a service that a handler restarts.
fn restarted(path: &str, content: &str, service: &str) -> String {
    let file = serde_json::json!({ "dest": path, "content": content, "mode": "0644" });
    format!(
        "  tasks:\n    - name: bites\n      copy: {file}\n      notify: takes effect\n  handlers:\n    - name: takes effect\n      service: {{name: {service}, state: restarted, daemon_reload: true}}\n"
    )
}

pub fn by_firewall() -> Vec<Case> {
    let new = nft("add rule inet shut in tcp dport 22 ct state new drop");
    let all = nft("add rule inet shut in iif eth0 drop");
    let ruleset = "flush ruleset\ntable inet filter {\n  chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established accept; }\n}\n";
    let template = format!(
        "  tasks:\n    - name: bites\n      copy: {}\n    - name: takes effect\n      service: {{name: nftables, state: started, enabled: true}}\n  handlers: []\n",
        serde_json::json!({ "dest": "/etc/nftables.conf", "content": ruleset, "mode": "0755" })
    );
    vec![
        Case::new("nft drops every packet", shell(&all)).sample(),
        Case::new("nft drops new connections to ssh", shell(&new)).on("trixie").sample(),
        Case::new("nft drops new connections, over rules of others", shell(&new))
            .after("nft 'add table inet mine; add set inet mine s { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.7 } }; add chain inet mine c { type filter hook input priority 10; policy accept; }; add rule inet mine c ip saddr @s counter drop'"),
        Case::new("the rules of nftables.conf", template),
        Case::new("nftables.conf, by a restart", restarted("/etc/nftables.conf", ruleset, "nftables")),
        Case::new("sshd's options elsewhere", restarted("/etc/default/ssh", "SSHD_OPTS=-p 2222\n", "ssh")).sample(),
        Case::new(
            "sshd elsewhere, by a drop-in of its unit",
            restarted(
                "/etc/systemd/system/ssh.service.d/elsewhere.conf",
                "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -p 2222\n",
                "ssh",
            ),
        )
        .after("mkdir -p /etc/systemd/system/ssh.service.d"),
        Case::new("what nft does not take", copy("/etc/nftables.conf", "table inet filter { chain }\n"))
            .refused("syntax error"),
        Case::new("ufw denies before it allows", shell("ufw default deny incoming && ufw --force enable"))
            .after(&install("ufw")),
        Case::new("iptables", shell("iptables -A INPUT -p tcp --dport 22 --syn -j DROP")).after(&install("iptables")),
        Case::new("the policy of iptables", shell("iptables -P INPUT DROP")).after(&install("iptables")).on("trixie"),
        Case::new(
            "a rule that only iptables can read, over rules of others",
            shell("nft 'add chain inet mine c { policy drop; }'; iptables -A INPUT -p tcp --dport 22 --syn -m recent --set --name shut -j DROP; iptables -t raw -A PREROUTING -p tcp --dport 23 -j DROP"),
        )
        .after(&format!(
            "{}; iptables -A INPUT -p tcp --dport 24 -m string --algo bm --string x -j DROP || exit 77; nft 'add table inet mine; add chain inet mine c {{ type filter hook input priority 10; policy accept; }}; add rule inet mine c tcp dport 25 drop'",
            install("iptables")
        )),
        Case::new("legacy iptables", shell("iptables-legacy -A INPUT -p tcp --dport 22 --syn -j DROP"))
            .after(&format!("{}; iptables-legacy -S >/dev/null 2>&1 || exit 77", install("iptables"))),
    ]
}

pub fn by_network() -> Vec<Case> {
    vec![
        Case::new("the address goes", shell("ip addr del {{ ansible_host }}/24 dev eth0")).sample(),
        Case::new("an address with all that belongs to it, and two ways", shell("ip addr flush dev eth0")).after(
            "ip addr add 192.0.2.5/24 brd + label eth0:x dev eth0 && ip addr add 192.0.2.9/32 scope link dev eth0 &&
            ip route add 198.51.100.0/24 nexthop via 192.0.2.6 dev eth0 nexthop via 192.0.2.7 dev eth0",
        ),
        Case::new("the link goes down", shell("ip link set eth0 down")).on("trixie"),
        Case::new("a black hole for harda", shell("ip route add blackhole {{ lab_caller }}/32")),
        Case::new("a rule before the routes", shell("ip rule add to {{ lab_caller }}/32 prohibit pref 5"))
            .on("bookworm-busybox"),
        Case::new(
            "a wrong neighbour for harda",
            shell("ip neigh replace {{ lab_caller }} lladdr 02:00:00:00:00:01 nud permanent dev eth0"),
        ),
        Case::new("a link without ARP, of another address and size", shell(
            "ip link set eth0 mtu 900; ip link set eth0 address 02:00:00:00:00:02; ip link set eth0 arp off; ip neigh flush dev eth0",
        ))
        .on("trixie"),
        Case::new("a qdisc that swallows all", shell("tc qdisc replace dev eth0 root blackhole")).sample(),
        Case::new("values of the kernel, and a drop", shell(&format!(
            "echo 77 >/proc/sys/net/ipv4/tcp_keepalive_time; sysctl -qw net.core.somaxconn=7 net.ipv4.ip_forward=1 net.ipv4.neigh.eth0.retrans_time_ms=7000; {}",
            nft("add rule inet shut in iif eth0 drop")
        ))),
        Case::new("hosts.deny", copy("/etc/hosts.deny", "sshd: ALL\n")),
        // Answers leave by another way than they came in, as on a host of two networks.
        Case::new(
            "rp_filter where routes are not symmetrical",
            task("sysctl", serde_json::json!({ "name": "net.ipv4.conf.all.rp_filter", "value": "1" })),
        )
        .after(
            "set -e; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
            ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
            a=$(ip -o -4 addr show eth0 | sed -n 's/.*inet \\([0-9.]*\\)\\.[0-9]*\\/24.*/\\1/p')
            ip route add $a.0/24 dev eth0 table 100; ip rule add fwmark 7 lookup 100
            nft 'add table inet ways; add chain inet ways out { type route hook output priority 0; }; add rule inet ways out meta mark set 7'
            ip route replace $a.254/32 dev v0",
        ),
    ]
}

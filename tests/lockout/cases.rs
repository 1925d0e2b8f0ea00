//! The ways, each as the tasks of a playbook. The task that locks out is called `bites`; a handler that makes it
//! effective, `takes effect`.

/// What is to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Before anything is in place, with these words.
    Refused(&'static str),
    /// By the host.
    Restored,
}

pub struct Case {
    pub name: &'static str,
    pub kind: &'static str,
    /// Who logs in.
    pub user: &'static str,
    /// Done on the host before, from outside; exit status 77 where its kernel can't.
    pub prepare: String,
    pub tasks: String,
    pub expect: Expect,
    /// Whether it is in the sample that always runs.
    pub sample: bool,
    /// Words for harda; `agent` gives it an agent with other keys before the right one.
    pub more: Vec<String>,
}

impl Case {
    fn new(name: &'static str, tasks: String) -> Self {
        Case {
            name,
            kind: "bookworm",
            user: "admin",
            prepare: String::new(),
            tasks,
            expect: Expect::Restored,
            sample: false,
            more: Vec::new(),
        }
    }

    fn refused(self, why: &'static str) -> Self {
        Case { expect: Expect::Refused(why), ..self }
    }

    fn on(self, kind: &'static str) -> Self {
        Case { kind, ..self }
    }

    fn by(self, user: &'static str) -> Self {
        Case { user, ..self }
    }

    fn after(self, prepare: &str) -> Self {
        Case { prepare: prepare.into(), ..self }
    }

    fn sample(self) -> Self {
        Case { sample: true, ..self }
    }

    fn with(mut self, words: &[&str]) -> Self {
        self.more.extend(words.iter().map(|word| word.to_string()));
        self
    }
}

fn task(module: &str, arguments: serde_json::Value) -> String {
    format!("  tasks:\n    - name: bites\n      {module}: {arguments}\n")
}

/// A task that isn't effective before sshd reads its files again.
fn then_ssh(module: &str, arguments: serde_json::Value, state: &str) -> String {
    let task = task(module, arguments);
    format!(
        "{task}      notify: takes effect\n  handlers:\n    - name: takes effect\n      service: {{name: ssh, state: {state}}}\n"
    )
}

fn shell(line: &str) -> String {
    task("shell", serde_json::json!(line))
}

fn copy(path: &str, text: &str) -> String {
    task("copy", serde_json::json!({ "dest": path, "content": text }))
}

const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-lockout.conf";

fn sshd(text: &str) -> String {
    then_ssh("copy", serde_json::json!({ "dest": DROP_IN, "content": format!("{text}\n") }), "reloaded")
}

/// The same where harda can't foresee it.
fn sshd_by_command(text: &str) -> String {
    shell(&format!("printf '{text}\\n' >{DROP_IN} && systemctl restart ssh"))
}

fn sudo(text: &str) -> String {
    let arguments = serde_json::json!({ "dest": "/etc/sudoers.d/zz-lockout", "content": format!("{text}\n"), "mode": "0440" });
    task("copy", arguments)
}

fn nft(rules: &str) -> String {
    format!(
        "nft 'add table inet shut; add chain inet shut in {{ type filter hook input priority 0; }}; {rules}'"
    )
}

pub fn cases() -> Vec<Case> {
    [
        by_sshd(),
        by_accounts(),
        by_keys(),
        by_what_the_host_names(),
        by_sudo(),
        by_pam(),
        by_firewall(),
        by_network(),
        by_services(),
        by_folders(),
        by_packages(),
        by_profiles(),
        by_word(),
        by_late_effect(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A change, something else, and only then what makes it effective: two units, the first of which is proven.
fn by_late_effect() -> Vec<Case> {
    let later = |path: &str, text: &str, unit: &str| {
        format!(
            "{}    - command: sleep 0
    - name: takes effect
      service: {{name: {unit}, state: restarted}}
",
            copy(path, text)
        )
    };
    let shut = "flush ruleset\ntable inet shut {\n chain in {\n  type filter hook input priority 0; policy drop;\n }\n}\n";
    vec![
        Case::new(
            "sshd is shut, and restarted by a later task",
            later(DROP_IN, "PerSourceMaxStartups 0\n", "ssh"),
        )
        .sample(),
        Case::new("the same on Debian 13", later(DROP_IN, "PerSourceMaxStartups 0\n", "ssh")).on("trixie"),
        Case::new("the same with busybox", later(DROP_IN, "PerSourceMaxStartups 0\n", "ssh"))
            .on("bookworm-busybox"),
        Case::new(
            "rules for the boot, and loaded by a later task",
            later("/etc/nftables.conf", shut, "nftables"),
        ),
    ]
}

fn by_sshd() -> Vec<Case> {
    let after = |port: &str| format!("{{\"harda_login_after\": {{\"port\": {port}}}}}");
    let allow = serde_json::json!({ "settings": { "AllowUsers": "nobody" } });
    vec![
        Case::new("AllowUsers nobody", then_ssh("sshd_config", allow, "reloaded"))
            .refused("`AllowUsers nobody` does not name it")
            .sample(),
        Case::new("AllowUsers nobody, by a command", sshd_by_command("AllowUsers nobody")),
        Case::new("AllowUsers nobody, by a command, on Debian 13", sshd_by_command("AllowUsers nobody"))
            .on("trixie"),
        Case::new("AllowUsers nobody, by a command, busybox", sshd_by_command("AllowUsers nobody"))
            .on("bookworm-busybox")
            .sample(),
        Case::new("AllowGroups without the admin", sshd("AllowGroups wheel")).refused("`AllowGroups wheel`"),
        Case::new("DenyGroups sudo, by a command", sshd_by_command("DenyGroups sudo")).on("trixie"),
        Case::new("another port", sshd("Port 2222")).refused("sshd would listen on port 2222"),
        Case::new("another port than harda_login_after says", sshd("Port 2222"))
            .with(&["-e", &after("2223")])
            .refused("sshd would listen on port 2222"),
        Case::new("another port, by a command", sshd_by_command("Port 2222")),
        Case::new("ListenAddress elsewhere", sshd("ListenAddress 127.0.0.1"))
            .refused("sshd would listen on 127.0.0.1 only"),
        Case::new("ListenAddress elsewhere, by a command", sshd_by_command("ListenAddress 127.0.0.1")),
        Case::new(
            "a key exchange that harda does not speak",
            sshd("KexAlgorithms sntrup761x25519-sha512@openssh.com"),
        )
        .refused("key exchange"),
        Case::new(
            "the same by a command",
            sshd_by_command("KexAlgorithms sntrup761x25519-sha512@openssh.com"),
        ),
        Case::new("MaxStartups 0", sshd("MaxStartups 0")).refused("Invalid MaxStartups"),
        Case::new("PerSourceMaxStartups 0", sshd("PerSourceMaxStartups 0")),
        Case::new("MaxAuthTries 1 and an agent of many keys", sshd("MaxAuthTries 1")).with(&["agent"]),
        Case::new("PermitRootLogin no for root", sshd("PermitRootLogin no"))
            .by("root")
            .refused("`PermitRootLogin no`"),
        Case::new("PermitRootLogin no for root, by a command", sshd_by_command("PermitRootLogin no"))
            .by("root"),
        Case::new("a Match block that denies", sshd("Match Address 10.200.0.0/16\n  DenyUsers *"))
            .refused("`DenyUsers *`"),
        Case::new("a Match block with a ForceCommand", sshd("Match User admin\n  ForceCommand /bin/false"))
            .refused("`ForceCommand /bin/false`"),
        Case::new(
            "a ForceCommand, by a command",
            sshd_by_command("Match User admin\\n  ForceCommand /bin/false"),
        )
        .on("trixie"),
        Case::new("AuthorizedKeysFile elsewhere", sshd("AuthorizedKeysFile /etc/ssh/keys/%u"))
            .refused("no key is left"),
        Case::new("what sshd does not take", sshd("AllowUser nobody")).refused("AllowUser"),
        Case::new(
            "broken host keys and a restart",
            "  tasks:
    - name: bites
      copy: {dest: '/etc/ssh/ssh_host_{{ item }}_key', content: \"broken\\n\", mode: '0600'}
      loop: [ed25519, ecdsa, rsa]
      notify: takes effect
  handlers:
    - name: takes effect
      service: {name: ssh, state: restarted}
"
            .into(),
        )
        .sample(),
        Case::new(
            "host keys made anew, by a command",
            shell("rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh"),
        ),
    ]
}

fn by_accounts() -> Vec<Case> {
    let user = |more: serde_json::Value| {
        let mut arguments = serde_json::json!({ "name": "admin" });
        let map = arguments.as_object_mut().expect("a map");
        map.extend(more.as_object().expect("a map").clone());
        task("user", arguments)
    };
    let operator = |more: serde_json::Value| user(more).replace("\"admin\"", "\"operator\"");
    vec![
        Case::new("an expired account", user(serde_json::json!({ "expires": 86400 }))).refused("expire"),
        Case::new("an expired account, by chage", shell("chage -E 1 admin")).on("trixie"),
        Case::new("an expired password, by chage", shell("chage -d 0 admin")).sample(),
        Case::new("the shell /bin/false", user(serde_json::json!({ "shell": "/bin/false" })))
            .refused("a shell that ends at once"),
        Case::new("the shell /bin/false, by usermod", shell("usermod -s /bin/false admin")).on("trixie"),
        Case::new("the shell /bin/false, by chsh", shell("chsh -s /bin/false admin")),
        Case::new("a locked password", operator(serde_json::json!({ "password_lock": true })))
            .by("operator")
            .refused("this would lock the password of `operator`"),
        Case::new("a locked password, by passwd", shell("passwd -l operator")).by("operator").on("trixie"),
        Case::new("out of the group sudo", operator(serde_json::json!({ "groups": [] })))
            .by("operator")
            .refused("it would no longer be in `sudo`"),
        Case::new("out of the group sudo, by gpasswd", shell("gpasswd -d operator sudo")).by("operator"),
        Case::new("the account goes", user(serde_json::json!({ "state": "absent" })))
            .refused("which harda logs in as"),
        Case::new("the account goes, by userdel", shell("userdel -f admin")).sample(),
        Case::new("the group sudo goes, by groupdel", shell("groupdel sudo"))
            .by("operator")
            .on("bookworm-busybox"),
        Case::new(
            "accounts are looked up elsewhere",
            copy("/etc/nsswitch.conf", "passwd: sss\ngroup: sss\nshadow: sss\nhosts: files\n"),
        ),
    ]
}

fn by_keys() -> Vec<Case> {
    let keys = "/home/admin/.ssh/authorized_keys";
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ other";
    let exclusive = serde_json::json!({ "user": "admin", "key": other, "exclusive": true });
    let file = |more: serde_json::Value| task("file", more);
    vec![
        Case::new("another key, exclusively", task("authorized_key", exclusive))
            .refused("the key that harda logs in by"),
        Case::new("the key file goes", file(serde_json::json!({ "path": keys, "state": "absent" })))
            .refused("no key is left"),
        Case::new("the key goes, by a command", shell(&format!("sed -i d {keys}"))).on("trixie"),
        Case::new(
            "a home that others may write",
            file(serde_json::json!({ "path": "/home/admin", "state": "directory", "mode": "0777" })),
        )
        .sample(),
        Case::new("the same by chmod", shell("chmod 777 /home/admin")).on("bookworm-busybox"),
        Case::new(
            "another's ~/.ssh",
            file(
                serde_json::json!({ "path": "/home/admin/.ssh", "state": "directory", "owner": "alice", "group": "alice" }),
            ),
        ),
        Case::new(
            "a profile that ends the shell, by a command",
            shell("echo 'exit 1' >/home/admin/.bashrc; chmod 600 /home/admin/.bashrc"),
        ),
        Case::new("another's home, by chown", shell("chown -R alice /home/admin")).on("trixie"),
        Case::new("the keys go, by find", shell("find /home/admin -name 'authorized*' -delete"))
            .on("trixie")
            .sample(),
        Case::new("an empty key file elsewhere, by truncate", shell("truncate -s 0 /opt/keys/admin"))
            .after(&keys_in("/opt/keys")),
    ]
}

/// sshd looks for keys where this host's administrators have said.
fn keys_in(folder: &str) -> String {
    set_up(
        &format!("AuthorizedKeysFile {folder}/%u"),
        &format!(
            "mkdir -p -m 755 {folder} && install -m 644 /home/admin/.ssh/authorized_keys {folder}/admin"
        ),
    )
}

/// A setting of sshd, and what it needs.
fn set_up(setting: &str, needs: &str) -> String {
    format!(
        "{needs} && echo '{setting}' >/etc/ssh/sshd_config.d/10-site.conf && systemctl reload ssh && sleep 1"
    )
}

/// What only the host's own configuration names.
fn by_what_the_host_names() -> Vec<Case> {
    let file = |more: serde_json::Value| task("file", more);
    let folder = |path: &str, mode: &str| {
        file(serde_json::json!({ "path": path, "state": "directory", "mode": mode }))
    };
    let home = "mkdir -m 755 /srv/people && usermod -d /srv/people/admin -m admin";
    let program = set_up(
        "AuthorizedKeysCommand /opt/site/keys\nAuthorizedKeysCommandUser nobody\nAuthorizedKeysFile none",
        "mkdir -m 755 -p /opt/site && printf '#!/bin/sh\ncat /opt/site/admin\n' >/opt/site/keys && \
         chmod 755 /opt/site/keys && install -m 644 /home/admin/.ssh/authorized_keys /opt/site/admin",
    )
    .replace("echo", "printf '%b\\n'");
    vec![
        Case::new("an empty key file where AuthorizedKeysFile says", copy("/etc/ssh/keys/admin", "# none\n"))
            .after(&keys_in("/etc/ssh/keys"))
            .refused("would no longer hold the key that harda logs in by")
            .sample(),
        Case::new("the mode of the folder of AuthorizedKeysFile", folder("/etc/ssh/keys", "0777"))
            .after(&keys_in("/etc/ssh/keys"))
            .on("trixie"),
        Case::new("RevokedKeys that sshd can't read", copy("/etc/ssh/revoked", "garbage here\n"))
            .after(&set_up("RevokedKeys /etc/ssh/revoked", "touch /etc/ssh/revoked"))
            .sample(),
        Case::new("RevokedKeys elsewhere", copy("/opt/site/revoked", "garbage here\n"))
            .after(&set_up("RevokedKeys /opt/site/revoked", "mkdir -p /opt/site && touch /opt/site/revoked"))
            .on("trixie"),
        Case::new(
            "the mode of the program of AuthorizedKeysCommand",
            file(serde_json::json!({ "path": "/opt/site/keys", "mode": "0777" })),
        )
        .after(&program),
        Case::new("the mode of a home elsewhere", folder("/srv/people/admin", "0777")).after(home).sample(),
        Case::new("the folder of homes elsewhere", folder("/srv/people", "0700")).after(home).on("trixie"),
    ]
}

fn by_sudo() -> Vec<Case> {
    let rule = "/etc/sudoers.d/lab-admin";
    let out = "gpasswd -d admin sudo";
    vec![
        Case::new(
            "sudoers without the admin",
            task("copy", serde_json::json!({ "dest": rule, "content": "# nobody\n" })),
        )
        .after(out)
        .refused("would no longer let it use sudo"),
        Case::new("sudoers without the admin, by a command", shell(&format!("rm {rule}"))).after(out),
        Case::new("a rule that takes it away", sudo("admin ALL=(ALL:ALL) !ALL")).sample(),
        Case::new("Defaults requiretty", sudo("Defaults requiretty")).on("trixie"),
        Case::new("Defaults targetpw", sudo("Defaults targetpw")).by("operator"),
        Case::new("a rule whose mode sudo refuses, by chmod", shell(&format!("chmod 666 {rule}"))).after(out),
        Case::new(
            "sudo.conf with a plugin that isn't there",
            copy("/etc/sudo.conf", "Plugin sudoers_policy /nope.so\n"),
        )
        .on("trixie")
        .sample(),
        Case::new("what sudo does not take", sudo("admin ALL=(ALL NOPASSWD: ALL")).refused("syntax error"),
    ]
}

const FAILLOCK: &str = "auth required pam_faillock.so preauth deny=DENY unlock_time=600
auth [success=1 default=ignore] pam_unix.so nullok
auth [default=die] pam_faillock.so authfail deny=DENY unlock_time=600
auth sufficient pam_faillock.so authsucc deny=DENY unlock_time=600
auth required pam_permit.so
";

fn by_pam() -> Vec<Case> {
    let wrong = "echo wrong | runuser -u alice -- su operator -c true";
    let lenient = format!("printf '%s' '{}' >/etc/pam.d/common-auth", FAILLOCK.replace("DENY", "3"));
    vec![
        Case::new(
            "a PAM stack that denies root's rights",
            copy("/etc/pam.d/common-auth", "auth requisite pam_deny.so\n"),
        )
        .by("operator"),
        Case::new(
            "a PAM stack that denies accounts",
            copy("/etc/pam.d/common-account", "account requisite pam_deny.so\n"),
        )
        .sample(),
        Case::new("a PAM file goes, by a command", shell("rm /etc/pam.d/common-account")),
        Case::new(
            "a PAM module that isn't there",
            copy("/etc/pam.d/sudo", "auth required pam_none.so\naccount required pam_none.so\n"),
        )
        .on("trixie"),
        Case::new(
            "no logins for this user, by limits",
            copy("/etc/security/limits.d/shut.conf", "admin - maxlogins 0\n"),
        ),
        Case::new(
            "locked by faillock, by a command",
            shell(&format!("for i in 1 2 3; do {wrong}; done; faillock --user operator")),
        )
        .by("operator")
        .after(&lenient),
        Case::new(
            "faillock with deny=1 and one failure, by a command",
            shell(&format!("sed -i s/deny=3/deny=1/ /etc/pam.d/common-auth; {wrong}; true")),
        )
        .by("operator")
        .after(&lenient),
        Case::new(
            "a module of PAM goes",
            task(
                "file",
                serde_json::json!({ "path": "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "state": "absent" }),
            ),
        )
        .on("trixie"),
        Case::new("the modules of PAM go, by rm", shell("rm -rf /lib/x86_64-linux-gnu/security")),
        Case::new("/etc/nologin", copy("/etc/nologin", "closed\n")).on("trixie"),
        Case::new("/etc/nologin, by a command", shell("touch /etc/nologin")),
    ]
}

/// A file that is written, and a service that a handler restarts.
fn restarted(path: &str, content: &str, service: &str) -> String {
    let file = serde_json::json!({ "dest": path, "content": content, "mode": "0644" });
    format!(
        "  tasks:\n    - name: bites\n      copy: {file}\n      notify: takes effect\n  handlers:\n    - name: takes effect\n      service: {{name: {service}, state: restarted, daemon_reload: true}}\n"
    )
}

fn by_firewall() -> Vec<Case> {
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

fn by_network() -> Vec<Case> {
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

/// What harda's own sessions do not read, and people's do.
fn by_profiles() -> Vec<Case> {
    let first_line = |path: &str| {
        task("lineinfile", serde_json::json!({ "path": path, "line": "exec false", "insertbefore": "BOF" }))
    };
    vec![
        Case::new("exec false in root's .bashrc", first_line("/root/.bashrc")).by("root").sample(),
        Case::new("exec false in root's .profile", first_line("/root/.profile")).by("root").on("trixie"),
        Case::new(
            "exec false behind the question of ~/.bashrc whether somebody is there",
            task(
                "copy",
                serde_json::json!({ "dest": "/home/admin/.bashrc",
                    "content": "case $- in *i*) ;; *) return ;; esac\nexec false\n" }),
            ),
        ),
        Case::new(
            "a broken file in /etc/profile.d",
            copy("/etc/profile.d/broken.sh", "cd /nowhere || exit 1\n"),
        )
        .sample(),
        Case::new("the same by a command", shell("echo 'exit 1' >/etc/profile.d/broken.sh")).on("trixie"),
    ]
}

/// What only the one who wrote the task knows.
fn by_word() -> Vec<Case> {
    let harden = "mkdir -p /opt/site && printf '%s\\n' '#!/bin/sh' \\
        'echo AllowUsers nobody >/etc/ssh/sshd_config.d/00-lockout.conf' 'systemctl restart ssh' >/opt/site/harden.sh && \\
        chmod +x /opt/site/harden.sh";
    let include =
        "mkdir -p /opt/site && echo 'Include /opt/site/*.conf' >/etc/ssh/sshd_config.d/50-site.conf";
    let guarded = |tasks: String| tasks.replacen("      notify:", "      guard: true\n      notify:", 1);
    vec![
        Case::new(
            "a script of one's own, with `guard: true`",
            task("command", serde_json::json!("/opt/site/harden.sh")) + "      guard: true\n",
        )
        .after(harden)
        .sample(),
        Case::new("by a login that does not become root", shell("rm -f ~/.ssh/authorized_keys"))
            .with(&["-e", "ansible_become=false"])
            .refused("the session is `admin`'s, not root's")
            .sample(),
        Case::new(
            "a file that sshd includes, known by its handler",
            then_ssh(
                "copy",
                serde_json::json!({ "dest": "/opt/site/ours.conf", "content": "AllowUsers nobody\n" }),
                "restarted",
            ),
        )
        .after(include)
        .sample(),
        Case::new(
            "a file that sshd includes, with `guard: true`",
            guarded(then_ssh(
                "copy",
                serde_json::json!({ "dest": "/opt/site/ours.conf", "content": "AllowUsers nobody\n" }),
                "restarted",
            )),
        )
        .after(include)
        .sample(),
    ]
}

/// Installs a package from the lab's own archive.
fn install(package: &str) -> String {
    format!("DEBIAN_FRONTEND=noninteractive apt-get -q install -y {package} >/dev/null")
}

fn by_folders() -> Vec<Case> {
    let moved = shell("mv /srv/people /srv/elsewhere");
    vec![
        Case::new("sudo is given another name", shell("mv /usr/bin/sudo /usr/bin/sudo.off")).on("trixie"),
        Case::new("sshd is gone", shell("rm /usr/sbin/sshd; systemctl restart ssh")),
        Case::new("folders on the way to a login, by chmod", shell("chmod 700 / /etc /home /usr/bin")).sample(),
        Case::new(
            "the folder of the homes, by a task",
            task("file", serde_json::json!({ "path": "/home", "state": "directory", "mode": "0700" })),
        )
        .on("trixie"),
        Case::new(
            "the folder of the libraries",
            task(
                "file",
                serde_json::json!({ "path": "/usr/lib/x86_64-linux-gnu", "state": "directory", "mode": "0700" }),
            ),
        )
        .sample(),
        Case::new(
            "/usr without the right to become another",
            shell("mount --bind /usr /usr && mount -o remount,bind,nosuid /usr"),
        )
        .on("trixie")
        .sample(),
        Case::new("an empty file system over the homes", shell("mount -t tmpfs none /home")),
        Case::new("the folder of the homes is moved away", moved + "      guard: true\n")
            .after("mkdir -m 755 /srv/people && usermod -d /srv/people/admin -m admin && touch /srv/people/not-kept"),
        Case::new(
            "access lists and capabilities",
            shell(
                "setcap -r /etc/profile.d/ours.sh; setfacl -b /etc/ssh/sshd_config; setfacl -m u:alice:rx /etc/pam.d; \
                 setfacl -m u:alice:r /etc/pam.d/sudo; setfacl -m u:alice:rwx /home/admin; chmod 777 /home/admin",
            ),
        )
        .after(
            "touch /etc/profile.d/ours.sh && setcap cap_net_raw+ep /etc/profile.d/ours.sh && \
             setfacl -m u:alice:r /etc/ssh/sshd_config",
        ),
        Case::new("sudo without the bit that makes it root's", shell("chmod u-s /usr/bin/sudo")),
        Case::new(
            "a folder that can't be written to while it is put back",
            shell(&format!(
                "echo 'AllowUsers nobody' >{DROP_IN} && systemctl restart ssh; chattr +i /etc/ssh/sshd_config.d; \
                 systemd-run -q --on-active=18 --timer-property=AccuracySec=1s chattr -i /etc/ssh/sshd_config.d"
            )),
        ),
        Case::new(
            "a read-only /etc over the other",
            shell(&format!(
                "echo 'AllowUsers nobody' >{DROP_IN} && systemctl restart ssh; mount --bind /etc /etc; \
                 mount -o remount,bind,ro /etc"
            )),
        ),
    ]
}

fn by_packages() -> Vec<Case> {
    let gone = |name: &str| task("apt", serde_json::json!({ "name": name, "state": "absent" }));
    vec![
        Case::new("openssh-server goes", gone("openssh-server"))
            .refused("its login rests on the package `openssh-server`")
            .sample(),
        Case::new("sudo goes", gone("sudo")).refused("its login rests on the package `sudo`").on("trixie"),
    ]
}

fn by_services() -> Vec<Case> {
    vec![
        Case::new("another target, by isolate", shell("systemctl isolate rescue.target")).sample(),
        Case::new("single-user mode, by init", shell("init 1")).on("trixie"),
        Case::new("emergency mode", shell("systemctl emergency")).on("trixie"),
        Case::new("sshd masked until the next boot", shell("systemctl mask --runtime --now ssh")).sample(),
        Case::new(
            "sshd elsewhere, by a drop-in until the next boot",
            shell(
                "mkdir -p /run/systemd/system.control/ssh.service.d && \
                 printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/sshd -D -p 2222\\n' >/run/systemd/system.control/ssh.service.d/x.conf && \
                 systemctl daemon-reload && systemctl restart ssh",
            ),
        )
        .on("trixie"),
        Case::new(
            "AllowUsers nobody, by a command, without systemd",
            shell(&format!("echo 'AllowUsers nobody' >{DROP_IN}; kill -HUP $(cat /run/sshd.pid)"))
                + "      guard: true\n",
        )
        .on("bookworm-nosystemd")
        .sample(),
        Case::new(
            "sshd's unit, where its package put it",
            shell(
                "sed -i 's|^ExecStart=.*|ExecStart=/bin/false|' /usr/lib/systemd/system/ssh.service; \
                 systemctl daemon-reload; systemctl restart ssh",
            ),
        ),
        Case::new(
            "sshd stopped and disabled",
            task("systemd", serde_json::json!({ "name": "ssh", "state": "stopped", "enabled": false })),
        )
        .sample(),
        Case::new(
            "sshd masked",
            task("systemd", serde_json::json!({ "name": "ssh", "masked": true, "state": "stopped" })),
        )
        .on("trixie"),
        Case::new("sshd masked and stopped, by a command", shell("systemctl mask --now ssh")),
    ]
}

//! Ways by sshd and by the keys that it looks for.

use super::*;

/// A change, something else, and only then what makes it effective: two units, the first of which is proven.
pub fn by_late_effect() -> Vec<Case> {
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

pub fn by_sshd() -> Vec<Case> {
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

pub fn by_keys() -> Vec<Case> {
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
pub fn by_what_the_host_names() -> Vec<Case> {
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

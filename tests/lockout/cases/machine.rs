//! Ways by the machine: folders, packages, services, and what only the task's author knows.

use super::*;

/// What only the one who wrote the task knows.
pub fn by_word() -> Vec<Case> {
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

pub fn by_folders() -> Vec<Case> {
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

pub fn by_packages() -> Vec<Case> {
    let gone = |name: &str| task("apt", serde_json::json!({ "name": name, "state": "absent" }));
    vec![
        Case::new("openssh-server goes", gone("openssh-server"))
            .refused("its login rests on the package `openssh-server`")
            .sample(),
        Case::new("sudo goes", gone("sudo")).refused("its login rests on the package `sudo`").on("trixie"),
    ]
}

pub fn by_services() -> Vec<Case> {
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

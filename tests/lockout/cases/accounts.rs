//! Ways by accounts, sudo, PAM, and what a login reads.

use super::*;

pub fn by_accounts() -> Vec<Case> {
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

pub fn by_sudo() -> Vec<Case> {
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

pub fn by_pam() -> Vec<Case> {
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

/// What harda's own sessions do not read, and people's do.
pub fn by_profiles() -> Vec<Case> {
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

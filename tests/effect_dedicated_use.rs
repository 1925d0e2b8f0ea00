//! What playbooks/dedicated-use.yml finds, removes where that is asked for, and closes.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, put};
use support::Lab;

/// What goes beyond the profile: a package, and jobs of every kind.
const BEYOND: &str = r#"set -e
apt-get install -y cron tree >/dev/null 2>&1
echo '* * * * * root touch /run/mine' >/etc/cron.d/mine
install -D -m 600 /dev/null /var/spool/cron/crontabs/alice
cd /etc/systemd/system
for unit in mine declared; do
  printf '[Timer]\nOnCalendar=hourly\n[Install]\nWantedBy=timers.target\n' >$unit.timer
  printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >$unit.service
done
systemctl daemon-reload
systemctl enable --now mine.timer declared.timer mine.service
"#;

#[test]
fn what_is_beyond_the_profile_is_named_and_removed_where_that_is_asked_for() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-bare", "trixie-bare"]);
    let playbook = || {
        Playbook::new(&lab, "dedicated-use.yml")
            .with(r#"{"dedicated_packages": ["cron"], "dedicated_jobs": ["timer declared*"]}"#)
    };
    playbook().complies(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "apt-get update").expect(0);
        lab.exec(host, BEYOND).expect(0);
    });
    playbook().has_nothing_to_do(&lab.hosts);
    let found = playbook().run("audit", &lab.hosts, &[]).expect(3);
    found.says("installed, and not in dedicated_packages: tree").says("cron /etc/cron.d/mine");
    found
        .says("crontab /var/spool/cron/crontabs/alice")
        .says("timer mine.timer")
        .says("service mine.service");
    found.says_not("declared.timer").says_not("cron.daily").says_not("apt-daily");
    let removing = || playbook().with("dedicated_remove=true");
    removing().apply(&lab.hosts);
    removing().has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "! command -v tree && test ! -e /etc/cron.d/mine && ! systemctl is-active mine.timer")
            .expect(0);
        lab.exec(host, "systemctl is-active declared.timer && systemctl is-enabled mine.service").expect(0);
    });
    // What the host may be for is a person's to end.
    removing().run("audit", &lab.hosts, &[]).expect(3).says("service mine.service").says_not("mine.timer");
}

const KEYS: &str = r#"{"dedicated_keys": [
    {"path": "/srv/keys/sign.key", "owner": "alice", "group": "signers", "mode": "0640", "readers": ["operator"], "purpose": "signs"},
    {"path": "/srv/token", "mode": "0700", "purpose": "a token"},
    {"path": "/usr/local/lib/pkcs11.so", "mode": "0644", "purpose": "the HSM's module"}]}"#;

const MATERIAL: &str = "set -e
groupadd signers; usermod -aG signers operator
mkdir -p /srv/keys /srv/token; chmod 0755 /srv/keys
for f in /srv/keys/sign.key /srv/token/object /usr/local/lib/pkcs11.so; do echo secret >$f; done
chmod 0644 /srv/keys/sign.key; chmod 0600 /srv/token/object; chmod 0755 /srv/token; chmod 0666 /usr/local/lib/pkcs11.so
";

#[test]
fn key_material_is_read_by_nobody_else() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "dedicated-use.yml").with(KEYS);
    let reads = |host: &str, who: &str, path: &str| {
        lab.exec(host, &format!("runuser -u {who} -- cat {path}")).code == 0
    };
    each(&lab, |host| {
        put(&lab, host, "/root/material", MATERIAL);
        lab.exec(host, "sh /root/material").expect(0);
        assert!(reads(host, "admin", "/srv/keys/sign.key"));
    });
    playbook.apply(&lab.hosts);
    playbook.complies(&lab.hosts);
    each(&lab, |host| {
        assert!(reads(host, "alice", "/srv/keys/sign.key") && reads(host, "operator", "/srv/keys/sign.key"));
        assert!(!reads(host, "admin", "/srv/keys/sign.key") && !reads(host, "operator", "/srv/token/object"));
        assert!(reads(host, "admin", "/usr/local/lib/pkcs11.so"));
        lab.exec(host, "! runuser -u admin -- sh -c 'echo x >>/usr/local/lib/pkcs11.so'").expect(0);
    });
    for (opens, says) in [
        ("usermod -aG signers admin", "admin reads /srv/keys/sign.key as a member of signers"),
        (
            "gpasswd -d admin signers; setfacl -m u:admin:r /srv/keys/sign.key",
            "admin gets at /srv/keys/sign.key by an access control list",
        ),
        (
            "setfacl -b /srv/keys/sign.key; chmod 644 /srv/token/object",
            "/srv/token/object is open to everybody",
        ),
        ("chmod 600 /srv/token/object; chmod 0777 /srv/keys", "/srv/keys can be written by everybody"),
        (
            "chmod 0755 /srv/keys; chown admin /srv/keys",
            "/srv/keys, on the way to /srv/keys/sign.key, belongs to admin",
        ),
        ("chown root /srv/keys; mv /srv/token /srv/elsewhere", "/srv/token is not there"),
    ] {
        each(&lab, |host| drop(lab.exec(host, opens).expect(0)));
        playbook.run("audit", &lab.hosts, &[]).expect(3).says(says);
    }
    each(&lab, |host| drop(lab.exec(host, "mv /srv/elsewhere /srv/token").expect(0)));
    playbook.complies(&lab.hosts);
}

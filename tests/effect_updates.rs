//! What playbooks/updates.yml does, with archives that offer a newer package.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;

use effect::{Playbook, each, files, put, run};
use harda::compliance::audit::Outcome;
use mutation::Mutant;
use std::path::Path;
use std::process::Command;
use support::Lab;

/// /srv/newer: an archive with harda-test 2.0, of which 1.0 is installed. $1 is its label, $2 its codename.
const OFFER: &str = r#"set -e
mkdir -p /srv/newer && cd /srv/newer
for version in 1.0 2.0; do
  rm -rf build && mkdir -p build/DEBIAN build/etc
  printf 'Package: harda-test\nVersion: %s\nArchitecture: all\nMaintainer: t <t@example>\nDescription: t\n' $version >build/DEBIAN/control
  echo /etc/harda-test.conf >build/DEBIAN/conffiles
  echo "as of $version" >build/etc/harda-test.conf
  dpkg-deb --build build harda-test_$version.deb
done
dpkg -i harda-test_1.0.deb
deb=harda-test_2.0.deb
{ dpkg-deb -f $deb; echo "Filename: ./$deb"; echo "Size: $(stat -c %s $deb)"
  echo "SHA256: $(sha256sum $deb | cut -d' ' -f1)"; } >Packages
{ echo 'Origin: Debian'; echo "Label: $1"; echo 'Suite: stable-security'; echo "Codename: $2-security"
  echo "Date: $(LC_ALL=C date -uR)"; echo 'SHA256:'
  echo " $(sha256sum Packages | cut -d' ' -f1) $(stat -c %s Packages) Packages"; } >Release
"#;

const TRUSTED: &str = "deb [trusted=yes] file:/srv/newer ./\n";

fn offer(lab: &Lab, host: &str, label: &str) {
    put(lab, host, "/root/offer", OFFER);
    lab.exec(host, &format!(". /etc/os-release; sh /root/offer {label} $VERSION_CODENAME")).expect(0);
}

fn version(lab: &Lab, host: &str) -> String {
    lab.exec(host, "dpkg-query -W -f '${Version}' harda-test").expect(0).stdout
}

/// What apt's two timers run.
fn a_day_passes(lab: &Lab, host: &str) {
    let stamps = "rm -f /var/lib/apt/periodic/*";
    lab.exec(host, &format!("{stamps}; systemctl start apt-daily.service apt-daily-upgrade.service"))
        .expect(0);
}

#[test]
fn a_security_update_is_installed_by_itself_and_keeps_the_hosts_configuration() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "updates.yml");
    each(&lab, |host| {
        lab.exec(host, "apt-get install -y unattended-upgrades; rm /etc/apt/apt.conf.d/20auto-upgrades")
            .expect(0);
        a_day_passes(&lab, host);
    });
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        offer(&lab, host, "Debian-Security");
        put(&lab, host, "/etc/apt/sources.list.d/newer.list", TRUSTED);
        put(&lab, host, "/etc/harda-test.conf", "as this host wants it\n");
        lab.exec(host, "systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer").expect(0);
        // Switched off, nothing comes; as the playbook left it, it does.
        put(&lab, host, "/etc/apt/apt.conf.d/zzz-off", "APT::Periodic::Enable \"0\";\n");
        a_day_passes(&lab, host);
        assert_eq!(version(&lab, host), "1.0");
        lab.exec(host, "rm /etc/apt/apt.conf.d/zzz-off").expect(0);
        a_day_passes(&lab, host);
        assert_eq!(version(&lab, host), "2.0", "{host}");
        lab.exec(host, "cat /etc/harda-test.conf").expect(0).says("as this host wants it");
        lab.exec(host, "journalctl --no-pager -t unattended-upgrade").expect(0).says("harda-test");
    });
}

#[test]
fn pending_security_updates_are_named_and_installed() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "updates.yml");
    playbook.apply(&lab.hosts);
    each(&lab, |host| {
        offer(&lab, host, "Debian");
        put(&lab, host, "/etc/apt/sources.list.d/newer.list", TRUSTED);
        lab.exec(host, "sed -i 's/-security//' /srv/newer/Release; apt-get update").expect(0);
    });
    // Newer, but not from an archive of security.
    playbook.has_nothing_to_do(&lab.hosts);
    let all = Playbook::new(&lab, "updates.yml").with("updates_pending=all");
    all.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3).says("harda-test  version 1.0 -> 2.0");
    each(&lab, |host| {
        offer(&lab, host, "Debian-Security");
        lab.exec(host, "apt-get update --allow-releaseinfo-change").expect(0);
    });
    let plan = playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3);
    plan.says("No security update is pending").says("harda-test  version 1.0 -> 2.0");
    playbook.apply(&lab.hosts);
    each(&lab, |host| assert_eq!(version(&lab, host), "2.0"));
    playbook.has_nothing_to_do(&lab.hosts);
}

#[test]
fn a_host_that_was_not_upgraded_for_long_is_found() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "updates.yml");
    playbook.apply(&lab.hosts);
    let old = "touch -d '40 days ago' /var/lib/apt/periodic/upgrade-stamp; rm -f /var/log/apt/history.log*";
    // What merely writes dpkg's database, or installs a package, is no upgrade.
    let no_upgrade =
        "apt-get update && apt-get install -y apt-utils && echo hostname hold | dpkg --set-selections";
    each(&lab, |host| drop(lab.exec(host, &format!("{old}; {no_upgrade}")).expect(0)));
    let plan = playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3);
    plan.says("systemctl start apt-daily-upgrade.service").says_not("update package lists");
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        drop(lab.exec(host, "touch -d '9 days ago' /var/lib/apt/lists /var/lib/apt/periodic/*").expect(0))
    });
    playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3).says("update package lists");
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
}

/// apt's history of an upgrade of the whole system, packed as logrotate does, and of one that failed.
const HISTORY: &str = r#"rm -f /var/lib/apt/periodic/upgrade-stamp /var/log/apt/history.log*
{ echo; echo "Start-Date: $(date -d "$1 days ago" '+%F  %T')"; echo 'Commandline: apt-get dist-upgrade'
  echo 'Upgrade: base-files:amd64 (1, 2)'; [ -z "$2" ] || echo "Error: $2"; echo 'End-Date: x'; } | gzip >/var/log/apt/history.log.1.gz
"#;

#[test]
fn an_upgrade_by_hand_counts_where_it_ended_well() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "updates.yml");
    playbook.apply(&lab.hosts);
    for (words, code) in [("3", 0), ("40", 3), ("3 'Sub-process returned an error code'", 3)] {
        each(&lab, |host| {
            put(&lab, host, "/root/history", HISTORY);
            lab.exec(host, &format!("sh /root/history {words}")).expect(0);
        });
        playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(code);
    }
}

/// Ways for a host to get no update.
const NO_UPDATES: &[&str] = &[
    "mv /etc/apt/sources.list /root; rm -rf /var/lib/apt/lists/*",
    "rm -rf /var/lib/apt/lists/*",
    "echo garbage >/etc/apt/sources.list.d/x.list",
];

#[test]
fn a_host_that_can_get_no_update_is_not_up_to_date() {
    let lab = Lab::up(&["bookworm", "trixie-bare"]);
    Playbook::new(&lab, "updates.yml").apply(&lab.hosts);
    // The lab's archive is none of security; a site whose mirror doesn't tell them apart says so.
    let strict = Mutant::new(&lab, &lab.hosts, &[]);
    let site = Mutant::new(&lab, &lab.hosts, &["updates_pending=all"]);
    let all = |outcome| vec![outcome; lab.hosts.len()];
    assert_eq!(strict.outcomes("updates-installed"), all(Outcome::Fail));
    for way in NO_UPDATES {
        assert_eq!(site.outcomes("updates-installed"), all(Outcome::Pass), "before {way}");
        assert_eq!(site.outcomes("updates-recent"), all(Outcome::Pass), "before {way}");
        each(&lab, |host| drop(lab.exec(host, way).expect(0)));
        assert_eq!(site.outcomes("updates-installed"), all(Outcome::Fail), "{way}");
        if !way.contains("garbage") {
            assert_eq!(site.outcomes("updates-recent"), all(Outcome::Fail), "{way}");
        }
        let back = "rm -f /etc/apt/sources.list.d/x.list; [ ! -e /root/sources.list ] || mv /root/sources.list /etc/apt; apt-get update";
        each(&lab, |host| drop(lab.exec(host, back).expect(0)));
    }
}

#[test]
fn a_release_without_security_updates_is_found_unless_a_contract_says_otherwise() {
    let lab = Lab::up(&["bookworm"]);
    let with = |more: &str| Playbook::new(&lab, "updates.yml").with(more).run("plan", &lab.hosts, &[]);
    with("ansible_distribution_major_version=11").expect(2).says("no security updates since 2026-08-31");
    with("ansible_distribution_major_version=10").expect(2).says("Debian 10 is in no table of releases");
    with("updates_supported_until=2020-01-01").expect(2).says("no security updates since 2020-01-01");
    with("updates_supported_until=2099-12-31").expect(0);
}

#[test]
fn what_is_installed_without_a_signature_is_found() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "updates.yml");
    let source = "/etc/apt/sources.list.d/x";
    let from = "Types: deb\nURIs: http://192.0.2.1/debian\nSuites: stable\nComponents: main\n";
    let cases = [
        (
            format!("{source}.list"),
            "deb [arch=amd64 trusted=yes] http://192.0.2.1/debian stable main\n".into(),
        ),
        (format!("{source}.list"), "deb [ allow-insecure=yes ] http://192.0.2.1/debian stable main\n".into()),
        (format!("{source}.sources"), format!("{from}Trusted: yes\n")),
        (
            format!("{source}.sources"),
            format!("Types: deb\nURIs: file:/srv/apt\nSuites: ./\n\n{from}trusted: yes\n"),
        ),
        ("/etc/apt/apt.conf.d/x".into(), "APT::Get::AllowUnauthenticated \"true\";\n".into()),
        ("/etc/apt/apt.conf.d/x".into(), "Acquire::AllowInsecureRepositories \"yes\";\n".into()),
        ("/etc/apt/apt.conf.d/x".into(), "Acquire::https::Verify-Peer \"false\";\n".into()),
        ("/etc/apt/apt.conf.d/x".into(), "Acquire::Check-Valid-Until \"no\";\n".into()),
    ];
    let plan = || playbook.run("plan", &lab.hosts, &["-t", "control:sources-signed"]);
    plan().expect(0);
    for (path, text) in cases {
        let text: String = text;
        lab.hosts.iter().for_each(|host| put(&lab, host, &path, &text));
        let told = plan();
        assert_eq!(told.code, 2, "{path} {text}{}", told.all());
        told.says("would be installed without a valid signature");
        lab.hosts.iter().for_each(|host| drop(lab.exec(host, &format!("rm {path}")).expect(0)));
    }
    for (path, text) in [
        (
            format!("{source}.list"),
            "deb http://192.0.2.1/debian stable main\n# deb [trusted=yes] http://192.0.2.1/ x y\n",
        ),
        (format!("{source}.sources"), "Types: deb\nURIs: file:/srv/newer\nSuites: ./\nTrusted: yes\n"),
    ] {
        lab.hosts.iter().for_each(|host| put(&lab, host, &path, text));
        plan().expect(0);
    }
}

/// A key of the test's own, NAME.asc, in a keyring that is not the user's.
struct Key<'l> {
    lab: &'l Lab,
    name: &'static str,
}

impl Key<'_> {
    fn gpg(&self, arguments: &[&str]) -> String {
        let home = self.lab.folder.path().join("gnupg");
        std::fs::create_dir_all(&home).unwrap();
        run(Command::new("chmod").arg("700").arg(&home)).expect(0);
        let common = ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""];
        let ran = run(Command::new("gpg").arg("--homedir").arg(&home).args(common).args(arguments)).expect(0);
        run(Command::new("gpgconf").arg("--homedir").arg(&home).args(["--kill", "all"])).expect(0);
        ran.stdout
    }

    fn made(self) -> Self {
        self.gpg(&["--quick-generate-key", self.name, "ed25519", "sign", "7d"]);
        self.lab.write(&format!("{}.asc", self.name), &self.gpg(&["--armor", "--export", self.name]));
        self
    }

    fn file(&self) -> String {
        self.lab.folder.path().join(format!("{}.asc", self.name)).to_string_lossy().into_owned()
    }

    fn signs(&self, release: &Path) {
        let to = release.with_file_name("InRelease").to_string_lossy().into_owned();
        self.gpg(&["--local-user", self.name, "--output", &to, "--clearsign", &release.to_string_lossy()]);
    }
}

#[test]
fn updates_come_from_the_mirror_alone_and_only_by_its_key() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let [ours, other] = ["ours", "other"].map(|name| Key { lab: &lab, name }.made());
    let with = |key: &Key<'_>| {
        Playbook::new(&lab, "updates.yml")
            .with("updates_mirror=file:/srv/newer")
            .with(r#"{"updates_mirror_suites": ["./"]}"#)
            .with(format!("updates_mirror_key_file={}", key.file()))
    };
    Playbook::new(&lab, "updates.yml").apply(&lab.hosts);
    for host in &lab.hosts {
        offer(&lab, host, "OurMirror");
        ours.signs(&files(&lab, host).join("srv/newer/Release"));
        put(&lab, host, "/etc/apt/sources.list.d/extra.list", "deb http://192.0.2.1/debian stable main\n");
        put(
            &lab,
            host,
            "/etc/apt/sources.list.d/debian.sources",
            "Types: deb\nURIs: file:/srv/apt\nSuites: ./\n",
        );
    }
    with(&ours).run("plan", &lab.hosts, &[]).expect(2).says("other sources than the mirror: extra.list");
    each(&lab, |host| drop(lab.exec(host, "rm /etc/apt/sources.list.d/extra.list").expect(0)));

    with(&ours).apply(&lab.hosts);
    with(&ours).has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "apt-get update --error-on=any").expect(0).says("/srv/newer").says_not("/srv/apt");
        // Its label is not the distribution's: nothing of it is installed by itself ...
        a_day_passes(&lab, host);
        assert_eq!(version(&lab, host), "1.0");
    });
    // ... until a pattern names it.
    with(&ours).with(r#"{"updates_origins": ["origin=Debian,label=OurMirror"]}"#).apply(&lab.hosts);
    each(&lab, |host| {
        a_day_passes(&lab, host);
        assert_eq!(version(&lab, host), "2.0", "{host}");
    });
    let site = [
        "updates_mirror=file:/srv/newer",
        r#"{"updates_mirror_suites": ["./"]}"#,
        &format!("updates_mirror_key_file={}", ours.file()),
    ];
    let mutant = Mutant::new(&lab, &lab.hosts, &site);
    mutant.is_found_and_put_right(&["updates-from-mirror"]);
    // The mirror is where updates come from, whatever it calls itself.
    each(&lab, |host| drop(lab.exec(host, "apt-get update").expect(0)));
    assert!(mutant.outcomes("updates-installed").iter().all(|outcome| *outcome == Outcome::Pass));
    with(&other).apply(&lab.hosts);
    each(&lab, |host| assert_ne!(lab.exec(host, "apt-get update --error-on=any").code, 0, "{host}"));
}

//! What a site declares for the whole pack, on lab hosts.

use crate::support::Lab;

/// The only signature that a host without a network can fetch, a key, and a backup's settings.
const MATERIAL: &str = "echo 44d88612fea8a8f36de82e1278abb02f:68:Lab.Eicar >/srv/lab.hdb; install -m 600 /dev/null /srv/sign.key;
    echo encryption repokey >/srv/backup.conf";

/// Writes `site.yml` into the lab's folder, and puts on the hosts what it speaks of. Whoever comes from the lab's network
/// may administer; nobody outside is spoken to. Scans and comparisons by the clock are half a day off: one in the midst
/// of a test would find what the test changed.
pub fn declare(lab: &Lab) {
    let authority = lab.write("ca.pem", "no certificate at all; rsyslog isn't asked to connect here\n");
    for host in &lab.hosts {
        lab.exec(host, MATERIAL).expect(0);
    }
    let network = lab.address(&lab.hosts[0]).rsplit_once('.').expect("an address").0.to_string();
    let one = |name: &str, admin: bool| {
        format!("  - {{name: {name}, admin: {admin}, purpose: tests, keys: {:?}}}\n", lab.fingerprints())
    };
    let persons = [one("admin", true), one("operator", true), one("alice", false)].concat();
    let daily = half_a_day_off();
    let site = format!(
        "rsyslog_ca_file: {}\naccounts_persons:\n{persons}firewall_ssh_from: ['{network}.0/24']\n\
         malware_scan_at: '{daily}'\nintegrity_check_at: '{daily}'\n{SITE}",
        authority.display()
    );
    lab.write("site.yml", &site);
}

/// An hour of each day, as systemd.time(7) says it.
fn half_a_day_off() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    format!("*-*-* {:02}:00", (now.as_secs() / 3600 + 12) % 24)
}

const SITE: &str = "
rsyslog_server: log.example
firewall_outbound: []
updates_pending: all
accounts_root_console: password
boot_lock: none
disk_encryption: below
backup_encryption: [{file: /srv/backup.conf, line: '^encryption repokey', purpose: tests}]
dedicated_packages: [telnet, harda-test]
dedicated_keys: [{path: /srv/sign.key, purpose: tests}]
malware_official_signatures: false
malware_signature_urls: ['file:///srv/lab.hdb']
sudo_nopasswd: [admin]
two_factor: none
";

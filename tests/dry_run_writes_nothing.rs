//! A dry run leaves no more on a host than logging in does: beside a twin on which plain
//! `ssh HOST sudo -n true` ran in the same minute, no path changed that the twin's doesn't.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use support::{Lab, Ran, harda, playbook};

/// Pairs: the host that is planned, and its twin.
static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let lab = Lab::up(&["bookworm", "bookworm", "trixie", "trixie", "bookworm-busybox", "bookworm-busybox"]);
    lab.write("motto.j2", "{{ ansible_facts.hostname }}\n");
    // What systemd would do meanwhile by itself, on one of a pair and not yet on the other.
    for host in &lab.hosts {
        lab.exec(host, "systemctl stop '*.timer'").expect(0);
    }
    lab
});

/// The hosts, for one test at a time: what another one does to them would be taken for the plan's.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every module there is, each with something to change, and every check on the host that a plan
/// can ask for.
const ALL: &str = "
- hosts: all
  become: true
  handlers:
    - name: reload
      systemd: {name: ssh, state: reloaded}
  tasks:
    - file: {path: /etc/made/by/harda, state: directory}
    - file: {path: /etc/issue, mode: '0600'}
    - copy: {content: x, dest: /etc/copied}
    - copy: {content: 'admin ALL=(ALL) NOPASSWD:ALL', dest: /etc/sudoers.d/90-dry, validate: 'visudo -cf %s'}
    - template: {src: motto.j2, dest: /etc/motto}
      notify: reload
    - lineinfile: {path: /etc/hosts, line: 192.0.2.1 dry}
    - blockinfile: {path: /etc/hosts, block: 192.0.2.2 dry}
    - replace: {path: /etc/hosts, regexp: localhost, replace: here}
    - stat: {path: /etc/hosts}
      register: seen
    - package: {name: [rsyslog, tree], state: present}
    - apt: {name: sudo, state: present, update_cache: true}
    - dnf: {name: sudo}
      when: ansible_facts.os_family == 'RedHat'
    - service: {name: cron, state: stopped}
      when: false
    - systemd: {name: systemd-journald, state: restarted}
    - sysctl: {name: net.ipv4.ip_forward, value: '1'}
    # A container has no modules of its own.
    - modprobe: {name: dummy, state: present}
      ignore_errors: true
    - kernel_module: {name: [usb-storage, uas], state: disabled}
    - user: {name: dry, groups: [adm]}
    - group: {name: dry-group}
    - authorized_key: {user: admin, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDdJLkJsz2ZFb1E9GE5z4oue/TKSymOrTU4vy0QzJ+wW dry}
    - login_defs: {settings: {PASS_MAX_DAYS: 365}}
    - logins:
    - password_ageing: {max_days: 365}
    - pam_profile:
        name: harda-dry
        state: enabled
        content: |
          Name: dry
          Default: no
          Priority: 0
          Session-Type: Additional
          Session:
          \toptional\tpam_permit.so
    - sshd_config: {settings: {X11Forwarding: 'no', LoginGraceTime: 30}}
    - command: touch /tmp/never
    - shell: touch /tmp/never
    - command: id -u
      check_mode: false
      changed_when: false
    - set_fact: {known: yes}
    - assert: {that: [known]}
    - debug: {msg: '{{ seen.stat.exists }}'}
    - fail: {msg: never}
      when: false
    - refuse: {msg: never}
      when: false
    - after_reboot: {msg: a newer kernel is installed}
    - ping:
";

/// What stands on a host: each path with its kind, mode, owner, size, time and digest. Digits are
/// one: sessions and processes are numbered.
fn snapshot(host: &str) -> BTreeMap<String, BTreeSet<String>> {
    let list = "find . -printf '%p\\t%y %m %U:%G %s %T@ %l\\n'; \
                find . -type f -size -4096k -exec sha256sum {} + | sed 's/^\\([^ ]*\\)  \\(.*\\)$/\\2\\t\\1/'";
    let inside =
        format!("cd / && for f in run tmp dev/shm; do (cd $f && {{ {list}; }} | sed \"s,^\\.,/$f,\"); done");
    let upper = LAB.upper(host);
    let outside = std::process::Command::new("sh")
        .args(["-c", list])
        .current_dir(&upper)
        .env("LC_ALL", "C")
        .output()
        .expect("sh starts");
    let outside = String::from_utf8_lossy(&outside.stdout).into_owned();
    let outside = outside.lines().map(|line| line.trim_start_matches('.').to_string());
    let inside = LAB.exec(host, &inside).stdout;
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in outside.chain(inside.lines().map(str::to_string)) {
        let (path, state) = line.split_once('\t').unwrap_or((&line, ""));
        all.entry(path.to_string()).or_default().insert(state.to_string());
    }
    all
}

/// Paths that differ, without the logs, and without what the console's getty makes when it comes to
/// it, some seconds after the boot.
fn changed(
    before: &BTreeMap<String, BTreeSet<String>>,
    after: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let paths = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    let noise = ["/var/log", "/run/log", "/run/systemd/journal", "/run/agetty.reload"];
    paths
        .filter(|path| !noise.iter().any(|other| path.starts_with(other)))
        .map(|path| numbered(path))
        .collect()
}

/// A path with each of its numbers as one `N`: `sessions/c17` and `sessions/c9` are alike.
fn numbered(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        match c.is_ascii_digit() {
            true if out.ends_with('N') => {}
            true => out.push('N'),
            false => out.push(c),
        }
    }
    out
}

/// Plans on the first of each pair while the twin is logged in to, and compares what each changed.
fn leaves_nothing(book: &str, arguments: &[&str]) {
    let _alone = alone();
    let inventory = LAB.inventory("admin").to_string_lossy().into_owned();
    for pair in LAB.hosts.chunks(2) {
        let [planned, twin] = pair else { unreachable!("they are pairs") };
        let login = |host: &str| LAB.ssh(&format!("admin@{host}"), "sudo -n true").expect(0);
        pair.iter().for_each(|host| drop(login(host)));
        let before = pair.iter().map(|host| snapshot(host)).collect::<Vec<_>>();
        let ran: Ran =
            harda(LAB.folder.path(), &[&["plan", book, "-i", &inventory, "-l", planned], arguments].concat());
        login(twin);
        let after = pair.iter().map(|host| snapshot(host)).collect::<Vec<_>>();
        ran.expect(0).says(" to change on 1 host");
        let ours = changed(&before[0], &after[0]);
        let twins = changed(&before[1], &after[1]);
        let more: Vec<_> = ours.difference(&twins).collect();
        assert!(more.is_empty(), "the plan on {planned} left {more:#?}, and the twin only {twins:#?}");
    }
}

#[test]
fn a_plan_of_every_module_leaves_what_a_login_leaves() {
    let book = LAB.write("all.yml", ALL.trim_start()).to_string_lossy().into_owned();
    leaves_nothing(&book, &["--probe"]);
}

#[test]
fn a_plan_of_the_baseline_leaves_what_a_login_leaves() {
    let ca = LAB.write("ca.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    let vars = format!("rsyslog_server=log.example rsyslog_ca_file={}", ca.display());
    leaves_nothing(&playbook("baseline.yml"), &["-e", &vars]);
}

#[test]
fn every_module_is_in_that_playbook() {
    let modules = harda(LAB.folder.path(), &["doc"]).expect(0).stdout;
    let names =
        modules.lines().filter_map(|line| line.split([' ', '(']).next()).filter(|name| !name.is_empty());
    for name in names {
        assert!(
            ALL.contains(&format!("- {name}: ")) || ALL.contains(&format!("- {name}:\n")),
            "`{name}` isn't"
        );
    }
}

#[test]
fn a_path_that_is_written_is_seen() {
    let _alone = alone();
    let host = &LAB.hosts[4];
    let before = snapshot(host);
    LAB.exec(host, "touch /etc/hosts; mkdir /run/x1; echo a >/tmp/file; : >/root/empty").expect(0);
    let seen = changed(&before, &snapshot(host));
    for path in ["/etc/hosts", "/run/xN", "/tmp/file", "/root/empty"] {
        assert!(seen.contains(path), "{path} in {seen:?}");
    }
}

//! What a rollback comes to: hosts as they were before, drift refused, runs cut off and undone.

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Lab, Ran, playbook};

fn apply(lab: &Lab, book: &str, more: &[&str]) -> Ran {
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    lab.harda(&[&["apply", book, "-i", &inventory], more].concat())
}

fn play(lab: &Lab, name: &str, text: &str) -> String {
    lab.write(&format!("{name}.yml"), text).to_string_lossy().into_owned()
}

fn rollback(lab: &Lab, run: &str, more: &[&str]) -> Ran {
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    lab.harda(&[&["rollback", run, "-i", &inventory], more].concat())
}

/// The newest run of a host.
fn newest(lab: &Lab, host: &str) -> String {
    let runs = lab.exec(host, "ls /var/lib/harda/runs").expect(0).stdout;
    runs.lines().last().expect("a run").to_string()
}

/// Content, owner, mode and access list of all that the tests change, packages, units and accounts. Backups that
/// tools make beside account files, caches and the order of group members are left out.
fn snapshot(lab: &Lab, host: &str) -> Vec<String> {
    let script = r#"
cd /
all() { find etc srv home root/.ssh -path etc/ssl/certs -prune -o "$@" -print0 2>/dev/null |
  grep -zvE '^etc/((passwd|shadow|group|gshadow|subuid|subgid)-?$|ld.so.cache$|\.pwd\.lock$|machine-id$)|sudo_as_admin' | sort -z; }
all -type f | xargs -0 stat -c '%n %U:%G %a'
all -type f | xargs -0 sha256sum | sed 's/^\([^ ]*\)  \(.*\)/\2 \1/'
all -type d | xargs -0 stat -c '%n folder %U:%G %a'
all -type l | xargs -0 stat -c '%N'
! command -v getfacl >/dev/null || getfacl -pR -s srv | tr '\n' ' '
echo
for f in passwd shadow group gshadow subuid subgid; do stat -c '%n %U:%G %a' /etc/$f; sed "s/^/$f /" /etc/$f | sort; done
dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\n' | grep '^ii'
for u in ssh.service; do echo "$u $(systemctl is-enabled $u 2>&1) $(systemctl is-active $u 2>&1)"; done
"#;
    lab.exec(host, script).expect(0).stdout.lines().map(str::to_string).collect()
}

/// Configuration of packages that were removed, which stays, and the folders that it lies in.
fn leftovers(lab: &Lab, host: &str) -> Vec<String> {
    let script = r#"
for p in $(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^rc *//p'); do
  dpkg-query -W -f='${Conffiles}\n' "$p" | sed 's/^ *//; s/ .*//'; done"#;
    let files = lab.exec(host, script).expect(0).stdout;
    let mut paths = Vec::new();
    for file in files.lines() {
        let mut path = file.trim_start_matches('/');
        while !path.is_empty() && path != "etc" {
            paths.push(format!("{path} "));
            path = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
    }
    paths
}

/// Compares with before, configuration of removed packages left out.
#[track_caller]
fn as_before(lab: &Lab, host: &str, before: &[String]) {
    let leftovers = leftovers(lab, host);
    let mut after = snapshot(lab, host);
    after.retain(|line| before.contains(line) || !leftovers.iter().any(|path| line.starts_with(path)));
    same(before, &after);
}

#[track_caller]
fn same(before: &[String], after: &[String]) {
    let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(gone.is_empty() && new.is_empty(), "before: {gone:#?}\nafter: {new:#?}");
}

#[test]
fn hosts_are_as_they_were_before() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-busybox"]);
    for host in &lab.hosts {
        lab.exec(
            host,
            "mkdir -p /srv/app/sub && echo one >/srv/app/conf && chown daemon:adm /srv/app/conf && \
             chmod 0640 /srv/app/conf && echo deep >/srv/app/sub/deep && chmod 0700 /srv/app/sub && \
             echo gone >/srv/app/gone && ln -s conf /srv/app/link && \
             DEBIAN_FRONTEND=noninteractive apt-get install -y -q libpam-pwquality cracklib-runtime wamerican && \
             ! command -v setfacl >/dev/null || setfacl -m u:alice:r /srv/app/gone",
        )
        .expect(0);
    }
    let book = play(
        &lab,
        "all",
        "
- hosts: all
  become: true
  tasks:
    - copy: {content: 'two', dest: /srv/app/conf, owner: root, mode: '0600'}
    - lineinfile: {path: /srv/app/conf, line: three}
    - file: {path: /srv/app/gone, state: absent}
    - file: {path: /srv/app/sub, state: absent}
    - file: {src: /srv/app/gone, dest: /srv/app/link, state: link, force: true}
    - file: {path: /srv/new/er, state: directory, owner: daemon}
    - copy: {content: 'x', dest: /srv/new/er/file}
    - package: {name: tree, state: present}
    - copy: {content: \"# nothing\\n\", dest: /etc/default/nothing}
    - group: {name: staffers, gid: 4711}
    - user: {name: bob, groups: [staffers], password: '$6$salt$hash', comment: Bob}
    - file: {path: /home/bob/.ssh, state: directory, owner: bob, group: bob, mode: '0700'}
    - authorized_key: {user: bob, key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHcKDdCvG3w8CbQ6Zc2mFhXkSx0bq0wH0uYk0cE4nXyz bob'}
    - user: {name: alice, comment: Changed, shell: /bin/sh}
    - command: 'true'
",
    );
    let before: Vec<Vec<String>> = lab.hosts.iter().map(|host| snapshot(&lab, host)).collect();
    let books = [&book, &playbook("sshd.yml"), &playbook("password-policy.yml")];
    let arguments: Vec<&str> = books[1..].iter().map(|book| book.as_str()).collect();
    apply(&lab, books[0], &arguments).expect(0);
    let run = newest(&lab, &lab.hosts[0]);
    lab.harda(&["runs", "-i", &lab.inventory("admin").to_string_lossy()])
        .expect(0)
        .says(&run)
        .says("complete");

    let plan = rollback(&lab, &run, &["--check"]).expect(0);
    plan.says("-two").says("+one").says("not undone: run `true`").says("reload ssh.service");
    let changed: Vec<Vec<String>> = lab.hosts.iter().map(|host| snapshot(&lab, host)).collect();
    rollback(&lab, &run, &[]).expect(0);
    for (host, before) in lab.hosts.iter().zip(&before) {
        as_before(&lab, host, before);
    }
    let undoing = newest(&lab, &lab.hosts[0]);
    let runs = lab.harda(&["runs", "-i", &lab.inventory("admin").to_string_lossy()]).expect(0);
    runs.says(&format!("rolled back by {undoing}"));
    rollback(&lab, &run, &[]).expect(0).says("nothing is left to undo");

    // A rollback can be rolled back.
    rollback(&lab, &undoing, &[]).expect(0);
    for (host, changed) in lab.hosts.iter().zip(&changed) {
        same(changed, &snapshot(&lab, host));
    }
}

#[test]
fn what_somebody_changed_since_is_refused_and_force_takes_it_back() {
    let lab = Lab::up(&["trixie-bare", "bookworm"]);
    let book = play(
        &lab,
        "drift",
        "
- hosts: all
  become: true
  tasks:
    - copy: {content: 'ours', dest: /srv/drift}
    - file: {path: /srv/folder, state: directory}
    - no_log: true
      copy: {content: 'canary-1f77', dest: /srv/secret}
",
    );
    for host in &lab.hosts {
        lab.exec(host, "echo before >/srv/drift; echo canary-0a0a >/srv/secret").expect(0);
    }
    apply(&lab, &book, &[]).expect(0);
    let run = newest(&lab, &lab.hosts[0]);
    let [mine, other] = &lab.hosts[..] else { panic!("two hosts") };
    lab.exec(mine, "echo theirs >/srv/drift; echo x >/srv/folder/mine").expect(0);

    let refused = rollback(&lab, &run, &[]).expect(2);
    refused.says("was changed by somebody since: file /srv/drift").says("`--force` takes that back too");
    refused.says_not("canary-");
    assert_eq!(lab.exec(mine, "cat /srv/drift").stdout, "theirs\n");
    assert_eq!(lab.exec(other, "cat /srv/drift /srv/secret").stdout, "before\ncanary-0a0a\n");

    let forced = rollback(&lab, &run, &["--force", "-l", mine]).expect(0);
    forced.says("by now it holds `mine`, which the run did not make").says_not("canary-");
    assert_eq!(
        lab.exec(mine, "cat /srv/drift /srv/secret /srv/folder/mine").stdout,
        "before\ncanary-0a0a\nx\n"
    );
    // What the force took away is kept as well.
    let undoing = newest(&lab, mine);
    rollback(&lab, &undoing, &["-l", mine]).expect(0).says_not("canary-");
    assert_eq!(lab.exec(mine, "cat /srv/drift").stdout, "theirs\n");

    // A damaged record is refused by name.
    lab.exec(other, "cd /var/lib/harda/runs/2*/blobs && for f in *; do echo x >>$f; done").expect(0);
    rollback(&lab, &run, &["-l", other]).expect(2).says("is damaged: what is kept as");
    rollback(&lab, "../../etc", &[]).expect(1).says("is no run's id");
    let nowhere = rollback(&lab, "20200101T000000Z-0000", &[]).expect(1);
    nowhere.says("no host keeps a run 20200101T000000Z-0000").says("harda runs -i INVENTORY");
    // A host may have come later, or keep fewer runs.
    lab.exec(other, &format!("rm -r /var/lib/harda/runs/{run}")).expect(0);
    rollback(&lab, &run, &["--force"]).expect(0).says("this host keeps no record of run");
}

#[test]
fn a_run_that_was_killed_can_be_rolled_back() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    lab.exec(host, "mkdir -p /srv/many && for i in $(seq 60); do echo old$i >/srv/many/$i; done").expect(0);
    let before = lab.exec(host, "cd /srv/many && cat *").stdout;
    let book = play(
        &lab,
        "killed",
        "
- hosts: all
  become: true
  tasks:
    - copy: {content: 'new {{ item }}', dest: '/srv/many/{{ item }}'}
      loop: '{{ range(1, 61) | list }}'
",
    );
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    for wait in [0, 3, 7] {
        let mut harda = Command::new(env!("CARGO_BIN_EXE_harda"))
            .args(["apply", &book, "-i", &inventory])
            .env_remove("SSH_AUTH_SOCK")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("harda starts");
        let begun =
            || lab.exec(host, "grep -l new /srv/many/* | wc -l").stdout.trim().parse::<usize>().unwrap_or(0);
        let start = Instant::now();
        while begun() <= wait {
            assert!(start.elapsed() < Duration::from_secs(30), "it never began");
        }
        harda.kill().expect("killed");
        harda.wait().expect("ended");
        let run = newest(&lab, host);
        let runs = lab.harda(&["runs", "-i", &inventory, "--host", host]).expect(0);
        if begun() < 60 {
            runs.says(&run).says("cut off");
        }
        rollback(&lab, &run, &["--lock-timeout", "20"]).expect(0);
        assert_eq!(lab.exec(host, "cd /srv/many && cat *").stdout, before);
        assert_eq!(lab.exec(host, "ls -A /srv/many | grep -c harda").stdout, "0\n", "no stray files");
    }
}

#[test]
fn what_a_run_brought_goes_again() {
    let lab = Lab::up(&["trixie"]);
    let host = &lab.hosts[0];
    let units = "for u in r4 atd; do systemctl show -p LoadState -p ActiveState --value $u.service; done | tr '\\n' ' '";
    let book = play(
        &lab,
        "brought",
        "
- hosts: all
  become: true
  tasks:
    - copy:
        dest: /etc/systemd/system/r4.service
        content: |
          [Service]
          ExecStart=/bin/sleep infinity
          [Install]
          WantedBy=multi-user.target
    - systemd: {name: r4, enabled: true, state: started}
    - apt: {name: at, state: present}
    - service: {name: atd, state: stopped, enabled: false}
    - file: {src: /etc, dest: /srv/link, state: link}
",
    );
    apply(&lab, &book, &[]).expect(0);
    assert_eq!(lab.exec(host, units).stdout, "loaded active loaded inactive ");
    // What the run had switched off is not switched on to be removed.
    let run = newest(&lab, host);
    let ran = rollback(&lab, &run, &[]).expect(0);
    ran.says_not("did not converge").says_not("unit atd.service").says_not("not undone");
    assert_eq!(lab.exec(host, units).stdout, "not-found inactive not-found inactive ");
    assert_eq!(lab.exec(host, "find /etc/systemd/system -name 'r4*'; find /srv/link").stdout, "");
    // And all of it comes back: of what was switched off Debian's packages keep a note when they go.
    rollback(&lab, &newest(&lab, host), &[]).expect(0);
    assert_eq!(lab.exec(host, units).stdout, "loaded active loaded inactive ");
}

#[test]
fn a_unit_that_a_play_stops_and_removes_has_converged() {
    let lab = Lab::up(&["bookworm-bare"]);
    let host = &lab.hosts[0];
    lab.exec(
        host,
        "printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' \
         >/etc/systemd/system/old.service && systemctl enable --now old",
    )
    .expect(0);
    let book = play(
        &lab,
        "old",
        "
- hosts: all
  become: true
  tasks:
    - systemd: {name: old, enabled: false, state: stopped}
    - file: {path: /etc/systemd/system/old.service, state: absent}
",
    );
    apply(&lab, &book, &[]).expect(0);
    rollback(&lab, &newest(&lab, host), &[]).expect(0);
    assert_eq!(
        lab.exec(host, "systemctl is-enabled old; systemctl is-active old").stdout,
        "enabled\nactive\n"
    );
}

#[test]
fn what_the_host_took_back_is_not_left_to_undo() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    let book = play(
        &lab,
        "bites",
        "
- hosts: all
  become: true
  tasks:
    - {name: mild, guard: true, copy: {content: x, dest: /srv/mild}}
    - name: bites
      shell: echo 'AllowUsers nobody' >/etc/ssh/sshd_config.d/00-lockout.conf; systemctl restart ssh
",
    );
    let ran = apply(&lab, &book, &["--guard-timeout", "12"]).expect(5);
    ran.says("certain: 0 made as shown").says("not made: mild: the host took it back");
    let ran = rollback(&lab, &newest(&lab, host), &["--lock-timeout", "60"]).expect(0);
    ran.says("nothing is left to undo").says("the host has taken back already").says_not("not undone");
}

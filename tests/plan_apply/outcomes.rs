//! What is planned is made, exactly, once.

use super::{LAB, book, one, recap, told};

const BROAD: &str = "
vars:
  colour: green
handlers:
  - name: reload
    service: {name: cron, state: restarted}
tasks:
  - name: package
    package: {name: [cron, tree], state: present}
  - name: template
    template: {src: motto.j2, dest: '@/motto', owner: root, group: adm, mode: '0640'}
    notify: reload
  - name: copy
    copy: {content: \"one\\ntwo\\n\", dest: '@/lines', mode: '0600'}
  - name: lines
    lineinfile: {path: '@/more', create: true, line: three}
  - name: link
    file: {src: '@/lines', dest: '@/link', state: link}
  - name: service
    service: {name: cron, state: started, enabled: true}
  - name: nested
    file: {path: '@/a/b/c', state: directory, mode: '0700', owner: alice}
";

/// All below the test's folder, with times and owners.
fn listing(host: &str, name: &str) -> String {
    let command = format!("find /srv/{name} -printf '%p %y %m %u:%g %T@ %i\\n' | sort");
    LAB.exec(host, &command).expect(0).stdout
}

#[test]
fn a_plan_is_made_exactly_and_only_once() {
    let broad = book("broad", BROAD);
    LAB.write("broad/motto.j2", "{{ colour }} on {{ ansible_facts.hostname }}\n");
    broad.plan(&[]).expect(0);
    let planned = broad.plan(&["--detailed-exitcode", "--format", "json"]).expect(3);
    let applied = broad.apply(&["--format", "json"]).expect(0);
    for host in &LAB.hosts {
        let promise = told(&planned, "planned", host);
        let done = told(&applied, "done", host);
        // The only conditional one: the package has started its service itself.
        let kept =
            |line: &String| if line == "service: ok" { "service: changed".into() } else { line.clone() };
        assert_eq!(promise, done.iter().map(kept).collect::<Vec<_>>(), "{host}");
        assert!(promise.contains(&"template: changed".to_string()), "{promise:?}");
        let recap = recap(&applied, host);
        let kept = &recap["kept"];
        assert_eq!(kept["certain_otherwise"], 0, "{host} {kept}");
        assert_eq!(kept["not_announced"], 0, "{host} {kept}");
        assert_eq!(kept["not_made"].as_object().map(serde_json::Map::len), Some(0), "{host} {kept}");
        assert_eq!(recap["diverged"], 0, "{host}");
        assert!(recap["verified"].as_u64() >= Some(7), "{host} {recap}");
        assert_eq!(broad.file(host, "motto"), format!("green on {host}\n"));
        assert_eq!(broad.file(host, "link"), "one\ntwo\n");
    }
    let before: Vec<String> = LAB.hosts.iter().map(|host| listing(host, "broad")).collect();
    assert!(before[0].contains("/srv/broad/motto f 640 root:adm"), "{}", before[0]);
    assert!(before[0].contains("/srv/broad/a/b/c d 700 alice:root"), "{}", before[0]);
    broad.settled(&[]);
    let after: Vec<String> = LAB.hosts.iter().map(|host| listing(host, "broad")).collect();
    assert_eq!(before, after);
}

#[test]
fn what_a_package_brings_is_conditional_and_names_the_package() {
    let book = book(
        "brought",
        "
tasks:
  - name: install
    package: {name: nginx-light, state: present}
  - name: quiet
    service: {name: nginx, state: stopped, enabled: false}
",
    );
    let planned = book.plan(&one()).expect(0);
    planned.says("?+ unit nginx.service").says("waits for `install`");
    let applied = book.apply(&[&one()[..], &["--format", "json"]].concat()).expect(0);
    let kept = &recap(&applied, &LAB.hosts[0])["kept"];
    assert_eq!(kept["not_announced"], 0, "{kept}");
    // Planned from nothing, made from what the package had started.
    assert_eq!(kept["conditional_different"], 1, "{kept}");
    assert_eq!(book.state_of("nginx"), "inactive\n");
    book.settled(&one());
}

#[test]
fn what_rests_on_a_commands_outcome_is_unknown_until_then() {
    let book = book(
        "outcome",
        "
tasks:
  - name: ask
    command: echo forty-two
    register: answer
    changed_when: false
  - name: write
    copy: {content: \"{{ answer.stdout }}\\n\", dest: '@/answer'}
",
    );
    book.plan(&["--detailed-exitcode"]).expect(3).says("unknown until `ask`");
    let applied = book.apply(&[]).expect(0);
    applied.says("decided now:").says("+forty-two");
    book.holds("answer", "forty-two\n");
    book.settled_with_probes();
}

impl super::Book {
    fn state_of(&self, unit: &str) -> String {
        LAB.exec(&LAB.hosts[0], &format!("systemctl is-active {unit}")).stdout
    }

    /// As `settled`, where only the probes tell that there is nothing to do.
    #[track_caller]
    fn settled_with_probes(&self) {
        self.plan(&["--detailed-exitcode", "--probe"]).expect(0);
        self.apply(&[]).expect(0).says("nothing changed on ");
    }
}

#[test]
fn a_host_that_fails_stops_and_the_others_go_on() {
    let book = book(
        "halt",
        "
tasks:
  - name: fails on the first
    command: test ! -e @/stop
  - name: goes on
    copy: {content: \"x\\n\", dest: '@/on'}
",
    );
    let first = &LAB.hosts[0];
    LAB.exec(first, "mkdir -p /srv/halt && touch /srv/halt/stop").expect(0);
    book.apply(&[]).expect(2).says("run `test ! -e /srv/halt/stop`: exit status 1");
    for host in &LAB.hosts {
        assert_eq!(book.file(host, "on"), if host == first { "" } else { "x\n" }, "{host}");
    }
}

#[test]
fn an_unreachable_host_is_exit_code_4_and_the_others_are_done() {
    let hosts = "all:\n  vars:\n    ansible_become: true\n    ansible_user: admin\n";
    let vars = format!(
        "    ansible_ssh_private_key_file: {}\n    harda_known_hosts_file: {}\n",
        LAB.env("HARDA_LAB_KEY"),
        LAB.env("HARDA_LAB_KNOWN_HOSTS")
    );
    let address = LAB.address(&LAB.hosts[0]);
    let members = format!(
        "  hosts:\n    here:\n      ansible_host: {address}\n    away:\n      ansible_host: {address}\n      ansible_port: 9\n"
    );
    let inventory = LAB.write("away/hosts.yml", &format!("{hosts}{vars}{members}"));
    let book = book("away", "tasks:\n  - copy: {content: x, dest: '@/x'}\n");
    let ran = LAB.harda(&["apply", &book.path, "-i", &inventory.to_string_lossy()]).expect(4);
    ran.says("away").says("connection refused");
    assert_eq!(book.file(&LAB.hosts[0], "x"), "x");
}

#[test]
fn accounts_and_their_groups_come_and_go_in_one_run() {
    let book = book(
        "people",
        "
tasks:
  - name: group
    group: {name: people}
  - name: user
    user: {name: bert, groups: [people]}
  - name: number
    group: {name: people, gid: 5555}
  - name: user leaves
    user: {name: bert, state: absent, remove: true}
  - name: own group leaves with it
    group: {name: bert, state: absent}
  - name: group leaves
    group: {name: people, state: absent}
",
    );
    let applied = book.apply(&["--format", "json"]).expect(0);
    assert_eq!(told(&applied, "done", &LAB.hosts[0])[4], "own group leaves with it: ok");
    LAB.exec(&LAB.hosts[0], "getent group people bert; id bert").says_not("people:").says_not("bert:");
}

/// A unit's file is written, and the unit enabled and started, in one run.
#[test]
fn a_unit_that_the_run_brings_is_started_and_enabled() {
    let host = &LAB.hosts[0];
    let book = "
- hosts: all
  become: true
  tasks:
    - name: its file
      copy:
        dest: /etc/systemd/system/brought.service
        content: |
          [Service]
          ExecStart=/bin/sleep infinity
          [Install]
          WantedBy=multi-user.target
    - name: it runs
      service: {name: brought, state: started, enabled: true}
";
    LAB.write("brought.yml", book);
    let inventory = LAB.inventory("root").to_string_lossy().into_owned();
    let apply = || LAB.harda(&["apply", "brought.yml", "-i", &inventory, "-l", host]).expect(0);
    apply().says("?~ unit brought.service  at boot disabled -> enabled").says("conditional: 1 as shown");
    LAB.exec(host, "systemctl is-enabled brought && systemctl is-active brought").expect(0);
    apply().says("nothing changed");
}

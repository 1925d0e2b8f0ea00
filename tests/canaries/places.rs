//! Where secrets are put, and where they must not come out.

use super::terminal::{converse, on_terminal};
use super::watch::{Sighting, watched};
use super::{Controller, LAB, silent, sung};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

const BOOK: &str = r#"
- name: canaries
  hosts: all
  become: true
  argument_specs: specs.yml
  vars_files: [secrets.yml]
  vars:
    in_play: kanarie-play-61
    content: kanarie-content-51
    inside: kanarie-template-52
    fed: kanarie-stdin-53
    token: kanarie-environment-54
    hash: "$6$abcdefgh$kanarie-hash-55"
    said_secret: kanarie-said-56
    bad: kanarie-argument-57
  tasks:
    - name: folder
      file: {path: /srv/canaries, state: directory, mode: '0700'}
    - name: copied
      copy: {content: "key = {{ content }}\n", dest: /srv/canaries/copied, mode: '0600'}
      no_log: true
    - name: rendered
      template: {src: canary.j2, dest: /srv/canaries/rendered, mode: '0600'}
      no_log: true
    - name: fed
      command: {cmd: sh -c 'cat >/dev/null; sleep 1', stdin: "{{ fed }}"}
      no_log: true
    - name: environment
      shell: test -n "$TOKEN" && sleep 1
      environment: {TOKEN: "{{ token }}"}
      no_log: true
    - name: account
      user: {name: canarybird, password: "{{ hash }}", create_home: false}
      no_log: true
    - name: said
      command: cat /srv/canaries/copied
      register: said
      check_mode: false
      changed_when: false
      failed_when: false
      no_log: true
    - name: looped
      copy: {content: "{{ item }}\n", dest: /srv/canaries/looped, mode: '0600'}
      loop: ["{{ said_secret }}"]
      no_log: true
    - name: fails
      command: sh -c "exit 3 # kanarie-argument-57"
      no_log: true
      ignore_errors: true
      when: failing is defined
    - name: wrong
      file: {path: /srv/canaries/x, state: "{{ bad }}"}
      no_log: true
      ignore_errors: true
      when: wrong is defined
    # Its specs say that it is a secret: no task has to.
    - name: declared
      copy:
        content: |
          key = {{ declared.key }}
          basic = {{ ('admin:' ~ declared.key) | b64encode }}
        dest: /srv/canaries/declared
        mode: '0600'
    - name: set
      set_fact: {in_fact: "{{ 'kanarie' ~ '-fact-64' }}"}
    - name: careless with what is declared
      copy: {content: "{{ in_play }} {{ in_file }} {{ in_task }} {{ in_fact }}\n", dest: /srv/canaries/given, mode: '0600'}
      vars: {in_task: kanarie-task-63}
    - name: careless
      debug: {msg: "{{ content }} {{ fed }} {{ said_secret }} {{ ansible_become_password | default('') }} {{ said.stdout | default('') }} {{ ('u:' ~ content) | b64encode }} {{ content | upper }} {{ content | reverse }} {{ declared }} {{ declared.key | hash('sha256') }} {{ ansible_become_password | default('') | hash('sha256') }}"}
    - name: careless failure
      shell: cat /srv/canaries/copied; echo "no such door, $TOKEN" >&2; exit 4
      environment: {TOKEN: "{{ token }}"}
      ignore_errors: true
      no_log: true
      when: failing is defined
"#;

const SPECS: &str = "
argument_specs:
  canaries:
    options:
      declared:
        type: dict
        description: What the test is given.
        options:
          key: {type: str, no_log: true, description: A secret.}
      in_play: {type: str, required: true, no_log: true, description: A secret.}
      in_file: {type: str, required: true, no_log: true, description: A secret.}
      in_task: {type: str, no_log: true, description: A secret.}
      in_fact: {type: str, no_log: true, description: A secret.}
";

/// An inventory of both hosts by password, which comes from a variable as if from a vault.
fn inventory(here: &Controller) -> String {
    let mut text = String::from(
        "all:\n  vars:\n    login_secret: operator-password\n    declared: {key: kanarie-declared-59}\n  hosts:\n",
    );
    for host in &LAB.hosts {
        text += &format!(
            "    {host}:\n      ansible_host: {}\n      ansible_user: operator\n      ansible_password: '{{{{ login_secret }}}}'\n      \
             ansible_become_password: '{{{{ login_secret }}}}'\n      harda_known_hosts_file: {}\n",
            LAB.address(host),
            LAB.env("HARDA_LAB_KNOWN_HOSTS")
        );
    }
    here.write("hosts.yml", &text)
}

/// All files below a folder, but for these.
fn files(folder: &Path, left_out: &dyn Fn(&Path) -> bool, look: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if left_out(&path) {
            continue;
        }
        if kind.is_dir() {
            files(&path, left_out, look);
        } else if kind.is_file() {
            look(&path);
        }
    }
}

#[track_caller]
fn no_file_sings(folder: &Path, left_out: &dyn Fn(&Path) -> bool) -> usize {
    let mut count = 0;
    files(folder, left_out, &mut |path| {
        count += 1;
        // It may be gone by now.
        let found = std::fs::read(path).map(|bytes| sung(&bytes)).unwrap_or_default();
        assert!(found.is_empty(), "{} holds {found:?}", path.display());
    });
    count
}

/// What the host has written since it was made, but for what the tasks were to write, and what is
/// kept of those files and accounts for a rollback, which root alone can read.
#[track_caller]
fn host_is_silent(host: &str) {
    let upper = LAB.upper(host);
    let own = |path: &Path| {
        let path = path.strip_prefix(&upper).unwrap_or(path);
        let root_only = ["srv/canaries", "etc/shadow", "etc/shadow-", "var/lib/harda", "root/.cache"];
        root_only.iter().any(|own| path == Path::new(own))
    };
    assert!(no_file_sings(&upper, &own) > 3, "{host} has written nothing at all");
    let kept = "test ! -e /var/lib/harda || find /var/lib/harda -perm /077 ! -type l";
    let open = LAB.exec(host, kept).expect(0);
    assert_eq!(open.stdout.trim(), "", "others can read what is kept on {host}");
    for command in [
        "journalctl -q --no-pager -o export 2>/dev/null | tr -d '\\000'; true",
        "cat /tmp/* /tmp/.[!.]* /var/tmp/* /run/*.log /var/log/auth.log /var/log/syslog /var/log/audit/* 2>/dev/null; true",
        "cat /run/user/*/* /dev/shm/* 2>/dev/null; true",
    ] {
        silent(&format!("`{command}` on {host}"), &LAB.exec(host, command).expect(0).stdout);
    }
}

/// The controller's folders hold nothing but what this test has put there.
#[track_caller]
fn controller_is_silent(here: &Controller) {
    for sub in ["home", "tmp", "run"] {
        no_file_sings(&here.folder.join(sub), &|_| false);
    }
    let left = std::fs::read_dir(here.folder.join("tmp")).expect("listed").count();
    assert_eq!(left, 0, "temporary files were left");
}

#[test]
fn no_secret_comes_out_anywhere() {
    let _turn = crate::turn();
    let here = Controller::new("everywhere");
    let hosts = inventory(&here);
    let book = here.write("play.yml", BOOK);
    here.write("specs.yml", SPECS);
    here.write("secrets.yml", "in_file: kanarie-file-62\n");
    here.write("templates/canary.j2", "token {{ inside }}\n");
    let passphrase = here.write("passphrase", "kanarie-vault-58\n");
    let seal = ["--seal-passphrase-file", passphrase.as_str()];
    let saved = here.folder.join("plan.harda").to_string_lossy().into_owned();
    let watched_names = RefCell::new(BTreeSet::new());
    let run = |arguments: &[&str], code: i32| {
        let (ran, seen) = watched(|| here.harda(arguments));
        silent(&format!("harda {}", arguments.join(" ")), &ran.all());
        assert_eq!(ran.code, code, "{}", ran.all());
        // A task's environment is its own program's, and nobody else's on the host can read it.
        let own = |(_, part, canary): &&Sighting| *part == "environ" && canary == "kanarie-environment-54";
        let others: Vec<_> = seen.sightings.iter().filter(|sighting| !own(sighting)).collect();
        assert!(others.is_empty(), "{arguments:?}: processes show {others:?}");
        watched_names.borrow_mut().extend(seen.names);
        ran
    };
    let played: &[(&[&str], i32)] = &[
        (&["plan", "-D"], 0),
        (&["plan", "-vvv", "-e", "wrong=1", "-e", "failing=1"], 0),
        (&["plan", "--format", "json", "-vvv"], 0),
        (&["plan", "--out", &saved], 1),
        (&["plan", "--out", &saved, seal[0], seal[1]], 0),
        (&["apply", "-vvv", "-D"], 0),
        (&["apply", "--format", "json", "-e", "failing=1", "-e", "wrong=1"], 0),
        (&["apply", "-vvv", "-e", "failing=1"], 0),
        (&["plan", "--detailed-exitcode", "-vvv"], 3),
    ];
    for (arguments, code) in played {
        let ran = run(&[&arguments[..1], &[&book, "-i", &hosts], &arguments[1..]].concat(), *code);
        if *code != 1 {
            ran.says("careless").says("********");
        }
        if arguments.contains(&"failing=1") && arguments[0] == "apply" {
            // Why it failed is told all the same.
            ran.says("exit status 4").says("no such door, ********");
        }
    }
    let sealed = std::fs::read(&saved).expect("saved");
    assert_eq!(sung(&sealed), Vec::<String>::new(), "the sealed plan holds them in clear");
    for host in &LAB.hosts {
        // They did arrive.
        let copied = LAB.exec(host, "cat /srv/canaries/*").expect(0).stdout;
        assert!(copied.contains("kanarie-content-51") && copied.contains("kanarie-template-52"), "{copied}");
        assert!(copied.contains("kanarie-said-56") && copied.contains("kanarie-declared-59"), "{copied}");
        host_is_silent(host);
    }
    // A saved plan is what it was made on only once.
    let ids = LAB.exec(&LAB.hosts[0], "ls /var/lib/harda/runs").expect(0).stdout;
    run(&["show", &saved, seal[0], seal[1]], 0);
    run(&["show", &saved, seal[0], seal[1], "-vvv"], 0);
    run(&["runs", "-i", &hosts, "-b"], 0);
    for id in ids.lines().rev() {
        run(&["runs", "-i", &hosts, "-b", "--host", &LAB.hosts[0], "-vvv"], 0);
        for more in ["-C", "-vvv"] {
            run(&["rollback", id, "-i", &hosts, "-b", "-vv", more], 0);
        }
    }
    LAB.hosts.iter().for_each(|host| {
        LAB.exec(host, "test ! -e /srv/canaries").expect(0);
        host_is_silent(host);
    });
    run(&["apply", &saved, seal[0], seal[1], "-vvv", "-D"], 0);
    LAB.hosts.iter().for_each(|host| host_is_silent(host));
    controller_is_silent(&here);
    let names = watched_names.into_inner();
    let both_sides = ["harda", "sshd", "sudo", "sh"];
    assert!(both_sides.iter().all(|name| names.contains(*name)), "only {names:?} were watched");
}

#[test]
fn wrong_passwords_and_unknown_variables_do_not_come_out_in_errors() {
    let _turn = crate::turn();
    let here = Controller::new("errors");
    let host = &LAB.hosts[1];
    let (address, known) = (LAB.address(host), LAB.env("HARDA_LAB_KNOWN_HOSTS"));
    let head = format!(
        "all:\n  hosts:\n    {host}:\n      ansible_host: {address}\n      harda_known_hosts_file: {known}\n"
    );
    let book = here.write("play.yml", "- hosts: all\n  become: true\n  tasks:\n    - ping:\n");
    let key = LAB.env("HARDA_LAB_KEY");
    let cases = [
        // A wrong login password, a wrong become password, one that no prompt takes.
        ("      ansible_user: alice\n      ansible_password: kanarie-vault-58\n".to_string(), 4),
        (
            format!(
                "      ansible_user: operator\n      ansible_ssh_private_key_file: {key}\n      ansible_become_password: kanarie-vault-58\n"
            ),
            2,
        ),
        (
            format!(
                "      ansible_user: operator\n      ansible_ssh_private_key_file: {key}\n      ansible_become_password: \"kanarie-vault-58\\nx\"\n"
            ),
            2,
        ),
    ];
    for (number, (vars, code)) in cases.iter().enumerate() {
        let hosts = here.write(&format!("hosts{number}.yml"), &format!("{head}{vars}"));
        for more in [&["-vvv"][..], &["--format", "json"]] {
            let all = [&["plan", &book, "-i", &hosts][..], more].concat();
            let (ran, seen) = watched(|| here.harda(&all));
            silent(&format!("case {number}"), &ran.all());
            assert!(ran.code == *code || ran.code == 1, "{}", ran.all());
            assert!(seen.sightings.is_empty(), "{number}: processes show {:?}", seen.sightings);
        }
    }
    host_is_silent(host);
    controller_is_silent(&here);
}

#[test]
fn passwords_from_files_and_a_passphrase_from_the_terminal_stay_there() {
    let _turn = crate::turn();
    let here = Controller::new("terminal");
    let host = &LAB.hosts[0];
    let password = here.write("password", "operator-password\n");
    let key = LAB.env("HARDA_LAB_KEY_WITH_PASSPHRASE");
    let hosts =
        LAB.inventory_of("locked.yml", host, "operator", &[("ansible_ssh_private_key_file", key.as_str())]);
    let book = here.write(
        "play.yml",
        "- hosts: all\n  become: true\n  vars: {given: lab-passphrase}\n  tasks:\n    - debug: {msg: \"{{ given }}\"}\n    - command: sleep 1\n",
    );
    let line = format!(
        "'{}' apply '{book}' -i '{hosts}' --become-password-file '{password}' -vvv",
        env!("CARGO_BIN_EXE_harda")
    );
    let mut command = on_terminal(&line);
    here.surround(&mut command);
    let mut answer = |said: &str| said.contains("passphrase for").then(|| "lab-passphrase".to_string());
    let ((_, said), seen) = watched(|| converse(&mut command, &mut answer));
    assert!(said.contains("passphrase for") && said.contains("********"), "{said}");
    silent("harda on a terminal", &said);
    assert!(seen.sightings.is_empty(), "processes show {:?}", seen.sightings);
    host_is_silent(host);
    controller_is_silent(&here);
}

//! `no_log`.

use super::{LAB, book, one};

const CANARY: &str = "kanariefågel-7431";

const BOOK: &str = "
vars:
  secret: kanariefågel-7431
tasks:
  - name: file
    copy: {content: \"new {{ secret }}\\n\", dest: '@/secret', mode: '0600'}
    no_log: true
  - name: command
    command: \"echo {{ secret }}\"
    no_log: true
    register: said
  - name: loop
    copy: {content: '{{ item }}', dest: '@/loop'}
    loop: ['{{ said.stdout }}']
    no_log: true
  - name: fails
    shell: \"echo {{ secret }}; echo {{ secret }} >&2; exit 1\"
    no_log: true
    when: failing is defined
  - name: argument
    file: {path: '@/x', state: '{{ secret }}'}
    no_log: true
    when: wrong is defined
";

#[test]
fn no_secret_is_shown_in_any_form_nor_logged_on_the_host() {
    let book = book("secret", BOOK);
    LAB.exec(&LAB.hosts[0], &format!("mkdir -p /srv/secret; echo 'old {CANARY}' >/srv/secret/secret"));
    let quiet = |arguments: &[&str], code: i32| {
        for form in [&["-vvv"][..], &["--format", "json"], &["-vvv", "--format", "json"]] {
            let all = [&one()[..], form, &arguments[1..]].concat();
            let ran = book.run(arguments[0], &all).expect(code);
            ran.says("file").says_not("kanarie").says_not("7431");
        }
    };
    quiet(&["plan"], 0);
    quiet(&["plan", "-e", "wrong=1"], 2);
    quiet(&["apply", "-e", "failing=1", "-D"], 2);
    quiet(&["apply", "-D"], 0);
    assert_eq!(book.file(&LAB.hosts[0], "loop"), CANARY);
    let log = LAB.exec(&LAB.hosts[0], "journalctl -q -o cat").expect(0);
    log.says("file /srv/secret/secret").says_not(CANARY);
}

const WORDS: &str = "
tasks:
  - name: said
    command: echo --password=literalcanary-1 canary-two-22
    register: said
    no_log: true
  - name: what is made of it
    debug: {msg: '{{ said.cmd }} {{ said.stdout[11:] }} {{ said.stdout.split() }} {{ said.stdout | hash(\"sha256\") }}'}
  - name: its result
    debug: {var: said}
  - name: unused passwords
    debug: {msg: '{{ ansible_sudo_pass }} {{ ansible_ssh_pass }} {{ ansible_become_pass }}'}
    vars:
      ansible_sudo_pass: 1234567890
      ansible_ssh_pass: [listed-canary-3]
      ansible_become_pass: '{{ \"made\" ~ \"-canary-4\" }}'
";

/// The result of a command has its arguments one by one, and templates take them apart.
#[test]
fn words_of_what_is_hidden_and_passwords_of_any_shape_are_masked() {
    let book = book("words", WORDS);
    let ran = book.run("apply", &[&one()[..], &["-vvv"]].concat()).expect(0);
    ran.says("its result").says("********").says("unused passwords");
    let sum = "58d54394fdac2198c458163e7f0df8ebe2fcb234432672a0d6576742c3ac91cd";
    for canary in ["canary", "1234567890", sum] {
        ran.says_not(canary);
    }
}

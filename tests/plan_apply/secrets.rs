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

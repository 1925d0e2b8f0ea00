//! Handlers: once, at the end, and only where something changed.

use super::{LAB, book, told};

#[test]
fn a_handler_runs_once_however_often_it_is_notified_and_only_after_a_change() {
    let book = book(
        "handler",
        "
handlers:
  - name: count
    shell: echo ran >>@/count
  - name: never
    shell: echo ran >>@/never
  - name: heard
    listen: the topic
    shell: echo heard >>@/heard
tasks:
  - name: first
    copy: {content: \"{{ text | default('a') }}\", dest: '@/first'}
    notify: [count, the topic]
  - name: second
    copy: {content: b, dest: '@/second'}
    notify: count
  - name: the same
    file: {path: '@', state: directory}
    notify: never
",
    );
    let planned = book.plan(&["--format", "json"]).expect(0);
    let first = &LAB.hosts[0];
    let promise = told(&planned, "planned", first);
    let expected = ["first: changed", "second: changed", "the same: ok", "count: changed", "heard: changed"];
    assert_eq!(promise, expected);
    book.apply(&[]).expect(0);
    book.holds("count", "ran\n");
    book.holds("heard", "heard\n");
    book.holds("never", "");
    book.settled(&[]);
    book.holds("count", "ran\n");
    book.apply(&["-e", "text=c"]).expect(0).says("because of `first`");
    book.holds("count", "ran\nran\n");
}

#[test]
fn a_flush_runs_what_was_notified_so_far() {
    let book = book(
        "flush",
        "
handlers:
  - name: note
    shell: echo handler >>@/order
tasks:
  - name: change
    copy: {content: a, dest: '@/a'}
    notify: note
  - meta: flush_handlers
  - name: after
    shell: echo task >>@/order
",
    );
    book.apply(&[]).expect(0);
    book.holds("order", "handler\ntask\n");
}

#[test]
fn a_restart_is_a_line_of_the_plan_with_what_triggers_it() {
    let book = book(
        "restart",
        "
handlers:
  - name: again
    service: {name: systemd-journald, state: restarted}
tasks:
  - name: setting
    copy: {content: \"# nothing\\n\", dest: '@/setting'}
    notify: again
",
    );
    let planned = book.plan(&[]).expect(0);
    planned.says("restart systemd-journald").says("because of `setting`");
    book.apply(&[]).expect(0);
    book.settled(&[]);
}

//! Handlers: once, at the end, and only where something changed.

use super::{LAB, book, one, told};

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

/// Two runs of a play, the second of which comes while the first owes a handler: each runs its own.
#[test]
fn what_another_run_at_work_owes_is_left_to_it() {
    let keywords = "
handlers:
  - name: note
    shell: echo \"{{ who }}\" >>@/order
tasks:
  - name: change
    copy: {content: \"{{ who }}\", dest: '@/{{ who }}'}
    notify: note
  - name: at work
    shell: touch @/begun; i=0; while [ ! -e @/go ] && [ $i -lt 150 ]; do i=$((i+1)); sleep 0.2; done
    changed_when: false
";
    let book = book("owes", keywords);
    let run = |who: &str| book.apply(&[&one()[..], &["-e", who]].concat());
    std::thread::scope(|threads| {
        let first = threads.spawn(|| run("who=first"));
        while LAB.exec(&LAB.hosts[0], "test -e /srv/owes/begun").code != 0 {
            assert!(!first.is_finished(), "the first run is at work");
        }
        let planned = book.plan(&[&one()[..], &["-e", "who=second"]].concat()).expect(0);
        planned.says("is at work here").says_not("left pending");
        let second = threads.spawn(|| run("who=second"));
        LAB.exec(&LAB.hosts[0], "sleep 1; touch /srv/owes/go");
        first.join().expect("no panic").expect(0);
        second.join().expect("no panic").expect(0);
    });
    assert_eq!(book.file(&LAB.hosts[0], "order"), "first\nsecond\n");
    book.plan(&[&one()[..], &["-e", "who=second"]].concat()).expect(0).says_not("left pending");
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

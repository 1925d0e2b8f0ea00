//! Blocks, and errors that are ignored.

use super::{LAB, book, told};

#[test]
fn a_failure_in_a_block_is_rescued() {
    let book = book(
        "rescue",
        "
tasks:
  - block:
      - name: fails
        command: 'false'
      - name: never
        copy: {content: x, dest: '@/never'}
    rescue:
      - name: rescue
        copy: {content: '{{ text | default(ansible_failed_task.name) }}', dest: '@/rescued'}
    always:
      - name: always
        copy: {content: x, dest: '@/always'}
  - name: after
    copy: {content: x, dest: '@/after'}
",
    );
    let applied = book.apply(&["--format", "json"]).expect(0);
    let expected = ["fails: failed", "rescue: changed", "always: changed", "after: changed"];
    assert_eq!(told(&applied, "done", &LAB.hosts[0]), expected);
    book.holds("rescued", "fails");
    let again = book.apply(&["-e", "text=y"]).expect(0);
    again.says("decided now:").says_not("  not announced:");
    book.holds("never", "");
}

#[test]
fn what_must_always_be_done_is_done_before_the_host_stops() {
    let book = book(
        "always",
        "
tasks:
  - name: ask
    command: echo no
    register: said
  - block:
      - name: fails
        fail: {msg: as it should}
        when: said.stdout == 'no'
    always:
      - name: always
        copy: {content: x, dest: '@/always'}
  - name: after
    copy: {content: x, dest: '@/after'}
",
    );
    book.apply(&[]).expect(2).says("as it should");
    book.holds("always", "x");
    book.holds("after", "");
}

#[test]
fn a_failure_that_is_certain_is_in_the_plan_and_nothing_is_changed() {
    let book = book(
        "certain",
        "
tasks:
  - name: first
    copy: {content: x, dest: '@/x'}
  - name: fails
    fail: {msg: not today}
",
    );
    book.plan(&[]).expect(2).says("not today");
    book.apply(&[]).expect(2).says("not today").says("not touched, because the plan failed");
    book.holds("x", "");
}

#[test]
fn an_ignored_failure_fails_nobody() {
    let book = book(
        "ignored",
        "
tasks:
  - name: fails
    command: sh -c 'echo oh no >&2; exit 3'
    ignore_errors: true
    register: failed
  - name: after
    copy: {content: '{{ failed.rc }} {{ failed is failed }}', dest: '@/after'}
",
    );
    book.apply(&[]).expect(0).says("oh no").says("ignored");
    book.holds("after", "3 True");
}

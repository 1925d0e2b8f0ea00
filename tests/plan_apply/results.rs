//! `register`, `when`, `loop`.

use super::{LAB, book, one, recap, told};

#[test]
fn results_of_planned_changes_are_known_in_the_plan() {
    let book = book(
        "known",
        "
tasks:
  - name: change
    copy: {content: a, dest: '@/a'}
    register: done
  - name: if changed
    copy: {content: b, dest: '@/b'}
    when: done is changed
  - name: if not
    copy: {content: c, dest: '@/c'}
    when: done is not changed
  - name: look
    stat: {path: '@/a'}
    register: seen
  - name: seen
    assert: {that: [seen.stat.exists, \"seen.stat.mode == '0644'\"]}
",
    );
    let first = &LAB.hosts[0];
    let planned = book.plan(&["--format", "json"]).expect(0);
    let expected = ["change: changed", "if changed: changed", "if not: skipped", "look: ok", "seen: ok"];
    assert_eq!(told(&planned, "planned", first), expected);
    let applied = book.apply(&["--format", "json"]).expect(0);
    assert_eq!(told(&applied, "done", first), expected);
    book.holds("b", "b");
    book.holds("c", "");
}

#[test]
fn a_condition_on_an_outcome_is_decided_when_it_is_there() {
    let book = book(
        "decide",
        "
tasks:
  - name: ask
    shell: test -e @/flag && echo yes || echo no
    register: flag
    changed_when: false
  - name: there
    copy: {content: x, dest: '@/yes'}
    when: flag.stdout == 'yes'
  - name: not there
    copy: {content: x, dest: '@/no'}
    when: flag.stdout == 'no'
",
    );
    let (first, others) = (&LAB.hosts[0], &LAB.hosts[1..]);
    LAB.exec(first, "mkdir -p /srv/decide && touch /srv/decide/flag").expect(0);
    let planned = book.plan(&["--format", "json"]).expect(0);
    assert_eq!(told(&planned, "planned", first)[1..], ["there: unknown", "not there: unknown"]);
    let applied = book.apply(&["--format", "json"]).expect(0);
    assert_eq!(told(&applied, "done", first)[1..], ["there: changed", "not there: skipped"]);
    for host in others {
        assert_eq!(told(&applied, "done", host)[1..], ["there: skipped", "not there: changed"]);
    }
}

#[test]
fn loops_make_each_item_and_register_all_of_them() {
    let book = book(
        "loops",
        "
tasks:
  - name: each
    copy: {content: '{{ item.text }}', dest: '@/{{ item.name }}'}
    loop:
      - {name: a, text: one}
      - {name: b, text: two}
      - {name: c, text: three}
    loop_control: {label: '{{ item.name }}'}
    when: item.name != 'b'
    register: all
  - name: count
    copy: {content: \"{{ all.results | selectattr('changed') | list | length }}\", dest: '@/count'}
",
    );
    let planned = book.plan(&[&one()[..], &["--format", "json"]].concat()).expect(0);
    let expected = ["each[a]: changed", "each[b]: skipped", "each[c]: changed", "count: changed"];
    assert_eq!(told(&planned, "planned", &LAB.hosts[0]), expected);
    book.apply(&[]).expect(0);
    book.holds("c", "three");
    book.holds("b", "");
    book.holds("count", "2");
}

#[test]
fn a_task_runs_as_the_user_that_it_names() {
    let book = book(
        "whom",
        "
tasks:
  - name: open
    file: {path: '@/open', state: directory, mode: '0777'}
  - name: as alice
    become_user: alice
    shell: id -un >@/open/alice
  - name: without
    become: false
    shell: id -un >@/open/login
  - name: file of alice
    become_user: alice
    copy: {content: x, dest: '@/open/hers'}
  - name: folder of the login's
    become: false
    file: {path: '@/open/d/e', state: directory}
",
    );
    book.plan(&[]).expect(0).says("owner alice, group alice, mode 0644");
    book.apply(&[]).expect(0);
    for host in &LAB.hosts {
        let owners = LAB.exec(host, "stat -c %U:%G /srv/whom/open/hers /srv/whom/open/d/e");
        owners.expect(0).says("alice:alice\nadmin:admin\n");
    }
    book.holds("open/alice", "alice\n");
    book.holds("open/login", "admin\n");
}

#[test]
fn a_command_that_made_what_it_creates_has_changed() {
    let book = book(
        "creates",
        "
handlers:
  - name: told
    shell: echo told >@/told
tasks:
  - name: make
    shell: echo made | tee @/made @/more
    args: {creates: '@/made'}
    register: made
    notify: told
  - name: note
    copy: {content: '{{ made.changed }} {{ made.stdout }}', dest: '@/note'}
  - name: mode
    file: {path: '@/made', mode: '0600'}
  - name: look
    stat: {path: '@/made'}
    register: look
  - name: there
    assert: {that: look.stat.exists}
  - name: remove
    shell: rm @/more
    args: {removes: '@/more'}
",
    );
    LAB.hosts.iter().for_each(|host| drop(LAB.exec(host, "mkdir -p /srv/creates").expect(0)));
    let planned = book.plan(&["--format", "json"]).expect(0);
    let expected = ["mode: unknown", "look: unknown", "there: unknown", "remove: changed", "told: changed"];
    assert_eq!(told(&planned, "planned", &LAB.hosts[0])[2..], expected);
    let applied = book.apply(&["--format", "json"]).expect(0);
    assert_eq!(recap(&applied, &LAB.hosts[0])["kept"]["not_announced"], 0);
    book.holds("note", "True made");
    book.holds("told", "told\n");
    book.holds("made", "made\n");
    book.holds("more", "");
}

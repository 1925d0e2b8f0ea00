//! Ansible's short options.

use super::{INVENTORY, LAB, book, one, told};
use std::process::{Command, Stdio};
use std::time::Duration;

const TAGS: &str = "
tasks:
  - name: red
    copy: {content: '{{ text }}', dest: '@/red'}
    tags: [red, warm]
  - name: blue
    copy: {content: '{{ text }}', dest: '@/blue'}
    tags: blue
  - name: always
    copy: {content: '{{ text }}', dest: '@/always'}
    tags: always
  - name: never
    copy: {content: '{{ text }}', dest: '@/never'}
    tags: [never, rare]
vars:
  text: play
";

#[test]
fn tags_choose_tasks() {
    let book = book("tags", TAGS);
    let planned = |arguments: &[&str]| -> Vec<String> {
        let ran = book.plan(&[&one()[..], &["--format", "json"], arguments].concat()).expect(0);
        let lines = told(&ran, "planned", &LAB.hosts[0]);
        lines.iter().filter_map(|line| line.strip_suffix(": changed")).map(str::to_string).collect()
    };
    assert_eq!(planned(&[]), ["red", "blue", "always"]);
    assert_eq!(planned(&["-t", "warm"]), ["red", "always"]);
    assert_eq!(planned(&["--tags", "red,blue"]), ["red", "blue", "always"]);
    assert_eq!(planned(&["--skip-tags", "blue"]), ["red", "always"]);
    assert_eq!(planned(&["-t", "rare"]), ["always", "never"]);
}

#[test]
fn check_changes_nothing_and_diff_shows_diffs() {
    let book = book("check", TAGS);
    book.apply(&["-C", "-D"]).expect(0).says("+play").says("nothing was changed");
    book.apply(&["--check", "--detailed-exitcode"]).expect(3).says("nothing was changed");
    book.holds("red", "");
    assert_eq!(LAB.exec(&LAB.hosts[0], "test -e /srv/check").code, 1);
    book.apply(&["-D"]).expect(0).says("@@");
    book.holds("red", "play");
}

#[test]
fn a_limit_leaves_the_others_alone() {
    let book = book("limit", TAGS);
    let limit = format!("{},{}", LAB.hosts[1], LAB.hosts[2]);
    book.apply(&["-l", &limit]).expect(0);
    let made: Vec<bool> = LAB.hosts.iter().map(|host| book.file(host, "red") == "play").collect();
    assert_eq!(made, [false, true, true, false]);
}

#[test]
fn extra_vars_win_in_every_form() {
    let book = book("extra", TAGS);
    let file = LAB.write("extra/vars.yml", "text: of a file\n");
    let of_file = format!("@{}", file.display());
    for (given, text) in
        [("text=word", "word"), ("{\"text\": \"of JSON\"}", "of JSON"), (of_file.as_str(), "of a file")]
    {
        book.apply(&["-l", &LAB.hosts[0], "-e", given]).expect(0);
        assert_eq!(book.file(&LAB.hosts[0], "red"), text, "{given}");
    }
}

#[test]
fn every_line_of_json_is_a_record() {
    let book = book("json", TAGS);
    for (verb, events) in [
        ("plan", vec!["started", "connected", "planned", "finished", "ended"]),
        ("apply", vec!["started", "connected", "planned", "done", "verified", "finished", "ended"]),
    ] {
        let ran = book.run(verb, &["--format", "json"]).expect(0);
        let records = ran.records();
        for event in events {
            assert!(records.iter().any(|r| r["event"] == event), "no {event} in {}", ran.stdout);
        }
        assert_eq!(records[0]["event"], "started");
        assert_eq!(records[0]["hosts"].as_array().map(Vec::len), Some(4));
        let last = records.last().expect("a record");
        assert_eq!((last["event"].as_str(), last["exit_code"].as_i64()), (Some("ended"), Some(0)));
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn lists_contact_nobody() {
    let book = book("lists", TAGS);
    let inventory = INVENTORY.to_string_lossy();
    let hosts = LAB.harda(&["plan", &book.path, "-i", &inventory, "--list-hosts"]).expect(0);
    hosts.says(&LAB.hosts[3]);
    let tasks = book.plan(&["--list-tasks", "-t", "blue"]).expect(0);
    assert!(!tasks.all().contains("warning"), "{}", tasks.all());
    let slip = book.plan(&["--list-tasks", "-t", "blue,bleu", "--skip-tags", "never,gren"]).expect(0);
    slip.says("warning: no task has the tag `bleu`")
        .says("warning: no task has the tag `gren`")
        .says_not("`blue`");
    tasks.says("  blue").says("  always").says_not("  red");
    book.plan(&["--syntax-check"]).expect(0);
}

#[test]
fn a_dry_run_heeds_the_first_interrupt() {
    let tasks = "tasks:\n  - command: sleep 3\n    check_mode: false\n    changed_when: false\n";
    let book = book("interrupted", tasks);
    let inventory = INVENTORY.to_string_lossy();
    let child = Command::new(env!("CARGO_BIN_EXE_harda"))
        .args(["plan", &book.path, "-i", &inventory, "-f", "1"])
        .current_dir(LAB.folder.path())
        .env_remove("SSH_AUTH_SOCK")
        .stdout(Stdio::piped())
        .spawn()
        .expect("harda starts");
    std::thread::sleep(Duration::from_millis(1500));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("a signal");
    let output = child.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: what is not shown was not looked at; nothing was changed"), "{said}");
    // The last host was not begun.
    let row = said.lines().find(|line| line.starts_with(&LAB.hosts[3])).expect("a row");
    assert!(row.trim_end().ends_with(" ms"), "{said}");
}

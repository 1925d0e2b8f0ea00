//! Input files: named with line and column, and told before any host is asked.

use crate::support::{Ran, harda};

/// Plans a playbook, with files beside it, on a host that nobody could reach.
fn plan(playbook: &str, files: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let inventory =
        ("hosts.yml", "all:\n  children:\n    none:\n    web:\n      hosts:\n        nowhere.invalid:\n");
    for (name, text) in [&[("play.yml", playbook.trim_start()), inventory], files].concat() {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    harda(folder.path(), &[&["plan", "play.yml", "-i", "hosts.yml"], arguments].concat())
}

/// A play with one task.
fn task(text: &str) -> String {
    format!("- hosts: all\n  tasks:\n    - {text}\n")
}

#[track_caller]
fn wrong(playbook: &str, message: &str) {
    let ran = plan(playbook, &[], &[]).expect(1);
    assert!(ran.stderr.contains(message), "no `{message}` in:\n{}", ran.all());
    ran.says_not("nowhere.invalid");
}

#[test]
fn yaml_that_cannot_be_read() {
    wrong(
        "- hosts: all\n  tasks:\n   - debug: {msg: x\n   - debug:\n",
        "error: play.yml:4:11: a `{` is not closed",
    );
    wrong("- hosts: all\n\ttasks: []\n", "error: play.yml:2:1: a tab stands in the indentation");
    wrong(
        &task("debug: {msg: a, msg: b}"),
        "error: play.yml:3:23: the key `msg` is here for the second time",
    );
}

#[test]
fn words_that_do_not_exist_name_the_nearest() {
    wrong(
        "- hots: all\n  tasks: []\n",
        "error: play.yml:1:3: unknown keyword `hots` (did you mean `hosts`?)",
    );
    wrong(
        &task("debug: {msg: x}\n      wehn: x"),
        "error: play.yml:4:7: unknown keyword `wehn` (did you mean `when`?)",
    );
    wrong(&task("flie: {path: /x}"), "error: play.yml:3:7: unknown module `flie` (did you mean `file`?)");
    wrong(
        &task("file: {pth: /x}"),
        "error: play.yml:3:14: module `file` has no parameter `pth` (did you mean `path`?)",
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let ran =
        plan("- hosts: all\n  tasks:\n    - flie: {path: /x}\n    - debug: {mgs: x}\n", &[], &[]).expect(1);
    ran.says("play.yml:3:7").says("play.yml:4:15");
}

#[test]
fn values_of_the_wrong_type() {
    wrong(
        "- hosts: all\n  become: maybe\n",
        "error: play.yml:2:11: `become` must be `true` or `false`, this is a string",
    );
    wrong(
        "- hosts: all\n  tasks: {a: b}\n",
        "error: play.yml:2:10: `tasks` must be a list, this is a mapping",
    );
    wrong("hosts: all\n", "error: play.yml:1:1: ");
}

#[test]
fn handlers_hosts_and_groups_that_do_not_exist() {
    wrong(
        &task("debug: {msg: x}\n      notify: nobody"),
        "error: play.yml:4:15: no handler is called `nobody`",
    );
    wrong("- hosts: wbe\n  tasks: []\n", "error: play.yml:1:10: no host or group `wbe` in the inventory");
    let ran = plan(&task("debug: {msg: x}"), &[], &["-l", "nosuch"]).expect(1);
    ran.says("error: --limit: no host or group `nosuch` in the inventory");
}

#[test]
fn an_empty_group_is_no_error_and_is_said() {
    let ran = plan("- hosts: none\n  tasks:\n    - debug: {msg: x}\n", &[], &[]).expect(0);
    ran.says("no host matches `none`");
}

#[test]
fn files_that_are_not_there() {
    wrong(&task("import_tasks: gone.yml"), "error: play.yml:3:21: ");
    let folder = tempfile::tempdir().expect("a folder");
    let ran = harda(folder.path(), &["plan", "gone.yml", "-i", "h,"]).expect(1);
    ran.says("error: `gone.yml` can't be read");
    std::fs::write(folder.path().join("p.yml"), "- hosts: all\n").expect("written");
    let ran = harda(folder.path(), &["plan", "p.yml", "-i", "gone/hosts"]).expect(1);
    ran.says("error: no inventory `gone/hosts`").says("-i gone/hosts,");
}

#[test]
fn what_is_wrong_in_an_imported_file_is_found_there() {
    let ran = plan(&task("import_tasks: more.yml"), &[("more.yml", "- debug: {mgs: x}\n")], &[]).expect(1);
    ran.says("more.yml:1:11: module `debug` has no parameter `mgs` (did you mean `msg`?)");
}

#[test]
fn an_inventory_that_is_wrong_is_named_with_its_line() {
    let broken = [("hosts.yml", "all:\n  hosts:\n    a: {ansible_port: 22\n")];
    plan(&task("ping:"), &broken, &[]).expect(1).says("hosts.yml:");
    let unknown = [("hosts.yml", "all:\n  hsots:\n    a:\n")];
    plan(&task("ping:"), &unknown, &[]).expect(1).says("hosts.yml:2:3");
}

//! The command line as people use it: exit codes and what stands on stderr.

use std::process::{Command, Output, Stdio};

fn harda(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harda"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

#[track_caller]
fn wrong(args: &[&str], expected: &str) {
    let output = harda(args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(expected), "{stderr}");
    assert!(output.stdout.is_empty());
}

fn help(args: &[&str]) -> String {
    let output = harda(args);
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_of_harda() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn help_of_plan() {
    insta::assert_snapshot!(help(&["plan", "-h"]));
}

#[test]
fn help_of_apply() {
    insta::assert_snapshot!(help(&["apply", "-h"]));
}

#[test]
fn help_of_runs() {
    insta::assert_snapshot!(help(&["runs", "-h"]));
}

#[test]
fn help_of_rollback() {
    insta::assert_snapshot!(help(&["rollback", "-h"]));
}

#[test]
fn doc_of_a_module() {
    let page = help(&["doc", "ansible.builtin.template"]);
    assert!(page.starts_with("template\n"), "{page}");
    assert!(page.contains("src  text, required"), "{page}");
    assert!(help(&["doc"]).contains("template  "));
}

#[test]
fn a_plan_takes_the_options_that_say_what_it_does_anyway() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("book.yml");
    std::fs::write(&book, "- hosts: all\n  tasks: [{debug: {msg: hello}}]\n").expect("written");
    help(&["plan", "-C", "-D", "--syntax-check", "-i", "web1,", &book.to_string_lossy()]);
}

#[test]
fn mistyped_words_name_the_nearest() {
    wrong(&["plan", "x.yml", "--inventry", "h,"], "a similar argument exists: '--inventory'");
    wrong(&["plna"], "a similar subcommand exists: 'plan'");
    wrong(&["doc", "tempalte"], "error: there is no module `tempalte`\n  hint: did you mean `template`?");
}

#[test]
fn what_is_wrong_with_variables_is_told_at_once() {
    wrong(
        &["plan", "x.yml", "-i", "h,", "-e", "foo", "-e", "1a=2"],
        "error: --extra-vars:1:1: `foo` is not `name=value`\n  hint: a file of variables is given as `@FILE`\n\
         error: --extra-vars:1:1: `1a` can't be the name of a variable\n",
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    wrong(&["plan", "x.yml", "-i", "h,", "-f", "0"], "a number from 1 to 1000 is wanted");
    wrong(&["plan", "x.yml", "-i", "h,", "--probe", "--no-probes"], "cannot be used with");
    wrong(&["plan", "x.yml", "-i", "h,", "-c", "telnet"], "invalid value 'telnet'");
    wrong(&["plan", "x.yml"], "--inventory <INVENTORY>");
    wrong(&["apply", "-i", "h,"], "<PLAYBOOK|PLAN>...");
    wrong(&["apply", "x.yml"], "--inventory <INVENTORY>");
    wrong(&["apply", "x.yml", "-i", "h,", "--allow-conditional"], "is for saved plans");
}

#[test]
fn colour_is_an_option() {
    let colored = harda(&["--color", "always", "doc", "x"]);
    assert!(colored.stderr.contains(&0x1b));
    let plain = harda(&["doc", "x"]);
    assert!(!plain.stderr.contains(&0x1b));
}

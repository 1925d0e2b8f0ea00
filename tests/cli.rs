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
fn doc_of_a_control() {
    insta::assert_snapshot!(help(&["doc", "control", "usb-devices-declared"]));
    let page = help(&["doc", "control", "usb-devices-declared", "--lang", "sv"]);
    assert!(page.contains("Nya USB-enheter nekas"), "{page}");
    assert!(help(&["doc", "control"]).contains("usb-storage-disabled  "));
}

#[test]
fn doc_of_a_variable() {
    insta::assert_snapshot!(help(&["doc", "variable", "usb_devices"]));
    assert!(help(&["doc", "variable"]).contains("firewall_ssh_from  no default"));
}

#[test]
fn the_table_of_the_readme_is_the_packs() {
    let readme = include_str!("../README.md");
    let table = help(&["doc", "requirement"]);
    assert!(readme.contains(&table), "README.md has another table than `harda doc requirement`:\n{table}");
    assert!(help(&["doc", "requirement", "6.3"]).contains("| 6.3-e USB ports are disabled"));
}

#[test]
fn what_a_site_says_is_checked_before_any_contact() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let devices = "
usb_hubs: perhaps
usb_devices:
  - {id: '1050:0407', purpsoe: token}
  - card reader
harda_profile: lax
";
    let hosts = write(
        "hosts.yml",
        &format!(
            "all:\n  hosts:\n    web1: {{ansible_host: 192.0.2.1}}\n  vars:\n{}",
            devices.replace('\n', "\n    ")
        ),
    );
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/usb-devices.yml");
    for (message, place) in [
        ("`usb_hubs` must be true or false, not `perhaps`", "hosts.yml:6:15"),
        ("`usb_devices[0]` has no key `purpsoe`: did you mean `purpose`?", "hosts.yml:"),
        ("`usb_devices[0]` has no `purpose`, which it needs", "hosts.yml:"),
        ("`usb_devices[1]` must be a mapping, not `card reader`", "hosts.yml:"),
        ("`harda_profile` must be one of server, strict, not `lax`", "hosts.yml:"),
    ] {
        wrong(&["plan", book, "-i", &hosts], message);
        wrong(&["plan", book, "-i", &hosts], place);
    }
    let wrong_specs =
        write("specs.yml", "argument_specs:\n  a:\n    options:\n      b: {type: number, descripton: x}\n");
    let book = write("book.yml", "- hosts: all\n  argument_specs: specs.yml\n  tasks: []\n");
    assert!(wrong_specs.ends_with("specs.yml"));
    for message in ["unknown key `descripton`", "did you mean `description`?", "`type` is one of str, int"] {
        wrong(&["plan", &book, "-i", "web1,"], message);
    }
}

#[test]
fn a_secret_is_not_told_for_being_wrong_and_hangs_on_no_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let spec = "{type: str, no_log: true, choices: [x], description: y}";
    write("specs.yml", &format!("argument_specs:\n  a:\n    options:\n      pin: {spec}\n"));
    write("book.yml", "- hosts: all\n  argument_specs: specs.yml\n  tasks: []\n");
    let book = folder.path().join("book.yml").to_string_lossy().into_owned();
    let plan = |pin: &str, message: &str| wrong(&["plan", &book, "-i", "web1,", "-e", pin], message);
    plan("pin=hunter22", "`pin` must be one of x, not what it is (hidden)");
    plan("{\"pin\": \"{{ ansible_hostname }}\"}", "`pin` is a secret: it can't hang on what a host says");
}

#[test]
fn how_many_runs_a_host_keeps_is_checked_before_any_contact() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let book = write("book.yml", "- hosts: all\n  tasks: []\n");
    let inventory = write("hosts.yml", "all:\n  hosts:\n    web1:\n      harda_keep_runs: abc\n");
    let told = "hosts.yml:4:24: `harda_keep_runs` of host `web1`: `abc` is no number from 1 on";
    wrong(&["apply", &book, "-i", &inventory], told);
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

#[test]
fn an_imported_playbook_finds_its_own_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("pack/site.yml", "- import_playbook: ../topic.yml\n");
    write(
        "topic.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - debug:\n        msg: \"{{ lookup('file', 'word') }}\"\n",
    );
    write("files/word", "found beside the topic");
    let book = folder.path().join("pack/site.yml").to_string_lossy().into_owned();
    let out = harda(&["plan", &book, "-i", "localhost,", "-c", "local"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("found beside the topic"), "{out:?}");
}

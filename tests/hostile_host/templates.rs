//! Templating never runs on strings from a host: wherever they go they come out as they came in.

use crate::support::{Ran, harda};
use std::path::Path;

/// What each string would become if it were rendered: the controller's environment, a number that
/// stands nowhere, a file of the controller.
const PAYLOAD: &str = "{{ lookup('env', 'HARDA_TEST_LEAK') }}{{ 191 * 7919 }}{% set x = 1 %}{# gone #}\
                       {{ lookup('file', 'leak.txt') }}{{ lookup('pipe', 'touch piped') }}";

const BOOK: &str = r#"
- hosts: localhost
  gather_facts: true
  vars:
    indirect: "{{ said.stdout }}"
    nested: {list: ["{{ said.stdout }}", "{{ ansible_facts.distribution }}"]}
  tasks:
    - command: cat payload
      args: {chdir: FOLDER}
      register: said
      check_mode: false
      changed_when: false
    - set_fact: {kept: "{{ said.stdout }}", parts: {list: ["{{ indirect }}"]}}
    - set_fact: {kept: "{{ kept }}", named_1: "{{ nested.list | join('') }}"}
    - debug: {msg: "m1 {{ kept }}"}
    - debug: {msg: ["m2 {{ parts.list[0] }}", "{{ named_1 }}"]}
    - debug: {var: kept}
    - debug: {var: "{{ said.stdout }}"}
    - debug: {msg: "m3 {{ item }}"}
      loop: "{{ [said.stdout] + said.stdout_lines }}"
      loop_control: {label: "{{ item }}"}
    - name: "named {{ said.stdout }}"
      debug: {msg: "m4 {{ lookup('vars', 'kept') }}"}
    - include_tasks: more.yml
      vars: {given: "{{ said.stdout }}", given_list: ["{{ kept }}"]}
      loop: "{{ said.stdout_lines }}"
    - include_tasks: looped.yml
      loop: "{{ said.stdout_lines }}"
    - assert: {that: "{{ said.stdout }}", fail_msg: "m5 {{ kept }}"}
      ignore_errors: true
    - debug: {msg: "m6 {{ ansible_facts.distribution }} {{ hostvars['localhost'].kept | default('') }}"}
    - copy: {content: "{{ kept }}\n", dest: FOLDER/copied}
    - template: {src: it.j2, dest: FOLDER/rendered}
    - lineinfile: {path: FOLDER/lines, line: "{{ kept }}", create: true}
    - blockinfile: {path: FOLDER/lines, block: "{{ named_1 }}"}
    - fail: {msg: "m7 {{ kept }}"}
      when: fails is defined
"#;

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let book = folder.join("play.yml").to_string_lossy().into_owned();
    // A host's own words for what it is come with the facts.
    let os = folder.join("os-release");
    let script = format!("mount --bind '{}' /etc/os-release && exec \"$0\" \"$@\"", os.display());
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", &script, env!("CARGO_BIN_EXE_harda")]);
    command.args([arguments[0], &book, "-i", "localhost,", "-c", "local"]).args(&arguments[1..]);
    let output = command
        .current_dir(folder)
        .env("HARDA_TEST_LEAK", "leaked-from-the-environment")
        .env("NO_COLOR", "1")
        .output()
        .expect("unshare starts: these tests run as root");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[track_caller]
fn nothing_was_rendered(text: &str) {
    for sign in ["leaked-from", "1512529"] {
        assert!(!text.contains(sign), "`{sign}` in:\n{text}");
    }
}

#[test]
fn what_a_host_says_is_never_a_template() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let write = |name: &str, text: &str| std::fs::write(at.join(name), text).expect("written");
    write("payload", &format!("{PAYLOAD}\n"));
    write("leak.txt", "leaked-from-a-file");
    write("os-release", &format!("ID=\"{}\"\n", PAYLOAD.replace('"', "")));
    write("it.j2", "{{ kept }}\n{{ indirect }}\n{% for x in nested.list %}{{ x }}{% endfor %}\n");
    write("more.yml", "- debug: {msg: \"i1 {{ given }} {{ given_list[0] }} {{ item }}\"}\n");
    write("looped.yml", "- debug: {msg: \"i2 {{ item }}\"}\n  when: item | length > 0\n");
    write("play.yml", &BOOK.replace("FOLDER", &at.to_string_lossy()));
    let fails = ["-e", "fails=1"];
    for arguments in [&["plan", "-vvv"][..], &["plan", "--format", "json"], &["apply", "-vvv"]] {
        let ran =
            if arguments[0] == "plan" { run(at, &[arguments, &fails].concat()) } else { run(at, arguments) };
        ran.says("HARDA_TEST_LEAK").says(if arguments[0] == "plan" { "m7 " } else { "m6 " });
        nothing_was_rendered(&ran.all());
    }
    let of = |name: &str| std::fs::read_to_string(at.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(of("copied"), format!("{PAYLOAD}\n"));
    assert_eq!(of("rendered"), format!("{PAYLOAD}\n{PAYLOAD}\n{PAYLOAD}{PAYLOAD}"));
    assert!(of("lines").starts_with(&format!("{PAYLOAD}\n")), "{}", of("lines"));
    nothing_was_rendered(&of("lines"));
    assert!(!at.join("piped").exists());
}

#[test]
fn a_host_names_no_file_of_the_controller_by_itself() {
    // There is no module that takes a file from a host, and none that runs a command here.
    let folder = tempfile::tempdir().expect("a folder");
    for module in [
        "fetch: {src: /etc/passwd, dest: /tmp/x}",
        "synchronize: {src: a, dest: b}",
        "local_action: command id",
    ] {
        let text = format!("- hosts: localhost\n  tasks:\n    - {module}\n");
        std::fs::write(folder.path().join("play.yml"), text).expect("written");
        let ran = harda(folder.path(), &["plan", "play.yml", "-i", "localhost,", "-c", "local"]);
        assert_eq!(ran.code, 1, "{}", ran.all());
    }
}

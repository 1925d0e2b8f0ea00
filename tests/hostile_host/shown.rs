//! What a host says reaches terminals and reports only in a form that can't do anything there.

use crate::support::{Ran, harda};

/// Clears the screen, sets the title, makes a link, moves up and over, rings, by C0 and by C1; then
/// what reorders text, what hides in it, and what isn't UTF-8.
const HOSTILE: &[u8] = b"\x1b[2J\x1b]0;title\x07\x1b]8;;http://x\x1b\\\x1b[1A\rchanged\x08\x7f\0\xc2\x9b31m\
    \xe2\x80\xae txt.exe \xe2\x81\xa6 \xe2\x80\x8b \xef\xbb\xbf \xe2\x80\xa8 \xf3\xa0\x80\xa1 \xff\xfe\n";

const BOOK: &str = r#"
- hosts: localhost
  gather_facts: false
  tasks:
    - command: cat FOLDER/hostile
      register: said
      check_mode: false
      changed_when: false
    - name: "named {{ said.stdout }}"
      debug: {msg: "{{ said.stdout }}"}
      loop: ["{{ said.stdout }}"]
    - copy: {content: "{{ said.stdout }}", dest: FOLDER/copied}
    - copy: {content: "plain\n", dest: FOLDER/there}
    - file: {path: "FOLDER/{{ said.stdout | replace('/', '') }}", state: touch}
      ignore_errors: true
    - command: "sh -c 'cat FOLDER/hostile >&2; cat FOLDER/hostile; exit 1'"
      when: fails is defined
"#;

/// Nothing but text, its line ends, and tabs.
#[track_caller]
fn harmless(ran: &Ran) {
    for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        for (number, line) in text.lines().enumerate() {
            let bad = |c: &char| {
                c.is_control() && *c != '\t'
                    || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
                    || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
                    || matches!(c, '\u{e0000}'..='\u{e007f}')
            };
            let found: Vec<char> = line.chars().filter(bad).collect();
            assert!(found.is_empty(), "{name}, line {}: {found:?} in {line:?}", number + 1);
        }
    }
}

#[test]
fn no_escape_of_a_host_reaches_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("hostile"), HOSTILE).expect("written");
    std::fs::write(at.join("there"), HOSTILE).expect("written");
    std::fs::write(at.join("play.yml"), BOOK.replace("FOLDER", &at.to_string_lossy())).expect("written");
    for verb in ["plan", "apply"] {
        for more in [&[][..], &["-vvv"], &["--format", "json"], &["-e", "fails=1"]] {
            std::fs::write(at.join("there"), HOSTILE).expect("written");
            let _ = std::fs::remove_file(at.join("copied"));
            let base = [verb, "play.yml", "-i", "localhost,", "-c", "local"];
            let ran = harda(at, &[&base[..], more].concat());
            // Shown it is, in a form that does nothing.
            ran.says("[2J");
            harmless(&ran);
        }
    }
}

//! Whatever a task or a host says, no shell takes it for more than a word: hostile values go through
//! every module and every kind of resource, and what they come to is run in dash, bash and busybox
//! with tools that write down their arguments.

mod kinds;
mod modules;
mod stage;

use crate::fragment::Fragment;
use proptest::prelude::*;
use stage::{SHELLS, Stage};
use std::cell::RefCell;

/// What ends words, quotes and commands in one shell or another; `@` stands for the canary:
/// a variable, for a path is cut at its slashes to ask for its folder.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "$(>@)",
    "`>@`",
    ";>@;",
    "';>@;'",
    "\";>@;\"",
    "'\\'';>@;'",
    "\\';>@;",
    "\n>@\n",
    "\r\n",
    "&>@&",
    "|>@",
    ">@",
    "<@",
    "$HOME",
    "${HOME}",
    "${IFS}",
    "*",
    "?",
    "[a-z]",
    "~",
    "!",
    "#",
    " ",
    "\t",
    " -rf",
    "--",
    "%s",
    "%n",
    "\\0",
    "\\n",
    "{a,b}",
    "=",
    "(",
    ")",
    "\u{1}",
    "\u{7f}",
    "\u{9b}",
    "å",
    "\u{2018}",
    "$'\\x27'",
    "!!",
    "\nEOF\n",
    "}",
    "fi\n",
    "esac",
    "&&",
    "||",
];

/// Hostile text, and the values made of it. Each begins and ends with a mark of its own: a word that
/// holds the mark must hold the value, all of it.
struct Values<'s> {
    text: &'s str,
    made: RefCell<Vec<String>>,
}

impl Values<'_> {
    fn next(&self) -> String {
        self.without(&[])
    }

    /// Without what is written in another way where it arrives.
    fn without(&self, letters: &[char]) -> String {
        let mut made = self.made.borrow_mut();
        let mark = format!("V{}q", made.len());
        made.push(format!("{mark}{}{mark}", self.text.replace(letters, "")));
        made[made.len() - 1].clone()
    }

    /// Asserts that what was called was given the values whole, or not at all.
    #[track_caller]
    fn arrived_whole(&self, calls: &[stage::Call], script: &str) {
        let holds = |word: &[u8], part: &[u8]| word.windows(part.len()).any(|w| w == part);
        for call in calls {
            for (at, word) in call.iter().enumerate() {
                // A script for another shell holds values quoted once more; what that shell calls
                // is written down too.
                if at > 0 && call[at - 1] == b"-c" && matches!(&call[0][..], b"sh" | b"unshare") {
                    continue;
                }
                for (number, value) in self.made.borrow().iter().enumerate() {
                    // The kernel's name of a setting has slashes for dots, and dots for slashes.
                    let is_setting = word.starts_with(b"/proc/sys/");
                    let turned = value.replace('.', "\0").replace('/', ".").replace('\0', "/");
                    let torn = holds(word, format!("V{number}q").as_bytes())
                        && !holds(word, value.as_bytes())
                        && !(is_setting && holds(word, turned.as_bytes()));
                    let shown: Vec<_> = call.iter().map(|w| String::from_utf8_lossy(w)).collect();
                    assert!(!torn, "{value:?} did not arrive whole: {shown:?} from\n{script}");
                }
            }
        }
    }
}

/// Runs a script in every shell and looks at what became of the values.
fn check(stage: &Stage, values: &Values<'_>, fragment: &Fragment) {
    for shell in SHELLS {
        let (_, calls) = stage.run(shell, fragment);
        values.arrived_whole(&calls, &fragment.script);
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_string),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat().replace(['\0', '/'], ""))
}

/// All pieces at once, then by chance.
fn with_hostile_texts(cases: u32, test: impl Fn(&Stage, &Values<'_>)) {
    let stage = Stage::new();
    let try_one = |text: &str| {
        let text = text.replace('@', "$HARDACANARY");
        test(&stage, &Values { text: &text, made: RefCell::default() });
    };
    PIECES.chunks(10).for_each(|pieces| try_one(&pieces.concat()));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let ran = runner.run(&hostile(), |text| {
        try_one(&text);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_stage_finds_what_is_not_quoted() {
    let stage = Stage::new();
    let values = Values { text: "a b", made: RefCell::default() };
    let torn = Fragment::new(format!("chown -- root {}", values.next()));
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&stage, &values, &torn)));
    assert!(found.is_err(), "a value that was torn was not found");
    let injected = Fragment::new("chown -- root x;>$HARDACANARY");
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&stage, &values, &injected)));
    assert!(found.is_err(), "a command that was injected was not found");
}

//! `command`: a program with its arguments, without a shell in between.

use super::act::{self, Words};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::fragment::quote;
use crate::world::Stop;

pub struct Command;

const PARAMS: &[Param] = &[
    Param::new(&["cmd", "_raw_params"], Kind::Text, "The command as one text, split as a shell would."),
    Param::new(&["argv"], Kind::List, "The command as a list, in place of `cmd`."),
    Param::new(
        &["expand_argument_vars"],
        Kind::Bool,
        "Replace `$NAME` and a leading `~` in arguments. Default: true.",
    ),
    act::CHDIR,
    act::CREATES,
    act::REMOVES,
    act::STDIN,
    act::STDIN_NEWLINE,
    act::WARN,
];

impl Module for Command {
    fn names(&self) -> &'static [&'static str] {
        &["command"]
    }

    fn about(&self) -> &'static str {
        "A program with its arguments, without a shell in between."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let words = words(args)?;
        let expand = args.flag("expand_argument_vars").unwrap_or(true);
        let line: Vec<String> = words.iter().map(|w| if expand { expanded(w) } else { quote(w) }).collect();
        act::plan(args, Words::List(words), format!("exec {}\n", line.join(" ")), cx)
    }
}

fn words(args: &Args) -> Result<Vec<String>, Stop> {
    let words = match (args.text("cmd"), args.list("argv")) {
        (Some(_), Some(_)) => return Err(Stop::error("`command` takes `cmd` or `argv`, not both")),
        (None, None) => return Err(Stop::error("`command` needs `cmd` or `argv`")),
        (None, Some(list)) => list,
        (Some(text), None) => {
            shlex::split(&text).ok_or_else(|| Stop::error(format!("a quote is not closed in `{text}`")))?
        }
    };
    match words.first().map(String::as_str) {
        None | Some("") => Err(Stop::error("`command` was given nothing to run")),
        _ => Ok(words),
    }
}

/// One argument as Ansible expands it: `$NAME`, `${NAME}` (as they stand where there is no such
/// variable), and a leading `~`.
fn expanded(word: &str) -> String {
    let mut script = String::new();
    let mut rest = word;
    if word == "~" || word.starts_with("~/") {
        script.push_str("\"$HOME\"");
        rest = &word[1..];
    }
    while let Some((before, name, written, after)) = variable(rest) {
        if !before.is_empty() {
            script.push_str(&quote(before));
        }
        script.push_str(&format!("\"${{{name}-\\{}}}\"", written.replace('}', "\\}")));
        rest = after;
    }
    if !rest.is_empty() || script.is_empty() {
        script.push_str(&quote(rest));
    }
    script
}

/// The first variable in a text: what is before it, its name, how it is written, what follows.
fn variable(text: &str) -> Option<(&str, &str, &str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in text.match_indices('$') {
        let tail = &text[at + 1..];
        let (name, length) = match tail.strip_prefix('{') {
            Some(braced) => match braced.split_once('}') {
                Some((name, _)) => (name, name.len() + 2),
                None => continue,
            },
            None => {
                let end = tail.find(|c| !is_part(c)).unwrap_or(tail.len());
                (&tail[..end], end)
            }
        };
        let good =
            !name.is_empty() && name.chars().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit());
        if good {
            let end = at + 1 + length;
            return Some((&text[..at], name, &text[at..end], &text[end..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::Bench;
    use serde_json::json;

    #[test]
    fn arguments_reach_the_program_as_written() {
        let cases = [
            (json!("printf '%s|' a 'b c' \"d'e\""), "a|b c|d'e|"),
            (json!({"argv": ["printf", "%s|", "a b", "*", ""]}), "a b|*||"),
            (
                json!("printf %s| $HARDA_TEST ${HARDA_TEST}x $HARDA_NONE ~/y '$'"),
                "v;1|v;1x|$HARDA_NONE|/home/y|$|",
            ),
            (json!({"cmd": "printf %s $HARDA_TEST", "expand_argument_vars": false}), "$HARDA_TEST"),
            (json!({"cmd": "cat", "stdin": "hej"}), "hej\n"),
            (json!({"cmd": "cat", "stdin": "hej", "stdin_add_newline": false}), "hej"),
            (json!({"cmd": "pwd", "chdir": "/usr"}), "/usr\n"),
        ];
        for (args, printed) in cases {
            let action = Bench::new().plan("command", args.clone()).expect("planned").action.expect("an act");
            for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
                assert_eq!(act::run(shell, &action), printed, "{shell:?} {args}");
            }
        }
    }

    #[test]
    fn a_command_that_makes_no_sense_is_refused() {
        let bench = Bench::new();
        assert!(bench.error("command", json!("echo 'x")).contains("a quote is not closed"));
        assert!(bench.error("command", json!({})).contains("needs `cmd` or `argv`"));
        assert!(bench.error("command", json!({"cmd": ""})).contains("nothing to run"));
    }
}

//! What `command` and `shell` share: the act, and `creates`/`removes`, which decide before contact
//! with the program whether there is anything to do.

use super::{Action, Args, Context, Kind, Outcome, Param, Planned};
use crate::fragment::quote;
use crate::resource::effective;
use crate::resource::file::File;
use crate::world::Stop;
use minijinja::Value;

pub const CHDIR: Param = Param::new(&["chdir"], Kind::Path, "The folder to run in. Default: /.");
pub const CREATES: Param =
    Param::new(&["creates"], Kind::Text, "A path that the command makes: not run if it is there.");
pub const REMOVES: Param =
    Param::new(&["removes"], Kind::Text, "A path that the command removes: run only if it is there.");
pub const STDIN: Param = Param::new(&["stdin"], Kind::Text, "What the command reads. Default: nothing.");
pub const STDIN_NEWLINE: Param =
    Param::new(&["stdin_add_newline"], Kind::Bool, "End `stdin` with a line feed. Default: true.");
pub const WARN: Param = Param::new(&["warn"], Kind::Bool, "Taken for old playbooks; does nothing.");

/// A command may take as long as a large upgrade; the session's own beats tell whether it lives.
const SECONDS: u64 = 6 * 3600;

/// What is run, as `cmd` of the result holds it.
pub enum Words {
    List(Vec<String>),
    Line(String),
}

impl Words {
    fn text(&self) -> String {
        match self {
            Words::List(words) => words.join(" "),
            Words::Line(line) => line.clone(),
        }
    }

    fn value(&self) -> Value {
        match self {
            Words::List(words) => Value::from(words.clone()),
            Words::Line(line) => Value::from(line.as_str()),
        }
    }
}

/// The act, or what says that there is nothing to do.
pub fn plan(args: &Args, words: Words, script: String, cx: &Context<'_>) -> Result<Planned, Stop> {
    let planned = Planned::default().result("cmd", words.value());
    if let Some(why) = settled(args, cx)? {
        return Ok(planned
            .result("rc", 0)
            .result("stdout", format!("skipped, since {why}"))
            .result("stdout_lines", vec![format!("skipped, since {why}")])
            .result("stderr", "")
            .result("stderr_lines", Vec::<String>::new())
            .result("msg", format!("Did not run command since {why}")));
    }
    let text = words.text();
    let enter = match args.text("chdir") {
        Some(folder) => format!("cd -- {} || exit 1\n", quote(&folder)),
        None => String::new(),
    };
    let told = effective::judge(&text, args.text("chdir").as_deref(), &cx.access.ways);
    let action = Action {
        title: format!("run `{text}`"),
        script: format!("{enter}{script}"),
        input: stdin(args),
        risk: told.risk,
        opaque: true,
        outcome: Outcome::Command,
        seconds: SECONDS,
        paths: told.paths,
    };
    Ok(Planned { action: Some(action), ..planned })
}

fn stdin(args: &Args) -> Vec<u8> {
    let Some(mut text) = args.text("stdin") else { return Vec::new() };
    if args.flag("stdin_add_newline").unwrap_or(true) && !text.ends_with('\n') {
        text.push('\n');
    }
    text.into_bytes()
}

/// Why there is nothing to do, if `creates` or `removes` says so.
fn settled(args: &Args, cx: &Context<'_>) -> Result<Option<String>, Stop> {
    let there = |name: &str| -> Result<Option<(String, bool)>, Stop> {
        let Some(path) = path(args, name)? else { return Ok(None) };
        let present = cx.world.ask::<File>(path.clone())?.entry().is_some();
        Ok(Some((path, present)))
    };
    // Both are asked for in one round.
    let (creates, removes) = (there("creates"), there("removes"));
    if let Some((path, true)) = creates? {
        return Ok(Some(format!("{path} exists")));
    }
    match removes? {
        Some((_, false)) if cx.world.doubt().is_some() => {
            cx.world.doubt().iter().for_each(|task| cx.world.rest_on(task));
            Ok(None)
        }
        Some((path, false)) => Ok(Some(format!("{path} does not exist"))),
        _ => Ok(None),
    }
}

fn path(args: &Args, name: &str) -> Result<Option<String>, Stop> {
    let Some(given) = args.text(name) else { return Ok(None) };
    if given.contains(['*', '?', '[']) {
        return Err(Stop::error(format!(
            "`{name}: {given}` is a pattern, which harda can't decide before the run: name one path"
        )));
    }
    match (given.starts_with('/'), args.text("chdir")) {
        (true, _) => Ok(Some(given)),
        (false, Some(folder)) => Ok(Some(format!("{}/{given}", folder.trim_end_matches('/')))),
        (false, None) => {
            Err(Stop::error(format!("`{name}: {given}` must be an absolute path, or lie below `chdir`")))
        }
    }
}

/// Runs an act in a local shell, as the framed shell would.
#[cfg(test)]
pub fn run(shell: &[&str], action: &Action) -> String {
    use std::io::{Read, Seek, Write};
    let mut stdin = tempfile::tempfile().expect("a file");
    stdin.write_all(&action.input).expect("written");
    stdin.rewind().expect("rewound");
    let mut command = std::process::Command::new(shell[0]);
    let mut child = command
        .args(&shell[1..])
        .args(["-c", &format!("set -u\n{}", action.script)])
        .env("HOME", "/home")
        .env("HARDA_TEST", "v;1")
        .stdin(stdin)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut printed = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut printed).expect("text");
    assert!(child.wait().expect("ended").success(), "{shell:?} {}", action.script);
    printed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, result};
    use crate::resource::Risk;
    use serde_json::json;

    #[test]
    fn creates_and_removes_decide_in_the_plan() {
        let bench = Bench::new().file("/there", "").without("/gone").without("/d/gone");
        let cases = [
            (json!({"cmd": "x", "creates": "/there"}), Some("skipped, since /there exists")),
            (json!({"cmd": "x", "creates": "/gone"}), None),
            (json!({"cmd": "x", "removes": "/there"}), None),
            (
                json!({"cmd": "x", "removes": "gone", "chdir": "/d"}),
                Some("skipped, since /d/gone does not exist"),
            ),
        ];
        for (args, skipped) in cases {
            let planned = bench.plan("command", args.clone()).expect("planned");
            assert_eq!(planned.action.is_none(), skipped.is_some(), "{args}");
            assert_eq!(result(&planned, "stdout").and_then(Value::as_str), skipped, "{args}");
        }
        assert!(bench.error("command", json!({"cmd": "x", "creates": "/a*"})).contains("is a pattern"));
        assert!(bench.error("command", json!({"cmd": "x", "creates": "a"})).contains("absolute path"));
        let unseen = json!({"cmd": "x", "creates": "/u", "removes": "/v"});
        assert_eq!(bench.plan("command", unseen).map(|_| ()), Err(Stop::Waiting));
        assert_eq!(bench.world.take_demands().len(), 2);
    }

    #[test]
    fn words_that_can_lock_out_are_told() {
        let risk =
            |line: &str| Bench::new().plan("shell", json!(line)).expect("planned").action.map(|a| a.risk);
        assert_eq!(risk("systemctl restart sshd"), Some(Risk::LockOut));
        assert_eq!(risk("iptables -P INPUT DROP"), Some(Risk::LockOut));
        assert_eq!(risk("iptables-legacy -P INPUT DROP"), Some(Risk::LockOut));
        assert_eq!(risk("sysctl -w net.ipv4.conf.all.rp_filter=1"), Some(Risk::LockOut));
        assert_eq!(risk("/sbin/reboot"), Some(Risk::Reboot));
        assert_eq!(risk("echo rebooted"), Some(Risk::None));
    }
}

//! `shell`: a command line for a shell on the host.

use super::act::{self, Words};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::fragment::quote;
use crate::world::Stop;

pub struct Shell;

const PARAMS: &[Param] = &[
    Param::new(&["cmd", "_raw_params"], Kind::Text, "The command line.").required(),
    Param::new(&["executable"], Kind::Path, "The shell that runs it. Default: /bin/sh."),
    act::CHDIR,
    act::CREATES,
    act::REMOVES,
    act::STDIN,
    act::STDIN_NEWLINE,
    act::WARN,
];

impl Module for Shell {
    fn names(&self) -> &'static [&'static str] {
        &["shell"]
    }

    fn about(&self) -> &'static str {
        "A command line for a shell on the host."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("cmd")
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let line = args.needed("cmd")?;
        let shell = args.text("executable").unwrap_or_else(|| "/bin/sh".into());
        let script = format!("exec {} -c {}\n", quote(&shell), quote(&line));
        act::plan(args, Words::Line(line), script, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_line_is_the_shells() {
        let cases = [
            (json!("x=\"it's\"; echo $x | tr a-z A-Z\necho 2"), "IT'S\n2\n"),
            (json!({"cmd": "echo ${BASH_VERSION:+bash}", "executable": "/bin/bash"}), "bash\n"),
            (json!({"cmd": "read a; read b; echo $b$a", "stdin": "1\n2"}), "21\n"),
        ];
        for (args, printed) in cases {
            let action = Bench::new().plan("shell", args.clone()).expect("planned").action.expect("an act");
            for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
                assert_eq!(act::run(shell, &action), printed, "{shell:?} {args}");
            }
        }
    }
}

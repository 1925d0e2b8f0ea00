//! harda on a terminal, and somebody who answers there.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The command for a line that runs on a terminal of its own, which can't move its cursor.
pub fn on_terminal(line: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "300", "script", "-qefc", line, "/dev/null"]).env("TERM", "dumb");
    command
}

/// Runs it. `answer` is shown what was said since it last answered; the exit code and all that was
/// said is what comes of it.
pub fn converse(command: &mut Command, answer: &mut dyn FnMut(&str) -> Option<String>) -> (i32, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let (mut said, mut buffer, mut heard) = (String::new(), [0; 4096], 0);
    while let Ok(count @ 1..) = stdout.read(&mut buffer) {
        said.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if let Some(line) = answer(&said[heard..]) {
            heard = said.len();
            // The terminal is still being told not to echo.
            std::thread::sleep(Duration::from_millis(300));
            stdin.write_all(format!("{line}\n").as_bytes()).expect("written");
        }
    }
    (child.wait().expect("script ends").code().unwrap_or(-1), said)
}

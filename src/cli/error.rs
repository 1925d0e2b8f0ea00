//! What is wrong with an invocation or its input files: all of it is said, then it ends.

use super::output::OutputArgs;
use crate::place::InputError;
use crate::report::{Paint, safe_line};
use std::path::Path;

#[derive(Debug)]
pub struct CliError {
    errors: Vec<InputError>,
}

impl CliError {
    /// The invocation or an input file is wrong (DESIGN.md, section 11).
    pub const EXIT_CODE: i32 = 1;

    pub fn new(message: impl Into<String>) -> Self {
        CliError::from(InputError::nowhere(message))
    }

    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        CliError::new(format!("`{}` can't be read: {error}", path.display()))
    }

    pub fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        CliError::new(format!("`{}` can't be written: {error}", path.display()))
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(error) = self.errors.last_mut() {
            error.hint = Some(hint.into());
        }
        self
    }

    /// What is wrong, to be told together with more.
    pub fn into_errors(self) -> Vec<InputError> {
        self.errors
    }

    /// Says each error on stderr: `error: file:line:col: message`, and what would be right.
    pub fn print(&self, output: &OutputArgs) {
        let paint = Paint::new(output.color_on_stderr());
        for error in &self.errors {
            let place = error.place.as_ref().map(|place| format!("{}: ", safe_line(&place.to_string())));
            let mut message = error.message.lines().map(safe_line);
            let first = message.next().unwrap_or_default();
            eprintln!("{} {}{first}", paint.bad("error:"), place.unwrap_or_default());
            message.for_each(|line| eprintln!("  {line}"));
            if let Some(hint) = &error.hint {
                eprintln!("  {} {}", paint.good("hint:"), safe_line(hint));
            }
        }
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.errors.iter().map(|error| error.message.clone()).collect();
        f.write_str(&lines.join("; "))
    }
}

impl From<InputError> for CliError {
    fn from(error: InputError) -> Self {
        CliError { errors: vec![error] }
    }
}

impl From<Vec<InputError>> for CliError {
    fn from(errors: Vec<InputError>) -> Self {
        CliError { errors }
    }
}

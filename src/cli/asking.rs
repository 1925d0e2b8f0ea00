//! Questions on the terminal, for what isn't given as an option.

use super::CliError;
use crate::report::safe_line;
use jiff::civil::Date;
use std::io::{BufRead, IsTerminal, Write};

/// Who is asked.
pub struct Asking {
    /// Nobody, where there is no terminal or all is given.
    somebody: bool,
}

impl Asking {
    pub fn nobody() -> Asking {
        Asking { somebody: false }
    }

    pub fn on_terminal() -> Asking {
        Asking { somebody: can_be() }
    }

    /// Says what the questions are about.
    pub fn say(&self, line: &str) {
        if self.somebody {
            eprintln!("{}", safe_line(line));
        }
    }

    /// What is given as `option`, else the answer, else what is known.
    pub fn text(
        &self,
        question: &str,
        option: &str,
        given: Option<&String>,
        known: Option<&String>,
    ) -> Result<String, CliError> {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        let answer = self.ask(question, known.map(String::as_str))?;
        let answer = if answer.is_empty() { known.cloned().unwrap_or_default() } else { answer };
        match answer.is_empty() {
            true => Err(missing(option)),
            false => Ok(answer),
        }
    }

    /// What is given, else the answer, else what is known; it may be nothing.
    pub fn text_if_any(
        &self,
        question: &str,
        given: Option<&String>,
        known: Option<&String>,
    ) -> Result<Option<String>, CliError> {
        if let Some(given) = given {
            return Ok(Some(given.clone()));
        }
        let answer = self.ask(question, known.map(String::as_str))?;
        Ok(if answer.is_empty() { known.cloned() } else { Some(answer) })
    }

    /// A day: the answer, or what is usual where somebody agrees to that.
    pub fn day(&self, question: &str, option: &str, usual: Option<Date>) -> Result<Date, CliError> {
        if !self.somebody {
            return Err(missing(option));
        }
        let answer = self.ask(question, usual.map(|day| day.to_string()).as_deref())?;
        match (answer.is_empty(), usual) {
            (true, Some(usual)) => Ok(usual),
            _ => answer.parse().map_err(|_| CliError::new(format!("`{answer}` is no day: 2027-01-31 is"))),
        }
    }

    /// Whether what was shown may be done. What is given as options only is agreed to already.
    pub fn agrees(&self, what: &str) -> Result<bool, CliError> {
        if self.somebody { yes(&format!("{what}?")) } else { Ok(true) }
    }

    fn ask(&self, question: &str, usual: Option<&str>) -> Result<String, CliError> {
        if !self.somebody {
            return Ok(String::new());
        }
        let usual = usual.map(|usual| format!(" [{}]", safe_line(usual))).unwrap_or_default();
        answer(&format!("{question}{usual}: "))
    }
}

/// Whether somebody can be asked.
pub fn can_be() -> bool {
    std::io::stdin().is_terminal()
}

/// A question whose answer is no, unless it is yes.
pub fn yes(question: &str) -> Result<bool, CliError> {
    Ok(matches!(answer(&format!("{question} [y/N] "))?.as_str(), "y" | "Y" | "yes" | "j" | "J" | "ja"))
}

fn answer(question: &str) -> Result<String, CliError> {
    eprint!("{question}");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| CliError::new(format!("the answer can't be read: {error}")))?;
    Ok(line.trim().to_string())
}

fn missing(option: &str) -> CliError {
    CliError::new(format!("`{option}` is missing")).hint("on a terminal it would be asked for")
}

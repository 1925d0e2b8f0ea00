//! A regular expression of Python's as the parameter of a module.

use crate::template::regex::{self, Captures, Flags, Regex};
use crate::world::Stop;
use std::sync::Arc;

pub struct Pattern {
    parameter: &'static str,
    text: String,
    regex: Arc<Regex>,
}

impl Pattern {
    /// Reads the pattern that a parameter holds.
    pub fn new(parameter: &'static str, pattern: &str) -> Result<Self, Stop> {
        Pattern::with(parameter, pattern, Flags::default())
    }

    pub fn with(parameter: &'static str, pattern: &str, flags: Flags) -> Result<Self, Stop> {
        let regex = regex::compile(pattern, flags).map_err(|why| stop(parameter, &why))?;
        Ok(Pattern { parameter, text: pattern.to_string(), regex })
    }

    pub fn search<'t>(&self, text: &'t str) -> Result<Option<Captures<'t>>, Stop> {
        regex::search(&self.regex, text).map_err(|why| stop(self.parameter, &why))
    }

    pub fn is_match(&self, text: &str) -> Result<bool, Stop> {
        self.search(text).map(|found| found.is_some())
    }

    /// Whether the pattern itself says `(?m)`.
    pub fn is_multiline(&self) -> bool {
        let flags = self.text.strip_prefix("(?").and_then(|rest| rest.split(')').next()).unwrap_or_default();
        flags.contains('m') && flags.chars().all(|c| c.is_ascii_alphabetic())
    }

    /// The text with all matches replaced, and how many there were.
    pub fn replace(&self, text: &str, template: &str) -> Result<(String, usize), Stop> {
        regex::replace(&self.regex, text, template, 0).map_err(|why| stop(self.parameter, &why))
    }
}

/// What `\1` and its like in a text become.
pub fn expand(parameter: &str, template: &str, captures: &Captures<'_>) -> Result<String, Stop> {
    regex::expand(template, captures).map_err(|why| stop(parameter, &why))
}

fn stop(parameter: &str, why: &str) -> Stop {
    Stop::error(format!("`{parameter}`: {why}"))
}

//! `replace`: every match of a pattern in a file is replaced.

use super::content::{BACKUP, Current, GROUP, MODE, OWNER, PATH, UNSAFE_WRITES, VALIDATE};
use super::pattern::Pattern;
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::template::regex::Flags;
use crate::world::Stop;
use std::ops::Range;

pub struct Replace;

const PARAMS: &[Param] = &[
    PATH,
    Param::new(&["regexp"], Kind::Text, "What is replaced; `^` and `$` match at every line.").required(),
    Param::new(&["replace"], Kind::Text, "What stands there instead; `\\1` is group 1. Default: nothing."),
    Param::new(&["after"], Kind::Text, "Only what follows this pattern is searched."),
    Param::new(&["before"], Kind::Text, "Only what comes before this pattern is searched."),
    MODE,
    OWNER,
    GROUP,
    VALIDATE,
    BACKUP,
    UNSAFE_WRITES,
];

impl Module for Replace {
    fn names(&self) -> &'static [&'static str] {
        &["replace"]
    }

    fn about(&self) -> &'static str {
        "Every match of a pattern in a file is replaced."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let multiline = Flags { multiline: true, ..Flags::default() };
        let pattern = Pattern::with("regexp", &args.needed("regexp")?, multiline)?;
        let current = Current::read(args, args.needed("path")?, cx)?;
        let Some(text) = current.text.clone() else {
            return Err(Stop::error(format!("`{}` does not exist", current.path)));
        };
        let Some(section) = section(args, &text)? else {
            let message = "`before` and `after` match nothing in the file: left as it is";
            return Ok(Planned::default().result("msg", message));
        };
        let template = args.text("replace").unwrap_or_default();
        let (new, count) = pattern.replace(&text[section.clone()], &template)?;
        let message = match new == text[section.clone()] {
            true => String::new(),
            false => format!("{count} replacements made"),
        };
        let after = [&text[..section.start], &new, &text[section.end..]].concat();
        Ok(current.write(args, after)?.result("msg", message))
    }
}

/// The part of the text that is searched.
fn section(args: &Args, text: &str) -> Result<Option<Range<usize>>, Stop> {
    let given = |name: &str| args.text(name).filter(|pattern| !pattern.is_empty());
    let pattern = match (given("after"), given("before")) {
        (None, None) => return Ok(Some(0..text.len())),
        (Some(after), Some(before)) => format!("{after}(?P<subsection>.*?){before}"),
        (Some(after), None) => format!("{after}(?P<subsection>.*)"),
        (None, Some(before)) => format!("(?P<subsection>.*){before}"),
    };
    let pattern = Pattern::with("before, after", &pattern, Flags { dot_all: true, ..Flags::default() })?;
    let found = pattern.search(text)?.and_then(|captures| captures.name("subsection"));
    Ok(found.map(|part| part.start()..part.end()))
}

#[cfg(test)]
mod tests {
    use crate::module::testing::{Bench, compare};
    use serde_json::json;

    #[test]
    fn matches_are_replaced_as_in_ansible() {
        compare("replace", include_str!("../../tests/cases/replace.json"), &|_| false);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let bench = Bench::new().without("/f");
        assert_eq!(bench.error("replace", json!({"path": "/f", "regexp": "x"})), "`/f` does not exist");
    }
}

//! The text before and after: Ansible's rules, in its order.

use crate::module::Args;
use crate::module::pattern::{Pattern, expand};
use crate::template::regex::Captures;
use crate::world::Stop;

/// How lines are found, and where a new one goes.
pub struct Edit {
    line: Option<String>,
    find: Find,
    place: Place,
    first: bool,
    backrefs: bool,
}

enum Find {
    Line,
    Text(String),
    Pattern(Pattern),
}

enum Place {
    Start,
    End,
    After(Pattern),
    Before(Pattern),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Nothing,
    Added,
    Replaced,
}

impl Done {
    pub fn words(self) -> &'static str {
        match self {
            Done::Nothing => "",
            Done::Added => "line added",
            Done::Replaced => "line replaced",
        }
    }
}

impl Edit {
    pub fn new(args: &Args) -> Result<Self, Stop> {
        let (regexp, search) = (args.text("regexp"), args.text("search_string"));
        let backrefs = args.flag("backrefs") == Some(true);
        let line = args.text("line");
        if args.text("state").as_deref() == Some("absent") {
            if regexp.is_none() && search.is_none() && line.is_none() {
                return Err(Stop::error(
                    "one of `line`, `search_string` or `regexp` is needed with `state: absent`",
                ));
            }
        } else if line.is_none() {
            return Err(Stop::error("`line` is needed with `state: present`"));
        } else if backrefs && regexp.is_none() {
            return Err(Stop::error("`backrefs` needs `regexp`"));
        }
        let find = match (regexp, search) {
            (Some(_), Some(_)) => {
                return Err(Stop::error("`lineinfile` takes `regexp` or `search_string`, not both"));
            }
            (Some(pattern), None) => Find::Pattern(Pattern::new("regexp", &pattern)?),
            (None, Some(text)) => Find::Text(text),
            (None, None) => Find::Line,
        };
        let first = args.flag("firstmatch") == Some(true);
        Ok(Edit { line, find, place: place(args)?, first, backrefs })
    }

    /// The text with the line in it.
    pub fn insert(&self, text: &str) -> Result<(String, Done), Stop> {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
        let line = self.line.as_deref().unwrap_or_default();
        let found = self.found(&lines)?;
        let (at, new) = match (&found, self.exact(&lines, line)?) {
            (Some((at, Some(captures))), _) if self.backrefs => (*at, expand("line", line, captures)?),
            (Some((at, _)), _) => (*at, line.to_string()),
            (None, Exact { line: Some(at), .. }) => (at, line.to_string()),
            (None, Exact { place, .. }) => {
                drop(found);
                return self.add(lines, line, place);
            }
        };
        let new = if new.ends_with('\n') { new } else { new + "\n" };
        drop(found);
        if lines[at] == new {
            return Ok((lines.concat(), Done::Nothing));
        }
        lines[at] = new;
        Ok((lines.concat(), Done::Replaced))
    }

    /// The text without the lines that are found, and how many they are.
    pub fn remove(&self, text: &str) -> Result<(String, usize), Stop> {
        let (mut kept, mut found) = (String::new(), 0);
        for line in text.split_inclusive('\n') {
            let matches = match &self.find {
                Find::Pattern(pattern) => pattern.is_match(line)?,
                Find::Text(text) => line.contains(text.as_str()),
                Find::Line => self.line.as_deref() == Some(bare(line)),
            };
            if matches { found += 1 } else { kept.push_str(line) }
        }
        Ok((kept, found))
    }

    /// The line that `regexp` or `search_string` finds: the last one, or the first.
    fn found<'t>(&self, lines: &'t [String]) -> Result<Option<(usize, Option<Captures<'t>>)>, Stop> {
        let mut found = None;
        for (at, line) in lines.iter().enumerate() {
            match &self.find {
                Find::Line => return Ok(None),
                Find::Text(text) if line.contains(text.as_str()) => found = Some((at, None)),
                Find::Text(_) => continue,
                Find::Pattern(pattern) => match pattern.search(line)? {
                    Some(captures) => found = Some((at, Some(captures))),
                    None => continue,
                },
            }
            if self.first {
                break;
            }
        }
        Ok(found)
    }

    /// Where the line stands already, and where a new one would go.
    fn exact(&self, lines: &[String], line: &str) -> Result<Exact, Stop> {
        let mut exact = Exact::default();
        for (at, current) in lines.iter().enumerate() {
            if bare(current) == line {
                exact.line = Some(at);
                continue;
            }
            exact.place = match &self.place {
                Place::After(pattern) if pattern.is_match(current)? => Some(at + 1),
                Place::Before(pattern) if pattern.is_match(current)? => Some(at),
                _ => continue,
            };
            if self.first {
                break;
            }
        }
        Ok(exact)
    }

    fn add(&self, mut lines: Vec<String>, line: &str, place: Option<usize>) -> Result<(String, Done), Stop> {
        if self.backrefs {
            return Ok((lines.concat(), Done::Nothing));
        }
        let at = match (&self.place, place) {
            (Place::Start, _) => 0,
            (Place::End, _) | (_, None) => lines.len(),
            (_, Some(at)) => at,
        };
        if at == lines.len() {
            // Ansible glues the new line to a last one that has no line feed if that is the one
            // matched: no one can want that.
            if let Some(last) = lines.last_mut().filter(|l| !l.ends_with(['\n', '\r'])) {
                last.push('\n');
            }
        }
        lines.insert(at, format!("{line}\n"));
        Ok((lines.concat(), Done::Added))
    }
}

#[derive(Default)]
struct Exact {
    line: Option<usize>,
    place: Option<usize>,
}

fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

fn place(args: &Args) -> Result<Place, Stop> {
    match (args.text("insertafter"), args.text("insertbefore")) {
        (Some(_), Some(_)) => {
            Err(Stop::error("`lineinfile` takes `insertafter` or `insertbefore`, not both"))
        }
        (Some(word), None) if word == "BOF" => Ok(Place::Start),
        (Some(word), None) if word == "EOF" => Ok(Place::End),
        (Some(pattern), None) => Ok(Place::After(Pattern::new("insertafter", &pattern)?)),
        (None, Some(word)) if word == "BOF" => Ok(Place::Start),
        (None, Some(pattern)) => Ok(Place::Before(Pattern::new("insertbefore", &pattern)?)),
        (None, None) => Ok(Place::End),
    }
}

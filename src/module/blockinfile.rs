//! `blockinfile`: some lines of a file, between two marker lines.

use super::content::{BACKUP, CREATE, Current, GROUP, MODE, OWNER, PATH, UNSAFE_WRITES, VALIDATE};
use super::pattern::Pattern;
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::world::Stop;

pub struct BlockInFile;

const PARAMS: &[Param] = &[
    PATH,
    Param::new(&["state"], Kind::Text, "Whether the block is to be there. Default: `present`.")
        .choices(&["present", "absent"]),
    Param::new(&["block", "content"], Kind::Text, "The lines. None removes the block, as `state: absent`."),
    Param::new(
        &["marker"],
        Kind::Text,
        "The marker lines, with {mark}. Default: `# {mark} ANSIBLE MANAGED BLOCK`, so that a block that \
         Ansible made is found.",
    ),
    Param::new(&["marker_begin"], Kind::Text, "What {mark} is at the start. Default: BEGIN."),
    Param::new(&["marker_end"], Kind::Text, "What {mark} is at the end. Default: END."),
    Param::new(
        &["insertafter"],
        Kind::Text,
        "A block that is new goes after the last line that matches; EOF. Default: EOF.",
    ),
    Param::new(
        &["insertbefore"],
        Kind::Text,
        "A block that is new goes before the last line that matches; BOF.",
    ),
    Param::new(&["prepend_newline"], Kind::Bool, "An empty line before the block. Default: false."),
    Param::new(&["append_newline"], Kind::Bool, "An empty line after the block. Default: false."),
    CREATE,
    MODE,
    OWNER,
    GROUP,
    VALIDATE,
    BACKUP,
    UNSAFE_WRITES,
];

impl Module for BlockInFile {
    fn names(&self) -> &'static [&'static str] {
        &["blockinfile"]
    }

    fn about(&self) -> &'static str {
        "Some lines of a file, between two marker lines."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let block = Block::new(args)?;
        let absent = args.text("state").as_deref() == Some("absent");
        let current = match absent {
            true => Current::read(args, args.needed("path")?, cx)?,
            false => Current::editable(args, cx)?,
        };
        if absent && current.is_absent() {
            return Ok(Planned::default().result("msg", format!("File {} not present", current.path)));
        }
        let before = current.text.clone().unwrap_or_default();
        let after = block.apply(&before)?;
        let message = match (before == after, block.lines.is_empty()) {
            _ if current.is_absent() => "File created",
            (true, _) => "",
            (false, true) => "Block removed",
            (false, false) => "Block inserted",
        };
        Ok(current.write(args, after)?.result("msg", message))
    }
}

/// The block with its markers, and where it goes if it is new.
struct Block {
    begin: String,
    end: String,
    /// All its lines, markers included; none if it is to go.
    lines: Vec<String>,
    place: Place,
    blank_before: bool,
    blank_after: bool,
}

enum Place {
    Start,
    End,
    After(Pattern),
    Before(Pattern),
}

impl Block {
    fn new(args: &Args) -> Result<Self, Stop> {
        let marker = args.text("marker").unwrap_or_else(|| "# {mark} ANSIBLE MANAGED BLOCK".into());
        let mark = |name: &str, word: &str| {
            let word = args.text(name).unwrap_or_else(|| word.into());
            format!("{}\n", marker.replace("{mark}", &word))
        };
        let (begin, end) = (mark("marker_begin", "BEGIN"), mark("marker_end", "END"));
        if begin == end {
            return Err(Stop::error(format!(
                "`marker: {marker}` gives the same line for the start and the end of the block (it needs {{mark}})"
            )));
        }
        let present = args.text("state").as_deref() != Some("absent");
        let text = args.text("block").filter(|text| present && !text.is_empty());
        let lines = text.map(|text| {
            let mut lines = vec![begin.clone()];
            lines.extend(split(&text));
            if let Some(last) = lines.last_mut().filter(|l| !l.ends_with('\n')) {
                last.push('\n');
            }
            lines.push(end.clone());
            lines
        });
        Ok(Block {
            begin,
            end,
            lines: lines.unwrap_or_default(),
            place: place(args)?,
            blank_before: present && args.flag("prepend_newline") == Some(true),
            blank_after: present && args.flag("append_newline") == Some(true),
        })
    }

    fn apply(&self, text: &str) -> Result<String, Stop> {
        let mut lines = split(text);
        let begin = lines.iter().rposition(|l| *l == self.begin);
        let end = lines.iter().rposition(|l| *l == self.end);
        let mut at = match (begin, end) {
            (Some(a), Some(b)) => {
                lines.drain(a.min(b)..=a.max(b));
                a.min(b)
            }
            _ if self.lines.is_empty() => return Ok(text.to_string()),
            _ => self.new_place(text, &lines)?,
        };
        if let Some(before) = at.checked_sub(1).and_then(|i| lines.get_mut(i)).filter(|l| !l.ends_with('\n'))
        {
            before.push('\n');
        }
        if self.blank_before && at > 0 && lines[at - 1] != "\n" {
            lines.insert(at, "\n".into());
            at += 1;
        }
        lines.splice(at..at, self.lines.iter().cloned());
        let after = at + self.lines.len();
        if self.blank_after && lines.get(after).is_some_and(|l| l != "\n") {
            lines.insert(after, "\n".into());
        }
        Ok(lines.concat())
    }

    fn new_place(&self, text: &str, lines: &[String]) -> Result<usize, Stop> {
        let (pattern, shift) = match &self.place {
            Place::Start => return Ok(0),
            Place::End => return Ok(lines.len()),
            Place::After(pattern) => (pattern, 1),
            Place::Before(pattern) => (pattern, 0),
        };
        if pattern.is_multiline() {
            let Some(found) = pattern.search(text)?.and_then(|c| c.get(0)) else { return Ok(lines.len()) };
            let until = if shift == 1 { found.end() } else { found.start() };
            return Ok(text[..until].matches('\n').count() + shift);
        }
        let mut at = None;
        for (index, line) in lines.iter().enumerate() {
            if pattern.is_match(line)? {
                at = Some(index + shift);
            }
        }
        Ok(at.unwrap_or(lines.len()))
    }
}

/// Lines with their ends, split as Python splits bytes: at `\n`, `\r` and `\r\n`.
fn split(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r']) {
        let end = if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
        lines.push(rest[..end].to_string());
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        lines.push(rest.to_string());
    }
    lines
}

fn place(args: &Args) -> Result<Place, Stop> {
    match (args.text("insertafter"), args.text("insertbefore")) {
        (Some(_), Some(_)) => {
            Err(Stop::error("`blockinfile` takes `insertafter` or `insertbefore`, not both"))
        }
        (Some(word), None) if word == "EOF" => Ok(Place::End),
        (Some(pattern), None) => Ok(Place::After(Pattern::new("insertafter", &pattern)?)),
        (None, Some(word)) if word == "BOF" => Ok(Place::Start),
        (None, Some(pattern)) => Ok(Place::Before(Pattern::new("insertbefore", &pattern)?)),
        (None, None) => Ok(Place::End),
    }
}

#[cfg(test)]
mod tests {
    use crate::module::testing::{Bench, compare, wanted_text};
    use serde_json::json;

    #[test]
    fn blocks_end_up_where_ansible_puts_them() {
        compare("blockinfile", include_str!("../../tests/cases/blockinfile.json"), &|case| {
            // Ansible adds a line feed to the last line when it finds no block to remove.
            let removes = case.args["state"] == "absent" || case.args["block"] == "";
            removes && !case.before.ends_with('\n') && !case.before.contains("BEGIN")
        });
    }

    #[test]
    fn a_missing_file_is_made_or_left() {
        let bench = Bench::new().without("/f");
        assert!(bench.error("blockinfile", json!({"path": "/f", "block": "x"})).contains("`create: true`"));
        let made = bench.plan("blockinfile", json!({"path": "/f", "block": "x", "create": true}));
        let text = "# BEGIN ANSIBLE MANAGED BLOCK\nx\n# END ANSIBLE MANAGED BLOCK\n";
        assert_eq!(wanted_text(&made.expect("planned"), "/f").as_deref(), Some(text));
        let gone = bench.plan("blockinfile", json!({"path": "/f", "state": "absent"}));
        assert!(gone.expect("planned").wants.is_empty());
        let same = bench.error("blockinfile", json!({"path": "/f", "marker": "# mine"}));
        assert!(same.contains("needs {mark}"), "{same}");
    }
}

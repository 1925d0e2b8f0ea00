//! The common-* files beside what pam-auth-update last wrote (/var/lib/pam): which profile's lines
//! are still there, and where somebody's hand makes pam-auth-update give up.
//!
//! It goes through the block that it keeps line by line. A line whose control and module it wrote
//! may have other options: those it keeps for ever. A line that it lacks comes back. A line that it
//! did not write, or a block without its comments, makes it leave *all* files alone, and exit
//! with 0 all the same.

use super::profile::one_blank;
use super::{Lines, ProfileState, STACKS};
use std::collections::BTreeMap;

/// The lines of each file, by its path.
pub type Files<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Reads `path:line` lines.
pub fn read(text: &str) -> Files<'_> {
    let mut files: Files<'_> = BTreeMap::new();
    for (path, line) in text.lines().filter_map(|l| l.split_once(':')) {
        files.entry(path).or_default().push(line);
    }
    files
}

pub fn state(name: &str, files: &Files<'_>) -> ProfileState {
    let mut held = Lines::new();
    let mut obstacle = None;
    for stack in STACKS {
        match compare(stack, files) {
            Ok(lines) => {
                let own: Vec<String> =
                    lines.iter().filter(|l| l.profile == name).map(|l| l.text.clone()).collect();
                if let Some(edited) = lines.iter().find(|l| l.profile == name && l.edited) {
                    obstacle.get_or_insert(format!(
                        "the options of `{}` in /etc/pam.d/common-{stack} were changed by hand, and pam-auth-update keeps them so",
                        edited.text
                    ));
                }
                if !own.is_empty() {
                    held.insert(stack.to_string(), own);
                }
            }
            Err(why) => {
                // The whole set is left alone; what it holds of the profile is what was saved.
                obstacle = Some(why);
                let own = live_lines(name, stack, files);
                if !own.is_empty() {
                    held.insert(stack.to_string(), own);
                }
            }
        }
    }
    ProfileState { held, first: Lines::new(), obstacle }
}

/// A line of the live stack that pam-auth-update knows.
struct Known {
    profile: String,
    /// As the profile has it, with the options that the live line has.
    text: String,
    edited: bool,
}

/// A line of /var/lib/pam.
struct Saved<'a> {
    profile: &'a str,
    /// Control and module, without the ends of jumps.
    head: String,
    text: String,
    options: Vec<&'a str>,
}

fn saved<'a>(stack: &str, files: &Files<'a>) -> Option<Vec<Saved<'a>>> {
    let mut profile = "";
    let mut lines = Vec::new();
    for line in files.get(format!("/var/lib/pam/{stack}").as_str())? {
        match line.strip_prefix("Module: ") {
            Some(name) => profile = name,
            None => {
                let (head, options) = split(line);
                lines.push(Saved { profile, head: without_jump(&head), text: head, options });
            }
        }
    }
    Some(lines)
}

/// Control and module with one blank between them, and the options.
fn split(line: &str) -> (String, Vec<&str>) {
    let line = line.trim();
    let control = match line.starts_with('[') {
        true => line.find(']').map_or(line.len(), |at| at + 1),
        false => line.find(char::is_whitespace).unwrap_or(line.len()),
    };
    let mut words = line[control..].split_whitespace();
    let module = words.next().unwrap_or_default();
    (format!("{} {module}", one_blank(&line[..control])), words.collect())
}

/// The line without how far it jumps: `success=2` and `success=end` are `success=`.
fn without_jump(head: &str) -> String {
    let Some((control, rest)) = head.strip_prefix('[').and_then(|h| h.split_once(']')) else {
        return head.to_string();
    };
    let bare: Vec<&str> = control
        .split(' ')
        .map(|part| match part.split_once('=') {
            Some((key, to)) if to == "end" || to.bytes().all(|b| b.is_ascii_digit()) => {
                &part[..key.len() + 1]
            }
            _ => part,
        })
        .collect();
    format!("[{}]{rest}", bare.join(" "))
}

const PRIMARY: &str = "# here are the per-package modules (the \"Primary\" block)";
const FALLBACK: &str = "# here's the fallback if no module succeeds";
const ADDITIONAL: &str = "# and here are more per-package modules (the \"Additional\" block)";
const END: &str = "# end of pam-auth-update config";

/// The managed lines of the live file, without the stack's name before them.
fn managed<'a>(stack: &str, files: &Files<'a>) -> Result<Vec<&'a str>, String> {
    let path = format!("/etc/pam.d/common-{stack}");
    let live = files.get(path.as_str()).ok_or_else(|| format!("`{path}` is missing"))?;
    let kind = stack.trim_end_matches("-noninteractive");
    let mut lines = Vec::new();
    let mut inside = false;
    let mut marks = [PRIMARY, FALLBACK, ADDITIONAL, END].into_iter().peekable();
    for line in live {
        if marks.peek().is_some_and(|mark| line.starts_with(mark)) {
            inside = matches!(marks.next(), Some(PRIMARY | ADDITIONAL));
        } else if inside {
            lines.push(line.strip_prefix(kind).unwrap_or(line).trim());
        }
    }
    // The last comment may be missing: it is only looked for.
    match marks.next() {
        None | Some(END) => Ok(lines),
        Some(mark) => {
            Err(format!("`{path}` was replaced by hand: it lacks the comment `{mark}` of pam-auth-update"))
        }
    }
}

fn compare(stack: &str, files: &Files<'_>) -> Result<Vec<Known>, String> {
    let lines = managed(stack, files)?;
    let saved = saved(stack, files).ok_or_else(|| {
        format!("`/var/lib/pam/{stack}` is missing: pam-auth-update never wrote this stack")
    })?;
    let mut rest = saved.iter();
    let mut known = Vec::new();
    for line in lines {
        let (head, options) = split(line);
        let bare = without_jump(&head);
        // What it passes over was taken out by hand, and comes back.
        let Some(found) = rest.find(|saved| saved.head == bare) else {
            return Err(format!(
                "`/etc/pam.d/common-{stack}` was edited by hand: pam-auth-update did not write `{}`",
                one_blank(line)
            ));
        };
        let text = [&[found.text.as_str()], &options[..]].concat().join(" ");
        known.push(Known { profile: found.profile.into(), text, edited: options != found.options });
    }
    Ok(known)
}

/// The saved lines of a profile that the live file, whatever its form, holds as well.
fn live_lines(name: &str, stack: &str, files: &Files<'_>) -> Vec<String> {
    let live: Vec<String> = files
        .get(format!("/etc/pam.d/common-{stack}").as_str())
        .into_iter()
        .flatten()
        .filter_map(|l| l.strip_prefix(stack.trim_end_matches("-noninteractive")))
        .map(|l| {
            let (head, options) = split(l);
            [&[without_jump(&head).as_str()], &options[..]].concat().join(" ")
        })
        .collect();
    let saved = saved(stack, files).unwrap_or_default();
    let own = saved.iter().filter(|s| s.profile == name);
    own.filter(|s| live.contains(&[&[s.head.as_str()], &s.options[..]].concat().join(" ")))
        .map(|s| [&[s.text.as_str()], &s.options[..]].concat().join(" "))
        .collect()
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;

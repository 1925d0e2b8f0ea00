//! The settings that a task gives, as typed lines, cut to what this host's sshd knows.

use super::keywords::{Keyword, Shape, find};
use crate::resource::sshd::Effective;
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::ValueKind;
use std::fmt::Write;

/// One keyword with its values.
#[derive(Clone, Debug)]
pub struct Setting {
    pub keyword: &'static Keyword,
    pub values: Vec<String>,
}

/// A Match block: its criteria and what holds in it.
#[derive(Clone, Debug)]
pub struct Block {
    pub criteria: String,
    pub settings: Vec<Setting>,
}

/// Reads a mapping of keywords; one whose value is null is left out, so that a host's variable can
/// take back what a playbook sets.
pub fn read(map: &Value) -> Result<Vec<Setting>, String> {
    let mut settings: Vec<Setting> = Vec::new();
    for name in map.try_iter().map_err(|_| "`settings` must be a mapping of keywords".to_string())? {
        let value = map.get_item(&name).map_err(|e| e.to_string())?;
        let keyword = find(&name.to_string())?;
        if value.is_none() {
            continue;
        }
        if settings.iter().any(|s| s.keyword.canonical() == keyword.canonical()) {
            return Err(format!("`{}` is given twice", keyword.name));
        }
        settings.push(Setting { keyword, values: values(keyword, &value)? });
    }
    settings.sort_by_key(|s| s.keyword.name);
    Ok(settings)
}

fn values(keyword: &Keyword, value: &Value) -> Result<Vec<String>, String> {
    let items: Vec<Value> = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter().map_err(|e| e.to_string())?.collect(),
        ValueKind::Map => return Err(format!("`{}` must be a value or a list", keyword.name)),
        _ => vec![value.clone()],
    };
    let mut words = Vec::new();
    for item in items {
        let text = scalar(&item).trim().to_string();
        if text.contains(['\n', '\r', '\0']) {
            return Err(format!("`{}` must be one line", keyword.name));
        }
        match keyword.shape {
            Shape::Algorithms(_) | Shape::Commas => {
                words.extend(text.split(',').map(|w| w.trim().to_string()).filter(|w| !w.is_empty()));
            }
            _ if text.is_empty() => {}
            _ => words.push(text),
        }
    }
    match words.is_empty() {
        true => Err(format!("`{}` has no value (null leaves the keyword out)", keyword.name)),
        false => Ok(words),
    }
}

/// YAML's `no` without quotes is a boolean, and sshd's `no` is meant.
fn scalar(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool => (if value.is_true() { "yes" } else { "no" }).to_string(),
        _ => value.to_string(),
    }
}

/// The Match blocks that a task gives.
pub fn blocks(list: &Value) -> Result<Vec<Block>, String> {
    let items = list.try_iter().map_err(|_| "`match` must be a list of blocks".to_string())?;
    items.map(|item| block(&item)).collect()
}

fn block(item: &Value) -> Result<Block, String> {
    let shape = || "each block of `match` has `criteria` and `settings`, nothing else".to_string();
    if item.kind() != ValueKind::Map || item.len() != Some(2) {
        return Err(shape());
    }
    let part = |name: &str| item.get_attr(name).ok().filter(|v| !v.is_undefined()).ok_or_else(shape);
    let criteria = part("criteria")?.to_string().trim().to_string();
    if criteria.is_empty() || criteria.contains(['\n', '\r', '\0']) {
        return Err(
            "`criteria` of a Match block must be one line, such as `User backup Address 192.0.2.0/24`".into(),
        );
    }
    let settings = read(&part("settings")?)?;
    match settings.iter().find(|s| !s.keyword.in_match) {
        Some(s) => Err(format!("`{}` can't stand in a Match block", s.keyword.name)),
        None => Ok(Block { criteria, settings }),
    }
}

/// Leaves out or refuses what this host's sshd doesn't know.
pub fn fit(
    settings: Vec<Setting>,
    host: &Effective,
    skip_unknown: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<Setting>, Stop> {
    let mut kept = Vec::new();
    for mut setting in settings {
        let Keyword { name, since: (major, minor), .. } = *setting.keyword;
        let (has_major, has_minor) = host.version;
        if host.version < (major, minor) {
            let why =
                format!("`{name}` needs OpenSSH {major}.{minor}, this host has {has_major}.{has_minor}");
            if !skip_unknown {
                return Err(Stop::error(format!("{why} (`skip_unknown: true` leaves it out)")));
            }
            notes.push(format!("{why}: left out"));
            continue;
        }
        if let Shape::Algorithms(kind) = setting.keyword.shape {
            cut(&mut setting, host.known.get(kind).map_or(&[], Vec::as_slice), notes)?;
        }
        kept.push(setting);
    }
    Ok(kept)
}

/// Cuts a list of algorithms to the known ones: an unknown name keeps sshd from starting. A list
/// that removes (`-pattern`) never does, and is passed through.
fn cut(setting: &mut Setting, known: &[String], notes: &mut Vec<String>) -> Result<(), Stop> {
    let first = setting.values[0].clone();
    let sign = first.chars().next().filter(|c| matches!(c, '+' | '-' | '^'));
    if sign == Some('-') || known.is_empty() {
        return Ok(());
    }
    if let (Some(_), Some(bare)) = (sign, first.get(1..)) {
        setting.values[0] = bare.to_string();
    }
    let (kept, gone): (Vec<String>, Vec<String>) = setting.values.drain(..).partition(|v| known.contains(v));
    let name = setting.keyword.name;
    if kept.is_empty() {
        return Err(Stop::error(format!(
            "`{name}`: this host's sshd knows none of `{}` (it knows {})",
            gone.join(","),
            known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
        )));
    }
    if !gone.is_empty() {
        notes.push(format!("`{name}`: this host's sshd does not know {}: left out", listed(&gone)));
    }
    setting.values = kept;
    if let Some(sign) = sign {
        setting.values[0].insert(0, sign);
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The text of the file: one order whatever the playbook's, so that nothing changes without need.
pub fn render(settings: &[Setting], blocks: &[Block]) -> String {
    let mut text = String::from(
        "# Made by harda. sshd takes the first value that it meets, so this file sorts before all others;\n\
         # what is changed here by hand is overwritten.\n",
    );
    lines(&mut text, "", settings);
    for block in blocks {
        let _ = writeln!(text, "\nMatch {}", block.criteria);
        lines(&mut text, "    ", &block.settings);
    }
    text
}

fn lines(text: &mut String, indent: &str, settings: &[Setting]) {
    for setting in settings {
        let name = setting.keyword.name;
        let mut line = |value: &str| {
            let _ = writeln!(text, "{indent}{name} {value}");
        };
        match setting.keyword.shape {
            Shape::Lines => setting.values.iter().for_each(|v| line(v)),
            Shape::Words => line(&setting.values.join(" ")),
            Shape::Commas | Shape::Algorithms(_) => line(&setting.values.join(",")),
        }
    }
}

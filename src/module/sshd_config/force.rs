//! Whether what the drop-in says is what sshd will do: the drop-in read alone against all files
//! together, keyword by keyword, and the line that is to blame where they differ.

use super::settings::{Block, Setting};
use crate::resource::sshd::methods::unsatisfied;
use crate::resource::sshd::{Directive, Effective, MAIN, Settings};
use crate::world::Stop;

/// An error for the first keyword that is not in force as asked.
pub fn check(path: &str, settings: &[Setting], effective: &Effective) -> Result<(), Stop> {
    if let Some(why) = &effective.refused {
        return Err(Stop::error(format!("sshd refuses the configuration: {why}")));
    }
    if !settings.is_empty() && !effective.reads(path) {
        return Err(Stop::error(not_included(path)));
    }
    let nothing = Settings::new();
    let alone = effective.alone.as_ref().unwrap_or(&nothing);
    let port_given = settings.iter().any(|s| s.keyword.name == "Port");
    for setting in settings {
        let name = setting.keyword.canonical();
        let side = |from: &Settings| values(from, &name, port_given);
        if side(alone) != side(&effective.global) {
            return Err(Stop::error(blame(path, setting, effective)));
        }
    }
    Ok(())
}

/// The values of a keyword. An address is printed with the port, which another file may set.
fn values(from: &Settings, name: &str, port_given: bool) -> Vec<String> {
    let values = from.get(name).map_or(&[][..], Vec::as_slice);
    let bare = |v: &String| match v.rsplit_once(':') {
        Some((address, _)) if name == "listenaddress" && !port_given => address.to_string(),
        _ => v.clone(),
    };
    values.iter().map(bare).collect()
}

fn not_included(path: &str) -> String {
    let folder = crate::resource::file::parent(path);
    format!(
        "`{MAIN}` has no `Include` line that leads to `{path}`, so sshd would not read it (make `Include {folder}/*.conf` the first line of `{MAIN}`)"
    )
}

fn blame(path: &str, setting: &Setting, effective: &Effective) -> String {
    let name = setting.keyword.name;
    let canonical = setting.keyword.canonical();
    let others = |d: &&Directive| d.keyword == canonical && d.file != path && d.within.is_none();
    let asked = setting.values.join(" ");
    if setting.keyword.adds_up {
        let lines: Vec<String> = effective
            .directives
            .iter()
            .filter(others)
            .map(|d| format!("`{}` adds `{}`", d.place(), d.value))
            .collect();
        return format!(
            "`{name}` would not be `{asked}` alone: all lines of it count, and {} (remove that line)",
            lines.join(", ")
        );
    }
    let in_force = effective.values(&canonical).join(" ");
    match effective.directives.iter().find(|d| others(d) || d.file == path && d.keyword == canonical) {
        Some(first) if first.file != path => format!(
            "`{name}` would be `{in_force}`, not `{asked}`: `{}` sets it first (remove that line, or name the drop-in so that it sorts before it)",
            first.place()
        ),
        _ => format!("`{name}` would be `{in_force}`, not `{asked}`, and no file says why"),
    }
}

/// What beats the drop-in for some logins only, or beyond all files: said, not refused.
pub fn findings(path: &str, settings: &[Setting], effective: &Effective) -> Vec<String> {
    let mut notes = Vec::new();
    for d in &effective.directives {
        let Some(criteria) = d.within.as_ref().filter(|_| d.file != path && d.keyword != "match") else {
            continue;
        };
        if let Some(setting) = settings.iter().find(|s| s.keyword.canonical() == d.keyword) {
            notes.push(format!(
                "`{}` sets `{} {}` for `Match {criteria}`, whatever is set here",
                d.place(),
                setting.keyword.name,
                d.value
            ));
        }
    }
    if !effective.options.is_empty() {
        notes.push(format!(
            "`/etc/default/ssh` starts sshd with `{}`, which beats every file",
            effective.options
        ));
    }
    notes
}

/// A Match block of the task whose AuthenticationMethods can't be satisfied: `sshd -t` doesn't see
/// it, and those users are locked out.
pub fn contradiction(blocks: &[Block], effective: &Effective) -> Result<(), Stop> {
    for block in blocks {
        let mut inside = effective.global.clone();
        for setting in &block.settings {
            inside.insert(setting.keyword.canonical(), vec![setting.values.join(" ")]);
        }
        if let Some(why) = unsatisfied(&inside) {
            return Err(Stop::error(format!("`Match {}`: {why}", block.criteria)));
        }
    }
    Ok(())
}

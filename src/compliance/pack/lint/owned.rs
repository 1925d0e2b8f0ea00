//! Who owns a setting: one control, whichever modules write it.

use crate::place::{InputError, Place};
use crate::playbook::model::{Act, Task};
use crate::yaml::{Node, is_template};
use std::collections::BTreeMap;

/// What a module sets, by the kind of thing and the parameters that say which one: two controls may
/// not own the same. What writes a file is a file, whichever module it is.
const OWNED: &[(&str, &str, &[&str])] = &[
    ("apt", "package", &["name", "pkg"]),
    ("authorized_key", "keys of", &["user"]),
    ("blockinfile", "file", &["path", "dest"]),
    ("copy", "file", &["dest"]),
    ("dnf", "package", &["name"]),
    ("file", "file", &["path", "dest"]),
    ("group", "group", &["name"]),
    ("kernel_module", "kernel module", &["name"]),
    ("lineinfile", "file", &["path", "dest"]),
    ("modprobe", "kernel module", &["name"]),
    ("package", "package", &["name"]),
    ("pam_profile", "pam profile", &["name"]),
    ("replace", "file", &["path", "dest"]),
    ("service", "unit", &["name"]),
    ("sysctl", "sysctl", &["name", "key"]),
    ("systemd", "unit", &["name"]),
    ("template", "file", &["dest"]),
    ("user", "user", &["name"]),
];

/// What sets things within a file: the parameters that name the file, and the files without them. Such
/// tasks of several controls share it; one that writes the file itself doesn't.
const WITHIN: &[(&str, &[&str], &[&str])] = &[
    ("kernel_module", &["file"], &["/etc/modprobe.d/harda-{}.conf"]),
    ("login_defs", &["path"], &["/etc/login.defs"]),
    ("sshd_config", &["path", "dest"], &["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/00-harda.conf"]),
    ("sysctl", &["sysctl_file"], &["/etc/sysctl.d/zz-harda.conf"]),
];

/// Two controls that set the same thing undo one another.
pub fn once(tasks: &[&Task], errors: &mut Vec<InputError>) {
    let mut owners: BTreeMap<String, (&str, &Place)> = BTreeMap::new();
    for task in tasks {
        let Some(control) = task.control() else { continue };
        for setting in settings(task) {
            match owners.get(&setting) {
                Some((other, place)) if *other != control => {
                    let message =
                        format!("control `{control}` sets {setting}, as control `{other}` does at {place}");
                    errors.push(InputError::at(&task.place, message));
                }
                Some(_) => {}
                None => {
                    owners.insert(setting, (control, &task.place));
                }
            }
        }
    }
    for task in tasks {
        let Some(control) = task.control() else { continue };
        for file in files(task) {
            if let Some((other, place)) = owners.get(&file).filter(|(other, _)| *other != control) {
                let message = format!(
                    "control `{other}` writes {file}, in which control `{control}` sets things at {}",
                    task.place
                );
                errors.push(InputError::at(place, message));
            }
        }
    }
}

/// The files within which a task sets something.
fn files(task: &Task) -> Vec<String> {
    let Act::Module { name, args, .. } = &task.act else { return Vec::new() };
    let Some((_, params, usual)) = WITHIN.iter().find(|(known, _, _)| known == name) else {
        return Vec::new();
    };
    let given = params.iter().find_map(|param| args.get(param)?.text());
    let first =
        args.get("name").and_then(|names| names.as_seq().and_then(|all| all.first()).unwrap_or(names).text());
    let usual = usual.iter().map(|file| file.replace("{}", first.as_deref().unwrap_or_default()));
    let files = given.map_or_else(|| usual.collect(), |file| of_each_item(task, &file));
    files.iter().map(|file| format!("file {}", plain("file", file))).collect()
}

/// What a task sets, as far as it is written without a template.
fn settings(task: &Task) -> Vec<String> {
    let Act::Module { name, args, .. } = &task.act else { return Vec::new() };
    if let ("login_defs" | "sshd_config", Some(keywords)) =
        (name.as_str(), args.get("settings").and_then(Node::as_map))
    {
        return keywords.iter().filter_map(|(key, _)| Some(format!("{name} {}", key.as_str()?))).collect();
    }
    // Folders are shared; what lies in them is owned.
    if name == "file" && args.get("state").and_then(Node::as_str) == Some("directory") {
        return Vec::new();
    }
    let module = crate::module::find(name).map_or(name.as_str(), |module| module.names()[0]);
    let Some((_, kind, params)) = OWNED.iter().find(|(known, _, _)| *known == module) else {
        return Vec::new();
    };
    let Some(which) = params.iter().find_map(|param| args.get(param)) else { return Vec::new() };
    let names = match which.as_seq() {
        Some(items) => items.iter().filter_map(Node::text).collect(),
        None => which.text().into_iter().collect::<Vec<String>>(),
    };
    let names = names.iter().flat_map(|name| of_each_item(task, name));
    // With a template in it the place tells them apart.
    let known = names.filter(|name| !is_template(name));
    known.map(|name| format!("{kind} {}", plain(kind, &name))).collect()
}

/// A name in which the loop's item stands, for each item that is written out.
fn of_each_item(task: &Task, name: &str) -> Vec<String> {
    let one = || vec![name.to_string()];
    let Some((looped, items)) =
        task.looped.as_ref().and_then(|looped| Some((looped, looped.items.as_seq()?)))
    else {
        return one();
    };
    let Some((before, rest)) = name.split_once("{{") else { return one() };
    let Some((expression, after)) = rest.split_once("}}") else { return one() };
    let value = |item: &Node| match expression.trim().strip_prefix(looped.var.as_str())? {
        "" => item.text(),
        rest => item.get(rest.strip_prefix('.')?)?.text(),
    };
    let spelt = items.iter().map(|item| Some(format!("{before}{}{after}", value(item)?)));
    spelt.collect::<Option<Vec<String>>>().unwrap_or_else(one)
}

/// One of the names that a thing has: a unit's without its type, a sysctl's with dots, a path's without what leads
/// nowhere.
fn plain(kind: &str, name: &str) -> String {
    match kind {
        "sysctl" => crate::resource::sysctl::dotted(name),
        "file" if name.starts_with('/') => {
            let mut parts: Vec<&str> = Vec::new();
            for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
                match part {
                    ".." => parts.truncate(parts.len().saturating_sub(1)),
                    _ => parts.push(part),
                }
            }
            format!("/{}", parts.join("/")).replacen("/var/run/", "/run/", 1)
        }
        _ => name.trim_end_matches(".service").to_string(),
    }
}

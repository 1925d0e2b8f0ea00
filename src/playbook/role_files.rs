//! Where roles and their parts are on disk.

use super::names::meant;
use crate::place::InputError;
use crate::yaml::Node;
use std::path::{Path, PathBuf};

/// The file endings of a role's parts, in the order in which they are tried.
const ENDINGS: &[&str] = &["", ".yml", ".yaml", ".json"];

/// The folder of a role: beside the playbook in `roles/`, at the admin's, at the system's, or
/// beside the playbook itself. A name with slashes is a path.
pub fn find(name: &Node, playbook: &Path) -> Result<PathBuf, InputError> {
    let text = name.as_str().unwrap_or_default();
    let home = etcetera::home_dir().ok().map(|home| home.join(".ansible/roles"));
    let mut places = vec![playbook.join("roles")];
    places.extend(home);
    places.push(PathBuf::from("/etc/ansible/roles"));
    places.push(playbook.to_path_buf());
    if let Some(found) = places.iter().map(|place| place.join(text)).find(|path| path.is_dir()) {
        return Ok(found);
    }
    let known: Vec<String> = places[..places.len() - 1].iter().flat_map(|place| folders(place)).collect();
    let near = meant(text, known.iter().map(String::as_str));
    let shown: Vec<_> = places.iter().map(|place| format!("`{}`", place.display())).collect();
    Err(name.error(format!("no role `{text}`{near}")).hint(format!("looked in {}", shown.join(", "))))
}

fn folders(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// The file of one part of a role: `tasks/main.yml`.
pub fn part(role: &Path, kind: &str, name: &str) -> Option<PathBuf> {
    let base = role.join(kind);
    ENDINGS.iter().map(|ending| base.join(format!("{name}{ending}"))).find(|path| path.is_file())
}

/// The files of variables: one file, or all files of a folder `main/`, sorted.
pub fn variables(role: &Path, kind: &str, name: &str) -> Vec<PathBuf> {
    let folder = role.join(kind).join(name);
    if !folder.is_dir() {
        return part(role, kind, name).into_iter().collect();
    }
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_file() && matches!(ending, "yml" | "yaml" | "json") {
            files.push(path);
        }
    }
    files.sort();
    files
}

//! Where roles and their parts are on disk.

use super::names::meant;
use crate::files::Files;
use crate::place::InputError;
use crate::yaml::Node;
use std::path::{Path, PathBuf};

/// The file endings of a role's parts, in the order in which they are tried.
const ENDINGS: &[&str] = &["", ".yml", ".yaml", ".json"];

/// The folder of a role: beside the playbook in `roles/`, at the admin's, at the system's, or
/// beside the playbook itself. A name with slashes is a path.
pub fn find(files: &Files, name: &Node, playbook: &Path) -> Result<PathBuf, InputError> {
    let text = name.as_str().unwrap_or_default();
    let home = files.home().map(|home| home.join(".ansible/roles"));
    let mut places = vec![playbook.join("roles")];
    places.extend(home);
    places.push(PathBuf::from("/etc/ansible/roles"));
    places.push(playbook.to_path_buf());
    if let Some(found) = places.iter().map(|place| place.join(text)).find(|path| files.is_folder(path)) {
        return Ok(found);
    }
    let known: Vec<String> =
        places[..places.len() - 1].iter().flat_map(|place| folders(files, place)).collect();
    let near = meant(text, known.iter().map(String::as_str));
    let shown: Vec<_> = places.iter().map(|place| format!("`{}`", place.display())).collect();
    Err(name.error(format!("no role `{text}`{near}")).hint(format!("looked in {}", shown.join(", "))))
}

fn folders(files: &Files, place: &Path) -> Vec<String> {
    let entries = files.list(place).unwrap_or_default().into_iter();
    let folders = entries.filter(|path| files.is_folder(path));
    folders.filter_map(|path| path.file_name()?.to_str().map(str::to_string)).collect()
}

/// The file of one part of a role: `tasks/main.yml`.
pub fn part(files: &Files, role: &Path, kind: &str, name: &str) -> Option<PathBuf> {
    let base = role.join(kind);
    ENDINGS.iter().map(|ending| base.join(format!("{name}{ending}"))).find(|path| files.is_file(path))
}

/// The files of variables: one file, or all files of a folder `main/`, sorted.
pub fn variables(files: &Files, role: &Path, kind: &str, name: &str) -> Vec<PathBuf> {
    let folder = role.join(kind).join(name);
    if !files.is_folder(&folder) {
        return part(files, role, kind, name).into_iter().collect();
    }
    let mut found = Vec::new();
    for path in files.list(&folder).unwrap_or_default() {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if files.is_file(&path) && matches!(ending, "yml" | "yaml" | "json") {
            found.push(path);
        }
    }
    found
}

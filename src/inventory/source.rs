//! What `-i` names: files, folders of files, hosts on the command line.

use super::graph::Graph;
use super::{address, ini, yaml_file};
use crate::place::{InputError, Place};
use crate::yaml::{Node, Yaml};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What Ansible passes over in a folder: backups, notes, and what belongs to other tools.
const PASSED_OVER: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
const NO_SOURCES: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// Reads all sources into one closed graph, with the folders that they stand in.
pub fn read_all(sources: &[String]) -> Result<(Graph, Vec<PathBuf>), Vec<InputError>> {
    let mut graph = Graph::new();
    let (mut folders, mut errors) = (vec![], vec![]);
    for source in sources.iter().filter(|source| !source.is_empty()) {
        let path = Path::new(source);
        if source.contains(',') && !path.exists() {
            inline(&mut graph, source, &mut errors);
            continue;
        }
        read(&mut graph, path, &mut errors);
        let folder = folder_of(path);
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    graph.close();
    Ok((graph, folders))
}

/// Hosts given as `-i web1,web2:2222,`.
fn inline(graph: &mut Graph, source: &str, errors: &mut Vec<InputError>) {
    let ungrouped = graph.add_group("ungrouped");
    for written in source.split(',').map(str::trim).filter(|written| !written.is_empty()) {
        let found = match address::read(written) {
            Ok(found) => found,
            Err(message) => {
                errors.push(InputError::nowhere(format!("-i {source}: {message}")));
                continue;
            }
        };
        for name in &found.names {
            let host = graph.add_host(name, ungrouped, None);
            if let Some(port) = found.port {
                let place = Place::new(format!("-i {source}"), 1, 1);
                graph.set_host_var(host, "ansible_port", Node { place, value: Yaml::Int(port.into()) });
            }
        }
    }
}

/// A source's folder, absolute so that it stays right wherever the run goes.
fn folder_of(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        _ if path.is_dir() => path,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf())
}

fn read(graph: &mut Graph, path: &Path, errors: &mut Vec<InputError>) {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => read_folder(graph, path, errors),
        Ok(found) => {
            let executable = found.permissions().mode() & 0o111 != 0;
            read_file(graph, path, executable, errors);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let shown = path.display();
            let told = InputError::nowhere(format!("no inventory `{shown}`"));
            errors.push(told.hint(format!("a host without an inventory is given as `-i {shown},`")));
        }
        Err(error) => errors.push(unreadable(path, &error)),
    }
}

fn read_folder(graph: &mut Graph, folder: &Path, errors: &mut Vec<InputError>) {
    let mut entries: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => return errors.push(unreadable(folder, &error)),
    };
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let passed_over = PASSED_OVER.iter().any(|end| name.ends_with(end));
        if !name.starts_with('.') && !passed_over && !NO_SOURCES.contains(&name.as_str()) {
            read(graph, &path, errors);
        }
    }
}

fn read_file(graph: &mut Graph, path: &Path, executable: bool, errors: &mut Vec<InputError>) {
    let shown = path.display();
    let text = match text_of(path) {
        Ok(text) => text,
        Err(error) => return errors.push(error),
    };
    if executable || text.starts_with("#!") {
        let told = format!("`{shown}` is executable: dynamic inventories are not supported");
        return errors.push(InputError::nowhere(told).hint(format!(
            "write its output into a file (`{shown} --list`), or `chmod -x` it if it is an inventory as it is"
        )));
    }
    match path.extension().and_then(|end| end.to_str()) {
        Some("yml" | "yaml" | "json") => yaml_file::read(graph, path, &text, errors),
        Some("toml") => {
            errors.push(InputError::nowhere(format!("`{shown}`: inventories in TOML are not supported")));
        }
        _ => ini::read(graph, path, &text, errors),
    }
}

/// A file's text; what is no UTF-8 is told with its place.
pub fn text_of(path: &Path) -> Result<String, InputError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let good =
            String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = good.matches('\n').count() + 1;
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        InputError::at(&Place::new(path, line, column), "this byte is not UTF-8")
    })
}

pub fn unreadable(path: &Path, error: &std::io::Error) -> InputError {
    InputError::nowhere(format!("`{}` can't be read: {error}", path.display()))
}

//! What `-i` names: files, folders of files, hosts on the command line.

use super::graph::Graph;
use super::{address, ini, yaml_file};
use crate::files::Files;
use crate::place::{InputError, Place};
use crate::yaml::{Node, Yaml};
use std::path::{Path, PathBuf};

/// What Ansible passes over in a folder: backups, notes, and what belongs to other tools.
const PASSED_OVER: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// The last is what a site declares for its audits (`harda attest`).
const NO_SOURCES: [&str; 4] = ["group_vars", "host_vars", "vars_plugins", "attestations.yml"];

/// Reads all sources into one closed graph, with the folders that they stand in.
pub fn read_all(files: &Files, sources: &[String]) -> Result<(Graph, Vec<PathBuf>), Vec<InputError>> {
    let mut graph = Graph::new();
    let (mut folders, mut errors) = (vec![], vec![]);
    for source in sources.iter().filter(|source| !source.is_empty()) {
        let path = Path::new(source);
        if source.contains(',') && !files.exists(path) {
            inline(&mut graph, source, &mut errors);
            continue;
        }
        read(files, &mut graph, path, &mut errors);
        let folder = folder_of(files, path);
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
fn folder_of(files: &Files, path: &Path) -> PathBuf {
    let folder = match path.parent() {
        _ if files.is_folder(path) => path,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    files.real(folder)
}

fn read(files: &Files, graph: &mut Graph, path: &Path, errors: &mut Vec<InputError>) {
    match files.look(path) {
        Ok(found) if found.folder => read_folder(files, graph, path, errors),
        Ok(found) => {
            let executable = found.mode & 0o111 != 0;
            read_file(files, graph, path, executable, errors);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let shown = path.display();
            let told = InputError::nowhere(format!("no inventory `{shown}`"));
            errors.push(told.hint(format!("a host without an inventory is given as `-i {shown},`")));
        }
        Err(error) => errors.push(unreadable(path, &error)),
    }
}

fn read_folder(files: &Files, graph: &mut Graph, folder: &Path, errors: &mut Vec<InputError>) {
    let entries = match files.list(folder) {
        Ok(entries) => entries,
        Err(error) => return errors.push(unreadable(folder, &error)),
    };
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let passed_over = PASSED_OVER.iter().any(|end| name.ends_with(end));
        if !name.starts_with('.') && !passed_over && !NO_SOURCES.contains(&name.as_str()) {
            read(files, graph, &path, errors);
        }
    }
}

fn read_file(files: &Files, graph: &mut Graph, path: &Path, executable: bool, errors: &mut Vec<InputError>) {
    let shown = path.display();
    let text = match text_of(files, path) {
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
pub fn text_of(files: &Files, path: &Path) -> Result<String, InputError> {
    let bytes = files.read(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes.to_vec()).map_err(|error| {
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

//! A host's variables: from the inventory's files, from `group_vars` and `host_vars`.

use super::graph::{ALL, GroupId, Vars};
use super::source::{text_of, unreadable};
use super::{Inventory, graph, pattern};
use crate::files::Files;
use crate::place::{InputError, Place};
use crate::yaml::{self, Node, Yaml};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What the files for one name hold, by folder and name: every host asks for those of its groups.
#[derive(Default)]
pub struct Known(Mutex<HashMap<PathBuf, Arc<Vars>>>);

/// The variables of a host, the later of these over the earlier: those of `all`, those of its other
/// groups, its own; and in each of the three those of the inventory's files, then of the folders
/// beside the inventory, then of those beside the playbook.
pub fn of_host(
    inventory: &Inventory,
    name: &str,
    playbook_folder: &Path,
) -> Result<Vec<(String, Node)>, InputError> {
    let graph = &inventory.graph;
    let host = graph.host_id(name);
    if host.is_none() && !pattern::LOCALHOST.contains(&name) {
        return Err(InputError::nowhere(format!("no host `{name}` in the inventory")));
    }
    let groups = host.map(|host| graph.groups_of(host)).unwrap_or_default();
    let mut layers = Layers { inventory, playbook_folder, vars: Vars::new() };
    layers.groups(&[ALL])?;
    layers.groups(groups)?;
    match host {
        Some(host) => layers.add(&graph.host(host).vars),
        None => layers.add(&implicit()),
    }
    layers.files("host_vars", &[name])?;
    Ok(layers.vars.into_iter().collect())
}

/// What the controller has if the inventory doesn't name it.
fn implicit() -> Vars {
    let place = Place::new("<implicit localhost>", 1, 1);
    Vars::from([("ansible_connection".into(), Node { place, value: Yaml::Str("local".into()) })])
}

struct Layers<'i> {
    inventory: &'i Inventory,
    playbook_folder: &'i Path,
    vars: Vars,
}

impl Layers<'_> {
    fn add(&mut self, vars: &Vars) {
        self.vars.extend(vars.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    fn groups(&mut self, groups: &[GroupId]) -> Result<(), InputError> {
        let graph: &graph::Graph = &self.inventory.graph;
        for group in groups {
            self.add(&graph.group(*group).vars);
        }
        let names: Vec<&str> = groups.iter().map(|group| graph.group(*group).name.as_str()).collect();
        self.files("group_vars", &names)
    }

    /// The files for these names, in each of the folders that may hold some.
    fn files(&mut self, kind: &str, names: &[&str]) -> Result<(), InputError> {
        let folders = self.inventory.folders.iter().map(PathBuf::as_path);
        for folder in folders.chain([self.playbook_folder]) {
            // Hosts may be called by a path (a chroot's); there are no files for those.
            for name in names.iter().filter(|name| !name.starts_with('/')) {
                let vars = self.inventory.known.get(&self.inventory.from, &folder.join(kind).join(name))?;
                self.add(&vars);
            }
        }
        Ok(())
    }
}

impl Known {
    /// The variables in NAME, NAME.yml, NAME.yaml or NAME.json, or in the folder of that name.
    fn get(&self, files: &Files, base: &Path) -> Result<Arc<Vars>, InputError> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(base) {
            return Ok(known.clone());
        }
        let mut vars = Vars::new();
        for file in files_of(files, base)? {
            vars.extend(read(files, &file)?);
        }
        let vars = Arc::new(vars);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(base.to_path_buf(), vars.clone());
        Ok(vars)
    }
}

/// The first of the names that exists, and if it is a folder the files in it.
fn files_of(files: &Files, base: &Path) -> Result<Vec<PathBuf>, InputError> {
    let with = |end: &str| {
        let mut name = base.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    for path in ["", ".yml", ".yaml", ".json"].map(with) {
        match files.look(&path) {
            Ok(found) if found.folder => return files_in(files, &path),
            Ok(_) => return Ok(vec![path]),
            Err(error) if missing(&error) => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
    }
    Ok(vec![])
}

fn missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// The files in a folder and its subfolders, sorted, without hidden ones and backups.
fn files_in(from: &Files, folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let paths = from.list(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files = vec![];
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        match path.extension().map(|end| end.to_string_lossy().into_owned()).as_deref() {
            None if from.is_folder(&path) => files.extend(files_in(from, &path)?),
            None | Some("yml" | "yaml" | "json") if !from.is_folder(&path) => files.push(path),
            _ => {}
        }
    }
    Ok(files)
}

fn read(files: &Files, file: &Path) -> Result<Vars, InputError> {
    let Some(document) = yaml::parse(file, &text_of(files, file)?)? else { return Ok(Vars::new()) };
    let Yaml::Map(pairs) = document.value else {
        let message = format!("a file of variables must be a mapping, this is {}", document.kind());
        return Err(InputError::at(&document.place, message));
    };
    let named = |(key, value): (Node, Node)| match key.value {
        Yaml::Str(name) => Ok((name, value)),
        _ => {
            let message = format!("the name of a variable must be a string, this is {}", key.kind());
            Err(InputError::at(&key.place, message).hint("put quotes around it"))
        }
    };
    pairs.into_iter().map(named).collect()
}

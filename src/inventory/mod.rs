//! Hosts, groups, patterns and their variables.
//!
//! Sources (`-i`) are read into a [`graph::Graph`], which is then closed: every group below `all`,
//! every host in a group. From then on only questions are asked: which hosts a pattern names, and
//! what variables a host has. What Ansible would warn about and go on (a name that isn't there, a
//! key that means nothing) is an error here: a hardening run must not miss a host silently.

mod address;
mod graph;
mod ini;
mod literal;
mod pattern;
mod range;
mod source;
#[cfg(test)]
mod tests;
mod vars;
mod words;
mod yaml_file;

use crate::files::Files;
use crate::place::{InputError, Place};
use crate::yaml::Node;
use graph::Graph;
pub use pattern::Matched;
use std::path::{Path, PathBuf};

/// The hosts of a run, their groups and their variables.
pub struct Inventory {
    graph: Graph,
    /// The folders of the sources, beside which `group_vars` and `host_vars` stand.
    folders: Vec<PathBuf>,
    /// Every host, in the order of the inventory.
    hosts: Vec<String>,
    from: Files,
    known: vars::Known,
}

/// Reads all sources: files (INI or YAML), folders of such, or `host1,host2,`.
pub fn load(sources: &[String]) -> Result<Inventory, Vec<InputError>> {
    load_from(&Files::default(), sources)
}

/// The same, from where a run reads.
pub fn load_from(files: &Files, sources: &[String]) -> Result<Inventory, Vec<InputError>> {
    let (graph, folders) = source::read_all(files, sources)?;
    let hosts = graph.members(graph::ALL).iter().map(|host| graph.host(*host).name.clone()).collect();
    Ok(Inventory { graph, folders, hosts, from: files.clone(), known: vars::Known::default() })
}

impl Inventory {
    /// A host's variables, one entry a name, by Ansible's precedence.
    pub fn vars(&self, host: &str, playbook_folder: &Path) -> Result<Vec<(String, Node)>, InputError> {
        vars::of_host(self, host, playbook_folder)
    }

    /// The hosts that a pattern (`hosts:` of a play, `--limit`) names, in the order of Ansible: that
    /// of the pattern's parts, and within a group that of the inventory.
    pub fn matches(&self, pattern: &str) -> Result<Matched, InputError> {
        pattern::matches(&self.from, &self.graph, pattern)
    }

    /// Every host, in the order of the inventory.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The groups that a host is in, directly or through a child, sorted, without `all`.
    pub fn group_names(&self, host: &str) -> Vec<String> {
        let Some(host) = self.graph.host_id(host) else { return Vec::new() };
        let mut names: Vec<String> =
            self.graph.groups_of(host).iter().map(|group| self.graph.group(*group).name.clone()).collect();
        names.sort();
        names
    }

    /// All groups, `all` and `ungrouped` among them, in the order of the inventory.
    pub fn groups(&self) -> Vec<String> {
        self.graph.groups().map(|group| group.name.clone()).collect()
    }

    /// The hosts of a group and of the groups below it; none for a group that isn't there.
    pub fn hosts_in(&self, group: &str) -> Vec<String> {
        let Some(group) = self.graph.group_id(group) else { return Vec::new() };
        self.graph.members(group).iter().map(|host| self.graph.host(*host).name.clone()).collect()
    }

    /// Where the host is first named; nowhere for one given as `-i host,`.
    pub fn place(&self, host: &str) -> Option<Place> {
        self.graph.host(self.graph.host_id(host)?).place.clone()
    }

    /// The folder of the first source that has one (`inventory_dir`), else the working folder.
    pub fn folder(&self) -> PathBuf {
        self.folders.first().cloned().or_else(|| self.from.working_folder()).unwrap_or_else(|| ".".into())
    }
}

//! Groups, what they hold, and the order and depth that follow from it.

use crate::place::{InputError, Place};
use crate::yaml::{Node, Yaml};
use std::collections::{BTreeMap, HashMap, HashSet};

pub type Vars = BTreeMap<String, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(usize);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(usize);

pub const ALL: GroupId = GroupId(0);
const UNGROUPED: GroupId = GroupId(1);

#[derive(Debug)]
pub struct Host {
    pub name: String,
    /// Where it is first named in a file.
    pub place: Option<Place>,
    pub vars: Vars,
    /// The groups that name it, then, once the graph is closed, all above them but `all`, ordered
    /// so that the variables of later ones win.
    groups: Vec<GroupId>,
}

#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub vars: Vars,
    hosts: Vec<HostId>,
    children: Vec<GroupId>,
    parents: Vec<GroupId>,
    /// `ansible_group_priority`: among groups of the same depth, the higher wins.
    priority: i64,
    depth: usize,
    /// All hosts at and below it, known once the graph is closed.
    members: Vec<HostId>,
}

#[derive(Debug)]
pub struct Graph {
    hosts: Vec<Host>,
    groups: Vec<Group>,
    host_ids: HashMap<String, HostId>,
    group_ids: HashMap<String, GroupId>,
}

impl Graph {
    pub fn new() -> Self {
        let mut graph =
            Graph { hosts: vec![], groups: vec![], host_ids: HashMap::new(), group_ids: HashMap::new() };
        graph.add_group("all");
        graph.add_group("ungrouped");
        graph.connect(ALL, UNGROUPED);
        graph
    }

    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.0]
    }

    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.0]
    }

    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }

    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    pub fn host_id(&self, name: &str) -> Option<HostId> {
        self.host_ids.get(name).copied()
    }

    pub fn group_id(&self, name: &str) -> Option<GroupId> {
        self.group_ids.get(name).copied()
    }

    /// All hosts at and below a group, in the order of the inventory.
    pub fn members(&self, group: GroupId) -> &[HostId] {
        &self.group(group).members
    }

    /// The groups of a host without `all`, ordered so that the variables of later ones win.
    pub fn groups_of(&self, host: HostId) -> &[GroupId] {
        &self.host(host).groups
    }

    pub fn add_group(&mut self, name: &str) -> GroupId {
        if let Some(id) = self.group_id(name) {
            return id;
        }
        let id = GroupId(self.groups.len());
        self.groups.push(Group {
            name: name.into(),
            vars: Vars::new(),
            hosts: vec![],
            children: vec![],
            parents: vec![],
            priority: 1,
            depth: 0,
            members: vec![],
        });
        self.group_ids.insert(name.into(), id);
        id
    }

    pub fn add_host(&mut self, name: &str, group: GroupId, place: Option<&Place>) -> HostId {
        let id = self.host_id(name).unwrap_or_else(|| {
            let id = HostId(self.hosts.len());
            self.hosts.push(Host {
                name: name.into(),
                place: place.cloned(),
                vars: Vars::new(),
                groups: vec![],
            });
            self.host_ids.insert(name.into(), id);
            id
        });
        if !self.host(id).groups.contains(&group) {
            self.hosts[id.0].groups.push(group);
            self.groups[group.0].hosts.push(id);
        }
        id
    }

    pub fn set_host_var(&mut self, host: HostId, name: &str, value: Node) {
        self.hosts[host.0].vars.insert(name.into(), value);
    }

    /// Sets a group's variable; `ansible_group_priority` orders the groups and is none itself.
    pub fn set_group_var(&mut self, group: GroupId, name: &str, value: Node) -> Result<(), InputError> {
        if name != "ansible_group_priority" {
            self.groups[group.0].vars.insert(name.into(), value);
            return Ok(());
        }
        let number = match &value.value {
            Yaml::Int(number) => Some(*number),
            Yaml::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        let told = || InputError::at(&value.place, "`ansible_group_priority` must be a whole number");
        self.groups[group.0].priority = number.ok_or_else(told)?;
        Ok(())
    }

    /// Puts a group below another; refuses a circle, naming the groups on it.
    pub fn add_child(&mut self, parent: GroupId, child: GroupId, place: &Place) -> Result<(), InputError> {
        if child == ALL {
            let parent = &self.group(parent).name;
            return Err(InputError::at(
                place,
                format!("`all` can't be below `{parent}`: it holds every group"),
            ));
        }
        if let Some(path) = self.path(child, parent) {
            let names: Vec<_> = path.iter().map(|id| format!("`{}`", self.group(*id).name)).collect();
            let circle = format!("{} > {}", names.last().cloned().unwrap_or_default(), names.join(" > "));
            return Err(InputError::at(place, format!("the groups hold each other in a circle: {circle}")));
        }
        self.connect(parent, child);
        Ok(())
    }

    fn connect(&mut self, parent: GroupId, child: GroupId) {
        if !self.group(parent).children.contains(&child) {
            self.groups[parent.0].children.push(child);
            self.groups[child.0].parents.push(parent);
        }
    }

    /// The way down from one group to another, both included.
    fn path(&self, from: GroupId, to: GroupId) -> Option<Vec<GroupId>> {
        let mut ways = vec![vec![from]];
        let mut seen = HashSet::from([from]);
        while let Some(way) = ways.pop() {
            let last = *way.last()?;
            if last == to {
                return Some(way);
            }
            for child in &self.group(last).children {
                if seen.insert(*child) {
                    ways.push(way.iter().copied().chain([*child]).collect());
                }
            }
        }
        None
    }

    /// Brings every group below `all` and every host into a group, then works out depths and members.
    pub fn close(&mut self) {
        for id in (0..self.groups.len()).map(GroupId) {
            if id != ALL && self.group(id).parents.is_empty() {
                self.connect(ALL, id);
            }
        }
        for id in (0..self.hosts.len()).map(HostId) {
            self.settle_ungrouped(id);
        }
        self.set_depths();
        for id in (0..self.groups.len()).map(GroupId) {
            self.groups[id.0].members = self.collect_members(id);
        }
        for id in (0..self.hosts.len()).map(HostId) {
            self.hosts[id.0].groups = self.collect_groups(id);
        }
    }

    /// A host is in `ungrouped` exactly if no other group than `all` names it.
    fn settle_ungrouped(&mut self, host: HostId) {
        let grouped = self.host(host).groups.iter().any(|group| *group != ALL && *group != UNGROUPED);
        let listed = self.host(host).groups.contains(&UNGROUPED);
        if grouped && listed {
            self.hosts[host.0].groups.retain(|group| *group != UNGROUPED);
            self.groups[UNGROUPED.0].hosts.retain(|other| *other != host);
        } else if !grouped && !listed {
            self.hosts[host.0].groups.push(UNGROUPED);
            self.groups[UNGROUPED.0].hosts.push(host);
        }
    }

    /// A group's depth is the longest way to it from `all`.
    fn set_depths(&mut self) {
        let mut waiting: Vec<usize> = self.groups.iter().map(|group| group.parents.len()).collect();
        let mut ready = vec![ALL];
        while let Some(group) = ready.pop() {
            let depth = self.group(group).depth + 1;
            for child in self.group(group).children.clone() {
                self.groups[child.0].depth = self.group(child).depth.max(depth);
                waiting[child.0] -= 1;
                if waiting[child.0] == 0 {
                    ready.push(child);
                }
            }
        }
    }

    /// The hosts of a group, then of its children, then of theirs, each once.
    fn collect_members(&self, group: GroupId) -> Vec<HostId> {
        let mut queue = vec![group];
        let mut seen = HashSet::from([group]);
        let mut next = 0;
        while let Some(id) = queue.get(next).copied() {
            next += 1;
            queue.extend(self.group(id).children.iter().filter(|child| seen.insert(**child)));
        }
        let mut met = HashSet::new();
        queue
            .iter()
            .flat_map(|id| &self.group(*id).hosts)
            .filter(|host| met.insert(**host))
            .copied()
            .collect()
    }

    fn collect_groups(&self, host: HostId) -> Vec<GroupId> {
        let mut found: Vec<GroupId> = self.host(host).groups.clone();
        let mut next = 0;
        while let Some(id) = found.get(next).copied() {
            next += 1;
            for parent in &self.group(id).parents {
                if !found.contains(parent) {
                    found.push(*parent);
                }
            }
        }
        found.retain(|id| *id != ALL);
        found.sort_by_key(|id| {
            let group = self.group(*id);
            (group.depth, group.priority, &group.name)
        });
        found
    }
}

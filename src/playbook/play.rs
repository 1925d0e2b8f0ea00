//! Playbooks and plays.

use super::argument_specs::{self, Specs};
use super::loader::{Around, Loader, PlayParts, folder_of};
use super::model::{Inherited, Play};
use super::names::short;
use super::shared::{Pairs, find};
use super::value;
use crate::files::embedded;
use crate::yaml::{Node, Yaml};
use std::path::Path;

const PLAY: &[&str] = &[
    "hosts",
    "name",
    "gather_facts",
    "remote_user",
    "user",
    "connection",
    "port",
    "vars",
    "vars_files",
    "argument_specs",
    "pre_tasks",
    "roles",
    "tasks",
    "post_tasks",
    "handlers",
    "tags",
    "environment",
    "become",
    "become_user",
    "become_method",
    "ignore_errors",
    "no_log",
    "check_mode",
    "guard",
];

impl Loader<'_> {
    /// The plays of a file, and of those that it imports.
    pub fn playbook(&mut self, path: &Path, asked: Option<&Node>) -> Vec<Play> {
        self.within(path, asked, "imports", |this, node| this.plays(path, node))
    }

    /// The plays of a playbook that was read.
    pub fn plays(&mut self, path: &Path, node: Option<Node>) -> Vec<Play> {
        let folder = folder_of(path);
        let Some(node) = node else {
            let place = crate::place::Place::new(path, 1, 1);
            self.fail(crate::place::InputError::at(&place, "this playbook is empty"));
            return Vec::new();
        };
        let Some(entries) = self.ok(node.as_seq().ok_or_else(|| node.wrong("a playbook", "a list of plays")))
        else {
            return Vec::new();
        };
        let mut plays = Vec::new();
        for entry in entries {
            let Some(pairs) = self.ok(entry.expect_map("a play")) else { continue };
            let import = pairs.iter().find(|(k, _)| k.as_str().map(short) == Some("import_playbook"));
            match import {
                Some((key, file)) => plays.extend(self.import(pairs, key, file, &folder)),
                None => plays.extend(self.play(entry, pairs, &folder)),
            }
        }
        plays
    }

    /// `import_playbook`: its condition, tags and variables are for all tasks of that playbook.
    fn import(&mut self, pairs: &Pairs, key: &Node, file: &Node, folder: &Path) -> Vec<Play> {
        let written = key.as_str().unwrap_or_default();
        self.known_keys(pairs, "`import_playbook`", &[&[written, "name", "when", "tags", "vars"]], PLAY);
        let Some(name) = self.ok(file.expect_str("`import_playbook`")) else { return Vec::new() };
        if file.is_template() {
            self.fail(file.error("the name of an `import_playbook` can't be a template"));
            return Vec::new();
        }
        let outer = self.play.base.clone();
        let mut down = self.hand_down(&outer, pairs);
        // Kept apart from the layers that tasks get: to an imported play they are its own.
        let vars: Vec<_> = std::mem::take(&mut down.vars).into_iter().flatten().collect();
        self.play.base = down;
        let path = embedded::tidy(folder.join(name.trim()));
        let mut plays = self.playbook(&path, Some(file));
        self.play.base = outer;
        for play in &mut plays {
            play.vars.retain(|(name, _)| !vars.iter().any(|(n, _)| n == name));
            play.vars.extend(vars.iter().cloned());
        }
        plays
    }

    fn play(&mut self, node: &Node, pairs: &Pairs, folder: &Path) -> Option<Play> {
        self.play_keys(node, pairs);
        let from_import = self.play.base.clone();
        let handed: Vec<_> = pairs.iter().filter(|(k, _)| k.as_str() != Some("vars")).cloned().collect();
        let mut base =
            self.hand_down(&Inherited { playbook: folder.to_path_buf(), ..from_import.clone() }, &handed);
        base.notify.clear();
        self.play = PlayParts { base: base.clone(), ..PlayParts::default() };
        let around = Around { inherited: base, folder: folder.to_path_buf() };
        let play = self.play_body(node, pairs, &around);
        self.play = PlayParts { base: from_import, ..PlayParts::default() };
        play
    }

    fn play_body(&mut self, node: &Node, pairs: &Pairs, around: &Around) -> Option<Play> {
        let text = |this: &mut Self, key: &str| {
            let node = find(pairs, key)?;
            this.ok(value::text(node, &format!("`{key}`")))
        };
        let flag = |this: &mut Self, key: &str| {
            let node = find(pairs, key)?;
            this.ok(node.expect_bool(&format!("`{key}`")))
        };
        let list = |this: &mut Self, key: &str| match find(pairs, key) {
            Some(node) => this.items(node, &format!("`{key}`"), around),
            None => Vec::new(),
        };
        let hosts = self.hosts(pairs);
        let pre_tasks = list(self, "pre_tasks");
        let mut tasks = match find(pairs, "roles") {
            Some(node) => self.roles(node, "`roles`", &around.inherited, false),
            None => Vec::new(),
        };
        tasks.extend(list(self, "tasks"));
        let post_tasks = list(self, "post_tasks");
        let own = match find(pairs, "handlers") {
            Some(node) => self.handlers(node, around),
            None => Vec::new(),
        };
        let handlers = self.all_handlers(own);
        Some(Play {
            place: node.place.clone(),
            folder: around.folder.clone(),
            name: text(self, "name"),
            hosts: hosts?,
            gather_facts: flag(self, "gather_facts").unwrap_or(true),
            remote_user: text(self, "remote_user").or_else(|| text(self, "user")),
            connection: text(self, "connection"),
            port: find(pairs, "port").and_then(|n| self.ok(value::number(n, "`port`"))),
            vars: self.play_vars(pairs),
            vars_files: self.vars_files(pairs),
            specs: self.argument_specs(pairs, &around.folder),
            pre_tasks,
            tasks,
            post_tasks,
            handlers,
            roles: std::mem::take(&mut self.play.roles),
        })
    }

    fn play_keys(&mut self, node: &Node, pairs: &Pairs) {
        let known = |name: &str| PLAY.contains(&name);
        for (key, _) in pairs {
            let Some(name) = key.as_str().filter(|name| !known(name)) else { continue };
            if self.modules.is_module(short(name)) {
                let error = key.error(format!("module `{name}` stands where a play is expected"));
                self.fail(
                    error.hint(
                        "a playbook is a list of plays; put tasks below `tasks:` of a play with `hosts:`",
                    ),
                );
                return;
            }
        }
        self.known_keys(pairs, "a play", &[PLAY], super::task::OWN);
        if find(pairs, "hosts").is_none() {
            self.fail(node.error("this play says no `hosts`"));
        }
    }

    /// The pattern of hosts; the patterns of a list are joined by commas.
    fn hosts(&mut self, pairs: &Pairs) -> Option<Node> {
        let node = find(pairs, "hosts")?;
        let patterns = match node.is_null() {
            true => Vec::new(),
            false => self.ok(value::strings(node, "`hosts`"))?,
        };
        let joined: Vec<_> = patterns.iter().filter_map(Node::as_str).map(str::trim).collect();
        if joined.iter().all(|pattern| pattern.is_empty()) {
            self.fail(node.error("`hosts` is empty").hint("`all` means every host of the inventory"));
            return None;
        }
        Some(Node::string(&node.place, joined.join(",")))
    }

    fn play_vars(&mut self, pairs: &Pairs) -> Vec<(String, Node)> {
        let Some(node) = find(pairs, "vars") else { return Vec::new() };
        match value::vars(node, "`vars`") {
            Ok(vars) => vars,
            Err(errors) => {
                self.errors.extend(errors);
                Vec::new()
            }
        }
    }

    /// What the named files say of the variables that a site may set.
    fn argument_specs(&mut self, pairs: &Pairs, folder: &Path) -> Specs {
        let Some(node) = find(pairs, "argument_specs") else { return Specs::default() };
        let files = self.ok(argument_specs::files(node)).unwrap_or_default();
        let mut topics = Vec::new();
        for file in files {
            let path = embedded::tidy(folder.join(file.as_str().unwrap_or_default()));
            self.within(&path, Some(&file), "reads", |this, node| {
                match node.map(|node| argument_specs::read(&node)) {
                    Some(Ok(read)) => topics.extend(read),
                    Some(Err(errors)) => this.errors.extend(errors),
                    None => this.fail(file.error("this file is empty")),
                }
            });
        }
        Specs::new(topics)
    }

    fn vars_files(&mut self, pairs: &Pairs) -> Vec<Node> {
        let Some(node) = find(pairs, "vars_files").filter(|node| !node.is_null()) else { return Vec::new() };
        let items = match &node.value {
            Yaml::Seq(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut files = Vec::new();
        for item in items {
            if item.as_seq().is_some() {
                self.fail(item.error("a list of alternatives in `vars_files` is not supported by harda yet"));
            } else {
                files.extend(self.ok(value::text(item, "`vars_files`")));
            }
        }
        files
    }
}

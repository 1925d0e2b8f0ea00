//! Lists of tasks, and blocks, whose keywords all their tasks get.

use super::loader::{Around, Loader};
use super::model::{Block, Item};
use super::shared::{Pairs, SHARED, find};
use super::value;
use crate::yaml::Node;
use std::sync::Arc;

impl Loader<'_> {
    /// The items of a list of tasks; an empty `tasks:` holds none.
    pub fn items(&mut self, node: &Node, what: &str, around: &Around) -> Vec<Item> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(entries) = self.ok(node.expect_seq(what)) else { return Vec::new() };
        let mut items = Vec::new();
        for entry in entries {
            let Some(pairs) = self.ok(entry.expect_map("a task")) else { continue };
            match find(pairs, "block") {
                Some(_) => items.extend(self.block(entry, pairs, around)),
                None => match pairs.iter().find(|(k, _)| matches!(k.as_str(), Some("rescue" | "always"))) {
                    Some((key, _)) => {
                        let name = key.as_str().unwrap_or_default();
                        self.fail(key.error(format!("`{name}` stands beside a `block`, and there is none")));
                    }
                    None => items.extend(self.task(entry, pairs, around)),
                },
            }
        }
        items
    }

    fn block(&mut self, node: &Node, pairs: &Pairs, around: &Around) -> Option<Item> {
        let own = ["name", "block", "rescue", "always"];
        self.known_keys(pairs, "a block", &[SHARED, &own], super::task::OWN);
        let inherited = self.hand_down(&around.inherited, pairs);
        let inside = Around { inherited, folder: around.folder.clone() };
        let mut part = |key: &str| match find(pairs, key) {
            Some(list) => self.items(list, &format!("`{key}`"), &inside),
            None => Vec::new(),
        };
        let (body, rescue, always) = (part("block"), part("rescue"), part("always"));
        let name = find(pairs, "name").and_then(|n| self.ok(value::text(n, "`name`")));
        Some(Item::Block(Arc::new(Block { place: node.place.clone(), name, body, rescue, always })))
    }
}

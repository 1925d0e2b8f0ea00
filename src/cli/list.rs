//! `--list-hosts` and `--list-tasks`: what a run would be about, without a run.

use super::CliError;
use crate::inventory::Inventory;
use crate::playbook::model::{Act, Item, Play, Playbook, Task};
use crate::playbook::selected;
use crate::report::{count, safe_line};
use crate::yaml::Node;

/// The hosts of each play.
pub fn hosts(playbook: &Playbook, inventory: &Inventory, all: &[String]) -> Result<String, CliError> {
    let mut page = String::new();
    for play in &playbook.plays {
        let pattern = play.hosts.as_str().unwrap_or("all");
        let mut matching = inventory.matches(pattern)?.hosts;
        matching.retain(|host| all.contains(host));
        page.push_str(&format!("{}: {}\n", title(play), count(matching.len(), "host")));
        matching.iter().for_each(|host| page.push_str(&format!("  {}\n", safe_line(host))));
    }
    Ok(page)
}

/// The tasks of each play that the tags select, in order, with their places. What an include
/// brings is known when its host comes to it.
pub fn tasks(playbook: &Playbook, tags: &[String], skipped: &[String]) -> String {
    let mut page = String::new();
    for play in &playbook.plays {
        page.push_str(&format!("{}\n", title(play)));
        for items in [&play.pre_tasks, &play.tasks, &play.post_tasks] {
            each(items, &mut |task| {
                if selected(&task.tags, tags, skipped) {
                    page.push_str(&line(task));
                }
            });
        }
    }
    page
}

fn each(items: &[Item], visit: &mut dyn FnMut(&Task)) {
    for item in items {
        match item {
            Item::Task(task) => visit(task),
            Item::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|items| each(items, visit));
            }
        }
    }
}

fn title(play: &Play) -> String {
    let name = play.name.as_ref().or(Some(&play.hosts)).and_then(Node::as_str).unwrap_or_default();
    format!("play {}", safe_line(name))
}

fn line(task: &Task) -> String {
    let act = match &task.act {
        Act::Module { name, .. } => name.as_str(),
        Act::IncludeTasks { .. } => "include_tasks",
        Act::Meta { .. } => "meta",
    };
    let name = task.name.as_ref().and_then(Node::as_str).unwrap_or(act);
    let role = task.role.as_ref().map(|role| format!("{} : ", role.name)).unwrap_or_default();
    let tags = match task.tags.is_empty() {
        true => String::new(),
        false => format!("  [{}]", task.tags.join(", ")),
    };
    format!("  {}  {}\n", safe_line(&format!("{role}{name}{tags}")), safe_line(&task.place.to_string()))
}

//! Handlers of a play, and whether everything that is notified is one.

use super::loader::{Around, Loader};
use super::model::{Act, Item, Task};
use super::names::meant;
use crate::place::Place;
use crate::yaml::Node;
use std::collections::HashSet;
use std::sync::Arc;

/// A handler's name as a task notifies it.
#[derive(Clone, Debug)]
pub struct Notice {
    pub name: String,
    pub place: Place,
}

impl Loader<'_> {
    /// Remembers who is notified; a template is checked when it is rendered.
    pub fn notice(&mut self, node: &Node) {
        if let Some(name) = node.as_str()
            && !node.is_template()
        {
            self.play.notices.push(Notice { name: name.to_string(), place: node.place.clone() });
        }
    }

    /// The handlers of a list. A role's are known as `role : name` too.
    pub fn handlers(&mut self, node: &Node, around: &Around) -> Vec<Arc<Task>> {
        let items = self.items(node, "`handlers`", around);
        self.as_handlers(items, around)
    }

    pub fn as_handlers(&mut self, items: Vec<Item>, around: &Around) -> Vec<Arc<Task>> {
        let mut handlers = Vec::new();
        for item in items {
            match item {
                Item::Block(block) => {
                    let error = crate::place::InputError::at(&block.place, "a block can't be a handler");
                    self.fail(error.hint("give the condition to each handler"));
                }
                Item::Task(task) => {
                    let topic = around.inherited.role.as_ref().and_then(|role| prefixed(&role.name, &task));
                    handlers.push(match topic {
                        Some(topic) => {
                            let mut task = Arc::unwrap_or_clone(task);
                            task.listen.push(topic);
                            Arc::new(task)
                        }
                        None => task,
                    });
                }
            }
        }
        handlers
    }

    /// The play's handlers: its own, then its roles'. Of two with one name the play's own wins,
    /// then the role's that comes last, as in Ansible.
    pub fn all_handlers(&mut self, own: Vec<Arc<Task>>) -> Vec<Arc<Task>> {
        let roles = std::mem::take(&mut self.play.role_handlers);
        let notices = std::mem::take(&mut self.play.notices);
        let notified: HashSet<&str> = notices.iter().map(|n| n.name.as_str()).collect();
        let mut taken = HashSet::new();
        let mut keep = |task: &Arc<Task>| {
            let fresh = literal_name(task).is_none_or(|name| taken.insert(name.to_string()));
            fresh || task.listen.iter().any(|topic| notified.contains(topic.as_str()))
        };
        let mut handlers: Vec<_> = own.into_iter().rev().filter(&mut keep).collect();
        handlers.reverse();
        let mut others: Vec<_> = roles.into_iter().rev().filter(&mut keep).collect();
        others.reverse();
        handlers.extend(others);
        self.check_notices(&handlers, &notices);
        handlers
    }

    fn check_notices(&mut self, handlers: &[Arc<Task>], notices: &[Notice]) {
        let mut known: Vec<&str> = Vec::new();
        for handler in handlers {
            known.extend(literal_name(handler));
            known.extend(handler.listen.iter().map(String::as_str));
        }
        // A name that hangs on variables, or a file of handlers, may be the one that is meant.
        let open = handlers.iter().any(|handler| {
            handler.name.as_ref().is_some_and(Node::is_template)
                || matches!(handler.act, Act::IncludeTasks { .. })
        });
        for notice in notices.iter().filter(|notice| !known.contains(&notice.name.as_str())) {
            if open {
                continue;
            }
            let hint = meant(&notice.name, known.iter().copied());
            let message = format!("no handler is called `{}`{hint}", notice.name);
            self.fail(crate::place::InputError::at(&notice.place, message));
        }
    }
}

fn literal_name(task: &Task) -> Option<&str> {
    task.name.as_ref().filter(|name| !name.is_template()).and_then(Node::as_str)
}

fn prefixed(role: &str, task: &Task) -> Option<String> {
    literal_name(task).map(|name| format!("{role} : {name}"))
}

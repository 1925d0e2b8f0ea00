//! Keywords that plays, blocks, roles, imports and tasks share, and how they are handed down.

use super::loader::Loader;
use super::model::Inherited;
use super::names::meant;
use super::value;
use crate::yaml::Node;

pub const SHARED: &[&str] = &[
    "when",
    "tags",
    "vars",
    "notify",
    "environment",
    "become",
    "become_user",
    "become_method",
    "ignore_errors",
    "no_log",
    "check_mode",
    "guard",
];

/// Ansible's other keywords: known, so that the message isn't "unknown".
const NOT_YET: &[&str] = &[
    "any_errors_fatal",
    "async",
    "become_exe",
    "become_flags",
    "collections",
    "connection",
    "debugger",
    "delegate_facts",
    "delegate_to",
    "diff",
    "fact_path",
    "first_available_file",
    "force_handlers",
    "gather_subset",
    "gather_timeout",
    "ignore_unreachable",
    "local_action",
    "max_fail_percentage",
    "module_defaults",
    "order",
    "poll",
    "port",
    "remote_user",
    "run_once",
    "serial",
    "strategy",
    "throttle",
    "timeout",
    "validate_argspec",
    "vars_prompt",
];

pub type Pairs = [(Node, Node)];

impl Loader<'_> {
    /// What is handed down, with the shared keywords of this mapping on top.
    pub fn hand_down(&mut self, from: &Inherited, pairs: &Pairs) -> Inherited {
        let mut down = from.clone();
        for (key, node) in pairs {
            let Some(name) = key.as_str() else { continue };
            match name {
                "when" => down.when.extend(self.ok(value::conditions(node, "`when`")).unwrap_or_default()),
                "tags" => {
                    for tag in self.ok(value::tags(node)).unwrap_or_default() {
                        if !down.tags.contains(&tag) {
                            down.tags.push(tag);
                        }
                    }
                }
                "vars" => match value::vars(node, "`vars`") {
                    Ok(vars) if vars.is_empty() => {}
                    Ok(vars) => down.vars.push(vars),
                    Err(errors) => self.errors.extend(errors),
                },
                "notify" => down.notify = self.ok(value::strings(node, "`notify`")).unwrap_or_default(),
                "environment" => {
                    down.environment.extend(self.ok(value::environment(node)).unwrap_or_default())
                }
                "become" => down.r#become = self.ok(value::flag(node, "`become`")),
                "become_user" => down.become_user = self.ok(value::text(node, "`become_user`")),
                "become_method" => down.become_method = self.ok(value::text(node, "`become_method`")),
                "ignore_errors" => down.ignore_errors = self.ok(value::flag(node, "`ignore_errors`")),
                "no_log" => down.no_log = self.ok(value::flag(node, "`no_log`")),
                "check_mode" => down.check_mode = self.ok(value::flag(node, "`check_mode`")),
                "guard" => down.guard |= self.ok(value::only_true(node)).is_some(),
                _ => {}
            }
        }
        down
    }

    /// Refuses the keys that `of` doesn't take. `also` are other words that may have been meant.
    pub fn known_keys(&mut self, pairs: &Pairs, of: &str, known: &[&[&str]], also: &[&str]) {
        for (key, _) in pairs {
            let Some(name) = key.as_str() else {
                self.fail(key.wrong("a keyword", "a string"));
                continue;
            };
            if known.iter().any(|list| list.contains(&name)) {
                continue;
            }
            if NOT_YET.contains(&name) {
                self.fail(key.error(format!("`{name}` is not supported by harda yet")));
                continue;
            }
            if SHARED.contains(&name) || also.contains(&name) {
                self.fail(key.error(format!("`{name}` has no meaning on {of}")));
                continue;
            }
            let words = known.iter().flat_map(|list| list.iter().copied());
            self.fail(key.error(format!("unknown keyword `{name}`{}", meant(name, words))));
        }
    }
}

/// The value of a key.
pub fn find<'n>(pairs: &'n Pairs, name: &str) -> Option<&'n Node> {
    pairs.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, node)| node)
}

/// Whether Ansible has this keyword and harda hasn't.
pub fn not_yet(name: &str) -> bool {
    NOT_YET.contains(&name)
}

/// The same for an entry of `roles:`, where all other words are the role's parameters.
pub fn not_yet_on_roles(name: &str) -> bool {
    const PARAMETERS: &[&str] = &[
        "async",
        "fact_path",
        "first_available_file",
        "force_handlers",
        "gather_subset",
        "gather_timeout",
        "local_action",
        "max_fail_percentage",
        "order",
        "poll",
        "strategy",
        "validate_argspec",
        "vars_prompt",
    ];
    not_yet(name) && !PARAMETERS.contains(&name)
}

//! `loop`, its two classic forms that are lists and mappings, and `loop_control`.

use super::loader::Loader;
use super::model::{Loop, LoopKind};
use super::names::meant;
use super::shared::{Pairs, find};
use super::value;
use crate::yaml::{Node, Yaml};

const CONTROLS: &[&str] = &["loop_var", "index_var", "label"];
const CONTROLS_NOT_YET: &[&str] = &["pause", "extended", "extended_allitems", "break_when"];

impl Loader<'_> {
    pub fn looped(&mut self, pairs: &Pairs) -> Option<Loop> {
        let mut found: Option<(&Node, &Node, LoopKind)> = None;
        for (key, items) in pairs {
            let kind = match key.as_str() {
                Some("loop" | "with_list") => LoopKind::Loop,
                Some("with_items") => LoopKind::WithItems,
                Some("with_dict") => LoopKind::WithDict,
                Some(other) if other.starts_with("with_") => {
                    let error = key.error(format!("`{other}` is not supported by harda"));
                    self.fail(
                        error.hint("use `loop` with a filter, such as `product`, `subelements` or `zip`"),
                    );
                    return None;
                }
                _ => continue,
            };
            if let Some((first, _, _)) = found {
                let first = first.as_str().unwrap_or_default();
                self.fail(key.error(format!("a task has one loop, this one has `{first}` too")));
                return None;
            }
            found = Some((key, items, kind));
        }
        let control = find(pairs, "loop_control");
        let Some((key, items, kind)) = found else {
            if let Some(control) = control {
                self.fail(control.error("`loop_control` without a `loop`"));
            }
            return None;
        };
        let name = format!("`{}`", key.as_str().unwrap_or_default());
        self.loop_items(items, kind, &name)?;
        let mut looped =
            Loop { items: items.clone(), kind, var: "item".into(), index_var: None, label: None };
        if let Some(control) = control {
            self.control(control, &mut looped);
        }
        Some(looped)
    }

    fn loop_items(&mut self, items: &Node, kind: LoopKind, name: &str) -> Option<()> {
        let (good, wanted) = match (&items.value, kind) {
            _ if items.is_template() => (true, ""),
            (Yaml::Map(_), LoopKind::WithDict) | (Yaml::Seq(_), _) => (true, ""),
            (_, LoopKind::WithDict) => (false, "a mapping or a template"),
            (Yaml::Str(_), LoopKind::WithItems) => (true, ""),
            _ => (false, "a list or a template"),
        };
        if good {
            return Some(());
        }
        let error = items.wrong(name, wanted);
        let hint = items.as_str().filter(|text| super::names::is_identifier(text));
        self.fail(match hint {
            Some(text) => error.hint(format!("for the variable write \"{{{{ {text} }}}}\"")),
            None => error,
        });
        None
    }

    fn control(&mut self, control: &Node, looped: &mut Loop) {
        let Some(pairs) = self.ok(control.expect_map("`loop_control`")) else { return };
        for (key, node) in pairs {
            match key.as_str().unwrap_or_default() {
                "loop_var" => {
                    if let Some(name) = self.ok(value::identifier(node, "`loop_var`")) {
                        looped.var = name;
                    }
                }
                "index_var" => looped.index_var = self.ok(value::identifier(node, "`index_var`")),
                "label" => looped.label = Some(node.clone()),
                name if CONTROLS_NOT_YET.contains(&name) => {
                    self.fail(key.error(format!("`{name}` of `loop_control` is not supported by harda yet")));
                }
                name => {
                    let hint = meant(name, CONTROLS.iter().copied());
                    self.fail(key.error(format!("unknown keyword `{name}` of `loop_control`{hint}")));
                }
            }
        }
    }
}

//! `set_fact`: variables for the rest of the run on this host.

use super::{Args, Context, Effect, Kind, Module, Param, Planned};
use crate::world::Stop;
use minijinja::Value;

pub struct SetFact;

const PARAMS: &[Param] = &[
    Param::new(
        &["cacheable"],
        Kind::Bool,
        "Taken; facts last for the run, as there is no cache between runs. Default: false.",
    ),
    Param::new(&["*"], Kind::Any, "Any name, and its value."),
];

impl Module for SetFact {
    fn names(&self) -> &'static [&'static str] {
        &["set_fact"]
    }

    fn about(&self) -> &'static str {
        "Variables for the rest of the run on this host."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, _cx: &Context<'_>) -> Result<Planned, Stop> {
        let facts: Vec<(String, Value)> =
            args.all().iter().filter(|(name, _)| name != "cacheable").cloned().collect();
        if facts.is_empty() {
            return Err(Stop::error("`set_fact` needs at least one name and its value"));
        }
        if let Some((name, _)) = facts.iter().find(|(name, _)| !is_name(name)) {
            return Err(Stop::error(format!(
                "`{name}` can't name a variable: letters, digits and `_`, and no digit first"
            )));
        }
        let known = Value::from_pairs(facts.clone());
        Ok(Planned { effect: Effect::Facts(facts), ..Planned::default() }.result("ansible_facts", known))
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::Bench;
    use serde_json::json;

    #[test]
    fn names_become_facts() {
        let planned = Bench::new().plan("set_fact", json!({"a": [1], "cacheable": true})).expect("planned");
        assert_eq!(planned.effect, Effect::Facts(vec![("a".into(), Value::from(vec![1]))]));
        assert!(Bench::new().error("set_fact", json!({"a-b": 1})).contains("can't name a variable"));
        assert!(Bench::new().error("set_fact", json!({})).contains("at least one"));
    }
}

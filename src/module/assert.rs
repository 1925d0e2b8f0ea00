//! `assert`: the task fails unless all conditions hold.

use super::template::stop;
use super::{Args, Context, Effect, Kind, Module, Param, Planned};
use crate::place::Place;
use crate::world::Stop;
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use minijinja::value::ValueKind;

pub struct Assert;

const PARAMS: &[Param] = &[
    Param::new(&["that"], Kind::Any, "A condition, or a list of them, written as in `when`.").required(),
    Param::new(
        &["fail_msg", "msg"],
        Kind::Any,
        "What to say when one doesn't hold. Default: the condition itself.",
    ),
    Param::new(&["success_msg"], Kind::Any, "What to say when all hold. Default: All assertions passed."),
    Param::new(&["quiet"], Kind::Bool, "Say nothing when all hold. Default: false."),
];

impl Module for Assert {
    fn names(&self) -> &'static [&'static str] {
        &["assert"]
    }

    fn about(&self) -> &'static str {
        "The task fails unless all conditions hold."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn raw_params(&self) -> &'static [&'static str] {
        &["that"]
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        for condition in conditions(args)? {
            if !cx.templar.condition(&condition, cx.scope).map_err(stop)? {
                return Ok(failed(args, &condition));
            }
        }
        let message = said(args, "success_msg").unwrap_or_else(|| "All assertions passed".into());
        let effect = match (args.flag("quiet"), args.get("success_msg")) {
            (Some(true), _) | (_, None) => Effect::None,
            _ => Effect::Message(message.clone()),
        };
        Ok(Planned { effect, ..Planned::default() }.result("msg", message))
    }
}

fn failed(args: &Args, condition: &Node) -> Planned {
    let written = match &condition.value {
        Yaml::Str(text) => text.clone(),
        _ => "False".into(),
    };
    let message = said(args, "fail_msg").unwrap_or_else(|| format!("assertion failed: `{written}`"));
    Planned { effect: Effect::Fail(message.clone()), ..Planned::default() }
        .result("assertion", written)
        .result("evaluated_to", false)
        .result("msg", message)
}

/// A text, or a list of lines.
fn said(args: &Args, name: &str) -> Option<String> {
    let value = args.get(name)?;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => args.list(name).map(|lines| lines.join("\n")),
        _ => args.text(name),
    }
}

fn conditions(args: &Args) -> Result<Vec<Node>, Stop> {
    let that = args.get("that").cloned().unwrap_or_default();
    let items = match that.kind() {
        ValueKind::Seq | ValueKind::Iterable => that.try_iter().map(Iterator::collect).unwrap_or_default(),
        _ => vec![that],
    };
    items.iter().map(|item| node(item, &args.place)).collect()
}

/// A condition as it was written, at the task's place.
fn node(written: &Value, place: &Place) -> Result<Node, Stop> {
    let value = match (written.kind(), written.as_str()) {
        (_, Some(text)) => Yaml::Str(text.to_string()),
        (ValueKind::Bool, _) => Yaml::Bool(written.is_true()),
        _ => {
            return Err(Stop::error(format!(
                "`that` of module `assert` must be a condition or a list of them, this is `{written}`"
            )));
        }
    };
    Ok(Node { place: place.clone(), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::Bench;
    use crate::template::{Var, unknown};
    use serde_json::json;

    #[test]
    fn the_first_condition_that_fails_is_named() {
        let mut bench = Bench::new();
        bench.scope =
            bench.scope.with("port", Var::Data(22.into())).with("later", Var::Data(unknown("the task")));
        let fail = |text: &str| Effect::Fail(text.into());
        let cases = [
            (json!({"that": "port == 22"}), Effect::None),
            (json!({"that": ["port == 22", "port > 100"]}), fail("assertion failed: `port > 100`")),
            (json!({"that": "port > 100", "msg": "too low"}), fail("too low")),
            (json!({"that": "port > 100", "msg": ["too", "low"]}), fail("too\nlow")),
            (json!({"that": true, "success_msg": "fine"}), Effect::Message("fine".into())),
            (json!({"that": true, "success_msg": "fine", "quiet": true}), Effect::None),
            (json!({"that": false}), fail("assertion failed: `False`")),
        ];
        for (args, effect) in cases {
            assert_eq!(bench.plan("assert", args.clone()).map(|p| p.effect), Ok(effect), "{args}");
        }
        let waits = bench.plan("assert", json!({"that": "later == 1"})).map(|p| p.effect);
        assert_eq!(waits, Err(Stop::Unknown { until: "the task".into() }));
        assert!(bench.error("assert", json!({"that": "prt == 1"})).contains("`prt` is undefined"));
        assert!(bench.error("assert", json!({"that": {"a": 1}})).contains("must be a condition"));
    }
}

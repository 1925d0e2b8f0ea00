//! `debug`: a message, or a variable's value, for the user.

use super::template::stop;
use super::{Args, Context, Effect, Kind, Module, Param, Planned};
use crate::template::{RenderError, is_template};
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::ValueKind;

pub struct Debug;

const PARAMS: &[Param] = &[
    Param::new(&["msg"], Kind::Any, "What to say. Default: Hello world!"),
    Param::new(&["var"], Kind::Any, "A variable or expression (without braces) whose value is shown."),
    Param::new(&["verbosity"], Kind::Integer, "Say it only with so many -v. Default: 0."),
];

/// Ansible's words for a variable that doesn't exist: `debug` is how one finds that out.
const UNDEFINED: &str = "VARIABLE IS NOT DEFINED!";

impl Module for Debug {
    fn names(&self) -> &'static [&'static str] {
        &["debug"]
    }

    fn about(&self) -> &'static str {
        "A message, or a variable's value, for the user."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    /// Rendered here: what comes out of a template may be a host's words, which are no expression.
    fn raw_params(&self) -> &'static [&'static str] {
        &["var"]
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        if args.get("msg").is_some() && args.get("var").is_some() {
            return Err(Stop::error("`debug` takes `msg` or `var`, not both"));
        }
        if args.integer("verbosity").unwrap_or(0) > verbosity(cx) {
            return Ok(Planned::default().result("skipped_reason", "Verbosity threshold not met."));
        }
        let (name, value) = match args.get("var") {
            Some(var) => (var.to_string(), value(var, cx)?),
            None => ("msg".to_string(), args.get("msg").cloned().unwrap_or_else(|| "Hello world!".into())),
        };
        let text = match args.get("var") {
            Some(_) => format!("{name}: {}", shown(&value)),
            None => shown(&value),
        };
        Ok(Planned { effect: Effect::Message(text), ..Planned::default() }.result(&name, value))
    }
}

/// How many `-v` the run has, from Ansible's own variable.
fn verbosity(cx: &Context<'_>) -> i64 {
    let given = cx.templar.text("{{ ansible_verbosity | default(0) }}", cx.scope);
    given.ok().and_then(|value| value.as_i64()).unwrap_or(0)
}

fn value(var: &Value, cx: &Context<'_>) -> Result<Value, Stop> {
    let rendered = match (var.kind(), var.as_str()) {
        (_, Some(text)) if is_template(text) => cx.templar.text(text, cx.scope),
        (_, Some(expression)) => cx.templar.text(&format!("{{{{ {expression} }}}}"), cx.scope),
        (ValueKind::Seq, _) => {
            let items = var.try_iter().into_iter().flatten();
            return items.map(|item| value(&item, cx)).collect();
        }
        _ => return Ok(var.clone()),
    };
    match rendered {
        Err(RenderError::Undefined { .. }) => Ok(UNDEFINED.into()),
        other => other.map_err(stop),
    }
}

/// Text as it is, data as indented JSON.
fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => {
            serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
        }
        _ => super::args::plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, result};
    use crate::template::Var;
    use serde_json::json;

    #[test]
    fn messages_and_variables_are_shown() {
        let mut bench = Bench::new();
        bench.scope = bench.scope.with("port", Var::Data(22.into())).with("said", Var::Data("port".into()));
        let cases = [
            (json!({}), "Hello world!"),
            (json!({"msg": "hej"}), "hej"),
            (json!({"msg": ["a", 1]}), "[\n  \"a\",\n  1\n]"),
            (json!({"msg": true}), "True"),
            (json!({"var": "port"}), "port: 22"),
            (json!({"var": "prt"}), "prt: VARIABLE IS NOT DEFINED!"),
            (json!({"var": ["port", "said"]}), "['port', 'said']: [\n  22,\n  \"port\"\n]"),
            // What a host said is shown, not looked up.
            (json!({"var": "{{ said }}"}), "{{ said }}: port"),
        ];
        for (args, said) in cases {
            let planned = bench.plan("debug", args.clone()).expect("planned");
            assert_eq!(planned.effect, Effect::Message(said.into()), "{args}");
        }
        let quiet = bench.plan("debug", json!({"msg": "x", "verbosity": 1})).expect("planned");
        assert_eq!(quiet.effect, Effect::None);
        let planned = bench.plan("debug", json!({"var": "port"})).expect("planned");
        assert_eq!(result(&planned, "port"), Some(&Value::from(22)));
    }
}

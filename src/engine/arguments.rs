//! What a site says in the variables of a play's `argument_specs`, checked before any contact.

use super::setup::Setup;
use super::vars::HostLayers;
use crate::place::{InputError, nearest};
use crate::playbook::argument_specs::{Kind, Spec};
use crate::playbook::model::Play;
use crate::secrets::Shape;
use crate::template::{Scope, Value, Var};
use crate::yaml::Node;
use minijinja::value::ValueKind;

/// Checks the variables of all hosts in all plays; each mistake is told once.
pub fn check(setup: &Setup) -> Result<(), Vec<InputError>> {
    let mut errors: Vec<InputError> = Vec::new();
    // Most playbooks declare none: then no host's variables are read for it.
    if setup.playbook.plays.iter().all(|play| play.specs.is_empty()) {
        return Ok(());
    }
    let specs = setup.playbook.plays.iter().flat_map(|play| play.specs.iter()).flat_map(|topic| &topic.specs);
    specs.filter(|spec| has_secret(spec)).for_each(|spec| setup.secrets.declare(&spec.name, shape(spec)));
    for host in &setup.hosts {
        let mut layers = HostLayers::new(setup, host).map_err(|error| vec![error])?;
        for play in &setup.playbook.plays {
            if !setup.in_play(play, &layers.play_scope(), host).map_err(|error| vec![error])? {
                continue;
            }
            // A file of variables whose name hangs on what the host says is read once that is known.
            if let Err(error) = layers.enter(setup, play)
                && !play.vars_files.iter().any(Node::is_template)
            {
                return Err(vec![error]);
            }
            let scope = layers.play_scope();
            for spec in play.specs.iter().flat_map(|topic| &topic.specs) {
                for error in variable(setup, spec, &scope, host, play) {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn variable(setup: &Setup, spec: &Spec, scope: &Scope, host: &str, play: &Play) -> Vec<InputError> {
    let is_open = play.vars_files.iter().any(Node::is_template);
    let place = match scope.get(&spec.name) {
        None if spec.required && !is_open => {
            let error = InputError::at(&play.place, format!("`{host}` has no variable `{}`", spec.name));
            return vec![error.hint(spec.description.clone())];
        }
        None => return Vec::new(),
        Some(Var::Template(node)) => Some(node.place.clone()),
        Some(Var::Data(_)) => None,
    };
    let mut wrong = Vec::new();
    match setup.templar.variable(&spec.name, scope) {
        Some(Ok(value)) => {
            checked(spec, &spec.name, &value, &mut wrong);
        }
        // Nothing may show of it before it is known what to mask.
        _ if has_secret(spec) => {
            wrong.push(format!("`{}` is a secret: it can't hang on what a host says", spec.name));
        }
        // What hangs on facts is known later; there it fails where it is used.
        _ => {}
    }
    let said = |message: String| match &place {
        Some(place) => InputError::at(place, message),
        None => InputError::nowhere(message),
    };
    wrong.into_iter().map(said).map(|error| error.hint(spec.description.clone())).collect()
}

fn has_secret(spec: &Spec) -> bool {
    spec.secret || spec.options.iter().any(has_secret)
}

fn shape(spec: &Spec) -> Shape {
    let parts = spec.options.iter().filter(|option| has_secret(option));
    Shape { whole: spec.secret, keys: parts.map(|option| (option.name.clone(), shape(option))).collect() }
}

/// Notes what is wrong with a value, by its path: `usb_devices[2].purpose`.
fn checked(spec: &Spec, path: &str, value: &Value, wrong: &mut Vec<String>) {
    if !is_of(spec.kind, value) {
        wrong.push(format!("`{path}` must be {}, not {}", article(spec.kind), shown(spec, value)));
        return;
    }
    match spec.kind {
        Kind::List => {
            for (at, item) in value.try_iter().into_iter().flatten().enumerate() {
                let path = format!("{path}[{at}]");
                match spec.elements {
                    Some(kind) if !is_of(kind, &item) => {
                        wrong.push(format!("`{path}` must be {}, not {}", article(kind), shown(spec, &item)));
                    }
                    Some(Kind::Dict) => keys(&spec.options, &path, &item, wrong),
                    _ => choices(spec, &path, &item, wrong),
                }
            }
        }
        Kind::Dict => keys(&spec.options, path, value, wrong),
        _ => choices(spec, path, value, wrong),
    }
}

fn choices(spec: &Spec, path: &str, value: &Value, wrong: &mut Vec<String>) {
    if !spec.choices.is_empty() && !spec.choices.contains(&value.to_string()) {
        wrong.push(format!(
            "`{path}` must be one of {}, not {}",
            spec.choices.join(", "),
            shown(spec, value)
        ));
    }
}

/// The keys of a mapping; a spec without options takes any.
fn keys(options: &[Spec], path: &str, value: &Value, wrong: &mut Vec<String>) {
    if options.is_empty() {
        return;
    }
    for key in value.try_iter().into_iter().flatten().map(|key| key.to_string()) {
        if !options.iter().any(|option| option.name == key) {
            let names = || options.iter().map(|option| option.name.as_str());
            wrong.push(match nearest(&key, names()) {
                Some(near) => format!("`{path}` has no key `{key}`: did you mean `{near}`?"),
                None => {
                    format!(
                        "`{path}` has no key `{key}`: known are {}",
                        names().collect::<Vec<_>>().join(", ")
                    )
                }
            });
        }
    }
    for option in options {
        match value.get_attr(&option.name) {
            Ok(found) if !found.is_undefined() => {
                checked(option, &format!("{path}.{}", option.name), &found, wrong);
            }
            _ if option.required => wrong.push(format!("`{path}` has no `{}`, which it needs", option.name)),
            _ => {}
        }
    }
}

fn is_of(kind: Kind, value: &Value) -> bool {
    let text = || value.as_str().map(str::trim);
    match (kind, value.kind()) {
        (Kind::Raw, _) => true,
        (Kind::List, found) => matches!(found, ValueKind::Seq | ValueKind::Iterable),
        (Kind::Dict, found) => found == ValueKind::Map,
        (Kind::Bool, ValueKind::Bool) => true,
        (Kind::Bool, _) => {
            text().is_some_and(|text| ["true", "false", "yes", "no"].contains(&text.to_lowercase().as_str()))
        }
        (Kind::Int, ValueKind::Number) => value.as_i64().is_some(),
        (Kind::Int, _) => text().is_some_and(|text| text.parse::<i64>().is_ok()),
        (Kind::Float, ValueKind::Number) => true,
        (Kind::Float, _) => text().is_some_and(|text| text.parse::<f64>().is_ok()),
        (Kind::Str | Kind::Path, found) => matches!(found, ValueKind::String | ValueKind::Number),
    }
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Str => "a string",
        Kind::Int => "a whole number",
        Kind::Float => "a number",
        Kind::Bool => "true or false",
        Kind::List => "a list",
        Kind::Dict => "a mapping",
        Kind::Path => "a path",
        Kind::Raw => "a value",
    }
}

/// A value in a message: its kind where it is long, for a mapping says little in a line.
fn shown(spec: &Spec, value: &Value) -> String {
    match value.kind() {
        _ if has_secret(spec) => "what it is (hidden)".into(),
        ValueKind::Map => "a mapping".into(),
        ValueKind::Seq | ValueKind::Iterable => "a list".into(),
        ValueKind::None => "nothing".into(),
        _ => format!("`{value}`"),
    }
}

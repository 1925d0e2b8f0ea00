//! Which filters, tests and functions there are.

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, State};

use super::args::Spec;
use super::{filters, functions, tests};
use crate::place;

/// Collections under whose names Ansible's own filters and tests are known as well.
const COLLECTIONS: &[&str] = &["ansible.builtin.", "ansible.legacy.", "ansible.utils.", "community.general."];

pub(super) fn install(env: &mut Environment<'static>) {
    for spec in filters::all() {
        let call = |spec: &'static Spec| {
            move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
                spec.call(state, &values.into_values())
            }
        };
        env.add_filter(spec.name, call(spec));
        for collection in COLLECTIONS {
            env.add_filter(format!("{collection}{}", spec.name), call(spec));
        }
    }
    for spec in tests::all() {
        let call = |spec: &'static Spec| {
            move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
                spec.call(state, &values.into_values())
            }
        };
        env.add_test(spec.name, call(spec));
        for collection in COLLECTIONS {
            env.add_test(format!("{collection}{}", spec.name), call(spec));
        }
    }
    for spec in functions::all() {
        env.add_function(spec.name, move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
            spec.call(state, &values.into_values())
        });
    }
    env.add_global("omit", super::unknown::omit());
    env.add_function("range", minijinja::functions::range);
    env.add_function("namespace", minijinja::functions::namespace);
}

pub(super) fn is_function(name: &str) -> bool {
    matches!(name, "omit" | "range" | "dict" | "namespace" | "vars" | "super" | "loop" | "caller")
        || functions::all().any(|spec| spec.name == name)
}

/// The name of a filter or test nearest to a mistyped one.
pub(super) fn nearest(kind: &str, name: &str) -> Option<&'static str> {
    match kind {
        "filter" => place::nearest(name, filters::all().map(|spec| spec.name)),
        _ => place::nearest(name, tests::all().map(|spec| spec.name)),
    }
}

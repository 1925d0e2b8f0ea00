//! How filters, tests and functions of ours get their arguments.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, State, Value};

use super::error::{undefined, wrong};
use super::{derived, frame};

/// Which arguments may be undefined.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Undefined {
    Refused,
    /// All but the first.
    InOptions,
    Allowed,
}

/// A filter, test or function. `params` are the names in order; `*` stands for any more without a
/// name (those after it are only given by name), `**` for any more with one. A filter's or test's
/// first is the value.
pub(super) struct Spec {
    pub name: &'static str,
    pub params: &'static [&'static str],
    pub undefined: Undefined,
    pub run: fn(&mut State<'_, '_>, &Args) -> Result<Value, Error>,
}

pub(super) const fn spec(
    name: &'static str,
    params: &'static [&'static str],
    run: fn(&mut State<'_, '_>, &Args) -> Result<Value, Error>,
) -> Spec {
    Spec { name, params, undefined: Undefined::Refused, run }
}

impl Spec {
    pub const fn allowing(self, undefined: Undefined) -> Spec {
        Spec { undefined, ..self }
    }

    pub fn call(&self, state: &mut State<'_, '_>, values: &[Value]) -> Result<Value, Error> {
        let args = Args::bind(self, values)?;
        let made = (self.run)(state, &args)?;
        // Filters of ours alone (`__get`) step into a value and make none.
        if !self.name.starts_with("__") {
            derived::note(&args.all().collect::<Vec<_>>(), &made);
        }
        Ok(made)
    }
}

/// The arguments of one call.
pub(super) struct Args {
    pub name: &'static str,
    params: &'static [&'static str],
    bound: Vec<Option<Value>>,
    pub rest: Vec<Value>,
    pub named: Vec<(String, Value)>,
}

impl Args {
    fn bind(spec: &Spec, values: &[Value]) -> Result<Args, Error> {
        let rest_allowed = spec.params.contains(&"*");
        let named_allowed = spec.params.contains(&"**");
        let count = spec.params.iter().position(|p| p.starts_with('*')).unwrap_or(spec.params.len());
        let mut args = Args {
            name: spec.name,
            params: spec.params,
            bound: vec![None; spec.params.len()],
            rest: Vec::new(),
            named: Vec::new(),
        };
        for (i, value) in values.iter().enumerate() {
            if value.is_kwargs() {
                args.bind_named(Kwargs::try_from(value.clone())?, named_allowed)?;
            } else if i < count {
                args.bound[i] = Some(value.clone());
            } else if rest_allowed {
                args.rest.push(value.clone());
            } else {
                return Err(wrong(format!("`{}` takes at most {count} arguments", spec.name)));
            }
        }
        args.check(spec.undefined)?;
        Ok(args)
    }

    fn bind_named(&mut self, kwargs: Kwargs, any: bool) -> Result<(), Error> {
        for name in kwargs.args() {
            let value: Value = kwargs.peek(name)?;
            match self.params.iter().position(|p| *p == name) {
                Some(at) => self.bound[at] = Some(value),
                None if any => self.named.push((name.to_string(), value)),
                None => return Err(wrong(format!("`{}` has no argument `{name}`", self.name))),
            }
        }
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.bound.iter().flatten().chain(&self.rest).chain(self.named.iter().map(|(_, value)| value))
    }

    /// Neither undefined nor unknown values reach a filter that doesn't ask for them.
    fn check(&self, allowed: Undefined) -> Result<(), Error> {
        for (i, value) in self.all().enumerate() {
            let may = allowed == Undefined::Allowed || (allowed == Undefined::InOptions && i > 0);
            match value.kind() {
                ValueKind::Undefined if !may => return Err(undefined()),
                ValueKind::Invalid => return Err(wrong("a value could not be made")),
                _ => {}
            }
            if let Some(until) = super::is_unknown(value) {
                return Err(frame::fail(super::RenderError::Unknown { until }));
            }
        }
        Ok(())
    }

    /// The argument at this place, if it was given and isn't none.
    pub fn get(&self, at: usize) -> Option<&Value> {
        self.bound.get(at)?.as_ref().filter(|v| !v.is_none())
    }

    /// The argument at this place as it was given.
    pub fn raw(&self, at: usize) -> Option<&Value> {
        self.bound.get(at)?.as_ref()
    }

    pub fn need(&self, at: usize) -> Result<&Value, Error> {
        let name = self.params.get(at).copied().unwrap_or("an argument");
        self.raw(at).ok_or_else(|| wrong(format!("`{}` needs `{name}`", self.name)))
    }

    /// The argument as text: strings as they are, other values as they are printed.
    pub fn text(&self, at: usize) -> Result<String, Error> {
        text_of(self.need(at)?)
    }

    pub fn text_or(&self, at: usize, default: &str) -> Result<String, Error> {
        self.get(at).map_or(Ok(default.to_string()), text_of)
    }

    pub fn flag(&self, at: usize, default: bool) -> bool {
        self.get(at).map_or(default, Value::is_true)
    }

    pub fn integer(&self, at: usize, default: i64) -> Result<i64, Error> {
        let Some(value) = self.get(at) else { return Ok(default) };
        let from_text = || value.as_str().and_then(|s| s.trim().parse().ok());
        value.as_i64().or_else(from_text).ok_or_else(|| {
            wrong(format!("`{}` wants a whole number as `{}`, not {value}", self.name, self.params[at]))
        })
    }

    /// The elements of a list, the keys of a map, the characters of a string.
    pub fn items(&self, at: usize) -> Result<Vec<Value>, Error> {
        let value = self.need(at)?;
        items_of(value).map_err(|_| {
            wrong(format!("`{}` wants a list, not {}: {value}", self.name, super::filters::type_name(value)))
        })
    }
}

/// A value as text; what is in it must be known and defined.
pub(super) fn text_of(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_string());
    }
    let settled = super::lazy::settle(value, super::lazy::Tuples::Keep).map_err(frame::fail)?;
    Ok(super::print::text(&settled))
}

/// What iterating over the value gives.
pub(super) fn items_of(value: &Value) -> Result<Vec<Value>, Error> {
    if value.is_none() || value.is_undefined() {
        return Err(wrong("nothing to iterate over"));
    }
    value.try_iter()?.checked().collect()
}

//! Rendering strings, nodes and conditions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};

use super::error::{RenderError, innermost, translate};
use super::file::{FileKey, FileLines};
use super::frame::{self, Frame};
use super::lazy::{Tuples, hand_out, settle};
use super::rewrite::{self, Backslash, is_template};
use super::scope::{Root, Scope};
use super::unknown::is_omit;
use super::{registry, truth};
use crate::files::Files;
use crate::secrets::Secrets;
use crate::yaml::{Node, Yaml};

/// What templates may know of the run and the controller.
#[derive(Clone, Debug, Default)]
pub struct RunInputs {
    /// The run's time, the same in all templates: seconds since 1970 (UTC).
    pub now: i64,
    /// The controller's offset from UTC then, in seconds.
    pub utc_offset: i32,
    /// What `random` and `shuffle` start from.
    pub seed: u64,
    /// Where relative names in lookups are searched, first.
    pub search: Vec<PathBuf>,
    /// What lookups and includes are read from.
    pub files: Files,
    /// What must not show; what templates make of it is added.
    pub secrets: Secrets,
}

/// Renders templates; one for a run, shared by its hosts. Each template is compiled once.
#[derive(Clone)]
pub struct Templar(Arc<Core>);

pub(super) struct Core {
    pub inputs: RunInputs,
    /// Templates by their own text, which is their name.
    strings: Environment<'static>,
    /// What template files start from.
    pub base: Environment<'static>,
    pub files: RwLock<HashMap<FileKey, Arc<Environment<'static>>>>,
}

impl Templar {
    pub fn new(inputs: RunInputs) -> Self {
        let base = base_environment();
        let mut strings = base.clone();
        strings.set_loader(load_string);
        // A name that a template includes must not be taken for the text of one.
        strings.set_path_join_callback(|name, _| Cow::Owned(format!("{INCLUDED}{name}")));
        Templar(Arc::new(Core { inputs, strings, base, files: RwLock::default() }))
    }

    /// Renders a node and all that is in it.
    pub fn node(&self, node: &Node, scope: &Scope) -> Result<Value, RenderError> {
        self.in_scope(scope, |root| self.0.node(node, root))
    }

    /// Renders a string; one that prints a single value gives that value.
    pub fn text(&self, text: &str, scope: &Scope) -> Result<Value, RenderError> {
        if !is_template(text) {
            return Ok(Value::from(text));
        }
        self.in_scope(scope, |root| settle(&self.0.native(text, root)?, Tuples::ToLists))
    }

    /// Whether the condition holds: of `when`, `changed_when`, `failed_when`, `until`. A list
    /// holds if all of it does. As in ansible-core 2.16 the result needn't be a boolean: it counts
    /// as Python counts it (a string that isn't empty is true, even `"false"`).
    pub fn condition(&self, node: &Node, scope: &Scope) -> Result<bool, RenderError> {
        self.in_scope(scope, |root| self.0.condition(node, root))
    }

    /// The text of a template file. Includes are looked for in `search`.
    pub fn file(
        &self,
        path: &Path,
        source: &str,
        scope: &Scope,
        search: &[PathBuf],
    ) -> Result<String, RenderError> {
        self.0.file(path, source, scope.root(&self.0), search)
    }

    /// A variable's value, none if there is no such variable.
    pub fn variable(&self, name: &str, scope: &Scope) -> Option<Result<Value, RenderError>> {
        scope.get(name)?;
        Some(self.in_scope(scope, |root| match root.variable(name) {
            Some(value) => settle(&value?, Tuples::ToLists),
            None => Err(RenderError::Undefined { name: name.to_string(), place: None, hint: None }),
        }))
    }

    /// The variables of a scope as one map whose values are rendered when they are used: what
    /// `hostvars` holds for a host.
    pub fn variables(&self, scope: &Scope) -> Value {
        Value::from_dyn_object(scope.root(&self.0).clone())
    }

    /// Runs `body` where what it meets can be noted; a noted fault is the result.
    fn in_scope<T>(
        &self,
        scope: &Scope,
        body: impl FnOnce(&Arc<Root>) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        let root = scope.root(&self.0);
        let (result, frame) = frame::with_frame(root, true, || body(root));
        frame.fault.map_or(result, Err)
    }
}

/// Begins the names that can't be those of strings.
const INCLUDED: &str = "\0include:";
/// Begins the names of conditions.
const CONDITION: &str = "\0when:";

fn load_string(name: &str) -> Result<Option<String>, Error> {
    if name.starts_with(INCLUDED) {
        return Ok(None);
    }
    Ok(Some(match name.strip_prefix(CONDITION) {
        Some(expression) => format!("{{{{ {} }}}}", rewrite::condition(expression)),
        None => rewrite::template(name, &SyntaxConfig::default(), Backslash::Literal),
    }))
}

fn base_environment() -> Environment<'static> {
    // Nothing of the engine's own that hasn't been looked at: its filters take what is undefined.
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_debug(false);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_recursion_limit(200);
    env.set_formatter(print);
    env.set_unknown_method_callback(super::methods::call);
    if let Ok(syntax) =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(false).keep_trailing_newline(true).build()
    {
        env.set_syntax(syntax);
    }
    registry::install(&mut env);
    env
}

/// Prints a value as Python does, none as nothing. Undefined and unknown values end here.
fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let native = frame::current(|frame| {
        frame.emitted += 1;
        frame.last = Some(value.clone());
        frame.native
    });
    // The engine refuses what is undefined before this is called, but for an `if` without an
    // `else` that doesn't hold: in a text that is nothing, as in Jinja.
    if native == Some(true) || value.is_undefined() {
        return Ok(());
    }
    let value = settle(value, Tuples::Keep).map_err(frame::fail)?;
    if is_omit(&value) {
        return Err(super::error::wrong("`omit` can't be part of a text"));
    }
    match value.is_none() {
        true => Ok(()),
        false => out.write_str(&super::print::text(&value)).map_err(Error::from),
    }
}

impl Core {
    pub fn is_global(&self, name: &str) -> bool {
        registry::is_function(name)
    }

    fn node(&self, node: &Node, root: &Arc<Root>) -> Result<Value, RenderError> {
        let value = match &node.value {
            Yaml::Str(text) if is_template(text) => {
                self.native(text, root).and_then(|value| settle(&value, Tuples::ToLists))
            }
            Yaml::Seq(items) => {
                let items = items.iter().map(|item| self.node(item, root));
                items.collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            Yaml::Map(pairs) => {
                let pairs = pairs.iter().map(|(k, v)| Ok((self.node(k, root)?, self.node(v, root)?)));
                pairs.collect::<Result<Vec<_>, _>>().map(Value::from_pairs)
            }
            _ => Ok(super::lazy::plain(node)),
        };
        value.map_err(|e| e.at(&node.place))
    }

    /// Renders a string to its native value. Line breaks at its end belong to the YAML it was
    /// written in: they stay on text and don't make a text of what is none.
    pub fn native(&self, text: &str, root: &Arc<Root>) -> Result<Value, RenderError> {
        if !is_template(text) {
            return Ok(Value::from(text));
        }
        let body = text.trim_end_matches('\n');
        let value = self.run(&self.strings, body, root, is_single(body), None)?.0;
        Ok(match value.as_str() {
            Some(rendered) if body.len() < text.len() => {
                Value::from(format!("{rendered}{}", &text[body.len()..]))
            }
            _ => value,
        })
    }

    fn condition(&self, node: &Node, root: &Arc<Root>) -> Result<bool, RenderError> {
        match &node.value {
            Yaml::Seq(items) => {
                for item in items {
                    if !self.condition(item, root)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Yaml::Null => Ok(true),
            Yaml::Str(text) => self.expression(text.trim(), root).map_err(|e| e.at(&node.place)),
            Yaml::Map(_) => Err(RenderError::bad("a condition is an expression, not a map").at(&node.place)),
            _ => Ok(super::lazy::plain(node).is_true()),
        }
    }

    fn expression(&self, text: &str, root: &Arc<Root>) -> Result<bool, RenderError> {
        if text.is_empty() {
            return Ok(true);
        }
        let value = match is_template(text) {
            false => self.run(&self.strings, &format!("{CONDITION}{text}"), root, true, None)?.0,
            true if is_single(text) => self.native(text, root)?,
            true => {
                return Err(RenderError::bad(format!("a condition holds a template: {text}"))
                    .with_hint("a condition is an expression already: leave out the {{ }}"));
            }
        };
        truth::of_condition(&value, is_template(text))
    }

    /// Renders one template. The value is the only one printed, if there is only one and nothing
    /// else, otherwise the text.
    pub fn run(
        &self,
        env: &Environment<'static>,
        name: &str,
        root: &Arc<Root>,
        native: bool,
        file: Option<&FileLines<'_>>,
    ) -> Result<(Value, String), RenderError> {
        let (result, frame) = frame::with_frame(root, native, || {
            let text = env.get_template(name)?.render(Value::from_dyn_object(root.clone()))?;
            Ok::<_, Error>((text.clone(), only_value(&text)))
        });
        let raised = result.as_ref().err().map(innermost);
        let placed = |error: RenderError| {
            let place = raised.and_then(|raised| file?.place(raised, &error.message()));
            match &place {
                Some(place) => error.at(place),
                None => error,
            }
        };
        if let Some(fault) = frame.fault {
            return Err(placed(fault));
        }
        match &result {
            Ok((text, Some(value))) => finish(value, text.clone(), &frame),
            Ok((text, None)) => Ok((Value::from(text.as_str()), text.clone())),
            Err(error) => Err(placed(in_words(innermost(error), &frame, root))),
        }
    }
}

/// The value printed, if all that was written is that one value.
fn only_value(text: &str) -> Option<Value> {
    frame::current(|frame| match (frame.emitted, frame.native, &frame.last) {
        (1, true, Some(last)) => Some(last.clone()),
        (1, false, Some(last)) if last.as_str().is_none() && !last.is_undefined() => {
            (is_printed_as(last, text)).then(|| last.clone())
        }
        _ => None,
    })
    .flatten()
}

fn is_printed_as(value: &Value, text: &str) -> bool {
    if value.is_none() { text.is_empty() } else { super::print::text(value) == text }
}

fn finish(value: &Value, text: String, frame: &Frame) -> Result<(Value, String), RenderError> {
    use minijinja::value::ValueKind;
    match value.kind() {
        ValueKind::Undefined => Err(match &frame.missing {
            Some(missing) => missing.to_error(),
            None => RenderError::Undefined { name: String::new(), place: None, hint: None },
        }),
        ValueKind::Map | ValueKind::Seq => {
            // What is undefined in it is found when it is used: after this frame.
            frame.missing.clone().into_iter().for_each(frame::note_missing);
            Ok((value.clone(), text))
        }
        // An iterator is only good for as long as the template runs.
        ValueKind::Iterable => settle(value, Tuples::ToLists).map(|value| (value, text)),
        _ => hand_out(Ok(value.clone()), String::new)
            .map(|value| (value, text))
            .ok_or_else(|| RenderError::bad("a value could not be made")),
    }
}

/// The engine's error in our words. Names near to what is missing are looked up in the scope.
fn in_words(error: &Error, frame: &Frame, root: &Arc<Root>) -> RenderError {
    frame::with_frame(root, true, || translate(error, frame.missing.as_ref())).0
}

/// Whether the text is one `{{ }}` and nothing else, as far as a glance can tell.
fn is_single(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("{{").and_then(|t| t.strip_suffix("}}")) else { return false };
    !inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%") && !inner.contains("{#")
}

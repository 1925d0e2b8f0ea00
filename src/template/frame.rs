//! What is noted while one template is rendered.
//!
//! The engine can't be stopped from comparing, testing or iterating a value behind our back, and
//! knows no value that is unknown. So whatever hands out a value that must not be used (an unknown
//! one, one whose own template is wrong) notes that as a *fault* of the rendering under way. A
//! rendering with a fault fails, whatever the engine made of the value.

use std::cell::RefCell;
use std::sync::Arc;

use minijinja::{Error, ErrorKind, Value, value::ValueKind};

use super::error::RenderError;
use super::scope::Root;
use crate::place::nearest;

/// The undefined name met last: if the rendering fails over an undefined value, it is this one.
#[derive(Clone)]
pub(super) struct Missing {
    pub path: String,
    pub key: String,
    /// What the key was looked up in; none for a variable.
    pub parent: Option<Value>,
    /// The error that made a variable undefined because its own template uses an undefined one.
    pub cause: Option<RenderError>,
}

impl Missing {
    pub fn to_error(&self) -> RenderError {
        if let Some(cause) = &self.cause {
            return cause.clone();
        }
        let hint = self.near().map(|near| {
            let stem = self.path.strip_suffix(&self.key).unwrap_or_default();
            format!("did you mean `{stem}{near}`?")
        });
        RenderError::Undefined { name: self.path.clone(), place: None, hint }
    }

    fn near(&self) -> Option<String> {
        let names: Vec<String> = match &self.parent {
            Some(parent) if parent.kind() == ValueKind::Map => {
                parent.try_iter().ok()?.map(|key| key.to_string()).collect()
            }
            Some(_) => return None,
            None => current_root()?.names(),
        };
        nearest(&self.key, names.iter().map(String::as_str)).map(String::from)
    }
}

/// What one rendering has met so far.
pub(super) struct Frame {
    pub root: Arc<Root>,
    pub fault: Option<RenderError>,
    pub missing: Option<Missing>,
    /// What parts are being cut out of, the innermost last.
    pub wholes: Vec<Value>,
    pub emitted: usize,
    /// The value printed last, with its native type.
    pub last: Option<Value>,
    /// The whole template is one expression: nothing needs to be written out.
    pub native: bool,
}

thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
    static VISITING: RefCell<Vec<(usize, String)>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` with a frame of its own and hands back both.
pub(super) fn with_frame<T>(root: &Arc<Root>, native: bool, body: impl FnOnce() -> T) -> (T, Frame) {
    let frame = Frame {
        root: root.clone(),
        fault: None,
        missing: None,
        wholes: Vec::new(),
        emitted: 0,
        last: None,
        native,
    };
    FRAMES.with_borrow_mut(|frames| frames.push(frame));
    let guard = PopOnUnwind;
    let result = body();
    std::mem::forget(guard);
    let frame = FRAMES.with_borrow_mut(|frames| frames.pop());
    (result, frame.expect("the frame pushed above is popped only here"))
}

struct PopOnUnwind;

impl Drop for PopOnUnwind {
    fn drop(&mut self) {
        FRAMES.with_borrow_mut(|frames| frames.pop());
    }
}

/// Looks at the frame of the rendering under way, if there is one.
pub(super) fn current<T>(look: impl FnOnce(&mut Frame) -> T) -> Option<T> {
    FRAMES.with_borrow_mut(|frames| frames.last_mut().map(look))
}

pub(super) fn current_root() -> Option<Arc<Root>> {
    current(|frame| frame.root.clone())
}

/// Makes the rendering under way fail, and returns a value on which the engine stops at once.
/// Unknown outranks all else: what is wrong may turn out right once the value is known.
pub(super) fn fault(error: RenderError) -> Value {
    let message = error.message();
    current(|frame| {
        let outranks = matches!(error, RenderError::Unknown { .. });
        if frame.fault.is_none() || (outranks && !matches!(frame.fault, Some(RenderError::Unknown { .. }))) {
            frame.fault = Some(error);
        }
    });
    Value::from(Error::new(ErrorKind::InvalidOperation, message))
}

/// Like [`fault`], for where the engine takes an error.
pub(super) fn fail(error: RenderError) -> Error {
    let message = error.message();
    fault(error);
    Error::new(ErrorKind::InvalidOperation, message)
}

pub(super) fn note_missing(missing: Missing) {
    current(|frame| frame.missing = Some(missing));
}

/// Chains of variables longer than this are refused: host threads have small stacks.
const MAX_DEPTH: usize = 32;

/// Evaluates the template of one variable, refusing those that lead back to themselves.
/// `id` tells variables of the same name in different scopes apart.
pub(super) fn visit<T>(
    id: usize,
    name: &str,
    evaluate: impl FnOnce() -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    VISITING.with_borrow(|visiting| check_chain(visiting, id, name))?;
    VISITING.with_borrow_mut(|visiting| visiting.push((id, name.to_string())));
    let leave = Leave;
    let result = evaluate();
    drop(leave);
    result
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        VISITING.with_borrow_mut(|visiting| visiting.pop());
    }
}

fn check_chain(visiting: &[(usize, String)], id: usize, name: &str) -> Result<(), RenderError> {
    if let Some(start) = visiting.iter().position(|(other, n)| *other == id && n == name) {
        let mut chain: Vec<String> = visiting[start..].iter().map(|(_, n)| format!("`{n}`")).collect();
        chain.push(format!("`{name}`"));
        return Err(RenderError::bad(format!("variables lead back to themselves: {}", chain.join(" -> "))));
    }
    if visiting.len() >= MAX_DEPTH {
        return Err(RenderError::bad(format!(
            "`{name}` is reached through more than {MAX_DEPTH} variables that use one another"
        )));
    }
    Ok(())
}

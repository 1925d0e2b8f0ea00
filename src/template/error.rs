//! Why a template could not be rendered, in words that name the culprit.

use std::fmt;

use minijinja::{Error, ErrorKind};

use super::frame::Missing;
use crate::place::{InputError, Place};

/// What came of rendering instead of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum RenderError {
    /// A variable, or a key of one, that does not exist was used.
    Undefined { name: String, place: Option<Place>, hint: Option<String> },
    /// The value rests on something that is only known once the task `until` is done.
    Unknown { until: String },
    /// The template itself is wrong.
    Bad { message: String, place: Option<Place>, hint: Option<String> },
}

impl RenderError {
    pub fn bad(message: impl Into<String>) -> Self {
        RenderError::Bad { message: message.into(), place: None, hint: None }
    }

    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let RenderError::Undefined { hint, .. } | RenderError::Bad { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// Says where it was, unless a nearer place is known already.
    pub fn at(mut self, at: &Place) -> Self {
        if let RenderError::Undefined { place, .. } | RenderError::Bad { place, .. } = &mut self {
            place.get_or_insert_with(|| at.clone());
        }
        self
    }

    pub fn place(&self) -> Option<&Place> {
        match self {
            RenderError::Undefined { place, .. } | RenderError::Bad { place, .. } => place.as_ref(),
            RenderError::Unknown { .. } => None,
        }
    }

    pub fn hint(&self) -> Option<&str> {
        match self {
            RenderError::Undefined { hint, .. } | RenderError::Bad { hint, .. } => hint.as_deref(),
            RenderError::Unknown { .. } => None,
        }
    }

    /// The sentence without the place and the hint.
    pub fn message(&self) -> String {
        match self {
            RenderError::Undefined { name, .. } if name.is_empty() => "an undefined value is used".into(),
            RenderError::Undefined { name, .. } => format!("`{name}` is undefined"),
            RenderError::Unknown { until } => format!("not known until `{until}` is done"),
            RenderError::Bad { message, .. } => message.clone(),
        }
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        InputError::from(self.clone()).fmt(f)
    }
}

impl std::error::Error for RenderError {}

impl From<RenderError> for InputError {
    fn from(error: RenderError) -> Self {
        InputError {
            place: error.place().cloned(),
            message: error.message(),
            hint: error.hint().map(String::from),
        }
    }
}

/// The engine's error for a use of something undefined.
pub(super) fn undefined() -> Error {
    Error::from(ErrorKind::UndefinedError)
}

/// The engine's error for a filter, test or function that was used wrongly.
pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Puts an error of the engine into our words. `missing` is the undefined name that was met last;
/// `names` are those that the nearest one to a mistyped filter or test is looked up among.
pub(super) fn translate(error: &Error, missing: Option<&Missing>) -> RenderError {
    if is_undefined(error) {
        return match missing {
            Some(missing) => missing.to_error(),
            None => RenderError::Undefined { name: String::new(), place: None, hint: None },
        };
    }
    let detail = error.detail().unwrap_or_default();
    let unknown = |kind: &str| {
        let name = detail.split(' ').nth(1).unwrap_or_default();
        let bad = RenderError::bad(format!("there is no {kind} `{name}`"));
        match super::registry::nearest(kind, name) {
            Some(near) => bad.with_hint(format!("did you mean `{near}`?")),
            None => bad,
        }
    };
    match error.kind() {
        ErrorKind::UnknownFilter => unknown("filter"),
        ErrorKind::UnknownTest => unknown("test"),
        ErrorKind::UnknownFunction => {
            RenderError::bad(format!("there is no function `{}`", detail.trim_end_matches(" is unknown")))
        }
        ErrorKind::SyntaxError => RenderError::bad(format!("the template can't be read: {detail}")),
        kind if detail.is_empty() => RenderError::bad(kind.to_string()),
        _ => RenderError::bad(detail),
    }
}

/// What went wrong inside, where the engine only says that something did in what it included.
pub(super) fn innermost(error: &Error) -> &Error {
    let inner = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
    match (error.kind(), inner) {
        (ErrorKind::BadInclude | ErrorKind::EvalBlock, Some(inner)) => innermost(inner),
        _ => error,
    }
}

fn is_undefined(error: &Error) -> bool {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => true,
        ErrorKind::UnknownMethod => detail.starts_with("undefined has no method"),
        ErrorKind::InvalidOperation => detail.contains("unsupported types") && detail.contains("undefined"),
        _ => false,
    }
}

//! The Jinja environment: templates with Ansible's meaning over minijinja.
//!
//! - Variables are lazy and recursive: a string of YAML is a template, rendered when it is used.
//!   Data (facts, results) never is.
//! - What is undefined may be passed on (`a.b.c | default('x')`), and is an error where it is used.
//! - What is unknown (it rests on a task that has not been done) makes every rendering that uses
//!   it [`RenderError::Unknown`]: it never shows up as text, as empty or as false.
//! - A string that prints one single value keeps that value's type (`"{{ [1, 2] }}"` is a list);
//!   every other string is text, in which values look as in Python, and none as nothing.

mod args;
#[cfg(test)]
mod cases;
mod derived;
mod error;
mod file;
mod filters;
mod frame;
mod functions;
mod lazy;
mod lexer;
mod lookups;
mod methods;
#[cfg(test)]
mod more_cases;
mod own;
mod print;
#[cfg(test)]
mod recorded;
pub mod regex;
mod registry;
mod render;
mod rewrite;
mod scope;
mod tests;
mod truth;
mod unknown;
mod version;

pub use derived::note_declared;
pub use error::RenderError;
pub use minijinja::Value;
pub use render::{RunInputs, Templar};
pub use rewrite::is_template;
pub use scope::{Layer, Scope, Var};
pub use unknown::{find_unknown, is_omit, is_unknown, unknown};

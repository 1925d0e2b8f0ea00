//! A host is hostile input: what it sends is never a template, never reaches the terminal raw, and
//! never keeps harda waiting for longer than it was told to wait.

#[path = "../support/mod.rs"]
mod support;

mod endless;
mod shown;
mod templates;

//! A checklist as one HTML file: no script, nothing from elsewhere, made to be printed too.

use super::Document;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error};

const TEMPLATE: &str = include_str!("../../../templates/checklist.html.j2");

pub fn page(document: &Document) -> Result<String, Error> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    templates.set_syntax(syntax);
    templates.render_named_str("checklist.html", TEMPLATE, Serde(document))
}

//! An audit as one HTML file that needs nothing else: no network, no fonts, no images.
//!
//! What hosts and declarations say is hostile input. It reaches the page as escaped text only: never
//! in a script, never as a link, never in a style. The page's own script and style are named to the
//! browser by their digests, and it runs no others.

mod results;
pub mod trend;
mod view;
mod words;

use crate::compliance::Lang;
use crate::compliance::audit::Audit;
use crate::report::text::is_hostile;
use base64::Engine;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};
use trend::Point;

const PAGE: &str = include_str!("../../../templates/audit.html.j2");
const STYLE: &str = concat!(
    include_str!("../../../templates/audit.css"),
    include_str!("../../../templates/audit-parts.css"),
    include_str!("../../../templates/audit-media.css"),
);
const SCRIPT: &str = include_str!("../../../templates/audit.js");

/// The page. `earlier` are audits of the same hosts and policy, oldest first.
pub fn bytes(audit: &Audit, earlier: &[Point], lang: Lang) -> Result<Vec<u8>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(escaped);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("audit.html", PAGE)?;
    let page = environment.get_template("audit.html")?.render(context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.into()),
        script => Value::from_safe_string(SCRIPT.into()),
        t => words::table(lang),
        ..Value::from(Serde(view::page(audit, earlier, lang))),
    })?;
    Ok(page.into_bytes())
}

/// The Content-Security-Policy: nothing is fetched, and only what this file brings runs.
fn policy() -> String {
    let digest = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// Writes a value out: what would reorder or hide text is spelt, and the rest is escaped.
fn escaped(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && text.contains(is_spelt) => {
            minijinja::escape_formatter(out, state, &Value::from(spelt(text)))
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn is_spelt(c: char) -> bool {
    is_hostile(c) && !matches!(c, '\n' | '\t')
}

fn spelt(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match is_spelt(c) {
            true => clean.extend(c.escape_default()),
            false => clean.push(c),
        }
    }
    clean
}

//! `harda doc`, `harda doc MODULE`: what modules take.

use super::super::CliError;
use crate::module::{self, Kind, MODULES, Module, Param};
use crate::place::nearest;
use crate::report::Paint;
use std::fmt::Write;

pub fn page(name: Option<&str>, paint: &Paint) -> Result<String, CliError> {
    Ok(match name {
        None => list(paint),
        Some(name) => one(paint, find(name)?),
    })
}

fn find(name: &str) -> Result<&'static dyn Module, CliError> {
    let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    module::find(short).ok_or_else(|| {
        let known = MODULES.iter().flat_map(|module| module.names().iter().copied());
        let hint = match nearest(short, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`harda doc` lists all modules".to_string(),
        };
        CliError::new(format!("there is no module `{name}`")).hint(hint)
    })
}

fn list(paint: &Paint) -> String {
    let mut modules: Vec<_> = MODULES.iter().map(|module| (names(module.names()), module.about())).collect();
    modules.sort_unstable();
    let width = modules.iter().map(|(names, _)| names.len()).max().unwrap_or(0);
    modules.iter().fold(String::new(), |mut page, (names, about)| {
        let padding = " ".repeat(width - names.len());
        // Writing to a String can't fail, here and below.
        let _ = writeln!(page, "{}{padding}  {about}", paint.strong(names));
        page
    })
}

/// The first name, and the others in brackets.
fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first} ({})", others.join(", ")),
    }
}

fn one(paint: &Paint, module: &dyn Module) -> String {
    let mut page = format!("{}\n{}\n", paint.strong(names(module.names())), module.about());
    if let Some(param) = module.free_form() {
        let _ = writeln!(page, "Takes its argument as bare text too: that is `{param}`.");
    }
    for param in module.params() {
        let required = if param.required { paint.change(", required") } else { String::new() };
        let kind = paint.dim(kind(param.kind));
        let _ = write!(page, "\n  {}  {kind}{required}\n", paint.strong(names(param.names)));
        let _ = writeln!(page, "      {}", about(param));
    }
    page
}

fn about(param: &Param) -> String {
    match param.choices {
        [] => param.about.to_string(),
        choices => format!("{} One of: {}.", param.about, choices.join(", ")),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Path => "path on the host",
        Kind::Bool => "yes or no",
        Kind::Integer => "number",
        Kind::List => "list",
        Kind::Mode => "file mode",
        Kind::Dict => "mapping",
        Kind::Any => "anything",
    }
}

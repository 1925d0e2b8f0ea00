//! `harda doc variable`: the variables that a site may set, from the `argument_specs` of a pack's
//! plays.

use super::super::CliError;
use super::super::subject::Subject;
use super::paragraph;
use crate::files::Files;
use crate::place::nearest;
use crate::playbook::argument_specs::{Spec, Topic};
use crate::report::Paint;
use crate::yaml::{Node, Yaml};
use std::fmt::Write;

pub fn page(subject: &str, name: Option<&str>, paint: &Paint) -> Result<String, CliError> {
    let files = Files::default();
    let topics = Subject::find(&files, subject)?.topics(&files)?;
    let Some(name) = name else { return Ok(list(&topics, paint)) };
    let specs = || topics.iter().flat_map(|topic| &topic.specs);
    match specs().find(|spec| spec.name == name) {
        Some(spec) => Ok(one(spec, 0, paint)),
        None => {
            let error = CliError::new(format!("no playbook here has a variable `{name}`"));
            Err(match nearest(name, specs().map(|spec| spec.name.as_str())) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`harda doc variable` lists them"),
            })
        }
    }
}

fn list(topics: &[Topic], paint: &Paint) -> String {
    let mut page = String::new();
    for topic in topics {
        // Writing to a String can't fail, here and below.
        let _ = writeln!(page, "{}  {}", paint.strong(&topic.name), topic.about);
        for spec in &topic.specs {
            let _ = writeln!(page, "  {}  {}", spec.name, paint.dim(short(default(spec))));
        }
    }
    page
}

fn one(spec: &Spec, indent: usize, paint: &Paint) -> String {
    let blank = " ".repeat(indent);
    let kind = match spec.elements {
        Some(elements) => format!("{} of {}", spec.kind.word(), elements.word()),
        None => spec.kind.word().to_string(),
    };
    let required = if spec.required { ", required" } else { "" };
    let mut page = format!("{blank}{}  {}{required}\n", paint.strong(&spec.name), paint.dim(kind));
    let mut say = |text: &str| {
        let _ = writeln!(page, "{blank}    {}", paragraph(text, indent + 4));
    };
    say(&spec.description);
    if spec.default.is_some() {
        say(&format!("Default: {}.", default(spec)));
    }
    if !spec.choices.is_empty() {
        say(&format!("One of: {}.", spec.choices.join(", ")));
    }
    if spec.secret {
        say("A secret: it is shown nowhere.");
    }
    if let Some(source) = &spec.source {
        say(&format!("Source: {source}."));
    }
    for option in &spec.options {
        page.push_str(&one(option, indent + 4, paint));
    }
    page
}

/// The default as it would be written in one line.
fn default(spec: &Spec) -> String {
    spec.default.as_ref().map_or_else(|| "no default".to_string(), flow)
}

/// In a list, its beginning only.
fn short(text: String) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn flow(node: &Node) -> String {
    match &node.value {
        Yaml::Bool(flag) => flag.to_string(),
        Yaml::Seq(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Yaml::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", flow(key), flow(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => node.text().unwrap_or_else(|| "null".into()),
    }
}

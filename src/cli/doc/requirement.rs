//! `harda doc requirement`: which controls show each statement of a pack's policy, as a table in
//! Markdown: the README's is made by it.

use super::super::CliError;
use super::super::subject::Subject;
use crate::compliance::Lang;
use crate::compliance::pack::Statement;
use crate::files::Files;
use std::fmt::Write;

pub fn page(pack: &str, only: Option<&str>, lang: Lang) -> Result<String, CliError> {
    let subject = Subject::find(&Files::default(), pack)?;
    let Some(pack) = subject.pack() else {
        return Err(CliError::new(format!("`{pack}` is a playbook: only a pack has requirements")));
    };
    let first = match only {
        Some(_) => lang.pick("Uttalande", "Statement"),
        None => lang.pick("Krav", "Requirement"),
    };
    let heads = [
        first,
        lang.pick("Kontroller", "Controls"),
        lang.pick("Intygas också", "Attested too"),
        lang.pick("Visas inte av någon kontroll", "What no control shows"),
    ];
    let mut page = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for requirement in &pack.requirements {
        let title = format!("{} {}", requirement.id, requirement.name.say(lang));
        let rows = match only {
            None => vec![row(title, &requirement.statements, lang)],
            Some(id) if id == requirement.id => {
                requirement.statements.iter().map(|s| alone(s, lang)).collect()
            }
            Some(_) => Vec::new(),
        };
        for row in rows {
            // Writing to a String can't fail.
            let _ = writeln!(page, "| {} |", row.join(" | "));
        }
    }
    Ok(page)
}

fn alone(statement: &Statement, lang: Lang) -> [String; 4] {
    let title = format!("{} {}", statement.id, statement.text.say(lang));
    let mut row = row(title, std::slice::from_ref(statement), lang);
    row[2] = if statement.attestation { lang.pick("ja", "yes").into() } else { String::new() };
    row
}

fn row(title: String, statements: &[Statement], lang: Lang) -> [String; 4] {
    let mut controls: Vec<String> = Vec::new();
    for (id, _) in statements.iter().flat_map(|statement| &statement.controls) {
        let id = format!("`{id}`");
        if !controls.contains(&id) {
            controls.push(id);
        }
    }
    let attested = statements.iter().filter(|statement| statement.attestation).map(|s| s.id.clone());
    let mut missing: Vec<&str> = Vec::new();
    for text in statements.iter().filter_map(|s| Some(s.missing.as_ref()?.say(lang))) {
        if !missing.contains(&text) {
            missing.push(text);
        }
    }
    [title, controls.join(", "), attested.collect::<Vec<_>>().join(", "), missing.join("; ")]
}

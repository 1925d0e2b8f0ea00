//! `harda doc control`: why a control is there, what it makes of a host, and how to go back.

use super::super::CliError;
use super::super::subject::Subject;
use super::paragraph;
use crate::compliance::pack::{Control, Pack};
use crate::compliance::{Lang, Text};
use crate::files::Files;
use crate::module;
use crate::place::nearest;
use crate::playbook::{self, model};
use crate::report::Paint;
use std::fmt::Write;

pub fn page(pack: &str, name: Option<&str>, lang: Lang, paint: &Paint) -> Result<String, CliError> {
    let files = Files::default();
    let subject = Subject::find(&files, pack)?;
    let Some(pack) = subject.pack() else {
        return Err(CliError::new(format!("`{pack}` is a playbook: only a pack tells of its controls")));
    };
    let Some(name) = name else { return Ok(list(pack, lang, paint)) };
    let Some(control) = pack.control(name) else {
        let error = CliError::new(format!("pack `{}` has no control `{name}`", pack.name));
        return Err(match nearest(name, pack.controls.iter().map(|control| control.id.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`harda doc control` lists them"),
        });
    };
    let playbook = playbook::load_from(&files, &pack.playbook, &module::Names)?;
    Ok(one(pack, control, &playbook, lang, paint))
}

fn list(pack: &Pack, lang: Lang, paint: &Paint) -> String {
    let width = pack.controls.iter().map(|control| control.id.len()).max().unwrap_or(0);
    pack.controls.iter().fold(String::new(), |mut page, control| {
        let padding = " ".repeat(width - control.id.len());
        // Writing to a String can't fail, here and below.
        let _ = writeln!(page, "{}{padding}  {}", paint.strong(&control.id), control.title.say(lang));
        page
    })
}

/// As wide as the longest label and a gap.
const INDENT: usize = 14;

fn one(pack: &Pack, control: &Control, playbook: &model::Playbook, lang: Lang, paint: &Paint) -> String {
    let mut page = format!(
        "{}  {}\n{}\n\n",
        paint.strong(&control.id),
        paint.dim(control.severity.word()),
        control.title.say(lang)
    );
    let mut say = |label: &str, text: &str| {
        let padding = " ".repeat(INDENT - label.chars().count());
        let _ = writeln!(page, "{}{padding}{}", paint.dim(label), paragraph(text, INDENT));
    };
    let texts: [((&str, &str), Option<&Text>); 5] = [
        (("Varför", "Why"), control.why.as_ref()),
        (("Ändrar", "Changes"), control.changes.as_ref()),
        (("Gäller", "Applies to"), control.applies.as_ref()),
        (("Kan störa", "May break"), control.may_break.as_ref()),
        (("Ångra", "Undo"), control.undo.as_ref()),
    ];
    for ((sv, en), text) in texts {
        match text {
            Some(text) => say(lang.pick(sv, en), text.say(lang)),
            // Every run can be taken back so.
            None if en == "Undo" => say(lang.pick(sv, en), "harda rollback"),
            None => {}
        }
    }
    for statement in pack.statements().filter(|s| s.controls.iter().any(|(id, _)| *id == control.id)) {
        say(lang.pick("Tjänar", "Serves"), &format!("{} {}", statement.id, statement.text.say(lang)));
    }
    if !control.cis.is_empty() {
        say("CIS", &control.cis.join(", "));
    }
    if !control.sources.is_empty() {
        say(lang.pick("Källor", "Sources"), &control.sources.join("; "));
    }
    if !control.needs.is_empty() {
        say(lang.pick("Behöver", "Needs"), &control.needs.join(", "));
    }
    for (play, task) in tasks(playbook).filter(|(_, task)| task.control() == Some(control.id.as_str())) {
        let named =
            task.name.as_ref().and_then(|name| name.text()).or(play.name.as_ref().and_then(|n| n.text()));
        say(lang.pick("Uppgift", "Task"), &format!("{}  {}", named.unwrap_or_default(), task.place));
    }
    page
}

/// All tasks with their plays.
fn tasks(playbook: &model::Playbook) -> impl Iterator<Item = (&model::Play, &model::Task)> {
    playbook.plays.iter().flat_map(|play| play.all_tasks().into_iter().map(move |task| (play, task)))
}

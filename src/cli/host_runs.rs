//! The runs that hosts keep a record of.

use super::CliError;
use super::looking;
use super::options::RunArgs;
use super::output::{Format, OutputArgs};
use super::runs::RunsArgs;
use crate::manifest::{Manifest, Restoration};
use crate::report::{Paint, safe_long_line as safe_line};
use crate::resource::runs::{ALL, Runs};
use std::fmt::Write;

pub fn list(args: &RunsArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let mut inventory = args.inventory.clone();
    inventory.limit.extend(args.host.clone());
    let run = RunArgs::without_playbooks(inventory, args.login.clone(), args.r#become.clone());
    looking::look::<Runs>("runs", &run, ALL, output, |host, runs, at_work, paint| match output.format {
        Format::Json => json(host, runs, at_work),
        Format::Text => text(host, runs, at_work, paint),
    })
}

/// What has become of a run by now.
fn undone<'m>(manifest: &Manifest, all: &'m [Manifest]) -> Option<(&'m str, bool)> {
    let undoing = all.iter().rev().find(|other| other.header.undoes.as_ref() == Some(&manifest.run))?;
    // A rollback that was itself rolled back has left things as they were.
    match undone(undoing, all) {
        Some((_, true)) => None,
        _ => Some((&undoing.run, undoing.ended == Some(false))),
    }
}

fn state(manifest: &Manifest, all: &[Manifest], at_work: Option<&str>) -> String {
    if !manifest.damage.is_empty() {
        return format!("damaged: {}", manifest.damage.join("; "));
    }
    if let Some(restoration) = &manifest.restored {
        let Restoration { at, why } = restoration;
        return format!("restored by the host at {at} ({why}); what was not under its switch stands");
    }
    match (undone(manifest, all), manifest.ended) {
        (Some((by, true)), _) => format!("rolled back by {by}"),
        (Some((by, false)), _) => format!("rolled back in part by {by}"),
        (None, None) if at_work == Some(&*manifest.run) => "at work".into(),
        (None, None) => "cut off".into(),
        (None, Some(true)) => "failed".into(),
        (None, Some(false)) => "complete".into(),
    }
}

fn text(host: &str, runs: &[Manifest], at_work: Option<&str>, paint: &Paint) -> String {
    let none = if runs.is_empty() { ": keeps no runs" } else { "" };
    let mut page = format!("{}{none}\n", paint.hosts(safe_line(host)));
    for manifest in runs.iter().rev() {
        let header = &manifest.header;
        let changes = crate::report::count(manifest.changes.len(), "change");
        let line = format!(
            "{}  {}  {} by {}  {changes}  {}",
            manifest.run,
            header.started,
            header.playbook,
            header.login,
            state(manifest, runs, at_work)
        );
        let _ = writeln!(page, "  {}", safe_line(&line));
    }
    page
}

/// What a host keeps, without the Changes themselves.
fn json(host: &str, runs: &[Manifest], at_work: Option<&str>) -> String {
    let told: Vec<serde_json::Value> = runs.iter().map(|manifest| record(manifest, runs, at_work)).collect();
    format!("{}\n", serde_json::json!({ "host": host, "runs": told }))
}

fn record(manifest: &Manifest, all: &[Manifest], at_work: Option<&str>) -> serde_json::Value {
    let header = &manifest.header;
    serde_json::json!({
        "run": manifest.run,
        "started": header.started,
        "playbook": header.playbook,
        "login": header.login,
        "version": header.version,
        "undoes": header.undoes,
        "changes": manifest.changes.len(),
        "acts": manifest.acts.len(),
        "complete": manifest.ended.is_some(),
        "failed": manifest.ended == Some(true),
        "at_work": manifest.ended.is_none() && at_work == Some(&*manifest.run),
        "restored": manifest.restored,
        "rolled_back_by": undone(manifest, all).map(|(by, _)| by),
        "rolled_back_in_full": undone(manifest, all).map(|(_, full)| full),
        "damage": manifest.damage,
    })
}

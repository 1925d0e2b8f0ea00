//! `harda runs`.

use super::CliError;
use super::options::{BecomeArgs, InventoryArgs, KeepArgs, LoginArgs, RunArgs, TaskArgs};
use super::output::{Format, OutputArgs};
use super::run::{self, How, Own, Prepared};
use crate::engine;
use crate::manifest::Manifest;
use crate::report::{Paint, safe_long_line as safe_line};
use crate::resource::runs::{ALL, Runs};
use crate::resource::{State, Typed};
use crate::transport::Failure;
use clap::Args;
use std::fmt::Write;
use std::io::Write as _;

/// List the runs that hosts keep a record of, and that can be rolled back
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(flatten)]
    inventory: InventoryArgs,

    /// Only this host; the same as --limit
    #[arg(long, value_name = "HOST", help_heading = "Hosts")]
    host: Vec<String>,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,
}

pub fn run(args: &RunsArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let how = How {
        check: true,
        diff: false,
        detailed_exitcode: false,
        guard: None,
        keep: KeepArgs::default(),
        own: Some(Own {
            name: "runs".into(),
            text: "- hosts: all\n  become: true\n  tasks: []\n".into(),
            undoes: None,
        }),
    };
    let mut inventory = args.inventory.clone();
    inventory.limit.extend(args.host.clone());
    let run = RunArgs {
        playbooks: Vec::new(),
        inventory,
        tasks: TaskArgs::default(),
        login: args.login.clone(),
        r#become: args.r#become.clone(),
        keep_scripts: None,
    };
    let (page, code) = match run::prepare(&run, output, &how)? {
        Prepared::Page(page) => (page, 0),
        Prepared::Run(setup, masker, _progress) => {
            let looked = engine::look(&setup, &Runs::key(ALL.into()));
            let failed = looked.iter().any(|(_, state)| state.is_err());
            let mut page = match output.format {
                Format::Json => json(&looked),
                Format::Text => text(&looked, &Paint::new(output.color_on_stdout())),
            };
            masker.mask(&mut page);
            (page, if failed { 4 } else { 0 })
        }
    };
    // A reader that has seen enough may have gone.
    let _ = std::io::stdout().write_all(page.as_bytes());
    Ok(code)
}

type Looked = Vec<(String, Result<State, Failure>)>;

/// What has become of a run by now.
fn undone<'m>(manifest: &Manifest, all: &'m [Manifest]) -> Option<(&'m str, bool)> {
    let undoing = all.iter().rev().find(|other| other.header.undoes.as_ref() == Some(&manifest.run))?;
    // A rollback that was itself rolled back has left things as they were.
    match undone(undoing, all) {
        Some((_, true)) => None,
        _ => Some((&undoing.run, undoing.ended == Some(false))),
    }
}

fn state(manifest: &Manifest, all: &[Manifest]) -> String {
    if !manifest.damage.is_empty() {
        return format!("damaged: {}", manifest.damage.join("; "));
    }
    match (undone(manifest, all), manifest.ended) {
        (Some((by, true)), _) => format!("rolled back by {by}"),
        (Some((by, false)), _) => format!("rolled back in part by {by}"),
        (None, None) => "cut off".into(),
        (None, Some(true)) => "failed".into(),
        (None, Some(false)) => "complete".into(),
    }
}

fn text(looked: &Looked, paint: &Paint) -> String {
    let mut page = String::new();
    for (host, state_of) in looked {
        let runs = match state_of {
            Ok(state) => Runs::unwrap(state).cloned().unwrap_or_default(),
            Err(failure) => {
                let _ = writeln!(page, "{}: {}", paint.hosts(safe_line(host)), safe_line(&failure.message));
                continue;
            }
        };
        let none = if runs.is_empty() { ": keeps no runs" } else { "" };
        let _ = writeln!(page, "{}{none}", paint.hosts(safe_line(host)));
        for manifest in runs.iter().rev() {
            let header = &manifest.header;
            let changes = crate::report::count(manifest.changes.len(), "change");
            let line = format!(
                "{}  {}  {} by {}  {changes}  {}",
                manifest.run,
                header.started,
                header.playbook,
                header.login,
                state(manifest, &runs)
            );
            let _ = writeln!(page, "  {}", safe_line(&line));
        }
    }
    page
}

/// One record a host: what it keeps, without the Changes themselves.
fn json(looked: &Looked) -> String {
    let mut page = String::new();
    for (host, state_of) in looked {
        let record = match state_of {
            Ok(state) => {
                let runs = Runs::unwrap(state).cloned().unwrap_or_default();
                let told: Vec<serde_json::Value> =
                    runs.iter().map(|manifest| record(manifest, &runs)).collect();
                serde_json::json!({ "host": host, "runs": told })
            }
            Err(failure) => serde_json::json!({ "host": host, "error": failure.message }),
        };
        let _ = writeln!(page, "{record}");
    }
    page
}

fn record(manifest: &Manifest, all: &[Manifest]) -> serde_json::Value {
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
        "rolled_back_by": undone(manifest, all).map(|(by, _)| by),
        "rolled_back_in_full": undone(manifest, all).map(|(_, full)| full),
        "damage": manifest.damage,
    })
}

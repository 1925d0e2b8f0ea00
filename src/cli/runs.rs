//! `harda runs`.

use super::options::{BecomeArgs, InventoryArgs, LoginArgs};
use super::output::{Format, OutputArgs, say};
use super::reporting::ReportArgs;
use super::{CliError, host_runs, state};
use crate::record::{Event, Mode};
use crate::report::{Masker, count, safe_line};
use clap::{Args, Subcommand};
use std::fmt::Write;

/// List the runs that a record is kept of: on this machine, or with -i on hosts, to roll back to
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    #[command(subcommand)]
    verb: Option<RunsVerb>,

    #[command(flatten)]
    pub inventory: InventoryArgs,

    /// Only this host; the same as --limit
    #[arg(long, value_name = "HOST", requires = "inventory", help_heading = "Hosts")]
    pub host: Vec<String>,

    #[command(flatten)]
    pub login: LoginArgs,

    #[command(flatten)]
    pub r#become: BecomeArgs,
}

#[derive(Debug, Subcommand)]
enum RunsVerb {
    /// Show a run again as it was, or the audit that it came to; with --report, write reports of it
    Show {
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        report: Box<ReportArgs>,
    },
}

pub fn run(args: &RunsArgs, output: &OutputArgs) -> Result<i32, CliError> {
    match &args.verb {
        Some(RunsVerb::Show { run, report }) => show(run, report, output),
        None if args.inventory.inventory.is_empty() => list(output),
        None => host_runs::list(args, output),
    }
}

fn show(run: &str, report: &ReportArgs, output: &OutputArgs) -> Result<i32, CliError> {
    report.check()?;
    if let Some(audit) = state::audit_of(run)? {
        report.write(&audit)?;
        say(&report.page(&audit, output));
        return Ok(0);
    }
    if !report.report.is_empty() {
        return Err(CliError::new(format!("run `{run}` was no audit: there is nothing to report")));
    }
    let kept = state::run(run)?;
    // Masked when it was kept.
    let mut sink = output.sink(true, Masker::default(), None);
    kept.events.iter().for_each(|event| sink.event(event));
    Ok(0)
}

/// What a run was, in one line.
#[derive(Default)]
struct Line {
    run: String,
    made: String,
    what: &'static str,
    playbook: String,
    hosts: usize,
    exit_code: Option<i32>,
    /// Of an audit.
    compliant: Option<bool>,
    /// Not all of the policy was looked at, or not all hosts.
    is_part: bool,
}

fn list(output: &OutputArgs) -> Result<i32, CliError> {
    let mut page = String::new();
    for run in state::runs()?.iter().rev() {
        let line = match state::run(run).and_then(|kept| line(&kept)) {
            Ok(line) => line,
            Err(error) => {
                let _ = writeln!(page, "{}  {}", safe_line(run), safe_line(&error.to_string()));
                continue;
            }
        };
        page.push_str(&match output.format {
            Format::Text => text(&line),
            Format::Json => json(&line),
        });
    }
    if page.is_empty() && output.format == Format::Text {
        page.push_str("no records are kept here yet\n");
    }
    say(&page);
    Ok(0)
}

fn line(kept: &state::Kept) -> Result<Line, CliError> {
    let mut line = Line { run: kept.run.clone(), made: kept.made.clone(), what: "plan", ..Line::default() };
    for event in &kept.events {
        match event {
            Event::Started { mode, playbook, hosts, .. } => {
                line.what = if *mode == Mode::Apply { "apply" } else { "plan" };
                line.playbook.clone_from(playbook);
                line.hosts = hosts.len();
            }
            Event::Ended { exit_code, .. } => line.exit_code = Some(*exit_code),
            _ => {}
        }
    }
    if let Some(audit) = state::audit_of(&kept.run)? {
        line.what = "audit";
        line.playbook = audit.pack.name.clone();
        line.compliant = Some(audit.is_compliant());
        line.is_part = !audit.is_whole();
    }
    Ok(line)
}

fn text(line: &Line) -> String {
    let ended = match (line.compliant, line.exit_code) {
        (Some(true), _) => "compliant".into(),
        (Some(false), _) => "not compliant".into(),
        (None, Some(code)) => format!("ended with {code}"),
        (None, None) => "cut off".to_string(),
    };
    let hosts = count(line.hosts, "host");
    let ended = if line.is_part { format!("{ended} (part of it)") } else { ended };
    let words = [line.run.as_str(), &line.made, line.what, &line.playbook, &hosts, &ended];
    safe_line(&words.join("  ")) + "\n"
}

fn json(line: &Line) -> String {
    let record = serde_json::json!({
        "run": line.run,
        "made": line.made,
        "what": line.what,
        "playbook": line.playbook,
        "hosts": line.hosts,
        "exit_code": line.exit_code,
        "compliant": line.compliant,
        "part": line.is_part,
    });
    format!("{record}\n")
}

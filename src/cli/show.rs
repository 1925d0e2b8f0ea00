//! `harda show`.

use super::CliError;
use super::output::{Format, OutputArgs, say};
use super::reviewed::OpenArgs;
use super::saving::left_out;
use crate::record::{Event, Mode};
use crate::report::{Masker, Paint, safe_line};
use crate::saved::Plan;
use clap::Args;
use std::path::PathBuf;

/// Show a saved plan; no host is contacted
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A file that `harda plan --out` wrote
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    #[command(flatten)]
    open: OpenArgs,
}

pub fn run(args: &ShowArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let (plan, sha256) = args.open.open(&args.plan)?;
    let mode = match output.format {
        Format::Json => Mode::Plan,
        Format::Text => {
            say(&heading(output, &plan, &sha256));
            // Shown as an apply announces it: with what it comes to, and no run's recap.
            Mode::Apply
        }
    };
    let mut sink = output.sink(true, Masker::default(), None);
    sink.event(&Event::Started {
        run: plan.run.clone(),
        mode,
        playbook: plan.arguments.playbooks.join(" "),
        hosts: plan.hosts.keys().cloned().collect(),
    });
    for (host, planned) in &plan.hosts {
        sink.event(&Event::Planned { host: host.clone(), entries: planned.entries.clone() });
    }
    Ok(0)
}

fn heading(output: &OutputArgs, plan: &Plan, sha256: &str) -> String {
    let paint = Paint::new(output.color_on_stdout());
    let arguments = &plan.arguments;
    let made = jiff::Timestamp::from_second(plan.clock.now).map(|time| time.to_string()).unwrap_or_default();
    let mut page = format!("plan of run {}, made {made}\n  sha256 {sha256}\n", safe_line(&plan.run));
    let mut line = |name: &str, values: &[String]| {
        if !values.is_empty() {
            page.push_str(&format!("  {name}: {}\n", safe_line(&values.join(" "))));
        }
    };
    line("playbooks", &arguments.playbooks);
    line("inventory", &arguments.inventory);
    line("limit", &arguments.limit);
    line("tags", &arguments.tags);
    line("without tags", &arguments.skip_tags);
    // Their values may be secrets of a sealed plan.
    let names: Vec<String> = arguments.extra_vars.iter().map(|text| name(text)).collect();
    line("extra variables", &names);
    page.push_str(&left_out(&paint, plan));
    page.push('\n');
    page
}

/// What is given, without its value.
fn name(text: &str) -> String {
    match text.split_once('=') {
        _ if text.starts_with('@') => text.to_string(),
        Some((name, _)) if !text.trim_start().starts_with('{') => format!("{name}=..."),
        _ => "{...}".to_string(),
    }
}

//! `harda review log`: what happened on each host in a period, by class.

use crate::cli::CliError;
use crate::cli::looking;
use crate::cli::options::{BecomeArgs, InventoryArgs, LoginArgs, RunArgs};
use crate::cli::output::{Format, OutputArgs};
use crate::report::{Paint, safe_long_line as safe_line};
use crate::resource::happened::{CLASSES, Class, Happened, WhatHappened};
use clap::Args;
use jiff::civil::Date;
use std::fmt::Write;

/// What happened on each host since a day: log-ins, failures, elevation, commands, changed rights
///
/// From the journal, the package manager's log and the audit log, as they are on the host. To be
/// looked through by whoever answers for it, then signed off: harda attest 6.5-a.
#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    inventory: InventoryArgs,

    /// The first day of the period, by the host's clock
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Date,

    /// The latest events of each class that are shown; JSON has up to 1000 of each log
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    lines: usize,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,
}

pub fn run(args: &LogArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let run = RunArgs::without_playbooks(args.inventory.clone(), args.login.clone(), args.r#become.clone());
    let since = args.since.to_string();
    looking::look::<WhatHappened>("review", &run, since, output, |host, happened, _, paint| {
        match output.format {
            Format::Json => record(host, args.since, happened),
            Format::Text => text(host, args, happened, paint),
        }
    })
}

/// What the logs can't tell of the period, which silence must not hide.
fn gaps(happened: &Happened, since: Date) -> Vec<String> {
    let mut gaps = Vec::new();
    match &happened.journal_begins {
        None => gaps.push("no journal can be read: log-ins and sudo are not known".to_string()),
        // Times of a journal sort as they are written; the day is enough.
        Some(begins)
            if begins.as_str() > since.to_string().as_str() && !begins.starts_with(&since.to_string()) =>
        {
            gaps.push(format!("the journal begins at {begins}: what came before is not known"));
        }
        Some(_) => {}
    }
    if !happened.audit_log {
        gaps.push("there is no audit log: of commands only those by sudo are known".to_string());
    }
    gaps
}

fn text(host: &str, args: &LogArgs, happened: &Happened, paint: &Paint) -> String {
    let mut page = format!("{}  since {}\n", paint.hosts(safe_line(host)), args.since);
    // Writing to a String can't fail, here and below.
    for gap in gaps(happened, args.since) {
        let _ = writeln!(page, "  {}", paint.change(safe_line(&gap)));
    }
    let none = Class::default();
    for (id, name) in CLASSES {
        let class = happened.classes.get(*id).unwrap_or(&none);
        let _ = writeln!(page, "  {name}: {}", class.count);
        let shown = class.events.len().min(args.lines);
        if class.count > shown as u64 && shown > 0 {
            let _ = writeln!(page, "    ... {} before these", class.count - shown as u64);
        }
        for event in &class.events[class.events.len() - shown..] {
            let _ = writeln!(page, "    {}", safe_line(&format!("{}  {}", event.time, event.text)));
        }
    }
    page
}

fn record(host: &str, since: Date, happened: &Happened) -> String {
    let none = Class::default();
    let classes: serde_json::Map<String, serde_json::Value> = CLASSES
        .iter()
        .map(|(id, _)| (id.to_string(), serde_json::json!(happened.classes.get(*id).unwrap_or(&none))))
        .collect();
    let record = serde_json::json!({
        "host": host,
        "since": since.to_string(),
        "journal_begins": happened.journal_begins,
        "audit_log": happened.audit_log,
        "not_known": gaps(happened, since),
        "classes": classes,
    });
    format!("{record}\n")
}

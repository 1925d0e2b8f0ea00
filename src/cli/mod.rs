//! The command line. One file a verb: its arguments, whose doc comments are the help, and one
//! short function that does it.

mod apply;
mod doc;
mod error;
mod extra_vars;
mod interrupt;
mod inventory;
mod lint;
mod list;
mod options;
mod output;
mod passwords;
mod plan;
mod reviewed;
mod rollback;
mod run;
mod runs;
mod saving;
mod show;

pub use error::CliError;

use clap::{Parser, Subcommand};
use output::OutputArgs;
use std::process::ExitCode;

/// Push-based hardening and remediation over SSH, with exact dry runs.
///
/// Exit codes: 0 done; 1 the invocation or an input file is wrong; 2 a task failed, did not
/// converge or was refused; 3 changes pending (`plan --detailed-exitcode`); 4 a host was
/// unreachable; 5 access was not proven and the host put back what was there; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "harda", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Show(show::ShowArgs),
    Runs(runs::RunsArgs),
    Rollback(rollback::RollbackArgs),
    Lint(lint::LintArgs),
    Inventory(inventory::InventoryVerbArgs),
    Doc(doc::DocArgs),
}

/// Reads the arguments, does what they say, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match &cli.verb {
        Verb::Plan(args) => plan::run(args, &cli.output),
        Verb::Apply(args) => apply::run(args, &cli.output),
        Verb::Show(args) => show::run(args, &cli.output),
        Verb::Runs(args) => runs::run(args, &cli.output),
        Verb::Rollback(args) => rollback::run(args, &cli.output),
        Verb::Lint(args) => lint::run(args),
        Verb::Inventory(args) => inventory::run(args),
        Verb::Doc(args) => doc::run(args, &cli.output),
    };
    let code = done.unwrap_or_else(|error| {
        error.print(&cli.output);
        CliError::EXIT_CODE
    });
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// Help and version are no errors; all else that clap says is a wrong invocation.
fn usage(error: &clap::Error) -> ExitCode {
    // Where stdout is gone, nobody is there to be told.
    let _ = error.print();
    match error.use_stderr() {
        true => ExitCode::from(CliError::EXIT_CODE as u8),
        false => ExitCode::SUCCESS,
    }
}

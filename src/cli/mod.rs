//! The command line. One file a verb: its arguments, whose doc comments are the help, and one
//! short function that does it.

mod again;
mod apply;
mod asking;
mod attest;
mod audit;
mod auditing;
mod bundle;
mod checklist;
mod compare;
mod consent;
mod doc;
mod error;
mod evidence;
mod extra_vars;
mod filling;
mod first_try;
mod host_runs;
mod init;
mod interrupt;
mod inventory;
mod kept;
mod lint;
mod list;
mod looking;
mod options;
mod output;
mod passwords;
mod plan;
mod remediate;
mod reporting;
mod review;
mod reviewed;
mod rollback;
mod run;
mod runs;
mod saving;
mod schema;
mod server;
mod show;
mod state;
mod subject;
mod why;

pub use error::CliError;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use output::OutputArgs;
use std::process::ExitCode;

/// Push-based hardening and remediation over SSH, with exact dry runs.
///
/// Exit codes: 0 done; 1 the invocation or an input file is wrong; 2 a task failed, did not
/// converge or was refused, or the login could not become root; 3 not compliant (`audit`), or
/// changes pending (`plan --detailed-exitcode`); 4 a host was unreachable; 5 access was not proven
/// and the host put back what was there; 130 interrupted.
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
    Try(first_try::TryArgs),
    Init(init::InitArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Show(show::ShowArgs),
    Audit(audit::AuditArgs),
    Why(why::WhyArgs),
    Compare(compare::CompareArgs),
    Remediate(remediate::RemediateArgs),
    Checklist(checklist::ChecklistArgs),
    Attest(attest::AttestArgs),
    Review(review::ReviewArgs),
    Bundle(bundle::BundleArgs),
    Runs(runs::RunsArgs),
    Rollback(rollback::RollbackArgs),
    Lint(lint::LintArgs),
    Inventory(inventory::InventoryVerbArgs),
    Doc(doc::DocArgs),
    Schema(schema::SchemaArgs),
}

/// Reads the arguments, does what they say, and gives the exit code.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match &cli.verb {
        Verb::Plan(args) => plan::run(args, &cli.output),
        Verb::Apply(args) => apply::run(args, &cli.output),
        Verb::Audit(args) => audit::run(args, &cli.output),
        Verb::Try(args) => first_try::run(args, &cli.output),
        Verb::Init(args) => init::run(args, &cli.output),
        Verb::Compare(args) => compare::run(args, &cli.output),
        Verb::Why(args) => why::run(args, &cli.output),
        Verb::Remediate(args) => remediate::run(args, &cli.output),
        Verb::Checklist(args) => checklist::run(args, &cli.output),
        Verb::Attest(args) => attest::run(args, &cli.output),
        Verb::Review(args) => review::run(args, &cli.output),
        Verb::Bundle(args) => bundle::run(args),
        Verb::Show(args) => show::run(args, &cli.output),
        Verb::Runs(args) => runs::run(args, &cli.output),
        Verb::Rollback(args) => rollback::run(args, &cli.output),
        Verb::Lint(args) => lint::run(args),
        Verb::Inventory(args) => inventory::run(args),
        Verb::Doc(args) => doc::run(args, &cli.output),
        Verb::Schema(args) => schema::run(args),
    };
    let code = done.unwrap_or_else(|error| {
        error.print(&cli.output);
        CliError::EXIT_CODE
    });
    if let Some(most) = cli.output.keep_records
        && let Err(error) = state::keep_newest(most)
    {
        // What the verb came to is said already, and is no other for this.
        eprintln!("warning: old records are kept: {error}");
    }
    ExitCode::from(u8::try_from(with_output(code)).unwrap_or(u8::MAX))
}

/// What is lost of a page or a document is no success, whatever it was about.
fn with_output(code: i32) -> i32 {
    let Some(why) = output::lost() else { return code };
    eprintln!("error: not all was written to stdout: {why}");
    if code == 0 { CliError::EXIT_CODE } else { code }
}

/// The command line as its types say, but that a remediation takes its inventory from the audit, and
/// the runs of this machine are listed without one.
fn command() -> clap::Command {
    let optional = |verb: clap::Command| verb.mut_arg("inventory", |arg| arg.required(false));
    Cli::command().mut_subcommand("remediate", optional).mut_subcommand("runs", optional)
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

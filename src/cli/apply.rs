//! `harda apply`.

use super::CliError;
use super::options::RunArgs;
use super::output::OutputArgs;
use super::run::{self, How};
use clap::Args;

/// Make the changes that a playbook wants, and prove that they took
///
/// The whole playbook is planned on every host first, so that what is refused is refused before
/// anything is changed; afterwards what was changed is looked at again.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    run: RunArgs,

    /// Plan only, change nothing
    #[arg(short = 'C', long, help_heading = "Tasks")]
    check: bool,

    /// Show what changes in files as diffs
    #[arg(short = 'D', long, help_heading = "Output")]
    diff: bool,

    /// With --check: end with 3 where changes are pending
    #[arg(long, requires = "check", help_heading = "Output")]
    detailed_exitcode: bool,
}

pub fn run(args: &ApplyArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let how = How { check: args.check, diff: args.diff, detailed_exitcode: args.detailed_exitcode };
    run::run(&args.run, output, how)
}

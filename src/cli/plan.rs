//! `harda plan`.

use super::CliError;
use super::options::{KeepArgs, RunArgs};
use super::output::OutputArgs;
use super::run::{self, How};
use super::saving::{self, SavingArgs};
use clap::Args;

/// Show what `apply` would change, and change nothing
///
/// The same as `apply --check --diff`: what is shown is what `apply` makes.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    run: RunArgs,

    #[command(flatten)]
    saving: SavingArgs,

    // `-C` and `-D` say what a plan does anyway: taken as habit types them.
    #[arg(short = 'C', long, hide = true)]
    check: bool,

    #[arg(short = 'D', long, hide = true)]
    diff: bool,

    /// End with 3 where changes are pending
    #[arg(long, help_heading = "Output")]
    detailed_exitcode: bool,
}

pub fn run(args: &PlanArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let how = How {
        check: true,
        diff: true,
        detailed_exitcode: args.detailed_exitcode,
        guard: None,
        keep: KeepArgs::default(),
        own: None,
    };
    match &args.saving.out {
        Some(out) => saving::run(&args.run, output, how, &args.saving, out),
        None => run::run(&args.run, output, how),
    }
}

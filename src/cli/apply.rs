//! `harda apply`.

use super::CliError;
use super::options::{GuardArgs, KeepArgs, RunArgs};
use super::output::OutputArgs;
use super::reviewed::{self, OpenArgs};
use super::run::{self, How};
use clap::Args;

/// Make the changes that a playbook wants, or a saved plan, and prove that they took
///
/// The whole playbook is planned on every host first, so that what is refused is refused before
/// anything is changed; afterwards what was changed is looked at again.
///
/// With a plan that `harda plan --out` saved (`harda apply plan.harda`) exactly that is made, with
/// the files that the plan was made from: a host that is no longer as it was is refused. Passwords
/// are given anew.
#[derive(Debug, Args)]
#[command(mut_arg("inventory", |inventory| inventory.required(false)))]
#[command(mut_arg("playbooks", |playbooks| {
    playbooks.value_name("PLAYBOOK|PLAN").help("Playbooks, in the order in which they run; or one saved plan")
}))]
pub struct ApplyArgs {
    #[command(flatten)]
    pub run: RunArgs,

    #[command(flatten)]
    pub open: OpenArgs,

    /// With a saved plan: make conditional changes that turn out otherwise than it shows, too
    #[arg(long, help_heading = "Saved plans")]
    pub allow_conditional: bool,

    /// Plan only, change nothing
    #[arg(short = 'C', long, help_heading = "Tasks")]
    check: bool,

    /// Show what changes in files as diffs
    #[arg(short = 'D', long, help_heading = "Output")]
    diff: bool,

    #[command(flatten)]
    guard: GuardArgs,

    #[command(flatten)]
    keep: KeepArgs,

    /// With --check: end with 3 where changes are pending
    #[arg(long, requires = "check", help_heading = "Output")]
    detailed_exitcode: bool,
}

pub fn run(args: &ApplyArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let how = How {
        check: args.check,
        diff: args.diff,
        detailed_exitcode: args.detailed_exitcode,
        guard: args.guard.seconds(args.check),
        keep: args.keep.clone(),
        own: None,
    };
    if let Some(plan) = reviewed::named(args)? {
        return reviewed::run(args, output, how, plan);
    }
    if args.run.inventory.inventory.is_empty() {
        return Err(CliError::new("no inventory is given: `--inventory <INVENTORY>`")
            .hint("hosts without an inventory are given as `-i web1,web2,`"));
    }
    run::run(&args.run, output, how)
}

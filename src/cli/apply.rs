//! `harda apply`.

use super::CliError;
use super::options::{KeepArgs, RunArgs};
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

    /// What can lock you out is taken back by the host itself, unless a fresh login proves within
    /// this time that access is still there
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3600), help_heading = "Guard")]
    guard_timeout: u64,

    /// Make even what can lock you out without that guard
    #[arg(long, conflicts_with = "guard_timeout", help_heading = "Guard")]
    no_guard: bool,

    #[command(flatten)]
    keep: KeepArgs,

    /// With --check: end with 3 where changes are pending
    #[arg(long, requires = "check", help_heading = "Output")]
    detailed_exitcode: bool,
}

pub fn run(args: &ApplyArgs, output: &OutputArgs) -> Result<i32, CliError> {
    if args.no_guard && !args.check {
        eprintln!(
            "WARNING: --no-guard: a change that locks you out is NOT taken back; keep a session or a console open"
        );
    }
    let how = How {
        check: args.check,
        diff: args.diff,
        detailed_exitcode: args.detailed_exitcode,
        guard: (!args.no_guard).then_some(args.guard_timeout),
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

//! `harda rollback`.

use super::CliError;
use super::options::{BecomeArgs, GuardArgs, InventoryArgs, KeepArgs, LoginArgs, RunArgs};
use super::output::OutputArgs;
use super::run::{self, How, Own};
use crate::manifest::is_run_id;
use clap::Args;

/// Undo what a run changed, by the record that each host keeps of it
///
/// A run like any other: it is planned, shown, made, and looked at again; it leaves a record of its
/// own, so that it can be undone in its turn. Hosts where somebody has changed since what the run
/// had made are refused. Commands that the run ran are listed, and not undone.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The run, as `harda runs` lists it
    #[arg(value_name = "RUN")]
    run: String,

    #[command(flatten)]
    inventory: InventoryArgs,

    /// Show what would be undone, and change nothing
    #[arg(short = 'C', long, help_heading = "Rollback")]
    check: bool,

    /// Undo even what somebody has changed since, and what can be read of a damaged record
    #[arg(long, help_heading = "Rollback")]
    force: bool,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,

    #[command(flatten)]
    guard: GuardArgs,

    #[command(flatten)]
    keep: KeepArgs,
}

pub fn run(args: &RollbackArgs, output: &OutputArgs) -> Result<i32, CliError> {
    if !is_run_id(&args.run) {
        let wrong = CliError::new(format!("`{}` is no run's id", args.run));
        return Err(wrong.hint("`harda runs -i INVENTORY` lists what the hosts keep"));
    }
    let how = How {
        check: args.check,
        diff: true,
        detailed_exitcode: false,
        guard: args.guard.seconds(args.check),
        keep: args.keep.clone(),
        own: Some(Own {
            name: format!("rollback of {}", args.run),
            text: crate::module::rollback::playbook(&args.run, args.force),
            undoes: Some(args.run.clone()),
        }),
    };
    let run = RunArgs::without_playbooks(args.inventory.clone(), args.login.clone(), args.r#become.clone());
    run::run(&run, output, how)
}

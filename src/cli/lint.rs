//! `harda lint`.

use super::CliError;
use crate::place::InputError;
use crate::playbook;
use clap::Args;
use std::path::PathBuf;

/// Read playbooks and all they import, and say what is wrong with them
///
/// No inventory is read and no host contacted; ends with 1 if anything is wrong.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Playbooks to read
    #[arg(required = true, value_name = "PLAYBOOK")]
    playbooks: Vec<PathBuf>,
}

pub fn run(args: &LintArgs) -> Result<i32, CliError> {
    let read = args.playbooks.iter().map(|path| playbook::load(path, &crate::module::Names));
    let errors: Vec<InputError> = read.filter_map(Result::err).flatten().collect();
    match errors.is_empty() {
        true => Ok(0),
        false => Err(CliError::from(errors)),
    }
}

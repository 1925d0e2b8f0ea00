//! `harda lint`.

use super::CliError;
use super::subject::Subject;
use crate::compliance::pack::{self, Pack};
use crate::files::Files;
use crate::place::InputError;
use crate::playbook;
use clap::Args;

/// Read playbooks and policy packs, and all they import, and say what is wrong with them
///
/// No inventory is read and no host contacted; ends with 1 if anything is wrong.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Playbooks, and packs by name or folder
    #[arg(required = true, value_name = "PLAYBOOK|PACK")]
    subjects: Vec<String>,
}

pub fn run(args: &LintArgs) -> Result<i32, CliError> {
    let files = Files::default();
    let mut errors = Vec::new();
    for given in &args.subjects {
        match Subject::find(&files, given) {
            Ok(Subject::Pack { pack, .. }) => errors.extend(of_pack(&files, &pack)),
            Ok(Subject::Playbook { path, .. }) => {
                errors.extend(playbook::load(&path, &crate::module::Names).err().into_iter().flatten());
            }
            Err(error) => errors.extend(error.into_errors()),
        }
    }
    match errors.is_empty() {
        true => Ok(0),
        false => Err(CliError::from(errors)),
    }
}

/// Both halves of a pack, and whether they fit each other.
fn of_pack(files: &Files, pack: &Pack) -> Vec<InputError> {
    match playbook::load_from(files, &pack.playbook, &crate::module::Names) {
        Ok(playbook) => pack::lint(files, pack, &playbook),
        Err(errors) => errors,
    }
}

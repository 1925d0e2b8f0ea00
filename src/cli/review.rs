//! `harda review`: what a person has to look through regularly, and sign off by `harda attest`.

mod access;
mod log;

use super::CliError;
use super::output::OutputArgs;
use clap::{Args, Subcommand};

/// Look through what has to be reviewed regularly; nothing is changed
#[derive(Debug, Args)]
pub struct ReviewArgs {
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    Access(access::AccessArgs),
    Log(log::LogArgs),
}

pub fn run(args: &ReviewArgs, output: &OutputArgs) -> Result<i32, CliError> {
    match &args.about {
        About::Access(args) => access::run(args, output),
        About::Log(args) => log::run(args, output),
    }
}

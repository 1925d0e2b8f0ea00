//! `harda schema`.

use super::CliError;
use super::output::say_line;
use crate::compliance::audit::Audit;
use clap::{Args, ValueEnum};
use schemars::generate::SchemaSettings;

/// Print the JSON Schema of a file that harda writes
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which file: `audit` is what `audit --report json=FILE` and `--format json` give
    #[arg(value_name = "KIND")]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Audit,
}

pub fn run(args: &SchemaArgs) -> Result<i32, CliError> {
    // Of what is written: a field that is always there is required.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = match args.kind {
        Kind::Audit => generator.into_root_schema_for::<Audit>(),
    };
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    // A reader that has seen enough may have gone.
    say_line(text);
    Ok(0)
}

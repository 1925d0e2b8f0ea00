//! `harda checklist`.

use super::CliError;
use super::filling::FillArgs;
use super::output::{Format, OutputArgs, say};
use super::reporting::{self, Wanted};
use crate::report::checklist::{Document, csv, docx, html, markdown, text, xlsx};
use clap::{Args, ValueEnum};

/// Fill in the policy's form from an audit and attestations
///
/// A row is ticked only where the audit shows it on every host that it applies to, and where
/// somebody attests today to what no program can see. All else says what is missing, or why it is
/// not applied.
#[derive(Debug, Args)]
pub struct ChecklistArgs {
    #[command(flatten)]
    fill: FillArgs,

    /// Write the checklist: FORMAT is `html`, `md`, `csv`, `xlsx` or `docx`; may be repeated
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        value_parser = reporting::wanted::<ChecklistFormat>,
        help_heading = "Compliance"
    )]
    report: Vec<Wanted<ChecklistFormat>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChecklistFormat {
    Html,
    Md,
    Csv,
    Xlsx,
    Docx,
}

impl ChecklistFormat {
    /// The ending of its files' names.
    pub fn ending(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
    }

    pub fn bytes(self, document: &Document) -> Result<Vec<u8>, String> {
        match self {
            ChecklistFormat::Html => html::page(document).map(String::into_bytes).map_err(|e| e.to_string()),
            ChecklistFormat::Md => Ok(markdown::page(document).into_bytes()),
            ChecklistFormat::Csv => csv::bytes(document).map_err(|e| e.to_string()),
            ChecklistFormat::Xlsx => xlsx::bytes(document).map_err(|e| e.to_string()),
            ChecklistFormat::Docx => docx::bytes(document).map_err(|e| e.to_string()),
        }
    }
}

pub fn run(args: &ChecklistArgs, output: &OutputArgs) -> Result<i32, CliError> {
    reporting::check(&args.report)?;
    let filled = args.fill.fill()?;
    let document = args.fill.document(&filled.checklist);
    reporting::write(&args.report, |format| format.bytes(&document))?;
    let page = match output.format {
        Format::Json => reporting::json(&filled.checklist),
        Format::Text => text::page(&document, output.color_on_stdout()),
    };
    say(&page);
    Ok(0)
}

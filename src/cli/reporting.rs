//! Reports of an audit: to files, several from one run, and on the terminal.

use super::CliError;
use super::output::{Format, OutputArgs};
use super::state;
use crate::compliance::Lang;
use crate::compliance::audit::Audit;
use crate::private_file;
use crate::report::audit::{csv, html, junit, text, xccdf};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Write a report: FORMAT is `html`, `json`, `junit`, `csv` or `xccdf`; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = wanted::<ReportFormat>, help_heading = "Compliance")]
    pub report: Vec<Wanted<ReportFormat>>,

    #[command(flatten)]
    pub lang: LangArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LangArgs {
    /// Language of what auditors read: `en` or `sv`
    #[arg(
        long,
        value_enum,
        value_name = "LANG",
        default_value = "en",
        hide_possible_values = true,
        help_heading = "Compliance"
    )]
    lang: LangArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LangArg {
    En,
    Sv,
}

impl LangArgs {
    pub fn get(&self) -> Lang {
        match self.lang {
            LangArg::En => Lang::En,
            LangArg::Sv => Lang::Sv,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Html,
    Json,
    Junit,
    Csv,
    Xccdf,
}

/// A format and where it goes.
#[derive(Clone, Debug)]
pub struct Wanted<F> {
    format: F,
    file: PathBuf,
}

/// Reads `FORMAT=FILE`.
pub fn wanted<F: ValueEnum>(text: &str) -> Result<Wanted<F>, String> {
    let (format, file) = text.split_once('=').ok_or("FORMAT=FILE is wanted: `csv=report.csv`")?;
    let known = || {
        let names = F::value_variants().iter().filter_map(|f| f.to_possible_value());
        names.map(|name| name.get_name().to_string()).collect::<Vec<_>>().join(", ")
    };
    let format = F::from_str(format, false)
        .map_err(|_| format!("`{format}` is no format of a report: {} are", known()))?;
    match file.is_empty() {
        true => Err("the file is missing: `csv=report.csv`".into()),
        false => Ok(Wanted { format, file: file.into() }),
    }
}

/// Says what can't be written before anything else is done.
pub fn check<F>(reports: &[Wanted<F>]) -> Result<(), CliError> {
    for wanted in reports {
        let folder = wanted.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let message = format!("`{}`: there is no folder `{}`", wanted.file.display(), folder.display());
            return Err(CliError::new(message));
        }
    }
    let twice =
        reports.iter().enumerate().find(|(at, wanted)| reports[..*at].iter().any(|w| w.file == wanted.file));
    match twice {
        Some((_, wanted)) if wanted.file.is_file() || !wanted.file.exists() => {
            Err(CliError::new(format!("two reports would be written to `{}`", wanted.file.display())))
        }
        _ => Ok(()),
    }
}

/// Writes all reports that are asked for.
pub fn write<F: Copy>(
    reports: &[Wanted<F>],
    bytes: impl Fn(F) -> Result<Vec<u8>, String>,
) -> Result<(), CliError> {
    for wanted in reports {
        let bytes = bytes(wanted.format)
            .map_err(|error| CliError::new(format!("`{}`: {error}", wanted.file.display())))?;
        private_file::write(&wanted.file, &bytes)
            .map_err(|error| CliError::unwritable(&wanted.file, &error))?;
    }
    Ok(())
}

impl ReportArgs {
    pub fn check(&self) -> Result<(), CliError> {
        check(&self.report)
    }

    pub fn write(&self, audit: &Audit) -> Result<(), CliError> {
        write(&self.report, |format| bytes(format, audit, self.lang.get()))
    }

    /// The audit on the terminal, or as one JSON document.
    pub fn page(&self, audit: &Audit, output: &OutputArgs) -> String {
        match output.format {
            Format::Json => json(audit),
            Format::Text => text::page(
                audit,
                &text::Settings {
                    color: output.color_on_stdout(),
                    verbose: output.verbose > 0,
                    lang: self.lang.get(),
                },
            ),
        }
    }
}

fn bytes(format: ReportFormat, audit: &Audit, lang: Lang) -> Result<Vec<u8>, String> {
    match format {
        ReportFormat::Html => {
            html::bytes(audit, &state::earlier(audit), lang).map_err(|error| error.to_string())
        }
        ReportFormat::Json => Ok(json(audit).into_bytes()),
        ReportFormat::Junit => junit::bytes(audit, lang).map_err(|error| error.to_string()),
        ReportFormat::Csv => csv::bytes(audit, lang).map_err(|error| error.to_string()),
        ReportFormat::Xccdf => xccdf::bytes(audit, lang).map_err(|error| error.to_string()),
    }
}

/// Readable, with a line's end.
pub fn json(report: &impl Serialize) -> String {
    serde_json::to_string_pretty(report)
        .map_or_else(|error| format!("{{\"error\": \"{error}\"}}"), |text| text + "\n")
}

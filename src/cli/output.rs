//! How much is said, and in which form: the same for every verb.

use crate::report::{JsonLines, Masker, Progress, Settings, Sink, Terminal};
use clap::{ArgAction, Args, ValueEnum};
use console::Term;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// Columns assumed where there is no terminal.
const COLUMNS: usize = 100;

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Say more: what is as it should be, probes, logins, round trips
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,

    /// When to use colours; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub color: Color,

    /// `text` (or `table`) for people; `json` for programs: a document, or of a run a record for each
    /// event, one a line
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub format: Format,

    /// Keep the records of so many runs on this machine, with their audits; older ones are removed
    /// once the verb is done [default: all are kept]
    #[arg(long, global = true, display_order = 1000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Records")]
    pub keep_records: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[value(alias = "table")]
    Text,
    Json,
}

impl OutputArgs {
    pub fn color_on_stdout(&self) -> bool {
        self.color_on(&Term::stdout())
    }

    pub fn color_on_stderr(&self) -> bool {
        self.color_on(&Term::stderr())
    }

    fn color_on(&self, term: &Term) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
                term.is_term() && !dumb && !set("NO_COLOR")
            }
        }
    }

    /// Progress lines, where somebody watches.
    pub fn progress(&self) -> Option<Progress> {
        (self.format == Format::Text).then(Progress::on_terminal).flatten()
    }

    /// Where a run's events go.
    pub fn sink(&self, diff: bool, masker: Masker, progress: Option<Progress>) -> Box<dyn Sink> {
        let out = Box::new(Stdout);
        match self.format {
            Format::Json => Box::new(JsonLines::new(out, masker)),
            Format::Text => {
                let settings =
                    Settings { color: self.color_on_stdout(), width: width(), verbosity: self.verbose, diff };
                Box::new(Terminal::new(settings, masker, out, Box::new(std::io::stderr()), progress))
            }
        }
    }
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(COLUMNS, |(_, columns)| usize::from(columns).max(40))
}

/// Why something that was to be said on stdout is lost.
static LOST: OnceLock<String> = OnceLock::new();

/// stdout, of which it is noted what is lost. A reader that has seen enough may have gone: that is no
/// failure.
pub struct Stdout;

impl Stdout {
    fn noted<T>(done: std::io::Result<T>) -> std::io::Result<T> {
        if let Err(error) = &done
            && !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted)
        {
            LOST.get_or_init(|| error.to_string());
        }
        done
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Self::noted(std::io::stdout().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Self::noted(std::io::stdout().flush())
    }
}

/// Why not all of what was said reached stdout, at the end of a run.
pub fn lost() -> Option<&'static str> {
    let _ = Stdout.flush();
    LOST.get().map(String::as_str)
}

/// Writes to stdout; what is lost is told at the end.
pub fn say(text: &str) {
    let _ = Stdout.write_all(text.as_bytes());
}

/// The same with the end of a line.
pub fn say_line(text: impl std::fmt::Display) {
    say(&format!("{text}\n"));
}

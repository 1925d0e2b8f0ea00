//! What harda keeps on the control machine, in the user's state folder: a record of every run, with
//! the full diffs, and the audits that were made from them.
//!
//! ```text
//! $XDG_STATE_HOME/harda/runs/ID.jsonl        a head, then every event, one JSON a line
//! $XDG_STATE_HOME/harda/runs/ID.audit.json   the audit, if the run was one
//! ```

use super::CliError;
use crate::compliance::audit::{self, Audit};
use crate::manifest::is_run_id;
use crate::private_file;
use crate::record::Event;
use crate::report::audit::html::trend::Point;
use crate::report::{JsonLines, Masker, Sink};
use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// The form of a record: a newer harda reads all older ones.
const VERSION: u32 = 1;

/// Largest audit that is read, in bytes.
const MOST: u64 = 512 << 20;
/// Earlier audits that a report looks back on, and how many kept ones are read to find them.
const EARLIER: usize = 11;
const LOOKED_AT: usize = 60;

/// The first line of a record.
#[derive(Serialize, Deserialize)]
struct Head {
    record: u32,
    harda: String,
    made: String,
}

/// A run as its record tells it.
pub struct Kept {
    pub run: String,
    pub made: String,
    pub events: Vec<Event>,
}

/// `$XDG_STATE_HOME/harda/runs`, made if it isn't there.
fn folder() -> Result<PathBuf, CliError> {
    use std::os::unix::fs::DirBuilderExt;
    let base = etcetera::choose_base_strategy()
        .map_err(|error| CliError::new(format!("there is no home to keep records in: {error}")))?;
    let state = base.state_dir().unwrap_or_else(|| base.home_dir().join(".local/state"));
    let folder = state.join("harda/runs");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        CliError::new(format!("`{}` can't be made: {error}", folder.display()))
            .hint("set XDG_STATE_HOME to a folder that can be written")
    })?;
    Ok(folder)
}

/// Keeps the events of a run. A run isn't refused because its record can't be kept: it is said.
pub fn recorder(run: &str, masker: &Masker) -> Option<Box<dyn Sink>> {
    match begun(run) {
        Ok(file) => Some(Box::new(JsonLines::new(Box::new(file), masker.clone()))),
        Err(error) => {
            eprintln!("warning: no record of this run is kept here: {error}");
            None
        }
    }
}

fn begun(run: &str) -> Result<std::fs::File, String> {
    use std::os::unix::fs::OpenOptionsExt;
    let folder = folder().map_err(|error| error.to_string())?;
    let path = folder.join(format!("{run}.jsonl"));
    let failed = |error: std::io::Error| format!("`{}`: {error}", path.display());
    let opened = std::fs::OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path);
    let mut file = opened.map_err(failed)?;
    let made = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let head = Head { record: VERSION, harda: env!("CARGO_PKG_VERSION").into(), made };
    let head = serde_json::to_string(&head).map_err(|error| error.to_string())?;
    writeln!(file, "{head}").map_err(failed)?;
    Ok(file)
}

/// Reads a run's record. A run that was killed has no end, and maybe half a line.
pub fn run(id: &str) -> Result<Kept, CliError> {
    let path = named(id, "jsonl")?;
    let wrong = |what: String| CliError::new(format!("`{}`: {what}", path.display()));
    let file = std::fs::File::open(&path).map_err(|error| {
        wrong(error.to_string()).hint("`harda runs` lists the runs that a record is kept of")
    })?;
    let mut lines = BufReader::new(file).lines().map_while(Result::ok);
    let head = lines.next().unwrap_or_default();
    let head: Head = serde_json::from_str(&head).map_err(|_| wrong("this is no record of a run".into()))?;
    if head.record > VERSION {
        return Err(wrong(format!("it was kept by harda {}: it is newer than this one", head.harda)));
    }
    let events = lines.filter_map(|line| serde_json::from_str(&line).ok()).collect();
    Ok(Kept { run: id.into(), made: head.made, events })
}

/// The ids of all runs that a record is kept of, the oldest first.
pub fn runs() -> Result<Vec<String>, CliError> {
    let folder = folder()?;
    let listed = std::fs::read_dir(&folder).map_err(|error| CliError::unreadable(&folder, &error))?;
    let id = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".jsonl").map(String::from);
    let mut ids: Vec<String> = listed.flatten().filter_map(id).collect();
    ids.sort();
    Ok(ids)
}

/// Removes the records of all runs but the newest, and their audits. What isn't named as a run isn't
/// harda's to remove.
pub fn keep_newest(most: u64) -> Result<(), CliError> {
    let runs = runs()?;
    let old = runs.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
    for run in runs[..old].iter().filter(|run| is_run_id(run)) {
        // The audit first: without the record nobody would find it again.
        for kind in ["audit.json", "jsonl"] {
            let path = named(run, kind)?;
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CliError::new(format!("`{}` can't be removed: {error}", path.display())));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A file of the state folder; an id is no path.
fn named(id: &str, kind: &str) -> Result<PathBuf, CliError> {
    match is_id(id) {
        true => Ok(folder()?.join(format!("{id}.{kind}"))),
        false => Err(CliError::new(format!("`{id}` is no id of a run"))),
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Keeps an audit under its run's id. What was found is shown and reported although it can't be kept:
/// that is said.
pub fn keep(audit: &Audit) {
    let written = named(&audit.run, "audit.json").and_then(|path| {
        let written = private_file::write(&path, super::reporting::json(audit).as_bytes());
        written.map_err(|error| CliError::unwritable(&path, &error))
    });
    if let Err(error) = written {
        eprintln!("warning: this audit is not kept here, `--from {}` won't find it: {error}", audit.run);
    }
}

/// The audit that a run came to, if it was one; an error if it can't be read.
pub fn audit_of(run: &str) -> Result<Option<Audit>, CliError> {
    let path = named(run, "audit.json")?;
    match path.exists() {
        true => parse(run, &read(&path, run)?).map(Some),
        false => Ok(None),
    }
}

/// Reads an audit: a file, or the id of a run that was kept.
pub fn audit(given: &str) -> Result<Audit, CliError> {
    parse(given, &bytes(given)?)
}

/// An audit's bytes.
pub fn bytes(given: &str) -> Result<Vec<u8>, CliError> {
    let path = Path::new(given);
    match is_id(given) && !path.exists() {
        true => read(&named(given, "audit.json")?, given),
        false => read(path, given),
    }
}

fn read(path: &Path, given: &str) -> Result<Vec<u8>, CliError> {
    let size = std::fs::metadata(path).map_err(|error| {
        let error = CliError::new(format!("`{given}` is no audit that can be read: {error}"));
        error.hint("give the file that `--report json=FILE` wrote, or a run's id")
    })?;
    if size.len() > MOST {
        return Err(CliError::new(format!("`{given}` is too large for an audit")));
    }
    std::fs::read(path).map_err(|error| CliError::unreadable(path, &error))
}

fn not_an_audit(given: &str, error: &serde_json::Error) -> CliError {
    CliError::new(format!("`{given}` is no audit of harda's: {error}"))
        .hint("an audit is what `harda audit --report json=FILE` writes, or the id of a run (`harda runs`)")
}

/// What the bytes of an audit say; `given` names them.
pub fn parse(given: &str, bytes: &[u8]) -> Result<Audit, CliError> {
    let read: Audit = serde_json::from_slice(bytes).map_err(|error| not_an_audit(given, &error))?;
    match read.version <= audit::VERSION {
        true => Ok(read),
        false => Err(CliError::new(format!(
            "`{given}` was made by harda {}: it is newer than this one",
            read.harda
        ))),
    }
}

/// The last audits of the same inventory against the same policy, oldest first. What can't be read
/// is passed over: a report is not kept back by an old file.
pub fn earlier(now: &Audit) -> Vec<Point> {
    let runs = runs().unwrap_or_default();
    // Runs are named by their time.
    let older = runs.iter().rev().filter(|run| **run < now.run).take(LOOKED_AT);
    let audits =
        older.filter_map(|run| audit_of(run).ok().flatten()).filter(|before| is_comparable(before, now));
    let mut points: Vec<Point> = audits.take(EARLIER).map(|before| Point::of(&before)).collect();
    points.reverse();
    points
}

/// Of the same policy and inventory, and whole: an audit of a few controls scores otherwise.
fn is_comparable(before: &Audit, now: &Audit) -> bool {
    let controls = |audit: &Audit| audit.controls.iter().map(|c| c.id.clone()).collect::<BTreeSet<_>>();
    before.pack.name == now.pack.name
        && before.inventory == now.inventory
        && (before.pack.version != now.pack.version || controls(before) == controls(now))
}

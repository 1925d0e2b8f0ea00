//! `harda bundle`.

use super::CliError;
use super::checklist::ChecklistFormat;
use super::evidence::{Evidence, sha256};
use super::filling::{FillArgs, Filled};
use super::output::say;
use crate::private_file;
use crate::report::safe_line;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Component, Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

/// Pack the checklist and all that it rests on into one archive to hand in
///
/// The checklist in every format, the audit, the attestations, the reviewer's words and the files of
/// evidence, with their SHA256SUMS. The same input gives the same archive.
#[derive(Debug, Args)]
pub struct BundleArgs {
    #[command(flatten)]
    fill: FillArgs,

    /// The archive, a ZIP file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(args: &BundleArgs) -> Result<i32, CliError> {
    let filled = args.fill.fill()?;
    let contents = contents(&args.fill, filled)?;
    let folder = args.out.file_stem().unwrap_or_default().to_string_lossy();
    let archive = packed(&folder, &contents)
        .map_err(|error| CliError::new(format!("`{}`: {error}", args.out.display())))?;
    private_file::write(&args.out, &archive).map_err(|error| CliError::unwritable(&args.out, &error))?;
    let mut page: String = contents.0.keys().map(|name| safe_line(name) + "\n").collect();
    page.push_str(&format!("{}  {}\n", sha256(&archive), safe_line(&args.out.display().to_string())));
    say(&page);
    Ok(0)
}

/// What goes in, by its name in the archive.
#[derive(Default)]
struct Contents(BTreeMap<String, Vec<u8>>);

impl Contents {
    /// Two files of one name have to be the same.
    fn put(&mut self, name: String, bytes: Vec<u8>) -> Result<(), CliError> {
        // SHA256SUMS writes these otherwise, and some unpackers take them for folders.
        if name.chars().any(|c| c.is_control() || c == '\\') {
            return Err(CliError::new(format!("`{name}` has a name that an archive can't carry safely")));
        }
        match self.0.get(&name) {
            Some(other) if *other != bytes => {
                Err(CliError::new(format!("two different files would be `{name}` in the archive")))
            }
            _ => {
                self.0.insert(name, bytes);
                Ok(())
            }
        }
    }

    /// A file that was given, under its own name.
    fn put_file(&mut self, path: &Path) -> Result<(), CliError> {
        let bytes = std::fs::read(path).map_err(|error| CliError::unreadable(path, &error))?;
        self.put(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes)
    }
}

fn contents(args: &FillArgs, filled: Filled) -> Result<Contents, CliError> {
    let rests_on_files = filled.checklist.attestations.iter().any(|a| a.declared.sha256.is_some());
    if rests_on_files && args.attestations.is_empty() {
        let error = CliError::new("the audit's attestations rest on files that stand beside their own file");
        return Err(error.hint("give it: --attestations FILE"));
    }
    let mut contents = Contents::default();
    let document = args.document(&filled.checklist);
    for format in ChecklistFormat::value_variants() {
        let bytes = format.bytes(&document).map_err(CliError::new)?;
        contents.put(format!("checklist.{}", format.ending()), bytes)?;
    }
    contents.put("audit.json".into(), filled.audit)?;
    for file in args.attestations.iter().chain(&args.feedback) {
        contents.put_file(file)?;
    }
    for evidence in filled.evidence {
        contents.put(place(&evidence), evidence.bytes)?;
    }
    let sums = contents.0.iter().map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes)));
    let sums: String = sums.collect();
    contents.put("SHA256SUMS".into(), sums.into_bytes())?;
    Ok(contents)
}

/// Where the attestation says that it is, as long as that is inside of the archive.
fn place(evidence: &Evidence) -> String {
    let path = Path::new(&evidence.name);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let mut parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
        _ => None,
    });
    match inside {
        true => parts.collect::<Vec<_>>().join("/"),
        false => format!("evidence/{}/{}", evidence.statement, parts.next_back().unwrap_or_default()),
    }
}

fn packed(folder: &str, contents: &Contents) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o600);
    for (name, bytes) in &contents.0 {
        archive.start_file(format!("{folder}/{name}"), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_stays_inside_of_the_archive() {
        for (name, wanted) in [
            ("evidence/room.pdf", "evidence/room.pdf"),
            ("./room.pdf", "room.pdf"),
            ("../secret/room.pdf", "evidence/3.1-a/room.pdf"),
            ("/etc/passwd", "evidence/3.1-a/passwd"),
        ] {
            let evidence = Evidence { statement: "3.1-a".into(), name: name.into(), bytes: Vec::new() };
            assert_eq!(place(&evidence), wanted);
        }
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let mut contents = Contents::default();
        contents.put("a".into(), b"one".to_vec()).expect("put");
        contents.put("a".into(), b"one".to_vec()).expect("the same");
        assert!(contents.put("a".into(), b"two".to_vec()).is_err());
        assert!(contents.put("a\nb".into(), Vec::new()).is_err());
    }
}

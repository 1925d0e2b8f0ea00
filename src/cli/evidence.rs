//! Files that attestations point at: they have to be what was attested to.

use super::CliError;
use crate::compliance::declared::{Attestation, Declared, place_of_evidence};
use crate::place::InputError;
use crate::resource::file::hex;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Largest piece of evidence, in bytes: it is read whole.
const MOST: u64 = 256 << 20;

/// A file that an attestation rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub statement: String,
    /// As the attestation names it.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The evidence of these files' attestations, as far as it is files: each is beside the file that
/// names it, and unchanged since.
pub fn of(attestations: &[PathBuf]) -> Result<Vec<Evidence>, CliError> {
    let mut found = Vec::new();
    for file in attestations {
        let text = std::fs::read_to_string(file).map_err(|error| CliError::unreadable(file, &error))?;
        for (at, attestation) in Declared::read(file, &text)?.attestations.iter().enumerate() {
            if let Some(message) = unsummed(file, attestation)? {
                return Err(InputError::at(&place_of_evidence(file, &text, at), message).into());
            }
            found.extend(one(file, attestation)?);
        }
    }
    Ok(found)
}

/// A file that is not held to its SHA-256 could be another by now. What isn't there beside the
/// attestations is a document's number.
fn unsummed(file: &Path, attestation: &Attestation) -> Result<Option<String>, CliError> {
    let (Some(name), None) = (&attestation.evidence, &attestation.sha256) else { return Ok(None) };
    let path = beside(file, name);
    if !path.is_file() {
        return Ok(None);
    }
    let sum = sha256(&read(&path)?);
    Ok(Some(format!(
        "`{name}` is a file, and no `sha256` holds it to what was attested: `harda attest {}` renews it, or write `sha256: {sum}`",
        attestation.statement
    )))
}

fn one(file: &Path, attestation: &Attestation) -> Result<Option<Evidence>, CliError> {
    let (Some(name), Some(attested)) = (&attestation.evidence, &attestation.sha256) else { return Ok(None) };
    let path = beside(file, name);
    let bytes = read(&path)?;
    let statement = &attestation.statement;
    if !sha256(&bytes).eq_ignore_ascii_case(attested) {
        let message = format!("`{}`, the evidence for {statement}, has changed since", path.display());
        return Err(CliError::new(message).hint(format!("attest to it again: harda attest {statement}")));
    }
    Ok(Some(Evidence { statement: statement.clone(), name: name.clone(), bytes }))
}

/// Where a file's evidence of this name is.
pub fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

/// A file of evidence. A pipe or a device would never end.
pub fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let found = std::fs::metadata(path).map_err(|error| CliError::unreadable(path, &error))?;
    if !found.is_file() || found.len() > MOST {
        return Err(CliError::new(format!("`{}` is no file, or too large for evidence", path.display())));
    }
    std::fs::read(path).map_err(|error| CliError::unreadable(path, &error))
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_to_its_sum() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.yml");
        let of = |more: &str| {
            let text = format!(
                "attestations:\n  - statement: 3.1-a\n    text: t\n    responsible: r\n    date: 2026-01-01\n    \
                 valid_until: 2026-12-31\n    evidence: {more}\n"
            );
            std::fs::write(&file, text).expect("written");
            super::of(std::slice::from_ref(&file))
        };
        assert_eq!(of("DOC-1 rev B").expect("a number"), []);
        std::fs::write(folder.path().join("room.pdf"), "a room").expect("written");
        let error = of("room.pdf").expect_err("no sum").into_errors()[0].to_string();
        let sum = sha256(b"a room");
        assert!(error.contains("a.yml:7:15: `room.pdf` is a file"), "{error}");
        assert!(error.contains("`harda attest 3.1-a`") && error.contains(&sum), "{error}");
        assert_eq!(of(&format!("room.pdf\n    sha256: {sum}")).expect("held").len(), 1);
    }
}

//! Files that attestations point at: they have to be what was attested to.

use super::CliError;
use crate::compliance::declared::{Attestation, Declared};
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
        for attestation in Declared::read(file, &text)?.attestations {
            found.extend(one(file, &attestation)?);
        }
    }
    Ok(found)
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

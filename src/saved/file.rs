//! The file: one line that says what it is, one that holds the plan; sealed as a whole where it
//! holds secrets. What comes from a file is bounded, checked, and never trusted to be whole.

use super::seal::{self, Keys, Seal};
use super::{Inputs, Plan};
use crate::place::InputError;
use crate::private_file;
use crate::resource::file::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// How a saved plan's name ends, by habit.
pub const EXTENSION: &str = "harda";

/// The largest file that is read: the most that is saved, in base64, and room for the hosts.
const MOST_BYTES: u64 = 256 << 20;

const FORMAT: &str = "harda plan";
const VERSION: u32 = 1;

/// How the file of a plan that isn't sealed begins.
const MAGIC: &[u8] = b"{\"format\":\"harda plan\",";

/// The first line: what can be told of a plan of any version.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    harda: String,
    /// Of the second line: a file that was cut or damaged is told from one that is whole.
    sha256: String,
}

/// Whether a path is meant as a saved plan: by its name, or by how the file begins.
pub fn looks_like_one(path: &Path) -> bool {
    if path.extension().is_some_and(|end| end == EXTENSION) {
        return true;
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    read.is_ok() && (start.starts_with(MAGIC) || seal::is_sealed(&start))
}

/// The plan as bytes, sealed if it is to be.
fn bytes(plan: &Plan, seal: Option<&Seal>) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let unwritable = |error: serde_json::Error| InputError::nowhere(format!("no plan can be made: {error}"));
    let body = Zeroizing::new(serde_json::to_vec(plan).map_err(unwritable)?);
    let head = Head {
        format: FORMAT.into(),
        version: VERSION,
        harda: env!("CARGO_PKG_VERSION").into(),
        sha256: hex(&Sha256::digest(&*body)),
    };
    let mut whole = Zeroizing::new(serde_json::to_vec(&head).map_err(unwritable)?);
    whole.push(b'\n');
    whole.extend_from_slice(&body);
    whole.push(b'\n');
    match seal {
        None => Ok(whole),
        Some(seal) => seal::close(seal, &whole).map(Zeroizing::new).map_err(InputError::nowhere),
    }
}

/// Writes the plan, whole or not at all, for its owner alone; gives the file's SHA-256.
pub fn write(path: &Path, plan: &Plan, seal: Option<&Seal>) -> Result<String, InputError> {
    let bytes = bytes(plan, seal)?;
    let failed = |error: std::io::Error| {
        InputError::nowhere(format!("the plan can't be written to `{}`: {error}", path.display()))
    };
    private_file::write(path, &bytes).map_err(failed)?;
    Ok(hex(&Sha256::digest(&*bytes)))
}

/// Reads a plan; with `sha256` only the file that has it.
pub fn read(path: &Path, sha256: Option<&str>, keys: &Keys) -> Result<(Plan, String), InputError> {
    let shown = path.display();
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| InputError::nowhere(format!("`{shown}` can't be read: {error}")))?;
    let digest = hex(&Sha256::digest(&*bytes));
    if let Some(wanted) = sha256
        && !wanted.eq_ignore_ascii_case(&digest)
    {
        let message = format!("`{shown}` is not the plan that was reviewed: its SHA-256 is {digest}");
        return Err(InputError::nowhere(message).hint(format!("wanted was {wanted}")));
    }
    let bad = |error: InputError| InputError { message: format!("`{shown}` {}", error.message), ..error };
    let plan = match seal::is_sealed(&bytes) {
        true => parse(&seal::open(keys, &bytes).map_err(bad)?),
        false => parse(&bytes),
    };
    Ok((plan.map_err(bad)?, digest))
}

/// The plan that these bytes are, or what is wrong with them: `is cut short`. Takes whatever
/// anybody may put into a file.
pub fn parse(bytes: &[u8]) -> Result<Plan, InputError> {
    let wrong = |message: String| Err(InputError::nowhere(message));
    if bytes.len() as u64 > MOST_BYTES {
        return wrong(format!("is larger than any plan (more than {} MiB)", MOST_BYTES >> 20));
    }
    if bytes.is_empty() {
        return wrong("is empty".into());
    }
    if !bytes.starts_with(MAGIC) {
        let error = InputError::nowhere("is no plan that harda saved");
        return Err(error.hint("`harda plan PLAYBOOK -i INVENTORY --out FILE` saves one"));
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return wrong("is cut short".into());
    };
    let Ok(head) = serde_json::from_slice::<Head>(&bytes[..end]) else {
        return wrong("is damaged: its first line can't be read".into());
    };
    let ours = env!("CARGO_PKG_VERSION");
    if head.format != FORMAT || head.version != VERSION || head.harda != ours {
        let error = InputError::nowhere(format!(
            "was made by harda {} (format {}), and this is harda {ours} (format {VERSION}), which may plan otherwise",
            head.harda, head.version
        ));
        return Err(error.hint("make the plan again with this version"));
    }
    let Some((b'\n', body)) = bytes[end + 1..].split_last() else {
        return wrong("is cut short".into());
    };
    if hex(&Sha256::digest(body)) != head.sha256 {
        return wrong("is damaged: what it holds is not what was saved".into());
    }
    body_of(body)
}

/// The second line, whose digest is right: what a forger could write.
fn body_of(body: &[u8]) -> Result<Plan, InputError> {
    // The parser's own words may show values.
    let plan: Plan = serde_json::from_slice(body).map_err(|error| {
        InputError::nowhere(format!("holds no plan that harda can read (column {})", error.column()))
    })?;
    Inputs::files(&plan.inputs).map_err(|message| InputError::nowhere(format!("is damaged: {message}")))?;
    Ok(plan)
}

/// Takes whatever may stand in a file that is named as a plan: the entry point for fuzzing.
pub fn fuzz(bytes: &[u8]) {
    let _ = parse(bytes);
    let _ = body_of(bytes);
    let _ = seal::open(&Keys::default(), bytes);
}

#[cfg(test)]
mod tests;

//! Sealing a plan, and opening it: for people who hold an age key, or by a passphrase.

use super::age::{self, Identity, Lock, Recipient, Shut};
use crate::place::InputError;
use crate::secret::Secret;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// For whom a plan is sealed.
pub enum Seal {
    Recipients(Vec<Recipient>),
    Passphrase(Secret),
}

/// What a sealed plan is opened with.
#[derive(Default)]
pub struct Keys {
    identities: Vec<Identity>,
    passphrase: Option<Secret>,
    /// Asks for a passphrase where one is wanted and none was given.
    ask: Option<fn() -> Option<Secret>>,
}

impl Seal {
    /// Each is a key, `age1...`, or a file with one on each line.
    pub fn to(recipients: &[String]) -> Result<Self, InputError> {
        let mut keys = Vec::new();
        for given in recipients {
            match Recipient::parse(given) {
                Some(key) => keys.push(key),
                None if given.starts_with("age1") => {
                    return Err(InputError::nowhere(format!("`{given}` is no whole age key")));
                }
                None => keys.extend(in_file(Path::new(given))?),
            }
        }
        Ok(Seal::Recipients(keys))
    }
}

fn in_file(path: &Path) -> Result<Vec<Recipient>, InputError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        InputError::nowhere(format!("`{shown}` is no age key, and no file that can be read: {error}"))
            .hint("a recipient is a key, `age1...`, or a file with one on each line")
    })?;
    let parse = |(number, line): (usize, &str)| {
        let bad = || {
            let error = InputError::at(
                &crate::place::Place::new(path, number, 1),
                "this is no recipient that a plan can be sealed for",
            );
            error.hint("keys of age are taken (`age1...`, made by `age-keygen`); keys of SSH are not")
        };
        Recipient::parse(line).ok_or_else(bad)
    };
    let found: Vec<Recipient> = lines(&text).map(parse).collect::<Result<_, _>>()?;
    match found.is_empty() {
        true => Err(InputError::nowhere(format!("there is no key in `{shown}`"))),
        false => Ok(found),
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl Keys {
    pub fn new(
        files: &[PathBuf],
        passphrase: Option<Secret>,
        ask: Option<fn() -> Option<Secret>>,
    ) -> Result<Self, InputError> {
        let mut identities = Vec::new();
        for path in files {
            let shown = path.display();
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            let text =
                text.map_err(|error| InputError::nowhere(format!("`{shown}` can't be read: {error}")))?;
            let found: Option<Vec<Identity>> = lines(&text).map(|(_, line)| Identity::parse(line)).collect();
            match found {
                Some(found) if !found.is_empty() => identities.extend(found),
                // Not a word of what is in it.
                _ => {
                    let error = InputError::nowhere(format!("`{shown}` holds no key of age"));
                    return Err(error.hint("`age-keygen -o FILE` makes one"));
                }
            }
        }
        Ok(Keys { identities, passphrase, ask })
    }
}

pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(age::MAGIC)
}

pub fn close(seal: &Seal, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match seal {
        Seal::Recipients(keys) => age::seal(&Lock::Recipients(keys), bytes),
        Seal::Passphrase(secret) => age::seal(&Lock::Passphrase(secret.expose()), bytes),
    }
}

/// The plan in a sealed file; or what is wrong: `is sealed, and ...`.
pub fn open(keys: &Keys, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let by_passphrase = age::by_passphrase(bytes);
    let passphrase = match (&keys.passphrase, keys.ask) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(ask)) if by_passphrase => ask(),
        _ => None,
    };
    let opened = age::open(&keys.identities, passphrase.as_ref().map(Secret::expose), bytes);
    opened.map_err(|shut| match (shut, by_passphrase, passphrase.is_some(), keys.identities.is_empty()) {
        (Shut::Damaged, ..) => InputError::nowhere("is damaged: it is not as it was sealed"),
        (Shut::TooMuchWork, ..) => {
            InputError::nowhere("is sealed by a passphrase that takes more work than a plan's may")
        }
        (Shut::NoKey, true, true, _) => InputError::nowhere("is sealed, and not by this passphrase"),
        (Shut::NoKey, true, false, _) => InputError::nowhere("is sealed by a passphrase")
            .hint("`--seal-passphrase-file FILE` gives it where nobody can be asked"),
        (Shut::NoKey, false, _, true) => {
            InputError::nowhere("is sealed for a key").hint("`--identity FILE` names the file with it")
        }
        (Shut::NoKey, false, _, false) => InputError::nowhere("is sealed, and for none of the keys given"),
    })
}

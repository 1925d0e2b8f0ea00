//! What was read, as data.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

/// All that a run read from this machine, by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub contents: HashMap<PathBuf, Result<Arc<[u8]>, Failure>>,
    /// Files of which only the digest was taken: they are read as they are sent.
    pub large: HashMap<PathBuf, String>,
    pub found: HashMap<PathBuf, Result<Found, Failure>>,
    pub listed: HashMap<PathBuf, Result<Vec<PathBuf>, Failure>>,
    pub real: HashMap<PathBuf, Result<PathBuf, Failure>>,
    pub environment: HashMap<String, Option<String>>,
    pub home: Option<PathBuf>,
    pub working: Option<PathBuf>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub folder: bool,
    pub file: bool,
    pub mode: u32,
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Nothing is there, which those who look in several places ask.
    pub missing: bool,
    pub message: String,
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        let missing = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        Failure { missing, message: error.to_string() }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure.missing {
            true => io::Error::new(ErrorKind::NotFound, failure.message),
            false => io::Error::other(failure.message),
        }
    }
}

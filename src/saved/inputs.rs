//! What a run read, in a form that can be written: paths are text, contents base64 with their
//! digests.

use crate::files::{Failure, Files, Found, Record};
use crate::resource::file::hex;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files of more than this in all are not put into a plan.
const MOST_BYTES: u64 = 64 << 20;

/// The files, folders and variables that planning takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    pub files: BTreeMap<String, Content>,
    pub found: BTreeMap<String, Stands>,
    pub folders: BTreeMap<String, Vec<String>>,
    /// Folders that could not be listed.
    pub unlisted: BTreeMap<String, Unread>,
    pub real: BTreeMap<String, String>,
    pub environment: BTreeMap<String, Option<String>>,
    pub home: Option<String>,
    pub working: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Is { sha256: String, base64: String },
    Unread(Unread),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    Folder { mode: u32 },
    File { mode: u32 },
    Other { mode: u32 },
    Unread(Unread),
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    pub missing: bool,
    pub why: String,
}

impl From<&Failure> for Unread {
    fn from(failure: &Failure) -> Self {
        Unread { missing: failure.missing, why: failure.message.clone() }
    }
}

impl From<&Unread> for Failure {
    fn from(unread: &Unread) -> Self {
        Failure { missing: unread.missing, message: unread.why.clone() }
    }
}

fn text(path: &Path) -> Result<String, String> {
    let text = path.to_str().map(str::to_string);
    text.ok_or_else(|| format!("`{}` has a name that is not UTF-8: a plan can't hold it", path.display()))
}

impl Inputs {
    /// All that was read, with the large files read once more; or why it can't be saved.
    pub fn of(files: &Files) -> Result<Self, String> {
        let record = files.record();
        let mut inputs = Inputs::default();
        let mut room = MOST_BYTES;
        for (path, content) in &record.contents {
            let content = match content {
                Ok(bytes) => Content::is(path, bytes, &mut room)?,
                Err(failure) => Content::Unread(failure.into()),
            };
            inputs.files.insert(text(path)?, content);
        }
        for (path, digest) in &record.large {
            inputs.files.insert(text(path)?, large(path, digest, &mut room)?);
        }
        for (path, found) in &record.found {
            inputs.found.insert(text(path)?, Stands::of(found));
        }
        for (path, listed) in &record.listed {
            match listed {
                Ok(paths) => {
                    let paths = paths.iter().map(|path| text(path)).collect::<Result<_, _>>()?;
                    inputs.folders.insert(text(path)?, paths);
                }
                Err(failure) => {
                    inputs.unlisted.insert(text(path)?, failure.into());
                }
            }
        }
        for (path, real) in &record.real {
            // Where there is nothing, a path is its own.
            inputs.real.insert(text(path)?, text(real.as_ref().unwrap_or(path))?);
        }
        inputs.environment = record.environment.into_iter().collect();
        inputs.home = record.home.as_deref().map(text).transpose()?;
        inputs.working = record.working.as_deref().map(text).transpose()?;
        Ok(inputs)
    }

    /// The inputs as a run reads them; or what is damaged.
    pub fn files(&self) -> Result<Files, String> {
        let mut record = Record::default();
        for (path, content) in &self.files {
            let content = match content {
                Content::Is { sha256, base64 } => Ok(decoded(path, sha256, base64)?),
                Content::Unread(unread) => Err(unread.into()),
            };
            record.contents.insert(PathBuf::from(path), content);
        }
        record.found =
            self.found.iter().map(|(path, stands)| (PathBuf::from(path), stands.found())).collect();
        let listed = |(path, paths): (&String, &Vec<String>)| {
            (PathBuf::from(path), Ok(paths.iter().map(PathBuf::from).collect()))
        };
        record.listed = self.folders.iter().map(listed).collect::<HashMap<_, _>>();
        let unlisted = self.unlisted.iter().map(|(path, unread)| (PathBuf::from(path), Err(unread.into())));
        record.listed.extend(unlisted);
        let real = |(path, real): (&String, &String)| (PathBuf::from(path), Ok(PathBuf::from(real)));
        record.real = self.real.iter().map(real).collect();
        record.environment = self.environment.clone().into_iter().collect();
        record.home = self.home.as_ref().map(PathBuf::from);
        record.working = self.working.as_ref().map(PathBuf::from);
        Ok(Files::saved(record))
    }

    /// All contents and values, for those who look for what must not be in them.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let files = self.files.iter().filter_map(|(path, content)| match content {
            Content::Is { base64, .. } => Some((path.as_str(), BASE64_STANDARD.decode(base64).ok()?)),
            Content::Unread(_) => None,
        });
        let variables = self.environment.iter();
        let variables = variables.filter_map(|(name, value)| Some((name.as_str(), value.clone()?.into())));
        files.chain(variables)
    }
}

impl Content {
    fn is(path: &Path, bytes: &[u8], room: &mut u64) -> Result<Self, String> {
        *room = room.checked_sub(bytes.len() as u64).ok_or_else(|| {
            format!(
                "the files of this run are too large for a plan (more than {} MiB with `{}`): \
                 put them on the hosts by another way, or apply without a saved plan",
                MOST_BYTES >> 20,
                path.display()
            )
        })?;
        Ok(Content::Is { sha256: hex(&Sha256::digest(bytes)), base64: BASE64_STANDARD.encode(bytes) })
    }
}

/// A file that was not kept in memory: it must still be what was planned with.
fn large(path: &Path, digest: &str, room: &mut u64) -> Result<Content, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(*room + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("`{}` can't be read: {error}", path.display()))?;
    match Content::is(path, &bytes, room)? {
        Content::Is { sha256, .. } if sha256 != digest => {
            Err(format!("`{}` has changed while the plan was made: plan again", path.display()))
        }
        content => Ok(content),
    }
}

fn decoded(path: &str, sha256: &str, base64: &str) -> Result<Arc<[u8]>, String> {
    let bytes = BASE64_STANDARD.decode(base64).ok().filter(|bytes| hex(&Sha256::digest(bytes)) == sha256);
    bytes.map(Arc::from).ok_or_else(|| format!("what it holds of `{path}` is not what was saved"))
}

impl Stands {
    fn of(found: &Result<Found, Failure>) -> Self {
        match found {
            Ok(Found { folder: true, mode, .. }) => Stands::Folder { mode: *mode },
            Ok(Found { file: true, mode, .. }) => Stands::File { mode: *mode },
            Ok(Found { mode, .. }) => Stands::Other { mode: *mode },
            Err(failure) => Stands::Unread(failure.into()),
        }
    }

    fn found(&self) -> Result<Found, Failure> {
        match self {
            Stands::Folder { mode } => Ok(Found { folder: true, file: false, mode: *mode }),
            Stands::File { mode } => Ok(Found { folder: false, file: true, mode: *mode }),
            Stands::Other { mode } => Ok(Found { folder: false, file: false, mode: *mode }),
            Stands::Unread(unread) => Err(unread.into()),
        }
    }
}

//! A file, folder or link, by its path.

pub mod mode;
mod observe;
mod realise;
#[cfg(test)]
pub mod testing;

use super::{Difference, Extras, Kind, Opaque, Realise, Risk, Text, Undo, Wanted};
use crate::fragment::{Fragment, Input, Reply};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// Contents larger than this are compared by digest and not shown.
pub const SHOWN_BYTES: u64 = 256 << 10;

pub struct File;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    Absent {
        /// Whether the folder that would hold it is there.
        folder: bool,
    },
    Present(Entry),
}

/// A directory entry: what it is and whose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub what: What,
    /// Permission bits, set-id and sticky bits included.
    pub mode: u32,
    /// By name; by number where the host has no name for it.
    pub owner: String,
    pub group: String,
    /// Hard links; more than one means that a rename would break it off the others. A property of
    /// the names, not of the file: it is never compared.
    pub links: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    File(Body),
    Directory,
    Link {
        /// As written in the link.
        target: String,
        /// The canonical path that it leads to, if it leads anywhere.
        resolved: Option<String>,
    },
    /// A device, socket or pipe, in `stat`'s words.
    Other(String),
}

/// A file's content: its digest always, its bytes where somebody has them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Body {
    /// SHA-256 in hex.
    pub digest: String,
    pub size: u64,
    #[serde(skip)]
    pub bytes: Bytes,
}

/// Where the bytes of a body are, on this side.
#[derive(Clone, Debug, Default)]
pub enum Bytes {
    #[default]
    Elsewhere,
    Memory(Arc<[u8]>),
    Local(PathBuf),
    /// At another path of the same host.
    Host(String),
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Body {
    pub fn of(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Body { digest: hex(&Sha256::digest(&bytes)), size: bytes.len() as u64, bytes: Bytes::Memory(bytes) }
    }

    /// The bytes, where they are in memory.
    pub fn memory(&self) -> Option<&Arc<[u8]>> {
        match &self.bytes {
            Bytes::Memory(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The body as input of a script.
    pub fn input(&self) -> Option<Input> {
        match &self.bytes {
            Bytes::Memory(bytes) => Some(Input::Bytes(bytes.clone())),
            Bytes::Local(path) => Some(Input::File { path: path.clone(), size: self.size }),
            Bytes::Elsewhere | Bytes::Host(_) => None,
        }
    }

    fn text(&self) -> Text {
        let hidden =
            |why: &str| Text::Hidden(format!("{why}, {} bytes, sha256 {}", self.size, &self.digest[..12]));
        match &self.bytes {
            Bytes::Memory(bytes) if bytes.len() as u64 > SHOWN_BYTES => hidden("large"),
            Bytes::Memory(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => Text::Lines(text.to_string()),
                _ => hidden("binary"),
            },
            Bytes::Local(_) => hidden("large"),
            Bytes::Host(_) | Bytes::Elsewhere => hidden("content not read"),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl FileState {
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            FileState::Present(entry) => Some(entry),
            FileState::Absent { .. } => None,
        }
    }

    /// The body, if it is a regular file.
    pub fn body(&self) -> Option<&Body> {
        match self.entry().map(|e| &e.what) {
            Some(What::File(body)) => Some(body),
            _ => None,
        }
    }

    /// In a word, for messages.
    pub fn word(&self) -> &'static str {
        match self.entry().map(|e| &e.what) {
            None => "absent",
            Some(What::File(_)) => "file",
            Some(What::Directory) => "directory",
            Some(What::Link { .. }) => "link",
            Some(What::Other(_)) => "special file",
        }
    }
}

/// The folder that holds a path: `/` for what stands at the top.
pub fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// Whether a folder on the way to a login is taken away, or gets an owner or mode with which keys in
/// it are no longer read (sshd_config(5), StrictModes). A new folder shuts nobody out.
fn bars_the_way(path: &str, from: &FileState, to: &FileState) -> bool {
    // Who lives below goes through as one of the others, and so does who starts a program there; who
    // lives here, as its owner.
    let others = depth(path) < 2 || super::effective::leads_to_programs(path);
    bars(from, to, if others { 0o111 } else { 0o100 })
}

/// The same for those who go through by these bits.
pub fn bars(from: &FileState, to: &FileState, through: u32) -> bool {
    if from.word() != "directory" {
        return from.word() == "link" && from.entry() != to.entry();
    }
    let (Some(from), Some(to)) = (from.entry(), to.entry()) else { return true };
    to.what != What::Directory
        || from.owner != to.owner
        || to.mode & !from.mode & 0o022 != 0
        || from.mode & !to.mode & through != 0
}

/// Homes may lie anywhere; few lie deeper than this.
fn may_be_a_home(path: &str) -> bool {
    depth(path) <= 2
}

fn depth(path: &str) -> usize {
    path.split('/').filter(|name| !name.is_empty()).count()
}

impl Kind for File {
    type Id = String;
    type State = FileState;
    const NAME: &'static str = "file";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<FileState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(path: &String, from: &FileState, to: &FileState) -> Vec<Difference> {
        let mut differences = Vec::new();
        if from.word() != to.word() {
            differences.push(Difference::property("state", from.word(), to.word()));
        }
        let (a, b) = (from.entry(), to.entry());
        if let Some(b) = b {
            let mut property = |name: &str, old: Option<String>, new: String| {
                if old.as_ref() != Some(&new) {
                    differences.push(Difference::property(name, old.unwrap_or_default(), new));
                }
            };
            property("owner", a.map(|e| e.owner.clone()), b.owner.clone());
            property("group", a.map(|e| e.group.clone()), b.group.clone());
            if !matches!(b.what, What::Link { .. }) {
                property("mode", a.map(|e| format!("{:04o}", e.mode)), format!("{:04o}", b.mode));
            }
            if let What::Link { target, .. } = &b.what {
                let old = match a.map(|e| &e.what) {
                    Some(What::Link { target, .. }) => Some(target.clone()),
                    _ => None,
                };
                property("target", old, target.clone());
            }
        }
        let (old, new) = (from.body(), to.body());
        if old != new && (old.is_some() || new.is_some()) {
            let side = |body: Option<&Body>| body.map_or(Text::Absent, Body::text);
            differences.push(Difference::Text { path: path.clone(), from: side(old), to: side(new) });
        }
        differences
    }

    fn realise(path: &String, from: &FileState, to: &FileState, extras: &Extras) -> Result<Realise, String> {
        realise::script(path, from, to, extras)
    }

    fn same(found: &FileState, wanted: &FileState) -> bool {
        match (found.entry(), wanted.entry()) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                let what = match (&a.what, &b.what) {
                    (What::Link { target: a, .. }, What::Link { target: b, .. }) => a == b,
                    (a, b) => a == b,
                };
                let link = matches!(b.what, What::Link { .. });
                what && a.owner == b.owner && a.group == b.group && (link || a.mode == b.mode)
            }
            _ => false,
        }
    }

    fn undo(_path: &String, from: &FileState, to: &FileState) -> Undo {
        match from.entry().map(|entry| &entry.what) {
            Some(What::Other(kind))
                if to.entry().map(|entry| &entry.what) != Some(&What::Other(kind.clone())) =>
            {
                Undo::None(format!("a {kind} can't be made again"))
            }
            _ => Undo::Full,
        }
    }

    fn risk(path: &String, from: &FileState, to: &FileState) -> Risk {
        let folder = || match bars_the_way(path, from, to) {
            true => Risk::LockOut,
            false => Risk::None,
        };
        match super::effective::service_of(path) {
            // The first key of an account shuts nobody out.
            Some(service) if service.name == "login keys" && from.entry().is_none() => Risk::None,
            Some(service) if service.name == super::effective::FOLDERS.name => folder(),
            Some(service) => service.risk,
            None if may_be_a_home(path) => folder(),
            None => Risk::None,
        }
    }

    fn shaken(path: &String, state: &FileState, by: &Opaque) -> bool {
        matches!(state, FileState::Absent { folder: false }) || super::effective::brought_by(path, by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifo_is_not_made_again() {
        let what = What::Other("fifo".into());
        let (owner, group) = ("root".to_string(), "root".to_string());
        let fifo = FileState::Present(Entry { what, mode: 0o600, owner, group, links: 1 });
        let undo = |to: &FileState| File::undo(&"/run/f".into(), &fifo, to);
        assert_eq!(
            undo(&FileState::Absent { folder: true }),
            Undo::None("a fifo can't be made again".into())
        );
        assert_eq!(undo(&fifo), Undo::Full);
    }

    #[test]
    fn a_home_that_others_may_write_to_shuts_its_owner_out() {
        let folder = |mode: u32, owner: &str| {
            let (owner, group) = (owner.to_string(), owner.to_string());
            FileState::Present(Entry { what: What::Directory, mode, owner, group, links: 2 })
        };
        let risk = |path: &str, to: FileState| File::risk(&path.into(), &folder(0o755, "anna"), &to);
        assert_eq!(risk("/home/anna", folder(0o777, "anna")), Risk::LockOut);
        assert_eq!(risk("/home/anna", folder(0o755, "root")), Risk::LockOut);
        assert_eq!(risk("/home/anna", FileState::Absent { folder: true }), Risk::LockOut);
        assert_eq!(risk("/home", folder(0o700, "anna")), Risk::LockOut);
        assert_eq!(risk("/home/anna", folder(0o700, "anna")), Risk::None);
        assert_eq!(risk("/var/www/html", folder(0o777, "anna")), Risk::None);
        assert_eq!(risk("/usr/lib/x86_64-linux-gnu", folder(0o700, "anna")), Risk::LockOut);
        assert_eq!(risk("/etc/sudoers.d", folder(0o750, "anna")), Risk::None);
    }
}

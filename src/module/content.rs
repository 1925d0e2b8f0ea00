//! What the modules that put content into a file share: reading what is there, and wanting the
//! file with other content.

use super::file::{owned, place_at};
use super::template::validate;
use super::{Args, Context, Kind, Param, Planned, Want};
use crate::resource::file::{Body, Bytes, File, FileState, SHOWN_BYTES, What};
use crate::resource::{Extras, Level};
use crate::world::Stop;
use std::sync::Arc;

pub const PATH: Param =
    Param::new(&["path", "dest", "destfile", "name"], Kind::Path, "The file on the host.").required();
pub const MODE: Param = Param::new(&["mode"], Kind::Mode, "Permissions. Default for a new file: 0644.");
pub const OWNER: Param = Param::new(&["owner"], Kind::Text, "The user that owns it.");
pub const GROUP: Param = Param::new(&["group"], Kind::Text, "The group that owns it.");
pub const VALIDATE: Param =
    Param::new(&["validate"], Kind::Text, "A command that checks the candidate, named by %s.");
pub const BACKUP: Param = Param::new(
    &["backup"],
    Kind::Bool,
    "Taken; no copy is made beside the file: each run keeps what it replaces in its record.",
);
pub const UNSAFE_WRITES: Param = Param::new(
    &["unsafe_writes"],
    Kind::Bool,
    "Write into the file instead of replacing it, where it has hard links or is a mount point; \
     a reader may see half of it. Default: false.",
);
pub const CREATE: Param =
    Param::new(&["create"], Kind::Bool, "Make the file if there is none. Default: false.");

/// A file that is to be edited: where it really is, and what stands there.
pub struct Current {
    pub path: String,
    pub state: FileState,
    /// None if there is no file.
    pub text: Option<String>,
}

impl Current {
    /// Reads the file that the parameter `path` means; a link is followed, as an edit must not
    /// replace it.
    pub fn read(args: &Args, path: String, cx: &Context<'_>) -> Result<Self, Stop> {
        let path = place_at(path, true, whole(), cx)?;
        let state = cx.world.ask_at::<File>(path.clone(), whole())?.clone();
        let text = match state.entry().map(|e| &e.what) {
            None => None,
            Some(What::File(body)) => Some(text(args, &path, body, cx)?),
            Some(_) => {
                return Err(Stop::error(format!("`{path}` is a {}, not a file", state.word())));
            }
        };
        Ok(Current { path, state, text })
    }

    /// The same, where a file that is missing is an error unless the task creates it.
    pub fn editable(args: &Args, cx: &Context<'_>) -> Result<Self, Stop> {
        let current = Current::read(args, args.needed("path")?, cx)?;
        if current.text.is_none() && args.flag("create") != Some(true) {
            return Err(Stop::error(format!("`{}` does not exist (`create: true` makes it)", current.path)));
        }
        Ok(current)
    }

    pub fn is_absent(&self) -> bool {
        self.text.is_none()
    }

    /// Wants the file with this text, and with owner, group and mode as the task says.
    pub fn write(self, args: &Args, text: String) -> Result<Planned, Stop> {
        if self.text.as_ref() == Some(&text) {
            let what = self.state.entry().map(|e| e.what.clone());
            return self.put(args, what.unwrap_or_else(|| What::File(Body::of(text.into_bytes()))));
        }
        self.put(args, What::File(Body::of(text.into_bytes())))
    }

    fn put(self, args: &Args, what: What) -> Result<Planned, Stop> {
        let to = owned(args, &self.path, what, &self.state)?;
        put(args, self.path, &self.state, to)
    }
}

/// A want for a file's new state. A file with hard links isn't broken off its other names unasked.
pub fn put(args: &Args, path: String, from: &FileState, to: FileState) -> Result<Planned, Stop> {
    let in_place = args.flag("unsafe_writes") == Some(true);
    if let Some(entry) = from.entry().filter(|e| e.links > 1 && !in_place)
        && from.body().is_some()
        && from.body() != to.body()
    {
        return Err(Stop::error(format!(
            "`{path}` has {} hard links, and replacing it would break it off the others \
             (`unsafe_writes: true` writes into it)",
            entry.links
        )));
    }
    let planned = Planned::default().result("path", path.clone());
    let mut want = Want::new::<File>(path, to);
    want.extras = Extras { validate: validate(args)?, in_place, ..Extras::default() };
    Ok(Planned { wants: vec![want], ..planned })
}

/// The level at which a file's content is asked for without exception.
pub fn whole() -> Level {
    Level::Content { unless: Vec::new() }
}

fn text(args: &Args, path: &str, body: &Body, cx: &Context<'_>) -> Result<String, Stop> {
    if body.size > SHOWN_BYTES {
        return Err(Stop::error(format!(
            "`{path}` has {} bytes; `{}` edits files of up to {} KiB (use `copy` or `template`)",
            body.size,
            args.module,
            SHOWN_BYTES >> 10
        )));
    }
    let bytes = bytes(path, body, cx)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.to_string()),
        Err(_) => Err(Stop::error(format!("`{path}` is not UTF-8 text, `{}` can't edit it", args.module))),
    }
}

/// The bytes of a small body, wherever they are.
fn bytes(path: &str, body: &Body, cx: &Context<'_>) -> Result<Arc<[u8]>, Stop> {
    match &body.bytes {
        Bytes::Memory(bytes) => Ok(bytes.clone()),
        Bytes::Local(file) => cx.local.read(file).map_err(Stop::Error),
        // Planned by a task that looked at no contents (`file`), or copied on the host.
        Bytes::Host(_) | Bytes::Elsewhere => {
            let seen = cx.world.ask_observed::<File>(path.to_string(), whole())?;
            match seen.body().filter(|seen| *seen == body).and_then(Body::memory) {
                Some(bytes) => Ok(bytes.clone()),
                None => Err(Stop::Unknown { until: format!("`{path}` is written") }),
            }
        }
    }
}

//! Copying the files of a folder, and the folders that they need.

use super::super::content::whole;
use super::super::file::missing;
use super::{Args, Context, Planned, one, preserved, relative};
use crate::resource::Key;
use crate::resource::file::{Entry, File, FileState, What, parent};
use crate::world::Stop;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All files below a local folder.
pub fn plan(
    args: &Args,
    src: &str,
    dest: &str,
    root: &Path,
    files: &[PathBuf],
    cx: &Context<'_>,
) -> Result<Planned, Stop> {
    let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let dest = dest.trim_end_matches('/');
    let top = if src.ends_with('/') { dest.to_string() } else { format!("{dest}/{name}") };
    let mut folders = BTreeSet::from([top.clone()]);
    let mut targets = Vec::new();
    for file in files {
        let path = format!("{top}/{}", relative(file)?);
        folders.extend(above(&path, &top));
        cx.world.demand(Key::File(path.clone()), whole());
        targets.push((root.join(file), path));
    }
    let made = make(args, &folders, cx)?;
    let mut planned = made;
    let mut waiting = false;
    for (local, path) in targets {
        let file = cx.local.body(&local).map_err(Stop::Error).and_then(|body| {
            let args = preserved(args, cx.local.mode(&local))?;
            one(&args, path, body, true, cx)
        });
        match file {
            Ok(file) => planned.wants.extend(file.wants),
            Err(Stop::Waiting) => waiting = true,
            Err(other) => return Err(other),
        }
    }
    match waiting {
        true => Err(Stop::Waiting),
        false => Ok(planned.result("dest", top)),
    }
}

/// One file whose folder may have to be made first.
pub fn below(
    args: &Args,
    folder: Option<String>,
    file: Result<Planned, Stop>,
    cx: &Context<'_>,
) -> Result<Planned, Stop> {
    let Some(folder) = folder else { return file };
    let made = make(args, &BTreeSet::from([folder]), cx)?;
    let file = file?;
    Ok(Planned { wants: made.wants.into_iter().chain(file.wants).collect(), ..file })
}

/// Wants for folders that aren't there, each with all above it, top first.
fn make(args: &Args, folders: &BTreeSet<String>, cx: &Context<'_>) -> Result<Planned, Stop> {
    let mut wanted = BTreeSet::new();
    let mut waiting = false;
    for folder in folders {
        match missing(folder, cx) {
            Ok(more) => wanted.extend(more),
            Err(Stop::Waiting) => waiting = true,
            Err(other) => return Err(other),
        }
    }
    if waiting {
        return Err(Stop::Waiting);
    }
    wanted
        .into_iter()
        .try_fold(Planned::default(), |planned, folder| Ok(planned.want::<File>(folder, directory(args)?)))
}

fn directory(args: &Args) -> Result<FileState, Stop> {
    Ok(FileState::Present(Entry {
        what: What::Directory,
        mode: args.mode("directory_mode", None, true)?.unwrap_or(0o755),
        owner: args.owner(None),
        group: args.group(None),
        links: 1,
    }))
}

/// The folders between a file and the top, the top left out.
fn above(path: &str, top: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut next = parent(path);
    while next.len() > top.len() {
        folders.push(next.to_string());
        next = parent(next);
    }
    folders
}

//! `copy`: a file, a folder's files, or given text, put on the host.

mod tree;

use super::content::{BACKUP, GROUP, OWNER, UNSAFE_WRITES, VALIDATE, whole};
use super::template::{content_at, find};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::file::{Body, Bytes, File, FileState, What};
use crate::resource::{Key, Level};
use crate::world::Stop;
use std::path::Path;

pub struct Copy;

const PARAMS: &[Param] = &[
    Param::new(
        &["src"],
        Kind::Text,
        "The file or folder, looked up in `files/` of the role or the playbook. Of a folder that ends \
         in `/` the contents are copied; empty folders are not.",
    ),
    Param::new(&["content"], Kind::Any, "The text itself, in place of `src`; data is written as JSON."),
    Param::new(&["dest", "path"], Kind::Text, "The path on the host; a folder if it ends in `/`.").required(),
    Param::new(&["remote_src"], Kind::Bool, "`src` is a file on the host. Default: false."),
    Param::new(&["mode"], Kind::Mode, "Permissions, or `preserve`. Default for a new file: 0644."),
    Param::new(&["directory_mode"], Kind::Mode, "Permissions of new folders. Default: 0755."),
    OWNER,
    GROUP,
    Param::new(&["force"], Kind::Bool, "Whether to replace a file that differs. Default: true."),
    Param::new(&["follow"], Kind::Bool, "Write to what a link leads to, not over the link. Default: false."),
    Param::new(&["local_follow"], Kind::Bool, "Taken: links on the control machine are always followed."),
    Param::new(&["checksum"], Kind::Text, "The SHA-256 that the content must have."),
    VALIDATE,
    BACKUP,
    UNSAFE_WRITES,
];

impl Module for Copy {
    fn names(&self) -> &'static [&'static str] {
        &["copy"]
    }

    fn about(&self) -> &'static str {
        "A file, a folder's files, or given text, put on the host."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let dest = args.needed("dest")?;
        if !dest.starts_with('/') || dest.contains('\n') {
            return Err(Stop::error(format!(
                "`dest` of module `copy` must be an absolute path, this is `{dest}`"
            )));
        }
        match (args.text("src"), text(args)?) {
            (Some(_), Some(_)) => Err(Stop::error("`copy` takes `src` or `content`, not both")),
            (None, None) => Err(Stop::error("`copy` needs `src` or `content`")),
            (None, Some(text)) => {
                if dest.ends_with('/') {
                    return Err(Stop::error(format!(
                        "with `content`, `dest` must name a file, this is `{dest}`"
                    )));
                }
                one(args, dest, Body::of(text.into_bytes()), false, cx)
            }
            (Some(src), None) if args.flag("remote_src") == Some(true) => on_host(args, &src, &dest, cx),
            (Some(src), None) => from_here(args, &src, &dest, cx),
        }
    }
}

/// `content:`, data as JSON, as Ansible writes it.
fn text(args: &Args) -> Result<Option<String>, Stop> {
    use minijinja::value::ValueKind;
    let Some(value) = args.get("content") else { return Ok(None) };
    match value.kind() {
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => serde_json::to_string(value)
            .map(Some)
            .map_err(|e| Stop::error(format!("`content` can't be written as JSON: {e}"))),
        _ => Ok(args.text("content")),
    }
}

fn from_here(args: &Args, src: &str, dest: &str, cx: &Context<'_>) -> Result<Planned, Stop> {
    let path = find(src.trim_end_matches('/'), "files", cx)?;
    match cx.local.body(&path) {
        Ok(body) => {
            let args = preserved(args, cx.local.mode(&path))?;
            let (folder, dest) = target(dest, &path, &body, cx)?;
            let file = one(&args, dest, body, folder.is_some(), cx);
            tree::below(&args, folder, file, cx)
        }
        Err(why) => match cx.local.walk(&path) {
            Ok(files) => tree::plan(args, src, dest, &path, &files, cx),
            Err(_) => Err(Stop::Error(why)),
        },
    }
}

/// One file, once its content is what `checksum` says.
fn one(args: &Args, dest: String, body: Body, made: bool, cx: &Context<'_>) -> Result<Planned, Stop> {
    if let Some(checksum) = args.text("checksum").filter(|c| !c.eq_ignore_ascii_case(&body.digest)) {
        return Err(Stop::error(format!(
            "the content has the SHA-256 {}, and `checksum` says {checksum}",
            body.digest
        )));
    }
    let size = body.size;
    let planned = content_at(args, dest, body, made, cx)?;
    Ok(planned.result("size", size))
}

/// `mode: preserve`: the mode of the source, or nothing where it isn't known.
fn preserved(args: &Args, mode: Result<u32, String>) -> Result<Args, Stop> {
    match args.text("mode").as_deref() {
        Some("preserve") => Ok(args.with("mode", format!("{:04o}", mode.map_err(Stop::Error)?))),
        _ => Ok(args.clone()),
    }
}

/// The file that is meant: in the folder, if `dest` is one. The folder is told if it must be made.
fn target(dest: &str, src: &Path, body: &Body, cx: &Context<'_>) -> Result<(Option<String>, String), Stop> {
    let folder = match dest.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    };
    let named = dest.len() > folder.len();
    let name = src.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let inside = format!("{}/{name}", folder.trim_end_matches('/'));
    // What stands there may be the file itself: it is asked for as that will be.
    let level = Level::Content { unless: vec![body.digest.clone()] };
    let state = cx.world.ask_at::<File>(folder.to_string(), level.clone());
    if named {
        cx.world.demand(Key::File(inside.clone()), level);
    }
    match state?.entry().map(|e| &e.what) {
        Some(What::Directory) => Ok((None, inside)),
        Some(What::Link { resolved: Some(end), .. }) if named => Ok((None, format!("{end}/{name}"))),
        None if named => Ok((Some(folder.to_string()), inside)),
        _ => Ok((None, folder.to_string())),
    }
}

/// `remote_src`: from one path of the host to another.
fn on_host(args: &Args, src: &str, dest: &str, cx: &Context<'_>) -> Result<Planned, Stop> {
    if !src.starts_with('/') {
        return Err(Stop::error(format!(
            "with `remote_src`, `src` must be an absolute path, this is `{src}`"
        )));
    }
    let path = dest.trim_end_matches('/');
    cx.world.demand(Key::File(if path.is_empty() { "/" } else { path }.to_string()), Level::Digest);
    let state = cx.world.ask_at::<File>(src.to_string(), whole())?;
    let Some(body) = state.body() else {
        return Err(match state {
            FileState::Absent { .. } => Stop::error(format!("`{src}` does not exist on the host")),
            _ => Stop::error(format!(
                "`{src}` is a {} on the host; `remote_src` copies one file",
                state.word()
            )),
        });
    };
    let mut body = body.clone();
    if let Bytes::Elsewhere = body.bytes {
        body.bytes = Bytes::Host(src.to_string());
    }
    let mode = state.entry().map(|e| e.mode).ok_or_else(String::new);
    let args = preserved(args, mode)?;
    let (folder, dest) = target(dest, Path::new(src), &body, cx)?;
    let file = one(&args, dest, body, folder.is_some(), cx);
    tree::below(&args, folder, file, cx)
}

/// The file's place below a folder of the control machine, as text.
fn relative(path: &Path) -> Result<String, Stop> {
    match path.to_str() {
        Some(text) if !text.contains('\n') => Ok(text.to_string()),
        _ => Err(Stop::error(format!("`{}` has a name that can't be copied", path.display()))),
    }
}

#[cfg(test)]
mod tests;

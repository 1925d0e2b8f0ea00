//! `template`: a file on the host, rendered from a Jinja template of the control machine.

use super::content::{BACKUP, GROUP, MODE, OWNER, UNSAFE_WRITES, VALIDATE, put};
use super::file::{owned, place_at};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::Level;
use crate::resource::file::{Body, File, FileState, What};
use crate::template::RenderError;
use crate::world::Stop;
use std::path::{Path, PathBuf};

pub struct Template;

const PARAMS: &[Param] = &[
    Param::new(&["src"], Kind::Text, "The template, looked up in `templates/` of the role or the playbook.")
        .required(),
    Param::new(&["dest", "path"], Kind::Path, "The path on the host.").required(),
    MODE,
    OWNER,
    GROUP,
    VALIDATE,
    BACKUP,
    UNSAFE_WRITES,
    Param::new(&["force"], Kind::Bool, "Whether to replace a file that differs. Default: true."),
    Param::new(&["follow"], Kind::Bool, "Write to what a link leads to, not over the link. Default: false."),
];

impl Module for Template {
    fn names(&self) -> &'static [&'static str] {
        &["template"]
    }

    fn about(&self) -> &'static str {
        "A file on the host, rendered from a Jinja template."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let path = find(&args.needed("src")?, "templates", cx)?;
        let source = cx.local.read(&path).map_err(Stop::Error)?;
        let source = std::str::from_utf8(&source)
            .map_err(|_| Stop::error(format!("the template `{}` is not UTF-8 text", path.display())))?;
        let text = cx.templar.file(&path, source, cx.scope, cx.search).map_err(stop)?;
        content(args, Body::of(text.into_bytes()), cx)
    }
}

/// What a rendering error means for a plan.
pub fn stop(error: RenderError) -> Stop {
    match error {
        RenderError::Unknown { until } => Stop::Unknown { until },
        other => Stop::Error(other.to_string()),
    }
}

/// The local file that is meant: in `folder` of each place searched, then in the place itself.
pub fn find(src: &str, folder: &str, cx: &Context<'_>) -> Result<PathBuf, Stop> {
    let given = Path::new(src);
    if given.is_absolute() && cx.local.exists(given) {
        return Ok(given.to_path_buf());
    }
    let candidates = cx.search.iter().flat_map(|s| [s.join(folder).join(src), s.join(src)]);
    let mut tried = Vec::new();
    for candidate in candidates {
        if cx.local.exists(&candidate) {
            return Ok(candidate);
        }
        tried.push(candidate.display().to_string());
    }
    Err(Stop::error(format!("`{src}` was not found; looked for {}", tried.join(", "))))
}

/// A file with this body at `dest`: the end that `template`, `copy` and their like share.
pub fn content(args: &Args, body: Body, cx: &Context<'_>) -> Result<Planned, Stop> {
    content_at(args, args.needed("dest")?, body, false, cx)
}

/// The same at another path; `made` says that the task makes the folder.
pub fn content_at(
    args: &Args,
    dest: String,
    body: Body,
    made: bool,
    cx: &Context<'_>,
) -> Result<Planned, Stop> {
    let level = Level::Content { unless: vec![body.digest.clone()] };
    let path = place_at(dest, args.flag("follow").unwrap_or(false), level.clone(), cx)?;
    let now = match cx.world.ask_at::<File>(path.clone(), level)? {
        FileState::Absent { .. } if made => &FileState::Absent { folder: true },
        now => now,
    };
    let kept = args.flag("force") == Some(false) && now.entry().is_some();
    let what = match now.entry().map(|e| &e.what) {
        Some(What::Directory) => {
            return Err(Stop::error(format!("`{path}` is a directory; `dest` must name the file")));
        }
        Some(old) if kept => old.clone(),
        // The same content: the bytes that were seen stay known.
        Some(old @ What::File(there)) if there == &body && there.memory().is_some() => old.clone(),
        _ => What::File(body.clone()),
    };
    let to = owned(args, &path, what, now)?;
    let planned = put(args, path.clone(), now, to)?;
    Ok(planned.result("dest", path).result("checksum", body.digest))
}

/// `validate:` must say where the candidate's path goes.
pub fn validate(args: &Args) -> Result<Option<String>, Stop> {
    match args.text("validate") {
        Some(command) if !command.contains("%s") => {
            Err(Stop::error(format!("`validate` must hold `%s` for the file to check, this is `{command}`")))
        }
        other => Ok(other),
    }
}

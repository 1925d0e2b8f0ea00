//! `sshd_config`: settings of sshd in a drop-in of harda's own, proven to be in force.
//!
//! The drop-in sorts before all others, because sshd takes the first value; the plan asks sshd
//! itself (`sshd -T`, with the drop-in as it will be) whether that is enough.

mod force;
mod groups;
mod keywords;
mod settings;
#[cfg(test)]
mod tests;

use super::content::{MODE, put, whole};
use super::{Access, Args, Context, Kind, Module, Param, Planned};
use crate::resource::file::{Body, Entry, File, FileState, What, parent};
use crate::resource::sshd::{
    self, DROP_IN, Effective, Sshd, SshdId, SshdState, algorithms, candidate, planned,
};
use crate::world::Stop;

pub struct SshdConfig;

const PARAMS: &[Param] = &[
    Param::new(&["settings"], Kind::Dict, "Keywords and their values or lists; null leaves one out.")
        .required(),
    Param::new(
        &["match"],
        Kind::Any,
        "Match blocks: a list of `criteria` (`User backup`) and `settings`. Default: none.",
    ),
    Param::new(&["path", "dest"], Kind::Path, "The drop-in. Default: /etc/ssh/sshd_config.d/00-harda.conf"),
    Param::new(
        &["skip_unknown"],
        Kind::Bool,
        "Leave out keywords that this host's sshd is too old for. Default: false, an error.",
    ),
    MODE,
];

impl Module for SshdConfig {
    fn names(&self) -> &'static [&'static str] {
        &["sshd_config"]
    }

    fn about(&self) -> &'static str {
        "Settings of sshd in a drop-in, proven to be in force."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let path = args.text("path").unwrap_or_else(|| DROP_IN.into());
        let settings = read(args, "settings", settings::read)?;
        let blocks = read(args, "match", settings::blocks)?;
        let id = SshdId { logins: cx.access.logins(), own: path.clone(), overlay: Vec::new() };
        let file = cx.world.ask_at::<File>(path.clone(), whole());
        let host = cx.world.ask::<Sshd>(id.clone());
        let missing = groups::missing(&settings, cx);
        let (file, host, missing) = (file?, present(host?)?, missing?);

        let mut notes: Vec<String> = groups::note(&missing).into_iter().collect();
        let skip = args.flag("skip_unknown") == Some(true);
        let settings = settings::fit(settings, host, skip, &mut notes)?;
        let mut fitted = Vec::new();
        for mut block in blocks {
            block.settings = settings::fit(block.settings, host, skip, &mut notes)?;
            fitted.push(block);
        }
        let body = Body::of(settings::render(&settings, &fitted).into_bytes());
        let to = wanted(args, &path, &body, file)?;
        match predicted(&id, &path, &body, host, cx)? {
            Ok(effective) => {
                force::check(&path, &settings, effective)?;
                force::contradiction(&fitted, effective)?;
                refuse_foreign(effective, cx.access)?;
                notes.extend(force::findings(&path, &settings, effective));
            }
            Err(why) => {
                cx.world.rest_on("the check by `sshd -t` when it is made");
                notes.push(format!("what sshd will make of it can't be told beforehand: {why}"));
            }
        }
        let planned = put(args, path, file, to)?;
        Ok(Planned { notes, ..planned })
    }
}

/// A parameter read by `how`; nothing if it isn't given.
fn read<T: Default>(
    args: &Args,
    name: &str,
    how: impl Fn(&minijinja::Value) -> Result<T, String>,
) -> Result<T, Stop> {
    args.get(name).map_or(Ok(T::default()), how).map_err(Stop::Error)
}

fn present(state: &SshdState) -> Result<&Effective, Stop> {
    match state {
        SshdState::Present(effective) => Ok(effective),
        SshdState::Absent => {
            Err(Stop::error("there is no sshd on this host (install `openssh-server` first)"))
        }
        SshdState::NotPredicted(why) => Err(Stop::error(format!("sshd could not be asked: {why}"))),
    }
}

fn wanted(args: &Args, path: &str, body: &Body, now: &FileState) -> Result<FileState, Stop> {
    match now {
        FileState::Absent { folder: false } => {
            return Err(Stop::error(format!(
                "the folder `{}` does not exist: this host's sshd reads no drop-ins (make the folder and an `Include` line in `{}` first)",
                parent(path),
                sshd::MAIN
            )));
        }
        FileState::Present(entry) if !matches!(entry.what, What::File(_)) => {
            return Err(Stop::error(format!("`{path}` is a {}, not a file (remove it first)", now.word())));
        }
        _ => {}
    }
    Ok(FileState::Present(Entry {
        what: What::File(body.clone()),
        mode: args.mode("mode", Some(0o600), false)?.unwrap_or(0o600),
        owner: "root".into(),
        group: "root".into(),
        links: now.entry().map_or(1, |e| e.links),
    }))
}

/// What sshd makes of the drop-in beside all else that is planned for its files; why it can't be
/// told, where it can't.
fn predicted<'a>(
    id: &SshdId,
    path: &str,
    body: &Body,
    host: &'a Effective,
    cx: &Context<'a>,
) -> Result<Result<&'a Effective, String>, Stop> {
    let mut overlay = match planned(cx.world) {
        Ok(overlay) => overlay,
        Err(why) => return Ok(Err(why)),
    };
    overlay.retain(|candidate| candidate.path != path);
    let observed = cx.world.ask_observed::<File>(path.to_string(), whole())?;
    if observed.body() != Some(body) {
        overlay.push(candidate(path, Some(body)).map_err(Stop::Error)?);
    }
    if overlay.is_empty() {
        return Ok(Ok(host));
    }
    overlay.sort();
    match cx.world.ask::<Sshd>(SshdId { overlay, ..id.clone() })? {
        SshdState::NotPredicted(why) => Ok(Err(why.clone())),
        state => present(state).map(Ok),
    }
}

/// Nothing that harda itself speaks may be left: it would be its own lock-out.
fn refuse_foreign(effective: &Effective, access: &Access) -> Result<(), Stop> {
    match algorithms::refuses(effective, access.host_key.as_deref()) {
        Some(why) if !access.foreign_ssh => Err(Stop::Refused(why)),
        _ => Ok(()),
    }
}

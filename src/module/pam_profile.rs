//! `pam_profile`: a profile of pam-auth-update, written and enabled.
//!
//! pam-auth-update leaves all files alone, and exits with 0, where a common-* file was edited by
//! hand: such a host is refused before anything is written, and never forced.

use super::template::{find, stop};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::Kind as _;
use crate::resource::Level;
use crate::resource::file::{Body, Entry, File, FileState, What};
use crate::resource::pam::module::PamModule;
use crate::resource::pam::profile::Profile;
use crate::resource::pam::{PROFILES, PamProfile as Resource, ProfileState};
use crate::world::Stop;

pub struct PamProfile;

const PARAMS: &[Param] = &[
    Param::new(&["name"], Kind::Text, "The profile's file name in /usr/share/pam-configs.").required(),
    Param::new(&["content"], Kind::Text, "The profile's text (see pam-auth-update(8))."),
    Param::new(&["src"], Kind::Text, "A template with the text, instead of `content`."),
    Param::new(&["state"], Kind::Text, "Default: enabled. `absent` takes the file away too.")
        .choices(&["enabled", "disabled", "absent"]),
];

impl Module for PamProfile {
    fn names(&self) -> &'static [&'static str] {
        &["pam_profile"]
    }

    fn about(&self) -> &'static str {
        "A profile of pam-auth-update (Debian, Ubuntu), written and enabled."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("name")?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.starts_with(['-', '.']) || name.is_empty() || !name.chars().all(allowed) {
            return Err(Stop::error(format!(
                "`{name}` is no profile's name: letters, digits, `.`, `_` and `-`"
            )));
        }
        let path = format!("{PROFILES}/{name}");
        let text = text(args, cx)?;
        let state = args.text("state").unwrap_or_else(|| "enabled".into());
        let file = text.clone().map(|text| Body::of(text.into_bytes()));
        let unless = file.iter().map(|body| body.digest.clone()).collect();
        let now = cx.world.ask::<Resource>(name.clone());
        let file_now = cx.world.ask_at::<File>(path.clone(), Level::Content { unless });
        let modules = modules(text.as_deref(), &state, cx);
        let (now, file_now, profile) = (now?, file_now?, modules?);

        let planned = Planned::default().result("name", name.clone()).result("state", state.clone());
        match (state.as_str(), profile) {
            ("enabled", Some(profile)) => {
                let to = ProfileState { held: profile.lines, first: profile.first, obstacle: None };
                obstructed(now, &to)?;
                let body = file.ok_or_else(|| Stop::error("`state: enabled` needs `content` or `src`"))?;
                Ok(planned.want::<File>(path, written(body, file_now)).want::<Resource>(name, to))
            }
            ("enabled", None) => Err(Stop::error("`state: enabled` needs `content` or `src`")),
            (state, _) => {
                let to = ProfileState::default();
                obstructed(now, &to)?;
                let planned = planned.want::<Resource>(name, to);
                Ok(match state {
                    // The line in the stacks goes first: pam-auth-update reads the file for that.
                    "absent" => planned.want::<File>(path, super::file::absent(file_now)),
                    _ => planned,
                })
            }
        }
    }
}

fn text(args: &Args, cx: &Context<'_>) -> Result<Option<String>, Stop> {
    match (args.text("content"), args.text("src")) {
        (Some(_), Some(_)) => Err(Stop::error("`content` and `src` exclude each other")),
        (Some(text), None) if text.ends_with('\n') => Ok(Some(text)),
        (Some(text), None) => Ok(Some(text + "\n")),
        (None, None) => Ok(None),
        (None, Some(src)) => {
            let path = find(&src, "templates", cx)?;
            let source = cx.local.read(&path).map_err(Stop::Error)?;
            let source = std::str::from_utf8(&source)
                .map_err(|_| Stop::error(format!("the template `{}` is not UTF-8 text", path.display())))?;
            cx.templar.file(&path, source, cx.scope, cx.search).map(Some).map_err(stop)
        }
    }
}

/// Reads the profile, and sees that the modules it names are there: with one missing, every login
/// through the stack fails.
fn modules(text: Option<&str>, state: &str, cx: &Context<'_>) -> Result<Option<Profile>, Stop> {
    let Some(text) = text.filter(|_| state == "enabled") else { return Ok(None) };
    let profile = Profile::read(text).map_err(Stop::Error)?;
    let modules = profile.modules();
    let states: Vec<_> = modules.iter().map(|m| cx.world.ask::<PamModule>(m.clone())).collect();
    for (module, there) in modules.iter().zip(states) {
        if !*there? && cx.world.waits_for().is_none() {
            return Err(Stop::error(format!(
                "the PAM module `{module}` is not on this host, and nobody could log in through it (install its package first)"
            )));
        }
    }
    Ok(Some(profile))
}

fn obstructed(now: &ProfileState, to: &ProfileState) -> Result<(), Stop> {
    match &now.obstacle {
        Some(why) if !Resource::same(now, to) => Err(Stop::Refused(format!(
            "{why}; pam-auth-update would change nothing and say it worked (put the file back as it was, or run `pam-auth-update --force` by hand once its changes are saved elsewhere)"
        ))),
        _ => Ok(()),
    }
}

fn written(body: Body, now: &FileState) -> FileState {
    FileState::Present(Entry {
        what: What::File(body),
        mode: 0o644,
        owner: "root".into(),
        group: "root".into(),
        links: now.entry().map_or(1, |e| e.links),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted, wanted_text};
    use serde_json::json;

    const TEXT: &str = "Name: Count failures\nDefault: no\nPriority: 0\nAuth-Type: Primary\nAuth:\n\
        \t[default=die]\tpam_faillock.so authfail\n";
    const PATH: &str = "/usr/share/pam-configs/lock";

    fn bench(now: ProfileState) -> Bench {
        Bench::new().without(PATH).has::<Resource>("lock", now).has::<PamModule>("pam_faillock.so", true)
    }

    #[test]
    fn a_profile_is_written_and_enabled() {
        let planned = bench(ProfileState::default())
            .plan("pam_profile", json!({"name": "lock", "content": TEXT}))
            .expect("planned");
        assert_eq!(wanted_text(&planned, PATH).as_deref(), Some(TEXT));
        let state = wanted::<Resource>(&planned, "lock").expect("wanted");
        assert_eq!(state.held["auth"], ["[default=die] pam_faillock.so authfail"]);
    }

    #[test]
    fn a_host_edited_by_hand_is_refused_unless_nothing_is_to_do() {
        let edited = ProfileState { obstacle: Some("edited".into()), ..ProfileState::default() };
        let task = || json!({"name": "lock", "content": TEXT});
        assert!(matches!(bench(edited.clone()).plan("pam_profile", task()), Err(Stop::Refused(_))));
        let held = [("auth".to_string(), vec!["[default=die] pam_faillock.so authfail".to_string()])];
        let there = ProfileState { held: held.into(), ..edited };
        assert!(bench(there).plan("pam_profile", task()).is_ok());
    }

    #[test]
    fn a_missing_module_is_told() {
        let bench = Bench::new()
            .without(PATH)
            .has::<Resource>("lock", ProfileState::default())
            .has::<PamModule>("pam_faillock.so", false);
        let told = bench.error("pam_profile", json!({"name": "lock", "content": TEXT}));
        assert!(told.contains("`pam_faillock.so` is not on this host"), "{told}");
        assert!(
            bench
                .error("pam_profile", json!({"name": "../x", "content": TEXT}))
                .contains("no profile's name")
        );
    }
}

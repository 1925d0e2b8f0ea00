//! Whether the key that harda logs in by is still found where sshd looks for it.

use super::{Cause, Side, Why};
use crate::module::Access;
use crate::resource::file::{Body, File, FileState};
use crate::resource::sshd::Settings;
use crate::resource::sshd::account::Account;
use crate::resource::{Key, Level, State};
use crate::world::{Stop, World};

/// A file that sshd may read keys from: the usual names, wherever they are.
pub fn is_key_file(path: &str) -> bool {
    path.ends_with("/.ssh") || path.contains("authorized_keys")
}

pub fn refuses(
    access: &Access,
    settings: &Settings,
    account: Option<&Account>,
    world: &World,
    side: Side,
) -> Result<Option<Why>, Stop> {
    let value = |keyword: &str| settings.get(keyword).and_then(|v| v.first()).map_or("", String::as_str);
    let elsewhere =
        ["authorizedkeyscommand", "trustedusercakeys"].iter().any(|k| !matches!(value(k), "" | "none"));
    let Some(account) = account.filter(|a| a.present && !access.by_password && !elsewhere) else {
        return Ok(None);
    };
    let paths: Vec<String> =
        value("authorizedkeysfile").split_whitespace().filter_map(|p| expand(p, account)).collect();
    if paths.is_empty() {
        return Ok(Some(why(format!("`AuthorizedKeysFile {}` leaves no keys", value("authorizedkeysfile")))));
    }
    let whole = Level::Content { unless: Vec::new() };
    let asked: Vec<Result<&FileState, Stop>> = paths
        .iter()
        .map(|path| match side {
            Side::Planned => world.ask_at::<File>(path.clone(), whole.clone()),
            Side::Present => world.ask_observed::<File>(path.clone(), whole.clone()),
        })
        .collect();
    let mut told = None;
    for (path, state) in paths.iter().zip(asked) {
        match usable(access, path, state?, value("strictmodes") != "no", world) {
            Ok(()) => return Ok(None),
            Err(reason) => told = told.or(reason),
        }
    }
    let message = told.unwrap_or_else(|| format!("no key is left in {}", paths.join(" or ")));
    Ok(Some(why(message)))
}

fn why(message: String) -> Why {
    Why { cause: Cause::Keys, message }
}

/// `%h`, `%u` and `%U`; relative paths are below the home (sshd_config(5), AuthorizedKeysFile).
fn expand(pattern: &str, account: &Account) -> Option<String> {
    if pattern == "none" {
        return None;
    }
    let path = pattern
        .replace("%h", &account.home)
        .replace("%u", &account.name)
        .replace("%U", &account.uid.to_string())
        .replace("%%", "%");
    Some(if path.starts_with('/') { path } else { format!("{}/{path}", account.home) })
}

/// Whether the file holds the key and sshd would read it; the reason if it is there and not so.
fn usable(
    access: &Access,
    path: &str,
    state: &FileState,
    strict: bool,
    world: &World,
) -> Result<(), Option<String>> {
    let Some(entry) = state.entry() else { return Err(None) };
    if strict && entry.mode & 0o022 != 0 && state.body().is_some() {
        let mode = entry.mode;
        return Err(Some(format!("`{path}` would have the mode {mode:04o}, and sshd then ignores it")));
    }
    let text = match state.body().and_then(|body| bytes(path, body, world)) {
        Some(text) => text,
        // A link, or content that isn't at hand: nothing says that the key is gone.
        None => return Ok(()),
    };
    let wanted = access.key.as_deref().and_then(blob);
    let mut keys = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    match wanted {
        Some(key) if keys.any(|line| line.split_whitespace().any(|word| word == key)) => Ok(()),
        Some(_) => Err(Some(format!("`{path}` would no longer hold the key that harda logs in by"))),
        None if keys.next().is_some() => Ok(()),
        None => Err(Some(format!("`{path}` would hold no key"))),
    }
}

/// The key itself in a line `type key comment`.
fn blob(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| word.starts_with("AAAA"))
}

fn bytes(path: &str, body: &Body, world: &World) -> Option<String> {
    let own = body.memory().cloned();
    let seen = || match world.seen(&Key::File(path.to_string())) {
        Some(State::File(state)) => state.body().filter(|b| *b == body).and_then(Body::memory).cloned(),
        _ => None,
    };
    own.or_else(seen).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

//! A coarse look at sudo's files: whether a rule that let harda become root goes away.
//!
//! Only rules that name the user or one of its groups on their own line are read; aliases and
//! netgroups are not. Where nothing changes in sudo's files, nothing is asked.

use super::{Cause, Side, Why};
use crate::module::Access;
use crate::resource::effective::service_of;
use crate::resource::file::{File, FileState};
use crate::resource::sshd::account::Account;
use crate::resource::{Key, Level, Typed};
use crate::world::{Stop, World};

const MAIN: &str = "/etc/sudoers";

/// Refuses where a planned file no longer names the user, its text before did, and no other file
/// that is known does.
pub fn refuses(access: &Access, world: &World, side: Side) -> Result<Option<Why>, Stop> {
    if !access.by_sudo || side == Side::Present || access.next_user() == "root" {
        return Ok(None);
    }
    let user = access.next_user();
    let whole = || Level::Content { unless: Vec::new() };
    let mut lost = None;
    let mut kept = false;
    for (key, state) in world.predictions() {
        let (Key::File(path), Some(to)) = (key, File::unwrap(state)) else { continue };
        if service_of(path).is_none_or(|s| s.name != "sudo") {
            continue;
        }
        let before = grants(world.ask_observed::<File>(path.clone(), whole())?, user);
        kept |= grants(to, user);
        if before && !grants(to, user) {
            lost = Some(path.clone());
        }
    }
    let Some(path) = lost.filter(|_| !kept) else { return Ok(None) };
    if path != MAIN && grants(world.ask_at::<File>(MAIN.to_string(), whole())?, user) {
        return Ok(None);
    }
    let message = format!("`{path}` would no longer let it use sudo");
    Ok(Some(Why { cause: Cause::Sudo, message }))
}

/// Groups to which distributions' own sudoers give all rights.
const ADMIN_GROUPS: &[&str] = &["sudo", "wheel", "admin"];

/// Refuses where the account leaves the only group that is known to give it sudo; a rule of its
/// own in a file that is planned keeps it in.
pub fn leaves_group(access: &Access, now: &Account, then: &Account, world: &World) -> Option<Why> {
    let gives = |account: &Account| {
        let own = |g: &&String| ADMIN_GROUPS.contains(&g.as_str()) && **g != account.name;
        account.groups.iter().find(own).cloned()
    };
    if !access.by_sudo || now.name == "root" || gives(then).is_some() {
        return None;
    }
    let group = gives(now)?;
    let rule =
        world.predictions().any(|(_, state)| File::unwrap(state).is_some_and(|f| grants(f, &now.name)));
    let message = format!("it would no longer be in `{group}`, by which it uses sudo");
    (!rule).then_some(Why { cause: Cause::Sudo, message })
}

/// Whether a rule of this file begins with the user's name.
fn grants(state: &FileState, user: &str) -> bool {
    let Some(bytes) = state.body().and_then(|b| b.memory()) else { return false };
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| line.split_whitespace().next() == Some(user))
}

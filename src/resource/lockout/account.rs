//! What the account says of a login: as it is, and with what is planned for it laid over.

use super::{Cause, Why};
use crate::module::Access;
use crate::resource::group::GroupState;
use crate::resource::sshd::account::Account;
use crate::resource::user::{self, UserState};
use crate::resource::{Key, State};
use crate::world::World;

/// Shells that end a login at once.
const NO_SHELLS: &[&str] = &["nologin", "false"];

/// Whether a Change of this resource can touch the account.
pub fn is_of(key: &Key, user: &str) -> bool {
    match key {
        Key::User(name) => name == user,
        Key::Group(_) => true,
        _ => false,
    }
}

/// The account with the planned states of users and groups.
pub fn planned(mut account: Account, world: &World) -> Account {
    for (key, state) in world.predictions() {
        match (key, state) {
            (Key::User(name), State::User(UserState::Absent)) if *name == account.name => {
                account.present = false;
            }
            (Key::User(name), State::User(UserState::Present(to))) if *name == account.name => {
                lay_over(&mut account, to);
            }
            (Key::Group(name), State::Group(GroupState::Absent)) => account.groups.retain(|g| g != name),
            _ => {}
        }
    }
    account
}

/// What a planned account leaves open stays as it is.
fn lay_over(account: &mut Account, to: &user::Account) {
    let primary = to.group.clone().or_else(|| account.groups.first().cloned());
    account.present = true;
    account.home.clone_from(&to.home);
    account.groups = primary.into_iter().chain(to.groups.iter().cloned()).collect();
    account.shell = to.shell.clone().unwrap_or_else(|| account.shell.clone());
    account.locked = to.locked.unwrap_or(account.locked);
    account.uid = to.uid.unwrap_or(account.uid);
    let days = &mut account.days;
    days.last_change = to.ageing.last_change.or(days.last_change);
    days.max = to.ageing.max.or(days.max);
    days.expires = to.ageing.expires.or(days.expires);
}

pub fn refuses(account: &Account, access: &Access) -> Option<Why> {
    let why = |message: String| Some(Why { cause: Cause::Account, message });
    if !account.present {
        return why("there would be no such account".into());
    }
    if let Some(expired) = account.days.expired() {
        return why(expired);
    }
    if account.locked && access.by_password {
        return why("its password would be locked".into());
    }
    let shell = account.shell.rsplit('/').next().unwrap_or_default();
    if NO_SHELLS.contains(&shell) {
        return why(format!("its shell would be `{}`", account.shell));
    }
    None
}

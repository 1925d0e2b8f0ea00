//! Whether what is planned would take away the way in. Asked once a host's plan has settled, over
//! all its Changes together, before any is made.
//!
//! Only what sshd, the account, its keys and sudo's files say is foreseen here; packet filters, PAM
//! stacks and what a command does can only be proven by logging in again.

mod account;
mod doors;
mod keys;
mod patterns;
mod sudo;

use super::effective::service_of;
use super::sshd::account::Account;
use super::sshd::{self, DROP_IN, Effective, Settings, Sshd, SshdId, SshdState};
use super::{Key, State, package};
use crate::module::Access;
use crate::world::{Stop, World};

/// A host that is left alone, because of this Change.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub key: Key,
    pub message: String,
}

/// One resource that is planned to change, from what to what.
pub type Changed<'a> = (&'a Key, &'a State, &'a State);

/// Why a login would be refused, and which part of the plan is to blame.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    pub cause: Cause,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The keyword of sshd, in lower case.
    Sshd(&'static str),
    Account,
    Keys,
    Sudo,
    /// It was tried, and did not become root.
    Become,
}

impl Why {
    pub fn sshd(keyword: &'static str, message: impl Into<String>) -> Self {
        Why { cause: Cause::Sshd(keyword), message: message.into() }
    }
}

/// Refuses the host if the login of the next run would be refused by what is predicted. What isn't
/// known yet is asked of the World, and `Stop::Waiting` says so; a host on which nothing of this
/// changes is asked nothing.
pub fn check(access: &Access, world: &World, changed: &[Changed<'_>]) -> Result<Option<Refusal>, Stop> {
    let over_ssh = !access.from.is_empty() && !access.user.is_empty();
    if let Some(refusal) = over_ssh.then(|| removed(access, changed)).flatten() {
        return Ok(Some(refusal));
    }
    let relevant: Vec<&Changed<'_>> = changed.iter().filter(|c| matters(c.0, access)).collect();
    if !over_ssh || relevant.is_empty() {
        return Ok(None);
    }
    let Some(then) = look(access, world, Side::Planned)? else { return Ok(None) };
    let why = then.refuses(access).or_else(|| becomes_not(access, &then, &relevant));
    let Some(why) = why else { return Ok(None) };
    if access.after.is_none() {
        // The present login works: what seems to refuse it already was read wrongly.
        let now = look(access, world, Side::Present)?;
        if now.and_then(|now| now.refuses(access)) == Some(why.clone()) {
            return Ok(None);
        }
    }
    let Some(key) = guilty(&why, &then, access, &relevant) else { return Ok(None) };
    Ok(Some(Refusal { key, message: sentence(&why, access) }))
}

/// A package goes that logins rest on. The switch puts no package back, so this is not tried.
fn removed(access: &Access, changed: &[Changed<'_>]) -> Option<Refusal> {
    let mut gone = changed.iter().filter_map(|(key, from, to)| match (key, from, to) {
        (Key::Package(name), State::Package(from), State::Package(to)) => {
            (from.version().is_some() && to.is_absent()).then_some((*key, name))
        }
        _ => None,
    });
    let needed = |name: &str| match name {
        "sudo" | "sudo-rs" => access.by_sudo,
        _ => package::keeps_in(name),
    };
    let (key, name) = gone.find(|(_, name)| needed(name))?;
    let message = format!(
        "this would lock harda out as `{}`: its login rests on the package `{name}`, and the dead-man's switch can't put packages back",
        access.next_user()
    );
    Some(Refusal { key: key.clone(), message })
}

fn sentence(why: &Why, access: &Access) -> String {
    let hint = match (&access.after, &why.cause) {
        (Some(_), _) => "that is the login that `harda_login_after` names",
        (None, Cause::Sshd("port" | "listenaddress")) => "say the new one in `harda_login_after.port`",
        (None, _) => "say in `harda_login_after` how to get in afterwards, or leave the host out",
    };
    format!("this would lock harda out as `{}`: {} ({hint})", access.next_user(), why.message)
}

/// The next login was tried, and could not become root: it is no way in, unless this plan gives it
/// the right. Only a change of sshd is stopped by it, which may take away the present login.
fn becomes_not(access: &Access, then: &Look<'_>, relevant: &[&Changed<'_>]) -> Option<Why> {
    let message = access.after_became_not.clone()?;
    let of = |name: &str| {
        relevant.iter().any(|(key, ..)| match key {
            Key::File(path) => service_of(path).is_some_and(|s| s.name == name),
            _ => false,
        })
    };
    let same_groups =
        then.sshd.accounts.last().map(|a| &a.groups) == then.account.as_ref().map(|a| &a.groups);
    (of("sshd") && !of("sudo") && same_groups).then_some(Why { cause: Cause::Become, message })
}

/// Whether a Change of this resource can touch a login at all.
fn matters(key: &Key, access: &Access) -> bool {
    match key {
        Key::File(path) => {
            keys::is_key_file(path)
                || access.ways.is_key_file(path)
                || service_of(path).is_some_and(|s| matches!(s.name, "sshd" | "sudo" | "accounts"))
        }
        other => account::is_of(other, access.next_user()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Present,
    Planned,
}

/// All that decides on a login, on one side of the plan.
struct Look<'a> {
    sshd: &'a Effective,
    /// With the Match blocks that hold for this login.
    settings: &'a Settings,
    account: Option<Account>,
    keys: Option<Why>,
    sudo: Option<Why>,
}

/// Gathers it; nothing where sshd can't be asked, or not with the candidates in place.
fn look<'a>(access: &Access, world: &'a World, side: Side) -> Result<Option<Look<'a>>, Stop> {
    let overlay = match side {
        Side::Present => Vec::new(),
        Side::Planned => match sshd::planned(world) {
            Ok(mut overlay) => {
                overlay.sort();
                overlay
            }
            Err(_) => return Ok(None),
        },
    };
    let id = SshdId { logins: access.logins(), own: DROP_IN.into(), overlay };
    let state = world.ask::<Sshd>(id);
    let sudo = sudo::refuses(access, world, side);
    let SshdState::Present(sshd) = state? else { return Ok(None) };
    // The last of the logins is the next run's.
    let Some(settings) = sshd.logins.last().filter(|_| sshd.refused.is_none()) else { return Ok(None) };
    let now = sshd.accounts.last();
    let account = now.cloned().map(|account| match side {
        Side::Present => account,
        Side::Planned => account::planned(account, world),
    });
    let group = now.zip(account.as_ref()).and_then(|(a, b)| sudo::leaves_group(access, a, b, world));
    let keys = keys::refuses(access, settings, account.as_ref(), world, side)?;
    Ok(Some(Look { sshd, settings, account, keys, sudo: sudo?.or(group) }))
}

impl Look<'_> {
    fn refuses(&self, access: &Access) -> Option<Why> {
        doors::refuses(access, self.sshd, self.settings, self.account.as_ref())
            .or_else(|| self.account.as_ref().and_then(|a| account::refuses(a, access)))
            .or_else(|| self.keys.clone())
            .or_else(|| self.sudo.clone())
    }
}

/// The Change to blame: the file whose line sets the keyword, the account, the key file.
fn guilty(why: &Why, then: &Look<'_>, access: &Access, relevant: &[&Changed<'_>]) -> Option<Key> {
    let user = access.next_user();
    let of_service = |key: &Key, name: &str| match key {
        Key::File(path) => service_of(path).is_some_and(|s| s.name == name),
        _ => false,
    };
    let holds_keys = |path: &str| keys::is_key_file(path) || access.ways.is_key_file(path);
    let fits = |key: &Key| match &why.cause {
        // A list of groups can shut somebody out by the account's groups, too.
        Cause::Sshd(keyword) => {
            of_service(key, "sshd") || keyword.ends_with("groups") && account::is_of(key, user)
        }
        Cause::Account => of_service(key, "accounts") || account::is_of(key, user),
        Cause::Keys => matches!(key, Key::File(path) if holds_keys(path)) || of_service(key, "sshd"),
        Cause::Become => of_service(key, "sshd"),
        Cause::Sudo => of_service(key, "sudo") || account::is_of(key, user),
    };
    let candidates = || relevant.iter().map(|c| c.0).filter(|key| fits(key));
    let named = match &why.cause {
        Cause::Sshd(keyword) => {
            let files: Vec<&str> = then
                .sshd
                .directives
                .iter()
                .filter(|d| d.keyword == *keyword)
                .map(|d| d.file.as_str())
                .collect();
            candidates().find(|key| matches!(key, Key::File(path) if files.contains(&path.as_str())))
        }
        _ => None,
    };
    // Nothing that fits: the login is refused for another reason than this plan.
    named.or_else(|| candidates().next()).or_else(|| relevant.first().map(|c| c.0)).cloned()
}

#[cfg(test)]
mod tests;

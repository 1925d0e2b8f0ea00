//! `user`: an account, its groups, its password's hash and ageing.

use super::group::{check_name, number};
use super::{Args, Context, Kind, Module, Param, Planned, Want};
use crate::resource::Extras;
use crate::resource::group::{Group, GroupState};
use crate::resource::user::{Account, Hash, Options, Password, User as Resource, UserState};
use crate::world::Stop;

pub struct User;

const PARAMS: &[Param] = &[
    Param::new(&["name", "user"], Kind::Text, "The login name.").required(),
    Param::new(&["state"], Kind::Text, "Default: present.").choices(&["present", "absent"]),
    Param::new(&["uid"], Kind::Integer, "Its number. Default: the next free one."),
    Param::new(&["non_unique"], Kind::Bool, "Another account may have the number too. Default: false."),
    Param::new(&["group"], Kind::Text, "The primary group. Default: one of the same name."),
    Param::new(&["groups"], Kind::List, "The other groups: exactly these, unless `append`."),
    Param::new(&["append"], Kind::Bool, "Leave it in its other groups too. Default: false."),
    Param::new(&["home"], Kind::Path, "The home folder. Default: /home/NAME."),
    Param::new(&["create_home", "createhome"], Kind::Bool, "Make the home of a new account. Default: true."),
    Param::new(&["move_home"], Kind::Bool, "Take what is in the old home along. Default: false."),
    Param::new(&["skeleton"], Kind::Path, "The folder that a new home is copied from."),
    Param::new(&["shell"], Kind::Text, "The login shell. Default for a new account: the host's."),
    Param::new(&["comment"], Kind::Text, "The full name."),
    Param::new(&["system"], Kind::Bool, "A new account gets a number from the system's range."),
    Param::new(&["password"], Kind::Text, "The hash of the password, or `*` for none."),
    Param::new(
        &["update_password"],
        Kind::Text,
        "Whether an account that is there gets it. Default: always.",
    )
    .choices(&["always", "on_create"]),
    Param::new(&["password_lock"], Kind::Bool, "Lock the password; keys go on working."),
    Param::new(&["password_expire_max"], Kind::Integer, "Days after which it must be changed."),
    Param::new(&["password_expire_min"], Kind::Integer, "Days before which it can't be changed."),
    Param::new(&["password_expire_warn"], Kind::Integer, "Days of warning."),
    Param::new(
        &["password_expire_account_disable"],
        Kind::Integer,
        "Days after the password's end until the account is shut.",
    ),
    Param::new(&["expires"], Kind::Text, "When the account ends, in seconds since 1970; negative: never."),
    Param::new(&["remove"], Kind::Bool, "For `absent`: the home and mail too. Default: false."),
    Param::new(&["force"], Kind::Bool, "For `absent`: even if logged in. Default: false."),
    Param::new(&["local"], Kind::Bool, "Taken: always the host's own files."),
    Param::new(&["generate_ssh_key"], Kind::Bool, "Not yet."),
];

impl Module for User {
    fn names(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn about(&self) -> &'static str {
        "An account, its groups, its password and ageing."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("name")?;
        check_name("user", &name)?;
        if args.flag("generate_ssh_key") == Some(true) {
            return Err(Stop::error(
                "`generate_ssh_key` can't be done yet: make the key where its owner is, and use `authorized_key`",
            ));
        }
        let now = cx.world.ask::<Resource>(name.clone());
        let groups = groups(args, &name, cx);
        let now = now?;
        groups?;
        let to = match args.text("state").as_deref() {
            Some("absent") => UserState::Absent,
            _ => UserState::Present(account(args, &name, now.account())?),
        };
        keep_in(&name, now, &to, cx)?;
        let mut want = Want::new::<Resource>(name.clone(), to.clone());
        want.extras = Extras { account: options(args), ..Extras::default() };
        let mut planned = Planned::default().result("name", name);
        if let Some(account) = to.account() {
            planned = planned.result("home", account.home.clone()).result("comment", account.comment.clone());
            for (name, value) in [("shell", &account.shell), ("group", &account.group)] {
                if let Some(value) = value {
                    planned = planned.result(name, value.clone());
                }
            }
            if let Some(uid) = account.uid {
                planned = planned.result("uid", uid);
            }
        }
        planned.wants.push(want);
        Ok(planned)
    }
}

fn options(args: &Args) -> Options {
    let flag = |name: &str| args.flag(name).unwrap_or(false);
    Options {
        system: flag("system"),
        home: args.flag("create_home").unwrap_or(true),
        skeleton: args.text("skeleton"),
        move_home: flag("move_home"),
        shared_uid: flag("non_unique"),
        remove: flag("remove"),
        force: flag("force"),
        sub_ids: None,
    }
}

/// Checks that the groups are there: useradd would fail halfway through a run.
fn groups(args: &Args, name: &str, cx: &Context<'_>) -> Result<(), Stop> {
    if args.text("state").as_deref() == Some("absent") {
        return Ok(());
    }
    let mut wanted = args.list("groups").unwrap_or_default();
    wanted.extend(args.text("group"));
    let states: Vec<_> = wanted.iter().map(|g| cx.world.ask::<Group>(g.clone())).collect();
    for (group, state) in wanted.iter().zip(states) {
        let own_new = group == name && args.get("group").is_none();
        if *state? == GroupState::Absent && !own_new && cx.world.waits_for().is_none() {
            return Err(Stop::error(format!("group `{group}` does not exist (make it with `group` first)")));
        }
    }
    Ok(())
}

fn account(args: &Args, name: &str, now: Option<&Account>) -> Result<Account, Stop> {
    let mut to = match now {
        Some(now) => now.clone(),
        None => {
            Account { home: format!("/home/{name}"), group: Some(name.to_string()), ..Account::default() }
        }
    };
    to.uid = number(args, "uid")?.or(to.uid);
    to.group = args.text("group").or(to.group);
    to.home = args.text("home").unwrap_or(to.home);
    to.shell = args.text("shell").or(to.shell);
    if let Some(comment) = args.text("comment") {
        if comment.contains([':', '\n']) {
            return Err(Stop::error(
                "`comment` can't hold a colon or a line feed: /etc/passwd has no room for them",
            ));
        }
        to.comment = comment;
    }
    if let Some(groups) = args.list("groups") {
        let mut all = if args.flag("append") == Some(true) { to.groups.clone() } else { Vec::new() };
        all.extend(groups.into_iter().filter(|g| Some(g) != to.group.as_ref()));
        all.sort();
        all.dedup();
        to.groups = all;
    }
    password(args, now, &mut to)?;
    ageing(args, &mut to)?;
    Ok(to)
}

fn password(args: &Args, now: Option<&Account>, to: &mut Account) -> Result<(), Stop> {
    let keep = now.is_some() && args.text("update_password").as_deref() == Some("on_create");
    if let Some(text) = args.text("password").filter(|_| !keep) {
        let (password, locked) = read(&text)?;
        if let Some(now) = now
            && now.password.is_none()
        {
            return Err(Stop::error("passwords can't be read on this host: the task needs `become: true`"));
        }
        if to.password.as_ref() != Some(&password) {
            // Setting it sets the day of change.
            to.ageing.last_change = None;
        }
        to.password = Some(password);
        to.locked = Some(locked);
    }
    to.locked = args.flag("password_lock").or(to.locked);
    if args.flag("password_lock") == Some(false)
        && matches!(to.password, Some(Password::None) | None)
        && now.is_some()
    {
        // There is nothing to unlock: a `!` alone stays, as usermod -U would leave no password.
        to.locked = now.and_then(|n| n.locked);
    }
    Ok(())
}

/// A hash as in shadow; a password in the clear is refused and not shown.
fn read(text: &str) -> Result<(Password, bool), Stop> {
    let bare = text.trim_start_matches('!');
    let locked = bare.len() != text.len();
    let hash = bare.starts_with('$') && bare.matches('$').count() >= 3 && !bare.contains([':', '\n', ' ']);
    match bare {
        "" if !locked => Ok((Password::Empty, false)),
        "" | "*" => Ok((Password::None, locked)),
        _ if hash => Ok((Password::Set(Hash::new(bare)), locked)),
        _ => Err(Stop::error(
            "`password` must be a hash, and this is none: `{{ the_password | password_hash('sha512', a_fixed_salt) }}` makes one",
        )),
    }
}

fn ageing(args: &Args, to: &mut Account) -> Result<(), Stop> {
    let ageing = &mut to.ageing;
    for (name, field) in [
        ("password_expire_max", &mut ageing.max),
        ("password_expire_min", &mut ageing.min),
        ("password_expire_warn", &mut ageing.warn),
        ("password_expire_account_disable", &mut ageing.inactive),
    ] {
        if let Some(days) = args.integer(name) {
            *field = Some(days.max(-1));
        }
    }
    if let Some(text) = args.text("expires") {
        let seconds: f64 = text.parse().map_err(|_| {
            Stop::error(format!("`expires` is a time in seconds since 1970, this is `{text}`"))
        })?;
        ageing.expires = Some(if seconds < 0.0 { -1 } else { (seconds / 86400.0).floor() as i64 });
    }
    Ok(())
}

/// Nothing takes away the account that harda comes back as.
fn keep_in(name: &str, now: &UserState, to: &UserState, cx: &Context<'_>) -> Result<(), Stop> {
    if name != cx.access.next_user() || now.account().is_none() {
        return Ok(());
    }
    let refuse = |what: &str| {
        Err(Stop::Refused(format!(
            "{what} `{name}`, which harda logs in as (`harda_login_after` names another account)"
        )))
    };
    let Some(account) = to.account() else { return refuse("this would remove") };
    let was = now.account();
    if !account.can_log_in() && was.is_some_and(Account::can_log_in) {
        return refuse("this would give a shell that ends at once to");
    }
    let locked = account.locked == Some(true) && was.is_some_and(|w| w.locked != Some(true));
    if locked && (cx.access.by_password || cx.access.by_sudo) {
        return refuse("this would lock the password of");
    }
    let today = today(cx);
    if account.ageing.expires != was.and_then(|w| w.ageing.expires)
        && matches!((account.ageing.expires, today), (Some(day), Some(today)) if day >= 0 && day <= today)
    {
        return refuse("this would end the account of");
    }
    Ok(())
}

/// The host's date in days since 1970, as shadow counts.
pub fn today(cx: &Context<'_>) -> Option<i64> {
    let clock = cx.world.facts.get_attr("date_time").ok()?;
    let epoch: i64 = clock.get_attr("epoch").ok()?.to_string().parse().ok()?;
    Some(epoch / 86400)
}

#[cfg(test)]
#[path = "user/tests.rs"]
mod tests;

//! `password_ageing`: existing passwords age, without shutting anybody out.
//!
//! login.defs only counts for accounts made later. Setting a maximum on an old password makes it
//! expire at once, for keys, sudo and cron too: such an account is named and left alone.

use super::user::today;
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::accounts::{ALL, Accounts};
use crate::resource::user::{Ageing, User, UserState};
use crate::resource::{Key, State};
use crate::world::Stop;
use std::collections::BTreeMap;

pub struct PasswordAgeing;

const PARAMS: &[Param] = &[
    Param::new(&["max_days"], Kind::Integer, "Days after which a password must be changed."),
    Param::new(&["min_days"], Kind::Integer, "Days before which it can't be changed again."),
    Param::new(&["warn_days"], Kind::Integer, "Days of warning."),
    Param::new(
        &["inactive"],
        Kind::Integer,
        "Days after the password's end until the account is shut; -1: never.",
    ),
    Param::new(&["exclude"], Kind::List, "Accounts that are left alone."),
    Param::new(&["force"], Kind::List, "Accounts that may expire by it at once."),
];

impl Module for PasswordAgeing {
    fn names(&self) -> &'static [&'static str] {
        &["password_ageing"]
    }

    fn about(&self) -> &'static str {
        "The ageing of all existing passwords but root's and harda's own."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let rule = rule(args)?;
        let today = today(cx).ok_or_else(|| {
            Stop::error("the host's date is not known: the play must gather facts (`gather_facts: true`)")
        })?;
        let exclude = args.list("exclude").unwrap_or_default();
        let force = args.list("force").unwrap_or_default();
        let mut planned = Planned::default();
        let mut left = Vec::new();
        let mut due = Vec::new();
        for (name, ageing) in accounts(cx)? {
            let own = name == cx.access.user || name == cx.access.next_user();
            if name == "root" || own || exclude.contains(&name) || rule.holds(&ageing) {
                continue;
            }
            match rule.expires(&ageing, today) {
                Some(age) if !force.contains(&name) => {
                    planned.notes.push(format!(
                        "`{name}` is left alone: its password is {age} days old and would expire at once (`force` lists accounts for which it may)"
                    ));
                    left.push(name);
                }
                _ => due.push(name),
            }
        }
        // All are asked for before any is looked at.
        let states: Vec<_> = due.iter().map(|name| cx.world.ask::<User>(name.clone())).collect();
        for (name, state) in due.iter().zip(states) {
            if let UserState::Present(account) = state? {
                let mut to = account.clone();
                rule.apply(&mut to.ageing);
                planned = planned.want::<User>(name.clone(), UserState::Present(to));
            }
        }
        Ok(planned.result("accounts", due).result("left_alone", left))
    }
}

/// The accounts with a password that lets somebody in, those of this plan too.
fn accounts(cx: &Context<'_>) -> Result<BTreeMap<String, Ageing>, Stop> {
    let mut accounts = cx.world.ask::<Accounts>(ALL)?.0.clone();
    for (key, state) in cx.world.predictions() {
        let (Key::User(name), State::User(state)) = (key, state) else { continue };
        match state.account().filter(|a| a.usable_password()) {
            Some(account) => accounts.insert(name.clone(), account.ageing.clone()),
            None => accounts.remove(name),
        };
    }
    Ok(accounts)
}

/// The numbers that a task gives.
struct Rule {
    max: Option<i64>,
    min: Option<i64>,
    warn: Option<i64>,
    inactive: Option<i64>,
}

fn rule(args: &Args) -> Result<Rule, Stop> {
    let days = |name: &str| match args.integer(name) {
        Some(n) if n < -1 => {
            Err(Stop::error(format!("`{name}` is a number of days, or -1 for none; this is `{n}`")))
        }
        other => Ok(other),
    };
    let rule = Rule {
        max: days("max_days")?,
        min: days("min_days")?,
        warn: days("warn_days")?,
        inactive: days("inactive")?,
    };
    if let (Some(min), Some(max)) = (rule.min, rule.max)
        && max >= 0
        && min > max
    {
        return Err(Stop::error(format!(
            "`min_days` ({min}) is more than `max_days` ({max}): nobody could change a password that has expired"
        )));
    }
    match [rule.max, rule.min, rule.warn, rule.inactive].iter().all(Option::is_none) {
        true => Err(Stop::error(
            "module `password_ageing` needs one of `max_days`, `min_days`, `warn_days`, `inactive`",
        )),
        false => Ok(rule),
    }
}

impl Rule {
    fn holds(&self, ageing: &Ageing) -> bool {
        let mut to = ageing.clone();
        self.apply(&mut to);
        to == *ageing
    }

    fn apply(&self, ageing: &mut Ageing) {
        ageing.max = self.max.or(ageing.max);
        ageing.min = self.min.or(ageing.min);
        ageing.warn = self.warn.or(ageing.warn);
        ageing.inactive = self.inactive.or(ageing.inactive);
    }

    /// The password's age, if the rule would make it expire by today. One that has expired by the
    /// present rule already, or must be changed at the next login (0), loses nothing.
    fn expires(&self, ageing: &Ageing, today: i64) -> Option<i64> {
        let max = self.max.filter(|max| *max >= 0)?;
        let changed = ageing.last_change.filter(|day| *day > 0)?;
        let before = ageing.max.is_some_and(|old| old >= 0 && changed + old <= today);
        (!before && changed + max <= today).then_some(today - changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, result, wanted};
    use crate::resource::accounts::AccountsState;
    use crate::resource::user::Account;
    use minijinja::Value;
    use serde_json::json;

    /// Day 20416.
    const NOW: &str = "1764000000";

    fn bench() -> Bench {
        let ageing = |last: i64, max: i64| Ageing {
            last_change: Some(last),
            min: Some(0),
            max: Some(max),
            warn: Some(7),
            inactive: Some(-1),
            expires: Some(-1),
        };
        let all = [
            ("root", ageing(18000, 99999)),
            ("admin", ageing(18000, 99999)),
            ("old", ageing(18000, 99999)),
            ("young", ageing(20400, 99999)),
            ("right", ageing(20400, 365)),
            ("svc", ageing(18000, 99999)),
        ];
        let mut bench = Bench::new().has::<Accounts>(
            ALL,
            AccountsState(all.iter().map(|(name, ageing)| (name.to_string(), ageing.clone())).collect()),
        );
        for (name, ageing) in all {
            let account = Account { ageing, ..Account::default() };
            bench = bench.has::<User>(name, UserState::Present(account));
        }
        bench.access.user = "admin".into();
        bench.world.facts = Value::from_pairs([("date_time", Value::from_pairs([("epoch", NOW)]))]);
        bench
    }

    #[test]
    fn nobody_is_shut_out() {
        let planned =
            bench().plan("password_ageing", json!({"max_days": 365, "exclude": ["svc"]})).expect("planned");
        assert_eq!(planned.wants.len(), 1);
        let young = wanted::<User>(&planned, "young").and_then(UserState::account).expect("wanted");
        assert_eq!(young.ageing.max, Some(365));
        assert_eq!(planned.notes.len(), 1);
        assert!(planned.notes[0].starts_with("`old` is left alone: its password is 2416 days old"));
        assert_eq!(result(&planned, "left_alone").map(ToString::to_string).as_deref(), Some("['old']"));
        let forced =
            bench().plan("password_ageing", json!({"max_days": 365, "force": "old"})).expect("planned");
        assert!(wanted::<User>(&forced, "old").is_some());
    }

    #[test]
    fn wrong_numbers_are_told() {
        let told = |args: serde_json::Value| bench().error("password_ageing", args);
        assert!(told(json!({"max_days": 10, "min_days": 20})).contains("nobody could change"));
        assert!(told(json!({})).contains("needs one of"));
    }
}

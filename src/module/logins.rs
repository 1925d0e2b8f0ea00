//! `logins`: who can log in on the host and how, for the tasks that follow.

use super::{Args, Context, Module, Param, Planned};
use crate::resource::logins::{Login, Logins as State, NOW, WhoLogsIn};
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::{Serde, merge_maps};

pub struct Logins;

impl Module for Logins {
    fn names(&self) -> &'static [&'static str] {
        &["logins"]
    }

    fn about(&self) -> &'static str {
        "Who can log in on the host, and how: `accounts` of /etc/passwd with `can_log_in`, `shell`, `password` (usable, \
         empty, locked, none), `keys` that sshd would take (`fingerprint`, `comment`, `file`), `sources` that it asks \
         besides, `groups`, `home`; `databases`, where the host looks accounts up; `least_uid` of a person."
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    fn plan(&self, _args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let logins = cx.world.ask::<WhoLogsIn>(NOW.to_string())?;
        Ok(told(logins))
    }
}

fn told(logins: &State) -> Planned {
    let accounts: Vec<Value> = logins.accounts.iter().map(account).collect();
    Planned::default()
        .result("accounts", accounts)
        .result("databases", logins.databases.clone())
        .result("least_uid", logins.least_uid)
}

fn account(login: &Login) -> Value {
    let plain = Value::from(Serde(login));
    let own = Value::from_pairs([("can_log_in", Value::from(login.can_log_in()))]);
    merge_maps([own, plain])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, result};
    use crate::resource::logins::Key;
    use serde_json::json;

    #[test]
    fn accounts_are_told_with_whether_they_can_log_in() {
        let key = Key { file: "/f".into(), fingerprint: "SHA256:a".into(), comment: "a@b".into() };
        let anna = Login { name: "anna".into(), has_shell: true, keys: vec![key], ..Login::default() };
        let logins = State { accounts: vec![anna], least_uid: 500, ..State::default() };
        let bench = Bench::new().has::<WhoLogsIn>(NOW, logins);
        let planned = bench.plan("logins", json!({})).expect("planned");
        let told = serde_json::to_value(result(&planned, "accounts").expect("told")).expect("JSON");
        assert_eq!(told[0]["can_log_in"], json!(true));
        assert_eq!(told[0]["keys"][0]["comment"], json!("a@b"));
        assert_eq!(result(&planned, "least_uid"), Some(&Value::from(500)));
    }
}

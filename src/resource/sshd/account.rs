//! The account that logs in, as far as sshd and PAM look at it.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub present: bool,
    pub uid: u32,
    pub home: String,
    pub shell: String,
    /// By name, the primary one too.
    pub groups: Vec<String>,
    /// The password is locked (`!` before its hash).
    pub locked: bool,
    pub days: Days,
}

/// Days since 1970 (shadow(5)); `None` where the field is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    pub today: i64,
    pub last_change: Option<i64>,
    pub max: Option<i64>,
    pub expires: Option<i64>,
}

impl Days {
    /// Why the account can't begin a session, if so: PAM's account phase refuses keys too, once
    /// the password has expired.
    pub fn expired(&self) -> Option<String> {
        if self.expires.is_some_and(|end| end >= 0 && end <= self.today) {
            return Some("the account would be past its last day".into());
        }
        let (changed, max) = (self.last_change?, self.max.unwrap_or(-1));
        if changed == 0 {
            return Some("its password must be changed at the next login".into());
        }
        let old = changed > 0 && max >= 0 && changed + max < self.today;
        old.then(|| format!("its password would be older than {max} days"))
    }

    /// `today:lastchange:min:max:warn:inactive:expire:`.
    fn read(shadow: &str) -> Self {
        let fields: Vec<Option<i64>> = shadow.split(':').map(|f| f.parse().ok()).collect();
        let day = |at: usize| fields.get(at).copied().flatten();
        Days { today: day(0).unwrap_or(0), last_change: day(1), max: day(3), expires: day(6) }
    }
}

impl Account {
    /// Reads the lines of passwd, of `id -Gn`, `locked` or `open`, and what follows the password in
    /// shadow, today's day number before it.
    pub fn read(name: &str, lines: &str) -> Self {
        let mut lines = lines.lines();
        let passwd: Vec<&str> = lines.next().unwrap_or_default().split(':').collect();
        let field = |at: usize| passwd.get(at).map(|f| f.to_string()).unwrap_or_default();
        let groups = lines.next().unwrap_or_default();
        Account {
            name: name.to_string(),
            present: passwd.len() >= 7,
            uid: field(2).parse().unwrap_or(0),
            home: field(5),
            shell: field(6),
            groups: groups.split_whitespace().map(str::to_string).collect(),
            locked: lines.next() == Some("locked"),
            days: Days::read(lines.next().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_with_its_days() {
        let line = "admin:x:1000:1000::/home/admin:/bin/bash";
        let of = |shadow: &str| Account::read("admin", &format!("{line}\nadmin sudo\nopen\n{shadow}\n"));
        let fine = of("20000:19990:0:99999:7:::");
        assert_eq!((fine.uid, fine.present, fine.locked, fine.days.expired()), (1000, true, false, None));
        assert_eq!(fine.groups, ["admin", "sudo"]);
        let why = |shadow: &str| of(shadow).days.expired().unwrap_or_default();
        assert_eq!(why("20000:19990:0:99999:7::20000:"), "the account would be past its last day");
        assert_eq!(why("20000:19900:0:90:7:::"), "its password would be older than 90 days");
        assert_eq!(why("20000:0:0:99999:7:::"), "its password must be changed at the next login");
        assert!(!Account::read("ghost", "").present);
    }
}

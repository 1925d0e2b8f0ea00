//! `harda review access`: who can log in on each host and how, and who hasn't for long.

use crate::cli::CliError;
use crate::cli::looking;
use crate::cli::options::{BecomeArgs, InventoryArgs, LoginArgs, RunArgs};
use crate::cli::output::{Format, OutputArgs};
use crate::report::{Paint, safe_long_line as safe_line};
use crate::resource::logins::{Login, Logins, REVIEW, Seen, WhoLogsIn};
use clap::Args;
use std::fmt::Write;

/// Who can log in on each host and how: keys, password, sudo, the last session that is recorded
///
/// To be looked through by whoever answers for it, then signed off: harda attest 6.1-e.
/// An account of which no session is recorded may have been used before the records begin.
#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(flatten)]
    inventory: InventoryArgs,

    /// Name accounts whose last session is this many days ago or more
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    unused_for: u32,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,
}

pub fn run(args: &AccessArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let run = RunArgs::without_playbooks(args.inventory.clone(), args.login.clone(), args.r#become.clone());
    let now = jiff::Timestamp::now().as_second();
    looking::look::<WhoLogsIn>("review", &run, REVIEW, output, |host, logins, _, paint| match output.format {
        Format::Json => record(host, logins, args.unused_for, now),
        Format::Text => text(host, logins, args.unused_for, now, paint),
    })
}

/// What the records say of an account's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Recent(Seen),
    /// Not for as long as was asked for.
    Old(Seen),
    /// Never within the records, which reach back as long as was asked for.
    NoneSince(Seen),
    /// The records begin later than that: it isn't known.
    TooShort(Seen),
    NotRecorded,
}

impl Use {
    fn of(account: &Login, logins: &Logins, unused_for: u32, now: Seen) -> Use {
        let limit = now - i64::from(unused_for) * 86_400;
        match (account.seen, logins.recorded_since) {
            (Some(seen), _) if seen > limit => Use::Recent(seen),
            (Some(seen), _) => Use::Old(seen),
            (None, Some(since)) if since <= limit => Use::NoneSince(since),
            (None, Some(since)) => Use::TooShort(since),
            (None, None) => Use::NotRecorded,
        }
    }

    fn is_unused(self) -> bool {
        matches!(self, Use::Old(_) | Use::NoneSince(_))
    }

    fn words(self) -> String {
        match self {
            Use::Recent(seen) | Use::Old(seen) => format!("last session recorded on {}", day(seen)),
            Use::NoneSince(since) | Use::TooShort(since) => {
                format!("no session recorded since {}, where the records begin", day(since))
            }
            Use::NotRecorded => "last session not recorded on this host".into(),
        }
    }
}

fn day(seconds: Seen) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => seconds.to_string(),
    }
}

fn text(host: &str, logins: &Logins, unused_for: u32, now: Seen, paint: &Paint) -> String {
    let mut page = format!("{}\n", paint.hosts(safe_line(host)));
    let can: Vec<(&Login, Use)> = logins
        .accounts
        .iter()
        .filter(|account| account.can_log_in())
        .map(|account| (account, Use::of(account, logins, unused_for, now)))
        .collect();
    // Writing to a String can't fail, here and below.
    for (account, used) in &can {
        let groups = match account.groups.is_empty() {
            true => String::new(),
            false => format!(", in {}", account.groups.join(" ")),
        };
        let head = format!("{} (uid {}{groups}): {}", account.name, account.uid, used.words());
        let _ = writeln!(page, "  {}", safe_line(&head));
        for line in ways(account) {
            let _ = writeln!(page, "    {}", safe_line(&line));
        }
    }
    if can.is_empty() {
        page.push_str("  nobody can log in\n");
    }
    for database in elsewhere(logins) {
        let line = format!("accounts of `{database}` (nsswitch.conf) are not listed here");
        let _ = writeln!(page, "  {}", safe_line(&line));
    }
    let unused: Vec<&str> =
        can.iter().filter(|(_, used)| used.is_unused()).map(|(a, _)| a.name.as_str()).collect();
    if !unused.is_empty() {
        let line = format!("unused for {unused_for} days or more: {}", unused.join(", "));
        let _ = writeln!(page, "  {}", paint.change(safe_line(&line)));
    }
    page
}

/// By what somebody gets in as this account, and what sudo gives then.
fn ways(account: &Login) -> Vec<String> {
    let mut lines: Vec<String> = account
        .keys
        .iter()
        .map(|key| {
            let comment = if key.comment.is_empty() { "no comment" } else { &key.comment };
            format!("key {} {comment} ({})", key.fingerprint, key.file)
        })
        .collect();
    lines.extend(account.sources.iter().map(|source| format!("keys by {source}")));
    lines.push(match account.password.as_str() {
        "usable" => "password".into(),
        "empty" => "EMPTY PASSWORD".into(),
        "locked" => "password locked".into(),
        _ => "no password".into(),
    });
    lines.extend(account.sudo.iter().map(|rule| format!("sudo {rule}")));
    lines
}

/// Databases of accounts that aren't files on the host.
fn elsewhere(logins: &Logins) -> impl Iterator<Item = &String> {
    let local = ["files", "compat", "systemd", "altfiles"];
    let word = |name: &&String| name.starts_with(|c: char| c.is_ascii_alphabetic());
    logins.databases.iter().filter(word).filter(move |name| !local.contains(&name.as_str()))
}

fn record(host: &str, logins: &Logins, unused_for: u32, now: Seen) -> String {
    let can = logins.accounts.iter().filter(|account| account.can_log_in());
    let time = |seen: Seen| jiff::Timestamp::from_second(seen).map(|t| t.to_string()).ok();
    let accounts: Vec<serde_json::Value> = can
        .map(|account| {
            let used = Use::of(account, logins, unused_for, now);
            let known = !matches!(used, Use::NotRecorded | Use::TooShort(_));
            serde_json::json!({
                "name": account.name,
                "uid": account.uid,
                "groups": account.groups,
                "password": account.password,
                "keys": account.keys,
                "other_keys": account.sources,
                "sudo": account.sudo,
                "last_session": account.seen.and_then(time),
                "unused": known.then(|| used.is_unused()),
            })
        })
        .collect();
    let record = serde_json::json!({
        "host": host,
        "unused_for_days": unused_for,
        "recorded_since": logins.recorded_since.and_then(time),
        "not_listed": elsewhere(logins).collect::<Vec<_>>(),
        "accounts": accounts,
    });
    format!("{record}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Seen = 86_400;

    #[test]
    fn what_is_not_recorded_is_never_called_unused() {
        let now = 1000 * DAY;
        let used = |seen: Option<Seen>, since: Option<Seen>| {
            let logins = Logins { recorded_since: since, ..Logins::default() };
            Use::of(&Login { seen, ..Login::default() }, &logins, 90, now)
        };
        assert_eq!(used(None, None), Use::NotRecorded);
        assert_eq!(used(None, Some(990 * DAY)), Use::TooShort(990 * DAY));
        assert_eq!(used(None, Some(900 * DAY)), Use::NoneSince(900 * DAY));
        assert_eq!(used(Some(990 * DAY), None), Use::Recent(990 * DAY));
        assert_eq!(used(Some(910 * DAY), Some(990 * DAY)), Use::Old(910 * DAY));
        assert!(!used(None, Some(990 * DAY)).is_unused() && !used(None, None).is_unused());
        assert!(used(None, Some(900 * DAY)).is_unused());
    }

    #[test]
    fn an_account_is_shown_with_all_its_ways_in() {
        let key = crate::resource::logins::Key {
            file: "/home/anna/.ssh/authorized_keys".into(),
            fingerprint: "SHA256:abc".into(),
            comment: String::new(),
        };
        let anna = Login {
            name: "anna".into(),
            uid: 1000,
            has_shell: true,
            password: "empty".into(),
            keys: vec![key],
            sudo: vec!["(ALL) ALL".into()],
            ..Login::default()
        };
        let databases = ["files", "sss", "[NOTFOUND=return]"].map(String::from).to_vec();
        let logins = Logins { accounts: vec![anna], databases, ..Logins::default() };
        let page = text("web1", &logins, 90, 0, &Paint::new(false));
        for words in [
            "anna (uid 1000): last session not recorded on this host",
            "key SHA256:abc no comment (/home/anna/.ssh/authorized_keys)",
            "EMPTY PASSWORD",
            "sudo (ALL) ALL",
            "accounts of `sss`",
        ] {
            assert!(page.contains(words), "no `{words}` in:\n{page}");
        }
        assert!(!page.contains("unused") && !page.contains("NOTFOUND"), "{page}");
        let record: serde_json::Value = serde_json::from_str(&record("web1", &logins, 90, 0)).expect("JSON");
        assert!(record["accounts"][0]["unused"].is_null(), "{record}");
    }
}

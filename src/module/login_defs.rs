//! `login_defs`: settings of /etc/login.defs, in place, comments kept.
//!
//! They count for accounts and passwords that are made later; existing accounts have their own
//! ageing in /etc/shadow. Several classic ones are not read where PAM does that work: they are told.

use super::content::{Current, VALIDATE};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::place::nearest;
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::ValueKind;

pub struct LoginDefs;

const FILE: &str = "/etc/login.defs";

const PARAMS: &[Param] = &[
    Param::new(
        &["settings"],
        Kind::Dict,
        "Names and their values, such as PASS_MAX_DAYS: 365. A value of \
         `null` takes the setting out.",
    )
    .required(),
    Param::new(&["path"], Kind::Path, "The file. Default: /etc/login.defs."),
    VALIDATE,
];

/// login.defs(5) of shadow 4.13 and 4.17.
const KNOWN: &[&str] = &[
    "BCRYPT_MAX_ROUNDS",
    "BCRYPT_MIN_ROUNDS",
    "CHFN_AUTH",
    "CHFN_RESTRICT",
    "CHSH_AUTH",
    "CONSOLE",
    "CONSOLE_GROUPS",
    "CREATE_HOME",
    "DEFAULT_HOME",
    "ENCRYPT_METHOD",
    "ENV_HZ",
    "ENV_PATH",
    "ENV_SUPATH",
    "ENV_TZ",
    "ENVIRON_FILE",
    "ERASECHAR",
    "FAILLOG_ENAB",
    "FAIL_DELAY",
    "FAKE_SHELL",
    "FORCE_SHADOW",
    "FTMP_FILE",
    "GID_MAX",
    "GID_MIN",
    "GRANT_AUX_GROUP_SUBIDS",
    "HMAC_CRYPTO_ALGO",
    "HOME_MODE",
    "HUSHLOGIN_FILE",
    "ISSUE_FILE",
    "KILLCHAR",
    "LASTLOG_ENAB",
    "LASTLOG_UID_MAX",
    "LOGIN_RETRIES",
    "LOGIN_STRING",
    "LOGIN_TIMEOUT",
    "LOG_OK_LOGINS",
    "LOG_UNKFAIL_ENAB",
    "MAIL_CHECK_ENAB",
    "MAIL_DIR",
    "MAIL_FILE",
    "MAX_MEMBERS_PER_GROUP",
    "MD5_CRYPT_ENAB",
    "MOTD_FILE",
    "NOLOGINS_FILE",
    "NONEXISTENT",
    "OBSCURE_CHECKS_ENAB",
    "PASS_ALWAYS_WARN",
    "PASS_CHANGE_TRIES",
    "PASS_MAX_DAYS",
    "PASS_MAX_LEN",
    "PASS_MIN_DAYS",
    "PASS_MIN_LEN",
    "PASS_WARN_AGE",
    "PORTTIME_CHECKS_ENAB",
    "PREVENT_NO_AUTH",
    "QUOTAS_ENAB",
    "SHA_CRYPT_MAX_ROUNDS",
    "SHA_CRYPT_MIN_ROUNDS",
    "SUB_GID_COUNT",
    "SUB_GID_MAX",
    "SUB_GID_MIN",
    "SUB_UID_COUNT",
    "SUB_UID_MAX",
    "SUB_UID_MIN",
    "SULOG_FILE",
    "SU_NAME",
    "SU_WHEEL_ONLY",
    "SYS_GID_MAX",
    "SYS_GID_MIN",
    "SYS_UID_MAX",
    "SYS_UID_MIN",
    "SYSLOG_SG_ENAB",
    "SYSLOG_SU_ENAB",
    "TTYGROUP",
    "TTYPERM",
    "TTYTYPE_FILE",
    "UID_MAX",
    "UID_MIN",
    "ULIMIT",
    "UMASK",
    "USERDEL_CMD",
    "USERGROUPS_ENAB",
    "YESCRYPT_COST_FACTOR",
];

/// Not read by programs built with PAM (the file's own list on Debian 12), and what does the work.
const PAM_DOES: &[(&str, &str)] = &[
    ("PASS_MIN_LEN", "pam_pwquality"),
    ("PASS_MAX_LEN", "pam_pwquality"),
    ("PASS_CHANGE_TRIES", "pam_pwquality"),
    ("OBSCURE_CHECKS_ENAB", "pam_pwquality"),
    ("FAIL_DELAY", "pam_faildelay"),
    ("FAILLOG_ENAB", "pam_faillock"),
    ("LASTLOG_ENAB", "pam_lastlog"),
    ("MAIL_CHECK_ENAB", "pam_mail"),
    ("SU_WHEEL_ONLY", "pam_wheel"),
    ("ULIMIT", "pam_limits"),
    ("PORTTIME_CHECKS_ENAB", "pam_time"),
    ("ENVIRON_FILE", "pam_env"),
];

impl Module for LoginDefs {
    fn names(&self) -> &'static [&'static str] {
        &["login_defs"]
    }

    fn about(&self) -> &'static str {
        "Settings of /etc/login.defs, in place, comments kept."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let settings = settings(args)?;
        let path = args.text("path").unwrap_or_else(|| FILE.into());
        let current = Current::read(args, path, cx)?;
        let Some(before) = current.text.clone() else {
            return Err(Stop::error(format!(
                "`{}` does not exist (Debian 13 has it in package `login.defs`, others in `login` or `passwd`)",
                current.path
            )));
        };
        let after = settings.iter().fold(before, |text, (name, value)| set(&text, name, value.as_deref()));
        let mut planned = current.write(args, after)?;
        for (name, by) in PAM_DOES.iter().filter(|(name, _)| settings.iter().any(|(n, _)| n == name)) {
            planned.notes.push(format!("`{name}` is not read on hosts with PAM, where {by} does that work"));
        }
        Ok(planned)
    }
}

type Setting = (String, Option<String>);

fn settings(args: &Args) -> Result<Vec<Setting>, Stop> {
    let Some(given) = args.get("settings") else { return Ok(Vec::new()) };
    let names = given.try_iter().map_err(|_| Stop::error("`settings` must be a mapping"))?;
    let settings: Vec<(String, Value)> =
        names.map(|name| (name.to_string(), given.get_item(&name).unwrap_or_default())).collect();
    settings
        .into_iter()
        .map(|(name, value)| {
            let value = value_of(&name, &value)?;
            Ok((known(name)?, value))
        })
        .collect()
}

fn known(name: String) -> Result<String, Stop> {
    if KNOWN.contains(&name.as_str()) {
        return Ok(name);
    }
    let near = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&name)).copied();
    let hint = near.or_else(|| nearest(&name, KNOWN.iter().copied()));
    let hint = hint.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Err(Stop::error(format!("login.defs has no setting `{name}`{hint}")))
}

/// Settings that are octal: an unquoted 027 has come as the number 23.
const OCTAL: &[&str] = &["HOME_MODE", "TTYPERM", "UMASK"];

fn value_of(name: &str, value: &Value) -> Result<Option<String>, Stop> {
    let text = match value.kind() {
        ValueKind::Number if OCTAL.contains(&name) && value.as_i64().is_some() => {
            format!("0{:o}", value.as_i64().unwrap_or_default())
        }
        ValueKind::None | ValueKind::Undefined => return Ok(None),
        ValueKind::Bool => (if value.is_true() { "yes" } else { "no" }).to_string(),
        _ => value.to_string(),
    };
    match text.trim().is_empty()
        || text.contains('\n')
        || matches!(value.kind(), ValueKind::Map | ValueKind::Seq)
    {
        true => {
            Err(Stop::error(format!("`settings`: `{text}` is no value for login.defs (one line, not empty)")))
        }
        false => Ok(Some(text.trim().to_string())),
    }
}

/// The last line of the setting counts (shadow reads them in order), so it gets the value and the
/// others go. A new one comes after the line where it is commented out, or last.
fn set(text: &str, name: &str, value: Option<&str>) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let words = |line: &str| -> Vec<String> { line.split_whitespace().map(String::from).collect() };
    let is_it = |line: &&str| words(line).first().is_some_and(|w| w == name);
    let is_comment = |line: &&str| {
        let rest = line.trim_start().strip_prefix('#').map(words);
        rest.is_some_and(|w| w.len() <= 2 && w.first().is_some_and(|w| w == name))
    };
    let last = lines.iter().rposition(is_it);
    let mut kept = String::new();
    let new = value.map(|value| format!("{name}\t{value}\n"));
    let after = if last.is_some() { None } else { lines.iter().rposition(is_comment) };
    for (at, line) in lines.iter().enumerate() {
        let same = |value: &str| words(line).get(1..).map(|w| w.join(" ")).as_deref() == Some(value);
        match (is_it(line), value) {
            (true, Some(value)) if last == Some(at) && same(value) => kept.push_str(line),
            (true, Some(_)) if last == Some(at) => kept.push_str(new.as_deref().unwrap_or_default()),
            (true, _) => {}
            (false, _) => kept.push_str(line),
        }
        if after == Some(at) {
            end_line(&mut kept);
            kept.push_str(new.as_deref().unwrap_or_default());
        }
    }
    if let (None, None, Some(new)) = (last, after, &new) {
        end_line(&mut kept);
        kept.push_str(new);
    }
    kept
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted_text};
    use serde_json::json;

    #[test]
    fn settings_are_edited_in_place() {
        let cases = [
            ("# c\nPASS_MAX_DAYS\t99999\nX 1\n", Some("365"), "# c\nPASS_MAX_DAYS\t365\nX 1\n"),
            ("PASS_MAX_DAYS   365\n", Some("365"), "PASS_MAX_DAYS   365\n"),
            ("PASS_MAX_DAYS 1\nX 1\nPASS_MAX_DAYS 2", Some("365"), "X 1\nPASS_MAX_DAYS\t365\n"),
            ("a\n#PASS_MAX_DAYS 9\nb\n", Some("365"), "a\n#PASS_MAX_DAYS 9\nPASS_MAX_DAYS\t365\nb\n"),
            ("# PASS_MAX_DAYS is how long\n", Some("7"), "# PASS_MAX_DAYS is how long\nPASS_MAX_DAYS\t7\n"),
            ("", Some("7"), "PASS_MAX_DAYS\t7\n"),
            ("x", Some("7"), "x\nPASS_MAX_DAYS\t7\n"),
            ("PASS_MAX_DAYS 1\nx\n", None, "x\n"),
            ("#PASS_MAX_DAYS 1\n", None, "#PASS_MAX_DAYS 1\n"),
        ];
        for (before, value, after) in cases {
            assert_eq!(set(before, "PASS_MAX_DAYS", value), after, "{before:?}");
        }
    }

    #[test]
    fn the_task_wants_one_file_and_tells_what_is_in_vain() {
        let bench = Bench::new().file(FILE, "PASS_MAX_DAYS 99999\n");
        let args = json!({"settings": {"PASS_MAX_DAYS": 365, "SYSLOG_SU_ENAB": true, "PASS_MIN_LEN": 12, "UMASK": 0o27}});
        let planned = bench.plan("login_defs", args).expect("planned");
        let text = "PASS_MAX_DAYS\t365\nSYSLOG_SU_ENAB\tyes\nPASS_MIN_LEN\t12\nUMASK\t027\n";
        assert_eq!(wanted_text(&planned, FILE).as_deref(), Some(text));
        assert!(planned.notes[0].contains("pam_pwquality"), "{:?}", planned.notes);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let bench = Bench::new().without(FILE);
        let told = |settings: serde_json::Value| bench.error("login_defs", json!({"settings": settings}));
        assert!(told(json!({"PASS_MAX_DAY": 1})).ends_with("(did you mean `PASS_MAX_DAYS`?)"));
        assert!(told(json!({"umask": "027"})).ends_with("(did you mean `UMASK`?)"));
        assert!(told(json!({"UMASK": ""})).contains("one line, not empty"));
        assert!(told(json!({"UMASK": "027"})).contains("does not exist"));
    }
}

//! Passwords: asked for on the terminal, never echoed, or read from files; never from the
//! environment, where every child process could see them.

use super::CliError;
use super::options::{BecomeArgs, LoginArgs};
use crate::report::{Curtain, Masker, safe_long_line};
use crate::secret::Secret;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// What logging in and becoming were given.
#[derive(Clone, Debug, Default)]
pub struct Passwords {
    pub login: Option<Secret>,
    pub r#become: Option<Secret>,
}

/// Whom the transport asks.
type Asker = Arc<dyn Fn(&str) -> Option<Secret> + Send + Sync>;

/// Passwords that are asked for at most once.
#[derive(Clone, Debug, Default)]
pub struct Once(Arc<OnceLock<Passwords>>);

/// Asks and reads before any host is contacted; a verb of several runs asks before the first.
pub fn collect(login: &LoginArgs, r#become: &BecomeArgs) -> Result<Passwords, CliError> {
    if let Some(known) = login.passwords.0.get() {
        return Ok(known.clone());
    }
    let passwords = asked(login, r#become)?;
    Ok(login.passwords.0.get_or_init(|| passwords).clone())
}

fn asked(login: &LoginArgs, r#become: &BecomeArgs) -> Result<Passwords, CliError> {
    let at_login = match (&login.connection_password_file, login.ask_pass) {
        (Some(file), _) => Some(read(file)?),
        (None, true) => Some(prompt("login password: ", "--connection-password-file")?),
        (None, false) => None,
    };
    let becoming = match (&r#become.become_password_file, r#become.ask_become_pass) {
        (Some(file), _) => Some(read(file)?),
        (None, true) => {
            let question = match &at_login {
                Some(_) => "become password (empty: as the login password): ",
                None => "become password: ",
            };
            let answer = prompt(question, "--become-password-file")?;
            Some(answer).filter(|answer| !answer.expose().is_empty()).or_else(|| at_login.clone())
        }
        (None, false) => None,
    };
    Ok(Passwords { login: at_login, r#become: becoming })
}

/// A passphrase that a plan is sealed by, asked for twice.
pub fn new_passphrase() -> Result<Secret, CliError> {
    let first = prompt("passphrase to seal the plan by: ", "--seal-passphrase-file")?;
    if first.expose().is_empty() {
        return Err(CliError::new("an empty passphrase seals nothing"));
    }
    let again = prompt("the same again: ", "--seal-passphrase-file")?;
    match first.expose() == again.expose() {
        true => Ok(first),
        false => Err(CliError::new("the two passphrases differ")),
    }
}

/// The passphrase of a sealed plan; `None` where nobody can be asked.
pub fn plan_passphrase() -> Option<Secret> {
    rpassword::prompt_password("passphrase of the plan: ").ok().map(Secret::new)
}

fn prompt(question: &str, otherwise: &str) -> Result<Secret, CliError> {
    rpassword::prompt_password(question).map(Secret::new).map_err(|error| {
        CliError::new(format!("no terminal to ask for the {}: {error}", question.trim_end_matches(": ")))
            .hint(format!("use `{otherwise}` where nobody can be asked"))
    })
}

/// The file's first line, as Ansible takes it.
pub fn read(path: &Path) -> Result<Secret, CliError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| CliError::unreadable(path, &error))?;
    match text.lines().next().map(str::trim_end) {
        Some(line) if !line.is_empty() => Ok(Secret::new(line.to_string())),
        _ => Err(CliError::new(format!("there is no password in `{}`", path.display()))),
    }
}

/// Asks while the run is under way, one question at a time, the progress lines aside. `None` where
/// nobody can be asked.
pub fn ask(curtain: Option<Curtain>, masker: Masker) -> Asker {
    let one_at_a_time = Mutex::new(());
    Arc::new(move |question: &str| {
        let _turn = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        // A host may have worded it.
        let question = safe_long_line(question);
        let ask = || rpassword::prompt_password(&question).ok();
        let answer = match &curtain {
            Some(curtain) => curtain.aside(ask),
            None => ask(),
        }?;
        masker.add(&answer);
        Some(Secret::new(answer))
    })
}

//! Logging in by password, as `password` or through `keyboard-interactive`.

use ssh2::{KeyboardInteractivePrompt, Prompt};

use super::auth::Attempt;
use crate::transport::failure::{Failure, FailureKind};

const PASSWORD_EXPIRED: i32 = -17;

/// Tries the password, once: a wrong one counts on the host (faillock), and asked in two ways it
/// would count twice.
pub(super) fn log_in(attempt: &mut Attempt<'_>, methods: Option<String>) -> Result<bool, Failure> {
    let asks = |methods: &Option<String>, way: &str| {
        methods.as_ref().is_some_and(|methods| methods.split(',').any(|m| m == way))
    };
    let mut methods = methods;
    if !asks(&methods, "password") && !asks(&methods, "keyboard-interactive") {
        // A key may have been the first of two steps.
        methods = attempt.methods();
    }
    let Some(password) = &attempt.destination.password else { return Ok(false) };
    if asks(&methods, "password") {
        let result = attempt.limited(|| attempt.session.userauth_password(attempt.user(), password.expose()));
        return judge(attempt, result, "the password".to_string());
    }
    if asks(&methods, "keyboard-interactive") {
        let mut answers = Answers { password: password.expose(), given: false, strange: None };
        let result =
            attempt.limited(|| attempt.session.userauth_keyboard_interactive(attempt.user(), &mut answers));
        let what = match answers.strange {
            Some(question) => format!("the password (it also asks `{question}`, which harda can't answer)"),
            None => "the password".to_string(),
        };
        return judge(attempt, result, what);
    }
    attempt.refused.push("the password (it takes none)".to_string());
    Ok(false)
}

fn judge(attempt: &mut Attempt<'_>, result: Result<(), ssh2::Error>, what: String) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(attempt.session.authenticated()),
        Err(error) if error.code() == ssh2::ErrorCode::Session(PASSWORD_EXPIRED) => {
            let message =
                format!("the password of `{}` on `{}` has expired", attempt.user(), attempt.destination.name);
            Err(Failure::new(FailureKind::LoginRefused, message).hint("log in by hand and choose a new one"))
        }
        Err(error) => {
            attempt.note(what, &error);
            Ok(false)
        }
    }
}

/// Answers one hidden prompt with the password, and nothing else with anything.
struct Answers<'a> {
    password: &'a str,
    given: bool,
    strange: Option<String>,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        match prompts {
            [] => Vec::new(),
            [prompt] if !prompt.echo && !self.given => {
                self.given = true;
                vec![self.password.to_string()]
            }
            prompts => {
                let clean = |p: &Prompt<'_>| p.text.chars().filter(|c| !c.is_control()).take(80).collect();
                self.strange = prompts.first().map(clean);
                vec![String::new(); prompts.len()]
            }
        }
    }
}

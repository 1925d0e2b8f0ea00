//! Logging in by password, as `password` or through `keyboard-interactive`, and by what a person is
//! asked there: a code, a word.

use std::time::{Duration, Instant};

use ssh2::{KeyboardInteractivePrompt, Prompt};

use super::auth::Attempt;
use super::connect::ANSWER_LIMIT;
use super::watch::within;
use crate::transport::failure::{Failure, FailureKind};

const PASSWORD_EXPIRED: i32 = -17;

/// How long a person may take to answer: as long as sshd waits by default (`LoginGraceTime`).
const PERSON_LIMIT: Duration = Duration::from_secs(120);

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
    if let Some(password) = attempt.destination.password.as_ref().filter(|_| asks(&methods, "password")) {
        let result = attempt.limited(|| attempt.session.userauth_password(attempt.user(), password.expose()));
        return judge(attempt, result, "the password".to_string());
    }
    if asks(&methods, "keyboard-interactive") {
        return answer(attempt);
    }
    attempt.refused.push("the password (it takes none)".to_string());
    Ok(false)
}

/// Answers what the host asks: the password first, and the rest by whoever is there.
fn answer(attempt: &mut Attempt<'_>) -> Result<bool, Failure> {
    let limit = match attempt.connector.has_person() {
        true => PERSON_LIMIT.max(ANSWER_LIMIT),
        false => ANSWER_LIMIT,
    };
    let mut answers = Answers { attempt, given: false, asked: None, unanswered: None };
    attempt.session.set_timeout(milliseconds(limit));
    let result = within(attempt.socket, limit, || {
        attempt.session.userauth_keyboard_interactive(attempt.user(), &mut answers)
    });
    attempt.session.set_timeout(milliseconds(ANSWER_LIMIT));
    let Answers { asked, unanswered, .. } = answers;
    let what = match (&asked, unanswered) {
        (_, Some(question)) => format!("the login (it asks `{question}`, and nobody is here to answer)"),
        (Some(question), None) => format!("the answer to `{question}`"),
        (None, None) => "the password".to_string(),
    };
    attempt.asked = asked;
    judge(attempt, result, what)
}

fn milliseconds(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)
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

/// Answers one hidden prompt with the password, and has a person answer all else.
struct Answers<'a, 'b> {
    attempt: &'a Attempt<'b>,
    given: bool,
    /// The last question that somebody answered.
    asked: Option<String>,
    /// The first that nobody did.
    unanswered: Option<String>,
}

impl KeyboardInteractivePrompt for Answers<'_, '_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        match (prompts, &self.attempt.destination.password) {
            ([prompt], Some(password)) if !prompt.echo && !self.given => {
                self.given = true;
                vec![password.expose().to_string()]
            }
            _ => prompts.iter().map(|prompt| self.by_person(&prompt.text)).collect(),
        }
    }
}

impl Answers<'_, '_> {
    fn by_person(&mut self, prompt: &str) -> String {
        let question: String = prompt.chars().filter(|c| !c.is_control()).take(80).collect();
        let question = question.trim().to_string();
        // Once nobody answers, the login is lost.
        let answer = match self.unanswered {
            None => self.attempt.connector.ask(&self.worded(&question)),
            Some(_) => None,
        };
        match answer {
            Some(answer) => {
                self.asked = Some(question);
                answer.expose().to_string()
            }
            None => {
                self.unanswered.get_or_insert(question);
                String::new()
            }
        }
    }

    /// Which host asks whom, and how long the answer may take where that counts.
    fn worded(&self, question: &str) -> String {
        let destination = self.attempt.destination;
        let left = destination.until.map(|until| {
            let left = until.saturating_duration_since(Instant::now()).as_secs();
            format!(" ({left} s left before it takes back what was changed)")
        });
        let left = left.unwrap_or_default();
        format!("{} asks {}{left}: {question} ", destination.name, destination.user)
    }
}

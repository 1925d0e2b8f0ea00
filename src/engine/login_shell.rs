//! Whether a user's login shell comes up: harda's own sessions read no profile, people's do.

use super::host::HostRun;
use crate::fragment::{Fragment, Observation, Reply};
use crate::transport::Question;
use std::collections::BTreeSet;

/// What the shell says once it has read its profiles.
const IN: &str = "harda-login-shell-is-up";

/// Starts it as a login and for a person, so that it reads what it would read then. One that asks
/// for something meets the end of its input.
pub fn question(user: &str) -> Question {
    let script = format!(
        "me=$(id -un)\n\
         line=$(getent passwd \"$me\" 2>/dev/null || grep \"^$me:\" /etc/passwd)\n\
         shell=${{line##*:}}\ncd 2>/dev/null\n\
         timeout 10 \"${{shell:-/bin/sh}}\" -l -i -c 'echo {IN}' </dev/null 2>/dev/null | grep -x {IN}\n\
         true\n"
    );
    let mut fragment = Fragment::new(script);
    fragment.user = Some(user.to_string());
    Question::Observe(Observation(fragment))
}

pub fn is_up(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| reply.text().contains(IN))
}

/// Those of these users whose login shell comes up now. A shell that can't be started like this (a
/// menu, csh) is none that the proof could wait for.
pub fn up_now(run: &mut HostRun<'_>, users: &[&str]) -> BTreeSet<String> {
    let questions: Vec<Question> = users.iter().map(|user| question(user)).collect();
    let replies = run.send(&questions).unwrap_or_default();
    let up = users.iter().zip(&replies).filter(|(_, reply)| is_up(Some(reply)));
    up.map(|(user, _)| user.to_string()).collect()
}

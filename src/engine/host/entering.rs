//! Entering a host: by the login of after the hardening where that works, else by the present one.

use super::keep_script;
use crate::engine::facts;
use crate::engine::identity::Entrance;
use crate::engine::pending::{self, Pending};
use crate::engine::setup::Setup;
use crate::fragment::{Observation, Reply};
use crate::guard::{self, Found};
use crate::module::Access;
use crate::resource::effective::Ways;
use crate::transport::lock::{self, Holder};
use crate::transport::{self, Become, Failure, FailureKind, Login, PlanSession, Proof, Question};

/// What a host says of itself first.
pub(super) struct Hello {
    pub(super) facts: Reply,
    pub(super) switch: Option<Found>,
    pub(super) pending: Vec<Pending>,
    pub(super) holder: Option<Holder>,
    pub(super) ways: Ways,
    /// Why the login of after the hardening could not become the other user.
    pub(super) became_not: Option<String>,
}

pub(super) type Entered = (PlanSession, Hello, Login, Option<Become>, Option<(Login, Option<Become>)>);

/// Enters by the login of after the hardening where there is one and it works, else by the
/// present one.
pub(super) fn enter(setup: &Setup, door: Entrance) -> Result<Entered, Failure> {
    let next = door.after.as_ref().and_then(|(login, _)| login.user.clone()).unwrap_or_default();
    let open = |login: &Login, r#become: Option<&Become>| -> Result<(PlanSession, Hello), Failure> {
        let mut session = transport::open(&setup.connector, login, r#become)?;
        let user = session.proof().user.clone().unwrap_or_default();
        let more = [guard::status(), lock::question(), pending::question(), Ways::question(&[&user, &next])];
        let more = more.map(Observation);
        let asked: Vec<Question> =
            [facts::question()].into_iter().chain(more).map(Question::Observe).collect();
        if let Some(folder) = &setup.options.keep_scripts {
            keep_script(folder, &login.name, &asked);
        }
        let mut replies = session.send(&asked)?.into_iter();
        let facts = replies.next().unwrap_or_default();
        let switch = replies.next().and_then(|reply| guard::read_status(&reply.text()));
        let holder = replies.next().and_then(|reply| lock::holder(&reply));
        let mut pending = replies.next().map(|reply| pending::read(&reply)).unwrap_or_default();
        // Who is at work here runs its own handlers.
        pending.retain(|each| holder.as_ref().is_none_or(|holder| holder.run != each.run));
        let ways = replies.next().map(|reply| Ways::read(&reply)).unwrap_or_default();
        Ok((session, Hello { facts, switch, pending, holder, ways, became_not: None }))
    };
    let mut became_not = None;
    if let Some((login, r#become)) = &door.after {
        match open(login, r#become.as_ref()) {
            Ok((session, hello)) => return Ok((session, hello, login.clone(), r#become.clone(), None)),
            Err(failure) if !is_not_yet(&failure, login, &door.login) => return Err(failure),
            Err(failure) if failure.kind == FailureKind::Become => {
                let host = format!("`{}`: ", login.name);
                let message = failure.message.strip_prefix(&host).unwrap_or(&failure.message);
                became_not = Some(message.to_string());
            }
            Err(_) => {}
        }
    }
    let (session, hello) = open(&door.login, door.r#become.as_ref())?;
    let hello = Hello { became_not, ..hello };
    Ok((session, hello, door.login, door.r#become, door.after))
}

/// Whether a login that failed may just not be there yet: it was refused, or nothing listens where
/// the hardened host will.
fn is_not_yet(failure: &Failure, after: &Login, now: &Login) -> bool {
    match failure.kind {
        FailureKind::LoginRefused | FailureKind::Become => true,
        FailureKind::Unreachable => (after.port, &after.address) != (now.port, &now.address),
        _ => false,
    }
}

pub(super) fn access(
    facts: &minijinja::Value,
    ways: Ways,
    proof: &Proof,
    login: &Login,
    r#become: Option<&Become>,
    after: Option<&(Login, Option<Become>)>,
) -> Access {
    let fact = |name: &str| {
        facts.get_attr(name).ok().filter(|v| !v.is_undefined()).map(|v| v.to_string()).unwrap_or_default()
    };
    let connection = fact("ssh_connection");
    let words: Vec<&str> = connection.split(' ').collect();
    let word = |at: usize| words.get(at).map(|w| w.to_string()).unwrap_or_default();
    Access {
        // After su nothing on the host tells any more who logged in.
        user: proof.user.clone().unwrap_or_else(|| fact("login_user")),
        became: fact("user_id"),
        from: word(0),
        to: word(2),
        port: word(3).parse().unwrap_or(login.port.unwrap_or(22)),
        after: after.and_then(|(login, _)| login.user.clone()),
        after_became_not: None,
        // What let us in now says nothing of another account's login.
        by_password: after.is_none() && proof.by_password,
        by_person: after.is_none() && proof.asked.is_some(),
        key: proof.key.clone().filter(|_| after.is_none_or(|(next, _)| next.key_files == login.key_files)),
        host_key: proof.host_key.clone(),
        by_sudo: r#become.is_some_and(|b| b.method == transport::BecomeMethod::Sudo),
        after_port: after.and_then(|(login, _)| login.port),
        ways,
        foreign_ssh: after.map_or(login, |(login, _)| login).connection != transport::Connection::Ssh,
    }
}

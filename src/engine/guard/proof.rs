//! The proof of access: a fresh login, as the next run will make it, over a connection of its own.

use crate::engine::host::{Ending, HostRun};
use crate::engine::login_shell;
use crate::fragment::Observation;
use crate::guard::{self, Found};
use crate::transport::{self, Become, Failure, FailureKind, Login, Question};
use std::time::{Duration, Instant};

/// Between two tries of a login that met no sshd: it may be restarting.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

/// Logins that sshd or sudo itself refused; each may count against us there.
const REFUSED_TRIES: usize = 2;

/// Further logins that a host gets once it has restored itself: sshd may be starting.
const AGAIN: usize = 2;

/// Logs in as the next run will; where that isn't possible yet, as this run did.
pub(super) fn prove(run: &mut HostRun<'_>, limit: Duration) -> Result<(String, Duration), Failure> {
    let begun = Instant::now();
    let (mut refused, mut first) = (0, None);
    let mut pauses = PAUSES.iter().cycle();
    loop {
        let failure = match enter(run, limit.saturating_sub(begun.elapsed())) {
            Ok(user) => return Ok((user, begun.elapsed())),
            Err(failure) => failure,
        };
        let by_sshd = matches!(
            failure.kind,
            FailureKind::LoginRefused | FailureKind::Become | FailureKind::HostKey | FailureKind::Input
        );
        refused += usize::from(by_sshd);
        let pause = Duration::from_secs(pauses.next().copied().unwrap_or(1));
        // The first try had the most time, and says best what is wrong.
        let first = first.get_or_insert(failure);
        if refused >= REFUSED_TRIES || begun.elapsed() + pause >= limit {
            return Err(first.clone());
        }
        std::thread::sleep(pause);
    }
}

/// One try by each login that may be open.
fn enter(run: &mut HostRun<'_>, left: Duration) -> Result<String, Failure> {
    let mut first = None;
    let logins = doors(run);
    for (index, (login, r#become)) in logins.iter().enumerate() {
        match log_in(run, login, r#become.as_ref(), left) {
            Ok(_) => {
                run.guard.proven = index == 0;
                return Ok(login.user.clone().unwrap_or_else(|| run.access.user.clone()));
            }
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    Err(first.unwrap_or_else(|| Failure::new(FailureKind::Input, "there is no login to try")))
}

type Door = (Login, Option<Become>);

/// The next run's login, then this one's.
fn doors(run: &HostRun<'_>) -> Vec<Door> {
    let same = |a: &Login, b: &Login| {
        (&a.user, &a.address, a.port, a.connection) == (&b.user, &b.address, b.port, b.connection)
    };
    let mut doors = vec![run.next.clone()];
    if !same(&run.next.0, &run.present.0) {
        doors.push(run.present.clone());
    }
    doors
}

/// A session of its own; what the switch there says, as that session sees it.
fn log_in(
    run: &HostRun<'_>,
    login: &Login,
    r#become: Option<&Become>,
    left: Duration,
) -> Result<Option<Found>, Failure> {
    let mut login = Login { afresh: true, until: Some(Instant::now() + left), ..login.clone() };
    let most = login.connect_timeout.unwrap_or(Duration::from_secs(10));
    login.connect_timeout = Some(most.min(left).max(Duration::from_secs(1)));
    let mut session = transport::open(&run.setup.connector, &login, r#become)?;
    let user = login.user.as_deref().unwrap_or(&run.access.user);
    let replies =
        session.send(&[Question::Observe(Observation(guard::status())), login_shell::question(user)])?;
    let came_up = run.guard.armed.as_ref().is_some_and(|armed| armed.shells.contains(user));
    if came_up && !login_shell::is_up(replies.get(1)) {
        let message = format!("`{}` lets `{user}` in, but the login shell does not come up", login.name);
        return Err(Failure::new(FailureKind::LoginRefused, message)
            .hint("see what its profiles do: /etc/profile, /etc/profile.d, ~/.profile, ~/.bashrc"));
    }
    Ok(replies.first().and_then(|reply| guard::read_status(&reply.text())))
}

/// Whether the host, which has taken back what it knew of, lets us in as before: an old session says
/// nothing of that.
pub(super) fn let_in_again(run: &HostRun<'_>) -> Ending {
    let mut tries = 0;
    let failure = loop {
        match run.enters_afresh() {
            Ok(()) => return Ending::Restored,
            Err(failure) if tries == AGAIN => break failure,
            Err(_) => tries += 1,
        }
        std::thread::sleep(Duration::from_secs(5));
    };
    let message = format!(
        "the host has taken back what it knew of, and still doesn't let a fresh login in: {}",
        failure.message
    );
    Ending::Lost(
        Failure::new(failure.kind, message).hint("keep the sessions that are open there, or use its console"),
    )
}

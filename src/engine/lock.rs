//! The host's lock: one run at a time makes Changes there. Plans take none; they say who holds it.

use super::host::{Ending, HostRun};
use super::pending;
use crate::fail_point::{self, Point};
use crate::fragment::Observation;
use crate::record::Event;
use crate::transport::Question;
use crate::transport::lock::{Holder, Locked};
use std::time::{Duration, Instant};

/// Who gets the lock later than this has waited for somebody.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Takes the lock before the first Change; says whether another run had it since this one came, so
/// that things may be otherwise by now. Where another run keeps it for too long, the host is
/// refused; where there can be none, that is said, and the run goes on.
pub fn lock(run: &mut HostRun<'_>) -> Result<bool, Ending> {
    if run.locked || !run.keeps() {
        return Ok(false);
    }
    run.locked = true;
    if let Some(holder) = &run.holder {
        run.busy(&format!("wait for {}", holder.words()));
    }
    let (me, wait) = (holder(run), run.setup.options.lock_timeout);
    fail_point::at(Point::BeforeLock, &run.name);
    let begun = Instant::now();
    let Some(session) = run.for_apply() else { return Ok(false) };
    let locked = session.lock(&me, wait)?;
    let waited = begun.elapsed() > AT_ONCE;
    fail_point::at(Point::AfterLock, &run.name);
    match locked {
        Locked::Held => {
            let was_held = run.holder.take().is_some() || waited;
            Ok(pending_is_otherwise(run, was_held)? || was_held)
        }
        Locked::Taken(by) => {
            let by = by.map_or("another run of harda".into(), |by| by.words());
            Err(Ending::Refused {
                message: format!(
                    "`{}` is locked by {by}; nothing was changed after {wait} s of waiting",
                    run.name
                ),
                hint: Some("wait until that run has ended, or give `--lock-timeout` more seconds".into()),
            })
        }
        Locked::Impossible(why) if std::mem::replace(&mut run.no_lock_said, true) => {
            drop(why);
            Ok(false)
        }
        Locked::Impossible(why) => {
            let message = format!("no lock keeps other runs off: {why} on this host");
            run.tell(Event::Warned { host: run.name.clone(), message });
            Ok(false)
        }
    }
}

/// What is pending, asked again where a run that has ended since may have left more, or less: two
/// runs must not both run what a third has left.
fn pending_is_otherwise(run: &mut HostRun<'_>, was_held: bool) -> Result<bool, Ending> {
    if !was_held && run.pending.is_empty() {
        return Ok(false);
    }
    let replies = run.send(&[Question::Observe(Observation(pending::question()))])?;
    let now = replies.first().map(pending::read).unwrap_or_default();
    let otherwise = now != run.pending;
    run.pending = now;
    Ok(otherwise)
}

/// Gives the lock back.
pub fn unlock(run: &mut HostRun<'_>) -> Result<(), Ending> {
    if !std::mem::take(&mut run.locked) {
        return Ok(());
    }
    fail_point::at(Point::BeforeUnlock, &run.name);
    if let Some(session) = run.for_apply() {
        session.unlock()?;
    }
    fail_point::at(Point::AfterUnlock, &run.name);
    Ok(())
}

/// In a plan: who is at work on the host.
pub fn tell_holder(run: &HostRun<'_>) {
    if let (Some(holder), true) = (&run.holder, run.setup.options.check) {
        let message =
            format!("{} is at work here: what is planned now may not be so for long", holder.words());
        run.tell(Event::Warned { host: run.name.clone(), message });
    }
}

fn holder(run: &HostRun<'_>) -> Holder {
    Holder {
        run: run.setup.run.clone(),
        login: run.access.user.clone(),
        controller: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        pid: std::process::id(),
        since: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

//! What only a person can do at a login (a code, a touch) is asked for before the switch is armed:
//! while it runs there is no time to look for anybody.

use super::host::HostRun;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Of the hosts that need a person for their proof, one at a time is worked on; the others wait
/// before their switch is armed.
#[derive(Clone, Default)]
pub struct Turn(Arc<(Mutex<bool>, Condvar)>);

/// A host's turn; it ends when this is dropped.
pub struct Held(Turn);

impl Turn {
    fn take(&self) -> Held {
        let (taken, free) = &*self.0;
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = free.wait_while(taken, |taken| *taken).unwrap_or_else(PoisonError::into_inner);
        *taken = true;
        Held(self.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (taken, free) = &*self.0.0;
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        free.notify_one();
    }
}

/// Asks whoever is at the terminal to be ready, where this host's login needs a person; why it must
/// not be armed is the error.
pub fn ready(run: &HostRun<'_>, seconds: u64) -> Result<Option<Held>, String> {
    let Some(asked) = &run.asked else { return Ok(None) };
    run.busy("wait for its turn at the terminal");
    let turn = run.setup.turn.take();
    let name = &run.name;
    let question = format!(
        "{name}: what comes now could lock you out. Access is proven by a new login, which wants `{asked}` within \
         {seconds} s, else the host takes all back. Enter when you are ready, anything else leaves it as it is: "
    );
    match run.setup.connector.ask(&question) {
        Some(answer) if answer.expose().is_empty() => Ok(Some(turn)),
        Some(_) => Err("nothing was changed: you were not ready for the login that proves access".into()),
        None => Err(format!(
            "nothing was changed: the login that proves access wants `{asked}`, and nobody is here for it\n\
             run harda on a terminal, or let this user in without it; `--no-guard` goes without the proof"
        )),
    }
}

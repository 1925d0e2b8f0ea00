//! Asking hosts for one resource, beside any playbook.

use super::host::{Ending, HostRun};
use super::setup::Setup;
use crate::resource::{Key, Level, State};
use crate::transport::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// Asks all hosts of the run, `forks` at a time; the answers in the order of the hosts.
pub fn look(setup: &Setup, key: &Key) -> Vec<(String, Result<State, Failure>)> {
    let queue = Mutex::new(setup.hosts.iter().enumerate());
    let answers = Mutex::new(BTreeMap::new());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    std::thread::scope(|scope| {
        for _ in 0..setup.options.forks.clamp(1, 1000).min(setup.hosts.len()) {
            scope.spawn(|| {
                while let Some((at, host)) = next() {
                    let answer = one(setup, host, key);
                    if let Ok(mut answers) = answers.lock() {
                        answers.insert(at, (host.clone(), answer));
                    }
                }
            });
        }
    });
    answers.into_inner().map(|answers| answers.into_values().collect()).unwrap_or_default()
}

fn one(setup: &Setup, host: &str, key: &Key) -> Result<State, Failure> {
    // Nobody is told how it goes: it is one question.
    let asked = HostRun::connect(setup, host, channel().0).and_then(|mut run| {
        let wanted = BTreeMap::from([(key.clone(), Level::Digest)]);
        run.observe(wanted)?;
        Ok(run.world.ask_any(key, Level::Digest).cloned())
    });
    let failure = |message: String| Failure::new(FailureKind::Protocol, message);
    match asked {
        Ok(Ok(state)) => Ok(state),
        Ok(Err(crate::world::Stop::Error(why))) => Err(failure(why)),
        Ok(Err(_)) => Err(failure(format!("`{host}` gave no answer"))),
        Err(Ending::Lost(failure)) => Err(failure),
        Err(Ending::Input(error)) => Err(failure(error.to_string())),
        Err(_) => Err(failure(format!("`{host}` could not be asked"))),
    }
}

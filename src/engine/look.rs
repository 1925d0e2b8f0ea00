//! Asking hosts for one resource or some probes, beside any playbook.

use super::host::{Ending, HostRun};
use super::setup::Setup;
use crate::fragment::{Probe, Reply};
use crate::resource::{Key, Level, State};
use crate::transport::{Failure, FailureKind, Question};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// What one host told.
pub struct Looked {
    pub state: State,
    /// The run that is at work there now.
    pub at_work: Option<String>,
}

/// Asks all hosts of the run for one resource; the answers in the order of the hosts.
pub fn look(setup: &Setup, key: &Key) -> Vec<(String, Result<Looked, Failure>)> {
    each(setup, |host| one(setup, host, key))
}

/// Runs these probes on all hosts of the run.
pub fn probe(setup: &Setup, probes: &[Probe]) -> Vec<(String, Result<Vec<Reply>, Failure>)> {
    let batch: Vec<Question> = probes.iter().cloned().map(Question::Probe).collect();
    each(setup, |host| {
        let asked = HostRun::connect(setup, host, channel().0).and_then(|mut run| Ok(run.send(&batch)?));
        asked.map_err(|ending| failure(host, ending))
    })
}

/// Asks all hosts of the run, `forks` at a time.
fn each<T: Send>(
    setup: &Setup,
    ask: impl Fn(&str) -> Result<T, Failure> + Sync,
) -> Vec<(String, Result<T, Failure>)> {
    let queue = Mutex::new(setup.hosts.iter().enumerate());
    let answers = Mutex::new(BTreeMap::new());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    std::thread::scope(|scope| {
        for _ in 0..setup.options.forks.clamp(1, 1000).min(setup.hosts.len()) {
            scope.spawn(|| {
                while let Some((at, host)) = next() {
                    let answer = ask(host);
                    if let Ok(mut answers) = answers.lock() {
                        answers.insert(at, (host.clone(), answer));
                    }
                }
            });
        }
    });
    answers.into_inner().map(|answers| answers.into_values().collect()).unwrap_or_default()
}

fn one(setup: &Setup, host: &str, key: &Key) -> Result<Looked, Failure> {
    // Nobody is told how it goes: it is one question.
    let asked = HostRun::connect(setup, host, channel().0).and_then(|mut run| {
        let wanted = BTreeMap::from([(key.clone(), Level::Digest)]);
        run.observe(wanted)?;
        let state = run.world.ask_any(key, Level::Digest).cloned();
        Ok(state.map(|state| Looked { state, at_work: run.holder.map(|holder| holder.run) }))
    });
    match asked {
        Ok(Ok(looked)) => Ok(looked),
        Ok(Err(crate::world::Stop::Error(why))) => Err(Failure::new(FailureKind::Protocol, why)),
        Ok(Err(_)) => Err(Failure::new(FailureKind::Protocol, format!("`{host}` gave no answer"))),
        Err(ending) => Err(failure(host, ending)),
    }
}

fn failure(host: &str, ending: Ending) -> Failure {
    match ending {
        Ending::Lost(failure) => failure,
        Ending::Input(error) => Failure::new(FailureKind::Protocol, error.to_string()),
        _ => Failure::new(FailureKind::Protocol, format!("`{host}` could not be asked")),
    }
}

//! What all hosts of a run share: keys decrypted once, known host keys read once, ssh_config's
//! answers, and the pace at which one address is knocked at.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::ssh::host_keys::KnownHosts;
use super::ssh::keys::KeyRing;
use super::ssh::ssh_config::SshConfig;
use crate::secret::Secret;

pub use super::ssh::host_keys::NewKey;

/// Asks a person something, and shows nothing of the answer; `None` where nobody can be asked.
pub type Ask = dyn Fn(&str) -> Option<Secret> + Send + Sync;

/// What is the same for every host of a run.
#[derive(Clone, Default)]
pub struct Options {
    /// Read instead of ~/.ssh/config and /etc/ssh/ssh_config, as with `ssh -F`.
    pub ssh_config: Option<PathBuf>,
    /// Take the key of a host that isn't known yet, and write it to known_hosts. A changed key is
    /// refused all the same.
    pub accept_new_host_keys: bool,
    /// The same passphrase for every key file that wants one, before anybody is asked.
    pub passphrase: Option<Secret>,
    /// For passphrases of key files, and for what a host wants to know of a person.
    pub ask: Option<Arc<Ask>>,
}

/// Opens sessions; one for all hosts of a run. Cloning it shares what it knows.
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

pub struct Shared {
    pub(super) options: Options,
    pub(super) ssh_config: SshConfig,
    pub(super) keys: KeyRing,
    pub(super) known_hosts: KnownHosts,
    pub(super) pace: Pace,
    /// The fingerprint of the key that was accepted last.
    last_key: Mutex<Option<String>>,
}

impl Connector {
    pub fn new(options: Options) -> Self {
        Connector {
            shared: Arc::new(Shared {
                ssh_config: SshConfig::new(options.ssh_config.clone()),
                keys: KeyRing::new(options.passphrase.clone(), options.ask.clone()),
                known_hosts: KnownHosts::default(),
                pace: Pace::default(),
                last_key: Mutex::new(None),
                options,
            }),
        }
    }
}

impl std::ops::Deref for Connector {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    /// Asks a person, if there is one.
    pub fn ask(&self, question: &str) -> Option<Secret> {
        self.options.ask.as_ref().and_then(|ask| ask(question))
    }

    pub(super) fn has_person(&self) -> bool {
        self.options.ask.is_some()
    }

    pub(super) fn last_key(&self) -> Option<String> {
        locked(&self.last_key).clone()
    }

    pub(super) fn remember_key(&self, fingerprint: &str) {
        *locked(&self.last_key) = Some(fingerprint.to_string());
    }
}

/// A lock whose holder panicked still holds good data here: all of it is caches.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many logins to one address may be under way at once: below sshd's MaxStartups, which
/// begins to refuse at ten.
const MOST_AT_ONCE: usize = 8;

/// Counts the logins under way, by the address that is knocked at.
#[derive(Default)]
pub(super) struct Pace {
    under_way: Mutex<HashMap<String, usize>>,
    one_less: Condvar,
}

/// A place among those who may knock; given back when dropped.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    address: String,
}

impl Pace {
    /// Waits for a turn at `address`.
    pub(super) fn turn(&self, address: &str) -> Turn<'_> {
        let mut under_way = locked(&self.under_way);
        while under_way.get(address).is_some_and(|n| *n >= MOST_AT_ONCE) {
            under_way = self.one_less.wait(under_way).unwrap_or_else(PoisonError::into_inner);
        }
        *under_way.entry(address.to_string()).or_default() += 1;
        Turn { pace: self, address: address.to_string() }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(n) = locked(&self.pace.under_way).get_mut(&self.address) {
            *n = n.saturating_sub(1);
        }
        self.pace.one_less.notify_all();
    }
}

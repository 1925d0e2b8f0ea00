//! First contact: all keys that known_hosts doesn't have, to be shown before a run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::config::Destination;
use super::connect::{reach, shake_hands};
use super::host_keys::{NewKey, Verdict};
use super::jump::login_of_jump;
use crate::transport::connector::{Connector, locked};
use crate::transport::failure::Failure;
use crate::transport::{Connection, Login};

/// How many hosts are asked for their key at a time.
const AT_A_TIME: usize = 16;

impl Connector {
    /// The keys of those hosts (and jump hosts) that are in no known_hosts file, each once. What
    /// lies behind a jump host whose own key is new can't be asked yet: trust the jump's key, and
    /// scan again. A host that can't be reached is left out; the run will say why.
    pub fn scan_new_keys(&self, logins: &[Login]) -> Vec<NewKey> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME.min(logins.len()) {
                scope.spawn(|| {
                    while let Some(login) = logins.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Ok(Some(new)) = self.scan(login) {
                            locked(&found).push(new);
                        }
                    }
                });
            }
        });
        let mut keys = std::mem::take(&mut *locked(&found));
        keys.sort_by(|a: &NewKey, b| (&a.name, &a.address).cmp(&(&b.name, &b.address)));
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert((key.address.clone(), key.fingerprint.clone())));
        keys
    }

    /// Writes keys that were found, and shown to somebody, to known_hosts.
    pub fn trust(&self, keys: &[NewKey]) -> Result<(), Failure> {
        keys.iter().try_for_each(|key| self.known_hosts.add(key))
    }

    fn scan(&self, login: &Login) -> Result<Option<NewKey>, Failure> {
        if login.connection != Connection::Ssh {
            return Ok(None);
        }
        let destination = Destination::of(self, login)?;
        if let Some(jump) = login_of_jump(&destination)?
            && let Some(new) = self.scan(&jump)?
        {
            return Ok(Some(new));
        }
        if !self.known_hosts.of(&destination)?.is_empty() {
            return Ok(None);
        }
        let _turn = self.pace.turn(&destination.knock_address());
        let entered = shake_hands(self, &destination, reach(self, &destination, 0)?)?;
        let key = entered.session.host_key().map(|(key, _)| key);
        let known = self.known_hosts.of(&destination)?;
        Ok(match key.map(|key| known.judge(key)) {
            Some(Verdict::New(new)) => Some(new),
            _ => None,
        })
    }
}

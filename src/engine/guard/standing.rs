//! The hosts on which this run has the switch armed: what somebody who ends harda at once is told.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static ARMED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Counts a host for as long as it lives.
pub struct Standing(String);

impl Standing {
    pub fn on(host: &str) -> Self {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_string());
        Standing(host.to_string())
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

pub fn armed_hosts() -> Vec<String> {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

//! Ctrl-C: the first lets every host finish what it is at and begin nothing new; the second ends
//! harda at once.

use super::CliError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// A flag that the first interrupt sets.
pub fn watch() -> Result<Arc<AtomicBool>, CliError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset, sets it and goes on.
        flag::register_conditional_shutdown(signal, INTERRUPTED, interrupted.clone())
            .and_then(|_| flag::register(signal, interrupted.clone()))
            .map_err(|error| CliError::new(format!("interrupts can't be watched for: {error}")))?;
    }
    Ok(interrupted)
}

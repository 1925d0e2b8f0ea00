//! Ctrl-C: the first lets every host finish what it is at and begin nothing new; the second ends
//! harda at once, and says what the hosts do without it.

use super::CliError;
use crate::engine;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// A flag that the first interrupt sets.
pub fn watch() -> Result<Arc<AtomicBool>, CliError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let cant = |error| CliError::new(format!("interrupts can't be watched for: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(cant)?;
    let seen = interrupted.clone();
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if seen.swap(true, Ordering::SeqCst) {
                at_once();
            }
        }
    });
    Ok(interrupted)
}

fn at_once() -> ! {
    let armed = engine::armed_hosts();
    if !armed.is_empty() {
        eprintln!(
            "\nended at once: {} will take back what was not proven; the next run tells what became of it",
            armed.join(", ")
        );
    }
    std::process::exit(INTERRUPTED)
}

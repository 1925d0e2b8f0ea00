//! Looks at harda's processes and at all of the lab's hosts while something runs: what a user of
//! either side could see in `ps`, and what only the same user and root can, the environments.

use super::{LAB, sung};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a canary was seen: the process' name, `cmdline` or `environ`, and the canary.
pub type Sighting = (String, &'static str, String);

/// What was seen, and the names of the processes that were looked at.
#[derive(Default)]
pub struct Seen {
    pub sightings: Vec<Sighting>,
    pub names: std::collections::BTreeSet<String>,
}

/// Runs `body` while somebody watches.
pub fn watched<T>(body: impl FnOnce() -> T) -> (T, Seen) {
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let watcher = threads.spawn(|| {
            let mut seen = Seen::default();
            while !over.load(Ordering::Relaxed) {
                look(&mut seen);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            seen
        });
        let result = body();
        over.store(true, Ordering::Relaxed);
        (result, watcher.join().expect("it watched"))
    })
}

fn look(seen: &mut Seen) {
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = entry.path();
        let is_one = entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
        if !is_one || !is_ours(&path) {
            continue;
        }
        let who = std::fs::read_to_string(path.join("comm")).unwrap_or_default().trim().to_string();
        for part in ["cmdline", "environ"] {
            for canary in of(&path, part) {
                let sighting = (who.clone(), part, canary);
                if !seen.sightings.contains(&sighting) {
                    seen.sightings.push(sighting);
                }
            }
        }
        seen.names.insert(who);
    }
}

/// Whether it comes from this test or runs on one of its hosts. Others work on this machine too, and
/// their tests have the same passwords.
fn is_ours(process: &Path) -> bool {
    let parent = |process: &Path| -> Option<u32> {
        let stat = std::fs::read_to_string(process.join("stat")).ok()?;
        // A name may hold anything, and ends in the last parenthesis.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let mut next = parent(process);
    while let Some(pid) = next.filter(|pid| *pid > 1) {
        let above = Path::new("/proc").join(pid.to_string());
        if pid == std::process::id() || is_a_host(&above) {
            return true;
        }
        next = parent(&above);
    }
    false
}

/// The process that a host's own are below.
fn is_a_host(process: &Path) -> bool {
    let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0);
    name.starts_with("systemd-nspawn") && words.any(|word| LAB.hosts.iter().any(|h| h.as_bytes() == word))
}

fn of(process: &Path, part: &str) -> Vec<String> {
    // A process may end while it is looked at.
    std::fs::read(process.join(part)).map(|bytes| sung(&bytes)).unwrap_or_default()
}

//! Named places in a run at which the tests make something go wrong (`tests/faults.rs`). harda notes each that it
//! comes to, and waits where it is told to, until it is let go on, finds its line cut, or is killed.
//!
//! `HARDA_FAIL_POINTS` names a folder: `HOST.trace` gets a line for each point that the host's run came to; where
//! `HOST.at` holds such a line and how many times it is to have come, `HOST.here` is made the moment that it has, and
//! waited for until it is gone again.
//!
//! All of this is in builds with debug assertions only. In a release there is neither a point nor the variable.

/// Declares the points, and the list of them.
macro_rules! points {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// A boundary of an action. Its name is what `{:?}` says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point { $($(#[$about])* $name,)* }

        impl Point {
            /// All of them: a point that no run comes to fails a test.
            pub const ALL: &[Point] = &[$(Point::$name,)*];
        }
    };
}

points! {
    /// What comes next is planned, nothing of it is made yet.
    Planned,
    BeforeLock,
    AfterLock,
    /// What is about to be changed has been looked at once more.
    Looked,
    BeforeArming,
    AfterArming,
    BeforeHandler,
    BeforeScript,
    /// All of a request is on its way, nothing of the reply is read.
    Sent,
    AfterScript,
    BeforeProof,
    AfterProof,
    AfterDisarming,
    BeforeRecordEnds,
    AfterRecordEnds,
    BeforeVerifying,
    BeforeUnlock,
    AfterUnlock,
}

/// The run on this host has come to a point.
#[cfg(not(debug_assertions))]
pub fn at(_: Point, _: &str) {}

/// The run on this host has come to a point.
#[cfg(debug_assertions)]
pub fn at(point: Point, host: &str) {
    let Some(folder) = std::env::var_os("HARDA_FAIL_POINTS") else { return };
    let file = |what: &str| std::path::Path::new(&folder).join(format!("{host}.{what}"));
    // A test whose folder is gone sees that nothing came.
    let _ = note(point, &file);
}

#[cfg(debug_assertions)]
fn note(point: Point, file: &dyn Fn(&str) -> std::path::PathBuf) -> std::io::Result<()> {
    use std::io::Write;
    let trace = file("trace");
    let mut notes = std::fs::OpenOptions::new().create(true).append(true).open(&trace)?;
    notes.write_all(format!("{point:?}\n").as_bytes())?;
    let name = format!("{point:?}");
    let times = std::fs::read_to_string(&trace)?.lines().filter(|line| *line == name).count();
    if std::fs::read_to_string(file("at"))?.trim() != format!("{name} {times}") {
        return Ok(());
    }
    std::fs::write(file("here"), [])?;
    while file("here").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(())
}

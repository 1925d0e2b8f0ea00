//! What a run reads from this machine: files, folders, the environment. One place reads them all,
//! and notes what it read, so that a plan can be saved with all that it was made from; with a saved
//! plan the answers come from there, whatever the disk holds by then.

pub mod embedded;
mod record;

pub use record::{Failure, Found, Record};

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The bytes of a file that are read and kept at once; a larger one is read as it is sent.
type Bytes = Arc<[u8]>;

/// Where a run's inputs come from. Clones share what was noted.
#[derive(Clone, Default)]
pub struct Files(Arc<Source>);

#[derive(Default)]
struct Source {
    /// From a saved plan: nothing is read from the disk.
    saved: bool,
    known: Mutex<Record>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.saved { "Files(saved)" } else { "Files(disk)" })
    }
}

/// An answer that is noted: by what it is asked, and how it went.
type Noted<T> = HashMap<PathBuf, Result<T, Failure>>;

impl Files {
    /// What was noted by the run that planned.
    pub fn saved(record: Record) -> Self {
        Files(Arc::new(Source { saved: true, known: Mutex::new(record) }))
    }

    pub fn is_saved(&self) -> bool {
        self.0.saved
    }

    /// All that was read so far.
    pub fn record(&self) -> Record {
        self.known(|record| record.clone())
    }

    fn known<T>(&self, look: impl FnOnce(&mut Record) -> T) -> T {
        look(&mut self.0.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first answer is the run's: all hosts and all rounds plan on the same.
    fn once<T: Clone>(
        &self,
        path: &Path,
        notes: impl Fn(&mut Record) -> &mut Noted<T>,
        find: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if let Some(known) = self.known(|record| notes(record).get(path).cloned()) {
            return known.map_err(io::Error::from);
        }
        if self.0.saved {
            return Err(io::Error::other("the saved plan doesn't hold it: it wasn't read when it was made"));
        }
        let found = find().map_err(|error| Failure::from(&error));
        self.known(|record| notes(record).entry(path.to_path_buf()).or_insert(found).clone())
            .map_err(io::Error::from)
    }

    /// A file's content.
    pub fn read(&self, path: &Path) -> io::Result<Bytes> {
        self.once(
            path,
            |record| &mut record.contents,
            || match embedded::is(path) {
                true => embedded::read(path),
                false => std::fs::read(path).map(Arc::from),
            },
        )
    }

    pub fn read_text(&self, path: &Path) -> io::Result<String> {
        let bytes = self.read(path)?;
        let text = std::str::from_utf8(&bytes);
        text.map(str::to_string)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
    }

    /// Notes that a file which is too large to be kept was used: it is read again when a plan is
    /// saved.
    pub fn note_large(&self, path: &Path, digest: &str) {
        self.known(|record| record.large.insert(path.to_path_buf(), digest.to_string()));
    }

    /// What stands at a path, links followed.
    pub fn look(&self, path: &Path) -> io::Result<Found> {
        use std::os::unix::fs::PermissionsExt;
        let find = || {
            if embedded::is(path) {
                return embedded::look(path);
            }
            let found = std::fs::metadata(path)?;
            let mode = found.permissions().mode() & 0o7777;
            Ok(Found { folder: found.is_dir(), file: found.is_file(), mode })
        };
        self.once(path, |record| &mut record.found, find)
    }

    pub fn exists(&self, path: &Path) -> bool {
        self.look(path).is_ok()
    }

    pub fn is_file(&self, path: &Path) -> bool {
        self.look(path).is_ok_and(|found| found.file)
    }

    pub fn is_folder(&self, path: &Path) -> bool {
        self.look(path).is_ok_and(|found| found.folder)
    }

    /// What is in a folder, sorted.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let find = || {
            if embedded::is(folder) {
                return embedded::list(folder);
            }
            let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
            paths.sort();
            Ok(paths)
        };
        self.once(folder, |record| &mut record.listed, find)
    }

    /// The absolute path without links, or the path itself if there is nothing.
    pub fn real(&self, path: &Path) -> PathBuf {
        let found = self.once(
            path,
            |record| &mut record.real,
            || match embedded::is(path) {
                true => Ok(embedded::plain(path)),
                false => path.canonicalize(),
            },
        );
        found.unwrap_or_else(|_| path.to_path_buf())
    }

    /// A variable of harda's own environment.
    pub fn variable(&self, name: &str) -> Option<String> {
        if let Some(known) = self.known(|record| record.environment.get(name).cloned()) {
            return known;
        }
        let value = if self.0.saved { None } else { std::env::var(name).ok() };
        self.known(|record| record.environment.insert(name.to_string(), value.clone()));
        value
    }

    /// The home of who runs harda.
    pub fn home(&self) -> Option<PathBuf> {
        let known = self.known(|record| record.home.clone());
        match (known, self.0.saved) {
            (Some(home), _) => Some(home),
            (None, true) => None,
            (None, false) => {
                let home = etcetera::home_dir().ok();
                self.known(|record| record.home.clone_from(&home));
                home
            }
        }
    }

    /// Where harda was started.
    pub fn working_folder(&self) -> Option<PathBuf> {
        let known = self.known(|record| record.working.clone());
        match (known, self.0.saved) {
            (Some(folder), _) => Some(folder),
            (None, true) => None,
            (None, false) => {
                let folder = std::env::current_dir().ok();
                self.known(|record| record.working.clone_from(&folder));
                folder
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_read_again_after_it_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, none) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&file, "one").expect("written");
        let disk = Files::default();
        assert_eq!(disk.read_text(&file).expect("read"), "one");
        assert!(disk.is_file(&file) && !disk.exists(&none));
        assert_eq!(disk.list(folder.path()).expect("listed"), std::slice::from_ref(&file));
        std::fs::write(&file, "two").expect("written");
        assert_eq!(disk.read_text(&file).expect("read"), "one", "a run reads a file once");

        let saved = Files::saved(disk.record());
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(saved.read_text(&file).expect("saved"), "one");
        assert!(saved.is_file(&file) && !saved.exists(&none));
        let never = saved.read(&none).expect_err("never read").to_string();
        assert!(never.contains("the saved plan doesn't hold it"), "{never}");
    }
}

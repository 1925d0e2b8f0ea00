//! Local files as inputs of planning: read once a run, so that every host and every round plans on
//! the same bytes.

use crate::files::{Files, embedded};
use crate::module::LocalFiles;
use crate::resource::file::{Body, Bytes, SHOWN_BYTES, hex};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub struct Local {
    files: Files,
    bodies: Mutex<HashMap<PathBuf, Result<Body, String>>>,
}

impl Local {
    pub fn new(files: &Files) -> Self {
        Local { files: files.clone(), bodies: Mutex::default() }
    }

    fn find(&self, path: &Path) -> std::io::Result<Body> {
        if self.files.is_saved() || embedded::is(path) {
            return self.files.read(path).map(Body::of);
        }
        let mut file = std::fs::File::open(path)?;
        if file.metadata()?.is_file() && file.metadata()?.len() <= SHOWN_BYTES {
            return self.files.read(path).map(Body::of);
        }
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            size += count as u64;
        }
        let digest = hex(&hash.finalize());
        self.files.note_large(path, &digest);
        Ok(Body { digest, size, bytes: Bytes::Local(path.to_path_buf()) })
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("`{}` can't be read: {error}", path.display())
}

impl LocalFiles for Local {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, String> {
        self.files.read(path).map_err(|error| unreadable(path, &error))
    }

    fn body(&self, path: &Path) -> Result<Body, String> {
        let Ok(mut known) = self.bodies.lock() else { return Err("another thread failed".into()) };
        let find = || self.find(path).map_err(|error| unreadable(path, &error));
        known.entry(path.to_path_buf()).or_insert_with(find).clone()
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }

    fn mode(&self, path: &Path) -> Result<u32, String> {
        self.files.look(path).map(|found| found.mode).map_err(|error| unreadable(path, &error))
    }

    fn walk(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(next) = folders.pop() {
            for path in self.files.list(&next).map_err(|error| unreadable(&next, &error))? {
                if self.files.is_folder(&path) {
                    folders.push(path);
                } else if let Ok(relative) = path.strip_prefix(folder) {
                    files.push(relative.to_path_buf());
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_harda_is_copied_like_any_file() {
        let local = Local::default();
        let copied: Vec<PathBuf> = embedded::all().into_iter().map(|(path, _)| path).collect();
        let copied: Vec<&PathBuf> =
            copied.iter().filter(|path| path.starts_with("playbooks/files")).collect();
        assert!(!copied.is_empty());
        for path in copied {
            let body = local.body(&Path::new(embedded::ROOT).join(path)).expect("read");
            assert!(body.size > 0, "{}", path.display());
        }
    }
}

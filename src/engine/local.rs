//! Local files as inputs of planning: read once a run, so that every host and every round plans on
//! the same bytes.

use crate::module::LocalFiles;
use crate::resource::file::hex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

type Cache<T> = Mutex<HashMap<PathBuf, Result<T, String>>>;

#[derive(Default)]
pub struct Local {
    bytes: Cache<Arc<[u8]>>,
    digests: Cache<(String, u64)>,
    modes: Cache<u32>,
    present: Mutex<HashMap<PathBuf, bool>>,
}

/// Looks a path up, or finds it out and remembers.
fn once<T: Clone>(
    cache: &Cache<T>,
    path: &Path,
    find: impl FnOnce() -> std::io::Result<T>,
) -> Result<T, String> {
    let Ok(mut known) = cache.lock() else { return Err("another thread failed".into()) };
    known
        .entry(path.to_path_buf())
        .or_insert_with(|| find().map_err(|e| format!("`{}` can't be read: {e}", path.display())))
        .clone()
}

impl LocalFiles for Local {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, String> {
        once(&self.bytes, path, || std::fs::read(path).map(Arc::from))
    }

    fn digest(&self, path: &Path) -> Result<(String, u64), String> {
        once(&self.digests, path, || {
            let mut file = std::fs::File::open(path)?;
            let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
            loop {
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    return Ok((hex(&hash.finalize()), size));
                }
                hash.update(&buffer[..count]);
                size += count as u64;
            }
        })
    }

    fn exists(&self, path: &Path) -> bool {
        match self.present.lock() {
            Ok(mut known) => *known.entry(path.to_path_buf()).or_insert_with(|| path.exists()),
            Err(_) => path.exists(),
        }
    }

    fn mode(&self, path: &Path) -> Result<u32, String> {
        use std::os::unix::fs::PermissionsExt;
        once(&self.modes, path, || Ok(std::fs::metadata(path)?.permissions().mode() & 0o7777))
    }

    fn walk(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(next) = folders.pop() {
            let entries =
                std::fs::read_dir(&next).map_err(|e| format!("`{}` can't be read: {e}", next.display()))?;
            for entry in entries.flatten() {
                let path = entry.path();
                if path.is_dir() {
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

//! The playbooks, packs and the example inventory that come with harda, in the binary itself. Their
//! paths begin with `harda:`, as no path of a disk does that anybody would write.

use super::Found;
use include_dir::{Dir, DirEntry, include_dir};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The first part of an embedded path: `harda:/playbooks/stampeltjanst/pack.yml`.
pub const ROOT: &str = "harda:";

static PLAYBOOKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");
static INVENTORY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/inventory/example");

/// What is embedded, and where it stands.
const TREES: &[(&str, &Dir<'_>)] = &[("playbooks", &PLAYBOOKS), ("inventory", &INVENTORY)];

/// Whether a path is an embedded one.
pub fn is(path: &Path) -> bool {
    path.starts_with(ROOT)
}

/// Where a pack of this name would be.
pub fn pack(name: &str) -> PathBuf {
    Path::new(ROOT).join("playbooks").join(name)
}

/// The path without `.` and `..`.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// An embedded path without `.` and `..`; on a disk those may cross links, and stay.
pub fn tidy(path: PathBuf) -> PathBuf {
    if is(&path) { plain(&path) } else { path }
}

/// The tree that a path is in, and the rest of the path.
fn tree(path: &Path) -> Option<(&'static Dir<'static>, PathBuf)> {
    let plain = plain(path);
    let inner = plain.strip_prefix(ROOT).ok()?;
    TREES.iter().find_map(|(name, dir)| Some((*dir, inner.strip_prefix(name).ok()?.to_path_buf())))
}

fn none(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("`{}` doesn't come with harda", path.display()))
}

pub fn read(path: &Path) -> io::Result<Arc<[u8]>> {
    let (dir, rest) = tree(path).ok_or_else(|| none(path))?;
    dir.get_file(rest).map(|file| Arc::from(file.contents())).ok_or_else(|| none(path))
}

pub fn look(path: &Path) -> io::Result<Found> {
    let (dir, rest) = tree(path).ok_or_else(|| none(path))?;
    let folder = rest.as_os_str().is_empty() || dir.get_dir(&rest).is_some();
    match folder || dir.get_file(&rest).is_some() {
        true => Ok(Found { folder, file: !folder, mode: if folder { 0o755 } else { 0o644 } }),
        false => Err(none(path)),
    }
}

pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (dir, rest) = tree(folder).ok_or_else(|| none(folder))?;
    let found = if rest.as_os_str().is_empty() { Some(dir) } else { dir.get_dir(&rest) };
    let dir = found.ok_or_else(|| none(folder))?;
    let folder = plain(folder);
    let mut paths: Vec<PathBuf> =
        dir.entries().iter().filter_map(|e| e.path().file_name()).map(|name| folder.join(name)).collect();
    paths.sort();
    Ok(paths)
}

/// All files, by the path that `harda init` writes them to.
pub fn all() -> Vec<(PathBuf, &'static [u8])> {
    fn walk(name: &str, dir: &'static Dir<'static>, files: &mut Vec<(PathBuf, &'static [u8])>) {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(inner) => walk(name, inner, files),
                DirEntry::File(file) => files.push((Path::new(name).join(file.path()), file.contents())),
            }
        }
    }
    let mut files = Vec::new();
    TREES.iter().for_each(|(name, dir)| walk(name, dir, &mut files));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;

    #[test]
    fn the_embedded_files_are_read_like_any_other() {
        let files = Files::default();
        let path = Path::new(ROOT).join("playbooks/stampeltjanst/../baseline.yml");
        assert!(files.is_file(&path) && files.is_folder(&pack("stampeltjanst")));
        assert!(files.read_text(&path).expect("embedded").contains("import_playbook"));
        assert_eq!(files.real(&path), Path::new(ROOT).join("playbooks/baseline.yml"));
        let listed = files.list(&pack("stampeltjanst")).expect("listed");
        assert!(listed.contains(&pack("stampeltjanst").join("pack.yml")), "{listed:?}");
        let error = files.read(&pack("none").join("pack.yml")).expect_err("none").to_string();
        assert!(error.contains("doesn't come with harda"), "{error}");
    }
}

//! Files that only who runs harda may read, written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Mode 0600, by a temporary file beside it and a rename; on the disk when it returns. A link stays one,
/// and what is no file (a pipe, `/dev/stdout`) is written to.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        write(&file, b"old").expect("written");
        symlink("file", &link).expect("a link");
        write(&link, b"new").expect("written");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).expect("read"), b"new");
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        let null = folder.path().join("null");
        symlink("/dev/null", &null).expect("a link");
        write(&null, b"gone").expect("written");
        assert!(std::fs::metadata("/dev/null").expect("there").file_type().is_char_device());
        assert!(write(Path::new("/dev/full"), b"more").is_err());
    }
}

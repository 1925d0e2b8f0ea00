//! Files of the user's own that harda edits: written whole or not at all, with the mode that they had.

use super::CliError;
use std::io::Write;
use std::path::Path;

/// Replaces a file, or makes it; a link stays a link.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::unwritable(path, &error);
    if !path.exists() {
        let mut file = std::fs::File::create_new(path).map_err(failed)?;
        return file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed);
    }
    let real = path.canonicalize().map_err(failed)?;
    let folder = real.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file()
        .set_permissions(std::fs::metadata(&real).map_err(failed)?.permissions())
        .map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&real).map_err(|error| failed(error.error))?;
    Ok(())
}

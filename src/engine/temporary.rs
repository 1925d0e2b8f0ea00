//! Temporary files of scripts that were ended too hard to take them away: a power cut, `kill -9`.

use crate::change::Change;
use crate::fragment::quote;
use crate::manifest::FOLDER;
use crate::resource::file::FileState;
use crate::resource::{Key, State};
use std::collections::BTreeSet;

/// Notes the folders in which the script will have one, in the record of the run.
pub fn note(batch: &[Change]) -> String {
    let folder = |change: &Change| match (&change.key, &change.to) {
        (Key::File(path), State::File(FileState::Present(_))) => parent(path).filter(|f| !f.contains('\n')),
        _ => None,
    };
    let folders: BTreeSet<String> = batch.iter().filter_map(folder).collect();
    let line = |folder: &String| format!("printf '%s\\n' {} >>\"$r/temporary\" || exit 1\n", quote(folder));
    folders.iter().map(line).collect()
}

fn parent(path: &str) -> Option<String> {
    Some(std::path::Path::new(path).parent()?.to_str()?.to_string())
}

/// Takes away those of runs that were cut off. The host is locked, where it can be: none
/// of them still writes.
pub fn clear() -> String {
    format!(
        "for t in {}/runs/*/temporary; do [ -f \"$t\" ] || continue\n\
         while IFS= read -r f; do rm -rf -- \"$f\"/.harda.??????; done <\"$t\"; rm -f -- \"$t\"; done\n",
        FOLDER
    )
}

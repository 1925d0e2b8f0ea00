//! Whether a host has room for what a run will write there: looked at before anything is touched.

use super::step::{Step, Todo};
use crate::fragment::quote;
use crate::manifest::FOLDER;
use crate::resource::file::{FileState, What};
use crate::resource::{Key, State};
use std::collections::BTreeMap;

/// What is left free besides: a file system that is full to the brim harms more than the run.
const SLACK_KIB: u64 = 1024;

/// Lines that end the script with a message where a file system is too small for what will be
/// written: pairs of a path (the nearest folder that is there counts) and KiB; of the folders in
/// `trees` the host itself tells how large they are.
pub fn check(room: &[(String, u64)], trees: &[String]) -> String {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (path, kib) in room {
        *sums.entry(path).or_default() += kib;
    }
    if sums.is_empty() && trees.is_empty() {
        return String::new();
    }
    let asked: String = sums.iter().map(|(path, kib)| format!("need {kib} {}\n", quote(path))).collect();
    let trees = match trees.iter().map(|path| quote(path)).collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => none,
        // What is not there takes nothing.
        trees => {
            format!("k=$(du -skc -- {trees} 2>/dev/null | tail -n 1)\nneed \"${{k%%[!0-9]*}}\" {FOLDER}\n")
        }
    };
    format!(
        "need() {{ p=$2; while [ ! -d \"$p\" ]; do p=${{p%/*}}; [ -n \"$p\" ] || p=/; done\n\
         df -Pk -- \"$p\" 2>/dev/null | tail -n 1 | {{ read -r d b u a c m\n\
         case $a in ''|*[!0-9]*) ;; *) printf '%s %s %s\\n' \"$1\" \"$a\" \"$m\";; esac; }}; }}\n\
         room=$( {{\n{asked}{trees}}} | sort -k 3 | {{ o=; t={SLACK_KIB}; while read -r n a m; do\n\
         [ \"$m\" = \"$o\" ] || {{ o=$m; t={SLACK_KIB}; }}; t=$((t + n))\n\
         [ \"$t\" -le \"$a\" ] || {{ f=$m; fn=$t; fa=$a; }}\ndone\n\
         [ -z \"${{f-}}\" ] || echo \"$f has $fa KiB free; copies of what is replaced, and what is new, take $fn KiB\"; }} )\n\
         [ -z \"$room\" ] || {{ printf '%s\\n' \"$room\" >&2; exit 1; }}\n"
    )
}

/// What the planned Changes need room for: the copies of what they replace, and new contents.
pub fn of_changes(steps: &[Step]) -> Vec<(String, u64)> {
    let mut room = vec![(FOLDER.to_string(), 64)];
    let kib = |bytes: u64| bytes / 1024 + 4;
    for step in steps {
        let Todo::Changes(changes, _) = &step.todo else { continue };
        for change in changes {
            let (Key::File(path), State::File(from), State::File(to)) =
                (&change.key, &change.from, &change.to)
            else {
                continue;
            };
            if from.body() == to.body() {
                continue;
            }
            room.extend(from.body().map(|body| (FOLDER.to_string(), kib(body.size))));
            room.extend(to.body().map(|body| (path.clone(), kib(body.size))));
        }
    }
    room
}

/// Folders that will be removed: how large they are only the host knows.
pub fn removed_folders(steps: &[Step]) -> Vec<String> {
    let mut folders = Vec::new();
    for step in steps {
        let Todo::Changes(changes, _) = &step.todo else { continue };
        folders.extend(changes.iter().filter_map(|change| match (&change.key, &change.from, &change.to) {
            (Key::File(path), State::File(FileState::Present(entry)), State::File(to))
                if entry.what == What::Directory && to.word() != "directory" =>
            {
                Some(path.clone())
            }
            _ => None,
        }));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn told(room: &[(String, u64)], trees: &[String]) -> Vec<String> {
        let script = check(room, trees);
        [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]]
            .iter()
            .map(|shell| {
                let out = Command::new(shell[0])
                    .args(&shell[1..])
                    .args(["-u", "-c", &format!("{script}echo room")])
                    .output()
                    .expect("the shell starts");
                let text = [out.stdout, out.stderr].concat();
                String::from_utf8_lossy(&text).trim().to_string()
            })
            .collect()
    }

    #[test]
    fn a_full_file_system_is_told_in_every_shell() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("not/there yet").to_string_lossy().into_owned();
        let tree = vec![dir.path().to_string_lossy().into_owned()];
        assert_eq!(told(&[(path.clone(), 4)], &tree), ["room"; 3]);
        for text in told(&[(path.clone(), 1 << 50), (path, 1)], &tree) {
            assert!(text.contains("KiB free; copies of what is replaced"), "{text}");
            assert!(!text.contains("room\n"), "{text}");
        }
    }
}

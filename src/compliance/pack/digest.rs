//! Which state of a pack it is: its version stays the same when somebody edits it.

use super::Pack;
use crate::files::Files;
use crate::playbook::model::{Act, Play, Task};
use crate::resource::file::hex;
use crate::yaml::{Node, is_template};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// SHA-256 over the files that the pack is made of: its own, the playbooks that its playbook imports,
/// and the variables, templates and files that these name. What is named by a variable is the site's.
/// Where the pack lies makes no difference; nothing where its playbook can't be read.
pub fn sha256(pack: &Pack) -> Option<String> {
    let files = Files::default();
    super::Pack::load(&files, &pack.folder).ok()?;
    let playbook = crate::playbook::load_from(&files, &pack.playbook, &crate::module::Names).ok()?;
    for play in &playbook.plays {
        let tasks = play.all_tasks().into_iter().chain(play.handlers.iter().map(AsRef::as_ref));
        let named = tasks.filter_map(|task| source(&files, play, task)).chain(variables(play));
        // What can't be read is told by the run that needs it.
        named.for_each(|path| drop(files.read(&path)));
    }
    let folder = files.real(&pack.folder);
    let read = files.record().contents;
    let mut lines: Vec<String> = read
        .iter()
        .filter_map(|(path, bytes)| {
            let sum = hex(&Sha256::digest(bytes.as_ref().ok()?));
            Some(format!("{}  {sum}\n", name(&folder, &files.real(path))))
        })
        .collect();
    lines.sort();
    // One file may have been read by several names.
    lines.dedup();
    Some(hex(&Sha256::digest(lines.concat())))
}

/// A file's name as seen from the pack.
fn name(folder: &Path, path: &Path) -> String {
    let beside = folder.parent().unwrap_or(folder);
    match (path.strip_prefix(folder), path.strip_prefix(beside)) {
        (Ok(own), _) => own.display().to_string(),
        (_, Ok(other)) => Path::new("..").join(other).display().to_string(),
        _ => path.display().to_string(),
    }
}

fn variables(play: &Play) -> impl Iterator<Item = PathBuf> {
    let named = play.vars_files.iter().filter_map(Node::as_str).filter(|name| !is_template(name));
    named.map(|name| play.folder.join(name))
}

/// The file that a task sends, filled in or as it is, where its name is written without a template.
pub fn source(files: &Files, play: &Play, task: &Task) -> Option<PathBuf> {
    let Act::Module { name, args, .. } = &task.act else { return None };
    let kind = match name.as_str() {
        "template" => "templates",
        "copy" => "files",
        _ => return None,
    };
    let src = args.get("src").and_then(Node::as_str).filter(|src| !is_template(src))?;
    let role = task.role.iter().map(|role| &role.folder);
    let mut candidates = role
        .chain([&task.folder, &play.folder])
        .flat_map(|folder| [folder.join(kind).join(src), folder.join(src)])
        .chain([PathBuf::from(src)]);
    candidates.find(|path| files.is_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::embedded;
    use std::fs;

    /// The packs that come with harda, written out as `harda init` does.
    fn written() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, bytes) in embedded::all() {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, bytes).expect("written");
        }
        folder
    }

    fn digest(folder: &Path) -> String {
        let pack = Pack::load(&Files::default(), folder).expect("the pack");
        sha256(&pack).expect("its playbook is read")
    }

    #[test]
    fn a_pack_that_was_edited_is_another() {
        let site = written();
        let own = embedded::pack("stampeltjanst");
        let there = site.path().join("playbooks/stampeltjanst");
        let first = digest(&own);
        assert_eq!(digest(&there), first, "written out it is the same");
        for file in [
            "stampeltjanst/requirements.yml",
            "stampeltjanst/controls/sshd.yml",
            "sshd.yml",
            "variables/sudo.yml",
            "templates/sudoers-harda.j2",
            "files/usbguard-harda.conf",
        ] {
            let path = site.path().join("playbooks").join(file);
            let text = fs::read_to_string(&path).expect("a file of the pack");
            fs::write(&path, format!("{text}\n# edited\n")).expect("written");
            assert_ne!(digest(&there), first, "{file}");
            fs::write(&path, text).expect("written");
        }
        fs::write(site.path().join("playbooks/own.yml"), "- hosts: all\n  tasks: []\n").expect("written");
        assert_eq!(digest(&there), first, "what it doesn't use");
    }
}

//! The scripts that put a file, folder or link in place: checked first, then renamed over.

use super::{Bytes, Entry, FileState, What, parent};
use crate::fragment::quote;
use crate::resource::effective::{Service, service_of};
use crate::resource::{Extras, Realise};
use std::fmt::Write;

pub fn script(path: &str, from: &FileState, to: &FileState, extras: &Extras) -> Result<Realise, String> {
    let Some(wanted) = to.entry() else {
        return Ok(Realise::script(remove(path, from)));
    };
    match &wanted.what {
        What::File(body) if from.body() != Some(body) => {
            let source = match (&body.bytes, body.input()) {
                (Bytes::Host(path), _) => format!("cat -- {}", quote(path)),
                (_, Some(_)) => "cat".to_string(),
                _ => return Err(format!("the content of `{path}` is not at hand (sha256 {})", body.digest)),
            };
            let mut realise = Realise::script(write(
                path,
                from,
                wanted,
                &Source { read: source, digest: &body.digest },
                extras,
            ));
            realise.input.extend(body.input());
            Ok(realise)
        }
        What::File(_) => Ok(Realise::script(attributes(path, from, wanted))),
        What::Directory => {
            let make = match (from.word(), &extras.kept) {
                ("directory", _) => String::new(),
                (_, Some(kept)) => put_back(path, kept),
                (_, None) => format!("mkdir -- {} || exit 1\n", quote(path)),
            };
            let first = if from.word() == "directory" || from.entry().is_none() {
                String::new()
            } else {
                remove(path, from)
            };
            Ok(Realise::script(format!("{first}{make}{}", attributes(path, from, wanted))))
        }
        What::Link { target, .. } => Ok(Realise::script(link(path, from, wanted, target))),
        What::Other(kind) => Err(format!("`{path}` can't be made a {kind}")),
    }
}

/// A folder with all that is kept of it: copied beside its place, then moved there.
fn put_back(path: &str, kept: &str) -> String {
    format!(
        "t=$(mktemp -d {folder}/.harda.XXXXXX) || exit 1\n\
         trap 'rm -rf -- \"$t\"' EXIT; trap 'exit 1' HUP INT PIPE TERM\n\
         cp -a -- {kept} \"$t/kept\" && mv -- \"$t/kept\" {place} && rmdir -- \"$t\" || exit 1\ntrap - EXIT\n",
        folder = quote(parent(path)),
        kept = quote(kept),
        place = quote(path),
    )
}

fn remove(path: &str, from: &FileState) -> String {
    let flag = if from.word() == "directory" { "-rf" } else { "-f" };
    format!("rm {flag} -- {} || exit 1\n", quote(path))
}

/// Owner, group and mode, in this order: a change of owner clears the set-id bits. Five digits,
/// because GNU chmod leaves a folder's set-id bits alone with four.
fn attributes(path: &str, from: &FileState, wanted: &Entry) -> String {
    let place = quote(path);
    let old = from.entry();
    let mut script = String::new();
    if old.is_none_or(|e| e.owner != wanted.owner || e.group != wanted.group) {
        let _ = writeln!(
            script,
            "chown -- {} {place} || exit 1",
            quote(&format!("{}:{}", wanted.owner, wanted.group))
        );
    }
    let _ = writeln!(script, "chmod {:05o} -- {place} || exit 1", wanted.mode);
    script
}

/// The command that prints the content, and the digest that it must have.
struct Source<'a> {
    read: String,
    digest: &'a str,
}

/// A candidate beside the file, checked by digest, by `validate:` and by the service that reads
/// it, synced, and renamed over; or, where the task says so, written into the file.
fn write(path: &str, from: &FileState, wanted: &Entry, source: &Source<'_>, extras: &Extras) -> String {
    let (place, folder) = (quote(path), quote(parent(path)));
    let owner = quote(&format!("{}:{}", wanted.owner, wanted.group));
    let mut script = format!(
        "t=$(mktemp {folder}/.harda.XXXXXX) || exit 1\n\
         trap 'rm -f -- \"$t\"' EXIT; trap 'exit 1' HUP INT PIPE TERM\n\
         {} > \"$t\" || exit 1\n\
         s=$(sha256sum < \"$t\") || exit 1\n\
         [ \"${{s%% *}}\" = {} ] || {{ echo 'the content arrived damaged' >&2; exit 1; }}\n",
        source.read, source.digest
    );
    // Access lists, attributes and labels stay, or come back with what is put back; busybox has no
    // such option, and no labels.
    let model = extras.kept.as_ref().map(|kept| quote(kept)).or(from.body().map(|_| place.clone()));
    if let Some(model) = model {
        let _ = writeln!(script, "cp --attributes-only --preserve=all -- {model} \"$t\" 2>/dev/null");
    }
    let _ = writeln!(script, "chown -- {owner} \"$t\" && chmod {:04o} \"$t\" || exit 1", wanted.mode);
    if let Some(validate) = &extras.validate {
        // The command is the playbook's own text, as in Ansible; only the path is ours.
        let command = validate.replace("%s", "\"$t\"");
        let _ = writeln!(
            script,
            "v=$({command} 2>&1) || {{ printf '%s\\n' \"validation failed: $v\" >&2; exit 1; }}"
        );
    }
    script.push_str(&check(path, service_of(path)));
    // Modules refuse to touch hard links unasked; whoever gets here (an undo too) breaks none off.
    let linked = from.entry().is_some_and(|entry| entry.links > 1);
    script.push_str(&finish(path, from, wanted, extras.in_place || linked));
    script
}

/// The candidate takes the file's place. `mv -T` isn't everywhere (busybox of old), so a folder or
/// link that came in between is looked for: `mv` would move into it.
fn finish(path: &str, from: &FileState, wanted: &Entry, in_place: bool) -> String {
    let place = quote(path);
    if in_place && from.body().is_some() {
        let attributes = attributes(path, from, wanted);
        return format!("cat \"$t\" > {place} || exit 1\n{attributes}sync {place} 2>/dev/null || sync\n");
    }
    let clear = if from.word() == "directory" { remove(path, from) } else { String::new() };
    format!(
        "sync \"$t\" 2>/dev/null || sync\n{clear}\
         if [ -d {place} ]; then echo 'a folder has come in between' >&2; exit 1; fi\n\
         mv -f -- \"$t\" {place} || exit 1\n\
         trap - EXIT\nsync {folder} 2>/dev/null\n{label}true\n",
        folder = quote(parent(path)),
        label = if from.body().is_some() { String::new() } else { relabel(&place) },
    )
}

/// A new file has the label of its folder; SELinux's policy may have one for its name.
fn relabel(place: &str) -> String {
    format!("! command -v restorecon >/dev/null 2>&1 || restorecon {place}\n")
}

/// Runs the service's checker on its configuration with the candidate in place, in a mount
/// namespace of its own: nothing that runs on the host sees the candidate before it is proven.
fn check(path: &str, service: Option<&Service>) -> String {
    let Some((service, checker)) = service.and_then(|s| s.checker.map(|c| (s, c))) else {
        return String::new();
    };
    let program = checker.split("&& ").last().and_then(|c| c.split(' ').next()).unwrap_or_default();
    // An existing file is covered by the candidate; for a new one the folder is covered by a copy
    // on a tmpfs. The working folder still is the real one, so that it can be copied from.
    let inner = format!(
        "cd {folder} && if [ -e {place} ]; then mount --bind -- \"$1\" {place}; \
         else mount -t tmpfs harda {folder} && cp -a ./. {folder}/ && mv -- \"$1\" {place}; fi && {{ {checker}; }}",
        folder = quote(parent(path)),
        place = quote(path),
    );
    format!(
        "if command -v {program} >/dev/null 2>&1; then\n\
         v=$(unshare -m sh -c {inner} sh \"$t\" 2>&1) || \
         {{ printf '%s\\n' \"{name} refuses it: $v\" >&2; exit 1; }}\nfi\n",
        inner = quote(&inner),
        name = service.name,
    )
}

fn link(path: &str, from: &FileState, wanted: &Entry, target: &str) -> String {
    let (place, folder) = (quote(path), quote(parent(path)));
    let clear = if from.word() == "directory" { remove(path, from) } else { String::new() };
    format!(
        "{clear}t=$(mktemp -u {folder}/.harda.XXXXXX) || exit 1\n\
         trap 'rm -f -- \"$t\"' EXIT; trap 'exit 1' HUP INT PIPE TERM\n\
         ln -s -- {target} \"$t\" && chown -h -- {owner} \"$t\" && mv -f -T -- \"$t\" {place} || exit 1\n",
        target = quote(target),
        owner = quote(&format!("{}:{}", wanted.owner, wanted.group)),
    )
}

#[cfg(test)]
mod tests;

//! What a host keeps of earlier runs. Only read: each run writes its own with its Changes.

use super::{Difference, Extras, Kind, Opaque, Realise, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use crate::manifest::{FOLDER, Manifest, folder, is_run_id};

/// The id that asks for all runs; what they keep of contents isn't looked at then.
pub const ALL: &str = "all";

/// Manifests of many runs with many Changes each.
const MOST_BYTES: usize = 64 << 20;

pub struct Runs;

/// Tells one run: its id, the manifest's size and bytes; with `sums`, digests of what is kept.
const SCRIPT: &str = r#"tell() { [ -f "$1/manifest" ] || return 0
  s=$(wc -c <"$1/manifest"); printf '%s %s\n' "${1##*/}" "$((s))"; cat -- "$1/manifest"; echo
  [ -z "$2" ] || (cd "$1/blobs" 2>/dev/null && set -- * && [ -e "$1" ] && sha256sum -- "$@")
  echo --; }
"#;

impl Kind for Runs {
    /// A run's id, or [`ALL`].
    type Id = String;
    /// Oldest first; empty where nothing is kept.
    type State = Vec<Manifest>;
    const NAME: &'static str = "record of run";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let mut script = format!(
            "{SCRIPT}[ ! -e {FOLDER} ] || [ -r {FOLDER} ] || {{ echo '{FOLDER} can only be read by root (become: true)' >&2; exit 1; }}\n"
        );
        for w in wanted {
            script.push_str(&match w.id.as_str() {
                ALL => format!("for r in {FOLDER}/runs/*; do tell \"$r\" ''; done\necho ==\n"),
                run => format!("tell {} sums\necho ==\n", quote(&folder(run))),
            });
        }
        script.push_str("true\n");
        let mut fragment = Fragment::new(script);
        fragment.max_output = MOST_BYTES;
        fragment
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<Vec<Manifest>, String>> {
        if reply.status != 0 || reply.truncated {
            let why = match reply.truncated {
                true => "is more than can be read".to_string(),
                false => format!("could not be read: {}", reply.error_text()),
            };
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let mut rest = reply.stdout.as_slice();
        wanted.iter().map(|_| read(&mut rest)).collect()
    }

    fn diff(_id: &String, _from: &Vec<Manifest>, _to: &Vec<Manifest>) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &Vec<Manifest>, _: &Vec<Manifest>, _: &Extras) -> Result<Realise, String> {
        Err("what a host keeps of a run is only read".into())
    }

    fn shaken(_id: &String, _state: &Vec<Manifest>, _by: &Opaque) -> bool {
        false
    }
}

/// The runs of one answer, up to its end.
fn read(rest: &mut &[u8]) -> Result<Vec<Manifest>, String> {
    let mut runs = Vec::new();
    loop {
        let line = next_line(rest).ok_or("could not be told whole")?;
        if line == "==" {
            return Ok(runs);
        }
        let (run, size) = line.split_once(' ').ok_or("could not be told: a line has no size")?;
        let size: usize = size.parse().map_err(|_| "could not be told: a size is no number")?;
        let (text, after) = rest.split_at_checked(size).ok_or("could not be told whole")?;
        *rest = after.get(1..).unwrap_or_default();
        let mut manifest = Manifest::read(run, &String::from_utf8_lossy(text));
        while let Some(line) = next_line(rest).filter(|line| line != "--") {
            check_kept(&line, &mut manifest);
        }
        if is_run_id(run) {
            runs.push(manifest);
        }
    }
}

/// `digest  DIGEST.N` of `sha256sum`.
fn check_kept(line: &str, manifest: &mut Manifest) {
    let Some((sum, name)) = line.split_once("  ") else { return };
    if !name.starts_with(sum) {
        manifest.damage.push(format!("what is kept as `{name}` is not what it was"));
    }
}

fn next_line(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let line = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = &rest[end + 1..];
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{FORMAT, Header, Line};
    use crate::resource::Level;
    use std::process::Command;

    #[test]
    fn every_shell_tells_what_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = dir.path().join("runs/20261125T060000Z-abcd");
        std::fs::create_dir_all(run.join("blobs")).expect("made");
        let header = Line::Header(Header { format: FORMAT, ..Header::default() }).write();
        std::fs::write(run.join("manifest"), format!("{header}\n")).expect("written");
        std::fs::write(run.join("blobs/00ff.1"), "damaged").expect("written");
        let wanted = [ALL, "20261125T060000Z-abcd", "20000101T000000Z-none"]
            .map(|id| Wanted { id: id.to_string(), level: Level::Digest });
        let script = Runs::observe(&wanted).script.replace(FOLDER, &dir.path().to_string_lossy());
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let out = Command::new(shell[0])
                .args(&shell[1..])
                .args(["-c", &script])
                .output()
                .expect("the shell starts");
            let reply = Reply { stdout: out.stdout, stderr: out.stderr, ..Reply::default() };
            let told: Vec<Vec<Manifest>> =
                Runs::parse(&wanted, &reply).into_iter().map(|s| s.expect("told")).collect();
            assert_eq!(told[0].len(), 1, "{shell:?}");
            assert!(told[0][0].damage.is_empty(), "{:?}", told[0][0].damage);
            assert_eq!(told[1][0].damage, ["what is kept as `00ff.1` is not what it was"], "{shell:?}");
            assert!(told[2].is_empty());
        }
    }
}

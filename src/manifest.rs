//! What a run keeps on a host of what it changed there: a header, and a line for each Change,
//! written before it is made and marked when it is done. Each line has its checksum, so that damage
//! is found; what is kept of contents lies beside it, by digest.
//!
//! A line is `SHA256 JSON`. The folder is `/var/lib/harda/runs/RUN` (0700, root): the lines in
//! `manifest`, contents in `blobs/DIGEST.N`, removed folders whole in `trees/N`, N being the number
//! of the Change.

use crate::resource::file::hex;
use crate::resource::{Extras, Key, State, Undo};
use crate::secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The folder on a host that all is kept in.
pub const FOLDER: &str = "/var/lib/harda";

/// The format that this harda writes; a later one is refused by name.
pub const FORMAT: u32 = 1;

/// The folder of one run's record.
pub fn folder(run: &str) -> String {
    format!("{FOLDER}/runs/{run}")
}

/// Whether a text can be a run's id: it becomes part of a path.
pub fn is_run_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (8..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('-')
}

/// Who made the run, when and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    pub run: String,
    /// harda's version.
    pub version: String,
    /// Who logged in.
    pub login: String,
    pub playbook: String,
    /// As RFC 3339 has it, by the clock of the machine that harda ran on.
    pub started: String,
    /// The run that this one undid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

/// One Change, as it is about to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Counts from 1, in the order made.
    pub n: usize,
    pub key: Key,
    pub from: State,
    pub to: State,
    #[serde(default)]
    pub extras: Extras,
    pub task: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    pub undo: Undo,
    pub at: String,
    /// Of a `no_log` task: what differs is never shown.
    #[serde(default)]
    pub secret: bool,
    /// It was not there when the run began: the file or the package that an earlier Change made
    /// brought it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
    /// What was copied before, relative to the run's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A command or restart: listed, as it can't be undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acted {
    pub title: String,
    /// It may have changed anything; a restart doesn't.
    #[serde(default)]
    pub opaque: bool,
    /// The dead-man's switch was armed, and nobody has proven access since.
    #[serde(default)]
    pub guarded: bool,
    pub task: String,
    pub place: String,
    pub at: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one line at a time is in hand")]
pub enum Line {
    Header(Header),
    /// Written before the Change is made.
    Change(Made),
    /// These were made.
    Made(Vec<usize>),
    /// The script that was to make these failed: they may be made, or not, or in part.
    Failed(Vec<usize>),
    /// The home folder of the account that Change `n` makes was not there before.
    NewHome {
        n: usize,
    },
    Act(Acted),
    /// Access was proven: what was done so far the dead-man's switch takes back no more.
    Proven,
    /// The run came to its end on this host; without this line it was cut off.
    Ended {
        at: String,
        failed: bool,
    },
    /// The dead-man's switch took back what the run had changed: the host writes this by itself.
    Restored(Restoration),
}

/// When and why a host took back what a run had changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    pub at: String,
    pub why: String,
}

impl Line {
    /// The line as it stands in the manifest, without its newline. Password hashes are in it: it
    /// goes into root's own file on the host that has them anyway.
    pub fn write(&self) -> String {
        // Data of our own types: maps have text keys, so that it can always be written.
        let json = secret::written_in_clear(|| serde_json::to_string(self)).unwrap_or_default();
        format!("{} {json}", hex(&Sha256::digest(&json)))
    }

    fn read(text: &str) -> Result<Line, String> {
        let (sum, json) = text.split_once(' ').ok_or("it has no checksum")?;
        if sum != hex(&Sha256::digest(json)) {
            return Err("its checksum is wrong".into());
        }
        serde_json::from_str(json).map_err(|e| format!("another version of harda wrote it: {e}"))
    }
}

/// A run's manifest, as a host has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub run: String,
    pub header: Header,
    pub changes: Vec<Made>,
    pub acts: Vec<Acted>,
    pub made: BTreeSet<usize>,
    pub failed: BTreeSet<usize>,
    /// Changes that made an account whose home folder was not there before.
    pub new_homes: BTreeSet<usize>,
    /// The run came to its end here, and whether it had failed.
    pub ended: Option<bool>,
    #[serde(default)]
    pub restored: Option<Restoration>,
    /// What is wrong with the record.
    pub damage: Vec<String>,
}

impl Manifest {
    /// Reads the lines. What is damaged is noted, and all else read on.
    pub fn read(run: &str, text: &str) -> Manifest {
        let mut manifest = Manifest { run: run.to_string(), ..Manifest::default() };
        let mut headed = false;
        let cut = !text.is_empty() && !text.ends_with('\n');
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            match Line::read(line) {
                Ok(line) => headed |= manifest.take(line),
                // A power cut in the middle of a line: what it announces was not begun.
                Err(_) if cut && at + 1 == lines.len() => {}
                Err(why) => manifest.damage.push(format!("line {} of its manifest: {why}", at + 1)),
            }
        }
        if !headed {
            manifest.damage.push("its manifest has no header".into());
        } else if manifest.header.format != FORMAT {
            let format = manifest.header.format;
            manifest.damage.push(format!("its format is {format}; this harda knows format {FORMAT}"));
        }
        let numbers: BTreeSet<usize> = manifest.changes.iter().map(|made| made.n).collect();
        let last = numbers.last().copied().unwrap_or(0);
        if let Some(missing) = (1..=last).find(|n| !numbers.contains(n)) {
            manifest.damage.push(format!("change {missing} is missing in its manifest"));
        }
        manifest
    }

    /// Takes a line in; says whether it was the header.
    fn take(&mut self, line: Line) -> bool {
        match line {
            Line::Header(header) => {
                self.header = header;
                return true;
            }
            Line::Change(made) => self.changes.push(made),
            Line::Made(numbers) => self.made.extend(numbers),
            Line::Failed(numbers) => self.failed.extend(numbers),
            Line::NewHome { n } => drop(self.new_homes.insert(n)),
            Line::Act(act) => self.acts.push(act),
            Line::Proven => self.acts.iter_mut().for_each(|act| act.guarded = false),
            Line::Ended { failed, .. } => self.ended = Some(failed),
            Line::Restored(restoration) => self.restored = Some(restoration),
        }
        false
    }

    /// What the run came to for each resource, the one first touched last.
    pub fn net(&self) -> Vec<Net<'_>> {
        let mut all: Vec<Net<'_>> = Vec::new();
        for made in &self.changes {
            match all.iter_mut().find(|net| net.first.key == made.key) {
                Some(net) => {
                    net.last = made;
                    net.secret |= made.secret;
                }
                None => all.push(Net { first: made, last: made, secret: made.secret }),
            }
        }
        all.reverse();
        all
    }

    /// Whether this Change is known to be made in full.
    pub fn is_made(&self, made: &Made) -> bool {
        self.made.contains(&made.n)
    }
}

/// A resource's first and last Change of a run.
#[derive(Clone, Debug)]
pub struct Net<'m> {
    pub first: &'m Made,
    pub last: &'m Made,
    pub secret: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::file::{Body, Entry, FileState, What};
    use crate::resource::user::{Account, Hash, Password, UserState};

    fn file(text: &str) -> State {
        State::File(FileState::Present(Entry {
            what: What::File(Body::of(text.as_bytes().to_vec())),
            mode: 0o644,
            owner: "root".into(),
            group: "root".into(),
            links: 1,
        }))
    }

    fn made(n: usize, path: &str, from: &str, to: &str) -> Line {
        Line::Change(Made {
            n,
            key: Key::File(path.into()),
            from: file(from),
            to: file(to),
            extras: Extras { in_place: true, ..Extras::default() },
            task: "t".into(),
            item: None,
            place: "p.yml:1:1".into(),
            control: None,
            undo: Undo::Full,
            at: "now".into(),
            secret: false,
            brought: false,
            kept: None,
        })
    }

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|line| line.write() + "\n").collect()
    }

    fn header() -> Line {
        Line::Header(Header { format: FORMAT, run: "r".into(), ..Header::default() })
    }

    #[test]
    fn what_is_written_is_read_again() {
        let lines = [
            header(),
            made(1, "/a", "1", "2"),
            Line::Made(vec![1]),
            made(2, "/b", "1", "2"),
            made(3, "/a", "2", "3"),
            Line::Made(vec![2, 3]),
            Line::Ended { at: "now".into(), failed: false },
        ];
        let manifest = Manifest::read("r", &text(&lines));
        assert_eq!(manifest.damage, Vec::<String>::new());
        assert_eq!(manifest.ended, Some(false));
        let net = manifest.net();
        let ends: Vec<(usize, usize)> = net.iter().map(|net| (net.first.n, net.last.n)).collect();
        assert_eq!(ends, [(2, 2), (1, 3)], "the first touched comes last");
        assert!(net[0].first.extras.in_place);
    }

    #[test]
    fn what_was_done_before_a_proof_is_under_the_switch_no_more() {
        let act = |title: &str| {
            let (title, task) = (title.to_string(), "t".to_string());
            let (place, at) = ("p.yml:1:1".to_string(), "now".to_string());
            Line::Act(Acted { title, opaque: true, guarded: true, task, place, at })
        };
        let manifest = Manifest::read("r", &text(&[header(), act("one"), Line::Proven, act("two")]));
        assert_eq!(manifest.acts.iter().map(|act| act.guarded).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn damage_is_found() {
        let whole = text(&[header(), made(1, "/a", "1", "2"), made(2, "/b", "1", "2")]);
        let flipped = whole.replace("\"/a\"", "\"/x\"");
        let damage = Manifest::read("r", &flipped).damage;
        assert_eq!(
            damage,
            ["line 2 of its manifest: its checksum is wrong", "change 1 is missing in its manifest"]
        );
        let cut = &whole[..whole.len() - 20];
        assert!(Manifest::read("r", cut).damage.is_empty(), "a line cut short was never begun");
        assert_eq!(Manifest::read("r", "").damage, ["its manifest has no header"]);
    }

    #[test]
    fn a_hash_is_in_the_manifest_and_in_no_other_json() {
        let account = Account { password: Some(Password::Set(Hash::new("$6$s$h"))), ..Account::default() };
        let state = State::User(UserState::Present(account));
        let Line::Change(mut change) = made(1, "/a", "1", "2") else { unreachable!() };
        change.key = Key::User("a".into());
        (change.from, change.to) = (state.clone(), State::User(UserState::Absent));
        let written = text(&[header(), Line::Change(change)]);
        assert!(written.contains("$6$s$h"));
        assert_eq!(Manifest::read("r", &written).changes[0].from, state);
        assert!(!serde_json::to_string(&state).expect("json").contains("$h"));
    }
}

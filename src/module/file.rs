//! `file`: a file's, folder's or link's existence, owner, group and mode.

use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::file::{self, Body, Entry, FileState, What};
use crate::resource::tree::{Tree, TreeId, TreeState};
use crate::resource::{Key, Level, State};
use crate::world::Stop;

pub struct File;

const PARAMS: &[Param] = &[
    Param::new(&["path", "dest", "name"], Kind::Path, "The path on the host.").required(),
    Param::new(
        &["state"],
        Kind::Text,
        "What should be there. Default: `file`, or `directory` with `recurse`.",
    )
    .choices(&["file", "directory", "absent", "link", "touch"]),
    Param::new(&["mode"], Kind::Mode, "Permissions, such as '0640' or u=rw,g=r,o="),
    Param::new(&["owner"], Kind::Text, "The user that owns it."),
    Param::new(&["group"], Kind::Text, "The group that owns it."),
    Param::new(&["src"], Kind::Text, "For `link`: where the link leads, as written in it."),
    Param::new(&["follow"], Kind::Bool, "Work on what a link leads to. Default: true."),
    Param::new(&["force"], Kind::Bool, "For `link`: replace a file that stands there. Default: false."),
    Param::new(
        &["recurse"],
        Kind::Bool,
        "For `directory`: owner, group and mode of everything below it too; links are not followed. Default: false.",
    ),
    Param::new(&["modification_time"], Kind::Text, TIMES).choices(&["preserve"]),
    Param::new(&["access_time"], Kind::Text, TIMES).choices(&["preserve"]),
];

const TIMES: &str =
    "For `touch`: times of a file that is there are left as they are, or every run would be a change.";

impl Module for File {
    fn names(&self) -> &'static [&'static str] {
        &["file"]
    }

    fn about(&self) -> &'static str {
        "A file's, folder's or link's existence, owner, group and mode."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let recurse = args.flag("recurse") == Some(true);
        let state = args.text("state").unwrap_or_else(|| (if recurse { "directory" } else { "file" }).into());
        if recurse && state != "directory" {
            return Err(Stop::error(format!("`recurse` goes with `state: directory`, not with `{state}`")));
        }
        let follow = args.flag("follow").unwrap_or(true) && !matches!(state.as_str(), "link" | "absent");
        let path = args.needed("path")?;
        if recurse {
            cx.world.demand(Key::Tree(tree(args, &path)), Level::Digest);
        }
        let path = place(path, follow, cx)?;
        let mut planned = Planned::default().result("path", path.clone()).result("state", state.clone());
        let tree = recurse.then(|| tree(args, &path));
        let mut now = cx.world.ask::<file::File>(path.clone())?;
        if state == "directory" && matches!(now, FileState::Absent { folder: false }) {
            for folder in missing(file::parent(&path), cx)? {
                let to = owned(args, &folder, What::Directory, &FileState::Absent { folder: true })?;
                planned = planned.want::<file::File>(folder, to);
            }
            now = &FileState::Absent { folder: true };
        }
        let to = wanted(args, &path, &state, now)?;
        let there = now.entry().is_some();
        planned = planned.want::<file::File>(path, to);
        match tree.filter(|_| there) {
            Some(tree) => {
                cx.world.ask::<Tree>(tree.clone())?;
                let planned = planned_below(planned, args, &tree.path, cx)?;
                Ok(planned.want::<Tree>(tree, TreeState::default()))
            }
            None => Ok(planned),
        }
    }
}

/// What earlier tasks put below the folder: the host can't tell of it yet.
fn planned_below(mut planned: Planned, args: &Args, folder: &str, cx: &Context<'_>) -> Result<Planned, Stop> {
    let folder = format!("{}/", folder.trim_end_matches('/'));
    for (key, state) in cx.world.predictions() {
        if let (Key::File(path), State::File(now)) = (key, state)
            && path.starts_with(&folder)
            && let Some(entry) = now.entry()
        {
            let to = owned(args, path, entry.what.clone(), now)?;
            planned = planned.want::<file::File>(path.clone(), to);
        }
    }
    Ok(planned)
}

/// All below the folder as the task says.
fn tree(args: &Args, path: &str) -> TreeId {
    TreeId {
        path: path.to_string(),
        owner: args.text("owner"),
        group: args.text("group"),
        mode: args.text("mode"),
    }
}

/// The folder and those above it that aren't there, the topmost first.
pub fn missing(folder: &str, cx: &Context<'_>) -> Result<Vec<String>, Stop> {
    let mut missing = Vec::new();
    let mut next = folder;
    while next != "/" {
        match cx.world.ask::<file::File>(next.to_string())? {
            FileState::Absent { .. } => missing.push(next.to_string()),
            state => match state.entry().map(|e| &e.what) {
                Some(What::File(_) | What::Other(_)) => {
                    return Err(Stop::error(format!("`{next}` is a {}, not a directory", state.word())));
                }
                _ => break,
            },
        }
        next = file::parent(next);
    }
    missing.reverse();
    Ok(missing)
}

/// The path that is meant: what a final link leads to, if links are followed.
pub fn place(path: String, follow: bool, cx: &Context<'_>) -> Result<String, Stop> {
    place_at(path, follow, Level::Digest, cx)
}

/// The same, asked at the level that the file itself will be asked at: one round brings both.
pub fn place_at(path: String, follow: bool, level: Level, cx: &Context<'_>) -> Result<String, Stop> {
    if !follow {
        return Ok(path);
    }
    match cx.world.ask_at::<file::File>(path.clone(), level)?.entry().map(|e| &e.what) {
        Some(What::Link { resolved: Some(end), .. }) => Ok(end.clone()),
        Some(What::Link { target, .. }) => {
            Err(Stop::error(format!("`{path}` is a link to `{target}`, which does not exist")))
        }
        _ => Ok(path),
    }
}

fn wanted(args: &Args, path: &str, state: &str, now: &FileState) -> Result<FileState, Stop> {
    let what = match (state, now.entry().map(|e| &e.what)) {
        ("absent", _) => return Ok(absent(now)),
        ("file", None) => {
            return Err(Stop::error(format!(
                "`{path}` does not exist (`state: file` changes only what is there; use `touch`, `copy` or `template`)"
            )));
        }
        ("file", Some(What::Directory)) => {
            return Err(Stop::error(format!("`{path}` is a directory, not a file (use `state: directory`)")));
        }
        ("touch", None) => What::File(Body::of(*b"")),
        ("file" | "touch", Some(what)) => what.clone(),
        ("directory", None | Some(What::Directory)) => What::Directory,
        ("directory", Some(_)) => {
            return Err(Stop::error(format!(
                "`{path}` is a {}, not a directory: remove it first",
                now.word()
            )));
        }
        ("link", old) => link(args, path, old)?,
        (other, _) => return Err(Stop::error(format!("`state: {other}` is not known"))),
    };
    owned(args, path, what, now)
}

/// What is left after removal.
pub fn absent(now: &FileState) -> FileState {
    match now {
        FileState::Absent { folder } => FileState::Absent { folder: *folder },
        FileState::Present(_) => FileState::Absent { folder: true },
    }
}

fn link(args: &Args, path: &str, old: Option<&What>) -> Result<What, Stop> {
    let target =
        args.needed("src").map_err(|_| Stop::error("`state: link` needs `src`, where the link leads"))?;
    match old {
        None | Some(What::Link { .. }) => {}
        Some(_) if args.flag("force") == Some(true) => {}
        Some(_) => {
            return Err(Stop::error(format!("`{path}` exists and is no link (`force: true` replaces it)")));
        }
    }
    Ok(What::Link { target, resolved: None })
}

/// The entry with owner, group and mode as asked for, and as they are where nothing is asked.
pub fn owned(args: &Args, path: &str, what: What, now: &FileState) -> Result<FileState, Stop> {
    if matches!(now, FileState::Absent { folder: false }) {
        return Err(Stop::error(format!(
            "the folder `{}` does not exist (make it with `file: state=directory` first)",
            file::parent(path)
        )));
    }
    let old = now.entry();
    let directory = what == What::Directory;
    let mode = args.mode("mode", old.map(|e| e.mode), directory)?;
    let fresh = if directory { 0o755 } else { 0o644 };
    Ok(FileState::Present(Entry {
        what,
        mode: mode.or(old.map(|e| e.mode)).unwrap_or(fresh),
        owner: args.owner(old),
        group: args.group(old),
        links: old.map_or(1, |e| e.links),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, entry, wanted};
    use serde_json::json;

    fn folder() -> FileState {
        entry(What::Directory)
    }

    fn after(bench: &Bench, args: serde_json::Value, path: &str) -> (String, u32) {
        let planned = bench.plan("file", args).expect("planned");
        let state = wanted::<file::File>(&planned, path).expect("wanted");
        (state.word().to_string(), state.entry().map_or(0, |e| e.mode))
    }

    #[test]
    fn states_become_what_should_be_there() {
        let link = What::Link { target: "f".into(), resolved: Some("/f".into()) };
        let bench = Bench::new()
            .file("/f", "x")
            .without("/none")
            .has::<file::File>("/d", folder())
            .has::<file::File>("/l", entry(link));
        let cases = [
            (json!({"path": "/f", "mode": "u=rw,go="}), "/f", ("file", 0o600)),
            (json!({"path": "/l", "mode": "0600"}), "/f", ("file", 0o600)),
            (json!({"path": "/l", "state": "absent"}), "/l", ("absent", 0)),
            (json!({"path": "/f", "state": "touch"}), "/f", ("file", 0o644)),
            (json!({"path": "/none", "state": "touch", "mode": "0600"}), "/none", ("file", 0o600)),
            (json!({"path": "/none", "state": "directory"}), "/none", ("directory", 0o755)),
            (json!({"path": "/d", "state": "directory", "mode": "0700"}), "/d", ("directory", 0o700)),
            (json!({"path": "/none", "state": "link", "src": "f"}), "/none", ("link", 0o644)),
            (json!({"path": "/f", "state": "link", "src": "g", "force": true}), "/f", ("link", 0o644)),
        ];
        for (args, path, (word, mode)) in cases {
            let (found, bits) = after(&bench, args.clone(), path);
            assert_eq!(found, word, "{args}");
            assert!(bits == mode || word == "link", "{args}: {bits:o}");
        }
    }

    #[test]
    fn a_folder_is_made_with_all_above_it() {
        let gone = FileState::Absent { folder: false };
        let bench = Bench::new()
            .has::<file::File>("/a", folder())
            .without("/a/b")
            .has::<file::File>("/a/b/c", gone.clone())
            .has::<file::File>("/a/b/c/d", gone);
        let args = json!({"path": "/a/b/c/d", "state": "directory", "mode": "0700"});
        let planned = bench.plan("file", args).expect("planned");
        let paths: Vec<String> = planned.wants.iter().map(|w| w.key.id()).collect();
        assert_eq!(paths, ["/a/b", "/a/b/c", "/a/b/c/d"]);
        let told = bench.error("file", json!({"path": "/a/b/c", "state": "touch"}));
        assert!(told.contains("the folder `/a/b` does not exist"), "{told}");
    }

    #[test]
    fn a_tree_is_wanted_where_there_is_one() {
        let id = TreeId { path: "/d".into(), mode: Some("go-w".into()), ..TreeId::default() };
        let found = TreeState { differs: Vec::new(), total: 3 };
        let bench = Bench::new().has::<file::File>("/d", folder()).has::<Tree>(id.clone(), found);
        let args = json!({"path": "/d", "mode": "go-w", "recurse": true});
        let planned = bench.plan("file", args).expect("planned");
        assert_eq!(wanted::<Tree>(&planned, id), Some(&TreeState::default()));
        let bench = Bench::new();
        let asked = bench.plan("file", json!({"path": "/d", "mode": "go-w", "recurse": true}));
        assert_eq!(asked.map(|_| ()), Err(Stop::Waiting));
        assert_eq!(bench.world.take_demands().len(), 2, "both in one round");
    }

    #[test]
    fn what_was_planned_below_a_tree_is_put_right_too() {
        let id = TreeId { path: "/d".into(), mode: Some("go-r".into()), ..TreeId::default() };
        let mut bench = Bench::new().has::<file::File>("/d", folder()).has::<Tree>(id, TreeState::default());
        for path in ["/d/new", "/dx"] {
            let state = State::File(crate::module::testing::file("x"));
            bench.world.predict(Key::File(path.into()), state, crate::change::Certainty::Certain);
        }
        let args = json!({"path": "/d", "mode": "go-r", "recurse": true});
        assert_eq!(after(&bench, args.clone(), "/d/new"), ("file".to_string(), 0o600));
        assert_eq!(bench.plan("file", args).map(|p| p.wants.len()), Ok(3));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let dangling = What::Link { target: "gone".into(), resolved: None };
        let bench = Bench::new()
            .file("/f", "x")
            .without("/none")
            .has::<file::File>("/d", folder())
            .has::<file::File>("/l", entry(dangling));
        let cases = [
            (json!({"path": "/none"}), "`/none` does not exist"),
            (json!({"path": "/d", "state": "file"}), "use `state: directory`"),
            (json!({"path": "/f", "state": "directory"}), "is a file, not a directory"),
            (json!({"path": "/f", "state": "link", "src": "x"}), "`force: true` replaces it"),
            (json!({"path": "/none", "state": "link"}), "needs `src`"),
            (json!({"path": "/l", "mode": "0600"}), "is a link to `gone`, which does not exist"),
            (json!({"path": "/f", "mode": "rwx"}), "`rwx` is no file mode"),
            (json!({"path": "/f", "state": "file", "recurse": true}), "goes with `state: directory`"),
        ];
        for (args, told) in cases {
            let error = bench.error("file", args);
            assert!(error.contains(told), "{error}");
        }
    }
}

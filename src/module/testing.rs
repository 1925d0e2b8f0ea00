//! For tests of modules: a World filled by hand, local files from memory, and one call to plan.

use super::{Access, Args, Context, LocalFiles, Planned, find};
use crate::place::Place;
use crate::resource::file::{Body, Bytes, Entry, File, FileState, SHOWN_BYTES, What};
use crate::resource::{Level, Typed};
use crate::template::{RunInputs, Scope, Templar};
use crate::world::{Stop, World};
use minijinja::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A host and a control machine for one test.
#[derive(Default)]
pub struct Bench {
    pub world: World,
    pub scope: Scope,
    pub access: Access,
    local: Memory,
}

#[derive(Default)]
struct Memory(BTreeMap<PathBuf, Arc<[u8]>>);

impl LocalFiles for Memory {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, String> {
        self.0.get(path).cloned().ok_or_else(|| format!("`{}` can't be read", path.display()))
    }

    fn body(&self, path: &Path) -> Result<Body, String> {
        if self.0.keys().any(|file| file != path && file.starts_with(path)) {
            return Err(format!("`{}` can't be read: it is a folder", path.display()));
        }
        let bytes = self.read(path)?;
        match bytes.len() as u64 <= SHOWN_BYTES {
            true => Ok(Body::of(bytes)),
            false => Ok(Body { bytes: Bytes::Local(path.to_path_buf()), ..Body::of(bytes) }),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.starts_with(path))
    }

    fn mode(&self, _path: &Path) -> Result<u32, String> {
        Ok(0o640)
    }

    fn walk(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        if self.0.contains_key(folder) {
            return Err(format!("`{}` can't be read: it is no folder", folder.display()));
        }
        Ok(self.0.keys().filter_map(|f| f.strip_prefix(folder).ok()).map(Path::to_path_buf).collect())
    }
}

/// A regular file of root's, mode 0644.
pub fn file(content: &str) -> FileState {
    entry(What::File(Body::of(content.as_bytes())))
}

/// An entry of root's: 0755 for a folder, 0777 for a link, 0644 for all else.
pub fn entry(what: What) -> FileState {
    let mode = match what {
        What::Directory => 0o755,
        What::Link { .. } => 0o777,
        _ => 0o644,
    };
    FileState::Present(Entry { what, mode, owner: "root".into(), group: "root".into(), links: 1 })
}

impl Bench {
    pub fn new() -> Self {
        Bench::default()
    }

    /// A resource as it was observed, with all contents.
    pub fn has<K: Typed>(mut self, id: impl Into<K::Id>, state: K::State) -> Self {
        let level = Level::Content { unless: Vec::new() };
        self.world.observed(K::key(id.into()), level, Ok(K::wrap(state)));
        self
    }

    pub fn file(self, path: &str, content: &str) -> Self {
        self.has::<File>(path, file(content))
    }

    /// Nothing at this path, in a folder that is there.
    pub fn without(self, path: &str) -> Self {
        self.has::<File>(path, FileState::Absent { folder: true })
    }

    /// A file of the control machine; relative ones are found beside the playbook in `/play`.
    pub fn local(mut self, path: &str, content: &str) -> Self {
        self.local.0.insert(PathBuf::from(path), Arc::from(content.as_bytes()));
        self
    }

    /// Plans one task; the arguments are given as JSON.
    pub fn plan(&self, module: &str, args: serde_json::Value) -> Result<Planned, Stop> {
        let module_of = find(module).ok_or_else(|| Stop::error(format!("no module `{module}`")))?;
        let given = match args {
            serde_json::Value::Object(map) => {
                map.into_iter().map(|(name, value)| (name, json(value))).collect()
            }
            text => {
                vec![(module_of.free_form().unwrap_or_default().to_string(), json(text))]
            }
        };
        let args = Args::new(module, module_of.params(), Place::new("play.yml", 1, 1), given);
        let cx = Context {
            world: &self.world,
            templar: &templar(),
            scope: &self.scope,
            local: &self.local,
            search: &[PathBuf::from("/play")],
            access: &self.access,
        };
        module_of.plan(&args.map_err(Stop::Error)?, &cx)
    }

    /// The message of a task that can't be planned.
    pub fn error(&self, module: &str, args: serde_json::Value) -> String {
        match self.plan(module, args) {
            Err(Stop::Error(message) | Stop::Refused(message)) => message,
            other => format!("no error: {other:?}"),
        }
    }
}

fn templar() -> Templar {
    Templar::new(RunInputs::default())
}

/// What a plan wants of the resource of this kind and id.
pub fn wanted<K: Typed>(planned: &Planned, id: impl Into<K::Id>) -> Option<&K::State> {
    let key = K::key(id.into());
    planned.wants.iter().rev().find(|w| w.key == key).and_then(|w| K::unwrap(&w.to))
}

/// The text of a file that a plan wants.
pub fn wanted_text(planned: &Planned, path: &str) -> Option<String> {
    let body = wanted::<File>(planned, path)?.body()?;
    Some(String::from_utf8_lossy(body.memory()?).into_owned())
}

/// A value of the result that `register` gets.
pub fn result<'a>(planned: &'a Planned, name: &str) -> Option<&'a Value> {
    planned.result.iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

fn json(value: serde_json::Value) -> Value {
    Value::from(minijinja::value::Serde(value))
}

/// A case of a table made by `tests/cases/from_ansible.py`.
#[derive(serde::Deserialize)]
pub struct Case {
    pub before: String,
    pub args: serde_json::Value,
    /// None where Ansible refuses.
    pub after: Option<String>,
}

/// Plans every case and compares the text that is wanted with what Ansible made; `differs` names
/// those where harda does better on purpose.
pub fn compare(module: &str, table: &str, differs: &dyn Fn(&Case) -> bool) {
    let cases: Vec<Case> = serde_json::from_str(table).expect("a table of cases");
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !differs(case)) {
        let mut args = case.args.clone();
        args["path"] = "/f".into();
        let planned = Bench::new().file("/f", &case.before).plan(module, args);
        let after = planned.as_ref().ok().map(|planned| match planned.wants.is_empty() {
            true => case.before.clone(),
            false => wanted_text(planned, "/f").expect("a text"),
        });
        if after != case.after {
            wrong.push(format!(
                "{:?} {}\n  harda {after:?}\n  ansible {:?}",
                case.before, case.args, case.after
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

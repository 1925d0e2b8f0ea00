//! What reading a playbook carries along: the errors so far, the files being read, the play.

use super::handlers::Notice;
use super::model::{Inherited, Role, Task};
use super::names::ModuleNames;
use crate::files::Files;
use crate::place::InputError;
use crate::yaml::{self, Node};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files within files within files: more than this is a mistake.
const NESTED: usize = 48;

pub struct Loader<'m> {
    pub modules: &'m dyn ModuleNames,
    /// What files are read from.
    pub files: Files,
    pub errors: Vec<InputError>,
    /// The files being read, outermost first: one that is met again imports itself.
    pub open: Vec<PathBuf>,
    /// How deep includes and imports are in one another.
    pub nested: usize,
    /// Included files that were checked already, with the role they were checked for.
    pub checked: HashSet<(PathBuf, Option<PathBuf>)>,
    pub play: PlayParts,
}

/// What the tasks of a play bring with them.
#[derive(Default)]
pub struct PlayParts {
    /// What the play hands down to all its tasks and handlers.
    pub base: Inherited,
    pub roles: Vec<Arc<Role>>,
    pub role_handlers: Vec<Arc<Task>>,
    pub notices: Vec<Notice>,
    /// Uses of roles so far: the same role with the same parameters runs once.
    pub used: HashSet<String>,
}

/// Where tasks stand: what they inherit and the folder of their file.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub inherited: Inherited,
    pub folder: PathBuf,
}

impl<'m> Loader<'m> {
    pub fn new(files: &Files, modules: &'m dyn ModuleNames) -> Self {
        Loader {
            modules,
            files: files.clone(),
            errors: Vec::new(),
            open: Vec::new(),
            nested: 0,
            checked: HashSet::new(),
            play: PlayParts::default(),
        }
    }

    /// What was read, unless something was wrong; a mistake met twice is told once.
    pub fn finish<T>(self, read: T) -> Result<T, Vec<InputError>> {
        if self.errors.is_empty() {
            return Ok(read);
        }
        let mut told: Vec<InputError> = Vec::new();
        for error in self.errors {
            if !told.contains(&error) {
                told.push(error);
            }
        }
        Err(told)
    }

    pub fn fail(&mut self, error: InputError) {
        self.errors.push(error);
    }

    /// The value, or its error noted.
    pub fn ok<T>(&mut self, result: Result<T, InputError>) -> Option<T> {
        result.map_err(|error| self.fail(error)).ok()
    }

    /// Reads a file on behalf of what stands at a place, and hands it on while it is open.
    /// `verb` is what the other file does to it: `imports`.
    pub fn within<T: Default>(
        &mut self,
        path: &Path,
        asked: Option<&Node>,
        verb: &str,
        then: impl FnOnce(&mut Self, Option<Node>) -> T,
    ) -> T {
        let place = |message: String| match asked {
            Some(node) => node.error(message),
            None => InputError::nowhere(message),
        };
        let real = self.files.real(path);
        if self.open.contains(&real) {
            self.fail(place(format!("`{}` {verb} itself", path.display())));
            return T::default();
        }
        if self.nested >= NESTED {
            self.fail(place(format!("more than {NESTED} files within one another")));
            return T::default();
        }
        let node = match yaml::read(&self.files, path) {
            Ok(node) => node,
            Err(error) if error.place.is_none() => {
                self.fail(place(error.message));
                return T::default();
            }
            Err(error) => {
                self.fail(error);
                return T::default();
            }
        };
        self.open.push(real);
        self.nested += 1;
        let read = then(self, node);
        self.nested -= 1;
        self.open.pop();
        read
    }
}

/// The folder of a file; never empty, so that it can be joined and shown.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

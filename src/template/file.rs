//! Template files.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind};

use super::error::RenderError;
use super::render::Core;
use super::rewrite::{self, Backslash};
use super::scope::Root;
use crate::files::Files;
use crate::place::Place;

/// What a compiled template file hangs on.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct FileKey {
    path: PathBuf,
    search: Vec<PathBuf>,
    source: u64,
}

impl FileKey {
    fn new(path: &Path, source: &str, search: &[PathBuf]) -> Self {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        FileKey { path: path.to_path_buf(), search: search.to_vec(), source: hasher.finish() }
    }
}

impl Core {
    pub fn file(
        &self,
        path: &Path,
        source: &str,
        root: &Arc<Root>,
        search: &[PathBuf],
    ) -> Result<String, RenderError> {
        let header = Header::read(source).map_err(|e| e.at(&Place::new(path, 1, 1)))?;
        let key = FileKey::new(path, source, search);
        let known = self.files.read().ok().and_then(|files| files.get(&key).cloned());
        let env = match known {
            Some(env) => env,
            None => {
                let env = Arc::new(self.environment(path, &header, search)?);
                if let Ok(mut files) = self.files.write() {
                    files.insert(key, env.clone());
                }
                env
            }
        };
        let name = path.display().to_string();
        let lines = FileLines { files: &self.inputs.files, name, source, search, header: header.lines };
        self.run(&env, &lines.name, root, false, Some(&lines)).map(|(_, text)| text)
    }

    /// An environment in which the file and what it includes are found.
    fn environment(
        &self,
        path: &Path,
        header: &Header<'_>,
        search: &[PathBuf],
    ) -> Result<Environment<'static>, RenderError> {
        let mut env = self.base.clone();
        env.set_syntax(header.syntax.clone());
        let (name, body) = (path.display().to_string(), header.body.to_string());
        let (folders, syntax) = (search.to_vec(), header.syntax.clone());
        let files = self.inputs.files.clone();
        env.set_loader(move |wanted| {
            let source = match wanted == name {
                true => Some(body.clone()),
                false => included(&files, wanted, &folders)?,
            };
            Ok(source.map(|source| rewrite::template(&source, &syntax, Backslash::Escape)))
        });
        Ok(env)
    }
}

/// Where the lines of a template file's body stand in the file.
pub(super) struct FileLines<'a> {
    files: &'a Files,
    name: String,
    source: &'a str,
    search: &'a [PathBuf],
    /// How many lines stand before the body.
    header: usize,
}

impl FileLines<'_> {
    /// Where the engine failed, which knows the line only: the column is that of the word that
    /// `message` quotes, or of the line's first tag.
    pub fn place(&self, error: &Error, message: &str) -> Option<Place> {
        let (name, line) = (error.name()?, error.line()?);
        let (source, line) = match name == self.name {
            true => (Some(Cow::Borrowed(self.source)), line + self.header),
            false => (included(self.files, name, self.search).ok().flatten().map(Cow::Owned), line),
        };
        let text = source.as_deref().and_then(|source| source.lines().nth(line.checked_sub(1)?));
        Some(Place::new(name, line, text.map_or(1, |text| column(text, message))))
    }
}

/// The column, from 1, at which the tag or word stands that is complained of.
fn column(line: &str, message: &str) -> usize {
    let tag = ["{{", "{%", "{#"].iter().filter_map(|tag| line.find(tag)).min().unwrap_or(0);
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let first = quoted.split(['.', '[']).next().unwrap_or_default();
    let at = word(line, tag, quoted).or_else(|| word(line, tag, first)).unwrap_or(tag);
    line[..at].chars().count() + 1
}

/// Where `wanted` stands in the line as a word of its own, at `from` or later.
fn word(line: &str, from: usize, wanted: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: usize| !line[..at].ends_with(inside) && !line[at + wanted.len()..].starts_with(inside);
    let found = line[from..].match_indices(wanted).map(|(at, _)| from + at).find(|at| alone(*at));
    found.filter(|_| !wanted.is_empty())
}

/// The source of an included template, from the first folder that has it.
fn included(files: &Files, name: &str, folders: &[PathBuf]) -> Result<Option<String>, Error> {
    for folder in folders {
        let path = folder.join(name);
        match files.read_text(&path) {
            Ok(source) => return Ok(Some(source)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("{} can't be read: {error}", path.display());
                return Err(Error::new(ErrorKind::BadInclude, message));
            }
        }
    }
    Ok(None)
}

/// The first line of a template file, if it sets how the rest is read:
/// `#jinja2: lstrip_blocks: True, trim_blocks: False`.
struct Header<'a> {
    syntax: SyntaxConfig,
    body: &'a str,
    lines: usize,
}

const HEADER: &str = "#jinja2:";

impl<'a> Header<'a> {
    fn read(source: &'a str) -> Result<Self, RenderError> {
        let mut options = Options::default();
        let mut body = source;
        if let Some(rest) = source.strip_prefix(HEADER) {
            let (line, tail) = rest.split_once('\n').unwrap_or((rest, ""));
            for pair in line.split(',').filter(|pair| !pair.trim().is_empty()) {
                options.set(pair)?;
            }
            body = tail;
        }
        let syntax = options.build().map_err(|e| RenderError::bad(format!("the `{HEADER}` line: {e}")))?;
        let lines = usize::from(body.len() < source.len());
        Ok(Header { syntax, body, lines })
    }
}

struct Options {
    trim: bool,
    lstrip: bool,
    newline: bool,
    block: (String, String),
    variable: (String, String),
    comment: (String, String),
}

impl Default for Options {
    fn default() -> Self {
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        Options {
            trim: true,
            lstrip: false,
            newline: true,
            block: pair("{%", "%}"),
            variable: pair("{{", "}}"),
            comment: pair("{#", "#}"),
        }
    }
}

impl Options {
    fn set(&mut self, pair: &str) -> Result<(), RenderError> {
        let (name, value) = pair.split_once(':').or_else(|| pair.split_once('=')).ok_or_else(|| {
            RenderError::bad(format!("the `{HEADER}` line has no value for `{}`", pair.trim()))
        })?;
        let (name, value) = (name.trim(), value.trim().trim_matches(['\'', '"']));
        let flag = || {
            super::truth::of_word(value).ok_or_else(|| {
                RenderError::bad(format!("`{name}` of the `{HEADER}` line is true or false, not `{value}`"))
            })
        };
        match name {
            "trim_blocks" => self.trim = flag()?,
            "lstrip_blocks" => self.lstrip = flag()?,
            "keep_trailing_newline" => self.newline = flag()?,
            "block_start_string" => self.block.0 = value.to_string(),
            "block_end_string" => self.block.1 = value.to_string(),
            "variable_start_string" => self.variable.0 = value.to_string(),
            "variable_end_string" => self.variable.1 = value.to_string(),
            "comment_start_string" => self.comment.0 = value.to_string(),
            "comment_end_string" => self.comment.1 = value.to_string(),
            _ => {
                return Err(RenderError::bad(format!("the `{HEADER}` line sets `{name}`, which is not supported"))
                    .with_hint("supported are trim_blocks, lstrip_blocks, keep_trailing_newline and the start and end strings of blocks, variables and comments"));
            }
        }
        Ok(())
    }

    fn build(self) -> Result<SyntaxConfig, Error> {
        SyntaxConfig::builder()
            .trim_blocks(self.trim)
            .lstrip_blocks(self.lstrip)
            .keep_trailing_newline(self.newline)
            .block_delimiters(self.block.0, self.block.1)
            .variable_delimiters(self.variable.0, self.variable.1)
            .comment_delimiters(self.comment.0, self.comment.1)
            .build()
    }
}

//! `lookup`, `query` and `q`: what the controller has.

use std::path::{Path, PathBuf};

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use crate::files::Files;

use super::args::{Args, items_of, text_of};
use super::error::{undefined, wrong};
use super::frame;

/// `query` gives a list; `lookup` gives what is in it, joined by commas if there are several.
pub(super) fn call(state: &mut State<'_, '_>, args: &Args, list: bool) -> Result<Value, Error> {
    let name = args.text(0)?;
    let name = name.rsplit('.').next().unwrap_or_default();
    let wants_list = list || option(args, "wantlist").is_some_and(Value::is_true);
    let ignored = option(args, "errors").and_then(|v| v.as_str().map(|s| s == "ignore"));
    let found = match find(state, name, args) {
        Err(_) if ignored == Some(true) => Vec::new(),
        other => other?,
    };
    if wants_list {
        return Ok(Value::from(found));
    }
    match found.as_slice() {
        [] if name == "first_found" || ignored == Some(true) => Ok(Value::from("")),
        [one] => Ok(one.clone()),
        many if many.iter().all(|v| v.kind() == ValueKind::String) => {
            let texts: Vec<String> = many.iter().map(text_of).collect::<Result<_, _>>()?;
            Ok(Value::from(texts.join(",")))
        }
        many => Ok(Value::from(many.to_vec())),
    }
}

fn option<'a>(args: &'a Args, name: &str) -> Option<&'a Value> {
    args.named.iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

/// The terms given, where a list stands for its elements.
fn terms(args: &Args) -> Result<Vec<String>, Error> {
    let mut out = Vec::new();
    for term in &args.rest {
        match term.kind() {
            ValueKind::Undefined => return Err(undefined()),
            ValueKind::Seq | ValueKind::Iterable => {
                out.extend(items_of(term)?.iter().map(text_of).collect::<Result<Vec<_>, _>>()?);
            }
            _ => out.push(text_of(term)?),
        }
    }
    Ok(out)
}

fn find(state: &mut State<'_, '_>, name: &str, args: &Args) -> Result<Vec<Value>, Error> {
    match name {
        "env" => terms(args)?.iter().map(|name| environment(name, args)).collect(),
        "file" => terms(args)?.iter().map(|name| file(name, args)).collect(),
        "fileglob" => {
            terms(args)?.iter().map(|pattern| glob(pattern)).collect::<Result<Vec<_>, _>>().map(|found| {
                found.into_iter().flatten().map(|path| Value::from(path.display().to_string())).collect()
            })
        }
        "first_found" => first_found(args),
        "template" => terms(args)?.iter().map(|name| template(name)).collect(),
        "vars" => terms(args)?.iter().map(|name| variable(state, name, args)).collect(),
        "varnames" => variable_names(&terms(args)?),
        "items" | "list" | "flattened" => flattened(&args.rest, name == "flattened"),
        "dict" => dict(&args.rest),
        _ => Err(wrong(format!("lookup `{name}` is not supported"))),
    }
}

fn environment(name: &str, args: &Args) -> Result<Value, Error> {
    match files().variable(name) {
        Some(value) => Ok(Value::from(value)),
        None => match option(args, "default") {
            Some(default) if default.is_undefined() => Err(undefined()),
            Some(default) => Ok(default.clone()),
            None => Ok(Value::from("")),
        },
    }
}

/// Where a relative name is looked for: as it is under each search folder, then in `kind` there.
fn candidates(name: &str, kinds: &[&str]) -> Vec<PathBuf> {
    if Path::new(name).is_absolute() {
        return vec![PathBuf::from(name)];
    }
    let search = frame::current_root().map(|root| {
        let one = |name: &str| root.variable(name).and_then(Result::ok);
        let task =
            one("ansible_search_path").and_then(|list| Some(list.try_iter().ok()?.collect::<Vec<_>>()));
        let known = one("role_path").into_iter().chain(task.unwrap_or_default()).chain(one("playbook_dir"));
        let known = known.filter_map(|v| v.as_str().map(PathBuf::from));
        known.chain(root.core.inputs.search.iter().cloned()).collect::<Vec<_>>()
    });
    let in_folder =
        |folder: &PathBuf| kinds.iter().map(|kind| folder.join(kind).join(name)).collect::<Vec<_>>();
    search.unwrap_or_default().iter().flat_map(in_folder).collect()
}

/// What the run reads from.
fn files() -> Files {
    frame::current_root().map(|root| root.core.inputs.files.clone()).unwrap_or_default()
}

fn existing(name: &str, kinds: &[&str]) -> Option<PathBuf> {
    candidates(name, kinds).into_iter().find(|path| files().exists(path))
}

fn read(path: &Path) -> Result<String, Error> {
    files().read_text(path).map_err(|e| wrong(format!("{} can't be read: {e}", path.display())))
}

fn file(name: &str, args: &Args) -> Result<Value, Error> {
    let path = existing(name, &["files", ""]).ok_or_else(|| wrong(format!("there is no file `{name}`")))?;
    let text = read(&path)?;
    let kept = option(args, "rstrip").is_some_and(|strip| !strip.is_true());
    Ok(Value::from(if kept { text.as_str() } else { text.trim_end() }))
}

fn template(name: &str) -> Result<Value, Error> {
    let path =
        existing(name, &["templates", ""]).ok_or_else(|| wrong(format!("there is no template `{name}`")))?;
    let root = frame::current_root().ok_or_else(|| wrong("a lookup outside a template"))?;
    let search: Vec<PathBuf> = path.parent().map(Path::to_path_buf).into_iter().collect();
    root.core.file(&path, &read(&path)?, &root, &search).map(Value::from).map_err(frame::fail)
}

/// Files whose names match, in the folder named; `*` and `?` in the last part only.
fn glob(pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let (folder, pattern) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let regex = super::regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    let regex =
        super::regex::compile(&format!(r"\A(?:{regex})\Z"), super::regex::Flags::default()).map_err(wrong)?;
    let Some(folder) = existing(folder, &["files", ""]) else { return Ok(Vec::new()) };
    let Ok(entries) = files().list(&folder) else { return Ok(Vec::new()) };
    let name_fits = |path: &Path| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        name.is_some_and(|name| regex.is_match(&name).unwrap_or(false))
    };
    Ok(entries.into_iter().filter(|path| files().is_file(path) && name_fits(path)).collect())
}

/// The first file that exists: terms are names, lists of them, or maps with `files` and `paths`.
fn first_found(args: &Args) -> Result<Vec<Value>, Error> {
    let mut skip = option(args, "skip").is_some_and(Value::is_true);
    let mut names = Vec::new();
    let mut files: Vec<Value> = option(args, "files").into_iter().cloned().collect();
    let paths = option(args, "paths").cloned().unwrap_or(Value::UNDEFINED);
    collect_names(&Value::from(std::mem::take(&mut files)), &paths, &mut names)?;
    for term in &args.rest {
        let terms = if term.kind() == ValueKind::Seq { items_of(term)? } else { vec![term.clone()] };
        for term in terms {
            if term.kind() == ValueKind::Map {
                skip |= term.get_attr("skip")?.is_true();
                collect_names(&term.get_attr("files")?, &term.get_attr("paths")?, &mut names)?;
            } else if !term.is_undefined() {
                collect_names(&term, &paths, &mut names)?;
            }
        }
    }
    let kinds = ["vars", "tasks", "templates", "files", ""];
    if let Some(path) = names.iter().find_map(|name| existing(name, &kinds)) {
        return Ok(vec![Value::from(path.display().to_string())]);
    }
    match skip {
        true => Ok(Vec::new()),
        false => Err(wrong(format!("none of these files exists: {}", names.join(", ")))),
    }
}

fn collect_names(files: &Value, paths: &Value, names: &mut Vec<String>) -> Result<(), Error> {
    let list = |value: &Value| -> Result<Vec<String>, Error> {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(Vec::new()),
            ValueKind::Seq | ValueKind::Iterable => {
                let mut out = Vec::new();
                for item in items_of(value)? {
                    out.extend(texts(&item)?);
                }
                Ok(out)
            }
            _ => Ok(vec![text_of(value)?]),
        }
    };
    let (files, paths) = (list(files)?, list(paths)?);
    for file in files {
        match paths.is_empty() {
            true => names.push(file),
            false => names.extend(paths.iter().map(|path| format!("{}/{file}", path.trim_end_matches('/')))),
        }
    }
    Ok(())
}

fn texts(value: &Value) -> Result<Vec<String>, Error> {
    match value.kind() {
        ValueKind::Seq => items_of(value)?.iter().map(text_of).collect(),
        _ => Ok(vec![text_of(value)?]),
    }
}

fn variable(state: &State<'_, '_>, name: &str, args: &Args) -> Result<Value, Error> {
    match (state.lookup(name), option(args, "default")) {
        (Some(value), _) if value.kind() == ValueKind::Invalid => Err(wrong("a value could not be made")),
        (Some(value), _) if !value.is_undefined() => Ok(value),
        (_, Some(default)) => Ok(default.clone()),
        _ => Err(undefined()),
    }
}

fn variable_names(patterns: &[String]) -> Result<Vec<Value>, Error> {
    let names = frame::current_root().map(|root| root.names()).unwrap_or_default();
    let mut found = Vec::new();
    for pattern in patterns {
        let regex = super::regex::compile(pattern, super::regex::Flags::default()).map_err(wrong)?;
        for name in &names {
            if super::regex::search(&regex, name).map_err(wrong)?.is_some() {
                found.push(Value::from(name.as_str()));
            }
        }
    }
    Ok(found)
}

fn flattened(terms: &[Value], deep: bool) -> Result<Vec<Value>, Error> {
    let mut out = Vec::new();
    for term in terms {
        match term.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                let items = items_of(term)?;
                out.extend(if deep { flattened(&items, true)? } else { items });
            }
            ValueKind::Undefined => return Err(undefined()),
            _ => out.push(term.clone()),
        }
    }
    Ok(out)
}

fn dict(terms: &[Value]) -> Result<Vec<Value>, Error> {
    let mut out = Vec::new();
    for term in terms {
        for key in items_of(term)? {
            let value = term.get_item(&key)?;
            out.push(Value::from_pairs([("key", key), ("value", value)]));
        }
    }
    Ok(out)
}

//! Inventories in INI: `[group]`, `[group:children]`, `[group:vars]`, and hosts with `name=value`.

use super::graph::{Graph, GroupId};
use super::words::{self, Word};
use super::{address, literal};
use crate::place::{InputError, Place, nearest};
use std::path::Path;
use std::sync::Arc;

const KINDS: [&str; 3] = ["hosts", "children", "vars"];

/// Adds what the text holds to the graph; every line that is wrong is told.
pub fn read(graph: &mut Graph, file: &Path, text: &str, errors: &mut Vec<InputError>) {
    let ungrouped = graph.add_group("ungrouped");
    let mut reader = Reader {
        graph,
        file: Arc::from(file),
        group: ungrouped,
        kind: Kind::Hosts,
        unborn: vec![],
        only_vars: vec![],
    };
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let told = reader.line(number + 1, line);
        errors.extend(told.err());
    }
    errors.extend(reader.finish());
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Hosts,
    Children,
    Vars,
    /// A section that was refused: its lines would only make more errors of the same cause.
    Refused,
}

struct Reader<'g> {
    graph: &'g mut Graph,
    file: Arc<Path>,
    group: GroupId,
    kind: Kind,
    /// Children that no section has named yet: the name, the parent and where it says so.
    unborn: Vec<(String, GroupId, Place)>,
    /// Groups that only a `[group:vars]` has named yet.
    only_vars: Vec<(String, Place)>,
}

/// A line without the blanks around it, and the column where it begins.
struct Line<'t> {
    text: &'t str,
    place: Place,
}

impl Line<'_> {
    /// The place of the line's nth character.
    fn at(&self, chars: usize) -> Place {
        Place { column: self.place.column + chars, ..self.place.clone() }
    }
}

impl Reader<'_> {
    fn line(&mut self, number: usize, whole: &str) -> Result<(), InputError> {
        let indent = whole.chars().take_while(|c| c.is_whitespace()).count();
        let place = Place { file: self.file.clone(), line: number, column: indent + 1 };
        let line = Line { text: whole.trim(), place };
        if line.text.is_empty() || line.text.starts_with(['#', ';']) {
            return Ok(());
        }
        if let Some((name, kind)) = section(line.text) {
            return self.section(name, kind, &line);
        }
        if line.text.starts_with('[') && line.text.ends_with(']') && address::bracketed(line.text).is_none() {
            self.kind = Kind::Refused;
            return Err(InputError::at(&line.place, format!("`{}` is no section", line.text))
                .hint("write `[group]`, `[group:children]` or `[group:vars]`, without blanks"));
        }
        match self.kind {
            Kind::Hosts => self.hosts(&line),
            Kind::Children => self.child(&line),
            Kind::Vars => self.variable(&line),
            Kind::Refused => Ok(()),
        }
    }

    fn section(&mut self, name: &str, kind: &str, line: &Line) -> Result<(), InputError> {
        self.kind = match kind {
            "hosts" => Kind::Hosts,
            "children" => Kind::Children,
            "vars" => Kind::Vars,
            _ => {
                self.kind = Kind::Refused;
                return Err(unknown_kind(name, kind, line));
            }
        };
        let known = self.graph.group_id(name).is_some();
        self.group = self.graph.add_group(name);
        if self.kind == Kind::Vars {
            if !known {
                self.only_vars.push((name.into(), line.at(1)));
            }
            return Ok(());
        }
        self.only_vars.retain(|(group, _)| group != name);
        self.connect_unborn(name)
    }

    /// Puts a group that has now been named below those that waited for it.
    fn connect_unborn(&mut self, name: &str) -> Result<(), InputError> {
        let (born, unborn) =
            std::mem::take(&mut self.unborn).into_iter().partition(|(child, ..)| child == name);
        self.unborn = unborn;
        let born: Vec<(String, GroupId, Place)> = born;
        born.into_iter().try_for_each(|(_, parent, place)| self.graph.add_child(parent, self.group, &place))
    }

    fn child(&mut self, line: &Line) -> Result<(), InputError> {
        let name = line.text.split('#').next().unwrap_or_default().trim_end();
        if name.contains(|c: char| c.is_whitespace() || c == ':' || c == ']') {
            return Err(InputError::at(&line.place, format!("`{name}` is not the name of a group"))
                .hint("below `[group:children]` each line names one group"));
        }
        match self.graph.group_id(name) {
            Some(child) => self.graph.add_child(self.group, child, &line.place),
            None => {
                self.unborn.push((name.into(), self.group, line.place.clone()));
                Ok(())
            }
        }
    }

    fn variable(&mut self, line: &Line) -> Result<(), InputError> {
        let Some((name, value)) = line.text.split_once('=') else {
            return Err(InputError::at(&line.place, format!("`{}` sets no variable", line.text))
                .hint("below `[group:vars]` each line is `name=value`"));
        };
        let at = name.chars().count() + 1 + value.chars().take_while(|c| c.is_whitespace()).count();
        let value = literal::read(value.trim(), &line.at(at));
        let name = variable_name(name, line, 0)?;
        self.graph.set_group_var(self.group, name, value)
    }

    fn hosts(&mut self, line: &Line) -> Result<(), InputError> {
        let words = words::split(line.text).map_err(|open| InputError::at(&line.at(open.at), open.what))?;
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        let found = self.host_names(first, line)?;
        let vars: Vec<_> = rest.iter().map(|word| host_var(word, line)).collect::<Result<_, _>>()?;
        for name in &found.names {
            let host = self.graph.add_host(name, self.group, Some(&line.place));
            if let Some(port) = found.port {
                self.graph.set_host_var(host, "ansible_port", literal::read(&port.to_string(), &line.place));
            }
            for (name, value) in &vars {
                self.graph.set_host_var(host, name, value.clone());
            }
        }
        Ok(())
    }

    fn host_names(&self, word: &Word, line: &Line) -> Result<address::Hosts, InputError> {
        let text = word.text.as_str();
        if text == "---" || text.ends_with(':') || text == "-" {
            return Err(InputError::at(&line.place, format!("`{text}` is not the name of a host"))
                .hint("if this is YAML, the file's name must end in `.yml`, `.yaml` or `.json`"));
        }
        address::read(text).map_err(|message| {
            let told = InputError::at(&line.place, message);
            match text {
                _ if text.contains('=') => {
                    let group = &self.graph.group(self.group).name;
                    told.hint(format!("variables of the group go below `[{group}:vars]`"))
                }
                _ if text.contains(',') => told.hint("write one host a line"),
                _ => told,
            }
        })
    }

    /// Names that nothing in the file, nor in those before it, has made a group.
    fn finish(&self) -> Vec<InputError> {
        let unborn = self.unborn.iter().map(|(name, _, place)| (name, place));
        let mut errors: Vec<InputError> = unborn
            .chain(self.only_vars.iter().map(|(n, p)| (n, p)))
            .map(|(n, p)| self.no_group(n, p))
            .collect();
        errors.sort_by_key(|error| error.place.as_ref().map(|place| place.line));
        errors
    }

    fn no_group(&self, name: &str, place: &Place) -> InputError {
        let ghosts = |group: &str| self.only_vars.iter().any(|(ghost, _)| ghost == group);
        let known = self.graph.groups().map(|group| group.name.as_str()).filter(|group| !ghosts(group));
        let told = InputError::at(place, format!("no group `{name}` in the inventory"));
        match nearest(name, known) {
            Some(near) => told.hint(format!("did you mean `{near}`?")),
            None => told.hint(format!("a group begins with `[{name}]`, even if it is empty")),
        }
    }
}

/// The group and kind of a line such as `[web:vars]  # comment`.
fn section(line: &str) -> Option<(&str, &str)> {
    let (inner, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    let (name, kind) = inner.split_once(':').unwrap_or((inner, "hosts"));
    let named = !name.is_empty() && !inner.contains(char::is_whitespace);
    let word = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '_');
    (named && word && (rest.is_empty() || rest.starts_with('#'))).then_some((name, kind))
}

fn unknown_kind(name: &str, kind: &str, line: &Line) -> InputError {
    let message = format!("a section can't be of the kind `{kind}`");
    let told = InputError::at(&line.at(name.chars().count() + 2), message);
    match nearest(kind, KINDS) {
        Some(near) => told.hint(format!("did you mean `[{name}:{near}]`?")),
        None => told.hint("the kinds are `hosts`, `children` and `vars`"),
    }
}

fn host_var<'w>(word: &'w Word, line: &Line) -> Result<(&'w str, crate::yaml::Node), InputError> {
    let Some((name, value)) = word.text.split_once('=') else {
        let message = format!("`{}` sets no variable of the host", word.text);
        return Err(InputError::at(&line.at(word.at), message)
            .hint("write `name=value` with no blanks around the `=`, and one host a line"));
    };
    let name = variable_name(name, line, word.at)?;
    Ok((name, literal::read(value, &line.at(word.at + name.chars().count() + 1))))
}

fn variable_name<'n>(name: &'n str, line: &Line, at: usize) -> Result<&'n str, InputError> {
    match name.trim() {
        "" => Err(InputError::at(&line.at(at), "the name of the variable is missing")),
        name => Ok(name),
    }
}

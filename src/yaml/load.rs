//! From the parser's events to nodes: anchors, merge keys, tags, and bounds on all of them.

use super::{Node, Yaml, explain, scalar};
use crate::place::{InputError, Place};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Deeper than any file that a person writes, shallow enough for a small thread's stack.
const DEPTH: usize = 96;
/// What aliases may add to a document, in bytes: enough for any shared settings, not for a bomb.
const ALIASED: usize = 16 << 20;

pub fn document(file: &Path, text: &str) -> Result<Option<Node>, InputError> {
    let file: Arc<Path> = Arc::from(file);
    if text.starts_with("$ANSIBLE_VAULT;") {
        let place = Place { file, line: 1, column: 1 };
        return Err(InputError::at(
            &place,
            "this file is encrypted with Ansible Vault; vaults are not read yet",
        ));
    }
    let mut loader =
        Loader { file, text, parser: Parser::new_from_str(text), anchors: HashMap::new(), aliased: 0 };
    loader.stream()
}

struct Loader<'t> {
    file: Arc<Path>,
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Anchored>,
    /// Bytes that aliases have added so far.
    aliased: usize,
}

/// What an alias stands for, with its cost.
struct Anchored {
    node: Node,
    size: usize,
    depth: usize,
}

/// A node with its weight in bytes and the levels below it.
struct Built {
    node: Node,
    size: usize,
    depth: usize,
    /// A plain `<<`, which as a key merges.
    merges: bool,
}

impl<'t> Loader<'t> {
    fn stream(&mut self) -> Result<Option<Node>, InputError> {
        let mut found = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(found),
                Event::DocumentStart(_) if found.is_some() => {
                    let place = self.place(span.start);
                    return Err(InputError::at(
                        &place,
                        "a second document begins here; a file holds only one",
                    )
                    .hint("put it into a file of its own, or remove the `---`"));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    found = Some(self.node(event, span, 0)?.node).filter(|node| !node.is_null());
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), InputError> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(explain::explain(&self.file, self.text, &error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, marker: Marker) -> Place {
        Place { file: self.file.clone(), line: marker.line(), column: marker.col() + 1 }
    }

    fn node(&mut self, event: Event<'t>, span: Span, level: usize) -> Result<Built, InputError> {
        let place = self.place(span.start);
        if level > DEPTH {
            return Err(InputError::at(&place, format!("more than {DEPTH} levels deep")));
        }
        let (built, anchor) = match event {
            Event::Alias(id) => return self.alias(id, &place, level),
            Event::Scalar(text, style, anchor, tag) => {
                let merges = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                let value = scalar_value(text, style, tag.as_deref(), &place)?;
                let size = 64 + value_size(&value);
                (Built { node: Node { place, value }, size, depth: 0, merges }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag, "seq", &place)?;
                (self.sequence(place, level)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag, "map", &place)?;
                (self.mapping(place, level)?, anchor)
            }
            _ => return Err(InputError::at(&place, "a value is missing here")),
        };
        if anchor > 0 {
            let anchored = Anchored { node: built.node.clone(), size: built.size, depth: built.depth };
            // Anchors cost a copy each, so nested ones count as aliases do.
            self.grow(built.size, &built.node.place)?;
            self.anchors.insert(anchor, anchored);
        }
        Ok(built)
    }

    fn alias(&mut self, id: usize, place: &Place, level: usize) -> Result<Built, InputError> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(InputError::at(place, "this alias stands inside the value that it repeats"));
        };
        let (size, depth) = (anchored.size, anchored.depth);
        if level + depth > DEPTH {
            return Err(InputError::at(place, format!("more than {DEPTH} levels deep")));
        }
        self.grow(size, place)?;
        let node = self.anchors[&id].node.clone();
        Ok(Built { node, size, depth, merges: false })
    }

    fn grow(&mut self, size: usize, place: &Place) -> Result<(), InputError> {
        self.aliased += size;
        if self.aliased > ALIASED {
            return Err(InputError::at(place, "the aliases of this file unfold to more than 16 MiB"));
        }
        Ok(())
    }

    fn sequence(&mut self, place: Place, level: usize) -> Result<Built, InputError> {
        let (mut items, mut size, mut depth) = (Vec::new(), 64, 0);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            let built = self.node(event, span, level + 1)?;
            size += built.size;
            depth = depth.max(built.depth + 1);
            items.push(built.node);
        }
        Ok(Built { node: Node { place, value: Yaml::Seq(items) }, size, depth, merges: false })
    }

    fn mapping(&mut self, place: Place, level: usize) -> Result<Built, InputError> {
        let mut pairs = Pairs::default();
        let (mut size, mut depth) = (64, 0);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, span, level + 1)?;
            self.check_key(&key.node)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, level + 1)?;
            size += key.size + value.size;
            depth = depth.max(value.depth + 1);
            if key.merges { pairs.merge(value.node)? } else { pairs.add(key.node, value.node)? }
        }
        Ok(Built { node: Node { place, value: Yaml::Map(pairs.finish()) }, size, depth, merges: false })
    }

    /// A key is a scalar. One that is a mapping is nearly always `{{ }}` without quotes.
    fn check_key(&self, key: &Node) -> Result<(), InputError> {
        match &key.value {
            Yaml::Map(_) if explain::braces_at(self.text, &key.place) => {
                let outer = Place { column: key.place.column - 1, ..key.place.clone() };
                Err(InputError::at(&outer, "a value that begins with `{{` must be quoted")
                    .hint(explain::QUOTE_BRACES))
            }
            Yaml::Map(_) | Yaml::Seq(_) => {
                Err(key.error(format!("a key must be a string, this is {}", key.kind())))
            }
            _ => Ok(()),
        }
    }
}

/// The pairs of a mapping; what was merged in comes first and gives way to what is written.
#[derive(Default)]
struct Pairs {
    own: Vec<(Node, Node)>,
    seen: HashMap<String, Place>,
    merged: Vec<(Node, Node)>,
}

impl Pairs {
    fn add(&mut self, key: Node, value: Node) -> Result<(), InputError> {
        if let Some(first) = self.seen.insert(key_id(&key), key.place.clone()) {
            let name = key.text().unwrap_or_else(|| "null".into());
            return Err(key.error(format!("the key `{name}` is here for the second time, first at {first}")));
        }
        self.own.push((key, value));
        Ok(())
    }

    fn merge(&mut self, value: Node) -> Result<(), InputError> {
        match value.value {
            Yaml::Map(pairs) => self.merged.extend(pairs),
            Yaml::Seq(items) => {
                for item in items {
                    match item.value {
                        Yaml::Map(pairs) => self.merged.extend(pairs),
                        _ => return Err(item.wrong("what `<<` merges", "a mapping")),
                    }
                }
            }
            _ => return Err(value.wrong("what `<<` merges", "a mapping or a list of mappings")),
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<(Node, Node)> {
        if self.merged.is_empty() {
            return self.own;
        }
        let mut pairs = Vec::new();
        for (key, value) in self.merged {
            if let std::collections::hash_map::Entry::Vacant(entry) = self.seen.entry(key_id(&key)) {
                entry.insert(key.place.clone());
                pairs.push((key, value));
            }
        }
        pairs.extend(self.own);
        pairs
    }
}

/// Keys of different types differ even where they print alike: `1` and `"1"`.
fn key_id(key: &Node) -> String {
    format!("{} {}", key.kind(), key.text().unwrap_or_default())
}

fn value_size(value: &Yaml) -> usize {
    match value {
        Yaml::Str(text) | Yaml::Unsafe(text) => text.len(),
        _ => 0,
    }
}

fn scalar_value(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    place: &Place,
) -> Result<Yaml, InputError> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => scalar::resolve(&text),
            _ => Yaml::Str(text.into_owned()),
        });
    };
    let resolved = scalar::resolve(&text);
    match (tag.is_yaml_core_schema(), tag.handle.as_str(), tag.suffix.as_str()) {
        (true, _, "str") | (_, "", "!") | (_, "!", "") => Ok(Yaml::Str(text.into_owned())),
        (true, _, "int") if matches!(resolved, Yaml::Int(_)) => Ok(resolved),
        (true, _, "bool") if matches!(resolved, Yaml::Bool(_)) => Ok(resolved),
        (true, _, "null") if resolved == Yaml::Null => Ok(resolved),
        (true, _, "float") => match resolved {
            Yaml::Int(number) => Ok(Yaml::Float(number as f64)),
            Yaml::Float(_) => Ok(resolved),
            _ => Err(InputError::at(place, format!("`{text}` is no number, as `!!float` says"))),
        },
        (true, _, kind @ ("int" | "bool" | "null")) => {
            Err(InputError::at(place, format!("`{text}` is not what `!!{kind}` says")))
        }
        (_, "!", "unsafe") => Ok(Yaml::Unsafe(text.into_owned())),
        (_, "!", "vault" | "vault-encrypted") => Err(InputError::at(place, "vault values are not read yet")),
        _ => Err(unknown_tag(tag, place)),
    }
}

/// Lists and mappings may only say what they are.
fn refuse_tag(tag: Option<Cow<'_, Tag>>, kind: &str, place: &Place) -> Result<(), InputError> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == kind) => Err(unknown_tag(&tag, place)),
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag, place: &Place) -> InputError {
    let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
    InputError::at(place, format!("the tag `{name}` has no meaning here"))
        .hint("a value that begins with `!` must be quoted")
}

//! Reading a pack's files, with the place of all that is wrong.

use super::{Control, FILE, Foreign, Pack, Requirement, Statement};
use crate::compliance::{Level, Severity, Text};
use crate::files::Files;
use crate::place::{InputError, Place};
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::path::Path;

type Pairs = [(Node, Node)];

/// The words of a policy that make a statement mandatory or recommended.
const KEYWORDS: &[(&str, Level)] = &[
    ("SKA", Level::Mandatory),
    ("MÅSTE", Level::Mandatory),
    ("FÅR INTE", Level::Mandatory),
    ("BÖR", Level::Recommended),
    ("REKOMMENDERAS", Level::Recommended),
    ("SHALL", Level::Mandatory),
    ("MUST", Level::Mandatory),
    ("SHOULD", Level::Recommended),
];

/// Gathers what is wrong while it goes on reading.
#[derive(Default)]
struct Reader {
    errors: Vec<InputError>,
}

pub fn pack(files: &Files, folder: &Path) -> Result<Pack, Vec<InputError>> {
    let mut reader = Reader::default();
    let head = reader.document(files, &folder.join(FILE));
    let requirements = reader.document(files, &folder.join("requirements.yml"));
    let foreign = folder.join("foreign.yml");
    let foreign = files.is_file(&foreign).then(|| reader.document(files, &foreign)).flatten();
    let (Some(head), Some(requirements)) = (head, requirements) else {
        return Err(reader.errors);
    };
    let pairs = reader.map(&head, "a pack", &["name", "version", "title", "playbook", "controls"]);
    let pack = Pack {
        name: reader.string(&head, pairs, "name"),
        version: reader.string(&head, pairs, "version"),
        title: reader.text(&head, pairs, "title"),
        folder: folder.to_path_buf(),
        playbook: folder.join(reader.string(&head, pairs, "playbook")),
        requirements: reader.list(&requirements, "requirements.yml", Reader::requirement),
        controls: reader.controls(files, folder, pairs),
        foreign: foreign.map(|node| reader.foreign(&node)).unwrap_or_default(),
    };
    reader.doubles(&pack);
    if reader.errors.is_empty() { Ok(pack) } else { Err(reader.errors) }
}

impl Reader {
    fn document(&mut self, files: &Files, path: &Path) -> Option<Node> {
        match yaml::read(files, path) {
            Ok(Some(node)) => Some(node),
            Ok(None) => {
                self.errors.push(InputError::at(&Place::new(path, 1, 1), "this file of a pack is empty"));
                None
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    fn ok<T>(&mut self, result: Result<T, InputError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// The pairs of a mapping whose keys are all known.
    fn map<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> &'n Pairs {
        let pairs = self.ok(node.expect_map(what)).unwrap_or_default();
        for (key, _) in pairs {
            let name = key.as_str().unwrap_or_default();
            if !known.contains(&name) {
                let hint = format!("{what} has {}", known.join(", "));
                self.errors.push(key.error(format!("unknown key `{name}` of {what}")).hint(hint));
            }
        }
        pairs
    }

    fn list<T>(&mut self, node: &Node, what: &str, read: fn(&mut Self, &Node) -> T) -> Vec<T> {
        let items = self.ok(node.expect_seq(what)).unwrap_or_default();
        items.iter().map(|item| read(self, item)).collect()
    }

    fn find<'n>(pairs: &'n Pairs, name: &str) -> Option<&'n Node> {
        pairs.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
    }

    fn wanted<'n>(&mut self, node: &Node, pairs: &'n Pairs, name: &str) -> Option<&'n Node> {
        let found = Self::find(pairs, name);
        if found.is_none() {
            self.errors.push(node.error(format!("`{name}` is missing here")));
        }
        found
    }

    fn string(&mut self, node: &Node, pairs: &Pairs, name: &str) -> String {
        let Some(found) = self.wanted(node, pairs, name) else { return String::new() };
        self.ok(found.expect_str(&format!("`{name}`"))).unwrap_or_default().to_string()
    }

    fn text(&mut self, node: &Node, pairs: &Pairs, name: &str) -> Text {
        self.wanted(node, pairs, name).map(|found| self.in_both(found)).unwrap_or_default()
    }

    fn text_if_any(&mut self, pairs: &Pairs, name: &str) -> Option<Text> {
        Self::find(pairs, name).map(|found| self.in_both(found))
    }

    fn in_both(&mut self, node: &Node) -> Text {
        let pairs = self.map(node, "a text", &["sv", "en"]);
        let mut say = |lang| self.string(node, pairs, lang).trim().to_string();
        Text { sv: say("sv"), en: say("en") }
    }

    fn strings(&mut self, pairs: &Pairs, name: &str) -> Vec<(String, Place)> {
        let Some(node) = Self::find(pairs, name) else { return Vec::new() };
        let items = self.ok(node.expect_seq(&format!("`{name}`"))).unwrap_or_default();
        let text = |item: &Node| item.text().map(|text| (text, item.place.clone()));
        items.iter().filter_map(text).collect()
    }

    fn requirement(&mut self, node: &Node) -> Requirement {
        let pairs = self.map(node, "a requirement", &["id", "name", "statements"]);
        let statements = self.wanted(node, pairs, "statements");
        Requirement {
            id: self.string(node, pairs, "id"),
            name: self.text(node, pairs, "name"),
            statements: statements
                .map(|list| self.list(list, "`statements`", Reader::statement))
                .unwrap_or_default(),
        }
    }

    fn statement(&mut self, node: &Node) -> Statement {
        const KNOWN: &[&str] = &["id", "level", "keyword", "text", "controls", "attestation", "missing"];
        let pairs = self.map(node, "a statement", KNOWN);
        let level = self.wanted(node, pairs, "level").and_then(|level| match level.as_str() {
            Some("mandatory") => Some(Level::Mandatory),
            Some("recommended") => Some(Level::Recommended),
            _ => {
                self.errors.push(level.error("`level` is `mandatory` or `recommended`"));
                None
            }
        });
        let level = level.unwrap_or(Level::Mandatory);
        let flag = Self::find(pairs, "attestation").map(|flag| flag.expect_bool("`attestation`"));
        Statement {
            place: node.place.clone(),
            id: self.string(node, pairs, "id"),
            level,
            keyword: Self::find(pairs, "keyword").and_then(|keyword| self.keyword(keyword, level)),
            text: self.text(node, pairs, "text"),
            controls: self.strings(pairs, "controls"),
            attestation: flag.and_then(|flag| self.ok(flag)).unwrap_or(false),
            missing: self.text_if_any(pairs, "missing"),
        }
    }

    /// The policy's word, which has to fit the level.
    fn keyword(&mut self, node: &Node, level: Level) -> Option<String> {
        let word = self.ok(node.expect_str("`keyword`"))?;
        match KEYWORDS.iter().find(|(known, _)| *known == word) {
            Some((_, meant)) if *meant == level => {}
            Some(_) => self.errors.push(node.error(format!("`{word}` doesn't go with this level"))),
            None => {
                let known: Vec<&str> = KEYWORDS.iter().map(|(word, _)| *word).collect();
                let error = node.error(format!("`{word}` is no keyword of a policy"));
                self.errors.push(error.hint(format!("known are {}", known.join(", "))));
            }
        }
        Some(word.to_string())
    }

    /// The controls of the files that `controls` of pack.yml names; of controls.yml without it.
    fn controls(&mut self, files: &Files, folder: &Path, pairs: &Pairs) -> Vec<Control> {
        let mut names: Vec<String> =
            self.strings(pairs, "controls").into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            names.push("controls.yml".into());
        }
        let read = names.iter().filter_map(|name| Some((name, self.document(files, &folder.join(name))?)));
        let read: Vec<_> = read.collect();
        read.iter().flat_map(|(name, node)| self.list(node, name, Reader::control)).collect()
    }

    fn control(&mut self, node: &Node) -> Control {
        const KNOWN: &[&str] = &[
            "id",
            "title",
            "severity",
            "cis",
            "why",
            "changes",
            "undo",
            "may_break",
            "applies",
            "sources",
            "needs",
            "break",
            "mend",
        ];
        let pairs = self.map(node, "a control", KNOWN);
        let severity = self.wanted(node, pairs, "severity").and_then(|severity| {
            let known = Severity::ALL.into_iter().find(|s| severity.as_str() == Some(s.word()));
            if known.is_none() {
                self.errors.push(severity.error("`severity` is `low`, `medium`, `high` or `critical`"));
            }
            known
        });
        let words = |list: Vec<(String, Place)>| list.into_iter().map(|(word, _)| word).collect();
        Control {
            place: node.place.clone(),
            id: self.string(node, pairs, "id"),
            title: self.text(node, pairs, "title"),
            severity: severity.unwrap_or(Severity::Medium),
            cis: words(self.strings(pairs, "cis")),
            why: self.text_if_any(pairs, "why"),
            changes: self.text_if_any(pairs, "changes"),
            undo: self.text_if_any(pairs, "undo"),
            may_break: self.text_if_any(pairs, "may_break"),
            applies: self.text_if_any(pairs, "applies"),
            sources: words(self.strings(pairs, "sources")),
            needs: words(self.strings(pairs, "needs")),
            r#break: Self::find(pairs, "break").and_then(|n| n.as_str()).map(String::from),
            mend: Self::find(pairs, "mend").and_then(|n| n.as_str()).map(String::from),
        }
    }

    fn foreign(&mut self, node: &Node) -> Foreign {
        let pairs = self.map(node, "foreign.yml", &["xccdf", "lynis"]);
        let mut table = |name: &str| -> BTreeMap<String, Vec<String>> {
            let Some(node) = Self::find(pairs, name) else { return BTreeMap::new() };
            let rules = self.ok(node.expect_map(&format!("`{name}`"))).unwrap_or_default();
            rules
                .iter()
                .map(|(rule, controls)| {
                    let ids = self.ok(controls.expect_seq("the controls of a rule")).unwrap_or_default();
                    let ids = ids.iter().filter_map(Node::text).collect();
                    (rule.text().unwrap_or_default(), ids)
                })
                .collect()
        };
        Foreign { xccdf: table("xccdf"), lynis: table("lynis") }
    }

    /// Each id stands once.
    fn doubles(&mut self, pack: &Pack) {
        let controls = pack.controls.iter().map(|c| (&c.id, &c.place, "control"));
        let statements = pack.statements().map(|s| (&s.id, &s.place, "statement"));
        let mut seen: BTreeMap<(&str, &String), &Place> = BTreeMap::new();
        for (id, place, what) in controls.chain(statements) {
            if let Some(first) = seen.insert((what, id), place) {
                self.errors
                    .push(InputError::at(place, format!("the {what} `{id}` stands at {first} already")));
            }
        }
    }
}

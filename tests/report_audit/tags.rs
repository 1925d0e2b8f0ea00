//! The elements of a page, read as a browser would: enough of HTML for what harda writes.

use std::collections::BTreeSet;

#[derive(Default)]
pub struct Tags {
    /// Name, and attributes with their values.
    found: Vec<(String, Vec<(String, String)>)>,
}

impl Tags {
    pub fn names(&self) -> BTreeSet<&str> {
        self.found.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn attributes(&self) -> BTreeSet<&str> {
        self.found
            .iter()
            .flat_map(|(_, attributes)| attributes.iter().map(|(name, _)| name.as_str()))
            .collect()
    }

    pub fn values<'a>(&'a self, wanted: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.found.iter().flat_map(|(_, attributes)| attributes);
        all.filter(|(name, _)| wanted.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// All start tags; the inside of `style` and `script` is theirs.
pub fn of(page: &str) -> Tags {
    let mut tags = Tags::default();
    pieces(page, &mut |piece| {
        if let Piece::Tag(tag) = piece
            && !tag.starts_with(['/', '!'])
        {
            tags.found.push(parse(tag));
        }
    });
    tags
}

/// What is read, with references resolved and white space made one.
pub fn text(page: &str) -> String {
    let mut text = String::new();
    pieces(page, &mut |piece| match piece {
        Piece::Text(said) => text.push_str(said),
        Piece::Tag(_) => {}
    });
    resolved(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With what its references stand for.
pub fn resolved(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")]
        .iter()
        .fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}

enum Piece<'a> {
    Tag(&'a str),
    Text(&'a str),
}

fn pieces<'a>(page: &'a str, each: &mut dyn FnMut(Piece<'a>)) {
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        each(Piece::Text(before));
        let end = end_of_tag(after);
        let (tag, after) = (&after[..end], &after[end + 1..]);
        each(Piece::Tag(tag));
        rest = match ["style", "script"].iter().find(|raw| **raw == tag) {
            Some(raw) => &after[after.find(&format!("</{raw}")).expect("its end")..],
            None => after,
        };
    }
    each(Piece::Text(rest));
}

/// The `>` that is in no quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    panic!("a tag has no end: {}", &tag[..tag.len().min(80)]);
}

fn parse(tag: &str) -> (String, Vec<(String, String)>) {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(after) => after.split_once('"').expect("a closed value"),
            None => ("", after),
        };
        attributes.push((name.to_ascii_lowercase(), value.to_string()));
        rest = after;
    }
    (name.trim_end_matches('/').to_ascii_lowercase(), attributes)
}

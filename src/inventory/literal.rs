//! Python literals, as which Ansible reads the values of an INI inventory: `8080` is a number,
//! `['a', 'b']` a list, `True` a boolean; whatever is no literal is a string.

use crate::place::Place;
use crate::yaml::{Node, Yaml};

/// Deeper than any value that is written by hand.
const DEPTH: usize = 32;

pub fn read(text: &str, place: &Place) -> Node {
    let chars: Vec<char> = text.trim().chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, place };
    let value = reader.document().unwrap_or_else(|| Yaml::Str(text.to_string()));
    Node { place: place.clone(), value }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    place: &'a Place,
}

impl Reader<'_> {
    /// The whole text: a value, or several with commas, which make a list; then perhaps a comment.
    fn document(&mut self) -> Option<Yaml> {
        let value = self.value(0)?;
        let value = match self.peek() {
            Some(',') => Yaml::Seq(self.more_items(value, 0, &[])?),
            _ => value,
        };
        matches!(self.peek(), None | Some('#')).then_some(value)
    }

    /// The next sign that is no blank.
    fn peek(&mut self) -> Option<char> {
        while self.here().is_some_and(|c| c == ' ' || c == '\t') {
            self.at += 1;
        }
        self.here()
    }

    fn here(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        (self.peek() == Some(wanted)).then(|| self.at += 1)
    }

    fn node(&self, value: Yaml) -> Node {
        Node { place: self.place.clone(), value }
    }

    fn value(&mut self, depth: usize) -> Option<Yaml> {
        if depth > DEPTH {
            return None;
        }
        match self.peek()? {
            '[' => {
                self.at += 1;
                Some(Yaml::Seq(self.items(depth, ']')?))
            }
            '(' => self.parenthesised(depth),
            '{' => self.braced(depth),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            _ if self.at_string() => self.strings(),
            _ => self.word(),
        }
    }

    /// The items up to the closing sign.
    fn items(&mut self, depth: usize, close: char) -> Option<Vec<Node>> {
        if self.take(close).is_some() {
            return Some(vec![]);
        }
        let first = self.value(depth + 1)?;
        let items = self.more_items(first, depth, &[close])?;
        self.take(close)?;
        Some(items)
    }

    /// The items after the first, each behind a comma; a last comma may end them.
    fn more_items(&mut self, first: Yaml, depth: usize, close: &[char]) -> Option<Vec<Node>> {
        let mut items = vec![self.node(first)];
        while self.take(',').is_some() {
            match self.peek() {
                Some(c) if close.contains(&c) => break,
                None | Some('#') if close.is_empty() => break,
                _ => {}
            }
            let value = self.value(depth + 1)?;
            items.push(self.node(value));
        }
        Some(items)
    }

    /// `(1)` is a number, `(1,)` and `()` are lists.
    fn parenthesised(&mut self, depth: usize) -> Option<Yaml> {
        self.take('(')?;
        if self.take(')').is_some() {
            return Some(Yaml::Seq(vec![]));
        }
        let first = self.value(depth + 1)?;
        if self.take(')').is_some() {
            return Some(first);
        }
        let items = self.more_items(first, depth, &[')'])?;
        self.take(')')?;
        Some(Yaml::Seq(items))
    }

    /// A mapping, or a set, which becomes a list.
    fn braced(&mut self, depth: usize) -> Option<Yaml> {
        self.take('{')?;
        if self.take('}').is_some() {
            return Some(Yaml::Map(vec![]));
        }
        let first = self.value(depth + 1)?;
        let value = match self.peek()? {
            ':' => Yaml::Map(self.pairs(first, depth)?),
            _ => Yaml::Seq(self.more_items(first, depth, &['}'])?),
        };
        self.take('}')?;
        Some(value)
    }

    fn pairs(&mut self, first: Yaml, depth: usize) -> Option<Vec<(Node, Node)>> {
        let mut pairs: Vec<(Node, Node)> = vec![];
        let mut key = first;
        loop {
            self.take(':')?;
            let value = self.value(depth + 1)?;
            let (k, v) = (self.node(key), self.node(value));
            match pairs.iter_mut().find(|(known, _)| known.value == k.value) {
                Some(pair) => pair.1 = v,
                None => pairs.push((k, v)),
            }
            if self.take(',').is_none() || self.peek() == Some('}') {
                return Some(pairs);
            }
            key = self.value(depth + 1)?;
        }
    }

    fn word(&mut self) -> Option<Yaml> {
        let word = self.run(|c| c.is_alphanumeric() || c == '_');
        match word.as_str() {
            "True" => Some(Yaml::Bool(true)),
            "False" => Some(Yaml::Bool(false)),
            "None" => Some(Yaml::Null),
            _ => None,
        }
    }

    fn run(&mut self, fits: impl Fn(char) -> bool) -> String {
        let begin = self.at;
        while self.here().is_some_and(&fits) {
            self.at += 1;
        }
        self.chars[begin..self.at].iter().collect()
    }

    fn number(&mut self) -> Option<Yaml> {
        let sign = match self.peek()? {
            sign @ ('+' | '-') => {
                self.at += 1;
                self.peek()?;
                if sign == '-' { "-" } else { "" }
            }
            _ => "",
        };
        let mut token = self.run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let decimal = !token.starts_with("0x") && !token.starts_with("0X");
        if decimal && token.ends_with(['e', 'E']) && matches!(self.here(), Some('+' | '-')) {
            token.extend(self.here());
            self.at += 1;
            token.push_str(&self.run(|c| c.is_ascii_digit() || c == '_'));
        }
        number(sign, &token)
    }

    /// Whether a string begins here, with its prefix if it has one.
    fn at_string(&self) -> bool {
        self.prefix().is_some()
    }

    /// The length of a string's prefix, and whether the string is raw.
    fn prefix(&self) -> Option<(usize, bool)> {
        let prefix: String =
            self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic()).take(3).collect();
        let raw = match prefix.to_ascii_lowercase().as_str() {
            "" | "u" | "b" => false,
            "r" | "br" | "rb" => true,
            _ => return None,
        };
        matches!(self.chars.get(self.at + prefix.len()), Some('\'' | '"')).then_some((prefix.len(), raw))
    }

    /// Strings side by side are one.
    fn strings(&mut self) -> Option<Yaml> {
        let mut text = String::new();
        while let Some((length, raw)) = self.prefix() {
            self.at += length;
            self.string(raw, &mut text)?;
            self.peek();
        }
        Some(Yaml::Str(text))
    }

    fn string(&mut self, raw: bool, text: &mut String) -> Option<()> {
        let quote = self.here()?;
        let triple = self.chars[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        loop {
            let c = self.here()?;
            if c == quote && (!triple || self.chars[self.at..].starts_with(&[quote; 3])) {
                self.at += if triple { 3 } else { 1 };
                return Some(());
            }
            self.at += 1;
            if c != '\\' {
                text.push(c);
            } else if raw {
                text.push(c);
                text.push(self.here()?);
                self.at += 1;
            } else {
                self.escape(text)?;
            }
        }
    }

    /// What a backslash in a string means; one that means nothing stays.
    fn escape(&mut self, text: &mut String) -> Option<()> {
        let c = self.here()?;
        self.at += 1;
        let simple = match c {
            '\\' | '\'' | '"' => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            'x' => self.code(16, 2, 2)?,
            'u' => self.code(16, 4, 4)?,
            'U' => self.code(16, 8, 8)?,
            '0'..='7' => {
                self.at -= 1;
                self.code(8, 1, 3)?
            }
            'N' => return None,
            other => {
                text.push('\\');
                other
            }
        };
        text.push(simple);
        Some(())
    }

    fn code(&mut self, radix: u32, least: usize, most: usize) -> Option<char> {
        let digits: String =
            self.chars[self.at..].iter().take(most).take_while(|c| c.is_digit(radix)).collect();
        self.at += digits.len();
        let code = u32::from_str_radix(&digits, radix).ok().filter(|_| digits.len() >= least)?;
        char::from_u32(code)
    }
}

/// A number without its sign; one too big for 64 bits stays text, so that no digit is lost.
fn number(sign: &str, token: &str) -> Option<Yaml> {
    let lower = token.to_ascii_lowercase();
    let radix =
        |prefix: &str| lower.strip_prefix(prefix).map(|digits| digits.strip_prefix('_').unwrap_or(digits));
    if let Some(digits) = radix("0x") {
        return integer(sign, digits, 16, token);
    }
    if let Some(digits) = radix("0o") {
        return integer(sign, digits, 8, token);
    }
    if let Some(digits) = radix("0b") {
        return integer(sign, digits, 2, token);
    }
    if !lower.contains(['.', 'e']) {
        let zeros = lower.bytes().all(|b| b == b'0' || b == b'_');
        return (zeros || !lower.starts_with('0')).then(|| integer(sign, &lower, 10, token)).flatten();
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-' | '_');
    if !lower.chars().all(plain) || !underscores_fit(&lower) {
        return None;
    }
    format!("{sign}{}", lower.replace('_', "")).parse().ok().map(Yaml::Float)
}

fn integer(sign: &str, digits: &str, radix: u32, token: &str) -> Option<Yaml> {
    let fits = digits.chars().all(|c| c == '_' || c.is_digit(radix)) && underscores_fit(digits);
    if !fits || digits.is_empty() {
        return None;
    }
    let parsed = i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix);
    Some(parsed.map_or_else(|_| Yaml::Str(format!("{sign}{token}")), Yaml::Int))
}

/// Python takes an underscore only between two digits.
fn underscores_fit(digits: &str) -> bool {
    let digit = |at: Option<usize>| {
        at.and_then(|at| digits.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric)
    };
    digits.match_indices('_').all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)))
}

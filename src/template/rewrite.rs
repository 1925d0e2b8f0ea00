//! Templates put into the form in which the engine gives them Ansible's meaning.
//!
//! The engine either lets one go on from an undefined value (`a.b.c | default(1)`) or refuses the
//! use of an undefined one (`{{ a.b }}`), but not both; Ansible does both. So every step into a
//! value becomes a filter of ours that goes on from what is undefined, and the engine stays strict
//! about all else: `a.b['c']` is rewritten to `(a|__get('b','a.b')|__get('c','a.b[...]'))`.
//! Strings are rewritten too: their escapes are Python's, and in `{{ }}` of a playbook (not of a
//! template file) a backslash stays a backslash, as in Ansible. Line breaks stay where they are,
//! so that the engine's line numbers are those of the source.

use minijinja::syntax::SyntaxConfig;

use super::lexer::{Token, expression, push_string, step_name, string_content};

/// Whether the text holds anything to render.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// What backslashes in the strings of `{{ }}` mean.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Backslash {
    /// Themselves: a string of a playbook.
    Literal,
    /// Python's escapes: a template file, a condition.
    Escape,
}

/// A whole template.
pub(super) fn template(source: &str, syntax: &SyntaxConfig, backslash: Backslash) -> String {
    let mut out = String::with_capacity(source.len() + source.len() / 2);
    let (block, var, comment) =
        (syntax.block_delimiters(), syntax.variable_delimiters(), syntax.comment_delimiters());
    let options = Options { backslash, own: changes_values(source) };
    let mut rest = source;
    while let Some((at, kind)) = next_delimiter(rest, [var.0, block.0, comment.0]) {
        let (text, tail) = rest.split_at(at);
        out.push_str(text);
        let closing = comment.1;
        let length = match kind {
            0 => inside(tail, var, options, &mut out),
            1 => match raw_block(tail, block) {
                Some(length) => verbatim(tail, length, &mut out),
                None => inside(tail, block, Options { backslash: Backslash::Escape, ..options }, &mut out),
            },
            _ => verbatim(tail, tail.find(closing).map_or(tail.len(), |end| end + closing.len()), &mut out),
        };
        rest = &tail[length..];
    }
    out.push_str(rest);
    out
}

/// A bare expression, as `when` has it.
pub(super) fn condition(source: &str) -> String {
    let (tokens, _) = expression(source, None);
    let mut out = String::new();
    let options = Options { backslash: Backslash::Escape, own: changes_values(source) };
    Rewriter { tokens: &tokens, at: 0, options, depth: 0 }.all(&mut out);
    out
}

fn next_delimiter(text: &str, starts: [&str; 3]) -> Option<(usize, usize)> {
    let found = starts.iter().enumerate().filter_map(|(kind, start)| Some((text.find(start)?, kind)));
    // Of two that start at the same place the longer one is meant.
    found.min_by_key(|(at, kind)| (*at, usize::MAX - starts[*kind].len()))
}

fn verbatim(text: &str, length: usize, out: &mut String) -> usize {
    out.push_str(&text[..length]);
    length
}

/// The length of a whole `{% raw %}...{% endraw %}` at the start of the text.
fn raw_block(text: &str, (open, close): (&str, &str)) -> Option<usize> {
    let tag = |text: &str, word: &str| -> Option<usize> {
        let inner = text.strip_prefix(open)?;
        let trimmed = inner.trim_start_matches(['-', '+']).trim_start().strip_prefix(word)?;
        let end = trimmed.trim_start().trim_start_matches(['-', '+']).strip_prefix(close)?;
        Some(text.len() - end.len())
    };
    let mut at = tag(text, "raw")?;
    while let Some(next) = text[at..].find(open) {
        at += next;
        match tag(&text[at..], "endraw") {
            Some(length) => return Some(at + length),
            None => at += open.len(),
        }
    }
    Some(text.len())
}

/// Rewrites one `{{ }}` or `{% %}` and says how long it was.
fn inside(text: &str, (open, close): (&str, &str), options: Options, out: &mut String) -> usize {
    out.push_str(open);
    let mut body = &text[open.len()..];
    if body.starts_with(['-', '+']) {
        out.push_str(&body[..1]);
        body = &body[1..];
    }
    let (tokens, length) = expression(body, Some(close));
    let mut rewriter = Rewriter { tokens: &tokens, at: 0, options, depth: 0 };
    rewriter.assignment_target(out);
    rewriter.all(out);
    text.len() - body.len() + length
}

/// The value that the text written last stands for.
struct Operand {
    /// Where in the output it starts.
    start: usize,
    /// What it is called in messages.
    path: String,
    /// It already is in parentheses of ours.
    wrapped: bool,
}

struct Rewriter<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    options: Options,
    depth: usize,
}

/// Brackets nested deeper are left alone: the engine refuses them.
const MAX_DEPTH: usize = 100;

#[derive(Clone, Copy)]
struct Options {
    backslash: Backslash,
    /// Lists and maps that are written down can be changed: `{% set _ = list.append(1) %}`.
    own: bool,
}

/// Methods that change what they are called on.
const CHANGING: &[&str] = &[
    ".append(",
    ".extend(",
    ".insert(",
    ".update(",
    ".pop(",
    ".remove(",
    ".setdefault(",
    ".clear(",
    ".sort(",
    ".reverse(",
];

fn changes_values(source: &str) -> bool {
    CHANGING.iter().any(|method| source.contains(method))
}

/// Words after which a new value begins.
const OPERATORS: &[&str] = &["and", "or", "not", "in", "if", "else", "elif", "for", "recursive", "do"];

impl<'a> Rewriter<'a> {
    /// `{% set a.b = %}` assigns: what is left of the `=` is no value.
    fn assignment_target(&mut self, out: &mut String) {
        let first = self.tokens.iter().find(|t| !matches!(t, Token::Space(_)));
        if !matches!(first, Some(Token::Name("set"))) {
            return;
        }
        let end = self.tokens.iter().position(|t| matches!(t, Token::Op("=")));
        for token in &self.tokens[..end.unwrap_or(self.tokens.len())] {
            self.write(token, out);
            self.at += 1;
        }
    }

    fn all(&mut self, out: &mut String) {
        while self.at < self.tokens.len() {
            self.until_close(out);
            if let Some(token) = self.tokens.get(self.at) {
                self.write(token, out);
                self.at += 1;
            }
        }
    }

    /// Everything up to the bracket that closes the present level. Returns what the only value on
    /// it is called.
    fn until_close(&mut self, out: &mut String) -> String {
        let mut operand: Option<Operand> = None;
        let mut path = String::new();
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Op(")" | "]" | "}") => break,
                Token::Space(space) => out.push_str(space),
                Token::Name("is") => {
                    operand = None;
                    self.write(token, out);
                    self.dotted_name(&["not"], out);
                    continue;
                }
                Token::Op("|") => {
                    operand = None;
                    self.write(token, out);
                    self.dotted_name(&[], out);
                    self.filter_arguments(out);
                    continue;
                }
                Token::Name(word) if OPERATORS.contains(word) => {
                    operand = None;
                    self.write(token, out);
                }
                Token::Op(".") if operand.is_some() => {
                    operand = self.dot(operand, out);
                    continue;
                }
                Token::Op("[") if operand.is_some() => {
                    operand = self.subscript(operand, out);
                    continue;
                }
                Token::Op(open @ ("(" | "[" | "{")) => {
                    operand = self.group(open, operand, out);
                    continue;
                }
                Token::Op(_) => {
                    operand = None;
                    self.write(token, out);
                }
                Token::Name(text) | Token::Number(text) | Token::Text(text) => {
                    operand = Some(Operand { start: out.len(), path: text.to_string(), wrapped: false });
                    self.write(token, out);
                }
            }
            if let Some(operand) = &operand {
                path.clone_from(&operand.path);
            }
            self.at += 1;
        }
        path
    }

    /// What stands in a bracket.
    fn inner(&mut self, out: &mut String) -> String {
        self.depth += 1;
        let path = self.until_close(out);
        self.depth -= 1;
        path
    }

    /// The name of a filter or test, which may have dots: `ansible.builtin.combine`.
    fn dotted_name(&mut self, before: &[&str], out: &mut String) {
        self.at += 1;
        let mut named = false;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Space(_) if !named => {}
                Token::Name(word) if !named => named = !before.contains(word),
                Token::Op(".") if named => named = false,
                _ => break,
            }
            self.write(token, out);
            self.at += 1;
        }
    }

    fn filter_arguments(&mut self, out: &mut String) {
        let next = self.tokens[self.at..].iter().position(|t| !matches!(t, Token::Space(_)));
        let Some(next) = next.map(|n| self.at + n) else { return };
        if !matches!(self.tokens[next], Token::Op("(")) {
            return;
        }
        self.at = next;
        self.group("(", None, out);
    }

    /// A bracketed group: a value of its own, or the arguments of the value before it.
    fn group(&mut self, open: &str, before: Option<Operand>, out: &mut String) -> Option<Operand> {
        let start = out.len();
        out.push_str(open);
        self.at += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let inner = self.inner(out);
        if let Some(close) = self.tokens.get(self.at) {
            self.write(close, out);
            self.at += 1;
        }
        Some(match before {
            Some(called) => Operand { path: format!("{}(...)", called.path), wrapped: false, ..called },
            None if self.options.own && open != "(" => {
                out.insert(start, '(');
                out.push_str("|__own)");
                Operand { start, path: inner, wrapped: true }
            }
            None => Operand { start, path: inner, wrapped: false },
        })
    }

    fn dot(&mut self, operand: Option<Operand>, out: &mut String) -> Option<Operand> {
        let operand = operand?;
        let key = self.tokens[self.at + 1..].iter().position(|t| !matches!(t, Token::Space(_)));
        let key_at = self.at + 1 + key.unwrap_or(0);
        let after = self.tokens.get(key_at + 1..).unwrap_or(&[]);
        let called = after.iter().find(|t| !matches!(t, Token::Space(_)));
        match self.tokens.get(key_at) {
            Some(Token::Name(name)) if matches!(called, Some(Token::Op("("))) => {
                out.push('.');
                out.push_str(name);
                self.at = key_at + 1;
                Some(Operand { path: format!("{}.{name}", operand.path), wrapped: false, ..operand })
            }
            Some(Token::Name(name)) => {
                self.at = key_at + 1;
                Some(wrap(operand, &format!("'{name}'"), &format!(".{name}"), out))
            }
            Some(Token::Number(number)) => {
                self.at = key_at + 1;
                Some(wrap(operand, number, &format!("[{number}]"), out))
            }
            _ => {
                out.push('.');
                self.at += 1;
                None
            }
        }
    }

    fn subscript(&mut self, operand: Option<Operand>, out: &mut String) -> Option<Operand> {
        let operand = operand?;
        if self.depth > MAX_DEPTH {
            return self.group("[", Some(operand), out);
        }
        if self.is_slice() {
            // Who looks for secrets wants to see both, before and after.
            out.insert_str(operand.start, "((");
            out.push_str("|__whole)");
            let cut = self.group("[", Some(operand), out)?;
            out.push_str("|__part)");
            return Some(Operand { wrapped: true, ..cut });
        }
        self.at += 1;
        let (from, mut key) = (self.at, String::new());
        self.inner(&mut key);
        let step = step_name(&self.tokens[from..self.at]);
        self.at = self.tokens.len().min(self.at + 1);
        Some(wrap(operand, &key, &step, out))
    }

    /// Whether the bracket here holds `a:b` or `a, b` instead of one key.
    fn is_slice(&self) -> bool {
        let mut depth = 0;
        for token in &self.tokens[self.at..] {
            match token {
                Token::Op("(" | "[" | "{") => depth += 1,
                Token::Op(")" | "]" | "}") => depth -= 1,
                Token::Op(":" | ",") if depth == 1 => return true,
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    }

    fn write(&self, token: &Token<'_>, out: &mut String) {
        match token {
            Token::Space(text) | Token::Name(text) | Token::Number(text) | Token::Op(text) => {
                out.push_str(text)
            }
            Token::Text(text) => push_string(&string_content(text, self.options.backslash), out),
        }
    }
}

/// Steps from the operand into `key`. `key` is an expression, `step` what it looks like in a path.
fn wrap(operand: Operand, key: &str, step: &str, out: &mut String) -> Operand {
    let path = format!("{}{step}", operand.path);
    if operand.wrapped {
        out.truncate(out.trim_end().len() - 1);
    } else {
        out.insert(operand.start, '(');
    }
    out.push_str("|__get(");
    out.push_str(key);
    out.push(',');
    push_string(&path, out);
    out.push_str("))");
    Operand { path, wrapped: true, ..operand }
}

#[cfg(test)]
#[path = "rewrite_tests.rs"]
mod tests;

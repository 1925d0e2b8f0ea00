//! The tokens of Jinja expressions, as far as rewriting them needs.

use super::rewrite::Backslash;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Space(&'a str),
    Name(&'a str),
    Number(&'a str),
    /// A string with its quotes.
    Text(&'a str),
    Op(&'a str),
}

/// The tokens up to `close` outside strings and brackets, or up to the end, and how many bytes
/// they take. `close` itself stays in the source.
pub(super) fn expression<'a>(source: &'a str, close: Option<&str>) -> (Vec<Token<'a>>, usize) {
    let (mut tokens, mut at, mut depth) = (Vec::new(), 0, 0usize);
    while at < source.len() {
        let rest = &source[at..];
        if depth == 0 && close.is_some_and(|close| ends_here(rest, close)) {
            break;
        }
        let after_dot = tokens.last() == Some(&Token::Op("."));
        let token = next(rest, after_dot);
        let text = match token {
            Token::Op(op) => {
                match op {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth = depth.saturating_sub(1),
                    _ => {}
                }
                op
            }
            Token::Space(t) | Token::Name(t) | Token::Number(t) | Token::Text(t) => t,
        };
        at += text.len();
        tokens.push(token);
    }
    (tokens, at)
}

fn ends_here(rest: &str, close: &str) -> bool {
    let trimmed = rest.strip_prefix(['-', '+']).filter(|r| r.starts_with(close));
    trimmed.is_some() || rest.starts_with(close)
}

fn next(rest: &str, after_dot: bool) -> Token<'_> {
    let first = rest.chars().next().unwrap_or(' ');
    let run = |accept: fn(char) -> bool| &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
    match first {
        c if c.is_whitespace() => Token::Space(run(char::is_whitespace)),
        c if c.is_alphabetic() || c == '_' => Token::Name(run(|c| c.is_alphanumeric() || c == '_')),
        // After a dot `0.1` is two steps, not a fraction.
        c if c.is_ascii_digit() && after_dot => Token::Number(run(|c| c.is_ascii_digit())),
        c if c.is_ascii_digit() => Token::Number(number(rest)),
        '\'' | '"' => Token::Text(string(rest, first)),
        '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => Token::Op(&rest[..2]),
        c => Token::Op(&rest[..c.len_utf8()]),
    }
}

fn number(rest: &str) -> &str {
    let digits =
        |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let whole = digits(rest);
    match rest[whole..].strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            &rest[..whole + 1 + digits(fraction)]
        }
        _ => &rest[..whole],
    }
}

fn string(rest: &str, quote: char) -> &str {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return &rest[..i + 1],
            _ => {}
        }
    }
    rest
}

/// What a string token stands for.
pub(super) fn string_content(token: &str, backslash: Backslash) -> String {
    let quote = token.chars().next().unwrap_or('\'');
    let body = &token[1..];
    let body = body.strip_suffix(quote).unwrap_or(body);
    match backslash {
        Backslash::Literal => body.to_string(),
        Backslash::Escape => unescape(body),
    }
}

/// Python's escapes; what is none keeps its backslash.
fn unescape(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        let coded = match c {
            '0'..='7' => code(rest, 0, 3, 8),
            'x' => code(rest, 1, 2, 16),
            'u' => code(rest, 1, 4, 16),
            'U' => code(rest, 1, 8, 16),
            _ => None,
        };
        let (text, length) = coded.unwrap_or_else(|| (simple_escape(c), c.len_utf8()));
        match text {
            Some(c) => out.push(c),
            None if c == '\n' => {}
            None => out.extend(['\\', c]),
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn simple_escape(c: char) -> Option<char> {
    Some(match c {
        '\\' | '\'' | '"' => c,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        _ => return None,
    })
}

/// A character by its number: `skip` letters, then up to `most` digits (octal) or exactly so many.
fn code(rest: &str, skip: usize, most: usize, radix: u32) -> Option<(Option<char>, usize)> {
    let digits: String = rest[skip..].chars().take(most).take_while(|c| c.is_digit(radix)).collect();
    if digits.is_empty() || (radix == 16 && digits.len() < most) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(&digits, radix).ok()?)?;
    Some((Some(c), skip + digits.len()))
}

/// A subscript as messages show it: `['a']` is `.a`.
pub(super) fn step_name(key: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in key {
        match token {
            Token::Space(_) => text.push(' '),
            Token::Name(t) | Token::Number(t) | Token::Op(t) | Token::Text(t) => text.push_str(t),
        }
    }
    match key {
        [Token::Text(text)] if text.len() > 2 => {
            let name = &text[1..text.len() - 1];
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if plain { format!(".{name}") } else { format!("[{text}]") }
        }
        _ => format!("[{}]", text.trim()),
    }
}

/// Writes a string as the engine reads it.
pub(super) fn push_string(content: &str, out: &mut String) {
    out.push('\'');
    for c in content.chars() {
        if matches!(c, '\'' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('\'');
}

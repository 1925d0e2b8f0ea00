//! `name=value` text after a module's name, split as Ansible does: quotes and `{{ }}` stay whole.

/// A word of such a text and where it stands.
#[derive(Debug, PartialEq)]
pub struct Word<'t> {
    pub text: &'t str,
    pub start: usize,
}

impl<'t> Word<'t> {
    /// The word as `name=value`, if its name can be one.
    pub fn pair(&self) -> Option<(&'t str, String)> {
        let (name, value) = self.text.split_once('=')?;
        let good = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        good.then(|| (name, unquote(value)))
    }
}

/// Splits at blanks outside of quotes and braces. Says what is not closed.
pub fn split(text: &str) -> Result<Vec<Word<'_>>, String> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut depth) = (None, None, 0usize);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() && quote.is_none() && depth == 0 {
            if let Some(begin) = start.take() {
                words.push(Word { text: &text[begin..at], start: begin });
            }
            continue;
        }
        start.get_or_insert(at);
        let next = chars.peek().map(|(_, c)| *c);
        match (c, quote) {
            ('\\', _) => {
                chars.next();
            }
            (q, Some(open)) if q == open => quote = None,
            ('"' | '\'', None) if depth == 0 => quote = Some(c),
            ('{', _) if matches!(next, Some('{' | '%' | '#')) => {
                chars.next();
                depth += 1;
            }
            ('}' | '%' | '#', _) if depth > 0 && next == Some('}') => {
                chars.next();
                depth -= 1;
            }
            _ => {}
        }
    }
    if quote.is_some() {
        return Err("quotes are not closed".into());
    }
    if depth > 0 {
        return Err("`{{` is not closed".into());
    }
    if let Some(begin) = start {
        words.push(Word { text: &text[begin..], start: begin });
    }
    Ok(words)
}

/// Without the quotes around it, and with its escapes read.
fn unquote(value: &str) -> String {
    let inner = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    unescape(inner.unwrap_or(value))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(escaped @ ('n' | 't' | 'r' | '\\' | '"' | '\''))) => {
                chars.next();
                out.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
            }
            _ => out.push(c),
        }
    }
    out
}

/// A text without the `name=value` words that are options, and these options.
pub fn take_options(text: &str, is_option: impl Fn(&str) -> bool) -> (String, Vec<(String, String)>) {
    // A shell's text may hold a lone quote; then it holds no options either.
    let Ok(words) = split(text) else { return (text.trim().to_string(), Vec::new()) };
    let (mut rest, mut options, mut from) = (String::new(), Vec::new(), 0);
    for word in &words {
        let Some((name, value)) = word.pair().filter(|(name, _)| is_option(name)) else { continue };
        rest.push_str(&text[from..word.start]);
        from = word.start + word.text.len();
        options.push((name.to_string(), value));
    }
    rest.push_str(&text[from..]);
    (rest.trim().to_string(), options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_keep_quotes_and_braces_whole() {
        let cases = [
            ("name=x state=started", vec!["name=x", "state=started"]),
            ("a='b c' d=\"e f\"", vec!["a='b c'", "d=\"e f\""]),
            ("a={{ b | default('c d') }} e", vec!["a={{ b | default('c d') }}", "e"]),
            ("a={% if x %}y{% endif %}", vec!["a={% if x %}y{% endif %}"]),
            ("", vec![]),
        ];
        for (text, wanted) in cases {
            let words: Vec<_> = split(text).expect(text).into_iter().map(|w| w.text).collect();
            assert_eq!(words, wanted, "{text}");
        }
        assert_eq!(split("a='b"), Err("quotes are not closed".into()));
        assert_eq!(split("a={{ b"), Err("`{{` is not closed".into()));
    }

    #[test]
    fn options_are_taken_out_of_a_command() {
        let is_option = |name: &str| ["creates", "chdir"].contains(&name);
        let (rest, options) = take_options("make  X=1 install creates='/a b' chdir=/src", is_option);
        assert_eq!(rest, "make  X=1 install");
        assert_eq!(options, [("creates".into(), "/a b".into()), ("chdir".into(), "/src".to_string())]);
        assert_eq!(take_options("echo it's", is_option), ("echo it's".into(), vec![]));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_splitter_panic(text in "[a-c=' \"{}%#\\\\é]{0,40}") {
            let _ = take_options(&text, |_| true);
        }
    }
}

//! A line split into words as Python's `shlex` does, knowing where each word stands.

#[derive(Debug, PartialEq)]
pub struct Word {
    pub text: String,
    /// The word's first character, counted from 0.
    pub at: usize,
}

/// What keeps a line from being split, and the character where it begins.
#[derive(Debug, PartialEq)]
pub struct Open {
    pub at: usize,
    pub what: &'static str,
}

/// Splits at blanks; quotes hold words together, `\` takes a sign as it is, `#` ends the line.
pub fn split(line: &str) -> Result<Vec<Word>, Open> {
    let mut words = vec![];
    let mut word: Option<Word> = None;
    let mut chars = line.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '#' => break,
            c if c.is_whitespace() => words.extend(word.take()),
            c => {
                let text = &mut word.get_or_insert_with(|| Word { text: String::new(), at }).text;
                match c {
                    '\'' | '"' => {
                        quoted(&mut chars, c, text).ok_or(Open { at, what: "this quote is not closed" })?
                    }
                    '\\' => text.push(chars.next().ok_or(Open { at, what: "nothing follows this `\\`" })?.1),
                    c => text.push(c),
                }
            }
        }
    }
    words.extend(word);
    Ok(words)
}

/// Up to the closing quote; in double quotes `\` guards itself and the quote.
fn quoted(chars: &mut impl Iterator<Item = (usize, char)>, quote: char, text: &mut String) -> Option<()> {
    loop {
        match chars.next()?.1 {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => {
                let next = chars.next()?.1;
                if next != '"' && next != '\\' {
                    text.push('\\');
                }
                text.push(next);
            }
            c => text.push(c),
        }
    }
}

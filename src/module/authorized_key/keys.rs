//! The lines of authorized_keys (sshd(8)): options, type, key, comment. A key is the same key
//! whatever its options and comment.

use crate::world::Stop;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug, PartialEq)]
pub struct Line {
    options: String,
    kind: String,
    blob: String,
    comment: String,
}

impl Line {
    /// Reads one line; `None` for what holds no key.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let (first, rest) = word(text);
        let (options, kind, rest) = match is_kind(first) {
            true => ("", first, rest),
            false => {
                let (kind, rest) = word(rest);
                (first, kind, rest)
            }
        };
        let (blob, comment) = word(rest);
        if !is_kind(kind) || !matches_kind(kind, blob) {
            return None;
        }
        let own = |s: &str| s.to_string();
        Some(Line { options: own(options), kind: own(kind), blob: own(blob), comment: own(comment) })
    }

    fn text(&self) -> String {
        let parts = [&self.options, &self.kind, &self.blob, &self.comment];
        parts.into_iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// The first word and what follows; blanks within double quotes belong to the word.
fn word(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

fn is_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|p| word.starts_with(p))
}

/// A key's bytes begin with the name of its type: a copy that lost its end or its head is told.
fn matches_kind(kind: &str, blob: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(blob) else { return false };
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    rest.get(..u32::from_be_bytes(*length) as usize) == Some(kind.as_bytes())
}

/// The keys that a task gives.
pub fn read(text: &str, options: Option<String>, comment: Option<String>) -> Result<Vec<Line>, Stop> {
    if text.trim_start().starts_with("http://") || text.trim_start().starts_with("https://") {
        return Err(Stop::error(
            "`key` is a URL: who answers there could let anybody in; put the keys into a file and use `lookup('file', ...)`",
        ));
    }
    if let Some(given) = &options
        && (given.contains('\n') || word(given).0.len() != given.len())
    {
        return Err(Stop::error(
            "`key_options` is one word of sshd's options, with commas and no blanks outside quotes",
        ));
    }
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let mut key = Line::read(line).ok_or_else(|| {
            Stop::error(format!(
                "line {} of `key` is no public key (such as `ssh-ed25519 AAAA... name`)",
                index + 1
            ))
        })?;
        key.options = options.clone().unwrap_or(key.options);
        key.comment = comment.clone().unwrap_or(key.comment);
        if key.comment.contains('\n') {
            return Err(Stop::error("`comment` is one line"));
        }
        lines.push(key);
    }
    match lines.is_empty() {
        true => Err(Stop::error("`key` holds no key")),
        false => Ok(lines),
    }
}

/// The file with these keys in it: in place where the key is there, else at the end.
pub fn with(old: &str, wanted: &[Line], exclusive: bool) -> String {
    let mut placed = vec![false; wanted.len()];
    let mut lines: Vec<String> = Vec::new();
    for line in old.lines() {
        let Some(key) = Line::read(line) else {
            lines.push(line.to_string());
            continue;
        };
        match wanted.iter().position(|w| w.blob == key.blob) {
            Some(at) if placed[at] => {}
            Some(at) => {
                placed[at] = true;
                let same = key == wanted[at];
                lines.push(if same { line.to_string() } else { wanted[at].text() });
            }
            None if exclusive => {}
            None => lines.push(line.to_string()),
        }
    }
    for (key, placed) in wanted.iter().zip(&placed) {
        let again = lines.iter().any(|l| Line::read(l).is_some_and(|l| l.blob == key.blob));
        if !placed && !again {
            lines.push(key.text());
        }
    }
    ended(lines)
}

/// The file without these keys.
pub fn without(old: &str, unwanted: &[Line]) -> String {
    let gone = |line: &str| Line::read(line).is_some_and(|key| unwanted.iter().any(|u| u.blob == key.blob));
    ended(old.lines().filter(|line| !gone(line)).map(str::to_string).collect())
}

/// How many keys a file holds.
pub fn count(text: &str) -> usize {
    text.lines().filter(|line| Line::read(line).is_some()).count()
}

fn ended(lines: Vec<String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8, comment: &str) -> String {
        let mut bytes = vec![0, 0, 0, 11];
        bytes.extend(b"ssh-ed25519");
        bytes.extend([0, 0, 0, 32]);
        bytes.extend([byte; 32]);
        format!("ssh-ed25519 {} {comment}", STANDARD.encode(bytes)).trim().to_string()
    }

    fn given(text: &str) -> Vec<Line> {
        read(text, None, None).expect("keys")
    }

    #[test]
    fn keys_are_told_by_what_they_hold() {
        let (a, b) = (key(1, "a@x"), key(2, "b@x"));
        let old = format!("# ours\nfrom=\"10.0.0.1, x\",no-pty {a}\n{b}");
        assert_eq!(count(&old), 2);
        assert_eq!(
            with(&old, &given(&a), false),
            format!("# ours\n{a}\n{b}\n"),
            "options go as the task says"
        );
        assert_eq!(with(&old, &given(&a), true), format!("# ours\n{a}\n"));
        assert_eq!(with("", &given(&format!("{a}\n\n{b}\n{a}")), false), format!("{a}\n{b}\n"));
        assert_eq!(without(&old, &given(&key(1, ""))), format!("# ours\n{b}\n"));
        assert_eq!(with(&format!("{b}\n"), &given(&b), true), format!("{b}\n"));
    }

    #[test]
    fn options_and_comments_are_set() {
        let lines = read(&key(1, "old"), Some("restrict,pty".into()), Some("new".into())).expect("keys");
        assert_eq!(lines[0].text(), format!("restrict,pty {}", key(1, "new")));
        assert!(read(&key(1, ""), Some("from=\"a\" command=\"x\"".into()), None).is_err());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let cut = key(1, "");
        for bad in [
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "hello",
            "# none",
            &cut[..30],
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==",
        ] {
            assert!(read(bad, None, None).is_err(), "{bad}");
        }
    }
}

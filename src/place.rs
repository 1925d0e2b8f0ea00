//! Where in a file something was written: every message about input names it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A position in an input file; lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub file: Arc<Path>,
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub fn new(file: impl Into<PathBuf>, line: usize, column: usize) -> Self {
        Place { file: Arc::from(file.into()), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// As text, `file:line:column`: for programs that read what harda writes, and for saved plans.
impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut parts = text.rsplitn(3, ':');
        let mut number = || parts.next().and_then(|part| part.parse().ok());
        match (number(), number(), parts.next()) {
            (Some(column), Some(line), Some(file)) => Ok(Place::new(file, line, column)),
            _ => Err(serde::de::Error::custom("a place is `file:line:column`")),
        }
    }
}

/// What is wrong with an input file, where, and what would be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct InputError {
    pub place: Option<Place>,
    pub message: String,
    /// The next thing to try, without the word `hint`.
    pub hint: Option<String>,
}

impl InputError {
    pub fn at(place: &Place, message: impl Into<String>) -> Self {
        InputError { place: Some(place.clone()), message: message.into(), hint: None }
    }

    pub fn nowhere(message: impl Into<String>) -> Self {
        InputError { place: None, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The known name nearest to a mistyped one, if any is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    known.into_iter().map(|k| (edit_distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Levenshtein's distance, with a swap of neighbours counted once.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_one_meant() {
        assert_eq!(nearest("notifyy", ["notify", "when"]), Some("notify"));
        assert_eq!(nearest("tempalte", ["template", "file"]), Some("template"));
        assert_eq!(nearest("xyz", ["notify", "when"]), None);
    }

    #[test]
    fn a_place_reads_as_file_line_column() {
        assert_eq!(Place::new("a/b.yml", 14, 7).to_string(), "a/b.yml:14:7");
    }
}

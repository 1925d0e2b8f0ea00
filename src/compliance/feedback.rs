//! What the reviewer says of each row of the checklist. One YAML file, kept beside the attestations.

use super::pack::Pack;
use crate::place::{InputError, Place};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feedback {
    pub reviews: Vec<Review>,
}

/// The reviewer's word on a requirement or a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// A requirement's or a statement's id.
    pub id: String,
    pub verdict: Reviewed,
    pub date: Date,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reviewer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reviewed {
    #[serde(rename = "approved")]
    Approved,
    #[serde(rename = "to do")]
    ToDo,
}

impl Feedback {
    /// Reads the file; a mistake is told with its line, a row that the policy doesn't have and a day
    /// that is yet to come too.
    pub fn read(path: &Path, text: &str, pack: &Pack, today: Date) -> Result<Feedback, InputError> {
        let read: Feedback = serde_yaml::from_str(text).map_err(|error| match error.location() {
            Some(at) => InputError::at(&Place::new(path, at.line(), at.column()), error.to_string()),
            None => InputError::nowhere(format!("`{}`: {error}", path.display())),
        })?;
        if let Some(review) = read.reviews.iter().find(|review| review.date > today) {
            let (path, id, date) = (path.display(), &review.id, review.date);
            let message = format!("`{path}`: nobody has reviewed `{id}` yet on {date}: that day is to come");
            return Err(InputError::nowhere(message));
        }
        let is_there = |id: &String| {
            pack.requirements.iter().any(|r| r.id == *id) || pack.statements().any(|s| s.id == *id)
        };
        match read.reviews.iter().find(|review| !is_there(&review.id)) {
            None => Ok(read),
            Some(review) => {
                let known: Vec<&str> = pack.requirements.iter().map(|r| r.id.as_str()).collect();
                let message =
                    format!("`{}`: `{}` has no requirement `{}`", path.display(), pack.name, review.id);
                Err(InputError::nowhere(message).hint(format!("it has {}", known.join(", "))))
            }
        }
    }

    pub fn add(&mut self, other: Feedback) {
        self.reviews.extend(other.reviews);
    }

    /// The newest word on each of these ids.
    pub fn newest<'f>(&'f self, ids: &'f [&str]) -> impl Iterator<Item = &'f Review> {
        // Of two on one day the later one in the file counts.
        ids.iter().filter_map(|id| {
            self.reviews.iter().filter(|review| review.id == *id).max_by_key(|review| review.date)
        })
    }
}

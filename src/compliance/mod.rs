//! The compliance loop: what a policy demands, which controls serve it, what an audit found of them
//! on each host, and what that comes to for each statement and requirement.
//!
//! An audit is a dry run, grouped: nothing here asks a host anything. It reads the records of a run
//! and the policy's pack, which is data.

pub mod audit;
pub mod checklist;
pub mod declared;
pub mod failing;
pub mod feedback;
pub mod foreign;
pub mod fulfil;
pub mod judge;
pub mod pack;
mod said;
pub mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text in the languages of the scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub sv: String,
    pub en: String,
}

impl Text {
    pub fn both(text: &str) -> Self {
        Text { sv: text.into(), en: text.into() }
    }

    pub fn say(&self, lang: Lang) -> &str {
        lang.pick(&self.sv, &self.en)
    }

    pub fn is_empty(&self) -> bool {
        self.sv.is_empty() && self.en.is_empty()
    }

    /// This, and then more.
    pub fn and(&self, more: &Text, between: &str) -> Text {
        let join = |a: &str, b: &str| match (a, b) {
            ("", one) | (one, "") => one.to_string(),
            (a, b) => format!("{a}{between}{b}"),
        };
        Text { sv: join(&self.sv, &more.sv), en: join(&self.en, &more.en) }
    }

    /// This without what `and` has put behind it.
    pub fn without(&self, more: &Text, between: &str) -> Text {
        let cut = |text: &str, more: &str| match text.strip_suffix(more) {
            Some(before) => before.strip_suffix(between).unwrap_or(before).to_string(),
            None => text.to_string(),
        };
        Text { sv: cut(&self.sv, &more.sv), en: cut(&self.en, &more.en) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    Sv,
    #[default]
    En,
}

impl Lang {
    /// Of two wordings the one in this language.
    pub fn pick<T>(self, sv: T, en: T) -> T {
        match self {
            Lang::Sv => sv,
            Lang::En => en,
        }
    }
}

/// How much a control's failure matters; a score weighs by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    pub fn weight(self) -> u32 {
        match self {
            Severity::Low => 1,
            Severity::Medium => 3,
            Severity::High => 6,
            Severity::Critical => 10,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What a statement's keyword comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Mandatory,
    Recommended,
}

//! A text in an audit's file: what a host or a task says is one string, as it was in audits of
//! version 1; what harda says is in each language.

use super::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Said {
    Once(String),
    Each(Text),
}

pub fn serialize<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
    match text.sv == text.en {
        true => serializer.serialize_str(&text.en),
        false => text.serialize(serializer),
    }
}

pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Text, D::Error> {
    Ok(match Said::deserialize(deserializer)? {
        Said::Once(text) => Text::both(&text),
        Said::Each(text) => text,
    })
}

//! What counts as true.

use minijinja::Value;

use super::error::RenderError;

/// Whether a condition with this result holds. One that was written as `{{ }}` may have come out
/// as the text of a boolean, which ansible-core 2.16 reads once more.
pub(super) fn of_condition(value: &Value, templated: bool) -> Result<bool, RenderError> {
    if let Some(until) = super::is_unknown(value) {
        return Err(RenderError::Unknown { until });
    }
    if let (Some(text), true) = (value.as_str(), templated)
        && let Some(truth) = of_word(text)
    {
        return Ok(truth);
    }
    Ok(value.is_true())
}

/// The words of YAML and Ansible for true and false.
pub(super) fn of_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" | "t" => Some(true),
        "false" | "no" | "off" | "0" | "n" | "f" => Some(false),
        _ => None,
    }
}

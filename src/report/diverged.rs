//! A resource that is not as predicted after an apply.

use super::page::Page;
use super::{diff, text};
use crate::record::Diverged;
use crate::resource::Difference;

/// From what was predicted, or planned on, to what was found.
pub fn show(page: &mut Page, diverged: &Diverged, then: &str) {
    let paint = page.paint;
    let name = paint.strong(text::line(&diverged.id));
    page.line(format!("  {} {name}  from `{}`", text::line(&diverged.kind), text::line(&diverged.task)));
    if let Some(error) = &diverged.error {
        text::lines(error).iter().for_each(|line| page.line(format!("    {line}")));
    }
    if !diverged.differences.is_empty() {
        page.line(paint.dim(format!("    {then} -> found")));
    }
    for difference in &diverged.differences {
        match difference {
            Difference::Property { name, from, to } => {
                page.line(format!("    {}", diff::property(name, from, to)));
            }
            Difference::Text { .. } => {
                let lines = diff::text(&paint, &diverged.id, difference, false);
                lines.iter().for_each(|line| page.line(format!("    {line}")));
            }
        }
    }
}

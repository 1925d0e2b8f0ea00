//! What a person, or a program, sees of a run. Reads events and never calls the engine.

mod apply;
pub mod audit;
mod block;
pub mod checklist;
mod diff;
mod diverged;
mod fold;
mod group;
mod json;
mod mask;
mod notice;
mod page;
mod progress;
mod recap;
mod style;
mod tally;
mod tee;
mod terminal;
mod text;

pub use diff::unified as unified_diff;
pub use fold::fold;
pub use json::JsonLines;
pub use mask::{MASK, Masker};
pub use progress::{Curtain, Progress};
pub use style::Paint;
pub use tee::Tee;
pub use terminal::{Settings, Terminal};

pub use text::{count, line as safe_line, line_of_any_length as safe_long_line};

use crate::record::Event;

/// Whoever is told what happens.
pub trait Sink: Send {
    fn event(&mut self, event: &Event);

    /// Called now and then when nothing happens, so that what was held back to be grouped is shown.
    fn idle(&mut self) {}
}

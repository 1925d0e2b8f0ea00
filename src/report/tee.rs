//! One run, told twice: to whoever watches, and to its record.

use super::Sink;
use crate::record::Event;

pub struct Tee {
    shown: Box<dyn Sink>,
    record: Option<Box<dyn Sink>>,
}

impl Tee {
    pub fn new(shown: Box<dyn Sink>, record: Option<Box<dyn Sink>>) -> Self {
        Tee { shown, record }
    }
}

impl Sink for Tee {
    /// The record first: what was shown is kept, whatever becomes of the terminal.
    fn event(&mut self, event: &Event) {
        if let Some(record) = &mut self.record {
            record.event(event);
        }
        self.shown.event(event);
    }

    fn idle(&mut self) {
        self.shown.idle();
    }
}

//! Colours, or none. Only the sixteen colours of the terminal's own palette, and never black or
//! white, so that a light background is as readable as a dark one. No colour says what the text
//! beside it doesn't.

use console::Style;
use std::fmt::Display;

#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    on: bool,
}

macro_rules! inks {
    ($($name:ident: $($call:ident).+;)*) => {
        $(pub fn $name(&self, text: impl Display) -> String {
            self.apply(Style::new().$($call()).+, text)
        })*
    };
}

impl Paint {
    pub fn new(on: bool) -> Self {
        Paint { on }
    }

    fn apply(&self, style: Style, text: impl Display) -> String {
        style.force_styling(self.on).apply_to(text).to_string()
    }

    inks! {
        strong: bold;
        dim: dim;
        add: green;
        remove: red;
        change: yellow;
        act: magenta;
        maybe: blue.bold;
        bad: red.bold;
        good: green;
        hosts: cyan;
        hunk: cyan.dim;
    }
}

//! A checklist as people read it, in the formats that they hand in. What it says is put into words
//! and made harmless in one place ([`document`]); each format only lays that out.

pub mod csv;
mod describe;
mod document;
pub mod docx;
pub mod html;
pub mod markdown;
pub mod text;
mod words;
pub mod xlsx;

pub use document::{Cell, Column, Document, Line, Table, Tone, document};

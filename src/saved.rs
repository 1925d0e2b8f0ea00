//! Plans that are kept in a file.

pub mod age;

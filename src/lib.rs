//! harda: push-based hardening and remediation over SSH.
//!
//! The path that everything takes: YAML -> plays -> tasks -> render -> plan <-> observe -> Changes
//! -> show, or realise -> observe again -> must equal what was predicted.

pub mod change;
pub mod cli;
pub mod compliance;
pub mod engine;
#[doc(hidden)]
pub mod fail_point;
pub mod files;
pub mod fragment;
#[doc(hidden)]
pub mod fuzzing;
pub mod guard;
pub mod inventory;
pub mod manifest;
pub mod module;
mod percent;
pub mod place;
pub mod playbook;
mod private_file;
pub mod record;
pub mod report;
pub mod resource;
pub mod saved;
pub mod secret;
pub mod secrets;
pub mod template;
pub mod transport;
pub mod world;
pub mod yaml;

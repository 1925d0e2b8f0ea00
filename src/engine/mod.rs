//! A playbook over hosts: rounds of asking and planning, applying, verifying.

mod access;
mod apply;
mod conditions;
mod facts;
mod guard;
mod host;
mod identity;
mod keeping;
mod kept;
mod local;
mod lock;
mod log;
mod look;
mod options;
mod outcome;
mod pending;
mod realise;
mod result;
mod review;
mod run;
mod select;
mod setup;
mod space;
mod step;
mod task;
mod vars;
mod walk;

#[doc(hidden)]
pub use facts::read as read_facts;
pub use local::Local;
pub use look::look;
pub use options::{Options, SeenAs};
pub use review::{Outcome, Review};
pub use run::run;
pub use select::{Selected, select};
pub use setup::{Cache, LoginOptions, Setup};

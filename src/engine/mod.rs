//! A playbook over hosts: rounds of asking and planning, applying, verifying.

mod access;
mod apply;
mod arguments;
mod conditions;
mod facts;
mod guard;
mod hidden;
mod host;
mod identity;
mod keeping;
mod kept;
mod local;
mod lock;
mod log;
mod login_shell;
mod look;
mod options;
mod outcome;
mod pending;
mod person;
mod proof;
mod realise;
mod result;
mod review;
mod run;
mod select;
mod setup;
mod space;
mod step;
mod task;
mod temporary;
mod vars;
mod walk;

pub use arguments::check as check_arguments;
#[doc(hidden)]
pub use facts::read as read_facts;
pub use guard::armed_hosts;
pub use local::Local;
pub use look::{look, probe};
pub use options::{Controls, Options, SeenAs};
pub use person::Turn;
pub use review::{Outcome, Review};
pub use run::run;
pub use select::{Selected, select};
pub use setup::{Cache, LoginOptions, Setup};

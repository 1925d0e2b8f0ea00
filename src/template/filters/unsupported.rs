//! Filters that exist in Ansible and not here, with the reason: better than "no such filter".

use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, Undefined, spec};
use super::super::error::wrong;

macro_rules! refused {
    ($($name:literal),* $(,)?) => {
        &[$(spec($name, &["value", "*", "**"], refuse).allowing(Undefined::Allowed)),*]
    };
}

pub(super) static FILTERS: &[Spec] = refused![
    "password_hash",
    "to_uuid",
    "json_query",
    "realpath",
    "vault",
    "unvault",
    "expanduser",
    "expandvars",
    "relpath",
    "win_basename",
    "win_dirname",
    "win_splitdrive",
    "ipmath",
    "ipsubnet",
    "next_nth_usable",
    "to_datetime",
    "md5",
    "sha1",
    "checksum",
    "fileglob",
    "combinations",
    "permutations",
    "xmlattr",
    "pprint",
    "strip_ansi",
    "human_to_bytes",
    "rekey_on_member",
    "regex_replace_all",
];

fn refuse(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    Err(wrong(format!("the filter `{}` is not supported", args.name)))
}

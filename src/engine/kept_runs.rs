//! How many runs a host keeps, and which ones go.

use super::setup::Setup;
use super::vars::HostLayers;
use crate::fragment::quote;
use crate::manifest;
use crate::place::InputError;
use crate::template::Var;

/// So many runs a host keeps, unless somebody says otherwise.
const KEPT_RUNS: usize = 20;

/// Whether each host says a number of runs to keep, before any of them is changed.
pub fn check(setup: &Setup) -> Result<(), InputError> {
    setup.hosts.iter().try_for_each(|host| {
        let layers = HostLayers::new(setup, host)?;
        number(setup, &layers, host).map(drop)
    })
}

/// `--keep-runs`, else the host's `harda_keep_runs`, else 20.
pub fn number(setup: &Setup, layers: &HostLayers, host: &str) -> Result<usize, InputError> {
    const NAME: &str = "harda_keep_runs";
    if let Some(number) = setup.options.keep_runs {
        return Ok(number);
    }
    let Some(text) = layers.connection_text(setup, NAME)? else { return Ok(KEPT_RUNS) };
    match text.trim().parse() {
        Ok(number @ 1..) => Ok(number),
        _ => {
            let message = format!("`{NAME}` of host `{host}`: `{text}` is no number from 1 on");
            Err(match layers.play_scope().get(NAME) {
                Some(Var::Template(node)) => InputError::at(&node.place, message),
                _ => InputError::nowhere(message),
            })
        }
    }
}

/// Runs sort by when they began; the newest stay, and this one whatever the clocks say.
pub fn prune(run: &str, keep: usize) -> String {
    format!(
        "cd {}/runs || exit 1\nset -- [0-9]*\n\
         while [ $# -gt {keep} ]; do [ \"$1\" = {} ] || rm -rf -- \"$1\"; shift; done\ntrue\n",
        manifest::FOLDER,
        quote(run),
    )
}

//! Asking a server for a first declaration: the scripts stand beside the variables' specs.

use super::super::CliError;
use super::super::options::{BecomeArgs, LoginArgs, RunArgs};
use super::super::output::OutputArgs;
use super::super::run::{self, How, Prepared};
use super::super::server::Server;
use crate::engine;
use crate::fragment::{Fragment, Probe, Reply};
use crate::playbook::argument_specs::{Discover, Spec, Topic};
use std::collections::BTreeMap;

/// So much may a server say of one variable, in bytes.
const MOST: usize = 256 << 10;

/// The variables that can be found on a host, with how.
pub fn found_on_hosts(topics: &[Topic]) -> impl Iterator<Item = (&Spec, &Discover)> {
    let specs = topics.iter().flat_map(|topic| &topic.specs);
    specs.filter_map(|spec| Some((spec, spec.discover.as_ref()?)))
}

/// What the server answers, by the variable's name.
pub fn ask(
    server: &Server,
    login: &LoginArgs,
    r#become: &BecomeArgs,
    output: &OutputArgs,
    topics: &[Topic],
) -> Result<BTreeMap<String, Reply>, CliError> {
    let mut args = RunArgs::without_playbooks(server.inventory(), server.login(login), r#become.clone());
    args.tasks.extra_vars = server.variables();
    let Prepared::Run(setup, ..) = run::prepare(&args, output, &How::asks("init"))? else {
        return Ok(BTreeMap::new());
    };
    let probe =
        |discover: &Discover| Probe(Fragment { max_output: MOST, ..Fragment::new(discover.script.clone()) });
    let probes: Vec<Probe> = found_on_hosts(topics).map(|(_, discover)| probe(discover)).collect();
    let answers = engine::probe(&setup, &probes).into_iter().next();
    let replies = match answers {
        Some((_, Ok(replies))) => replies,
        Some((_, Err(failure))) => {
            return Err(CliError::new(failure.message).hint(failure.hint.unwrap_or_default()));
        }
        None => Vec::new(),
    };
    Ok(found_on_hosts(topics).map(|(spec, _)| spec.name.clone()).zip(replies).collect())
}

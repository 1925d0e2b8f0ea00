//! From a subject and an inventory to an audit: a dry run whose records are judged.

use super::CliError;
use super::again;
use super::evidence;
use super::options::{BecomeArgs, InventoryArgs, KeepArgs, LoginArgs, RunArgs, TaskArgs};
use super::output::{OutputArgs, say};
use super::run::{self, How, Prepared};
use super::state;
use super::subject::Subject;
use crate::compliance::Severity;
use crate::compliance::audit::{self, Audit, ControlHead, ExtraVars};
use crate::compliance::declared::Declared;
use crate::compliance::fulfil;
use crate::compliance::judge::{self, Scope};
use crate::compliance::pack::{Requirement, Statement};
use crate::engine::{self, Controls, Setup};
use crate::record::Event;
use crate::report::{Masker, Progress, safe_line};
use clap::Args;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Options of all verbs that audit.
#[derive(Clone, Debug, Args)]
pub struct AuditingArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,

    /// Variables above all others: `k=v`, JSON or YAML, or `@FILE`; may be repeated
    #[arg(short, long, value_name = "VARS", help_heading = "Tasks")]
    pub extra_vars: Vec<String>,

    #[command(flatten)]
    pub login: LoginArgs,

    #[command(flatten)]
    pub r#become: BecomeArgs,

    /// What the site declares: attestations, waivers, the organisation's name; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Compliance")]
    pub attestations: Vec<PathBuf>,
}

impl AuditingArgs {
    pub fn run_args(&self, playbook: PathBuf) -> RunArgs {
        RunArgs {
            playbooks: vec![playbook],
            inventory: self.inventory.clone(),
            tasks: TaskArgs { extra_vars: self.extra_vars.clone(), ..TaskArgs::default() },
            login: self.login.clone(),
            r#become: self.r#become.clone(),
            keep_scripts: None,
        }
    }
}

/// Which controls are looked at.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub controls: Vec<String>,
    /// Requirements or statements, of which all controls.
    pub requirements: Vec<String>,
    /// The controls of each host, where they are not the same for all.
    pub of_host: Option<BTreeMap<String, BTreeSet<String>>>,
    /// The second audit of one invocation: what is odd in the input has been said.
    pub again: bool,
}

impl Wanted {
    fn is_narrow(&self) -> bool {
        !self.controls.is_empty() || !self.requirements.is_empty() || self.of_host.is_some()
    }

    /// Whether an audit of these controls says something of a statement: all that it rests on was
    /// looked at.
    fn is_about(&self, requirement: &Requirement, statement: &Statement, looked_at: &[ControlHead]) -> bool {
        let all = !self.is_narrow();
        let named = |id: &String| *id == requirement.id || *id == statement.id;
        let is_looked_at = |id: &String| looked_at.iter().any(|control| control.id == *id);
        all || self.requirements.iter().any(named)
            || (!statement.controls.is_empty() && statement.controls.iter().all(|(id, _)| is_looked_at(id)))
    }
}

/// An audit, and how the run ended that it was made from.
pub struct Audited {
    pub audit: Audit,
    code: i32,
}

impl Audited {
    /// A host that could not be reached, or on which the login could not become root, and an input
    /// that was wrong, come before the verdict; failing controls are the audit's subject, not a
    /// failure of it.
    pub fn exit_code(&self) -> i32 {
        match self.code {
            code @ (130 | 1 | 4) => code,
            _ if self.audit.hosts.iter().any(|host| host.error.is_some()) => 2,
            _ if self.audit.is_compliant() => 0,
            _ => 3,
        }
    }
}

/// Reads the files of attestations and waivers.
pub fn declared(paths: &[PathBuf]) -> Result<Declared, CliError> {
    let mut all = Declared::default();
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| CliError::unreadable(path, &error))?;
        all.add(Declared::read(path, &text)?);
    }
    Ok(all)
}

/// Audits: plans on every host and judges the plan. Nothing is written anywhere.
pub fn audit(
    args: &AuditingArgs,
    output: &OutputArgs,
    subject: &Subject,
    wanted: &Wanted,
) -> Result<Option<Audited>, CliError> {
    let declared = declared(&args.attestations)?;
    check_declared(subject, &declared)?;
    // What was attested to is what the evidence says, unchanged.
    evidence::of(&args.attestations)?;
    let chosen = chosen(subject, wanted)?;
    let how = How {
        check: true,
        diff: true,
        detailed_exitcode: false,
        guard: None,
        keep: KeepArgs::default(),
        own: None,
    };
    let (mut setup, masker, progress) = match run::prepare(&args.run_args(subject.playbook()), output, &how)?
    {
        Prepared::Page(page) => {
            say(&page);
            return Ok(None);
        }
        Prepared::Run(setup, masker, progress) => (setup, masker, progress),
    };
    if let Some(hosts) = &wanted.of_host {
        setup.hosts.retain(|host| hosts.contains_key(host));
    }
    if !wanted.again {
        warn_of_waivers(&declared, setup.inventory.hosts().iter().chain(&setup.hosts));
    }
    let mut scopes = scopes(&setup, subject, &chosen, wanted)?;
    setup.options.controls = Some(controls(subject, &scopes));
    let (events, code) = gather(&setup, &masker, progress);
    if subject.pack().is_none() {
        let carried = judge::carried(&events);
        for host in &setup.hosts {
            scopes.insert(host.clone(), Scope { controls: carried.clone(), ..Scope::default() });
        }
    }
    let hosts_left_out = left_out(&setup)?;
    let audit = judged(args, &setup, subject, wanted, &scopes, &events, Site { declared, hosts_left_out });
    Ok(Some(Audited { audit, code }))
}

/// A waiver that is for no host is most often a slip of the pen; the host may also have gone.
pub fn warn_of_waivers<'h>(declared: &Declared, hosts: impl Iterator<Item = &'h String>) {
    let hosts: Vec<&str> = hosts.map(String::as_str).collect();
    for slip in declared.unknown_hosts(&hosts) {
        eprintln!("warning: {}", safe_line(&slip));
    }
}

/// A waiver or an attestation of something that isn't there is a slip of the pen.
pub fn check_declared(subject: &Subject, declared: &Declared) -> Result<(), CliError> {
    let Some(pack) = subject.pack() else { return Ok(()) };
    let statement = |id: &str| pack.statements().any(|statement| statement.id == id);
    let attested = declared.attestations.iter().map(|a| &a.statement);
    let waived = declared.waivers.iter().filter_map(|w| w.statement.as_ref());
    if let Some(id) = attested.chain(waived).find(|id| !statement(id)) {
        return Err(CliError::new(format!("`{}` has no statement `{id}`", pack.name)));
    }
    let wants_none = |id: &&String| pack.statements().any(|s| s.id == **id && !s.attestation);
    if let Some(id) = declared.attestations.iter().map(|a| &a.statement).find(wants_none) {
        let error = CliError::new(format!("statement `{id}` needs no attestation: its controls show it"));
        return Err(error.hint("take it out of the file"));
    }
    let control = declared.waivers.iter().filter_map(|w| w.control.as_ref());
    match control.into_iter().find(|id| pack.control(id).is_none()) {
        Some(id) => Err(unknown_control(pack.name.as_str(), id, pack.controls.iter().map(|c| c.id.as_str()))),
        None => Ok(()),
    }
}

/// What a mistyped control is told.
pub fn unknown_control<'c>(pack: &str, id: &str, known: impl Iterator<Item = &'c str>) -> CliError {
    let known: Vec<&str> = known.collect();
    CliError::new(format!("`{pack}` has no control `{id}`")).hint(format!("it has {}", known.join(", ")))
}

/// The pack's controls that are looked at, in its order; nothing for a playbook.
fn chosen(subject: &Subject, wanted: &Wanted) -> Result<Vec<String>, CliError> {
    let Some(pack) = subject.pack() else {
        let asked = wanted.controls.first().or(wanted.requirements.first());
        return match asked {
            None => Ok(Vec::new()),
            Some(_) => {
                Err(CliError::new("a playbook has no catalogue: --control and --requirement go with a pack"))
            }
        };
    };
    if let Some(id) = wanted.controls.iter().find(|id| pack.control(id).is_none()) {
        return Err(unknown_control(&pack.name, id, pack.controls.iter().map(|c| c.id.as_str())));
    }
    let is_there = |id: &&String| {
        pack.requirements.iter().any(|r| r.id == **id || r.statements.iter().any(|s| s.id == **id))
    };
    if let Some(id) = wanted.requirements.iter().find(|id| !is_there(id)) {
        let known: Vec<&str> = pack.requirements.iter().map(|r| r.id.as_str()).collect();
        let error = CliError::new(format!("`{}` has no requirement `{id}`", pack.name));
        return Err(error.hint(format!("it has {}", known.join(", "))));
    }
    let of_requirements = pack.controls_of(&wanted.requirements);
    let all = wanted.controls.is_empty() && wanted.requirements.is_empty();
    let is_wanted = |id: &String| all || wanted.controls.contains(id) || of_requirements.contains(id);
    Ok(pack.controls.iter().map(|c| c.id.clone()).filter(is_wanted).collect())
}

/// For each host its controls, and those that wait for a variable.
fn scopes(
    setup: &Setup,
    subject: &Subject,
    chosen: &[String],
    wanted: &Wanted,
) -> Result<BTreeMap<String, Scope>, CliError> {
    let mut scopes = BTreeMap::new();
    let Some(pack) = subject.pack() else { return Ok(scopes) };
    for host in &setup.hosts {
        let declared: BTreeSet<String> = declared_variables(setup, host)?;
        let mine = wanted.of_host.as_ref().map(|hosts| hosts.get(host).cloned().unwrap_or_default());
        let controls: Vec<String> =
            chosen.iter().filter(|id| mine.as_ref().is_none_or(|m| m.contains(*id))).cloned().collect();
        let missing = |id: &String| {
            let needs = pack.control(id).map(|control| control.needs.as_slice()).unwrap_or_default();
            let missing: Vec<String> =
                needs.iter().filter(|name| !declared.contains(*name)).cloned().collect();
            (!missing.is_empty()).then(|| (id.clone(), missing))
        };
        let undeclared = controls.iter().filter_map(missing).collect();
        let applies = |id: &String| Some((id.clone(), pack.control(id)?.applies.clone()?));
        let applies = controls.iter().filter_map(applies).collect();
        scopes.insert(host.clone(), Scope { controls, applies, undeclared });
    }
    Ok(scopes)
}

/// The variables that have a value for a host before it is contacted.
fn declared_variables(setup: &Setup, host: &str) -> Result<BTreeSet<String>, CliError> {
    let own = setup.inventory.vars(host, &setup.folder)?;
    let has_value = |node: &crate::yaml::Node| !node.is_null() && node.as_str() != Some("");
    let own = own.into_iter().filter(|(_, node)| has_value(node)).map(|(name, _)| name);
    Ok(own.chain(setup.options.extra_vars.keys().cloned()).collect())
}

fn controls(subject: &Subject, scopes: &BTreeMap<String, Scope>) -> Controls {
    let taken = |scope: &Scope| {
        scope.controls.iter().filter(|id| !scope.undeclared.contains_key(*id)).cloned().collect()
    };
    let of_host = scopes.iter().map(|(host, scope)| (host.clone(), taken(scope))).collect();
    let is_pack = subject.pack().is_some();
    Controls { of_host: is_pack.then_some(of_host), tasks_too: !is_pack, looks_on: is_pack }
}

/// Runs, and keeps what it tells, masked; the terminal shows only how far it is.
fn gather(setup: &Setup, masker: &Masker, mut progress: Option<Progress>) -> (Vec<Event>, i32) {
    let mut events = Vec::new();
    let mut recorder = state::recorder(&setup.run, masker);
    let code = engine::run(setup, &mut |event| {
        if let Some(progress) = &mut progress {
            progress.watch(event);
        }
        if let Some(recorder) = &mut recorder {
            recorder.event(event);
        }
        if !matches!(event, Event::Busy { .. }) {
            events.push(masker.event(event));
        }
    });
    (events, code)
}

/// What an audit is told of the site, besides its hosts' answers.
struct Site {
    declared: Declared,
    hosts_left_out: Vec<String>,
}

fn judged(
    args: &AuditingArgs,
    setup: &Setup,
    subject: &Subject,
    wanted: &Wanted,
    scopes: &BTreeMap<String, Scope>,
    events: &[Event],
    Site { declared, hosts_left_out }: Site,
) -> Audit {
    let now = jiff::ZonedDateTime::now();
    let today: Date = now.date();
    let controls = heads(subject, scopes);
    let mut hosts = judge::judge(events, scopes);
    let served = |id: &str| subject.pack().map(|pack| pack.served_by(id)).unwrap_or_default();
    fulfil::waive(&mut hosts, &declared.waivers, today, served);
    let severity = |id: &str| controls.iter().find(|c| c.id == id).map_or(Severity::Medium, |c| c.severity);
    for host in &mut hosts {
        host.score = judge::score(&host.results, severity);
    }
    let requirements = subject
        .pack()
        .map(|pack| {
            let about = |r: &Requirement, s: &Statement| wanted.is_about(r, s, &controls);
            let (attestations, waivers) = (&declared.attestations, &declared.waivers);
            fulfil::requirements(pack, &hosts, &hosts_left_out, attestations, waivers, today, about)
        })
        .unwrap_or_default();
    Audit {
        version: audit::VERSION,
        run: setup.run.clone(),
        harda: env!("CARGO_PKG_VERSION").into(),
        made: now.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        pack: subject.head(),
        inventory: args.inventory.inventory.iter().map(|given| lasting(given)).collect(),
        organisation: declared.organisation,
        environment: declared.environment,
        controls,
        requirements,
        hosts,
        narrowed: wanted.is_narrow(),
        hosts_left_out,
        zone: zone(&now),
        extra_vars: ExtraVars {
            files: again::files(&args.extra_vars),
            names: setup.options.extra_vars.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        },
        again: again::options(&args.login, &args.r#become, &args.extra_vars),
        attestations: declared.attestations,
        waivers: declared.waivers,
    }
}

/// The name of a time zone, or how far it is off.
pub fn zone(now: &jiff::ZonedDateTime) -> String {
    now.time_zone().iana_name().map_or_else(|| now.offset().to_string(), str::to_string)
}

/// The hosts that the playbook is for and that this audit doesn't look at.
fn left_out(setup: &Setup) -> Result<Vec<String>, CliError> {
    let (inventory, vars) = (&setup.inventory, &setup.options.extra_vars);
    let mut all = engine::select(&setup.playbook, inventory, &setup.templar, vars, &[])?.hosts;
    all.retain(|host| !setup.hosts.contains(host));
    Ok(all)
}

/// An inventory as it can be given again from another folder.
fn lasting(given: &str) -> String {
    match std::path::Path::new(given).canonicalize() {
        Ok(path) => path.to_string_lossy().into_owned(),
        // `host,`: names, not a file.
        Err(_) => given.to_string(),
    }
}

/// Of a pack the controls that were looked at, of a playbook those that its tasks carry.
fn heads(subject: &Subject, scopes: &BTreeMap<String, Scope>) -> Vec<ControlHead> {
    let looked_at: BTreeSet<&String> = scopes.values().flat_map(|scope| &scope.controls).collect();
    match subject.pack() {
        Some(pack) => pack.control_heads().into_iter().filter(|c| looked_at.contains(&c.id)).collect(),
        None => {
            let first = scopes.values().next().map(|scope| scope.controls.as_slice()).unwrap_or_default();
            first.iter().map(|id| Subject::plain_head(id)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not to have been let in is no verdict.
    #[test]
    fn a_host_that_was_not_audited_is_told_from_one_that_does_not_comply() {
        let text = include_str!("../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut audit: Audit = serde_json::from_str(text).expect("an audit");
        let code = |audit: &Audit, code| Audited { audit: audit.clone(), code }.exit_code();
        // The engine's 2 is that of tasks that failed: their controls do.
        assert_eq!((code(&audit, 0), code(&audit, 2), code(&audit, 4)), (3, 3, 4));
        audit.hosts[0].error = Some("`ha1`: sudo wants a password".into());
        assert_eq!((code(&audit, 2), code(&audit, 4), code(&audit, 130)), (2, 4, 130));
    }
}

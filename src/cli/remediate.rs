//! `harda remediate`.

mod ending;
mod given;
mod meant;

use super::CliError;
use super::auditing::{self, AuditingArgs, Wanted};
use super::consent;
use super::options::{GuardArgs, KeepArgs};
use super::output::{OutputArgs, say, say_line};
use super::reporting::ReportArgs;
use super::run::{self, How, Source};
use super::state;
use super::subject::Subject;
use crate::compliance::audit::{Audit, ControlHead, ExtraVars};
use crate::compliance::failing::{Failing, LeftOut};
use crate::compliance::foreign::{self, Tool};
use crate::engine::{Controls, Review};
use crate::files::Files;
use crate::report::audit::changes;
use crate::report::{count, safe_line};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Apply only the controls that an audit found failing, and audit those again
///
/// On each host only the tasks of the controls that failed there are planned anew and made, under
/// the guard. What could lock out, needs a reboot or can't be undone asks for consent first.
#[derive(Debug, Args)]
pub struct RemediateArgs {
    /// The audit: a file that `audit --report json=FILE` wrote, or a run's id; or another tool's
    /// report: OpenSCAP's results (XCCDF or ARF), Lynis' `report.dat`
    #[arg(long, value_name = "AUDIT", help_heading = "Compliance")]
    from: String,

    /// The pack [default: the audit's; for another tool's report `stampeltjanst`]
    #[arg(long, value_name = "PACK", help_heading = "Compliance")]
    pack: Option<String>,

    /// The inventory's name of the host that another tool's report is about [default: the report's]
    #[arg(long, value_name = "HOST", help_heading = "Compliance")]
    for_host: Option<String>,

    /// Only this control; may be repeated
    #[arg(long, value_name = "CONTROL", value_delimiter = ',', help_heading = "Compliance")]
    control: Vec<String>,

    /// Consent to what this control may cost, without asking; may be repeated
    #[arg(long, value_name = "CONTROL", value_delimiter = ',', help_heading = "Compliance")]
    accept: Vec<String>,

    /// Show what would be changed, and change nothing
    #[arg(short = 'C', long)]
    check: bool,

    #[command(flatten)]
    auditing: AuditingArgs,

    #[command(flatten)]
    report: ReportArgs,

    #[command(flatten)]
    guard: GuardArgs,

    #[command(flatten)]
    keep: KeepArgs,
}

/// The pack that another tool's findings are answered by.
const DEFAULT_PACK: &str = "stampeltjanst";

type OfHost = BTreeMap<String, BTreeSet<String>>;

pub fn run(args: &RemediateArgs, output: &OutputArgs) -> Result<i32, CliError> {
    args.report.check()?;
    let About { subject, mut failing, inventory, extra_vars, known } = about(args)?;
    for id in args.control.iter().chain(&args.accept) {
        if !known.contains(id) {
            let known = known.iter().map(String::as_str);
            return Err(auditing::unknown_control(&subject.head().name, id, known));
        }
    }
    let mut args_of_audit = args.auditing.clone();
    if args_of_audit.inventory.inventory.is_empty() {
        args_of_audit.inventory.inventory = inventory;
    }
    args_of_audit.extra_vars = given::with_those_of(&extra_vars, &args_of_audit.extra_vars)?;
    meant::here(&mut failing, &args_of_audit.inventory)?;
    failing.only(&args.control);
    tell_left_out(&failing.left_out);
    if failing.of_host.is_empty() {
        return Ok(nothing_to_do(&failing, args.is_narrow()));
    }
    let Some(planned) = looked_at(&args_of_audit, output, &subject, &failing.of_host, false)? else {
        return Ok(0);
    };
    let refused = other_machines(&failing, &planned.audit);
    let (of_host, more) = still_failing(&planned.audit, &failing, &refused);
    tell_left_out(&more);
    if args.check {
        let code = applied(args, &args_of_audit, output, &subject, &of_host)?;
        return Ok(match (code, planned.exit_code()) {
            // Of a host that was not reached nothing is known, whatever the others say.
            (0, code @ (1 | 2 | 4 | 130)) => code,
            (0, _) if !refused.is_empty() => 2,
            (code, _) => code,
        });
    }
    let (of_host, not_consented) = consent::asked(&planned.audit, of_host, &args.accept)?;
    let left_out = [failing.left_out.clone(), more, not_consented, of_machines(&failing, &refused)].concat();
    if of_host.is_empty() {
        say_line("nothing was changed");
        say(&ending::left_out(&left_out));
        let code = if left_out.is_empty() { 0 } else { 3 };
        let of_machines = if refused.is_empty() { 0 } else { 2 };
        return Ok(ending::first(&[code, of_machines, planned.exit_code()]));
    }
    let code = applied(args, &args_of_audit, output, &subject, &of_host)?;
    let Some(after) = looked_at(&args_of_audit, output, &subject, &of_host, true)? else { return Ok(code) };
    state::keep(&after.audit);
    args.report.write(&after.audit)?;
    tell(&planned.audit, &after.audit, &left_out, output, args);
    let is_done = after.audit.is_remedied() && left_out.is_empty();
    let of_rest = if is_done { 0 } else { 3 };
    let of_machines = if refused.is_empty() { 0 } else { 2 };
    // The audits' own verdict on what fails is judged above; that a host was not reached is not.
    let looked = [planned.exit_code(), after.exit_code()].into_iter().filter(|code| *code != 3);
    Ok(ending::first(&looked.chain([code, of_rest, of_machines]).collect::<Vec<_>>()))
}

/// Says why nothing is done; what doesn't pass stays so, which the exit code tells.
fn nothing_to_do(failing: &Failing, is_narrow: bool) -> i32 {
    let (why, code) = ending::nothing(failing, is_narrow);
    say_line(format!("nothing to remediate: {why}"));
    code
}

/// What a remediation is about.
struct About {
    subject: Subject,
    failing: Failing,
    /// The inventory that the audit was made with.
    inventory: Vec<String>,
    /// The variables of the command line that it was made with.
    extra_vars: ExtraVars,
    /// The controls that can be named.
    known: Vec<String>,
}

impl RemediateArgs {
    /// Whether not all is meant that failed.
    fn is_narrow(&self) -> bool {
        !self.control.is_empty() || !self.auditing.inventory.limit.is_empty()
    }
}

/// Reads the audit, or another tool's report.
fn about(args: &RemediateArgs) -> Result<About, CliError> {
    let files = Files::default();
    if let Some((tool, bytes)) = foreign_report(&args.from)? {
        let subject = Subject::find(&files, args.pack.as_deref().unwrap_or(DEFAULT_PACK))?;
        let failing = of_foreign(args, &subject, tool, &bytes)?;
        let known = known(&subject, &[]);
        let (inventory, extra_vars) = (Vec::new(), ExtraVars::default());
        return Ok(About { subject, failing, inventory, extra_vars, known });
    }
    let audit = state::audit(&args.from)?;
    if args.for_host.is_some() {
        let error =
            CliError::new("--for-host goes with another tool's report: an audit of harda's names its hosts");
        return Err(error.hint("-l HOST remediates one of them"));
    }
    let subject = Subject::find(&files, args.pack.as_deref().unwrap_or(&audit.pack.given))?;
    subject.fits(&audit.pack)?;
    let known = known(&subject, &audit.controls);
    let failing = Failing::of_audit(&audit);
    Ok(About { subject, failing, inventory: audit.inventory, extra_vars: audit.extra_vars, known })
}

/// The pack's controls; of a playbook those that were audited.
fn known(subject: &Subject, audited: &[ControlHead]) -> Vec<String> {
    match subject.pack() {
        Some(pack) => pack.controls.iter().map(|control| control.id.clone()).collect(),
        None => audited.iter().map(|control| control.id.clone()).collect(),
    }
}

/// The bytes of a report that isn't harda's own.
fn foreign_report(from: &str) -> Result<Option<(Tool, Vec<u8>)>, CliError> {
    let path = Path::new(from);
    let Ok(found) = std::fs::metadata(path) else { return Ok(None) };
    if found.len() > foreign::MOST as u64 {
        return Err(CliError::new(format!("`{from}` has more than {} MiB", foreign::MOST >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| CliError::unreadable(path, &error))?;
    Ok(foreign::tool(&bytes).map(|tool| (tool, bytes)))
}

fn of_foreign(
    args: &RemediateArgs,
    subject: &Subject,
    tool: Tool,
    bytes: &[u8],
) -> Result<Failing, CliError> {
    let wrong = |why: String| CliError::new(format!("`{}`: {why}", args.from));
    let pack = subject
        .pack()
        .ok_or_else(|| wrong("another tool's report goes with a pack, not a playbook".into()))?;
    let reports = foreign::read(tool, bytes).map_err(wrong)?;
    if args.for_host.is_some() {
        foreign::of_one_host(&reports).map_err(|why| wrong(safe_line(&why)))?;
    }
    let mut all = Failing { is_foreign: true, ..Failing::default() };
    for report in &reports {
        let host = args.for_host.as_deref().unwrap_or(&report.target);
        let failing = foreign::failing(pack, tool, report, host);
        let fixed = failing.findings - failing.unmapped.len();
        say_line(format!(
            "{}: {}, {fixed} can be fixed here, {} have no control{}",
            safe_line(host),
            count(failing.findings, "finding"),
            failing.unmapped.len(),
            if failing.unmapped.is_empty() { "" } else { ":" }
        ));
        for rule in &failing.unmapped {
            say_line(format!("  {}", safe_line(rule)));
        }
        all.add(failing);
    }
    Ok(all)
}

/// An audit of these controls on these hosts.
fn looked_at(
    args: &AuditingArgs,
    output: &OutputArgs,
    subject: &Subject,
    of_host: &OfHost,
    again: bool,
) -> Result<Option<auditing::Audited>, CliError> {
    let controls: BTreeSet<String> = of_host.values().flatten().cloned().collect();
    let controls = if subject.pack().is_some() { controls.into_iter().collect() } else { Vec::new() };
    let wanted = Wanted { controls, requirements: Vec::new(), of_host: Some(of_host.clone()), again };
    auditing::audit(args, output, subject, &wanted)
}

/// A host's name may by now belong to another machine.
fn other_machines(failing: &Failing, now: &Audit) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    for host in &now.hosts {
        let then = failing.machine_ids.get(&host.host).filter(|id| !id.is_empty());
        if let Some(then) = then.filter(|then| **then != host.machine_id && host.error.is_none()) {
            eprintln!(
                "{}: refused: it is another machine than the one audited (machine-id {}, was {}): audit it again",
                safe_line(&host.host),
                safe_line(&host.machine_id),
                safe_line(then)
            );
            refused.insert(host.host.clone());
        }
    }
    refused
}

/// Of what failed then, what fails now: the rest has been put right since.
/// What doesn't pass and can't be applied is told with its reason; what passes by now, too.
fn still_failing(now: &Audit, failing: &Failing, refused: &BTreeSet<String>) -> (OfHost, Vec<LeftOut>) {
    let mut left = Failing::of_audit(now);
    left.of_host.retain(|host, _| !refused.contains(host));
    for (host, controls) in &mut left.of_host {
        let then = failing.of_host.get(host);
        controls.retain(|control| then.is_some_and(|then| then.contains(control)));
    }
    left.of_host.retain(|_, controls| !controls.is_empty());
    for host in &now.hosts {
        for result in host.results.iter().filter(|result| result.outcome.passes()) {
            say_line(format!("{}: {} passes already", safe_line(&host.host), safe_line(&result.control)));
        }
    }
    (left.of_host, left.left_out)
}

fn how(args: &RemediateArgs) -> How {
    How {
        check: args.check,
        diff: true,
        detailed_exitcode: false,
        guard: args.guard.seconds(args.check),
        keep: args.keep.clone(),
        own: None,
    }
}

/// Plans these controls on these hosts, shows it, and makes it unless this is a check.
fn applied(
    args: &RemediateArgs,
    auditing: &AuditingArgs,
    output: &OutputArgs,
    subject: &Subject,
    of_host: &OfHost,
) -> Result<i32, CliError> {
    let run_args = auditing.run_args(subject.playbook());
    let Some(mut ready) = run::ready(&run_args, output, how(args), Source::disk(Review::None)?)? else {
        return Ok(0);
    };
    ready.setup.hosts.retain(|host| of_host.contains_key(host));
    ready.setup.options.controls = Some(Controls {
        of_host: Some(of_host.clone()),
        tasks_too: subject.pack().is_none(),
        looks_on: false,
    });
    Ok(ready.run())
}

/// What failed on a host that is another machine by now.
fn of_machines(failing: &Failing, refused: &BTreeSet<String>) -> Vec<LeftOut> {
    let on = failing.of_host.iter().filter(|(host, _)| refused.contains(*host));
    let each = on.flat_map(|(host, controls)| controls.iter().map(move |control| (host, control)));
    each.map(|(host, control)| {
        (host.clone(), control.clone(), "it is another machine than the one audited".into())
    })
    .collect()
}

fn tell_left_out(left_out: &[LeftOut]) {
    ending::lines(left_out).iter().for_each(|line| eprintln!("{line}"));
}

/// What each control was before, and is now; then how many are put right, and what was left out.
fn tell(before: &Audit, after: &Audit, left_out: &[LeftOut], output: &OutputArgs, args: &RemediateArgs) {
    let page = changes::remedied(before, after, args.report.lang.get(), output.color_on_stdout());
    say(&format!("\n{page}{}", ending::page(after, left_out)));
}

//! `harda audit`.

use super::CliError;
use super::auditing::{self, AuditingArgs, Wanted};
use super::output::{Format, OutputArgs, say};
use super::reporting::{ReportArgs, json};
use super::state;
use super::subject::Subject;
use crate::compliance::audit::Audit;
use crate::files::Files;
use crate::report::audit::changes;
use clap::Args;

/// Check hosts against a policy pack or a playbook, and change nothing
///
/// A dry run, grouped by control and requirement: what `remediate` would change is what does not
/// comply. Ends with 3 when a mandatory statement isn't fulfilled.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// A pack's name or folder, or a playbook
    #[arg(value_name = "PACK|PLAYBOOK")]
    subject: String,

    #[command(flatten)]
    auditing: AuditingArgs,

    /// Only this control; may be repeated
    #[arg(long, value_name = "CONTROL", value_delimiter = ',', help_heading = "Compliance")]
    control: Vec<String>,

    /// Only this requirement or statement; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Compliance")]
    requirement: Vec<String>,

    /// Show only what is better or worse than in this audit: a file, or a run's id
    #[arg(long, value_name = "AUDIT", help_heading = "Compliance")]
    baseline: Option<String>,

    #[command(flatten)]
    report: ReportArgs,
}

pub fn run(args: &AuditArgs, output: &OutputArgs) -> Result<i32, CliError> {
    args.report.check()?;
    let baseline = args.baseline.as_deref().map(state::audit).transpose()?;
    let subject = Subject::find(&Files::default(), &args.subject)?;
    if let Some(before) = &baseline {
        same_pack(before, &subject)?;
    }
    let wanted = Wanted {
        controls: args.control.clone(),
        requirements: args.requirement.clone(),
        ..Wanted::default()
    };
    let Some(audited) = auditing::audit(&args.auditing, output, &subject, &wanted)? else { return Ok(0) };
    state::keep(&audited.audit);
    args.report.write(&audited.audit)?;
    let page = match (&baseline, output.format) {
        (Some(before), Format::Json) => json(&changes::drift(before, &audited.audit)),
        (Some(before), Format::Text) => {
            changes::page(before, &audited.audit, args.report.lang.get(), output.color_on_stdout())
        }
        (None, _) => args.report.page(&audited.audit, output),
    };
    say(&page);
    Ok(audited.exit_code())
}

/// What got better and worse is told of the same controls only.
fn same_pack(before: &Audit, subject: &Subject) -> Result<(), CliError> {
    let now = subject.head().name;
    // A playbook goes by its path, which can be written in many ways.
    let is_playbook = subject.pack().is_none() && before.pack.version.is_empty();
    if is_playbook || before.pack.name == now {
        return Ok(());
    }
    Err(CliError::new(format!("the baseline is an audit of `{}`, and not of `{now}`", before.pack.name)))
}

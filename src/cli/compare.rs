//! `harda compare`.

use super::CliError;
use super::output::{Format, OutputArgs, say};
use super::reporting::LangArgs;
use super::state;
use crate::compliance::audit::Audit;
use crate::report::audit::side_by_side;
use clap::Args;

/// Show two servers' hardening side by side
#[derive(Debug, Args)]
pub struct CompareArgs {
    #[arg(value_name = "HOST_A")]
    a: String,

    #[arg(value_name = "HOST_B")]
    b: String,

    /// The audit: a file that `audit --report json=FILE` wrote, or a run's id [default: the latest
    /// audit of all controls that holds both]
    #[arg(long, value_name = "AUDIT", help_heading = "Compliance")]
    from: Option<String>,

    #[command(flatten)]
    lang: LangArgs,
}

pub fn run(args: &CompareArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let audit = match &args.from {
        Some(from) => state::audit(from)?,
        None => {
            let both = |audit: &Audit| audit.host(&args.a).is_some() && audit.host(&args.b).is_some();
            let runs = state::runs()?;
            let kept = runs.iter().rev().filter_map(|run| state::audit_of(run).ok().flatten());
            newest(kept.filter(both)).ok_or_else(|| {
                let message = format!("no audit that is kept here holds `{}` and `{}`", args.a, args.b);
                CliError::new(message).hint("audit both first: harda audit stampeltjanst -i INVENTORY")
            })?
        }
    };
    if audit.narrowed {
        eprintln!("run {} looked at a part of the controls only: the others are not compared", audit.run);
    }
    let rows = side_by_side::rows(&audit, &args.a, &args.b, args.lang.get()).ok_or_else(|| {
        let hosts: Vec<&str> = audit.hosts.iter().map(|h| h.host.as_str()).collect();
        let message = format!("the audit doesn't hold both `{}` and `{}`", args.a, args.b);
        CliError::new(message).hint(format!("its hosts are {}", hosts.join(", ")))
    })?;
    let page = match output.format {
        Format::Json => side_by_side::json(&args.a, &args.b, &rows),
        Format::Text => {
            let color = output.color_on_stdout();
            side_by_side::page(&audit, (&args.a, &args.b), &rows, args.lang.get(), color)
        }
    };
    say(&page);
    Ok(0)
}

/// Of audits, the newest first, the newest that looked at all controls, else the newest: that of a
/// remediation is of a few controls, and would hide what differs.
fn newest(mut audits: impl Iterator<Item = Audit>) -> Option<Audit> {
    let newest = audits.next()?;
    if !newest.narrowed {
        return Some(newest);
    }
    Some(audits.find(|audit| !audit.narrowed).unwrap_or(newest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_audit_comes_before_a_newer_part() {
        let text = include_str!("../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let of = |run: &str, narrowed: bool| {
            let audit: Audit = serde_json::from_str(text).expect("an audit");
            Audit { run: run.into(), narrowed, ..audit }
        };
        let newest = |audits: Vec<Audit>| newest(audits.into_iter()).map(|audit| audit.run);
        assert_eq!(newest(vec![of("c", true), of("b", false), of("a", false)]).as_deref(), Some("b"));
        assert_eq!(newest(vec![of("c", true), of("b", true)]).as_deref(), Some("c"));
        assert_eq!(newest(Vec::new()), None);
    }
}

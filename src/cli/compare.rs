//! `harda compare`.

use super::CliError;
use super::output::{Format, OutputArgs, say};
use super::reporting::LangArgs;
use super::state;
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
    /// audit that holds both]
    #[arg(long, value_name = "AUDIT", help_heading = "Compliance")]
    from: Option<String>,

    #[command(flatten)]
    lang: LangArgs,
}

pub fn run(args: &CompareArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let audit = match &args.from {
        Some(from) => state::audit(from)?,
        None => {
            let both = |audit: &crate::compliance::audit::Audit| {
                audit.host(&args.a).is_some() && audit.host(&args.b).is_some()
            };
            let latest =
                state::runs()?.iter().rev().filter_map(|run| state::audit_of(run).ok().flatten()).find(both);
            latest.ok_or_else(|| {
                let message = format!("no audit that is kept here holds `{}` and `{}`", args.a, args.b);
                CliError::new(message).hint("audit both first: harda audit stampeltjanst -i INVENTORY")
            })?
        }
    };
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

//! `harda why`.

use super::CliError;
use super::output::{OutputArgs, say};
use super::reporting::LangArgs;
use super::state;
use crate::report::audit::why;
use clap::Args;

/// Show why a control is as it is on a host: from the requirement to what the host answered
///
/// It fits a screen; -v shows all, with the diffs.
#[derive(Debug, Args)]
pub struct WhyArgs {
    host: String,

    control: String,

    /// The audit: a file that `--report json=FILE` wrote, or a run's id
    #[arg(long, value_name = "AUDIT")]
    from: String,

    #[command(flatten)]
    lang: LangArgs,
}

pub fn run(args: &WhyArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let audit = state::audit(&args.from)?;
    let settings =
        why::Settings { color: output.color_on_stdout(), verbose: output.verbose > 0, lang: args.lang.get() };
    let page = why::page(&audit, &args.host, &args.control, &settings);
    let Some(page) = page else {
        let hosts: Vec<&str> = audit.hosts.iter().map(|h| h.host.as_str()).collect();
        let controls: Vec<&str> = audit.controls.iter().map(|c| c.id.as_str()).collect();
        let error = CliError::new(format!("the audit has no control `{}` on `{}`", args.control, args.host));
        return Err(error.hint(format!(
            "its hosts are {}; its controls {}",
            hosts.join(", "),
            controls.join(", ")
        )));
    };
    say(&page);
    Ok(0)
}

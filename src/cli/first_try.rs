//! `harda try`.

use super::CliError;
use super::again;
use super::auditing::{self, AuditingArgs, Wanted};
use super::options::{BecomeArgs, LoginArgs};
use super::output::{Format, OutputArgs, say};
use super::reporting::{LangArgs, json};
use super::server::Server;
use super::state;
use super::subject::Subject;
use crate::files::Files;
use crate::report::audit::{word, worst};
use clap::Args;

/// The policy that a server is tried against.
const PACK: &str = "stampeltjanst";

/// Look at one server: its score, the worst findings, and what fixes each; nothing is changed
///
/// No inventory and no playbook: a read-only audit against the pack that comes with harda.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// The server, as ssh takes it: HOST, USER@HOST, USER@HOST:PORT
    #[arg(value_name = "USER@HOST")]
    server: String,

    /// Another pack, by name or folder
    #[arg(long, value_name = "PACK", default_value = PACK, help_heading = "Compliance")]
    pack: String,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,

    #[command(flatten)]
    lang: LangArgs,
}

pub fn run(args: &TryArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let server = Server::read(&args.server)?;
    let auditing = AuditingArgs {
        inventory: server.inventory(),
        extra_vars: server.variables(),
        login: server.login(&args.login),
        r#become: args.r#become.clone(),
        attestations: Vec::new(),
    };
    let subject = Subject::find(&Files::default(), &args.pack)?;
    let Some(audited) = auditing::audit(&auditing, output, &subject, &Wanted::default())? else {
        return Ok(0);
    };
    state::keep(&audited.audit);
    let page = match output.format {
        Format::Json => json(&audited.audit),
        Format::Text => worst::page(&audited.audit, &args.again(), args.lang.get(), output.color_on_stdout()),
    };
    say(&page);
    Ok(match audited.exit_code() {
        // One server says nothing of statements: its failing controls count.
        0 | 3 if audited.audit.is_remedied() => 0,
        0 => 3,
        code => code,
    })
}

impl TryArgs {
    /// The command that looks at the same server once more.
    fn again(&self) -> String {
        let pack = if self.pack == PACK { String::new() } else { format!(" --pack {}", word(&self.pack)) };
        let options = again::options(&self.login, &self.r#become, &[]);
        format!("harda try {}{pack}{options}", word(&self.server))
    }
}

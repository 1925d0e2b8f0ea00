//! From an audit and what is declared to a filled-in checklist: for the verbs that hand one in.

use super::auditing::check_declared;
use super::evidence::{self, Evidence};
use super::reporting::LangArgs;
use super::subject::Subject;
use super::{CliError, auditing, state};
use crate::compliance::audit::Audit;
use crate::compliance::checklist::{self, Checklist, Each, Source};
use crate::compliance::declared::Declared;
use crate::compliance::feedback::Feedback;
use crate::compliance::pack::{self, Pack};
use crate::files::Files;
use crate::report::checklist::{Document, document};
use clap::Args;
use jiff::civil::Date;
use std::path::PathBuf;

/// What a checklist is made from.
#[derive(Clone, Debug, Args)]
pub struct FillArgs {
    /// A pack's name or folder
    #[arg(value_name = "PACK")]
    pack: String,

    /// The audit: a file that `--report json=FILE` wrote, or a run's id
    #[arg(long, value_name = "AUDIT", help_heading = "Compliance")]
    from: String,

    /// Attestations and waivers as they are today; may be repeated [default: those of the audit]
    #[arg(long, value_name = "FILE", help_heading = "Compliance")]
    pub attestations: Vec<PathBuf>,

    /// What the reviewer said of the rows; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Compliance")]
    pub feedback: Vec<PathBuf>,

    /// A row for each statement instead of each requirement
    #[arg(long, help_heading = "Compliance")]
    statements: bool,

    #[command(flatten)]
    pub lang: LangArgs,
}

/// A filled-in checklist, and the files that it rests on.
pub struct Filled {
    pub checklist: Checklist,
    /// The audit's bytes as they were read.
    pub audit: Vec<u8>,
    pub evidence: Vec<Evidence>,
}

impl FillArgs {
    pub fn document(&self, checklist: &Checklist) -> Document {
        document(checklist, self.lang.get())
    }

    pub fn fill(&self) -> Result<Filled, CliError> {
        let subject = Subject::find(&Files::default(), &self.pack)?;
        let Some(pack) = subject.pack() else {
            return Err(CliError::new("a playbook has no requirements: a checklist is of a pack"));
        };
        let bytes = state::bytes(&self.from)?;
        let audit = state::parse(&self.from, &bytes)?;
        subject.fits(&audit.pack)?;
        let declared = self.declared(&audit)?;
        check_declared(&subject, &declared)?;
        if !audit.narrowed {
            let hosts = audit.hosts.iter().map(|host| &host.host);
            auditing::warn_of_waivers(&declared, hosts.chain(&audit.hosts_left_out));
        }
        let evidence = evidence::of(&self.attestations)?;
        let now = jiff::ZonedDateTime::now();
        let feedback = self.feedback(pack, now.date())?;
        let checklist = checklist::fill(&Source {
            audit: &audit,
            sha256: evidence::sha256(&bytes),
            pack,
            pack_sha256: pack::sha256(pack),
            declared: &declared,
            feedback: feedback.as_ref(),
            today: now.date(),
            zone: auditing::zone(&now),
            each: if self.statements { Each::Statement } else { Each::Requirement },
        });
        Ok(Filled { checklist, audit: bytes, evidence })
    }

    fn declared(&self, audit: &Audit) -> Result<Declared, CliError> {
        match self.attestations.is_empty() {
            false => auditing::declared(&self.attestations),
            true => Ok(Declared {
                organisation: audit.organisation.clone(),
                environment: audit.environment.clone(),
                attestations: audit.attestations.clone(),
                waivers: audit.waivers.clone(),
            }),
        }
    }

    fn feedback(&self, pack: &Pack, today: Date) -> Result<Option<Feedback>, CliError> {
        let mut all = None;
        for path in &self.feedback {
            let text = std::fs::read_to_string(path).map_err(|error| CliError::unreadable(path, &error))?;
            all.get_or_insert_with(Feedback::default).add(Feedback::read(path, &text, pack, today)?);
        }
        Ok(all)
    }
}

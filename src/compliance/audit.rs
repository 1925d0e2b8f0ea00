//! An audit as data: what is saved, compared, reported and handed on. It holds all that a report
//! needs, so that none needs the pack or the hosts again.

use super::declared::{Attestation, Waiver};
use super::{Level, Severity, Text, said};
use crate::record::Evidence;
use crate::resource::{Difference, Risk, Undo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of the file: a newer harda reads all older ones.
pub const VERSION: u32 = 2;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// [`VERSION`] of the harda that wrote it.
    pub version: u32,
    /// The run that it was made by.
    pub run: String,
    /// harda's own version.
    pub harda: String,
    /// When it was made, in UTC (RFC 3339).
    pub made: String,
    pub pack: PackHead,
    /// The inventories that the hosts come from, as given.
    pub inventory: Vec<String>,
    #[serde(default)]
    pub organisation: String,
    #[serde(default)]
    pub environment: String,
    pub controls: Vec<ControlHead>,
    pub requirements: Vec<RequirementResult>,
    pub hosts: Vec<HostResult>,
    /// Hosts of the inventory that it is about and that were left out of this audit, by `--limit`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts_left_out: Vec<String>,
    /// Only some of the pack's controls were looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub narrowed: bool,
    /// The options by which the hosts were reached, to be given again, as a shell takes them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub again: String,
    /// The time zone that the days of attestations and waivers are of: `Europe/Stockholm`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zone: String,
    /// What was given by `-e`.
    #[serde(default, skip_serializing_if = "ExtraVars::is_empty")]
    pub extra_vars: ExtraVars,
    #[serde(default)]
    pub attestations: Vec<Attestation>,
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// Variables of the command line, without their values: those may be secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtraVars {
    /// Files of variables, by paths that last.
    pub files: Vec<String>,
    /// The names of all variables, of the files too.
    pub names: Vec<String>,
}

impl ExtraVars {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.names.is_empty()
    }
}

/// Which policy it is about; of a plain playbook only the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PackHead {
    pub name: String,
    #[serde(default)]
    pub version: String,
    pub title: Text,
    /// What was given on the command line, to be given again.
    pub given: String,
    /// SHA-256 over the files that the pack is made of: an edited one has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ControlHead {
    pub id: String,
    pub title: Text,
    pub severity: Severity,
    /// Sections of CIS Debian 12 that say the same.
    #[serde(default)]
    pub cis: Vec<String>,
    pub may_break: Option<Text>,
    /// Which hosts it is for, where it isn't for all.
    #[serde(default)]
    pub applies: Option<Text>,
    /// Statements that it serves.
    #[serde(default)]
    pub statements: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HostResult {
    pub host: String,
    /// `/etc/machine-id`; empty where the host could not be asked.
    #[serde(default)]
    pub machine_id: String,
    /// `Debian 12.8, 6.1.0-26-amd64`.
    #[serde(default)]
    pub system: String,
    /// Why the host could not be audited.
    pub error: Option<String>,
    pub score: Score,
    pub results: Vec<ControlResult>,
}

/// Points of a hundred, weighed by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// A waived control counts as one that fails; `None` where nothing applies.
    pub strict: Option<u32>,
    /// Waived controls left out.
    pub waived: Option<u32>,
}

/// What a control came to on one host.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ControlResult {
    pub control: String,
    pub outcome: Outcome,
    /// In a sentence, where the outcome alone doesn't say it.
    #[serde(default, with = "said")]
    #[schemars(with = "said::Said")]
    pub why: Text,
    /// The waiver that applies.
    pub waiver: Option<usize>,
    /// Of a waived one what it is without the waiver, where that isn't a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwaived: Option<Outcome>,
    #[serde(default)]
    pub findings: Vec<Finding>,
    #[serde(default)]
    pub evidence: Vec<TaskEvidence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail,
    /// It would fail, and somebody has approved of that for a time.
    Waived,
    /// It passes although it is waived: the waiver can go.
    WaivedPass,
    NotApplicable,
    /// Applying it would break what runs here, or lock the admin out.
    Blocked,
    /// Could not be determined.
    Error,
    /// Set; the running state lags until a reboot.
    AfterReboot,
    /// A value that the site has to declare is missing.
    NotAssessed,
}

impl Outcome {
    pub const ALL: [Outcome; 9] = [
        Outcome::Fail,
        Outcome::Blocked,
        Outcome::Error,
        Outcome::AfterReboot,
        Outcome::Waived,
        Outcome::NotAssessed,
        Outcome::WaivedPass,
        Outcome::Pass,
        Outcome::NotApplicable,
    ];

    pub fn passes(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::WaivedPass)
    }

    /// Nothing is short of it: it passes, or doesn't apply.
    pub fn is_met(self) -> bool {
        self.passes() || self == Outcome::NotApplicable
    }

    /// What a remediation has to do with.
    pub fn fails(self) -> bool {
        matches!(self, Outcome::Fail | Outcome::Blocked | Outcome::Error)
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub task: String,
    /// `file:line:column` of the task.
    pub place: String,
    /// What it is about: `file /etc/issue.net`; empty for a task as a whole.
    pub subject: String,
    /// From what was found to what is expected.
    pub differences: Vec<Difference>,
    /// What it says, where there are no differences.
    #[serde(default, with = "said")]
    #[schemars(with = "said::Said")]
    pub message: Text,
    pub risk: Risk,
    pub undo: Option<Undo>,
    /// A check of the playbook that doesn't hold: harda finds it, and a person puts it right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_found: bool,
}

/// What the host was asked for one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskEvidence {
    pub task: String,
    pub place: String,
    pub asked: Vec<Evidence>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RequirementResult {
    pub id: String,
    pub name: Text,
    pub verdict: Verdict,
    pub statements: Vec<StatementResult>,
    /// Statements that a narrowed audit says nothing of: then this is a part of the requirement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StatementResult {
    pub id: String,
    pub text: Text,
    pub level: Level,
    /// The policy's own word for the level; nothing where it uses none.
    pub keyword: Option<String>,
    pub verdict: Verdict,
    /// Why it is no more than that, or what it rests on.
    pub why: Vec<Text>,
    pub controls: Vec<String>,
    /// Of a manual statement, one that somebody has to attest to: whether somebody does. (Version 1
    /// wrote `attested`.)
    #[serde(rename = "manual", alias = "attested")]
    pub attested: Option<Attested>,
    /// What no control here covers.
    pub missing: Option<Text>,
}

/// Whether what a program can't see is attested to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attested {
    No,
    /// The attestation, by its place in the audit's list.
    Valid(usize),
    Expired(usize),
    /// It begins on a later day.
    NotYet(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    NotFulfilled,
    Partly,
    Fulfilled,
    NotApplicable,
}

impl Verdict {
    /// Nothing is short of it: it is fulfilled, or doesn't apply.
    pub fn is_met(self) -> bool {
        matches!(self, Verdict::Fulfilled | Verdict::NotApplicable)
    }
}

impl Audit {
    pub fn control(&self, id: &str) -> Option<&ControlHead> {
        self.controls.iter().find(|control| control.id == id)
    }

    pub fn host(&self, name: &str) -> Option<&HostResult> {
        self.hosts.iter().find(|host| host.host == name)
    }

    pub fn statements(&self) -> impl Iterator<Item = (&RequirementResult, &StatementResult)> {
        self.requirements.iter().flat_map(|r| r.statements.iter().map(move |s| (r, s)))
    }

    /// Whether what the policy demands is met: no mandatory statement is short of it. Of a playbook
    /// without a policy, and of an audit of some controls, no control is short of it either.
    pub fn is_compliant(&self) -> bool {
        let mandatory = self.statements().filter(|(_, s)| s.level == Level::Mandatory);
        let controls = self.requirements.is_empty() || self.narrowed;
        mandatory.map(|(_, s)| s.verdict).all(Verdict::is_met)
            && (!controls || self.every_outcome(Outcome::is_met))
    }

    /// Whether all of the policy was looked at, on all hosts.
    pub fn is_whole(&self) -> bool {
        !self.narrowed && self.hosts_left_out.is_empty()
    }

    /// Whether every control that was looked at passes, or would after a reboot.
    pub fn is_remedied(&self) -> bool {
        self.every_outcome(|o| o.is_met() || matches!(o, Outcome::AfterReboot | Outcome::Waived))
    }

    fn every_outcome(&self, is_right: impl Fn(Outcome) -> bool) -> bool {
        let right = |host: &HostResult| host.results.iter().all(|result| is_right(result.outcome));
        self.hosts.iter().all(|host| host.error.is_none() && right(host))
    }
}

impl RequirementResult {
    /// The statements that decide it: the mandatory ones, or all where none is.
    pub fn deciding(&self) -> impl Iterator<Item = &StatementResult> {
        deciding(&self.statements)
    }
}

/// Of a requirement's statements those that decide it.
pub fn deciding(statements: &[StatementResult]) -> impl Iterator<Item = &StatementResult> {
    let has_mandatory = statements.iter().any(|s| s.level == Level::Mandatory);
    statements.iter().filter(move |s| s.level == Level::Mandatory || !has_mandatory)
}

impl Finding {
    /// Whether the thing isn't there. Then it has no owner and no mode either: that it is missing says
    /// it.
    pub fn is_of_something_missing(&self) -> bool {
        let is_state = |d: &Difference| matches!(d, Difference::Property { name, from, .. } if name == "state" && from == "absent");
        self.differences.iter().any(is_state)
    }
}

impl ControlResult {
    /// Whether it fails by checks alone: there is nothing that harda would change.
    pub fn is_only_found(&self) -> bool {
        self.outcome == Outcome::Fail
            && !self.findings.is_empty()
            && self.findings.iter().all(|f| f.only_found)
    }
}

impl HostResult {
    pub fn result(&self, control: &str) -> Option<&ControlResult> {
        self.results.iter().find(|result| result.control == control)
    }
}

//! What a customer declares of its own: attestations to what no program can see, waivers, and who
//! it is. One YAML file, kept by the customer under version control.

mod check;
mod edit;

pub use check::{evidence as place_of_evidence, wrong_attestation};
pub use edit::{add, renew};

use super::Lang;
use crate::place::InputError;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Declared {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organisation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    pub attestations: Vec<Attestation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

/// Somebody answers for a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The statement's id: `3.1-a`.
    pub statement: String,
    /// What is in place.
    pub text: String,
    /// Who answers for it.
    pub responsible: String,
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    /// The last day on which it counts.
    #[schemars(with = "String", extend("format" = "date"))]
    pub valid_until: Date,
    /// Where the evidence is: a document's number, or a file beside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// SHA-256 of the evidence, if it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A failure that somebody has approved of, for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// A control's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Or a statement's: that statement, and a control where all that it serves are waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Host names, or a pattern with `*`; none is all hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    pub reason: String,
    pub approver: String,
    /// First and last day, both included.
    #[schemars(with = "String", extend("format" = "date"))]
    pub start: Date,
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
}

impl Declared {
    /// Reads the file; a mistake is told with its line.
    pub fn read(path: &Path, text: &str) -> Result<Declared, InputError> {
        let read: Declared = serde_yaml::from_str(text).map_err(|error| at(path, &error))?;
        check::all(path, text, &read)?;
        Ok(read)
    }

    /// What waivers say of hosts that aren't there: slips of the pen, each in a sentence.
    pub fn unknown_hosts(&self, hosts: &[&str]) -> Vec<String> {
        let of = |waiver: &Waiver| {
            let about = waiver.control.as_ref().or(waiver.statement.as_ref()).cloned().unwrap_or_default();
            let unknown = waiver.unknown_hosts(hosts).map(|name| format!("`{name}`")).collect::<Vec<_>>();
            (!unknown.is_empty()).then(|| {
                format!("the waiver of `{about}` is for {}: no host is called so", unknown.join(", "))
            })
        };
        self.waivers.iter().filter_map(of).collect()
    }

    pub fn add(&mut self, other: Declared) {
        let set = |mine: &mut String, theirs: String| {
            if !theirs.is_empty() {
                *mine = theirs;
            }
        };
        set(&mut self.organisation, other.organisation);
        set(&mut self.environment, other.environment);
        self.attestations.extend(other.attestations);
        self.waivers.extend(other.waivers);
    }
}

fn at(path: &Path, error: &serde_yaml::Error) -> InputError {
    let message = error.to_string();
    match error.location() {
        Some(place) => InputError::at(&crate::place::Place::new(path, place.line(), place.column()), message),
        None => InputError::nowhere(format!("`{}`: {message}", path.display())),
    }
}

impl Attestation {
    pub fn counts_on(&self, day: Date) -> bool {
        self.date <= day && day <= self.valid_until
    }

    /// Of several to one statement the greatest is the newest.
    pub fn age(&self) -> (Date, Date) {
        (self.date, self.valid_until)
    }

    /// For people: who answers for it, and until when.
    pub fn line(&self, lang: Lang) -> String {
        lang.pick(
            format!("manuell: intygas av {} till och med {}", self.responsible, self.valid_until),
            format!("manual: attested by {} until {}", self.responsible, self.valid_until),
        )
    }
}

impl Waiver {
    pub fn counts_on(&self, day: Date) -> bool {
        self.start <= day && day <= self.expires
    }

    /// Whether it is about this control on this host.
    pub fn is_of_control(&self, control: &str, host: &str) -> bool {
        self.control.as_deref() == Some(control) && self.is_on(host)
    }

    /// Whether it is about this statement on this host.
    pub fn is_of_statement_on(&self, statement: &str, host: &str) -> bool {
        self.statement.as_deref() == Some(statement) && self.is_on(host)
    }

    /// Whether its hosts are all hosts, or this one among them.
    fn is_on(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|pattern| matches(pattern, host))
    }

    /// Whether it is about this statement, also about what of it somebody has to attest to, on this
    /// day and on one of these hosts.
    pub fn is_of_statement<'h>(
        &self,
        statement: &str,
        day: Date,
        mut hosts: impl Iterator<Item = &'h str>,
    ) -> bool {
        let is_here = self.hosts.is_empty() || hosts.any(|host| self.is_on(host));
        self.statement.as_deref() == Some(statement) && self.counts_on(day) && is_here
    }

    /// What of its hosts is none of these.
    fn unknown_hosts<'w>(&'w self, hosts: &[&str]) -> impl Iterator<Item = &'w str> {
        let is_known = |pattern: &&String| hosts.iter().any(|host| matches(pattern, host));
        self.hosts.iter().filter(move |pattern| !is_known(pattern)).map(String::as_str)
    }

    /// For people: who approved, why, and until when.
    pub fn line(&self, lang: Lang) -> String {
        match lang {
            Lang::En => format!("{} (approved by {}, until {})", self.reason, self.approver, self.expires),
            Lang::Sv => {
                format!("{} (godkänt av {}, till och med {})", self.reason, self.approver, self.expires)
            }
        }
    }
}

/// Shell-like, `*` only.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            let Some(rest) = name.strip_prefix(head) else { return false };
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(tail, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a date")
    }

    const FILE: &str = "
organisation: Example AB
attestations:
  - statement: 3.1-a
    text: Locked room
    responsible: A. Person
    date: 2026-01-01
    valid_until: 2026-12-31
waivers:
  - control: sshd-hardened
    hosts: [sign*]
    reason: until the HSM client speaks newer algorithms
    approver: CISO
    start: 2026-11-01
    expires: 2026-11-30
";

    #[test]
    fn days_are_inclusive() {
        let declared = Declared::read(Path::new("a.yml"), FILE).expect("read");
        let waiver = &declared.waivers[0];
        for (day_, counts) in
            [("2026-10-31", false), ("2026-11-01", true), ("2026-11-30", true), ("2026-12-01", false)]
        {
            assert_eq!(waiver.counts_on(day(day_)), counts, "{day_}");
        }
        assert!(declared.attestations[0].counts_on(day("2026-12-31")));
        assert!(!declared.attestations[0].counts_on(day("2027-01-01")));
    }

    #[test]
    fn a_waiver_is_about_its_hosts_only() {
        let declared = Declared::read(Path::new("a.yml"), FILE).expect("read");
        let waiver = &declared.waivers[0];
        assert!(waiver.is_of_control("sshd-hardened", "sign1"));
        assert!(!waiver.is_of_control("sshd-hardened", "log1"));
        assert!(!waiver.is_of_control("login-banner", "sign1"));
    }

    #[test]
    fn a_waiver_of_no_host_is_a_slip() {
        let declared = Declared::read(Path::new("a.yml"), FILE).expect("read");
        assert_eq!(declared.unknown_hosts(&["log1", "sign1"]), [""; 0]);
        let told = ["the waiver of `sshd-hardened` is for `sign*`: no host is called so"];
        assert_eq!(declared.unknown_hosts(&["log1"]), told);
        let all =
            Declared::read(Path::new("a.yml"), &FILE.replace("    hosts: [sign*]\n", "")).expect("read");
        assert_eq!(all.unknown_hosts(&[]), [""; 0], "none named is all");
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let text = FILE.replace("    approver: CISO\n", "");
        let error = Declared::read(Path::new("a.yml"), &text).expect_err("no approver");
        assert!(error.to_string().starts_with("a.yml:10:"), "{error}");
        assert!(error.to_string().contains("missing field `approver`"), "{error}");
        let both = FILE.replace("  - control: sshd-hardened", "  - control: a\n    statement: b");
        let error = Declared::read(Path::new("a.yml"), &both).expect_err("both").to_string();
        assert!(error.contains("either a `control` or a `statement`"), "{error}");
    }
}

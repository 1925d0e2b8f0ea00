//! What a person, or a program, sees of an audit. Reads the audit and never calls the engine.

pub mod changes;
pub mod csv;
mod finding;
pub mod html;
pub mod junit;
pub mod side_by_side;
pub mod text;
pub mod why;
pub mod worst;
pub mod xccdf;
pub mod xml;

pub use crate::compliance::words::outcome;

use crate::compliance::audit::{Audit, RequirementResult, Verdict};
use crate::compliance::{Lang, Severity};

/// The command that puts a control right where an audit found it failing.
pub fn remediate(audit: &Audit, control: &str) -> String {
    format!("harda remediate --from {} --control {}{}", word(&audit.run), word(control), audit.again)
}

/// The command that looks at a control again.
pub fn again(audit: &Audit, control: &str) -> String {
    let inventories: String = audit.inventory.iter().map(|i| format!(" -i {}", word(i))).collect();
    let (pack, again) = (word(&audit.pack.given), &audit.again);
    format!("harda audit {pack}{inventories}{again} --control {}", word(control))
}

/// A word of a command that is shown, as a shell takes it.
pub fn word(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.into(), |word| word.into_owned())
}

/// How a verdict is written for people.
pub fn verdict(verdict: Verdict, lang: Lang) -> &'static str {
    let (en, sv) = match verdict {
        Verdict::Fulfilled => ("fulfilled", "uppfyllt"),
        Verdict::Partly => ("partly", "delvis uppfyllt"),
        Verdict::NotFulfilled => ("not fulfilled", "ej uppfyllt"),
        Verdict::NotApplicable => ("not applicable", "ej tillämpligt"),
    };
    match lang {
        Lang::En => en,
        Lang::Sv => sv,
    }
}

/// Where a narrowed audit shows only a part of a requirement: how much of it.
pub fn part(requirement: &RequirementResult, lang: Lang) -> Option<String> {
    if requirement.left_out.is_empty() {
        return None;
    }
    let seen = requirement.statements.len();
    let all = seen + requirement.left_out.len();
    Some(lang.pick(
        format!("en del: {seen} av {all} delkrav granskade"),
        format!("part of it: {seen} of {all} statements looked at"),
    ))
}

/// Whether what the policy demands is met, for people.
pub fn compliance(is_compliant: bool, lang: Lang) -> &'static str {
    match (is_compliant, lang) {
        (true, Lang::En) => "compliant",
        (false, Lang::En) => "not compliant",
        (true, Lang::Sv) => "efterlevs",
        (false, Lang::Sv) => "efterlevs inte",
    }
}

/// How a severity is written for people.
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    match (severity, lang) {
        (severity, Lang::En) => severity.word(),
        (Severity::Low, Lang::Sv) => "låg",
        (Severity::Medium, Lang::Sv) => "medel",
        (Severity::High, Lang::Sv) => "hög",
        (Severity::Critical, Lang::Sv) => "kritisk",
    }
}

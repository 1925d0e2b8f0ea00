//! The description of a row: what is implemented, where, verified when and how; or why it isn't
//! applied; or who attests to it.

use super::document::{Line, Tone};
use crate::compliance::audit::{Outcome, Verdict};
use crate::compliance::checklist::{Checklist, Each, Found, Measure, Row, What};
use crate::compliance::declared::Attestation;
use crate::compliance::feedback::{Review, Reviewed};
use crate::compliance::{Lang, Level, words as compliance_words};
use crate::report::audit::verdict;
use crate::report::text::short;

/// Longest reason of one control; the audit has it whole.
const WHY: usize = 200;

/// The lines of a row's description.
pub fn lines(checklist: &Checklist, row: &Row, lang: Lang) -> Vec<Line> {
    let mut lines = vec![Line::new(summary_tone(row.verdict), summary(checklist.each, row, lang))];
    lines.extend(measures(checklist, row, lang));
    if row.measures.iter().any(|measure| was_looked_at(&measure.what)) {
        lines.push(Line::new(Tone::Dim, verified(checklist, lang)));
    }
    lines
}

fn summary_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Fulfilled => Tone::Good,
        Verdict::Partly => Tone::Open,
        Verdict::NotFulfilled => Tone::Bad,
        Verdict::NotApplicable => Tone::Plain,
    }
}

fn summary(each: Each, row: &Row, lang: Lang) -> String {
    let word = capital(verdict(row.verdict, lang));
    let number = lang.pick(
        format!("{} av {} delkrav uppfyllda", row.met, row.statements),
        format!("{} of {} statements fulfilled", row.met, row.statements),
    );
    match each {
        Each::Requirement if row.statements > 1 => format!("{word}: {number}."),
        _ => format!("{word}."),
    }
}

pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Controls of which the same is said, in one line where the first of them stands; all else by itself.
fn measures(checklist: &Checklist, row: &Row, lang: Lang) -> Vec<Line> {
    let mut parts: Vec<Part> = Vec::new();
    for measure in &row.measures {
        let lead = lead(checklist, measure, lang);
        if let What::Control { id, title, found } = &measure.what {
            let said: Vec<String> = found.iter().map(|f| place(checklist, f, lang)).collect();
            let name = format!("{} ({id})", title.say(lang));
            add_control(&mut parts, (lead, name), said.join("; "), tone(found));
        } else if let Some((tone, text)) = alone(checklist, &measure.what, lang) {
            let colon = if lead.is_empty() { "" } else { ": " };
            parts.push(Part::Other(Line::new(tone, capital(&format!("{lead}{colon}{text}.")))));
        }
    }
    parts.into_iter().map(Part::line).collect()
}

fn add_control(parts: &mut Vec<Part>, control: (String, String), said: String, tone: Tone) {
    let same = parts.iter_mut().find_map(|part| match part {
        Part::Controls { said: other, all, .. } if *other == said => Some(all),
        _ => None,
    });
    match same {
        Some(all) => all.push(control),
        None => parts.push(Part::Controls { said, tone, all: vec![control] }),
    }
}

enum Part {
    /// Each with its statements, and its name.
    Controls {
        said: String,
        tone: Tone,
        all: Vec<(String, String)>,
    },
    Other(Line),
}

impl Part {
    fn line(self) -> Line {
        let (said, tone, all) = match self {
            Part::Controls { said, tone, all } => (said, tone, all),
            Part::Other(line) => return line,
        };
        let text = match &all[..] {
            [(lead, name)] if lead.is_empty() => format!("{name}: {said}."),
            [(lead, name)] => format!("{lead}: {name}: {said}."),
            _ => {
                let names: Vec<String> =
                    all.iter().map(|(lead, name)| format!("{lead} {name}").trim().to_string()).collect();
                format!("{said}: {}.", names.join("; "))
            }
        };
        Line::new(tone, capital(&text))
    }
}

/// The statements that a measure is for; a row of one statement needs no id before each line.
fn lead(checklist: &Checklist, measure: &Measure, lang: Lang) -> String {
    match checklist.each {
        Each::Requirement => ids(measure, lang),
        Each::Statement => String::new(),
    }
}

/// What stands for something else than a control.
fn alone(checklist: &Checklist, what: &What, lang: Lang) -> Option<(Tone, String)> {
    let (tone, lead, text) = match what {
        What::Control { .. } => return None,
        What::Attested(attestation) => return Some((Tone::Good, attested(attestation, lang))),
        What::Unattested(None) => (
            Tone::Bad,
            lang.pick("manuell", "manual"),
            lang.pick("ingen intygar det", "nobody attests to it").into(),
        ),
        What::Unattested(Some(attestation)) => {
            (Tone::Bad, lang.pick("manuell", "manual"), expired(checklist, attestation, lang))
        }
        What::Waived(waiver) => {
            let lead = lang.pick("manuell: intygas inte, undantagen", "manual: not attested to, waived");
            (Tone::Open, lead, waiver.line(lang))
        }
        What::StatementWaived(waiver) => {
            (Tone::Open, lang.pick("påståendet är undantaget", "the statement is waived"), waiver.line(lang))
        }
        What::Uncovered(text) => {
            let lead = lang.pick("kontrollerna visar inte allt", "the controls don't show all of it");
            (Tone::Plain, lead, text.say(lang).into())
        }
    };
    Some((tone, format!("{lead}: {text}")))
}

/// `6.1-b1, 6.1-b2`, the recommended ones marked as such.
fn ids(measure: &Measure, lang: Lang) -> String {
    let id = |(id, level): &(String, Level)| match level {
        Level::Mandatory => id.clone(),
        Level::Recommended => format!("{id} ({})", lang.pick("rekommenderat", "recommended")),
    };
    measure.statements.iter().map(id).collect::<Vec<_>>().join(", ")
}

/// The worst of its places.
fn tone(found: &[Found]) -> Tone {
    let of = |found: &Found| match found.outcome {
        Outcome::Pass | Outcome::WaivedPass => Tone::Good,
        Outcome::NotApplicable => Tone::Plain,
        Outcome::Waived | Outcome::AfterReboot | Outcome::NotAssessed => Tone::Open,
        Outcome::Fail | Outcome::Blocked | Outcome::Error => Tone::Bad,
    };
    found.iter().map(of).max().unwrap_or(Tone::Bad)
}

fn place(checklist: &Checklist, found: &Found, lang: Lang) -> String {
    let all = checklist.hosts.len();
    let on = match found.hosts.len() {
        n if n == all && n > 1 && checklist.head.hosts_left_out.is_empty() => {
            lang.pick(format!("på alla {n} värdar"), format!("on all {n} hosts"))
        }
        _ => lang.pick("på ", "on ").to_string() + &found.hosts.join(", "),
    };
    // Audits of version 1 said the outcome again.
    let said = found.why.say(lang);
    let why = short(said.strip_prefix("not assessed: ").unwrap_or(said), WHY);
    let is_open = matches!(found.outcome, Outcome::NotAssessed | Outcome::Error);
    let because = |said: &str| match (&found.waiver, why.as_str()) {
        // The waiver doesn't say why it isn't known.
        (Some(waiver), why) if is_open && !why.is_empty() => {
            let waived = lang.pick("undantagen", "waived");
            format!("{said} {on} ({why}); {waived}: {}", waiver.line(lang))
        }
        (Some(waiver), _) => format!("{said} {on}: {}", waiver.line(lang)),
        (None, "") => format!("{said} {on}"),
        (None, why) => format!("{said} {on} ({why})"),
    };
    because(match found.outcome {
        Outcome::Pass => lang.pick("på plats", "in place"),
        Outcome::WaivedPass => lang.pick("på plats, fast undantagen,", "in place, though waived,"),
        Outcome::Fail => lang.pick("inte på plats", "not in place"),
        Outcome::Waived => lang.pick("tillämpas inte", "not applied"),
        Outcome::NotApplicable => lang.pick("ej tillämplig", "does not apply"),
        Outcome::Blocked => lang.pick("inte på plats, och hindrad,", "not in place, and held back,"),
        Outcome::Error => lang.pick("kunde inte avgöras", "could not be determined"),
        Outcome::AfterReboot => {
            lang.pick("satt, men gäller först efter omstart", "set, in force after a reboot")
        }
        Outcome::NotAssessed => lang.pick("ej bedömd", "not assessed"),
    })
}

fn attested(a: &Attestation, lang: Lang) -> String {
    let who = lang.pick(
        format!("manuell, intygas av {} ({}, giltigt till och med {})", a.responsible, a.date, a.valid_until),
        format!("manual, attested by {} ({}, valid until {})", a.responsible, a.date, a.valid_until),
    );
    let evidence = match &a.evidence {
        Some(evidence) => format!(". {}: {evidence}", lang.pick("Underlag", "Evidence")),
        None => String::new(),
    };
    format!("{who}: {}{evidence}", a.text.trim_end_matches('.'))
}

fn expired(checklist: &Checklist, a: &Attestation, lang: Lang) -> String {
    match a.date > checklist.head.date {
        true => lang.pick(
            format!("intyget av {} gäller först från {}", a.responsible, a.date),
            format!("the attestation by {} counts only from {}", a.responsible, a.date),
        ),
        false => lang.pick(
            format!("intyget av {} gällde till och med {} och räknas inte", a.responsible, a.valid_until),
            format!("the attestation by {} ran out on {} and does not count", a.responsible, a.valid_until),
        ),
    }
}

/// Whether a host answered for it.
fn was_looked_at(what: &What) -> bool {
    let answered = |f: &Found| !matches!(f.outcome, Outcome::Error | Outcome::NotAssessed);
    matches!(what, What::Control { found, .. } if found.iter().any(answered))
}

fn verified(checklist: &Checklist, lang: Lang) -> String {
    let (at, run) = (when(&checklist.head.audited), &checklist.head.run);
    let asked = lang.pick(
        format!("Kontrollerat {at} av körning {run}: harda frågade värdarna själva, utan att ändra något."),
        format!("Verified {at} by run {run}: harda asked the hosts themselves and changed nothing."),
    );
    let silent = checklist.hosts.iter().filter(|host| host.error.is_some());
    let silent: Vec<&str> = silent.map(|host| host.host.as_str()).collect();
    let silent = (!silent.is_empty()).then(|| {
        let hosts = silent.join(", ");
        lang.pick(format!("Inte {hosts}, som inte svarade."), format!("Not {hosts}: no answer from there."))
    });
    let left_out = &checklist.head.hosts_left_out;
    let part = (!left_out.is_empty())
        .then(|| capital(&format!("{}.", compliance_words::part_of_the_hosts(left_out).say(lang))));
    [Some(asked), silent, part].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `2026-11-25 08:44 UTC`, of what an audit says.
pub fn when(made: &str) -> String {
    match (made.get(..10), made.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => made.into(),
    }
}

/// What the reviewer said of a row.
pub fn review(row: &Row, review: &Review, lang: Lang) -> Line {
    let (tone, word) = match review.verdict {
        Reviewed::Approved => (Tone::Good, lang.pick("godkänt", "approved")),
        Reviewed::ToDo => (Tone::Open, lang.pick("att göra", "to do")),
    };
    let about = if review.id == row.id { String::new() } else { format!("{}: ", review.id) };
    let by = match review.reviewer.is_empty() {
        true => String::new(),
        false => format!(" ({})", review.reviewer),
    };
    let comment = match review.comment.is_empty() {
        true => String::new(),
        false => format!(": {}", review.comment),
    };
    Line::new(tone, capital(&format!("{about}{word} {}{by}{comment}", review.date)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_of_which_the_same_is_said_share_a_line() {
        let mut parts = Vec::new();
        for (ids, name, said) in [
            ("1-a", "A banner (banner)", "in place on all 2 hosts"),
            ("1-a, 1-b", "Keys only (sshd)", "not in place on web1"),
            ("1-b", "A lock (lock)", "in place on all 2 hosts"),
        ] {
            add_control(&mut parts, (ids.into(), name.into()), said.into(), Tone::Good);
        }
        let lines: Vec<String> = parts.into_iter().map(|part| part.line().text).collect();
        assert_eq!(
            lines,
            [
                "In place on all 2 hosts: 1-a A banner (banner); 1-b A lock (lock).",
                "1-a, 1-b: Keys only (sshd): not in place on web1.",
            ]
        );
    }
}

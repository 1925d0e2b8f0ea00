//! Asking, control by control, before what could lock out, needs a reboot or can't be undone.

use super::{CliError, asking};
use crate::compliance::audit::{Audit, Finding};
use crate::compliance::failing::LeftOut;
use crate::report::safe_line;
use crate::resource::{Risk, Undo};
use std::collections::{BTreeMap, BTreeSet};

type OfHost = BTreeMap<String, BTreeSet<String>>;
/// A cost, what it is about, and the hosts.
type Costs = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

/// What of these controls is consented to: what costs nothing, what is accepted by option, and what
/// is answered with `y`; and what is left out, with the reason: nobody could be asked, or the answer
/// was no.
pub fn asked(
    audit: &Audit,
    mut of_host: OfHost,
    accepted: &[String],
) -> Result<(OfHost, Vec<LeftOut>), CliError> {
    let mut left_out = Vec::new();
    let controls: BTreeSet<String> = of_host.values().flatten().cloned().collect();
    for control in controls {
        let costs = costs(audit, &control, &of_host);
        if costs.is_empty() || accepted.contains(&control) || answered(audit, &control, &costs)? {
            continue;
        }
        for (host, mine) in &mut of_host {
            if mine.remove(&control) {
                let why = format!("nobody consented to it (--accept {control})");
                left_out.push((host.clone(), control.clone(), why));
            }
        }
    }
    of_host.retain(|_, mine| !mine.is_empty());
    Ok((of_host, left_out))
}

/// What a control may cost: for each cost what it is about, and on which hosts.
fn costs(audit: &Audit, control: &str, of_host: &OfHost) -> Costs {
    let mut costs = Costs::new();
    for host in audit.hosts.iter().filter(|h| of_host.get(&h.host).is_some_and(|m| m.contains(control))) {
        let findings = host.result(control).map(|result| result.findings.as_slice()).unwrap_or_default();
        for finding in findings {
            for cost in cost(finding) {
                let (subjects, hosts) = costs.entry(cost).or_default();
                subjects.insert(finding.subject.clone());
                hosts.insert(host.host.clone());
            }
        }
    }
    costs
}

fn cost(finding: &Finding) -> Vec<String> {
    let risk = match finding.risk {
        Risk::None => None,
        Risk::LockOut => Some("could lock you out, and is made under the guard".to_string()),
        Risk::Reboot => Some("takes effect with a reboot".to_string()),
    };
    let undo = match &finding.undo {
        Some(Undo::None(why)) => Some(format!("can't be undone ({why})")),
        _ => None,
    };
    risk.into_iter().chain(undo).collect()
}

fn answered(audit: &Audit, control: &str, costs: &Costs) -> Result<bool, CliError> {
    let title = audit.control(control).map(|c| c.title.en.clone()).unwrap_or_default();
    eprintln!("{control}: {}", safe_line(&title));
    let list =
        |words: &BTreeSet<String>| words.iter().map(|word| safe_line(word)).collect::<Vec<_>>().join(", ");
    for (cost, (subjects, hosts)) in costs {
        eprintln!("  {}: {} (on {})", safe_line(cost), list(subjects), list(hosts));
    }
    if let Some(may_break) = audit.control(control).and_then(|c| c.may_break.as_ref()) {
        eprintln!("  may break: {}", safe_line(&may_break.en));
    }
    if !asking::can_be() {
        eprintln!("  left out: consent with --accept {control}");
        return Ok(false);
    }
    asking::yes("  apply it?")
}

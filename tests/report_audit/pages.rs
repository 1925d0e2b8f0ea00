//! Pages of the terminal, and what programs read instead.

use crate::sample;
use harda::compliance::audit::{Audit, Outcome, Verdict};
use harda::compliance::{Lang, Text};
use harda::report::audit::{changes, remediate, why, worst};
use serde_json::{Value, json};

/// An audit of which one result has more than anybody reads.
fn long() -> (Audit, String, String) {
    let mut audit = sample::audit(2, 12, false);
    let at = audit.hosts[0].results.iter().position(|r| !r.findings.is_empty()).expect("one that fails");
    let (host, control) = (audit.hosts[0].host.clone(), audit.hosts[0].results[at].control.clone());
    let result = &mut audit.hosts[0].results[at];
    let (finding, task) = (result.findings[0].clone(), result.evidence[0].clone());
    for number in 0..40 {
        let mut more = finding.clone();
        more.message = Text::both(&format!("finding {number}"));
        result.findings.push(more);
        let mut more = task.clone();
        more.asked.iter_mut().for_each(|e| e.asked = format!("question {number}"));
        result.evidence.push(more);
    }
    let statement = audit.requirements[0].statements[0].clone();
    for number in 0..20 {
        let mut more = statement.clone();
        more.id = format!("9-{number}");
        more.controls = vec![control.clone()];
        audit.requirements[0].statements.push(more);
    }
    (audit, host, control)
}

fn why_page(verbose: bool, lang: Lang) -> String {
    let (audit, host, control) = long();
    let settings = why::Settings { color: false, verbose, lang };
    why::page(&audit, &host, &control, &settings).expect("a page")
}

#[test]
fn why_fits_a_screen_and_has_all_on_request() {
    let page = why_page(false, Lang::En);
    assert!(page.lines().count() <= 24, "{} lines:\n{page}", page.lines().count());
    assert!(page.lines().all(|line| line.chars().count() <= 112), "{page}");
    assert_eq!(page.matches("lines more: -v").count(), 3, "{page}");
    for kept in ["asked  ", "told   ", ".yml:", "(run "] {
        assert!(page.contains(kept), "`{kept}` in:\n{page}");
    }
    let all = why_page(true, Lang::En);
    for more in ["9-19", "finding 39", "question 39"] {
        assert!(all.contains(more) && !page.contains(more), "{more}");
    }
    assert!(why_page(false, Lang::Sv).contains("rader till: -v"));
}

#[test]
fn drift_is_told_in_a_form_of_its_own() {
    let before = sample::audit(4, 12, false);
    let mut now = before.clone();
    now.run = "20260202T000000Z-0001".into();
    let find = |audit: &Audit, outcome: Outcome| {
        audit.hosts[0].results.iter().position(|r| r.outcome == outcome).expect("the outcome")
    };
    let (passed, failed) = (find(&before, Outcome::Pass), find(&before, Outcome::Fail));
    now.hosts[0].results[passed].outcome = Outcome::Fail;
    now.hosts[0].results[failed].outcome = Outcome::Pass;
    now.hosts[3].host = "another".into();
    now.requirements[0].statements[0].verdict = Verdict::NotFulfilled;
    let mut then = before.clone();
    then.requirements[0].statements[0].verdict = Verdict::Fulfilled;

    let told: Value = serde_json::to_value(changes::drift(&then, &now)).expect("JSON");
    assert_eq!(told["version"], 1);
    assert_eq!(told["run"], now.run.as_str());
    assert_eq!(told["baseline"], json!({"run": before.run, "made": before.made}));
    let (host, id) = (&now.hosts[0].host, &now.hosts[0].results[passed].control);
    let worse = json!({"way": "worse", "host": host, "control": id, "before": "pass", "now": "fail"});
    assert_eq!(told["controls"][0], worse);
    let ways =
        |way: &str| told["controls"].as_array().expect("a list").iter().filter(|c| c["way"] == way).count();
    let of_host = before.hosts[3].results.len();
    assert_eq!((ways("worse"), ways("better"), ways("new"), ways("gone")), (1, 1, of_host, of_host));
    assert!(
        told["controls"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|c| c["way"] != "new" || c["before"].is_null())
    );
    let statement = json!({
        "way": "worse", "statement": now.requirements[0].statements[0].id,
        "before": "fulfilled", "now": "not_fulfilled",
    });
    assert_eq!(told["statements"], json!([statement]));
    assert!(told.get("hosts").is_none(), "not the whole audit");

    // What an audit leaves out is not gone.
    let mut fewer = before.clone();
    let gone = fewer.hosts.pop().expect("a host");
    assert!(!changes::drift(&before, &fewer).controls.is_empty());
    fewer.hosts_left_out.push(gone.host);
    assert!(changes::drift(&before, &fewer).controls.is_empty());
    assert!(changes::drift(&fewer, &before).controls.is_empty());
    now.narrowed = true;
    let told = changes::drift(&then, &now);
    assert!(told.controls.iter().all(|c| c.way != changes::Way::Gone));
    let page = changes::page(&then, &now, Lang::Sv, false);
    assert!(page.contains("sedan ") && page.contains("uppfyllt -> "), "{page}");
}

#[test]
fn what_comes_next_is_a_command_that_reaches_the_host() {
    let mut audit = sample::audit(1, 12, false);
    audit.again = " -u admin --private-key '/keys/of mine' -b".into();
    let mut result = find_of(&audit, Outcome::Fail);
    let (failing, fails) = (result.clone(), result.control.clone());
    let command = remediate(&audit, &fails);
    assert_eq!(
        command,
        format!(
            "harda remediate --from {} --control {fails} -u admin --private-key '/keys/of mine' -b",
            audit.run
        )
    );
    result.outcome = Outcome::Blocked;
    result.why = Text::both("Docker routes");
    let passing = find_of(&audit, Outcome::Pass);
    let apart = [Outcome::NotApplicable, Outcome::NotAssessed].map(|outcome| {
        let mut result = passing.clone();
        result.outcome = outcome;
        result
    });
    audit.hosts[0].results = [vec![result, failing, passing], apart.to_vec()].concat();
    let page = worst::page(&audit, "harda try admin@web1 -b", Lang::En, false);
    assert!(page.contains("once that is out of the way: harda try admin@web1 -b"), "{page}");
    assert!(page.contains(&format!("fix: {command}")), "{page}");
    assert!(page.contains("  1 of 3 controls pass\n"), "{page}");
    // Where harda only finds, a command that changes nothing is no fix.
    let mut by_hand = audit.clone();
    by_hand.hosts[0].results.remove(0);
    by_hand.hosts[0].results[0].findings.iter_mut().for_each(|finding| finding.only_found = true);
    let page = worst::page(&by_hand, "harda try admin@web1 -b", Lang::En, false);
    assert!(page.contains("put it right by hand or declare it, then: harda try admin@web1 -b"), "{page}");
    assert!(!page.contains("fix: "), "{page}");
    let html = crate::page(&by_hand, &[], Lang::En);
    assert!(html.contains("A person puts this right"));
    assert!(!html.contains("harda remediate --from"));
    let html = crate::page(&audit, &[], Lang::En);
    assert!(
        html.contains("--private-key &#x27;&#x2f;keys&#x2f;of mine&#x27; -b"),
        "the page's command lacks them"
    );
}

fn find_of(audit: &Audit, outcome: Outcome) -> harda::compliance::audit::ControlResult {
    audit.hosts[0].results.iter().find(|r| r.outcome == outcome).cloned().expect("the outcome")
}

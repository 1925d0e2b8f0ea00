use super::*;
use crate::compliance::Severity;
use crate::compliance::audit::{Audit, ControlResult, ExtraVars, PackHead, Score, VERSION};
use crate::compliance::feedback::Reviewed;
use crate::compliance::pack::{Control, Foreign, Requirement, Statement};
use crate::place::Place;

const TODAY: &str = "2026-11-25";

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn pack(controls: &[&str], attestation: bool) -> Pack {
    let place = Place::new("pack.yml", 1, 1);
    let control = |id: &&str| Control {
        place: place.clone(),
        id: (*id).into(),
        title: Text::both("Title"),
        severity: Severity::High,
        cis: Vec::new(),
        why: None,
        changes: None,
        undo: None,
        may_break: None,
        applies: None,
        sources: Vec::new(),
        needs: Vec::new(),
        r#break: None,
        mend: None,
    };
    let statement = Statement {
        place: place.clone(),
        id: "1.1-a".into(),
        level: Level::Mandatory,
        keyword: Some("SKA".into()),
        text: Text::both("It is so."),
        controls: controls.iter().map(|id| ((*id).into(), place.clone())).collect(),
        attestation,
        missing: None,
    };
    Pack {
        name: "own".into(),
        version: "1".into(),
        title: Text::both("Own"),
        folder: "own".into(),
        playbook: "own/playbook.yml".into(),
        requirements: vec![Requirement {
            id: "1.1".into(),
            name: Text::both("Name"),
            statements: vec![statement],
        }],
        controls: controls.iter().map(control).collect(),
        foreign: Foreign::default(),
    }
}

/// An audit of hosts `h1`, `h2`, ..., on which the control `c` came to these.
fn audit(outcomes: &[Outcome]) -> Audit {
    let host = |(at, outcome): (usize, &Outcome)| HostResult {
        host: format!("h{}", at + 1),
        machine_id: String::new(),
        system: String::new(),
        error: None,
        score: Score::default(),
        results: vec![ControlResult {
            control: "c".into(),
            outcome: *outcome,
            why: Text::default(),
            waiver: None,
            unwaived: None,
            findings: Vec::new(),
            evidence: Vec::new(),
        }],
    };
    Audit {
        zone: String::new(),
        narrowed: false,
        hosts_left_out: Vec::new(),
        again: String::new(),
        extra_vars: ExtraVars::default(),
        version: VERSION,
        run: "R".into(),
        harda: "0".into(),
        made: "2026-11-24T10:00:00Z".into(),
        pack: PackHead {
            name: "own".into(),
            version: "1".into(),
            title: Text::both("Own"),
            given: "own".into(),
            sha256: None,
        },
        inventory: Vec::new(),
        organisation: "From the audit".into(),
        environment: String::new(),
        controls: Vec::new(),
        requirements: Vec::new(),
        hosts: outcomes.iter().enumerate().map(host).collect(),
        attestations: Vec::new(),
        waivers: Vec::new(),
    }
}

fn attestation(first: &str, last: &str) -> Attestation {
    Attestation {
        statement: "1.1-a".into(),
        text: "So it is".into(),
        responsible: "A".into(),
        date: day(first),
        valid_until: day(last),
        evidence: None,
        sha256: None,
    }
}

fn waiver(first: &str, last: &str) -> Waiver {
    Waiver {
        control: Some("c".into()),
        statement: None,
        hosts: vec!["h1".into()],
        reason: "the vendor is slow".into(),
        approver: "CISO".into(),
        start: day(first),
        expires: day(last),
    }
}

fn filled(audit: &Audit, pack: &Pack, declared: &Declared, feedback: Option<&Feedback>) -> Checklist {
    filled_by(Each::Requirement, audit, pack, declared, feedback)
}

fn filled_by(
    each: Each,
    audit: &Audit,
    pack: &Pack,
    declared: &Declared,
    feedback: Option<&Feedback>,
) -> Checklist {
    fill(&Source {
        audit,
        sha256: "ab".into(),
        pack,
        pack_sha256: Some("now".into()),
        declared,
        feedback,
        today: day(TODAY),
        zone: "UTC".into(),
        each,
    })
}

/// Attestations, and whether one of them counts today: the first and the last day do.
fn attestations() -> Vec<(Vec<Attestation>, bool)> {
    vec![
        (vec![], false),
        (vec![attestation("2026-01-01", TODAY)], true),
        (vec![attestation(TODAY, "2027-01-01")], true),
        (vec![attestation("2026-01-01", "2026-11-24")], false),
        (vec![attestation("2026-11-26", "2027-01-01")], false),
        (vec![attestation("2026-11-26", "2027-01-01"), attestation("2026-01-01", "2026-12-01")], true),
    ]
}

/// All that two hosts can come to, with all that can be attested: what is ticked is shown on every
/// host that it applies to, and attested to where somebody has to.
#[test]
fn nothing_is_ticked_that_the_evidence_does_not_show() {
    let shows = |outcome: &Outcome| matches!(outcome, Outcome::Pass | Outcome::WaivedPass);
    let (mut ticks, mut blanks) = (0, 0);
    for one in Outcome::ALL {
        for other in Outcome::ALL {
            let both = [one, other];
            let applies = both.iter().any(|o| *o != Outcome::NotApplicable);
            let shown = applies && both.iter().all(|o| shows(o) || *o == Outcome::NotApplicable);
            for demanded in [false, true] {
                for (attestations, counts) in attestations() {
                    let declared = Declared { attestations, ..Declared::default() };
                    let wanted = match demanded {
                        true => counts && (shown || !applies),
                        false => shown,
                    };
                    let checklist = filled(&audit(&both), &pack(&["c"], demanded), &declared, None);
                    let row = &checklist.rows[0];
                    assert_eq!(row.is_ticked(), wanted, "{both:?}, attested {counts} of {demanded}");
                    if wanted { ticks += 1 } else { blanks += 1 }
                }
            }
        }
    }
    assert!(ticks > 50 && blanks > 500, "{ticks} ticks, {blanks} blanks");
}

#[test]
fn no_audit_of_a_control_is_no_pass() {
    let declared = Declared::default();
    let mut partial = audit(&[Outcome::Pass]);
    partial.hosts[0].results.clear();
    for audit in [audit(&[]), partial] {
        let checklist = filled(&audit, &pack(&["c"], false), &declared, None);
        assert!(!checklist.rows[0].is_ticked());
    }
}

#[test]
fn a_waiver_is_never_a_pass_and_an_expired_one_is_a_failure() {
    for (first, last, outcome) in [
        ("2026-11-01", TODAY, Outcome::Waived),
        ("2026-11-01", "2026-11-24", Outcome::Fail),
        ("2026-11-26", "2026-12-31", Outcome::Fail),
    ] {
        let declared = Declared { waivers: vec![waiver(first, last)], ..Declared::default() };
        // The audit was made under a waiver of its own.
        let mut audit = audit(&[Outcome::Waived, Outcome::Pass]);
        audit.hosts[0].results[0].waiver = Some(0);
        let checklist = filled(&audit, &pack(&["c"], false), &declared, None);
        let row = &checklist.rows[0];
        assert!(!row.is_ticked(), "{first} {last}");
        let What::Control { found, .. } = &row.measures[0].what else { panic!("{row:?}") };
        assert_eq!(found[0].outcome, outcome, "{first} {last}");
        assert_eq!(found[0].waiver.is_some(), outcome == Outcome::Waived);
        assert_eq!(found[0].why.en.contains("expired on 2026-11-24"), last == "2026-11-24", "{found:?}");
        assert_eq!(found[1].outcome, Outcome::Pass);
    }
}

/// Of a statement that nothing but an attestation could show, the waiver stands in its row.
#[test]
fn a_manual_statement_shows_its_waiver() {
    for (last, host, is_shown) in [(TODAY, "h1", true), ("2026-11-24", "h1", false), (TODAY, "h9", false)] {
        let own = Waiver {
            control: None,
            statement: Some("1.1-a".into()),
            hosts: vec![host.into()],
            ..waiver("2026-11-01", last)
        };
        let declared = Declared { waivers: vec![own.clone()], ..Declared::default() };
        let checklist = filled(&audit(&[Outcome::Pass]), &pack(&[], true), &declared, None);
        let row = &checklist.rows[0];
        assert!(!row.is_ticked());
        let wanted = if is_shown { What::Waived(own) } else { What::Unattested(None) };
        assert_eq!(row.measures.iter().map(|m| &m.what).collect::<Vec<_>>(), [&wanted], "{last}");
    }
}

/// Its control serves another statement too: that is not waived, and so the control isn't.
#[test]
fn a_waived_statement_says_so_beside_its_control() {
    let mut pack = pack(&["c"], false);
    let second = Statement { id: "1.1-b".into(), ..pack.requirements[0].statements[0].clone() };
    pack.requirements[0].statements.push(second);
    let own = Waiver { control: None, statement: Some("1.1-a".into()), ..waiver("2026-11-01", TODAY) };
    let declared = Declared { waivers: vec![own.clone()], ..Declared::default() };
    let checklist = filled_by(Each::Statement, &audit(&[Outcome::Fail]), &pack, &declared, None);
    for (row, is_shown) in checklist.rows.iter().zip([true, false]) {
        let What::Control { found, .. } = &row.measures[0].what else { panic!("{row:?}") };
        assert_eq!((found[0].outcome, &found[0].waiver), (Outcome::Fail, &None));
        let shown = row.measures.iter().any(|m| m.what == What::StatementWaived(own.clone()));
        assert_eq!(shown, is_shown, "{row:?}");
    }
}

/// The audit's own reasons are said in both languages; a narrowed one is a part of the requirement.
#[test]
fn reasons_are_in_both_languages_and_a_part_fulfils_nothing() {
    let mut pack = pack(&["c"], true);
    let second = Statement { id: "1.1-b".into(), ..pack.requirements[0].statements[0].clone() };
    pack.requirements[0].statements.push(second);
    let hosts = audit(&[Outcome::Fail]).hosts;
    let found = fulfil::requirements(&pack, &hosts, &[], &[], &[], day(TODAY), |_, _| true);
    let why = &found[0].statements[0].why;
    assert_eq!(
        why.iter().map(|w| w.sv.as_str()).collect::<Vec<_>>(),
        ["c: h1 (ej uppfylld)", "manuell: intygas inte av någon"]
    );
    assert_eq!(
        why.iter().map(|w| w.en.as_str()).collect::<Vec<_>>(),
        ["c: h1 (fail)", "manual: nobody attests to it"]
    );
    assert!(found[0].left_out.is_empty());

    let (hosts, attests) = (audit(&[Outcome::Pass]).hosts, [attestation("2026-01-01", TODAY)]);
    let seen = |id: &'static str| {
        let part = fulfil::requirements(&pack, &hosts, &[], &attests, &[], day(TODAY), |_, s| s.id == id);
        (part[0].statements[0].verdict, part[0].verdict, part[0].left_out.clone())
    };
    assert_eq!(seen("1.1-a"), (Verdict::Fulfilled, Verdict::Partly, vec!["1.1-b".to_string()]));
    assert_eq!(seen("1.1-b").1, Verdict::Partly);
}

/// What was not looked at on all hosts is not ticked; an attestation is for all of them.
#[test]
fn a_part_of_the_hosts_fulfils_nothing() {
    let left_out = || vec!["h2".to_string()];
    let hosts = audit(&[Outcome::Pass]).hosts;
    let mut pack = pack(&["c"], false);
    let verdict = |pack: &Pack, left_out: &[String]| {
        let attests = [attestation("2026-01-01", TODAY)];
        fulfil::requirements(pack, &hosts, left_out, &attests, &[], day(TODAY), |_, _| true)[0].verdict
    };
    assert_eq!(verdict(&pack, &[]), Verdict::Fulfilled);
    assert_eq!(verdict(&pack, &left_out()), Verdict::Partly);
    let some = Audit { hosts_left_out: left_out(), ..audit(&[Outcome::Pass]) };
    for each in [Each::Requirement, Each::Statement] {
        let ticked =
            |audit: &Audit| filled_by(each, audit, &pack, &Declared::default(), None).rows[0].is_ticked();
        assert!(!ticked(&some) && ticked(&audit(&[Outcome::Pass])));
    }
    let statement = &mut pack.requirements[0].statements[0];
    (statement.controls, statement.attestation) = (Vec::new(), true);
    assert_eq!(verdict(&pack, &left_out()), Verdict::Fulfilled);
}

#[test]
fn the_newest_word_of_the_reviewer_is_shown() {
    let review = |id: &str, verdict, date: &str| Review {
        id: id.into(),
        verdict,
        date: day(date),
        reviewer: "MDB".into(),
        comment: String::new(),
    };
    let feedback = Feedback {
        reviews: vec![
            review("1.1", Reviewed::Approved, "2026-11-20"),
            review("1.1", Reviewed::ToDo, "2026-11-01"),
            review("1.1-a", Reviewed::ToDo, "2026-11-10"),
        ],
    };
    let declared = Declared { organisation: "Own AB".into(), ..Declared::default() };
    let checklist = filled(&audit(&[Outcome::Fail]), &pack(&["c"], false), &declared, Some(&feedback));
    let said: Vec<_> = checklist.rows[0].reviews.iter().map(|r| (r.id.as_str(), r.verdict)).collect();
    assert_eq!(said, [("1.1", Reviewed::Approved), ("1.1-a", Reviewed::ToDo)]);
    assert!(!checklist.rows[0].is_ticked(), "a review ticks nothing");
    assert_eq!(checklist.head.organisation, "Own AB");
}

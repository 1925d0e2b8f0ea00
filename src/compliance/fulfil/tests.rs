use super::*;
use crate::compliance::audit::{ControlResult, Score};
use crate::files::Files;
use std::path::Path;

const TODAY: &str = "2026-11-25";

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn pack() -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checklist/pack");
    Pack::load(&Files::default(), &folder).expect("the pack")
}

fn attestation(statement: &str, first: &str, last: &str) -> Attestation {
    Attestation {
        statement: statement.into(),
        text: "So it is".into(),
        responsible: "A".into(),
        date: day(first),
        valid_until: day(last),
        evidence: None,
        sha256: None,
    }
}

/// A host on which a control came to this.
fn host(name: &str, control: &str, outcome: Outcome) -> HostResult {
    HostResult {
        host: name.into(),
        machine_id: String::new(),
        system: String::new(),
        error: None,
        score: Score::default(),
        results: vec![ControlResult {
            control: control.into(),
            outcome,
            why: Text::default(),
            waiver: None,
            unwaived: None,
            findings: Vec::new(),
            evidence: Vec::new(),
        }],
    }
}

/// What a statement comes to.
fn come_to(
    pack: &Pack,
    id: &str,
    hosts: &[HostResult],
    attestations: &[Attestation],
    waivers: &[Waiver],
) -> StatementResult {
    let all = requirements(pack, hosts, &[], attestations, waivers, day(TODAY), |_, _| true);
    let found = all.into_iter().flat_map(|r| r.statements).find(|s| s.id == id);
    found.expect("the statement")
}

#[test]
fn an_attestation_that_has_not_begun_is_no_expired_one() {
    let old = attestation("1.2-a", "2025-01-01", "2025-12-31");
    let next = attestation("1.2-a", "2027-01-01", "2027-12-31");
    let later = attestation("1.2-a", "2028-01-01", "2028-12-31");
    let said = |attestations: &[Attestation]| {
        let statement = come_to(&pack(), "1.2-a", &[], attestations, &[]);
        assert_eq!(statement.verdict, Verdict::NotFulfilled);
        (statement.attested, statement.why[0].en.clone())
    };
    let until = "manual: its attestation counted until 2025-12-31".to_string();
    assert_eq!(said(std::slice::from_ref(&old)), (Some(Attested::Expired(0)), until));
    let from = "manual: its attestation counts only from 2027-01-01".to_string();
    assert_eq!(said(&[later, old, next]), (Some(Attested::NotYet(2)), from));
}

#[test]
fn of_several_that_count_the_newest_does() {
    let long = attestation("1.2-a", "2020-01-01", "2099-12-31");
    let new = attestation("1.2-a", "2026-11-01", "2027-10-31");
    let attested = |list: &[Attestation]| come_to(&pack(), "1.2-a", &[], list, &[]).attested;
    assert_eq!(attested(&[long.clone(), new.clone()]), Some(Attested::Valid(1)));
    assert_eq!(attested(&[new, long]), Some(Attested::Valid(0)));
}

/// Controls and an attestation: it takes both, and who attests answers for what no control covers.
#[test]
fn an_attestation_answers_for_what_no_control_covers() {
    let mut pack = pack();
    let hosts = [host("h1", "usb-storage-disabled", Outcome::Pass)];
    let plain = come_to(&pack, "1.2-b", &hosts, &[], &[]);
    assert_eq!(plain.verdict, Verdict::Partly);
    assert!(plain.why[0].en.contains("other USB devices"), "{:?}", plain.why);

    let statements = pack.requirements.iter_mut().flat_map(|r| &mut r.statements);
    statements.filter(|s| s.id == "1.2-b").for_each(|s| s.attestation = true);
    assert_eq!(come_to(&pack, "1.2-b", &hosts, &[], &[]).verdict, Verdict::Partly);
    let said = [attestation("1.2-b", "2026-01-01", "2026-12-31")];
    let both = come_to(&pack, "1.2-b", &hosts, &said, &[]);
    assert_eq!(both.verdict, Verdict::Fulfilled);
    assert!(both.missing.is_some(), "it stands beside it");
    let failing = [host("h1", "usb-storage-disabled", Outcome::Fail)];
    assert_eq!(come_to(&pack, "1.2-b", &failing, &said, &[]).verdict, Verdict::Partly);
}

fn waiver(hosts: &[&str]) -> Waiver {
    Waiver {
        control: None,
        statement: Some("1.2-a".into()),
        hosts: hosts.iter().map(|host| (*host).into()).collect(),
        reason: "the cage comes in March".into(),
        approver: "CISO".into(),
        start: day("2026-11-01"),
        expires: day("2027-03-31"),
    }
}

#[test]
fn a_waiver_of_other_hosts_is_in_no_row() {
    let hosts = [host("h1", "usb-storage-disabled", Outcome::Pass)];
    let why = |waiver: Waiver| come_to(&pack(), "1.2-a", &hosts, &[], &[waiver]).why;
    let is_waived = |why: Vec<Text>| why.iter().any(|why| why.en.starts_with("waived: the cage"));
    assert!(is_waived(why(waiver(&[]))) && is_waived(why(waiver(&["h*"]))));
    assert!(!is_waived(why(waiver(&["nosuchhost"]))));
}

/// It is shown wherever the control is, and makes nothing of it that it isn't.
#[test]
fn a_waiver_of_what_is_not_assessed_is_shown() {
    for (outcome, laid) in [
        (Outcome::NotAssessed, (Outcome::NotAssessed, Some(0))),
        (Outcome::Error, (Outcome::Error, Some(0))),
        (Outcome::Fail, (Outcome::Waived, Some(0))),
        (Outcome::Pass, (Outcome::WaivedPass, Some(0))),
        (Outcome::NotApplicable, (Outcome::NotApplicable, None)),
    ] {
        let mut hosts = [host("h1", "c", outcome)];
        waive(&mut hosts, &[waiver(&[])], day(TODAY), |_| vec!["1.2-a".into()]);
        let result = &hosts[0].results[0];
        assert_eq!((result.outcome, result.waiver), laid, "{outcome:?}");
    }
}

/// A waiver of control `c` on all hosts.
fn of_control(start: &str, expires: &str) -> Waiver {
    Waiver {
        control: Some("c".into()),
        statement: None,
        start: day(start),
        expires: day(expires),
        ..waiver(&["h1"])
    }
}

#[test]
fn a_waiver_that_ends_leaves_what_was_below_it() {
    for outcome in Outcome::ALL.into_iter().filter(|o| !matches!(o, Outcome::Waived | Outcome::WaivedPass)) {
        let mut hosts = [host("h1", "c", outcome)];
        waive(&mut hosts, &[of_control("2026-11-01", "2026-12-01")], day(TODAY), |_| Vec::new());
        unwaive(&mut hosts, &[]);
        let result = &hosts[0].results[0];
        assert_eq!((result.outcome, result.unwaived), (outcome, None));
    }
}

#[test]
fn a_waiver_of_another_day_is_named_where_it_fails() {
    let why = |waivers: &[Waiver]| {
        let mut hosts = [host("h1", "c", Outcome::Fail)];
        waive(&mut hosts, waivers, day(TODAY), |_| Vec::new());
        hosts[0].results[0].why.en.clone()
    };
    let (old, next) = (of_control("2025-01-01", "2025-12-31"), of_control("2026-12-24", "2027-12-31"));
    assert_eq!(why(std::slice::from_ref(&old)), "its waiver expired on 2025-12-31");
    assert_eq!(why(&[old, next]), "its waiver counts only from 2026-12-24");
    assert_eq!(why(&[]), "");
}

#[test]
fn what_was_said_of_a_waiver_goes_with_it() {
    for why in [Text::default(), Text::both("x")] {
        for waiver in [of_control("2025-01-01", "2025-12-31"), of_control("2026-12-24", "2027-12-31")] {
            let mut hosts = [host("h1", "c", Outcome::Fail)];
            hosts[0].results[0].why = why.clone();
            let laid = [waiver];
            waive(&mut hosts, &laid, day(TODAY), |_| Vec::new());
            assert_ne!(hosts[0].results[0].why, why);
            unwaive(&mut hosts, &laid);
            assert_eq!(hosts[0].results[0].why, why);
        }
    }
}

/// A control's failure is approved of where all that it serves is, on that host.
#[test]
fn a_waiver_of_one_statement_says_nothing_of_the_others() {
    let of = |statement: &str, hosts: &[&str]| Waiver { statement: Some(statement.into()), ..waiver(hosts) };
    let laid = |waivers: &[Waiver]| {
        let mut hosts = [host("h1", "c", Outcome::Blocked)];
        waive(&mut hosts, waivers, day(TODAY), |_| vec!["1.2-a".into(), "1.2-b".into()]);
        (hosts[0].results[0].outcome, hosts[0].results[0].waiver)
    };
    assert_eq!(laid(&[of("1.2-b", &[])]), (Outcome::Blocked, None));
    assert_eq!(laid(&[of("1.2-b", &[]), of("1.2-a", &["h2"])]), (Outcome::Blocked, None));
    assert_eq!(laid(&[of("9.9-z", &[]), of("1.2-b", &[]), of("1.2-a", &["h1"])]), (Outcome::Waived, Some(1)));
    assert_eq!(laid(&[of("1.2-b", &[]), of_control("2026-11-01", "2026-12-01")]), (Outcome::Waived, Some(1)));
}

#[test]
fn the_waived_statement_says_so_though_its_control_fails() {
    let hosts = [host("h1", "usb-storage-disabled", Outcome::Fail)];
    let mine = Waiver { statement: Some("1.2-b".into()), ..waiver(&[]) };
    let why = come_to(&pack(), "1.2-b", &hosts, &[], &[mine]).why;
    assert!(why.iter().any(|why| why.en.starts_with("waived: the cage")), "{why:?}");
}

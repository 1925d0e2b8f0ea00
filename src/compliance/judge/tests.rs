use super::*;
use crate::change::Origin;
use crate::place::Place;
use std::path::Path;

#[test]
fn who_is_not_let_in_is_told_what_to_try() {
    let refused = Event::Refused {
        host: "web1".into(),
        message: "`web1`: sudo wants a password".into(),
        hint: Some("give it with `-K`".into()),
    };
    let mut said = BTreeMap::new();
    listen(&refused, &mut said);
    let scope = Scope { controls: vec!["c".into()], ..Scope::default() };
    let host = one_host("web1", said.remove("web1").expect("it was heard"), &scope);
    let told = "`web1`: sudo wants a password (give it with `-K`)";
    assert_eq!(host.error.as_deref(), Some(told));
    assert_eq!((host.results[0].outcome, host.results[0].why.en.as_str()), (Outcome::Error, told));
}

fn entry(module: &str, status: Status) -> Entry {
    Entry {
        play: "p".into(),
        origin: Origin {
            task: format!("a {module}"),
            item: None,
            module: module.into(),
            place: Place::new(Path::new("p.yml"), 1, 1),
            control: Some("c".into()),
            secret: false,
            triggers: Vec::new(),
        },
        status,
        changes: Vec::new(),
        action: None,
        notes: Vec::new(),
        lags: None,
        checked: false,
        evidence: Vec::new(),
    }
}

fn comes_to(entries: &[Entry]) -> Outcome {
    outcome(&entries.iter().collect::<Vec<_>>(), &InVain::new()).0
}

#[test]
fn what_only_says_something_is_no_pass() {
    let said = |module: &str| entry(module, Status::Ok);
    let skipped = || entry("file", Status::Skipped { why: "never".into() });
    assert_eq!(comes_to(&[said("debug")]), Outcome::Error);
    assert_eq!(comes_to(&[said("set_fact"), said("debug")]), Outcome::Error);
    assert_eq!(comes_to(&[said("debug"), said("file")]), Outcome::Pass);
    assert_eq!(comes_to(&[said("debug"), skipped()]), Outcome::NotApplicable);
}

#[test]
fn after_a_reboot_is_only_what_is_set() {
    let lagging = || Entry { lags: Some("the rules are locked".into()), ..entry("after_reboot", Status::Ok) };
    assert_eq!(comes_to(&[entry("file", Status::Ok), lagging()]), Outcome::AfterReboot);
    let changed = |risk| Entry {
        action: Some(crate::record::ShownAction {
            title: "run `reboot`".into(),
            risk,
            undo: crate::resource::Undo::None(String::new()),
            probe: false,
        }),
        ..entry("command", Status::Changed { certainty: Certainty::Certain })
    };
    assert_eq!(comes_to(&[changed(Risk::None), lagging()]), Outcome::Fail);
    // Nothing says that it would bring about what is wanted.
    assert_eq!(comes_to(&[changed(Risk::Reboot)]), Outcome::Fail);
}

#[test]
fn a_failure_that_the_playbook_goes_on_after_is_no_pass() {
    let failed = |ignored, rescued| {
        entry("command", Status::Failed { message: "no such tool".into(), ignored, rescued })
    };
    for (ignored, rescued) in [(false, false), (true, false), (false, true)] {
        let entries = [failed(ignored, rescued), entry("file", Status::Ok)];
        assert_eq!(comes_to(&entries), Outcome::Error, "{ignored} {rescued}");
        assert_eq!(findings(&entries[0], &InVain::new()).len(), 1);
    }
}

#[test]
fn what_only_a_check_finds_is_nothing_to_remediate() {
    let status = Status::Failed { message: "telnet listens".into(), ignored: true, rescued: false };
    let check = || Entry { checked: true, ..entry("assert", status.clone()) };
    let result = |entries: &[Entry]| one_control("c", &entries.iter().collect::<Vec<_>>(), &InVain::new());
    assert!(result(&[check(), entry("file", Status::Ok)]).is_only_found());
    let action = Some(crate::record::ShownAction {
        title: "run `x`".into(),
        risk: Risk::None,
        undo: crate::resource::Undo::None(String::new()),
        probe: false,
    });
    let status = Status::Changed { certainty: Certainty::Certain };
    assert!(!result(&[check(), Entry { action, ..entry("command", status) }]).is_only_found());
    assert!(!result(&[entry("file", Status::Ok)]).is_only_found());
}

use super::*;
use proptest::prelude::*;

const FILE: &str = "\
# Who answers for what.
organisation: Example AB   # our name

attestations:
  # The server room.
  - statement: 3.1-a
    text: Locked room   # hall 2
    responsible: A. Person
    date: 2026-01-01
    valid_until: '2026-12-31'  # a year
    # looked at each spring
  - statement: 3.2-a
    text: |
      A safe,
      in another building
    responsible: B. Person
    date: 2026-02-01
    valid_until: 2026-12-31
    # moved in May

# What we wait for.
waivers: []
";

fn path() -> &'static Path {
    Path::new("a.yml")
}

fn attestation(statement: &str) -> Attestation {
    Attestation {
        statement: statement.into(),
        text: "Locked room".into(),
        responsible: "A. Person".into(),
        date: "2026-11-25".parse().expect("a date"),
        valid_until: "2027-11-24".parse().expect("a date"),
        evidence: None,
        sha256: None,
    }
}

fn today() -> Date {
    "2026-11-25".parse().expect("a date")
}

const NEW: &str = "  - statement: 6.1-e
    text: Locked room
    responsible: A. Person
    date: 2026-11-25
    valid_until: 2027-11-24
";

#[test]
fn a_new_one_comes_after_the_last_and_nothing_else_moves() {
    let edited = add(path(), FILE, &attestation("6.1-e")).expect("added");
    let wanted = FILE.replace("    # moved in May\n", &format!("    # moved in May\n{NEW}"));
    assert_eq!(edited, wanted);
}

#[test]
fn a_new_one_is_added_to_files_of_any_shape() {
    for (text, wanted) in [
        ("", format!("attestations:\n{NEW}")),
        ("# mine\n", format!("# mine\nattestations:\n{NEW}")),
        ("attestations:\n", format!("attestations:\n{NEW}")),
        (
            "attestations: []  # none yet\nwaivers: []\n",
            format!("attestations:   # none yet\n{NEW}waivers: []\n"),
        ),
        ("organisation: X", format!("organisation: X\nattestations:\n{NEW}")),
    ] {
        assert_eq!(add(path(), text, &attestation("6.1-e")).expect("added"), wanted, "{text}");
    }
    let flat = "attestations:\n- statement: a\n  text: b\n  responsible: c\n  date: 2026-01-01\n  \
                valid_until: 2026-01-02\n# next\nwaivers: []\n";
    let edited = add(path(), flat, &attestation("6.1-e")).expect("added");
    assert!(edited.contains("2026-01-02\n- statement: 6.1-e\n  text: Locked room\n"), "{edited}");
    assert!(edited.ends_with("valid_until: 2027-11-24\n# next\nwaivers: []\n"), "{edited}");
}

#[test]
fn renewing_replaces_the_days_and_keeps_the_comments() {
    let edited = renew(path(), FILE, &attestation("3.1-a"), today()).expect("renewed");
    let wanted = FILE.replacen("date: 2026-01-01", "date: 2026-11-25", 1).replacen(
        "'2026-12-31'  # a year",
        "2027-11-24  # a year",
        1,
    );
    assert_eq!(edited, wanted);
}

#[test]
fn renewing_can_change_what_is_said_and_name_evidence() {
    let new = Attestation {
        text: "A cage: \"3\" # now".into(),
        evidence: Some("evidence/room.pdf".into()),
        sha256: Some("ab".into()),
        ..attestation("3.1-a")
    };
    let edited = renew(path(), FILE, &new, today()).expect("renewed");
    assert!(edited.contains("    text: 'A cage: \"3\" # now'   # hall 2\n"), "{edited}");
    assert!(edited.contains("# a year\n    evidence: evidence/room.pdf\n    sha256: ab\n"), "{edited}");
    let back = renew(path(), &edited, &attestation("3.1-a"), today()).expect("renewed");
    assert_eq!(back, renew(path(), FILE, &attestation("3.1-a"), today()).expect("renewed"));
}

#[test]
fn what_begins_later_stands_beside_what_counts_until_then() {
    let next = Attestation {
        date: "2027-01-01".parse().expect("a date"),
        valid_until: "2027-12-31".parse().expect("a date"),
        ..attestation("3.1-a")
    };
    let edited = renew(path(), FILE, &next, today()).expect("added");
    assert!(edited.contains("valid_until: '2026-12-31'  # a year"), "{edited}");
    assert!(edited.contains("date: 2027-01-01\n    valid_until: 2027-12-31\n"), "{edited}");
    let longer = Attestation { valid_until: "2028-06-30".parse().expect("a date"), ..next };
    let again = renew(path(), &edited, &longer, today()).expect("renewed");
    assert_eq!(again, edited.replace("2027-12-31", "2028-06-30"));
    let now = renew(path(), &again, &attestation("3.1-a"), today()).expect("renewed");
    assert!(now.contains("date: 2026-11-25") && now.contains("date: 2027-01-01"), "{now}");
}

#[test]
fn what_cant_be_edited_line_by_line_is_refused() {
    let flow = "attestations: [{statement: 3.1-a, text: t, responsible: r, date: 2026-01-01, \
                valid_until: 2026-12-31}]\n";
    let block = "3.2-a";
    for (text, statement) in [(flow, "3.1-a"), (FILE, block)] {
        let error = renew(path(), text, &attestation(statement), today()).expect_err("refused").to_string();
        assert!(error.contains("by hand"), "{error}");
    }
    assert!(add(path(), flow, &attestation("6.1-e")).is_err());
}

proptest! {
    /// Whatever is written, the file either says exactly that afterwards or isn't written.
    #[test]
    fn any_text_is_read_back_as_it_was_given(text in "\\PC{0,40}", who in "[ -~åäö]{1,20}") {
        let new = Attestation { text, responsible: who, ..attestation("3.1-a") };
        for edited in [add(path(), FILE, &new), renew(path(), FILE, &new, today())].into_iter().flatten() {
            let read = Declared::read(path(), &edited).expect("read");
            prop_assert!(read.attestations.contains(&new));
            prop_assert!(edited.contains("# The server room.\n") && edited.contains("# moved in May\n"));
        }
    }
}

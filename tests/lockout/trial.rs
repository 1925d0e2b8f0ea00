//! One case on one host: applied, then applied again by a harda that is killed, each compared.

use crate::cases::{Case, Expect};
use crate::ground::{Ground, play};
use crate::support::Ran;
use std::time::{Duration, Instant};

/// How long the switch waits for the proof.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// What a busy machine may add to the switch's own time.
const MARGIN: Duration = Duration::from_secs(45);

/// What came of a case.
pub struct Row {
    pub name: &'static str,
    pub kind: &'static str,
    /// In words: who refused it, or that it was restored.
    pub outcome: String,
    /// From the start of harda to its end, where it reached the guard.
    pub restored: Option<Duration>,
    pub equal: bool,
    /// From the kill until the host had restored itself.
    pub killed: Option<Duration>,
    pub killed_equal: Option<bool>,
    pub wrong: Vec<String>,
}

pub fn run(ground: &mut Ground<'_>, case: &Case) -> Row {
    let mut row = Row {
        name: case.name,
        kind: case.kind,
        outcome: String::new(),
        restored: None,
        equal: false,
        killed: None,
        killed_equal: None,
        wrong: Vec::new(),
    };
    if !case.prepare.is_empty() {
        let ran = ground.lab.exec(&ground.host, &case.prepare);
        if ran.code == 77 {
            row.outcome = "skipped: this kernel can't".into();
            row.equal = true;
            ground.reset();
            return row;
        }
        if ran.code != 0 {
            row.wrong.push(format!("could not be prepared: {}", ran.all()));
            ground.reset();
            return row;
        }
    }
    // The first login leaves its own marks: faillock's file, sudo's.
    let first = ground.enters(case.user);
    if first.code != 0 {
        row.wrong.push(format!("can't be entered to begin with: {}", first.all()));
    }
    let before = ground.state();
    applied(ground, case, &before, &mut row);
    if case.expect == Expect::Restored {
        if !row.equal {
            afresh(ground, case);
        }
        let before = if row.equal { before } else { ground.state() };
        killed(ground, case, &before, &mut row);
    }
    if !case.prepare.is_empty() || !row.equal || row.killed_equal == Some(false) || !row.wrong.is_empty() {
        ground.reset();
    }
    row
}

fn afresh(ground: &Ground<'_>, case: &Case) {
    ground.reset();
    if !case.prepare.is_empty() {
        ground.lab.exec(&ground.host, &case.prepare);
    }
    ground.enters(case.user);
}

fn arguments<'c>(case: &'c Case, seconds: &'c str) -> Vec<&'c str> {
    let mut words = vec!["--guard-timeout", seconds];
    words.extend(case.more.iter().map(String::as_str));
    words
}

fn book(ground: &Ground<'_>, case: &Case) -> std::path::PathBuf {
    let name: String = case.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    ground.lab.write(&format!("{}-{name}.yml", ground.host), &play(&case.tasks))
}

fn applied(ground: &Ground<'_>, case: &Case, before: &[String], row: &mut Row) {
    let seconds = TIMEOUT.as_secs().to_string();
    let begun = Instant::now();
    let ran = ground.harda("apply", case.user, &book(ground, case), &arguments(case, &seconds));
    let took = begun.elapsed();
    let code = match case.expect {
        Expect::Refused(_) => 2,
        Expect::Restored => 5,
    };
    if ran.code != code {
        row.wrong.push(format!("exit code {code} was expected:\n{}", ran.all()));
    }
    match case.expect {
        Expect::Refused(why) => {
            row.outcome = "refused".into();
            if !ran.all().contains(why) || ran.all().contains("took back") {
                row.wrong.push(format!("it isn't refused for `{why}`:\n{}", ran.all()));
            }
        }
        Expect::Restored => {
            row.outcome = "restored".into();
            row.restored = Some(took);
            if !ran.all().contains("took back") || !named_below(&ran) {
                row.wrong.push(format!("it isn't told with its Change:\n{}", ran.all()));
            }
            if took > 2 * TIMEOUT + MARGIN {
                row.wrong.push(format!("restored after {} s only", took.as_secs()));
            }
        }
    }
    if !ran.all().contains("bites") {
        row.wrong.push(format!("the task isn't named:\n{}", ran.all()));
    }
    row.equal = compared(ground, case, before, &mut row.wrong, &ran.all());
}

/// The list of what was taken back names the Change.
fn named_below(ran: &Ran) -> bool {
    ran.all().split_once("took back").is_some_and(|(_, list)| list.contains("`bites`"))
}

fn compared(
    ground: &Ground<'_>,
    case: &Case,
    before: &[String],
    wrong: &mut Vec<String>,
    told: &str,
) -> bool {
    let login = ground.enters(case.user);
    if login.code != 0 || login.stdout.trim() != "0" {
        wrong.push(format!("`{}` is not let in: {}\n{told}", case.user, login.all()));
    }
    let differs = ground.differs_soon(before);
    if !differs.is_empty() {
        let shown: Vec<String> = differs.iter().take(30).cloned().collect();
        wrong.push(format!("{} lines differ:\n{}\n{told}", differs.len(), shown.join("\n")));
    }
    differs.is_empty()
}

fn killed(ground: &Ground<'_>, case: &Case, before: &[String], row: &mut Row) {
    let seconds = TIMEOUT.as_secs().to_string();
    let mut harda = ground.start("apply", case.user, &book(ground, case), &arguments(case, &seconds));
    let last = if case.tasks.contains("takes effect") { "`takes effect`" } else { "`bites`" };
    let made = ground.wait_for_change(last, false, MARGIN);
    ground.end(&mut harda);
    row.killed_equal = Some(false);
    if !made {
        row.wrong.push("killed: the change was not seen in time".into());
        return;
    }
    row.killed = ground.wait_for_restored(2 * TIMEOUT + MARGIN);
    if row.killed.is_none() {
        row.wrong.push("killed: the host did not restore itself".into());
        return;
    }
    let records = "grep -h '\"restored\"' /var/lib/harda/runs/*/manifest";
    if !ground.lab.exec(&ground.host, records).stdout.contains("nobody proved access in time") {
        row.wrong.push("killed: its record does not say that it was taken back".into());
    }
    if let Err(wrong) = ground.tells_of_it(case.user) {
        row.wrong.push(format!("killed: {wrong}"));
    }
    let mut wrong = Vec::new();
    row.killed_equal = Some(compared(ground, case, before, &mut wrong, ""));
    row.wrong.extend(wrong.into_iter().map(|w| format!("killed: {w}")));
}

/// Case, outcome, and whether all is as before, line by line.
pub fn table(rows: &[Row], took: Duration) -> String {
    let seconds = |d: &Option<Duration>| d.map_or("-".into(), |d| format!("{:.0} s", d.as_secs_f64()));
    let yes = |equal: bool| if equal { "yes" } else { "NO" };
    let mut text = format!(
        "\n{:<52} {:<17} {:<26} {:<6} {:<7} {}\n",
        "ways to lock oneself out", "host", "outcome", "equal", "killed", "equal"
    );
    for row in rows {
        let outcome = match row.restored {
            Some(_) => format!("{} after {}", row.outcome, seconds(&row.restored)),
            None => row.outcome.clone(),
        };
        let killed_equal = row.killed_equal.map_or("-", yes);
        text += &format!(
            "{:<52} {:<17} {:<26} {:<6} {:<7} {}{}\n",
            row.name,
            row.kind,
            outcome,
            yes(row.equal),
            seconds(&row.killed),
            killed_equal,
            if row.wrong.is_empty() { "" } else { "  WRONG" }
        );
    }
    let restored = rows.iter().filter(|row| row.restored.is_some()).count();
    let killed = rows.iter().filter(|row| row.killed.is_some()).count();
    text += &format!(
        "{} cases: {} refused before anything was changed, {restored} restored, {killed} restored with harda killed; in {} s\n\n",
        rows.len(),
        rows.iter().filter(|row| row.outcome == "refused").count(),
        took.as_secs()
    );
    text
}

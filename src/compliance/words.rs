//! What the compliance loop says, in the languages of the scheme: in the audit itself and in every
//! report of it.

use super::audit::Outcome;
use super::declared::Waiver;
use super::{Lang, Text};
use jiff::civil::Date;

/// How an outcome is written for people.
pub fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Pass => lang.pick("uppfylld", "pass"),
        Outcome::Fail => lang.pick("ej uppfylld", "fail"),
        Outcome::Waived => lang.pick("undantagen", "waived"),
        Outcome::WaivedPass => lang.pick("undantagen fast uppfylld", "waived though it passes"),
        Outcome::NotApplicable => lang.pick("ej tillämplig", "not applicable"),
        Outcome::Blocked => lang.pick("hindrad", "blocked"),
        Outcome::Error => lang.pick("fel", "error"),
        Outcome::AfterReboot => lang.pick("efter omstart", "after reboot"),
        Outcome::NotAssessed => lang.pick("ej bedömd", "not assessed"),
    }
}

fn text(sv: impl Into<String>, en: impl Into<String>) -> Text {
    Text { sv: sv.into(), en: en.into() }
}

pub fn no_play() -> Text {
    text("ingen del av spelboken gäller värden", "no play of it is for this host")
}

pub fn after_reboot() -> Text {
    text("inställt; det gäller efter nästa omstart", "set; it takes effect with the next reboot")
}

pub fn undeclared(variables: &[String]) -> Text {
    let names = variables.join(", ");
    text(format!("deklarera {names}"), format!("declare {names}"))
}

/// The conditions of the playbook, as they are written there.
pub fn condition(condition: &str) -> Text {
    text(format!("villkoret gäller inte: {condition}"), format!("its condition does not hold: {condition}"))
}

/// Of a control that is for other hosts.
pub fn for_others(applies: &Text) -> Text {
    text(format!("gäller bara {}", applies.sv), format!("it is for {} only", applies.en))
}

pub fn unknown(task: &str) -> Text {
    text(format!("okänt till dess att `{task}` är gjord"), format!("unknown until `{task}`"))
}

/// Of a control that rests on what a task could not find out.
pub fn in_vain(task: &str, message: &str) -> Text {
    text(
        format!("vilar på `{task}`, som misslyckades: {message}"),
        format!("it rests on `{task}`, which failed: {message}"),
    )
}

pub fn shows_nothing() -> Text {
    text("ingen av dess uppgifter frågar värden något", "none of its tasks asks the host anything")
}

pub fn would_run(action: &str) -> Text {
    text(format!("skulle köra: {action}"), format!("would run: {action}"))
}

pub fn not_whole(why: &str) -> Text {
    text(format!("granskades inte i sin helhet: {why}"), format!("it was not looked at as a whole: {why}"))
}

pub fn not_looked_at() -> Text {
    text("denna granskning omfattade den inte", "this audit did not look at it")
}

/// Whose days the dates of attestations and waivers are.
pub fn days_of(zone: &str) -> Text {
    text(
        format!("dagar för intyg och undantag är de i {zone}, den sista inräknad"),
        format!("days of attestations and waivers are those of {zone}, the last one included"),
    )
}

/// Of an audit that `--limit` kept from some hosts.
pub fn part_of_the_hosts(left_out: &[String]) -> Text {
    let hosts = left_out.join(", ");
    text(
        format!("en del av värdarna: {hosts} granskades inte"),
        format!("part of the hosts: {hosts} left out of the audit"),
    )
}

pub fn waiver_expired(day: Date) -> Text {
    text(format!("undantaget gick ut {day}"), format!("its waiver expired on {day}"))
}

pub fn waiver_not_yet(day: Date) -> Text {
    text(format!("undantaget gäller först från {day}"), format!("its waiver counts only from {day}"))
}

/// A control, and the hosts on which it is short of passing.
pub fn short_of(control: &str, hosts: &[(&str, Outcome)]) -> Text {
    let say = |lang| {
        let each = hosts.iter().map(|(host, came_to)| format!("{host} ({})", outcome(*came_to, lang)));
        format!("{control}: {}", each.collect::<Vec<_>>().join(", "))
    };
    text(say(Lang::Sv), say(Lang::En))
}

pub fn waived(waiver: &Waiver) -> Text {
    text(format!("undantagen: {}", waiver.line(Lang::Sv)), format!("waived: {}", waiver.line(Lang::En)))
}

pub fn nobody_attests() -> Text {
    text("manuell: intygas inte av någon", "manual: nobody attests to it")
}

pub fn attestation_not_yet(day: &str) -> Text {
    text(
        format!("manuell: intyget gäller först från {day}"),
        format!("manual: its attestation counts only from {day}"),
    )
}

pub fn attestation_expired(day: &str) -> Text {
    text(
        format!("manuell: intyget gällde till och med {day}"),
        format!("manual: its attestation counted until {day}"),
    )
}

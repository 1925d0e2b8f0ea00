//! The page's own words. Those of outcomes and verdicts are the same in every report.

use crate::compliance::Lang;
use std::collections::BTreeMap;

/// Name, English, Swedish.
const WORDS: &[(&str, &str, &str)] = &[
    ("again", "When that is dealt with, audit again", "När det är åtgärdat, granska igen"),
    ("all_hosts", "all hosts", "alla värdar"),
    ("approved", "approved by", "godkänt av"),
    ("asked", "asked", "fråga"),
    ("attestation", "Manual, attested", "Manuell, intygad"),
    ("attested_expired", "expired", "intyget har gått ut"),
    ("attested_not_yet", "does not count yet", "intyget gäller inte än"),
    (
        "cell_hint",
        "Arrow keys move between cells, Enter opens one.",
        "Piltangenterna flyttar mellan rutorna, Enter öppnar en.",
    ),
    ("characters_more", "characters more", "tecken till"),
    ("clear", "Clear", "Rensa"),
    ("close", "Close", "Stäng"),
    ("control", "Control", "Kontroll"),
    ("controls", "Controls", "Kontroller"),
    ("differs", "Content, from found to expected", "Innehåll, från funnet till väntat"),
    ("evidence", "Evidence", "Bevis"),
    ("expected", "Expected", "Väntat"),
    ("failing", "Failing", "Ej uppfyllda"),
    ("fold", "Close all", "Stäng alla"),
    ("found", "Found", "Funnet"),
    ("from_to", "Valid", "Gäller"),
    ("hidden", "Differs; the content is not shown", "Skiljer sig; innehållet visas inte"),
    ("host", "Host", "Värd"),
    ("hosts", "Hosts", "Värdar"),
    ("inventory", "Inventory", "Inventarium"),
    ("days_of", "Days of attestations and waivers", "Dagar för intyg och undantag"),
    ("lines_more", "lines more", "rader till"),
    (
        "locks_out",
        "Could lock you out: made under the dead-man's switch",
        "Kan låsa dig ute: görs under dödmansgreppet",
    ),
    ("made", "Made", "Gjord"),
    ("mandatory", "Mandatory statements met", "Obligatoriska delkrav"),
    ("matrix", "Hosts and controls", "Värdar och kontroller"),
    ("may_break", "May break", "Kan störa"),
    ("missing", "Is missing; expected content", "Saknas; väntat innehåll"),
    ("no_undo", "Can't be undone wholly", "Kan inte ångras helt"),
    ("not_covered", "No control covers", "Ingen kontroll täcker"),
    ("nothing", "nothing", "inget"),
    ("nothing_matches", "Nothing matches the filter.", "Inget passar filtret."),
    ("of", "of", "av"),
    ("outcome", "Outcome", "Utfall"),
    (
        "printed_evidence",
        "The hosts' answers and the results that pass are in the file that this was printed from.",
        "Värdarnas svar och de uppfyllda resultaten finns i filen som detta skrevs ut från.",
    ),
    ("property", "Property", "Egenskap"),
    ("reason", "Reason", "Skäl"),
    ("reboots", "Takes effect after a reboot", "Gäller efter omstart"),
    ("remediate", "Remediate", "Åtgärda"),
    (
        "by_hand",
        "A person puts this right, or declares it in the inventory; then audit again",
        "En person åtgärdar detta, eller deklarerar det i inventariet; granska sedan igen",
    ),
    ("requirements", "Requirements", "Krav"),
    ("requirements_met", "Requirements fulfilled", "Uppfyllda krav"),
    ("results", "Results that pass", "Uppfyllda resultat"),
    ("run", "Run", "Körning"),
    ("score", "Score", "Poäng"),
    ("score_mean", "Mean score", "Medelpoäng"),
    ("score_waived", "without waived", "utan undantag"),
    ("search", "Search host, control, text", "Sök värd, kontroll, text"),
    ("served", "Statements", "Delkrav"),
    ("show_control", "Show the control", "Visa kontrollen"),
    ("surplus", "Is there; expected to be gone", "Finns; väntas vara borta"),
    ("system", "System", "System"),
    ("to_content", "To the content", "Till innehållet"),
    ("told", "answer", "svar"),
    ("trend", "The last audits, oldest first", "De senaste granskningarna, äldst först"),
    ("unfold", "Open all", "Öppna alla"),
    ("until", "until", "till och med"),
    ("unreachable", "could not be audited", "kunde inte granskas"),
    ("waiver", "Waiver", "Undantag"),
    ("waivers", "Waivers", "Undantag"),
];

/// The words of one language, by name.
pub fn table(lang: Lang) -> BTreeMap<&'static str, &'static str> {
    let pick = |(name, en, sv): &(&'static str, &'static str, &'static str)| match lang {
        Lang::En => (*name, *en),
        Lang::Sv => (*name, *sv),
    };
    WORDS.iter().map(pick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that the template picks by a value.
    const PICKED: &[&str] = &["again", "by_hand", "differs", "hidden", "missing", "remediate", "surplus"];

    #[test]
    fn each_word_is_used_and_said_once() {
        for (name, en, sv) in WORDS {
            let used = super::super::PAGE.contains(&format!("t.{name}")) || PICKED.contains(name);
            assert!(used, "`{name}` is not in the template");
            assert!(!en.is_empty() && !sv.is_empty(), "`{name}` is said in one language only");
        }
        assert_eq!(table(Lang::En).len(), WORDS.len(), "a name is there twice");
    }
}

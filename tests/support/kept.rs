//! Whether an apply did what its plan had announced, by the records of `--format json`.

use crate::support::Ran;
use serde_json::Value;

pub fn events<'r>(records: &'r [Value], event: &'r str) -> impl Iterator<Item = &'r Value> {
    records.iter().filter(move |record| record["event"] == event)
}

/// Of each host's recap.
pub fn recaps(ran: &Ran) -> Vec<Value> {
    let records = ran.records();
    let recaps: Vec<Value> = events(&records, "finished").map(|record| record["recap"].clone()).collect();
    assert!(!recaps.is_empty());
    recaps
}

/// Certain Changes were all made as shown, and nothing that wasn't announced.
#[track_caller]
pub fn kept_its_word(applied: &Ran) {
    for recap in recaps(applied) {
        let kept = &recap["kept"];
        let count = |name: &str| kept[name].as_u64().expect("a number");
        assert!(count("certain_as_shown") > 15, "{kept}");
        assert_eq!(count("certain_otherwise"), 0, "{kept}");
        assert_eq!(count("not_announced"), 0, "{kept}");
        assert_eq!(kept["not_made"].as_object().map(|tasks| tasks.len()), Some(0), "{kept}");
        assert_eq!((recap["diverged"].as_u64(), recap["failed"].as_u64()), (Some(0), Some(0)), "{recap}");
    }
}

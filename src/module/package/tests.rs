use crate::module::testing::{Bench, wanted};
use crate::resource::Opaque;
use crate::resource::package::apt_lists::{AptLists, ListsState};
use crate::resource::package::{Candidate, Package, PackageState};
use minijinja::Value;
use serde_json::json;

fn bench() -> Bench {
    let mut bench = Bench::new()
        .has::<Package>("bash", PackageState::installed("5.2", true))
        .has::<Package>("rsyslog", offered(Candidate::Version("8.2504.0-1".into())))
        .has::<Package>("nosuch", offered(Candidate::None))
        .has::<Package>("half", {
            let candidate = Candidate::Version("2.0".into());
            PackageState { candidate, ..PackageState::installed("1.0", true) }
        });
    bench.world.facts = Value::from_pairs([("pkg_mgr", "apt")]);
    bench
}

fn offered(candidate: Candidate) -> PackageState {
    PackageState { candidate, ..PackageState::absent(false) }
}

#[test]
fn goals_become_states() {
    let cases = [
        (json!({"name": "bash", "state": "present"}), "bash", "5.2"),
        (json!({"name": "rsyslog", "state": "present"}), "rsyslog", "8.2504.0-1"),
        (
            json!({"name": "rsyslog", "state": "present", "update_cache": true}),
            "rsyslog",
            "8.2504.0-1 or newer",
        ),
        (json!({"name": ["bash", "rsyslog=8.1"]}), "rsyslog", "8.1"),
        (json!({"name": "half"}), "half", "1.0"),
        (json!({"name": "half", "state": "latest"}), "half", "2.0"),
        (json!({"name": "half", "state": "absent"}), "half", "removed, configuration kept"),
        (json!({"name": "half", "state": "absent", "purge": true}), "half", "absent"),
        (json!({"name": "rsyslog", "state": "absent"}), "rsyslog", "absent"),
        (json!({"name": "rsyslog", "only_upgrade": true}), "rsyslog", "absent"),
        (json!({"name": "nosuch", "update_cache": true}), "nosuch", "installed"),
    ];
    for (args, name, shown) in cases {
        let planned = bench().plan("apt", args.clone()).unwrap_or_else(|e| panic!("{args}: {e:?}"));
        assert_eq!(wanted::<Package>(&planned, name).expect("wanted").to_string(), shown, "{args}");
    }
}

#[test]
fn what_cannot_be_had_is_said() {
    let told = |args: serde_json::Value| bench().error("apt", args);
    assert_eq!(
        told(json!({"name": "nosuch"})),
        "package `nosuch` has no candidate on this host: is the name right? (`update_cache: true` fetches the lists first)"
    );
    for name in ["-y", "telnetd-", "x*", "a b", "a=", "@core", "$(id)"] {
        let message = told(json!({ "name": [name] }));
        assert!(message.contains("is no package") || message.contains("groups"), "{name}: {message}");
    }
    assert!(
        told(json!({"deb": "/tmp/x.deb"})).contains("not yet") || told(json!({"deb": "x"})).contains("yet")
    );
    assert!(told(json!({"name": "bash", "allow_unauthenticated": true})).contains("nobody signed"));
    assert_eq!(
        bench().error("dnf", json!({"name": "bash"})),
        "this host's package manager is `apt`, not `dnf` (use `package`)"
    );
}

#[test]
fn a_missing_candidate_may_come_by_an_act_before() {
    let mut bench = bench();
    bench.world.shake(Opaque { task: "add the repository".into(), package: None });
    let planned = bench.plan("package", json!({"name": "nosuch", "state": "present"})).expect("planned");
    assert_eq!(wanted::<Package>(&planned, "nosuch").expect("wanted").to_string(), "installed");
}

#[test]
fn lists_that_are_fresh_are_not_fetched_again() {
    let at = |age: Option<i64>| bench().has::<AptLists>("lists", ListsState { age });
    let task = || json!({"update_cache": true, "cache_valid_time": 3600});
    assert!(at(Some(60)).plan("apt", task()).expect("planned").action.is_none());
    for age in [None, Some(3601)] {
        let action = at(age).plan("apt", task()).expect("planned").action.expect("an action");
        assert_eq!(action.title, "update package lists");
        assert!(action.opaque);
    }
    let upgrade = bench().plan("apt", json!({"upgrade": "dist", "update_cache": true})).expect("planned");
    assert_eq!(
        upgrade.action.map(|a| a.title).as_deref(),
        Some("update package lists, upgrade all packages (dist-upgrade)")
    );
}

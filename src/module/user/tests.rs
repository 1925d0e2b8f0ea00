use crate::module::testing::{Bench, wanted};
use crate::resource::group::{Group, GroupState};
use crate::resource::user::{Account, Ageing, Hash, Password, User, UserState};
use crate::world::Stop;
use minijinja::Value;
use serde_json::json;

const HASH: &str = "$6$saltsalt$abcdefghijklmnop";

fn alice() -> Account {
    Account {
        uid: Some(1001),
        group: Some("alice".into()),
        groups: vec!["adm".into()],
        home: "/home/alice".into(),
        shell: Some("/bin/bash".into()),
        password: Some(Password::Set(Hash::new(HASH))),
        locked: Some(false),
        ageing: Ageing { last_change: Some(20000), max: Some(99999), ..Ageing::default() },
        ..Account::default()
    }
}

fn bench() -> Bench {
    let there = |gid| GroupState::Present { gid: Some(gid), members: vec![] };
    let mut bench = Bench::new()
        .has::<User>("alice", UserState::Present(alice()))
        .has::<User>("bob", UserState::Absent)
        .has::<Group>("alice", there(1001))
        .has::<Group>("bob", GroupState::Absent)
        .has::<Group>("adm", there(4))
        .has::<Group>("sudo", there(27))
        .has::<Group>("none", GroupState::Absent);
    bench.world.facts = Value::from_pairs([("date_time", Value::from_pairs([("epoch", "1764000000")]))]);
    bench
}

fn planned(name: &str, args: serde_json::Value) -> Account {
    let planned = bench().plan("user", args.clone()).unwrap_or_else(|e| panic!("{args}: {e:?}"));
    wanted::<User>(&planned, name).and_then(UserState::account).expect("wanted").clone()
}

#[test]
fn what_is_not_asked_for_stays() {
    assert_eq!(planned("alice", json!({"name": "alice"})), alice());
    let append = planned("alice", json!({"name": "alice", "groups": "sudo", "append": true}));
    assert_eq!(append, Account { groups: vec!["adm".into(), "sudo".into()], ..alice() });
    let exact = planned("alice", json!({"name": "alice", "groups": ["sudo"]}));
    assert_eq!(exact.groups, ["sudo"]);
    assert_eq!(planned("alice", json!({"name": "alice", "groups": ""})).groups, Vec::<String>::new());
    let kept =
        planned("alice", json!({"name": "alice", "password": "$6$a$b", "update_password": "on_create"}));
    assert_eq!(kept, alice());
    assert_eq!(planned("alice", json!({"name": "alice", "password": HASH})), alice());
    let changed = planned("alice", json!({"name": "alice", "password": "$6$a$b"}));
    assert_eq!(changed.ageing.last_change, None);
    assert_eq!(planned("alice", json!({"name": "alice", "expires": 1764000000})).ageing.expires, Some(20416));
    assert_eq!(planned("alice", json!({"name": "alice", "expires": "-1"})).ageing.expires, Some(-1));
}

#[test]
fn a_new_account_leaves_to_the_host_what_is_not_said() {
    let bob = planned("bob", json!({"name": "bob", "groups": "sudo,adm", "shell": "/bin/bash"}));
    let expected = Account {
        group: Some("bob".into()),
        groups: vec!["adm".into(), "sudo".into()],
        home: "/home/bob".into(),
        shell: Some("/bin/bash".into()),
        ..Account::default()
    };
    assert_eq!(bob, expected);
}

#[test]
fn what_would_be_wrong_is_said() {
    let told = |args: serde_json::Value| bench().error("user", args);
    assert_eq!(
        told(json!({"name": "bob", "groups": "none"})),
        "group `none` does not exist (make it with `group` first)"
    );
    let plain = told(json!({"name": "bob", "password": "hemligt1"}));
    assert!(plain.contains("must be a hash") && !plain.contains("hemligt1"), "{plain}");
    assert!(told(json!({"name": "bob;id"})).contains("no user's name"));
    assert!(told(json!({"name": "bob", "comment": "a:b"})).contains("colon"));
    assert!(told(json!({"name": "bob", "generate_ssh_key": true})).contains("yet"));
}

#[test]
fn the_account_that_harda_comes_back_as_stays() {
    let mut bench = bench();
    bench.access.user = "alice".into();
    bench.access.by_sudo = true;
    for args in [
        json!({"name": "alice", "state": "absent"}),
        json!({"name": "alice", "shell": "/usr/sbin/nologin"}),
        json!({"name": "alice", "password_lock": true}),
        json!({"name": "alice", "expires": 0}),
    ] {
        assert!(matches!(bench.plan("user", args.clone()), Err(Stop::Refused(_))), "{args}");
    }
    bench.access.after = Some("admin".into());
    assert!(bench.plan("user", json!({"name": "alice", "state": "absent"})).is_ok());
}

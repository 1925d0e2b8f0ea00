use crate::module::testing::{Bench, wanted};
use crate::resource::Opaque;
use crate::resource::unit::{Active, Boot, Service, Unit, UnitState, brought};
use serde_json::json;

fn present(service: Service) -> UnitState {
    UnitState::Present(service)
}

fn bench() -> Bench {
    let down = |name: &str| Service { boot: Boot::Disabled, active: Active::Inactive, ..brought(name) };
    Bench::new()
        .has::<Unit>("ssh.service", present(brought("ssh.service")))
        .has::<Unit>("sshd.service", present(brought("ssh.service")))
        .has::<Unit>("cron.service", present(down("cron.service")))
        .has::<Unit>(
            "fstrim.service",
            present(Service { passing: true, boot: Boot::Fixed("static".into()), ..down("fstrim.service") }),
        )
        .has::<Unit>("masked.service", present(Service { masked: true, ..down("masked.service") }))
        .has::<Unit>("nosuch.service", UnitState::Absent)
}

#[test]
fn goals_become_states() {
    let cases = [
        (json!({"name": "cron", "state": "started"}), "cron.service", (Boot::Disabled, Active::Active)),
        (json!({"name": "cron", "enabled": true}), "cron.service", (Boot::Enabled, Active::Inactive)),
        (
            json!({"name": "sshd", "state": "stopped", "enabled": false}),
            "ssh.service",
            (Boot::Disabled, Active::Inactive),
        ),
        (
            json!({"name": "fstrim", "enabled": true}),
            "fstrim.service",
            (Boot::Fixed("static".into()), Active::Inactive),
        ),
    ];
    for (args, id, (boot, active)) in cases {
        let planned = bench().plan("service", args.clone()).unwrap_or_else(|e| panic!("{args}: {e:?}"));
        let unit = wanted::<Unit>(&planned, id).expect("wanted").service().expect("there");
        assert_eq!((unit.boot.clone(), unit.active), (boot, active), "{args}");
        assert!(planned.action.is_none(), "{args}");
    }
}

#[test]
fn restarts_are_actions() {
    let title = |args: serde_json::Value| {
        bench().plan("systemd", args).expect("planned").action.map(|a| a.title).unwrap_or_default()
    };
    assert_eq!(title(json!({"name": "sshd", "state": "restarted"})), "restart ssh.service");
    assert_eq!(title(json!({"name": "cron", "state": "reloaded"})), "reload cron.service");
    assert_eq!(title(json!({"name": "fstrim", "state": "started"})), "start fstrim.service");
    assert_eq!(title(json!({"daemon_reload": true})), "systemctl daemon-reload");
}

#[test]
fn what_cannot_be_done_is_said() {
    let told = |args: serde_json::Value| bench().error("systemd", args);
    assert_eq!(
        told(json!({"name": "nosuch", "state": "started"})),
        "unit `nosuch.service` is not on this host, and no task before brings it (is the name right?)"
    );
    assert!(told(json!({"name": "masked", "state": "started"})).contains("is masked"));
    assert!(told(json!({"name": "a b"})).contains("no unit's name"));
    assert!(told(json!({"name": "--now"})).contains("no unit's name"));
    assert!(told(json!({"state": "started"})).contains("needs `name`"));
    assert!(told(json!({"name": "cron", "scope": "user"})).contains("only `system`"));
    let planned = bench().plan("systemd", json!({"name": "fstrim", "enabled": false})).expect("planned");
    assert!(planned.notes[0].contains("can't be disabled"));
}

#[test]
fn a_unit_may_come_with_a_package_before() {
    let mut bench = bench();
    bench.world.shake(Opaque { task: "install".into(), package: Some("nosuch".into()) });
    let planned = bench.plan("service", json!({"name": "nosuch", "state": "started"})).expect("planned");
    assert_eq!(wanted::<Unit>(&planned, "nosuch.service"), Some(&present(brought("nosuch.service"))));
    let planned = bench.plan("systemd", json!({"name": "nosuch", "masked": true})).expect("planned");
    assert!(wanted::<Unit>(&planned, "nosuch.service").expect("wanted").service().expect("there").masked);
}

#[test]
fn a_mask_is_for_the_name_that_was_given() {
    let bench = bench();
    let planned = bench.plan("systemd", json!({"name": "sshd.service", "masked": true})).expect("planned");
    let to = wanted::<Unit>(&planned, "sshd.service").and_then(UnitState::service).expect("by its alias");
    assert!(to.masked && to.name == "sshd.service", "{to:?}");
    assert!(wanted::<Unit>(&planned, "ssh.service").is_none());
}

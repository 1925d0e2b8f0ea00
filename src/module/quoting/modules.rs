//! Every module with hostile arguments: it refuses them, or they arrive as they are.

use super::stage::Stage;
use super::{SHELLS, Values, check, with_hostile_texts};
use crate::fragment::{Fragment, quote};
use crate::module::testing::Bench;
use crate::module::{MODULES, Planned};
use crate::resource::{Extras, State, questions};
use crate::template::Var;
use crate::world::Stop;
use serde_json::{Value, json};

/// The arguments of a module, hostile wherever text may stand; none for one that is not known here.
fn arguments(module: &str, values: &Values<'_>, folder: &str) -> Option<Vec<Value>> {
    let v = || values.next();
    let path = || format!("{folder}/{}", v());
    // Those who take a path refuse a line feed in it.
    let there = format!("{folder}/there");
    Some(match module {
        "assert" => vec![json!({"that": "true", "success_msg": v()})],
        "authorized_key" => {
            let key = format!(
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH6cVZeEyVzL0n7gwyW0s1aKM0QSbjJVb3cQ9BQdOo5a {}",
                v()
            );
            vec![
                json!({"user": v(), "key": key}),
                json!({"user": "root", "key": key, "path": path(), "key_options": v(), "comment": v()}),
            ]
        }
        "blockinfile" => vec![
            json!({"path": there, "block": v(), "marker": format!("# {{mark}} {}", v()), "owner": v(), "create": true}),
        ],
        "command" => vec![
            json!({"argv": ["logger", v(), v()], "expand_argument_vars": false, "stdin": v()}),
            json!({"cmd": format!("logger {}", quote(&v())), "expand_argument_vars": false, "chdir": path()}),
            json!({"argv": [v()], "expand_argument_vars": false, "creates": path()}),
        ],
        "copy" => vec![
            json!({"content": v(), "dest": path(), "owner": v(), "group": v()}),
            json!({"src": path(), "dest": format!("{folder}/a"), "remote_src": true}),
            json!({"content": v(), "dest": there, "owner": v()}),
        ],
        "debug" => vec![json!({"msg": v()})],
        "fail" | "refuse" | "after_reboot" => vec![json!({"msg": v()})],
        "file" => vec![
            json!({"path": path(), "state": "directory", "owner": v(), "group": v()}),
            json!({"path": path(), "state": "touch"}),
            json!({"path": path(), "state": "link", "src": v(), "force": true}),
            json!({"path": format!("{folder}/l"), "state": "link", "src": path(), "force": true}),
            json!({"path": there, "state": "file", "owner": v(), "group": v()}),
            json!({"path": folder, "state": "directory", "recurse": true, "owner": v(), "group": v(), "mode": "u=rwX"}),
            json!({"path": there, "state": "absent"}),
        ],
        "group" => vec![json!({"name": v()})],
        "kernel_module" => vec![json!({"name": [v()], "state": "blocked"})],
        "lineinfile" => {
            vec![json!({"path": there, "line": v(), "insertafter": "EOF", "owner": v(), "create": true})]
        }
        "login_defs" => vec![json!({"settings": {"UMASK": v(), v(): "1"}})],
        "modprobe" => vec![json!({"name": v()}), json!({"name": "dummy", "params": v()})],
        "apt" | "dnf" | "package" => {
            vec![
                json!({"name": [v()], "state": "present"}),
                json!({"name": format!("bash={}", v()), "state": "present"}),
            ]
        }
        "pam_profile" => vec![json!({"name": v(), "content": v()})],
        "password_ageing" => vec![json!({"max_days": 365, "exclude": [v()]})],
        "logins" => vec![json!({})],
        "ping" => vec![json!({"data": v()})],
        "replace" => {
            vec![json!({"path": there, "regexp": "x", "replace": v().replace('\\', ""), "owner": v()})]
        }
        "service" | "systemd" => vec![json!({"name": v(), "state": "restarted"})],
        "set_fact" => vec![json!({"a": v()})],
        "shell" => vec![
            json!({"cmd": format!("logger {}", quote(&v())), "stdin": v()}),
            json!({"cmd": ":", "executable": path(), "chdir": path()}),
        ],
        "sshd_config" => vec![json!({"settings": {"Banner": v(), v(): "yes"}})],
        "stat" => vec![json!({"path": path()})],
        "sysctl" => vec![
            json!({"name": v(), "value": v(), "sysctl_file": there}),
            json!({"name": "kernel.ostype", "value": v(), "sysctl_file": there, "ignoreerrors": true}),
        ],
        "template" => vec![json!({"src": "t.j2", "dest": path(), "owner": v(), "group": v()})],
        "user" => vec![
            json!({"name": v()}),
            json!({"name": "hardatest", "home": path(), "shell": path(), "comment": v(), "groups": [v()]}),
            json!({"name": "hardatest", "home": path(), "shell": path(), "comment": v(), "password": format!("$6$a${}", v())}),
        ],
        _ => return None,
    })
}

/// Plans a task as the engine does: what it asks for is observed, in this shell, until it is known.
fn plan(
    stage: &Stage,
    values: &Values<'_>,
    shell: &[&str],
    module: &str,
    args: &Value,
) -> Result<(Bench, Planned), Stop> {
    let mut bench = Bench::new().local("/play/templates/t.j2", "{{ x }}\n");
    bench.scope = bench.scope.with("x", Var::Data(values.text.into()));
    for _ in 0..6 {
        match bench.plan(module, args.clone()) {
            Err(Stop::Waiting) => {}
            Err(stop) => return Err(stop),
            Ok(planned) => return Ok((bench, planned)),
        }
        for question in questions(&bench.world.take_demands()) {
            let (reply, calls) = stage.run(shell, &question.fragment);
            values.arrived_whole(&calls, &question.fragment.script);
            for ((key, level), state) in question.keys.iter().zip(question.read(&reply)) {
                bench.world.observed(key.clone(), level.clone(), state);
            }
        }
    }
    Err(Stop::Waiting)
}

/// Runs what was planned; says how many scripts there were.
fn make(stage: &Stage, values: &Values<'_>, bench: &Bench, planned: Planned) -> usize {
    let mut scripts = Vec::new();
    for want in planned.wants {
        let Some(from) = bench.world.current(&want.key).cloned() else { continue };
        let both: [(&State, &State, &Extras); 2] =
            [(&from, &want.to, &want.extras), (&want.to, &from, &Extras::default())];
        for (from, to, extras) in both {
            if let Ok(realise) = want.key.realise(from, to, extras) {
                let mut fragment = Fragment::new(realise.script);
                fragment.input = realise.input;
                scripts.push(fragment);
            }
        }
    }
    scripts.extend(planned.action.map(|action| {
        let mut fragment = Fragment::new(action.script.clone());
        fragment.input = action.inputs();
        fragment
    }));
    scripts.iter().for_each(|fragment| check(stage, values, fragment));
    scripts.len()
}

#[test]
fn no_module_lets_a_value_out_of_its_word() {
    with_hostile_texts(3, |stage, values| {
        std::fs::write(format!("{}/there", stage.host()), "x y\n").expect("written");
        for module in MODULES {
            let name = module.names()[0];
            let cases = arguments(name, values, &stage.host());
            for args in cases.unwrap_or_else(|| panic!("module `{name}` has no hostile arguments here")) {
                for shell in SHELLS {
                    if let Ok((bench, planned)) = plan(stage, values, shell, name, &args) {
                        make(stage, values, &bench, planned);
                    }
                }
            }
        }
    });
}

/// That the modules which take any text do plan with it: a test that everybody refuses shows nothing.
#[test]
fn hostile_values_come_as_far_as_a_script() {
    let stage = Stage::new();
    let values = Values { text: "a'b\"c $(id) `id` \\ * ;", made: std::cell::RefCell::default() };
    std::fs::write(format!("{}/there", stage.host()), "x y\n").expect("written");
    for name in
        ["blockinfile", "command", "copy", "file", "lineinfile", "replace", "shell", "stat", "template"]
    {
        let cases = arguments(name, &values, &stage.host()).expect("known");
        let made: Vec<_> = cases
            .iter()
            .map(|args| match plan(&stage, &values, SHELLS[0], name, args) {
                Ok((bench, planned)) => Ok(make(&stage, &values, &bench, planned)),
                Err(stop) => Err(stop),
            })
            .collect();
        assert!(made.iter().any(|made| name == "stat" || matches!(made, Ok(1..))), "{name}: {made:?}");
    }
}

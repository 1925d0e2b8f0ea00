//! `harda init --from`: a first declaration of what a server has, which a person prunes.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::put;
use serde_yaml::Value;
use support::Lab;

#[test]
fn what_a_server_has_is_declared_and_nothing_is_changed_there() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    put(&lab, host, "/etc/systemd/system/extra.service", "[Service]\nExecStart=/bin/sleep 1000\n");
    lab.exec(host, "systemctl start extra; cp /bin/true /usr/local/bin/odd; chmod 4755 /usr/local/bin/odd")
        .expect(0);
    // What a host says is text: no template, and no line of YAML of its own.
    lab.exec(
        host,
        "usermod -c '{{ lookup(\"pipe\", \"id\") }}' alice; cp /bin/true '/usr/local/bin/a: {{ 7 * 7 }}'",
    )
    .expect(0);
    lab.exec(host, "chmod 2755 '/usr/local/bin/a: {{ 7 * 7 }}'").expect(0);
    let before = lab
        .exec(host, "find /etc /var/lib -xdev -type f -newermt '-1 day' | sort; ls /var/lib")
        .expect(0)
        .stdout;

    let folder = lab.folder.path().join("site").to_string_lossy().into_owned();
    let (address, home) = (lab.address(host), format!("HOME={}", lab.folder.path().display()));
    let server = format!("admin@{address}");
    let key = lab.env("HARDA_LAB_KEY");
    let arguments =
        ["init", &folder, "--from", &server, "-b", "--private-key", &key, "--accept-new-host-keys"];
    lab.harda_with(&[&home], &arguments).expect(0).says("say what the rest is for");
    let path = format!("{folder}/inventory/host_vars/{address}.yml");
    let text = std::fs::read_to_string(&path).expect("the declaration");
    let declared: Value = serde_yaml::from_str(&text).expect("YAML");

    let persons = declared["accounts_persons"].as_sequence().expect("persons");
    let names: Vec<_> = persons.iter().filter_map(|person| person["name"].as_str()).collect();
    assert_eq!(names, ["admin", "operator", "alice"]);
    assert!(persons[0]["keys"][0].as_str().is_some_and(|key| key.starts_with("SHA256:")), "{text}");
    assert!(persons.iter().all(|person| person["purpose"].is_null()), "a person says what for: {text}");
    assert!(declared["services_as_root_allowed"].as_sequence().expect("services").contains(&"extra".into()));
    let programs = declared["permissions_suid_allowed"].as_sequence().expect("programs");
    assert!(programs.contains(&"/usr/local/bin/odd".into()), "{text}");
    assert!(!text.contains("/usr/bin/passwd"), "what comes with the system needs no declaring: {text}");
    assert!(text.contains(r#"- !unsafe "/usr/local/bin/a: {{ 7 * 7 }}""#), "{text}");

    let after = lab
        .exec(host, "find /etc /var/lib -xdev -type f -newermt '-1 day' | sort; ls /var/lib")
        .expect(0)
        .stdout;
    assert_eq!(before, after);
    // What a person has written is never replaced, and what nobody has is refused before any contact.
    lab.harda_with(&[&home], &arguments).expect(1).says("is there already");
    let inventory = lab.write("site/inventory/mine.yml", &format!("all:\n  hosts:\n    {address}:\n"));
    let pack = format!("{folder}/playbooks/stampeltjanst");
    let audit = lab.harda_with(&[&home], &["audit", &pack, "-i", &inventory.to_string_lossy()]).expect(1);
    audit.says("`accounts_persons[0].purpose` must be a string");
}

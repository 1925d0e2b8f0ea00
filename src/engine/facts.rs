//! The hello: what a host says of itself in the first round trip.
//!
//! The script prints `name=value` lines; lists are given line by line under the same name. It needs
//! no more than a POSIX shell, reads files rather than starting programs where it can, and a line
//! that is missing only leaves its fact out.

use crate::fragment::{Fragment, Observation, Reply};
use minijinja::Value;
use std::collections::BTreeMap;

const SCRIPT: &str = include_str!("facts.sh");

pub fn question() -> Observation {
    Observation(Fragment::new(SCRIPT))
}

/// The facts as `ansible_facts` holds them, without the prefix `ansible_`.
pub fn read(reply: &Reply) -> Value {
    let said = Said::read(&reply.text());
    let mut facts: BTreeMap<String, Value> = BTreeMap::new();
    distribution(&said, &mut facts);
    for name in [
        "kernel",
        "kernel_version",
        "architecture",
        "machine",
        "hostname",
        "nodename",
        "fqdn",
        "domain",
        "service_mgr",
        "pkg_mgr",
        "virtualization_type",
        "virtualization_role",
        "user_id",
        "machine_id",
        "product_name",
    ] {
        if let Some(value) = said.one(name) {
            facts.insert(name.into(), value.into());
        }
    }
    facts.insert("system".into(), said.one("system").unwrap_or("Linux").into());
    for name in ["user_uid", "user_gid", "processor_vcpus", "memtotal_mb"] {
        if let Some(number) = said.one(name).and_then(|n| n.parse::<i64>().ok()) {
            facts.insert(name.into(), number.into());
        }
    }
    facts.insert("python_version".into(), said.one("python_version").map_or(Value::from(()), Value::from));
    facts.insert("selinux".into(), selinux(&said));
    facts.insert("apparmor".into(), pairs([("status", said.one("apparmor").unwrap_or("disabled"))]));
    facts.insert("date_time".into(), clock(&said));
    facts.insert("mounts".into(), said.all("mount").filter_map(mount).collect());
    addresses(&said, &mut facts);
    facts.insert("env_path".into(), said.one("path").unwrap_or_default().into());
    if let Some(connection) = said.one("ssh_connection") {
        facts.insert("ssh_connection".into(), connection.into());
    }
    if let Some(login) = said.one("login_user") {
        facts.insert("login_user".into(), login.into());
    }
    Value::from_pairs(facts)
}

/// The lines of the answer by name.
struct Said(Vec<(String, String)>);

impl Said {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        Said(lines.map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }
}

fn pairs<const N: usize>(items: [(&str, &str); N]) -> Value {
    Value::from_pairs(items.map(|(name, value)| (name.to_string(), Value::from(value))))
}

/// Ansible's names for the distributions that /etc/os-release calls by its `ID`.
fn distribution(said: &Said, facts: &mut BTreeMap<String, Value>) {
    let id = said.one("os_id").unwrap_or_default();
    let (name, family) = match id {
        "debian" => ("Debian", "Debian"),
        "ubuntu" => ("Ubuntu", "Debian"),
        "linuxmint" => ("Linux Mint", "Debian"),
        "raspbian" => ("Debian", "Debian"),
        "rhel" => ("RedHat", "RedHat"),
        "rocky" => ("Rocky", "RedHat"),
        "almalinux" => ("AlmaLinux", "RedHat"),
        "centos" => ("CentOS", "RedHat"),
        "fedora" => ("Fedora", "RedHat"),
        "ol" => ("OracleLinux", "RedHat"),
        "alpine" => ("Alpine", "Alpine"),
        "arch" => ("Archlinux", "Archlinux"),
        "opensuse-leap" | "opensuse-tumbleweed" | "sles" => ("SLES", "Suse"),
        other => (other, said.one("os_id_like").unwrap_or(other)),
    };
    let version = match (id, said.one("debian_version")) {
        // Ansible gives Debian's point release.
        ("debian", Some(full)) if full.starts_with(|c: char| c.is_ascii_digit()) => full,
        _ => said.one("os_version").unwrap_or_default(),
    };
    let major = said.one("os_version").unwrap_or_default().split('.').next().unwrap_or_default();
    for (key, value) in [
        ("distribution", name),
        ("os_family", family),
        ("distribution_version", version),
        ("distribution_major_version", major),
        ("distribution_release", said.one("os_codename").unwrap_or_default()),
    ] {
        facts.insert(key.into(), value.into());
    }
}

fn selinux(said: &Said) -> Value {
    match said.one("selinux") {
        Some(mode) => pairs([("status", "enabled"), ("mode", mode)]),
        None => pairs([("status", "disabled")]),
    }
}

fn clock(said: &Said) -> Value {
    let epoch = said.one("epoch").unwrap_or_default();
    let mut fields = vec![("epoch".to_string(), Value::from(epoch))];
    let stamp = epoch.parse::<i64>().ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    if let Some(stamp) = stamp {
        let text = stamp.to_string();
        fields.push(("iso8601".into(), Value::from(text.clone())));
        fields.push(("date".into(), Value::from(&text[..10])));
        fields.push(("year".into(), Value::from(&text[..4])));
        fields.push(("month".into(), Value::from(&text[5..7])));
        fields.push(("day".into(), Value::from(&text[8..10])));
        fields.push(("time".into(), Value::from(&text[11..19])));
    }
    fields.push(("tz".into(), Value::from("UTC")));
    Value::from_pairs(fields)
}

/// A line of /proc/mounts, its octal escapes undone.
fn mount(line: &str) -> Option<Value> {
    let mut words =
        line.split(' ').map(|w| w.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"));
    let (device, at, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(pairs([("device", &device), ("mount", &at), ("fstype", &kind), ("options", &options)]))
}

fn addresses(said: &Said, facts: &mut BTreeMap<String, Value>) {
    let of = |family: &str| -> Vec<(String, String)> {
        let lines = said.all("address").filter_map(|line| {
            let mut words = line.split(' ');
            let (interface, fam, address) = (words.next()?, words.next()?, words.next()?);
            Some((interface.to_string(), fam.to_string(), address.split('/').next()?.to_string()))
        });
        lines
            .filter(|(_, fam, _)| fam == family)
            .map(|(interface, _, address)| (interface, address))
            .collect()
    };
    let (v4, v6) = (of("inet"), of("inet6"));
    let outside = |list: &[(String, String)]| -> Value {
        list.iter()
            .filter(|(i, a)| i != "lo" && !a.starts_with("127."))
            .map(|(_, a)| Value::from(a.as_str()))
            .collect()
    };
    facts.insert("all_ipv4_addresses".into(), outside(&v4));
    facts.insert("all_ipv6_addresses".into(), outside(&v6));
    let mut interfaces: Vec<&str> = v4.iter().chain(&v6).map(|(i, _)| i.as_str()).collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    facts.insert("interfaces".into(), interfaces.iter().map(|i| Value::from(*i)).collect());
    let main = said.one("default_interface").unwrap_or_default();
    let default = v4.iter().find(|(i, _)| i == main).or_else(|| v4.iter().find(|(i, _)| i != "lo"));
    let empty = Value::from_pairs(Vec::<(String, Value)>::new());
    facts.insert(
        "default_ipv4".into(),
        default.map_or(empty, |(interface, address)| pairs([("interface", interface), ("address", address)])),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn facts_by(shell: &[&str]) -> Value {
        let out = Command::new(shell[0])
            .args(&shell[1..])
            .arg("-c")
            .arg(SCRIPT)
            .env("LC_ALL", "C")
            .output()
            .expect("the shell starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        read(&Reply { stdout: out.stdout, ..Reply::default() })
    }

    #[test]
    fn this_machine_tells_its_facts_in_every_shell() {
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let facts = facts_by(shell);
            let text = |name: &str| facts.get_attr(name).expect("a map").to_string();
            assert_eq!(text("os_family"), "Debian", "{shell:?}");
            assert_eq!(text("pkg_mgr"), "apt");
            assert_eq!(text("user_uid"), "0");
            assert!(text("kernel").starts_with(|c: char| c.is_ascii_digit()));
            assert!(!text("hostname").is_empty());
            assert!(facts.get_attr("mounts").expect("a map").len().is_some_and(|n| n > 0));
        }
    }

    #[test]
    fn an_unhelpful_host_gives_few_facts_and_no_error() {
        let facts = read(&Reply { stdout: b"kernel=6.1\n\xff\xfe=\nmount=x\n".to_vec(), ..Reply::default() });
        assert_eq!(facts.get_attr("kernel").expect("a map").to_string(), "6.1");
        assert_eq!(facts.get_attr("mounts").expect("a map").len(), Some(0));
    }
}

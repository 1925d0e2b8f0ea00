//! A kernel parameter: its value now, and what the files give it at boot.

mod observe;

use super::{Difference, Extras, Key, Kind, Opaque, Realise, Risk, State, Undo, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};

pub struct Sysctl;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SysctlState {
    /// None where this host's kernel has no such key.
    pub value: Option<String>,
    /// Whether it can be written: in a container most keys belong to the host below.
    pub writable: bool,
    /// Who sets it at boot, in the order in which it is read: the last one wins.
    pub boot: Vec<Assignment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub file: String,
    pub value: String,
}

/// What a plan rests on: the files are other resources, which the same task may write.
impl PartialEq for SysctlState {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.writable == other.writable
    }
}

/// Keys that only a reboot takes back, and the values that do it (the kernel's
/// Documentation/admin-guide/sysctl/kernel.rst and LSM/Yama.rst).
const ONE_WAY: &[(&str, &str)] = &[
    ("kernel.yama.ptrace_scope", "3"),
    ("kernel.kexec_load_disabled", "1"),
    ("kernel.unprivileged_bpf_disabled", "1"),
    ("kernel.modules_disabled", "1"),
];

/// Whether the kernel refuses another value than this one, until it is started anew.
pub fn is_locked(key: &str, found: &str) -> bool {
    ONE_WAY.contains(&(dotted(key).as_str(), folded(found).as_str()))
}

/// The one way to write a key: with dots between its parts. As in sysctl(8), the first separator
/// tells the other's meaning: `net/ipv4/conf/eth0.100/rp_filter`.
pub fn dotted(key: &str) -> String {
    match key.find(['.', '/']) {
        Some(at) if key[at..].starts_with('/') => key
            .chars()
            .map(|c| {
                if c == '/' {
                    '.'
                } else if c == '.' {
                    '/'
                } else {
                    c
                }
            })
            .collect(),
        _ => key.to_string(),
    }
}

/// The file below /proc/sys.
fn path(key: &str) -> String {
    let turned: String = dotted(key)
        .chars()
        .map(|c| {
            if c == '.' {
                '/'
            } else if c == '/' {
                '.'
            } else {
                c
            }
        })
        .collect();
    format!("/proc/sys/{turned}")
}

/// A value as it is compared: runs of blanks are one, for the kernel writes tabs.
pub fn folded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keys whose setting has the kernel set another one too, to what suits a router or a host
/// (`inet_forward_change` in net/ipv4/devinet.c): nobody asked for that, and no plan announced it.
const FORWARDING: &[&str] = &["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"];

const REDIRECTS: &str = "/proc/sys/net/ipv4/conf/all/accept_redirects";

impl Kind for Sysctl {
    type Id = String;
    type State = SysctlState;
    const NAME: &'static str = "sysctl";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<SysctlState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(_key: &String, from: &SysctlState, to: &SysctlState) -> Vec<Difference> {
        let word = |state: &SysctlState| state.value.clone().unwrap_or_else(|| "no such key".into());
        match Self::same(from, to) {
            true => Vec::new(),
            false => vec![Difference::property("value", word(from), word(to))],
        }
    }

    fn realise(
        key: &String,
        _from: &SysctlState,
        to: &SysctlState,
        _extras: &Extras,
    ) -> Result<Realise, String> {
        let Some(value) = &to.value else { return Err(format!("the key `{key}` can't be made to vanish")) };
        let set = format!("printf '%s\\n' {} > {} || exit 1\n", quote(value), quote(&path(key)));
        Ok(Realise::script(match FORWARDING.contains(&dotted(key).as_str()) {
            true => format!("was=$(cat {REDIRECTS})\n{set}printf '%s\\n' \"$was\" > {REDIRECTS} || exit 1\n"),
            false => set,
        }))
    }

    fn same(found: &SysctlState, wanted: &SysctlState) -> bool {
        found.value.as_deref().map(folded) == wanted.value.as_deref().map(folded)
    }

    fn undo(key: &String, _from: &SysctlState, to: &SysctlState) -> Undo {
        match is_locked(key, to.value.as_deref().unwrap_or_default()) {
            true => Undo::None("the kernel takes it back only at a reboot".into()),
            false => Undo::Full,
        }
    }

    fn risk(key: &String, _from: &SysctlState, _to: &SysctlState) -> Risk {
        // Which of them shuts out hangs on the host: its routes, its peers, its rules.
        match dotted(key).starts_with("net.") {
            true => Risk::LockOut,
            false => Risk::None,
        }
    }

    fn shaken(_key: &String, state: &SysctlState, _by: &Opaque) -> bool {
        state.value.is_none()
    }

    fn stands_on(_key: &String, changed: &Key, _now: &State) -> bool {
        matches!(changed, Key::File(path) if path.contains("/sysctl.d/") || path == "/etc/sysctl.conf")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_paths() {
        let cases = [
            ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            ("net/ipv4/conf/eth0.100/rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
            ("net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
        ];
        for (key, wanted) in cases {
            assert_eq!(path(key), wanted);
        }
        assert_eq!(dotted("net/ipv4/conf/eth0.100/rp_filter"), "net.ipv4.conf.eth0/100.rp_filter");
    }

    #[test]
    fn any_value_of_the_network_can_lock_out() {
        let state = SysctlState { value: None, writable: true, boot: Vec::new() };
        let risk = |key: &str| Sysctl::risk(&key.to_string(), &state, &state);
        for key in ["net.core.somaxconn", "net/ipv4/tcp_rmem", "net.ipv4.conf.all.arp_ignore"] {
            assert_eq!(risk(key), Risk::LockOut, "{key}");
        }
        assert_eq!(risk("kernel.dmesg_restrict"), Risk::None);
    }

    #[test]
    fn values_are_compared_with_blanks_folded() {
        let state = |value: &str| SysctlState { value: Some(value.into()), writable: true, boot: Vec::new() };
        assert!(Sysctl::same(&state("4096\t16384 4194304"), &state("4096 16384  4194304")));
        assert!(!Sysctl::same(&state("0"), &state("1")));
        let undo = |key: &str| Sysctl::undo(&key.to_string(), &state("0"), &state("1"));
        assert!(matches!(undo("kernel/modules_disabled"), Undo::None(_)));
        assert_eq!(undo("kernel.dmesg_restrict"), Undo::Full);
    }
}

//! What a command may cost, by the words in it.

mod tools;

use super::{Risk, Ways};
use crate::resource::{package, unit};

/// Programs and services whose name in a command line says that it can end the admin's access.
const ACCESS_WORDS: &[&str] = &[
    "ssh",
    "sshd",
    "visudo",
    "pam-auth-update",
    "authselect",
    "passwd",
    "chpasswd",
    "chage",
    "usermod",
    "groupmod",
    "delgroup",
    "userdel",
    "deluser",
    "groupdel",
    "faillock",
    "nft",
    "nftables",
    "ufw",
    "firewall-cmd",
    "firewalld",
    "ipset",
    "ip",
    "route",
    "ifconfig",
    "sysctl",
    "ifdown",
    "ifup",
    "nmcli",
    "netplan",
    "networking",
    "systemd-networkd",
    "NetworkManager",
    "fail2ban-client",
    "shorewall",
    "wg-quick",
    "networkctl",
    "dhclient",
    "tc",
    "isolate",
    "setenforce",
    "authconfig",
    // Files and folders that logins hang on, as parts of a path.
    ".ssh",
    "authorized_keys",
    ".profile",
    ".bash_profile",
    ".bashrc",
    "profile.d",
    "bash.bashrc",
    "sshd_config",
    "sshd_config.d",
    "pam.d",
    "faillock.conf",
    "sudoers",
    "sudoers.d",
    "doas.conf",
    "shadow",
    "gshadow",
    "nologin",
    "hosts.deny",
    "nsswitch.conf",
    "chsh",
    "gpasswd",
    "groupmems",
    "vipw",
];

/// Programs that end the machine's run.
const REBOOT_WORDS: &[&str] = &["reboot", "shutdown", "poweroff", "halt", "kexec"];

/// A word and the next one that leave no network, or end the machine's run.
const PAIRS: &[(&[&str], &[&str], Risk)] = &[
    (&["init", "telinit"], &["1", "s", "S"], Risk::LockOut),
    (&["systemctl"], &["rescue", "emergency"], Risk::LockOut),
    (&["init", "telinit"], &["0", "6"], Risk::Reboot),
];

/// Package managers, and their words for taking one away.
const MANAGERS: &[&str] =
    &["apt", "apt-get", "aptitude", "dpkg", "dnf", "yum", "microdnf", "rpm", "zypper", "apk"];
const REMOVALS: &[&str] =
    &["remove", "purge", "autoremove", "autopurge", "erase", "del", "--remove", "--purge", "-r", "-P", "-e"];

/// Values of the kernel that decide on every packet.
const NETWORK: &str = "/proc/sys/net";

/// What is told of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub risk: Risk,
    /// Paths that it may take away or write to, and that a login hangs on; one that ends in `/` with
    /// all that is in it.
    pub paths: Vec<String>,
}

/// A guess on the safe side, as what a command does is not known. `folder` is the one that it runs in.
pub fn judge(line: &str, folder: Option<&str>, ways: &Ways) -> Told {
    let paths = tools::paths(line, folder, ways);
    let risk = if paths.is_empty() { risk_of_words(line) } else { Risk::LockOut };
    Told { risk, paths: paths.into_iter().collect() }
}

fn risk_of_words(line: &str) -> Risk {
    let parts = |apart: &'static str| {
        move |line| -> Vec<&str> {
            str::split(line, |c: char| c.is_whitespace() || apart.contains(c))
                .filter(|w| !w.is_empty())
                .collect()
        }
    };
    let words = parts("/;&|()'\"=<>")(line);
    // With the slashes of paths in them.
    let whole = parts(";&|()'\"=<>")(line);
    let network = || whole.iter().any(|word| word.starts_with(NETWORK));
    if shuts_out(&words)
        || shuts_a_door(&words)
        || tools::takes_a_home(&words)
        || network()
        || removes(&whole)
    {
        return Risk::LockOut;
    }
    let mut risks = words.windows(2).filter_map(|pair| {
        let fits = |(first, then, _): &&(&[&str], &[&str], Risk)| {
            first.contains(&pair[0]) && then.contains(&pair[1])
        };
        PAIRS.iter().find(fits).map(|(.., risk)| *risk)
    });
    if words.iter().any(|word| REBOOT_WORDS.contains(word)) {
        Risk::Reboot
    } else {
        risks.next().unwrap_or(Risk::None)
    }
}

fn shuts_out(words: &[&str]) -> bool {
    let filters = ["iptables", "ip6tables", "ebtables", "arptables"];
    words
        .iter()
        .map(|word| word.trim_end_matches(".service"))
        .any(|word| filters.iter().any(|filter| word.starts_with(filter)) || ACCESS_WORDS.contains(&word))
}

/// A unit without which nobody gets in is stopped, or a target by which all of them are.
fn shuts_a_door(words: &[&str]) -> bool {
    let any = |of: &[&str]| words.iter().any(|word| of.contains(word));
    let is_door =
        |word: &&str| word.ends_with(".target") || word.ends_with(".mount") || unit::is_a_door(word);
    any(&["systemctl"]) && any(&["stop", "restart", "kill", "mask", "disable"]) && words.iter().any(is_door)
}

/// A package goes that logins rest on.
fn removes(words: &[&str]) -> bool {
    let any = |of: &[&str]| words.iter().any(|word| of.contains(word));
    any(MANAGERS) && any(REMOVALS) && words.iter().any(|word| package::keeps_in(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_judged_by_its_words() {
        let risk = |line: &str| judge(line, None, &Ways::default()).risk;
        let lock_out = [
            "nft -f /x",
            "sh -c 'rm /etc/pam.d/common-auth'",
            "chmod 777 /home/anna",
            "chown -R a ~/",
            "echo exit >>/root/.bashrc",
            "apt-get -y purge openssh-server",
            "dpkg --purge sudo",
            "init 1",
            "telinit S",
            "systemctl rescue",
            "systemctl isolate x.target",
            "systemctl stop basic.target",
            "systemctl stop home.mount",
            "systemctl mask --now systemd-logind",
            "chmod u-s /usr/bin/sudo",
            "chmod -R o-rwx /etc",
            "chmod 700 /",
            "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all",
        ];
        for line in lock_out {
            assert_eq!(risk(line), Risk::LockOut, "{line}");
        }
        assert_eq!(risk("init 6"), Risk::Reboot);
        assert_eq!(risk("systemctl reboot"), Risk::Reboot);
        for line in [
            "apt-get install openssh-server",
            "apt-get purge telnet",
            "chmod 644 /etc/motd",
            "ls /home/anna",
            "systemctl status systemd-logind",
            "systemctl restart cron",
        ] {
            assert_eq!(risk(line), Risk::None, "{line}");
        }
    }
}

//! What a command may cost, by the words in it.

use super::{Risk, service_of};
use crate::resource::package;

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

/// Programs that take a path from those who need it.
const TOOLS: &[&str] = &["chmod", "chown", "chgrp", "setfacl", "chattr", "rm", "mv"];

/// How homes are named.
const HOMES: &[&str] = &["home", "root", "~"];

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

/// A guess on the safe side, as what a command does is not known.
pub fn risk_of_words(line: &str) -> Risk {
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
    if shuts_out(&words) || takes_away(&words, &whole) || removes(&whole) {
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

/// A home, or what a login hangs on, and a tool that can take it away; a value of the network.
fn takes_away(words: &[&str], whole: &[&str]) -> bool {
    let hangs_on =
        |path: &&str| path.starts_with('/') && service_of(path).is_some_and(|s| s.risk == Risk::LockOut);
    let names_it = || words.iter().any(|word| HOMES.contains(word)) || whole.iter().any(hangs_on);
    words.iter().any(|word| TOOLS.contains(word)) && names_it()
        || whole.iter().any(|word| word.starts_with(NETWORK))
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
            "chmod u-s /usr/bin/sudo",
            "chmod -R o-rwx /etc",
            "chmod 700 /",
            "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all",
        ];
        for line in lock_out {
            assert_eq!(risk_of_words(line), Risk::LockOut, "{line}");
        }
        assert_eq!(risk_of_words("init 6"), Risk::Reboot);
        assert_eq!(risk_of_words("apt-get install openssh-server"), Risk::None);
        assert_eq!(risk_of_words("apt-get purge telnet"), Risk::None);
        assert_eq!(risk_of_words("systemctl reboot"), Risk::Reboot);
        assert_eq!(risk_of_words("chmod 644 /etc/motd"), Risk::None);
        assert_eq!(risk_of_words("ls /home/anna"), Risk::None);
    }
}

//! sshd's patterns for users and groups: `*`, `?`, `!`, and `user@host` (ssh_config(5), PATTERNS).

use std::net::IpAddr;

/// Whether a name matches one pattern; `!pattern` matches nothing by itself.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // reach[j]: whether the pattern so far matches the first j characters.
    let mut reach = vec![false; n.len() + 1];
    reach[0] = true;
    for c in p {
        let mut next = vec![false; n.len() + 1];
        for j in 0..=n.len() {
            next[j] = match c {
                '*' => reach[j] || (j > 0 && next[j - 1]),
                '?' => j > 0 && reach[j - 1],
                c => j > 0 && reach[j - 1] && n[j - 1] == c,
            };
        }
        reach = next;
    }
    reach[n.len()]
}

/// `user`, or `user@host` where the host is an address, a pattern of one, or a CIDR.
pub fn user_matches(pattern: &str, user: &str, from: &str) -> bool {
    match pattern.rsplit_once('@') {
        Some((name, host)) => matches(name, user) && host_matches(host, from),
        None => matches(pattern, user),
    }
}

fn host_matches(pattern: &str, from: &str) -> bool {
    match pattern.split_once('/') {
        Some((net, bits)) => in_net(net, bits, from).unwrap_or(false),
        None => matches(pattern, from),
    }
}

fn in_net(net: &str, bits: &str, address: &str) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    let (width, net, address) = match (net.parse().ok()?, address.parse().ok()?) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (32, u128::from(a.to_bits()), u128::from(b.to_bits())),
        (IpAddr::V6(a), IpAddr::V6(b)) => (128, a.to_bits(), b.to_bits()),
        _ => return Some(false),
    };
    let shift = (width as u32).checked_sub(bits)?;
    let cut = |n: u128| n.checked_shr(shift).unwrap_or(0);
    Some(cut(net) == cut(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_sshds() {
        for (pattern, name, wanted) in [
            ("adm*", "admin", true),
            ("a?min", "admin", true),
            ("admin", "admin2", false),
            ("*", "", true),
            ("!admin", "admin", false),
            ("*n*n", "admin", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
        for (pattern, wanted) in [
            ("admin@192.0.2.*", true),
            ("admin@192.0.2.0/24", true),
            ("admin@198.51.100.0/24", false),
            ("bob@192.0.2.7", false),
            ("admin@2001:db8::/32", false),
            ("admin", true),
        ] {
            assert_eq!(user_matches(pattern, "admin", "192.0.2.7"), wanted, "{pattern}");
        }
        assert!(user_matches("a@2001:db8::/32", "a", "2001:db8::1"));
    }
}

//! What harda's own SSH speaks: an sshd that is left with nothing of it locks harda out.

use super::Effective;

/// What the transport offers, in its order; a test there compares. libssh2 has more, which is not
/// offered: CBC, certificates. What only OpenSSL 3.5 brings (ML-KEM) is left out: the build that runs
/// may not have it.
pub const KEX: &[&str] = &[
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
];
pub const CIPHERS: &[&str] = &[
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
];
pub const MACS: &[&str] =
    &["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];
pub const KEYS: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// A list that sshd and harda must have something of in common.
struct Common {
    keyword: &'static str,
    /// For messages.
    what: &'static str,
    ours: &'static [&'static str],
}

const COMMON: &[Common] = &[
    Common { keyword: "kexalgorithms", what: "key exchange", ours: KEX },
    Common { keyword: "ciphers", what: "cipher", ours: CIPHERS },
    Common { keyword: "macs", what: "MAC", ours: MACS },
    Common { keyword: "hostkeyalgorithms", what: "host key algorithm", ours: KEYS },
    Common { keyword: "pubkeyacceptedalgorithms", what: "public key algorithm", ours: KEYS },
];

/// Why harda couldn't speak with this sshd; `host_key` is the type of the key that the host shows
/// to harda now, which known_hosts holds.
pub fn refuses(effective: &Effective, host_key: Option<&str>) -> Option<String> {
    let lists = COMMON.iter().filter(|c| c.keyword != "macs" || !authenticated(effective));
    lists
        .filter_map(|common| nothing_common(effective, common))
        .next()
        .or_else(|| no_host_key(effective, host_key))
}

/// A keyword's list in force, split; nothing if this sshd doesn't print it.
fn list<'a>(effective: &'a Effective, keyword: &str) -> Vec<&'a str> {
    effective.values(keyword).iter().flat_map(|v| v.split(',')).collect()
}

/// The cipher that will be taken (the client's first that the server has) brings its own MAC.
fn authenticated(effective: &Effective) -> bool {
    let theirs = list(effective, "ciphers");
    let taken = CIPHERS.iter().find(|c| theirs.contains(c));
    taken.is_some_and(|c| c.contains("gcm") || c.contains("poly1305"))
}

fn nothing_common(effective: &Effective, common: &Common) -> Option<String> {
    let theirs = list(effective, common.keyword);
    if theirs.is_empty() || theirs.iter().any(|name| common.ours.contains(name)) {
        return None;
    }
    Some(format!(
        "sshd would be left with no {} that harda's own SSH speaks (`{}`; harda has {})",
        common.what,
        theirs.join(","),
        common.ours.iter().take(4).map(|o| format!("`{o}`")).collect::<Vec<_>>().join(", ")
    ))
}

/// The signature algorithms that a host key of this type serves.
pub fn signatures(key_type: &str) -> Vec<&str> {
    match key_type {
        "ssh-rsa" => vec!["rsa-sha2-512", "rsa-sha2-256"],
        other => vec![other],
    }
}

fn no_host_key(effective: &Effective, in_use: Option<&str>) -> Option<String> {
    let theirs = list(effective, "hostkeyalgorithms");
    if theirs.is_empty() || effective.host_keys.is_empty() {
        return None;
    }
    let shows = |key_type: &str| {
        effective.host_key_types().any(|t| t == key_type)
            && signatures(key_type).iter().any(|s| theirs.contains(s) && KEYS.contains(s))
    };
    match in_use {
        Some(used) if !shows(used) => Some(format!(
            "sshd would no longer show its `{used}` host key, by which harda knows this host (leave it in `HostKeyAlgorithms` and `HostKey`, or put another of the host's keys into known_hosts first)"
        )),
        None if !effective.host_key_types().any(shows) => {
            Some("sshd would be left with no host key that harda's own SSH can check".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh2::{MethodType, Session};

    #[test]
    fn libssh2_has_all_of_the_tables() {
        let session = Session::new().expect("a session");
        let cases = [
            (MethodType::Kex, KEX),
            (MethodType::CryptCs, CIPHERS),
            (MethodType::MacCs, MACS),
            (MethodType::HostKey, KEYS),
        ];
        for (method, table) in cases {
            let supported = session.supported_algs(method).expect("a list");
            let lacking: Vec<_> = table.iter().filter(|name| !supported.contains(name)).collect();
            assert_eq!(lacking, Vec::<&&str>::new());
        }
    }

    #[test]
    fn what_libssh2_has_and_harda_never_offers_is_not_spoken() {
        for (keyword, value) in [
            ("ciphers", "aes256-cbc,aes128-cbc"),
            ("hostkeyalgorithms", "ssh-ed25519-cert-v01@openssh.com"),
            ("pubkeyacceptedalgorithms", "ssh-ed25519-cert-v01@openssh.com"),
        ] {
            assert!(refuses(&left(&[(keyword, value)]), None).is_some(), "{keyword} {value}");
        }
    }

    fn left(lists: &[(&str, &str)]) -> Effective {
        let mut effective = Effective::default();
        for (keyword, value) in lists {
            effective.global.insert(keyword.to_string(), vec![value.to_string()]);
        }
        effective
    }

    #[test]
    fn an_sshd_that_speaks_nothing_of_ours_is_told() {
        let told = refuses(&left(&[("kexalgorithms", "mlkem768x25519-sha256,sntrup761x25519-sha512")]), None);
        assert_eq!(
            told.as_deref(),
            Some(
                "sshd would be left with no key exchange that harda's own SSH speaks (`mlkem768x25519-sha256,sntrup761x25519-sha512`; harda has `curve25519-sha256`, `curve25519-sha256@libssh.org`, `ecdh-sha2-nistp256`, `ecdh-sha2-nistp384`)"
            )
        );
        assert!(
            refuses(&left(&[("ciphers", "aes256-ctr"), ("macs", "umac-64@openssh.com")]), None).is_some()
        );
        // A cipher with a MAC of its own needs none.
        let own = left(&[("ciphers", "aes256-gcm@openssh.com"), ("macs", "umac-64@openssh.com")]);
        assert_eq!(refuses(&own, None), None);
    }

    #[test]
    fn the_host_key_that_harda_knows_stays() {
        let mut effective = left(&[("hostkeyalgorithms", "rsa-sha2-512"), ("hostkey", "/k/rsa")]);
        effective.host_keys = [("/k/rsa".to_string(), "ssh-rsa".to_string())].into();
        assert_eq!(refuses(&effective, Some("ssh-rsa")), None);
        assert_eq!(refuses(&effective, None), None);
        assert!(refuses(&effective, Some("ssh-ed25519")).expect("told").contains("`ssh-ed25519` host key"));
        effective.host_keys = [("/k/ed".to_string(), "ssh-ed25519".to_string())].into();
        assert!(refuses(&effective, None).is_some());
    }
}

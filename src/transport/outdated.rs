//! The lists of algorithms that the system's `ssh` is left, whatever ssh_config says.

use super::Login;
use super::connector::Connector;
use super::failure::{Failure, FailureKind};

/// Lists of ssh_config.
const LISTS: [&str; 6] = [
    "Ciphers",
    "MACs",
    "KexAlgorithms",
    "HostKeyAlgorithms",
    "PubkeyAcceptedAlgorithms",
    "CASignatureAlgorithms",
];

/// Parts of names: SHA-1 and MD5, CBC, DSA, 3DES, RC4, and tags of 64 or 96 bits.
const OUTDATED: [&str; 8] = ["sha1", "md5", "-cbc", "3des", "dss", "arcfour", "umac-64", "-96"];

/// RSA keys that sign by SHA-1 have the name of the key's type.
const BY_SHA1: [&str; 2] = ["ssh-rsa", "ssh-rsa-cert-v01@openssh.com"];

/// Options that take what is outdated out of the lists in force; what ssh_config allows besides
/// stays as it is.
pub(super) fn options(connector: &Connector, login: &Login) -> Result<Vec<String>, Failure> {
    let answer = connector.ssh_config.answer(login)?;
    let mut options = Vec::new();
    for list in LISTS {
        let Some(all) = answer.one(&list.to_lowercase()) else { continue };
        let left = current(all);
        if left.is_empty() {
            let message = format!("ssh_config leaves `{}` only what is outdated: `{list} {all}`", login.name);
            return Err(Failure::new(FailureKind::Input, message).hint("allow a current one there"));
        }
        if left != all {
            options.push(format!("{list}={left}"));
        }
    }
    Ok(options)
}

fn current(list: &str) -> String {
    let is_current = |name: &&str| !OUTDATED.iter().any(|old| name.contains(old)) && !BY_SHA1.contains(name);
    list.split(',').filter(is_current).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outdated_goes_and_the_rest_keeps_its_order() {
        assert_eq!(current("umac-64@openssh.com,hmac-sha2-256,hmac-sha1-96,hmac-sha1"), "hmac-sha2-256");
        assert_eq!(current("rsa-sha2-512,ssh-rsa,ssh-ed25519,ssh-dss"), "rsa-sha2-512,ssh-ed25519");
        assert_eq!(current("diffie-hellman-group14-sha1,aes128-cbc"), "");
    }
}

//! The keywords of sshd_config: their names, the OpenSSH that first knew them, whether a Match block
//! may hold them, and how a list of values is written.
//!
//! Source: sshd_config(5) and servconf.c of OpenSSH 10.0, the release notes for the versions, and
//! Debian's patches (DebianBanner, the GSSAPI key exchange).

use crate::place::nearest;

/// How several values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// On one line, with blanks between.
    Words,
    /// On one line, with commas between: a list of algorithms, or of what is named.
    Commas,
    /// An algorithm list, cut to what this host's sshd knows; what `ssh -Q` calls it.
    Algorithms(&'static str),
    /// A line each.
    Lines,
}

#[derive(Clone, Copy, Debug)]
pub struct Keyword {
    pub name: &'static str,
    pub since: (u32, u32),
    pub in_match: bool,
    pub shape: Shape,
    /// All occurrences count, not the first alone.
    pub adds_up: bool,
}

impl Keyword {
    const fn new(name: &'static str) -> Self {
        Keyword { name, since: (0, 0), in_match: false, shape: Shape::Words, adds_up: false }
    }

    const fn m(mut self) -> Self {
        self.in_match = true;
        self
    }

    const fn since(mut self, major: u32, minor: u32) -> Self {
        self.since = (major, minor);
        self
    }

    const fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    const fn adds_up(mut self) -> Self {
        self.adds_up = true;
        self
    }

    /// As `sshd -T` spells it.
    pub fn canonical(&self) -> String {
        crate::resource::sshd::canonical(self.name)
    }
}

const fn k(name: &'static str) -> Keyword {
    Keyword::new(name)
}

use Shape::{Algorithms, Commas, Lines};

pub const KEYWORDS: &[Keyword] = &[
    k("AcceptEnv").m().adds_up(),
    k("AddressFamily"),
    k("AllowAgentForwarding").m(),
    k("AllowGroups").m().adds_up(),
    k("AllowStreamLocalForwarding").m(),
    k("AllowTcpForwarding").m(),
    k("AllowUsers").m().adds_up(),
    k("AuthenticationMethods").m(),
    k("AuthorizedKeysCommand").m(),
    k("AuthorizedKeysCommandUser").m(),
    k("AuthorizedKeysFile").m(),
    k("AuthorizedPrincipalsCommand").m(),
    k("AuthorizedPrincipalsCommandUser").m(),
    k("AuthorizedPrincipalsFile").m(),
    k("Banner").m(),
    k("CASignatureAlgorithms").m().since(7, 9).shape(Algorithms("key")),
    k("ChallengeResponseAuthentication").m(),
    k("ChannelTimeout").m().since(9, 2),
    k("ChrootDirectory").m(),
    k("Ciphers").shape(Algorithms("cipher")),
    k("ClientAliveCountMax").m(),
    k("ClientAliveInterval").m(),
    k("Compression"),
    k("DebianBanner"),
    k("DenyGroups").m().adds_up(),
    k("DenyUsers").m().adds_up(),
    k("DisableForwarding").m().since(7, 4),
    k("ExposeAuthInfo").m().since(7, 6),
    k("FingerprintHash"),
    k("ForceCommand").m(),
    k("GSSAPIAuthentication").m(),
    k("GSSAPICleanupCredentials"),
    k("GSSAPIKexAlgorithms").shape(Commas),
    k("GSSAPIKeyExchange"),
    k("GSSAPIStoreCredentialsOnRekey"),
    k("GSSAPIStrictAcceptorCheck"),
    k("GatewayPorts").m(),
    k("HostCertificate").shape(Lines).adds_up(),
    k("HostKey").shape(Lines).adds_up(),
    k("HostKeyAgent"),
    k("HostKeyAlgorithms").shape(Algorithms("key")),
    k("HostbasedAcceptedAlgorithms").m().since(8, 5).shape(Algorithms("key")),
    k("HostbasedAuthentication").m(),
    k("HostbasedUsesNameFromPacketOnly").m(),
    k("IPQoS").m(),
    k("IgnoreRhosts").m(),
    k("IgnoreUserKnownHosts"),
    k("KbdInteractiveAuthentication").m(),
    k("KerberosAuthentication").m(),
    k("KerberosGetAFSToken"),
    k("KerberosOrLocalPasswd"),
    k("KerberosTicketCleanup"),
    k("KexAlgorithms").shape(Algorithms("kex")),
    k("ListenAddress").shape(Lines).adds_up(),
    k("LogLevel").m(),
    k("LogVerbose").m().since(8, 5).shape(Commas),
    k("LoginGraceTime"),
    k("MACs").shape(Algorithms("mac")),
    k("MaxAuthTries").m(),
    k("MaxSessions").m(),
    k("MaxStartups"),
    k("ModuliFile").since(8, 5),
    k("PAMServiceName").m().since(9, 8),
    k("PasswordAuthentication").m(),
    k("PerSourceMaxStartups").since(8, 5),
    k("PerSourceNetBlockSize").since(8, 5),
    k("PerSourcePenalties").since(9, 8),
    k("PerSourcePenaltyExemptList").since(9, 8).shape(Commas),
    k("PermitEmptyPasswords").m(),
    k("PermitListen").m().since(7, 8),
    k("PermitOpen").m(),
    k("PermitRootLogin").m(),
    k("PermitTTY").m(),
    k("PermitTunnel").m(),
    k("PermitUserEnvironment"),
    k("PermitUserRC").m(),
    k("PidFile"),
    k("Port").shape(Lines).adds_up(),
    k("PrintLastLog"),
    k("PrintMotd"),
    k("PubkeyAcceptedAlgorithms").m().since(8, 5).shape(Algorithms("key")),
    k("PubkeyAuthOptions").m().since(8, 4),
    k("PubkeyAuthentication").m(),
    k("RefuseConnection").m().since(9, 9),
    k("RekeyLimit").m(),
    k("RequiredRSASize").since(9, 1),
    k("RevokedKeys").m(),
    k("SecurityKeyProvider").since(8, 2),
    k("SetEnv").m().since(7, 8),
    k("SshdAuthPath").since(10, 0),
    k("SshdSessionPath").since(9, 8),
    k("StreamLocalBindMask").m(),
    k("StreamLocalBindUnlink").m(),
    k("StrictModes"),
    k("Subsystem").m().shape(Lines),
    k("SyslogFacility"),
    k("TCPKeepAlive"),
    k("TrustedUserCAKeys").m(),
    k("UnusedConnectionTimeout").m().since(9, 2),
    k("UseDNS"),
    k("UsePAM"),
    k("VersionAddendum"),
    k("X11DisplayOffset").m(),
    k("X11Forwarding").m(),
    k("X11UseLocalhost").m(),
    k("XAuthLocation"),
];

/// What sshd takes and ignores, or no longer takes: setting it does nothing.
const RETIRED: &[&str] = &[
    "Protocol",
    "UsePrivilegeSeparation",
    "RhostsRSAAuthentication",
    "RSAAuthentication",
    "KeyRegenerationInterval",
    "ServerKeyBits",
    "UseLogin",
    "DSAAuthentication",
];

/// The keyword of this name, in any case.
pub fn find(name: &str) -> Result<&'static Keyword, String> {
    let same = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some(keyword) = KEYWORDS.iter().find(|k| same(k.name)) {
        return Ok(keyword);
    }
    if RETIRED.iter().any(|retired| same(retired)) {
        return Err(format!("`{name}` is retired: sshd ignores it (leave it out)"));
    }
    if same("match") || same("include") {
        return Err(format!("`{name}` is no setting (give Match blocks under `match`)"));
    }
    let folded: Vec<(String, &str)> = KEYWORDS.iter().map(|k| (k.name.to_lowercase(), k.name)).collect();
    let near = nearest(&name.to_lowercase(), folded.iter().map(|(lower, _)| lower.as_str()));
    let hint = near
        .and_then(|n| folded.iter().find(|(lower, _)| lower == n))
        .map(|(_, proper)| format!(" (did you mean `{proper}`?)"))
        .unwrap_or_default();
    Err(format!("sshd has no keyword `{name}`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case_and_mistakes_are_told() {
        assert_eq!(find("permitrootlogin").map(|k| k.name), Ok("PermitRootLogin"));
        let told = |name: &str| find(name).expect_err("unknown");
        assert_eq!(
            told("PermitRotLogin"),
            "sshd has no keyword `PermitRotLogin` (did you mean `PermitRootLogin`?)"
        );
        assert_eq!(told("Protocol"), "`Protocol` is retired: sshd ignores it (leave it out)");
        assert_eq!(told("Match"), "`Match` is no setting (give Match blocks under `match`)");
        assert_eq!(told("Xyzzy"), "sshd has no keyword `Xyzzy`");
    }

    #[test]
    fn every_name_is_in_order_and_once() {
        assert!(
            KEYWORDS
                .windows(2)
                .all(|w| w[0].name.to_lowercase() <= w[1].name.to_lowercase() || w[0].name < w[1].name)
        );
    }
}

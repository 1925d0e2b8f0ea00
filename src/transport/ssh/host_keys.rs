//! Whether a host's key is the one that known_hosts has for it.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use ssh_key::{HashAlg, PublicKey};

use super::config::Destination;
use crate::transport::connector::locked;
use crate::transport::failure::{Failure, FailureKind};

/// The host key algorithms that are asked for, by the type of the key that they sign with.
const ALGORITHMS: &[(&str, &str)] = &[
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "ssh-rsa"),
    ("rsa-sha2-256", "ssh-rsa"),
];

/// One line of a known_hosts file.
#[derive(Debug)]
pub(in crate::transport) struct Line {
    number: usize,
    entry: Entry,
}

#[derive(Debug)]
pub(in crate::transport) struct KnownFile {
    lines: Vec<Line>,
    /// Lines that say `@revoked` of something that isn't understood: they can't be ignored.
    unclear: Vec<usize>,
}

/// All known_hosts files of a run, each read once.
#[derive(Default)]
pub(in crate::transport) struct KnownHosts {
    files: Mutex<HashMap<PathBuf, Arc<KnownFile>>>,
}

impl KnownFile {
    /// The lines that are about this name.
    pub(in crate::transport) fn about<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f Line> {
        self.lines.iter().filter(move |line| is_about(line.entry.host_patterns(), name))
    }
}

/// The lines that are about one host.
pub(super) struct Known<'a> {
    destination: &'a Destination,
    matches: Vec<Match>,
    /// The lines are those of the host at its usual port: they vouch for the same key at this one,
    /// and say nothing against another (as ssh(1) has it).
    borrowed: bool,
}

struct Match {
    file: PathBuf,
    number: usize,
    marker: Option<Marker>,
    key: PublicKey,
}

/// A host's key that is in no known_hosts file.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    /// The inventory's name of the host.
    pub name: String,
    /// As it is written to known_hosts: `host`, or `[host]:port`.
    pub address: String,
    /// `ED25519`, `ECDSA` or `RSA`.
    pub algorithm: String,
    /// `SHA256:...`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    line: String,
    file: PathBuf,
}

/// What known_hosts says of a key.
pub(super) enum Verdict {
    Known,
    New(NewKey),
    Refused(Failure),
}

impl KnownHosts {
    /// What the files know of a host.
    pub(super) fn of<'a>(&self, destination: &'a Destination) -> Result<Known<'a>, Failure> {
        let name = destination.known_name();
        let mut matches = self.about(destination, &name)?;
        let plain = destination.plain_name();
        let borrowed = plain != name && matches.iter().all(|m| m.marker.is_some());
        if borrowed {
            matches.extend(self.about(destination, &plain)?);
        }
        Ok(Known { destination, matches, borrowed })
    }

    /// The lines of all files that are about a name.
    fn about(&self, destination: &Destination, name: &str) -> Result<Vec<Match>, Failure> {
        let mut matches = Vec::new();
        for path in &destination.known_hosts {
            let file = self.read(path)?;
            if let Some(number) = file.unclear.first() {
                let message = format!("{}:{number}: this `@revoked` line can't be read", path.display());
                return Err(Failure::new(FailureKind::Input, message).hint("correct or remove the line"));
            }
            matches.extend(file.about(name).map(|line| Match {
                file: path.clone(),
                number: line.number,
                marker: line.entry.marker().cloned(),
                key: line.entry.public_key().clone(),
            }));
        }
        Ok(matches)
    }

    fn read(&self, path: &Path) -> Result<Arc<KnownFile>, Failure> {
        let mut files = locked(&self.files);
        if let Some(file) = files.get(path) {
            return Ok(file.clone());
        }
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => {
                let message = format!("`{}` can't be read: {e}", path.display());
                return Err(Failure::new(FailureKind::Input, message));
            }
        };
        let file = Arc::new(parse(&text));
        files.insert(path.to_path_buf(), file.clone());
        Ok(file)
    }

    /// Writes a new key to the host's first known_hosts file, and knows it from now on.
    pub(in crate::transport) fn add(&self, new: &NewKey) -> Result<(), Failure> {
        let mut files = locked(&self.files);
        append(&new.file, &new.line).map_err(|e| {
            let message = format!("`{}` can't be written: {e}", new.file.display());
            Failure::new(FailureKind::Input, message)
        })?;
        files.remove(&new.file);
        Ok(())
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = fs::read(path).is_ok_and(|text| text.last().is_some_and(|b| *b != b'\n'));
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let separator = if unfinished { "\n" } else { "" };
    file.write_all(format!("{separator}{line}\n").as_bytes())
}

pub(in crate::transport) fn parse(text: &str) -> KnownFile {
    let mut file = KnownFile { lines: Vec::new(), unclear: Vec::new() };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        match line.split_whitespace().collect::<Vec<_>>().join(" ").parse::<Entry>() {
            Ok(entry) => file.lines.push(Line { number: index + 1, entry }),
            Err(_) if line.starts_with("@revoked") => file.unclear.push(index + 1),
            // As OpenSSH does: a key of an unknown type vouches for nothing.
            Err(_) => {}
        }
    }
    file
}

fn is_about(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::Patterns(patterns) => {
            let matches = |pattern: &str| glob(pattern.to_lowercase().as_bytes(), name.as_bytes());
            let denied = patterns.iter().filter_map(|p| p.strip_prefix('!')).any(matches);
            !denied && patterns.iter().filter(|p| !p.starts_with('!')).any(|p| matches(p))
        }
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
            mac.update(name.as_bytes());
            mac.verify_slice(hash).is_ok()
        }),
    }
}

/// OpenSSH's patterns: `*` and `?`.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

impl Known<'_> {
    /// The algorithms to ask the host for: first those of the keys that are known, so that a host
    /// with several keys shows one that can be checked.
    pub(super) fn preferred_algorithms(&self) -> Vec<&'static str> {
        let known = |key_type: &str| self.plain().any(|m| m.key.algorithm().as_str() == key_type);
        let (mut first, rest): (Vec<_>, Vec<_>) = ALGORITHMS.iter().copied().partition(|(_, key)| known(key));
        first.extend(rest);
        first.into_iter().map(|(name, _)| name).collect()
    }

    /// Nothing is known of the host, good or bad.
    pub(super) fn is_empty(&self) -> bool {
        self.matches.is_empty()
    }

    fn plain(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|m| m.marker.is_none())
    }

    /// Whether this key, as the host showed it, is to be trusted.
    pub(super) fn judge(&self, blob: &[u8]) -> Verdict {
        let name = &self.destination.name;
        let Ok(key) = PublicKey::from_bytes(blob) else {
            let message = format!("`{name}` shows a host key of a type that can't be checked");
            return Verdict::Refused(Failure::new(FailureKind::HostKey, message));
        };
        let same = |m: &&Match| m.key.key_data() == key.key_data();
        let revoked = |m: &&Match| m.marker == Some(Marker::Revoked);
        if let Some(found) = self.matches.iter().filter(revoked).find(same) {
            return Verdict::Refused(self.revoked(found, &key));
        }
        if self.plain().any(|m| same(&m)) {
            return Verdict::Known;
        }
        let of_its_type = self.plain().find(|m| m.key.algorithm() == key.algorithm());
        if let (false, Some(old)) = (self.borrowed, of_its_type.or_else(|| self.plain().next())) {
            return Verdict::Refused(self.changed(old, &key));
        }
        if let Some(authority) = self.matches.iter().find(|m| m.marker == Some(Marker::CertAuthority)) {
            let place = format!("{}:{}", authority.file.display(), authority.number);
            let message = format!("`{name}` is known only by a certificate authority ({place})");
            let hint =
                "libssh2 can't check host certificates; use `-c openssh`, or add the host's key itself";
            return Verdict::Refused(Failure::new(FailureKind::HostKey, message).hint(hint));
        }
        self.unknown(&key)
    }

    fn revoked(&self, found: &Match, key: &PublicKey) -> Failure {
        let place = format!("{}:{}", found.file.display(), found.number);
        let message = format!(
            "`{}` shows a host key that {place} revokes: {}",
            self.destination.name,
            fingerprint(key)
        );
        Failure::new(FailureKind::HostKey, message).hint("find out why it was revoked before you go on")
    }

    fn changed(&self, old: &Match, key: &PublicKey) -> Failure {
        let place = format!("{}:{}", old.file.display(), old.number);
        let message = format!(
            "the host key of `{}` has changed: {place} has {}, the host shows {}",
            self.destination.name,
            fingerprint(&old.key),
            fingerprint(key)
        );
        let remove = format!("ssh-keygen -R '{}' -f {}", self.destination.known_name(), old.file.display());
        Failure::new(FailureKind::HostKey, message).hint(format!(
            "somebody may be listening in; if the host was set up anew, check the new fingerprint on it, \
             then `{remove}`"
        ))
    }

    fn unknown(&self, key: &PublicKey) -> Verdict {
        let (name, address) = (self.destination.name.clone(), self.destination.known_name());
        let (Some(file), Ok(text)) = (self.destination.known_hosts.first(), key.to_openssh()) else {
            let message = format!("there is no known_hosts file to look `{name}` up in");
            return Verdict::Refused(Failure::new(FailureKind::HostKey, message));
        };
        Verdict::New(NewKey {
            line: format!("{address} {}", text.trim()),
            algorithm: type_name(key),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            file: file.clone(),
            name,
            address,
        })
    }
}

impl NewKey {
    pub(super) fn refusal(&self) -> Failure {
        let NewKey { name, algorithm, fingerprint, .. } = self;
        let message = format!("the host key of `{name}` is not known: {algorithm} {fingerprint}");
        Failure::new(FailureKind::HostKey, message).hint(
            "compare the fingerprint with the host's own (`ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub`), \
             then use `--accept-new-host-keys`",
        )
    }
}

fn type_name(key: &PublicKey) -> String {
    let name = key.algorithm().as_str().to_string();
    match name.as_str() {
        "ssh-ed25519" => "ED25519".into(),
        "ssh-rsa" => "RSA".into(),
        name if name.starts_with("ecdsa-") => "ECDSA".into(),
        _ => name,
    }
}

fn fingerprint(key: &PublicKey) -> String {
    format!("{} {}", type_name(key), key.fingerprint(HashAlg::Sha256))
}

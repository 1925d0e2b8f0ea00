//! Key files: read and decrypted once for all hosts of a run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::transport::connector::{Ask, locked};
use crate::transport::failure::{Failure, FailureKind};

/// A key that can be offered to a host.
pub(super) struct Key {
    /// As libssh2 takes it; wiped when the run ends.
    pub(super) pem: Zeroizing<String>,
    /// For the older formats, which libssh2 decrypts by itself.
    pub(super) passphrase: Option<Secret>,
}

/// A key file, as far as it can be told without a passphrase.
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    content: Zeroizing<String>,
    parsed: Option<PrivateKey>,
}

/// The key files of a run.
pub(in crate::transport) struct KeyRing {
    passphrase: Option<Secret>,
    ask: Option<Arc<Ask>>,
    keys: Mutex<HashMap<PathBuf, Result<Arc<Key>, Failure>>>,
}

impl KeyFile {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let content = fs::read_to_string(path).map(Zeroizing::new).map_err(|e| {
            let message = format!("key file `{}` can't be read: {e}", path.display());
            Failure::new(FailureKind::Input, message)
        })?;
        if !content.contains("PRIVATE KEY-----") {
            let message = format!("`{}` is not a private key", path.display());
            let failure = Failure::new(FailureKind::Input, message);
            return Err(if content.starts_with("ssh-") || content.starts_with("ecdsa-") {
                failure.hint("it is a public key; name the private one")
            } else {
                failure
            });
        }
        let parsed = content.contains("BEGIN OPENSSH PRIVATE KEY").then(|| {
            PrivateKey::from_openssh(content.as_bytes()).map_err(|e| {
                let message = format!("key file `{}` is damaged: {e}", path.display());
                Failure::new(FailureKind::Input, message)
            })
        });
        Ok(KeyFile { path: path.to_path_buf(), content, parsed: parsed.transpose()? })
    }

    pub(super) fn fingerprint(&self) -> Option<String> {
        self.public_blob().map(|blob| fingerprint_of(&blob))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        match &self.parsed {
            Some(key) => key.is_encrypted(),
            None => self.content.contains("ENCRYPTED"),
        }
    }

    /// The public half: in the file itself, or beside it.
    pub(super) fn public_blob(&self) -> Option<Vec<u8>> {
        match &self.parsed {
            Some(key) => key.public_key().to_bytes().ok(),
            None => public_beside(&self.path),
        }
    }
}

/// The public key that lies beside a private one.
pub(super) fn public_beside(path: &Path) -> Option<Vec<u8>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PublicKey::read_openssh_file(Path::new(&name)).ok()?.to_bytes().ok()
}

impl KeyRing {
    pub(in crate::transport) fn new(passphrase: Option<Secret>, ask: Option<Arc<Ask>>) -> Self {
        KeyRing { passphrase, ask, keys: Mutex::new(HashMap::new()) }
    }

    /// The key of a file, decrypted. The lock is held while a passphrase is asked for, so that it
    /// is asked for once.
    pub(super) fn unlock(&self, file: &KeyFile) -> Result<Arc<Key>, Failure> {
        let mut keys = locked(&self.keys);
        let fresh = || self.decrypt(file).map(Arc::new);
        keys.entry(file.path.clone()).or_insert_with(fresh).clone()
    }

    fn decrypt(&self, file: &KeyFile) -> Result<Key, Failure> {
        let Some(parsed) = &file.parsed else {
            let passphrase = if file.is_encrypted() { Some(self.passphrase_for(file)?) } else { None };
            return Ok(Key { pem: file.content.clone(), passphrase });
        };
        let plain = if parsed.is_encrypted() {
            let passphrase = self.passphrase_for(file)?;
            parsed.decrypt(passphrase.expose()).map_err(|_| {
                let message = format!("wrong passphrase for key file `{}`", file.path.display());
                Failure::new(FailureKind::Input, message)
            })?
        } else {
            parsed.clone()
        };
        let pem = plain.to_openssh(LineEnding::LF).map_err(|e| {
            let message = format!("key file `{}` can't be used: {e}", file.path.display());
            Failure::new(FailureKind::Input, message)
        })?;
        Ok(Key { pem, passphrase: None })
    }

    fn passphrase_for(&self, file: &KeyFile) -> Result<Secret, Failure> {
        let asked =
            || self.ask.as_ref().and_then(|ask| ask(&format!("passphrase for {}: ", file.path.display())));
        self.passphrase.clone().or_else(asked).ok_or_else(|| {
            let path = file.path.display();
            let message = format!("key file `{path}` wants a passphrase, and there is nobody to ask");
            Failure::new(FailureKind::Input, message).hint(format!("load it into an agent: `ssh-add {path}`"))
        })
    }
}

/// How ssh-keygen names a key.
pub(super) fn fingerprint_of(blob: &[u8]) -> String {
    match PublicKey::from_bytes(blob) {
        Ok(key) => key.fingerprint(HashAlg::Sha256).to_string(),
        Err(_) => "of a type that isn't known here".to_string(),
    }
}

/// The type that a public key begins with, such as `ssh-ed25519`.
pub(super) fn key_type(blob: &[u8]) -> String {
    let name = blob.first_chunk::<4>().map(|length| u32::from_be_bytes(*length) as usize);
    let name = name.and_then(|length| blob.get(4..4 + length));
    name.map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
}

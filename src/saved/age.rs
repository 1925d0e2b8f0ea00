//! The age file format, version 1 (C2SP.org/age), for X25519 recipients and passphrases: what
//! `age -d` opens, and what `age -r` and `age -p` make.
//!
//! Of the format's own crate two thirds of what it brings are translations of its messages; this is
//! the part that sealing a plan takes, over the same primitives.

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// The payload is sealed in pieces of this size, each with a tag.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// The work that a passphrase costs, as a power of two: about a second.
const WORK: u8 = 18;
/// What is spent at most on a file from somebody else: a gigabyte of memory.
const MOST_WORK: u8 = 20;

/// Headers are a few lines; more than this is no plan of harda's.
const MOST_HEADER: usize = 64 << 10;

type FileKey = Zeroizing<[u8; 16]>;

/// For whom a file is sealed.
pub enum Lock<'a> {
    Recipients(&'a [Recipient]),
    Passphrase(&'a str),
}

/// A public key: `age1...`.
#[derive(Clone)]
pub struct Recipient(PublicKey);

/// A private key: `AGE-SECRET-KEY-1...`.
#[derive(Clone)]
pub struct Identity(StaticSecret);

impl Recipient {
    pub fn parse(text: &str) -> Option<Self> {
        bech32(text, "age").map(|bytes| Recipient(PublicKey::from(*bytes)))
    }
}

impl Identity {
    pub fn parse(text: &str) -> Option<Self> {
        bech32(text, "age-secret-key-").map(|bytes| Identity(StaticSecret::from(*bytes)))
    }

    /// A new key; `fill` gives its random bytes.
    pub fn new(fill: impl Fn(&mut [u8]) -> Result<(), String>) -> Result<Self, String> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill(&mut *bytes)?;
        Ok(Identity(StaticSecret::from(*bytes)))
    }

    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    /// As `age-keygen` writes it.
    pub fn text(&self) -> Option<Zeroizing<String>> {
        let text = bech32::encode_upper::<Bech32>(Hrp::parse("age-secret-key-").ok()?, self.0.as_bytes());
        text.ok().map(Zeroizing::new)
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hrp = Hrp::parse("age").map_err(|_| std::fmt::Error)?;
        f.write_str(&bech32::encode_lower::<Bech32>(hrp, self.0.as_bytes()).map_err(|_| std::fmt::Error)?)
    }
}

fn bech32(text: &str, prefix: &str) -> Option<Zeroizing<[u8; 32]>> {
    let checked = CheckedHrpstring::new::<Bech32>(text.trim()).ok()?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(prefix) {
        return None;
    }
    let bytes = Zeroizing::new(checked.byte_iter().collect::<Vec<u8>>());
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map(|()| bytes).map_err(|error| format!("the system gives no random numbers: {error}"))
}

fn derived(salt: &[u8], secret: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are one block of the hash: there is always room for them.
    let _ = Hkdf::<Sha256>::new(Some(salt), secret).expand(info.as_bytes(), &mut *key);
    key
}

fn aead(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key))
}

fn mac(file_key: &FileKey, header: &[u8]) -> Hmac<Sha256> {
    let key = derived(&[], &**file_key, "header");
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&hmac::digest::Key::<Hmac<Sha256>>::from(block(&key)));
    mac.update(header);
    mac
}

/// A key of HMAC, filled up to the hash's block.
fn block(key: &[u8; 32]) -> [u8; 64] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    block
}

/// The key that wraps the file's for one recipient.
fn wrapping(shared: &[u8], ephemeral: &PublicKey, recipient: &PublicKey) -> Zeroizing<[u8; 32]> {
    let salt = [*ephemeral.as_bytes(), *recipient.as_bytes()].concat();
    derived(&salt, shared, "age-encryption.org/v1/X25519")
}

fn stretched(passphrase: &str, salt: &[u8], work: u8) -> Option<Zeroizing<[u8; 32]>> {
    let salt = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(work, 8, 1).ok()?;
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut *key).ok()?;
    Some(key)
}

fn wrapped(key: &[u8; 32], file_key: &FileKey) -> Result<String, String> {
    let body = aead(key).encrypt(&Nonce::default(), file_key.as_slice());
    body.map(|body| BASE64_STANDARD_NO_PAD.encode(body)).map_err(|_| "sealing failed".to_string())
}

fn unwrapped(key: &[u8; 32], body: &[u8]) -> Option<FileKey> {
    let opened = Zeroizing::new(aead(key).decrypt(&Nonce::default(), body).ok()?);
    <[u8; 16]>::try_from(opened.as_slice()).ok().map(Zeroizing::new)
}

/// Seals bytes.
pub fn seal(lock: &Lock<'_>, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let file_key: FileKey = Zeroizing::new(random()?);
    let mut header = MAGIC.to_vec();
    match lock {
        Lock::Recipients(recipients) => {
            for Recipient(recipient) in *recipients {
                let secret = StaticSecret::from(random()?);
                let ephemeral = PublicKey::from(&secret);
                let shared = secret.diffie_hellman(recipient);
                if !shared.was_contributory() {
                    return Err("a recipient's key is none that anything can be sealed for".into());
                }
                let key = wrapping(shared.as_bytes(), &ephemeral, recipient);
                let share = BASE64_STANDARD_NO_PAD.encode(ephemeral.as_bytes());
                let body = wrapped(&key, &file_key)?;
                header.extend_from_slice(format!("-> X25519 {share}\n{body}\n").as_bytes());
            }
        }
        Lock::Passphrase(passphrase) => {
            let salt: [u8; 16] = random()?;
            let key = stretched(passphrase, &salt, WORK).ok_or("sealing failed")?;
            let (salt, body) = (BASE64_STANDARD_NO_PAD.encode(salt), wrapped(&key, &file_key)?);
            header.extend_from_slice(format!("-> scrypt {salt} {WORK}\n{body}\n").as_bytes());
        }
    }
    header.extend_from_slice(b"---");
    let tag = BASE64_STANDARD_NO_PAD.encode(mac(&file_key, &header).finalize().into_bytes());
    header.extend_from_slice(format!(" {tag}\n").as_bytes());
    let nonce: [u8; 16] = random()?;
    header.extend_from_slice(&nonce);
    let payload = aead(&derived(&nonce, &*file_key, "payload"));
    let count = bytes.len().div_ceil(CHUNK).max(1);
    for at in 0..count {
        let piece = &bytes[at * CHUNK..bytes.len().min((at + 1) * CHUNK)];
        let sealed = payload.encrypt(&counter(at, at + 1 == count), piece);
        header.extend_from_slice(&sealed.map_err(|_| "sealing failed")?);
    }
    Ok(header)
}

fn counter(at: usize, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(at as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::from(nonce)
}

/// Why a sealed file can't be opened.
#[derive(Debug, PartialEq, Eq)]
pub enum Shut {
    /// It isn't what was sealed, or no such file at all.
    Damaged,
    /// None of the keys given opens it.
    NoKey,
    /// It would take more than is spent on a passphrase.
    TooMuchWork,
}

/// Whether a file is sealed by a passphrase.
pub fn by_passphrase(bytes: &[u8]) -> bool {
    stanzas(bytes).is_ok_and(|(stanzas, _)| stanzas.iter().any(|stanza| stanza.kind() == "scrypt"))
}

/// Opens what was sealed.
pub fn open(
    identities: &[Identity],
    passphrase: Option<&str>,
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Shut> {
    let (stanzas, end) = stanzas(bytes)?;
    let mut found = None;
    for stanza in &stanzas {
        if found.is_none() {
            found = stanza.file_key(identities, passphrase, stanzas.len())?;
        }
    }
    let file_key = found.ok_or(Shut::NoKey)?;
    let (header, rest) = bytes.split_at(end);
    let line = rest.iter().position(|byte| *byte == b'\n').ok_or(Shut::Damaged)?;
    let tag = BASE64_STANDARD_NO_PAD.decode(rest[..line].get(1..).unwrap_or_default());
    mac(&file_key, header).verify_slice(&tag.map_err(|_| Shut::Damaged)?).map_err(|_| Shut::Damaged)?;
    payload(&file_key, &rest[line + 1..])
}

fn payload(file_key: &FileKey, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Shut> {
    let (nonce, sealed) = bytes.split_at_checked(16).ok_or(Shut::Damaged)?;
    let payload = aead(&derived(nonce, &**file_key, "payload"));
    let mut opened = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let pieces = sealed.chunks(CHUNK + TAG);
    let count = pieces.len();
    if count == 0 {
        return Err(Shut::Damaged);
    }
    for (at, piece) in pieces.enumerate() {
        let piece = payload.decrypt(&counter(at, at + 1 == count), piece).map_err(|_| Shut::Damaged)?;
        let piece = Zeroizing::new(piece);
        if piece.is_empty() && count > 1 {
            return Err(Shut::Damaged);
        }
        opened.extend_from_slice(&piece);
    }
    Ok(opened)
}

/// One way to the file's key.
struct Stanza<'a> {
    words: Vec<&'a str>,
    body: Vec<u8>,
}

/// The stanzas of the header, and where its `---` ends.
fn stanzas(bytes: &[u8]) -> Result<(Vec<Stanza<'_>>, usize), Shut> {
    let header = &bytes[..bytes.len().min(MOST_HEADER)];
    if !header.starts_with(MAGIC) {
        return Err(Shut::Damaged);
    }
    let (mut at, mut stanzas) = (MAGIC.len(), Vec::new());
    loop {
        if header[at..].starts_with(b"--- ") {
            return Ok((stanzas, at + 3));
        }
        let words = next_line(header, &mut at)?.strip_prefix("-> ").ok_or(Shut::Damaged)?;
        let mut body = Vec::new();
        loop {
            let line = next_line(header, &mut at)?;
            body.extend(BASE64_STANDARD_NO_PAD.decode(line).map_err(|_| Shut::Damaged)?);
            if line.len() < 64 {
                break;
            }
        }
        stanzas.push(Stanza { words: words.split(' ').collect(), body });
    }
}

fn next_line<'a>(header: &'a [u8], at: &mut usize) -> Result<&'a str, Shut> {
    let rest = header.get(*at..).unwrap_or_default();
    let length = rest.iter().position(|byte| *byte == b'\n').ok_or(Shut::Damaged)?;
    *at += length + 1;
    std::str::from_utf8(&rest[..length]).map_err(|_| Shut::Damaged)
}

impl Stanza<'_> {
    fn kind(&self) -> &str {
        self.words.first().copied().unwrap_or_default()
    }

    /// The file's key, if this stanza is for one of ours.
    fn file_key(
        &self,
        identities: &[Identity],
        passphrase: Option<&str>,
        all: usize,
    ) -> Result<Option<FileKey>, Shut> {
        match (self.words.as_slice(), passphrase) {
            (["X25519", share], _) => {
                let share = BASE64_STANDARD_NO_PAD.decode(share).ok();
                let share = share.and_then(|share| <[u8; 32]>::try_from(share).ok()).ok_or(Shut::Damaged)?;
                let ephemeral = PublicKey::from(share);
                let with = |Identity(secret): &Identity| {
                    let shared = secret.diffie_hellman(&ephemeral);
                    let key = wrapping(shared.as_bytes(), &ephemeral, &PublicKey::from(secret));
                    unwrapped(&key, &self.body).filter(|_| shared.was_contributory())
                };
                Ok(identities.iter().find_map(with))
            }
            (["scrypt", ..], _) if all > 1 => Err(Shut::Damaged),
            (["scrypt", salt, work], Some(passphrase)) => {
                let salt = BASE64_STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt.len() == 16);
                let (Some(salt), Ok(work)) = (salt, work.parse::<u8>()) else { return Err(Shut::Damaged) };
                if work > MOST_WORK {
                    return Err(Shut::TooMuchWork);
                }
                let key = stretched(passphrase, &salt, work).ok_or(Shut::Damaged)?;
                Ok(unwrapped(&key, &self.body))
            }
            // For somebody else, or by a way that isn't known here.
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;

//! Passwords and passphrases: never shown, wiped when dropped.

use std::cell::Cell;
use std::fmt;
use zeroize::Zeroizing;

/// A secret text. `Debug` and `Display` show nothing of it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(********)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

thread_local! {
    static IN_CLEAR: Cell<bool> = const { Cell::new(false) };
}

/// Runs `write` with secrets serialised as they are: for what goes into a file on the host that the
/// secrets come from, which root alone reads there. Everywhere else they are left out.
pub fn written_in_clear<T>(write: impl FnOnce() -> T) -> T {
    let before = IN_CLEAR.replace(true);
    let written = write();
    IN_CLEAR.set(before);
    written
}

/// Whether secrets are being written in clear.
pub fn is_in_clear() -> bool {
    IN_CLEAR.get()
}

/// How a secret is serialised where [`is_in_clear`] says that it may be.
pub mod in_clear {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().filter(|_| super::is_in_clear()).map(Secret::expose).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}

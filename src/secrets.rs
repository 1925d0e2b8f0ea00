//! The values of a run that must not show, wherever they come up.

mod forms;

use crate::secret::Secret;
use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard};

/// What stands in a secret's place.
pub const MASK: &str = "********";
/// Shorter values would shred every text that happens to contain them.
const SHORTEST: usize = 6;
/// What a `no_log` task is given is often no secret at all, but a word of its settings.
const SHORTEST_HIDDEN: usize = 8;
/// Long lines of a secret of several lines (a private key) are secrets of their own.
const SHORTEST_LINE: usize = 16;
/// Passwords that are words of everyday output: masking them hides nothing and garbles reports.
const COMMON: &[&str] = &[
    "password",
    "passwd",
    "changeme",
    "secret",
    "ubuntu",
    "debian",
    "vagrant",
    "fedora",
    "centos",
    "default",
    "administrator",
    "123456",
    "localhost",
    "enabled",
    "disabled",
    "changed",
];

/// The secret values of a run. Clones share them, so that one found late is masked at once.
#[derive(Clone, Default)]
pub struct Secrets {
    known: Arc<RwLock<Vec<Known>>>,
    declared: Arc<RwLock<HashMap<String, Shape>>>,
}

/// Which parts of a variable are secret.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// All that is in it.
    pub whole: bool,
    /// By the keys of a mapping, or of each mapping of a list.
    pub keys: Vec<(String, Shape)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(********)")
    }
}

struct Known {
    value: Secret,
    /// A password or passphrase of this run, as opposed to what a task hides.
    given: bool,
}

/// What kind of a secret a text holds, the weaker first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Hidden,
    Given,
}

impl Secrets {
    /// A password that was given for this run. Short and everyday ones can't be masked without
    /// garbling all else; they are left.
    pub fn add(&self, secret: &str) {
        self.insert(secret, SHORTEST, true);
    }

    /// Has whatever a variable of this name is given, wherever it is given, taken for a secret.
    pub fn declare(&self, variable: &str, shape: Shape) {
        let mut all = self.declared.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.insert(variable.to_string(), shape);
    }

    /// What is secret of a variable of this name.
    pub fn declared(&self, variable: &str) -> Option<Shape> {
        self.declared.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(variable).cloned()
    }

    /// A value that a task hides.
    pub fn hide(&self, value: &str) {
        self.insert(value, SHORTEST_HIDDEN, false);
    }

    fn insert(&self, secret: &str, shortest: usize, given: bool) {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        let whole = Some(secret.trim()).filter(|text| text.len() >= shortest && !COMMON.contains(text));
        let mut all = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        for value in whole.into_iter().chain(lines) {
            let plain = std::iter::once(value.to_string());
            for form in plain.chain(forms::of(value)) {
                match all.iter_mut().find(|known| known.value.expose() == form) {
                    Some(known) => known.given |= given,
                    None => all.push(Known { value: Secret::new(form), given }),
                }
            }
        }
        // A secret that contains another is masked whole.
        all.sort_by_key(|known| std::cmp::Reverse(known.value.expose().len()));
    }

    /// What was made `from` texts of which one is a secret is a secret of that kind: but not what
    /// stood there before, nor what holds the secret itself and is masked there.
    pub fn derive(&self, from: &[String], made: &[String]) {
        let Some(kind) = from.iter().filter_map(|text| self.source(text)).max() else { return };
        let stood = |text: &str| from.iter().any(|from| from.contains(text) && self.source(from).is_none());
        for text in made.iter().filter(|text| !from.contains(text) && !stood(text)) {
            if self.strongest(text, |_| true) < Some(kind) {
                self.insert(text, SHORTEST_HIDDEN, kind == Source::Given);
            }
        }
    }

    /// Which secret a text is a source of: any that was given for this run, and what a task hides if
    /// it makes up the most of the text. That one may be a word of settings, and stand in many.
    fn source(&self, text: &str) -> Option<Source> {
        self.strongest(text, |known| known.given || known.value.expose().len() * 2 >= text.len())
    }

    fn strongest(&self, text: &str, counts: impl Fn(&Known) -> bool) -> Option<Source> {
        let all = self.all();
        let held = all.iter().filter(|known| counts(known) && text.contains(known.value.expose()));
        held.map(|known| if known.given { Source::Given } else { Source::Hidden }).max()
    }

    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn all(&self) -> RwLockReadGuard<'_, Vec<Known>> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn mask(&self, text: &mut String) {
        for known in self.all().iter() {
            if text.contains(known.value.expose()) {
                *text = text.replace(known.value.expose(), MASK);
            }
        }
    }

    /// Whether a text holds a password that was given for this run.
    pub fn is_in(&self, text: &str) -> bool {
        self.all().iter().any(|known| known.given && text.contains(known.value.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let all = Secrets::default();
        secrets.iter().for_each(|secret| all.add(secret));
        let mut text = text.to_string();
        all.mask(&mut text);
        text
    }

    #[test]
    fn secrets_are_masked_and_everyday_words_are_not() {
        assert_eq!(masked(&["hunter22"], "pw=hunter22;"), "pw=********;");
        assert_eq!(masked(&["abc", "password"], "abc password-policy"), "abc password-policy");
        assert_eq!(masked(&["secret99", "mysecret99x"], "mysecret99x secret99"), "******** ********");
    }

    #[test]
    fn each_long_line_of_a_key_is_a_secret() {
        let key = "-----BEGIN KEY-----\nAAAABBBBCCCCDDDDEEEE\n-----END KEY-----\n";
        assert_eq!(masked(&[key], "+AAAABBBBCCCCDDDDEEEE"), "+********");
    }

    #[test]
    fn a_secret_that_a_filter_has_encoded_is_masked() {
        assert_eq!(masked(&["hunter22"], "aHVudGVyMjI= 68756e7465723232"), "******** ********");
        // Behind `ad:`, and behind `adm:`, where a digit is shared with what stands before.
        assert_eq!(masked(&["hunter22"], "Basic YWQ6aHVudGVyMjI="), "Basic YWQ6********");
        assert_eq!(masked(&["hunter22"], "Basic YWRtOmh1bnRlcjIy"), "Basic YWRtOm********");
    }

    #[test]
    fn a_secret_found_late_is_masked_by_every_clone() {
        let secrets = Secrets::default();
        let clone = secrets.clone();
        secrets.add("hunter22");
        let mut text = "hunter22".to_string();
        clone.mask(&mut text);
        assert_eq!(text, MASK);
    }

    #[test]
    fn what_a_task_hides_is_masked_but_was_not_given() {
        let secrets = Secrets::default();
        secrets.hide("short12");
        secrets.hide("long-enough");
        let mut text = "short12 long-enough".to_string();
        assert!(!secrets.is_in(&text));
        secrets.mask(&mut text);
        assert_eq!(text, "short12 ********");
        secrets.add("long-enough");
        assert!(secrets.is_in("long-enough"));
    }

    #[test]
    fn what_is_made_of_what_a_task_hides_is_hidden_where_that_is_the_most_of_it() {
        let secrets = Secrets::default();
        secrets.hide("production");
        let derive = |from: &str, made: &str| {
            secrets.derive(&[from.to_string()], &[made.to_string()]);
            let mut text = made.to_string();
            secrets.mask(&mut text);
            text
        };
        assert_eq!(derive("/srv/production/settings.yml", "settings.yml"), "settings.yml");
        assert_eq!(derive("production+1", "made-of-it"), MASK);
        assert!(!secrets.is_in("made-of-it"), "it was not given");
    }
}

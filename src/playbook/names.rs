//! What the parser must know of modules, without knowing the modules.

use crate::place::nearest;
use crate::yaml::Node;

pub trait ModuleNames {
    fn is_module(&self, name: &str) -> bool;

    /// All names, for "did you mean".
    fn names(&self) -> Vec<&str>;

    /// The parameters that a module takes, with their aliases; nothing if it takes any.
    fn parameters(&self, name: &str) -> Option<Vec<&str>>;

    /// The parameter under which a module takes bare text (`command: reboot`), if it does.
    fn free_form(&self, name: &str) -> Option<&str>;

    /// What is wrong with a value that is given as it stands, without a template in it.
    fn wrong_value(&self, _name: &str, _parameter: &str, _value: &Node) -> Option<String> {
        None
    }

    /// A parameter that the module can't do without and that isn't among those given.
    fn missing(&self, _name: &str, _given: &[&str]) -> Option<String> {
        None
    }
}

/// Collections whose modules harda has under their short names.
const COLLECTIONS: &[&str] = &["ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general."];

/// A name without the collection that it is known without.
pub fn short(name: &str) -> &str {
    COLLECTIONS.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// ` (did you mean ...?)`, if a known name is near.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default()
}

/// Whether a name can be a variable's: what Python calls an identifier, and none of its keywords.
pub fn is_identifier(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
        "true", "false", "none",
    ];
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}

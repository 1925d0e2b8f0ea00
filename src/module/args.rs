//! A task's arguments: rendered, checked against the module's table of parameters, typed.

use crate::place::{Place, nearest};
use crate::resource::file::{Entry, mode};
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::ValueKind;

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// An absolute path on the host, without NUL or line feed.
    Path,
    Bool,
    Integer,
    /// A list; a text is split at commas, as in Ansible.
    List,
    /// File mode: octal in quotes, or symbolic (`u=rw,go=r`), or `preserve`.
    Mode,
    Dict,
    Any,
}

/// One row of a module's table of parameters.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The name, then its aliases.
    pub names: &'static [&'static str],
    pub kind: Kind,
    pub required: bool,
    /// The only values taken, if there are few.
    pub choices: &'static [&'static str],
    /// One line for `harda doc`, with the default.
    pub about: &'static str,
}

impl Param {
    pub const fn new(names: &'static [&'static str], kind: Kind, about: &'static str) -> Self {
        Param { names, kind, required: false, choices: &[], about }
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }
}

/// The arguments of one task, rendered. Parameters are found under their first name.
#[derive(Clone, Debug)]
pub struct Args {
    pub module: String,
    pub place: Place,
    values: Vec<(String, Value)>,
    /// Owner and group of what the task makes: whom it runs as.
    maker: (String, String),
}

impl Args {
    /// Checks names, types and choices; `omit`ted ones must be gone already.
    pub fn new(
        module: &str,
        params: &[Param],
        place: Place,
        given: Vec<(String, Value)>,
    ) -> Result<Self, String> {
        let mut values: Vec<(String, Value)> = Vec::new();
        for (name, value) in given {
            let Some(param) =
                params.iter().find(|p| p.names.contains(&name.as_str()) || p.names.contains(&"*"))
            else {
                let known = params.iter().flat_map(|p| p.names.iter().copied());
                let hint =
                    nearest(&name, known).map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default();
                return Err(format!("module `{module}` has no parameter `{name}`{hint}"));
            };
            let key = if param.names.contains(&"*") { name.as_str() } else { param.names[0] };
            if values.iter().any(|(n, _)| n == key) {
                return Err(format!("`{key}` of module `{module}` is given twice"));
            }
            if value.is_none() {
                continue;
            }
            values.push((key.to_string(), convert(module, &name, param, value)?));
        }
        for param in params.iter().filter(|p| p.required) {
            if !values.iter().any(|(n, _)| n == param.names[0]) {
                return Err(missing(module, param));
            }
        }
        let maker = ("root".to_string(), "root".to_string());
        Ok(Args { module: module.to_string(), place, values, maker })
    }

    /// The same for a task that runs as another user than root.
    pub fn made_by(self, owner: String, group: String) -> Self {
        Args { maker: (owner, group), ..self }
    }

    /// The owner that the task asks for, or else that of what is there, or else who makes it.
    pub fn owner(&self, there: Option<&Entry>) -> String {
        self.text("owner").or(there.map(|e| e.owner.clone())).unwrap_or_else(|| self.maker.0.clone())
    }

    /// The group in the same way.
    pub fn group(&self, there: Option<&Entry>) -> String {
        self.text("group").or(there.map(|e| e.group.clone())).unwrap_or_else(|| self.maker.1.clone())
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The same with one parameter given otherwise.
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut args = self.clone();
        args.values.retain(|(n, _)| n != name);
        args.values.push((name.to_string(), value.into()));
        args
    }

    pub fn all(&self) -> &[(String, Value)] {
        &self.values
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(plain)
    }

    /// A parameter that the table calls required.
    pub fn needed(&self, name: &str) -> Result<String, Stop> {
        self.text(name)
            .ok_or_else(|| Stop::error(format!("module `{}` needs the parameter `{name}`", self.module)))
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(Value::is_true)
    }

    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let items = self.get(name)?.try_iter().ok()?;
        Some(items.map(|v| plain(&v)).collect())
    }

    /// A mode given as numbers or in symbols, applied to what is there.
    pub fn mode(&self, name: &str, now: Option<u32>, directory: bool) -> Result<Option<u32>, Stop> {
        let Some(text) = self.text(name) else { return Ok(None) };
        mode::apply(&text, now.unwrap_or(if directory { 0o755 } else { 0o644 }), directory)
            .map(Some)
            .ok_or_else(|| Stop::error(no_mode(&self.module, name, &text)))
    }
}

/// A scalar as the text that a YAML author meant.
pub fn plain(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool => (if value.is_true() { "True" } else { "False" }).to_string(),
        _ => value.to_string(),
    }
}

/// What is wrong with a parameter's value, if anything is.
pub fn wrong(module: &str, name: &str, param: &Param, value: &Value) -> Option<String> {
    if value.is_none() {
        return None;
    }
    let wrong = convert(module, name, param, value.clone()).err();
    match (param.kind, value.as_str()) {
        (Kind::Mode, Some(text)) if wrong.is_none() && text != "preserve" => {
            mode::apply(text, 0, false).is_none().then(|| no_mode(module, name, text))
        }
        _ => wrong,
    }
}

pub fn missing(module: &str, param: &Param) -> String {
    format!("module `{module}` needs the parameter `{}`", param.names[0])
}

fn no_mode(module: &str, name: &str, text: &str) -> String {
    format!("`{name}` of module `{module}`: `{text}` is no file mode")
}

fn convert(module: &str, name: &str, param: &Param, value: Value) -> Result<Value, String> {
    let wrong = |what: &str| format!("`{name}` of module `{module}` must be {what}, this is `{value}`");
    let scalar = !matches!(value.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable);
    let converted = match param.kind {
        Kind::Any => value,
        Kind::Text if scalar => Value::from(plain(&value)),
        Kind::Text => return Err(wrong("a string")),
        Kind::Path => {
            let text = plain(&value);
            if !scalar || !text.starts_with('/') || text.contains(['\0', '\n']) {
                return Err(wrong("an absolute path"));
            }
            let trimmed = text.trim_end_matches('/');
            Value::from(if trimmed.is_empty() { "/" } else { trimmed })
        }
        Kind::Bool => Value::from(boolean(&value).ok_or_else(|| wrong("`true` or `false`"))?),
        Kind::Integer => {
            let number = value.as_i64().or_else(|| plain(&value).trim().parse().ok());
            Value::from(number.ok_or_else(|| wrong("a number"))?)
        }
        Kind::List if scalar => {
            let text = plain(&value);
            text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(Value::from).collect()
        }
        Kind::List if value.kind() == ValueKind::Map => return Err(wrong("a list")),
        Kind::List => value,
        Kind::Mode if value.is_integer() => {
            // The loader has read an unquoted 0644 as octal; 644 without the nought is a slip that
            // would give the mode 1204.
            let slip = |n: &u32| SLIPS.contains(n);
            let bits = value.as_i64().and_then(|n| u32::try_from(n).ok());
            let bits = bits.filter(|n| *n <= 0o7777 && !slip(n));
            Value::from(format!("{:04o}", bits.ok_or_else(|| wrong("a file mode such as '0644'"))?))
        }
        Kind::Mode if scalar => Value::from(plain(&value)),
        Kind::Mode => return Err(wrong("a file mode such as '0644'")),
        Kind::Dict if value.kind() == ValueKind::Map => value,
        Kind::Dict => return Err(wrong("a mapping")),
    };
    let choice = plain(&converted);
    if !param.choices.is_empty() && !param.choices.contains(&choice.as_str()) {
        let hint = nearest(&choice, param.choices.iter().copied())
            .map(|n| format!(" (did you mean `{n}`?)"))
            .unwrap_or_default();
        return Err(format!(
            "`{name}` of module `{module}` is one of {}, not `{choice}`{hint}",
            param.choices.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    if choice.contains('\0') {
        return Err(format!("`{name}` of module `{module}` holds a NUL byte, which no shell can pass on"));
    }
    Ok(converted)
}

/// Modes written without the nought: their digits are what was meant, not their value. (400 is 0620.)
const SLIPS: &[u32] =
    &[440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 710, 711, 750, 751, 755, 770, 775, 777];

/// Ansible's words for yes and no.
pub fn boolean(value: &Value) -> Option<bool> {
    match value.kind() {
        ValueKind::Bool => Some(value.is_true()),
        ValueKind::Number => value.as_i64().filter(|n| *n == 0 || *n == 1).map(|n| n == 1),
        ValueKind::String => match value.as_str()?.to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" => Some(true),
            "no" | "off" | "0" | "false" | "n" | "f" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param::new(&["path", "dest"], Kind::Path, "").required(),
        Param::new(&["state"], Kind::Text, "").choices(&["file", "absent"]),
        Param::new(&["mode"], Kind::Mode, ""),
        Param::new(&["names"], Kind::List, ""),
    ];

    fn args(given: &[(&str, Value)]) -> Result<Args, String> {
        let given = given.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
        Args::new("file", PARAMS, Place::new("x.yml", 1, 1), given)
    }

    #[test]
    fn wrong_arguments_are_told_with_what_would_be_right() {
        let told = |given: &[(&str, Value)]| args(given).expect_err("refused");
        assert_eq!(
            told(&[("pth", "/x".into())]),
            "module `file` has no parameter `pth` (did you mean `path`?)"
        );
        assert_eq!(told(&[]), "module `file` needs the parameter `path`");
        assert_eq!(
            told(&[("path", "x".into())]),
            "`path` of module `file` must be an absolute path, this is `x`"
        );
        assert_eq!(
            told(&[("path", "/x".into()), ("state", "absnt".into())]),
            "`state` of module `file` is one of `file`, `absent`, not `absnt` (did you mean `absent`?)"
        );
        assert_eq!(
            told(&[("path", "/x".into()), ("dest", "/y".into())]),
            "`path` of module `file` is given twice"
        );
    }

    #[test]
    fn values_take_the_parameters_type() {
        let args =
            args(&[("dest", "/x/".into()), ("names", "a, b".into()), ("mode", 0o644.into())]).expect("taken");
        assert_eq!(args.text("path").as_deref(), Some("/x"));
        assert_eq!(args.list("names"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(args.mode("mode", None, false), Ok(Some(0o644)));
    }
}

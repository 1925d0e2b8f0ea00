//! A first declaration as YAML. What a server said is text of an enemy: it is quoted, typed by the
//! spec, and never a template.

use super::asking::found_on_hosts;
use crate::fragment::Reply;
use crate::playbook::argument_specs::{Discover, Kind, Spec, Topic};
use crate::report::safe_line;
use crate::yaml::{Node, Yaml};
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: usize = 110;

/// More items than this no person prunes.
const MOST: usize = 2000;

pub struct Declared {
    pub text: String,
    pub variables: usize,
    /// What could not be declared, and why.
    pub left_out: Vec<String>,
}

/// Writes what `server` answered, by the name of each variable.
pub fn write(server: &str, topics: &[Topic], found: &BTreeMap<String, Reply>) -> Declared {
    let mut declared = Declared { text: head(server), variables: 0, left_out: Vec::new() };
    for (spec, discover) in found_on_hosts(topics) {
        let Some(reply) = found.get(&spec.name) else { continue };
        let about = comment(&spec.description);
        match value(spec, &known(topics, discover), reply) {
            Ok(Some(text)) => {
                declared.variables += 1;
                declared.text += &format!("\n{about}{text}");
            }
            // An empty list could shut everybody out.
            Ok(None) if spec.default.is_none() => {
                declared.text += &format!("\n{about}# {}: nothing was found\n", spec.name);
            }
            Ok(None) => {}
            Err(why) => declared.left_out.push(format!("`{}` is left out: {why}", spec.name)),
        }
    }
    declared
}

fn head(server: &str) -> String {
    comment(&format!(
        "What {server} has: a first declaration, for a person to prune. Strike what it should not have; what is left is \
         what the audit takes for right. An empty `purpose` is refused: say what the thing is for."
    ))
}

/// What needs no declaring: the defaults of the variable that `discover` names.
fn known(topics: &[Topic], discover: &Discover) -> Vec<String> {
    let specs = topics.iter().flat_map(|topic| &topic.specs);
    let named = specs.filter(|spec| discover.without.as_ref() == Some(&spec.name));
    named.flat_map(|spec| items(spec.default.as_ref())).filter_map(Node::text).collect()
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Yaml::Seq(items)) => items,
        _ => &[],
    }
}

/// `name: value`; nothing where nothing was found that the default doesn't say already.
fn value(spec: &Spec, known: &[String], reply: &Reply) -> Result<Option<String>, String> {
    if reply.status != 0 || reply.truncated {
        let said = reply.error_text();
        return Err(format!(
            "its script ended with {}: {}",
            reply.status,
            said.lines().next().unwrap_or("no word")
        ));
    }
    let text = reply.text();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    if spec.kind != Kind::List {
        let Some(line) = lines.first() else { return Ok(None) };
        return Ok(Some(format!("{}: {}\n", spec.name, scalar(spec.kind, line)?)));
    }
    let fresh: Vec<&str> = lines.into_iter().filter(|line| !known.iter().any(|k| is_like(k, line))).collect();
    match fresh.len() {
        0 => Ok(None),
        more if more > MOST => Err(format!("{more} items are more than anybody prunes")),
        _ => {
            let items: Result<String, String> = fresh.iter().map(|line| item(spec, line)).collect();
            Ok(Some(format!("{}:\n{}", spec.name, items?)))
        }
    }
}

/// Whether a known item (with `*` for anything) is this one.
fn is_like(known: &str, line: &str) -> bool {
    let mut parts = known.split('*');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        rest = match rest.rfind(part) {
            Some(at) if is_last && rest.ends_with(part) => &rest[at + part.len()..],
            _ => match rest.find(part) {
                Some(at) if !is_last => &rest[at + part.len()..],
                _ => return false,
            },
        };
    }
    rest.is_empty()
}

/// One item of a list: a scalar, or a mapping of the fields of the line.
fn item(spec: &Spec, line: &str) -> Result<String, String> {
    if spec.options.is_empty() {
        return Ok(format!("  - {}\n", scalar(spec.elements.unwrap_or(Kind::Str), line)?));
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let usual = items(spec.default.as_ref()).iter().find(|usual| agrees(spec, usual, &fields));
    let mut text = String::new();
    for (at, option) in spec.options.iter().enumerate() {
        let lead = if text.is_empty() { "  - " } else { "    " };
        let field = fields.get(at).copied().unwrap_or_default();
        let (field, hint) = match field.strip_prefix('#') {
            Some(hint) => ("", hint),
            None => (field, ""),
        };
        let value = match usual.and_then(|usual| usual.get(&option.name)).and_then(Node::text) {
            Some(value) => scalar(option.kind, &value)?,
            None if field.is_empty() && !option.required => continue,
            None if field.is_empty() && hint.is_empty() => String::new(),
            None if field.is_empty() => format!("  # {}", safe_line(hint)),
            None => scalar(option.kind, field)?,
        };
        // Writing to a String can't fail.
        let _ = writeln!(text, "{lead}{}: {value}", option.name);
    }
    Ok(text.lines().map(|line| format!("{}\n", line.trim_end())).collect())
}

/// Whether a default item says what was found, as far as that goes.
fn agrees(spec: &Spec, usual: &Node, fields: &[&str]) -> bool {
    let pairs =
        spec.options.iter().zip(fields).filter(|(_, field)| !field.is_empty() && !field.starts_with('#'));
    let said = |option: &Spec| usual.get(&option.name).or(option.default.as_ref()).and_then(Node::text);
    pairs.clone().count() > 0
        && pairs.into_iter().all(|(option, field)| said(option).as_deref() == Some(field))
}

/// A value as YAML takes it, of the kind that is wanted.
fn scalar(kind: Kind, text: &str) -> Result<String, String> {
    match kind {
        Kind::Int => match text.parse::<i64>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err(format!("`{}` is no number", safe_line(text))),
        },
        Kind::Bool => match text {
            "true" | "false" => Ok(text.to_string()),
            _ => Err(format!("`{}` is neither true nor false", safe_line(text))),
        },
        Kind::List => {
            let items: Result<Vec<String>, String> =
                text.split(',').filter(|item| !item.is_empty()).map(|item| scalar(Kind::Str, item)).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        _ => Ok(string(text)),
    }
}

/// Plain where that can be nothing else; a text with a template's marks is no template.
fn string(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+@-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_word =
        ["yes", "no", "on", "off", "true", "false", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    if begins && text.chars().all(plain) && !is_word {
        return text.to_string();
    }
    let quoted = serde_json::to_string(text).unwrap_or_default();
    // JSON leaves these as they are, YAML takes them for line breaks.
    let quoted =
        quoted.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let marked = ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark));
    if marked { format!("!unsafe {quoted}") } else { quoted }
}

/// Lines of a comment, broken between words.
fn comment(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::from("#"));
    for word in text.split_whitespace() {
        if line.len() + word.len() >= WIDTH {
            lines += &std::mem::replace(&mut line, String::from("#"));
            lines.push('\n');
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::argument_specs::read;

    const SPECS: &str = "
argument_specs:
  a:
    options:
      listeners:
        type: list
        elements: dict
        default: [{port: 22, protocol: tcp, purpose: administration}]
        description: Ports.
        options:
          port: {type: int, required: true, description: x}
          protocol: {type: str, default: tcp, description: x}
          purpose: {type: str, required: true, description: x}
        discover: {script: x}
      base: {type: list, elements: str, default: [cron, 'systemd-*', 'getty@*'], description: x}
      roots: {type: list, elements: str, default: [], description: Services., discover: {script: x, without: base}}
      packages: {type: list, elements: str, description: Packages., discover: {script: x}}
";

    fn written(answers: &[(&str, &str)]) -> Declared {
        let node =
            crate::yaml::parse(std::path::Path::new("specs.yml"), SPECS).expect("YAML").expect("a document");
        let topics = read(&node).expect("specs");
        let reply = |text: &str| Reply { stdout: text.as_bytes().to_vec(), ..Reply::default() };
        let found = answers.iter().map(|(name, text)| (name.to_string(), reply(text))).collect();
        write("web1", &topics, &found)
    }

    #[test]
    fn what_is_usual_keeps_its_purpose_and_what_is_not_asks_for_one() {
        let declared = written(&[
            ("listeners", "22\ttcp\t#sshd\n5432\ttcp\t#postgres\n"),
            ("roots", "cron\nsystemd-logind\ngetty@tty1\nfoo\n"),
            ("packages", ""),
        ]);
        assert!(declared.text.ends_with("# packages: nothing was found\n"), "{}", declared.text);
        let body: Vec<&str> =
            declared.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        let wanted = [
            "listeners:",
            "  - port: 22",
            "    protocol: tcp",
            "    purpose: administration",
            "  - port: 5432",
            "    protocol: tcp",
            "    purpose:   # postgres",
            "roots:",
            "  - foo",
        ];
        assert_eq!((body.as_slice(), declared.variables), (&wanted[..], 2));
    }

    #[test]
    fn a_hostile_answer_is_text_or_left_out() {
        let declared = written(&[
            ("listeners", "22; rm\ttcp\t\n"),
            ("roots", "{{ lookup('pipe', 'id') }}\n- a: b # c\nyes\n\u{2028}x: y\n"),
        ]);
        assert_eq!(declared.left_out, ["`listeners` is left out: `22; rm` is no number"]);
        let read: BTreeMap<String, Vec<serde_yaml::Value>> =
            serde_yaml::from_str(&declared.text).expect("YAML");
        let texts: Vec<String> = read["roots"]
            .iter()
            .map(|value| match value {
                serde_yaml::Value::Tagged(tagged) => {
                    format!("{} {}", tagged.tag, tagged.value.as_str().unwrap_or_default())
                }
                other => other.as_str().unwrap_or_default().to_string(),
            })
            .collect();
        assert_eq!(texts, ["!unsafe {{ lookup('pipe', 'id') }}", "- a: b # c", "yes", "\u{2028}x: y"]);
    }
}

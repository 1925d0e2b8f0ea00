//! Filters on text.

use crate::percent::encoded as percent_encoded;
use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;

pub(super) static FILTERS: &[Spec] = &[
    spec("lower", &["value"], |_, args| Ok(Value::from(args.text(0)?.to_lowercase()))),
    spec("upper", &["value"], |_, args| Ok(Value::from(args.text(0)?.to_uppercase()))),
    spec("capitalize", &["value"], |_, args| Ok(Value::from(capitalized(&args.text(0)?)))),
    spec("title", &["value"], title),
    spec("trim", &["value", "chars"], trim),
    spec("replace", &["value", "old", "new", "count"], replace),
    spec("split", &["value", "sep", "maxsplit"], split),
    spec("splitlines", &["value"], |_, args| Ok(args.text(0)?.lines().map(Value::from).collect())),
    spec("join", &["value", "d", "attribute"], join),
    spec("format", &["value", "*", "**"], format),
    spec("indent", &["value", "width", "first", "blank"], indent),
    spec("comment", &COMMENT, comment),
    spec("quote", &["value"], |_, args| Ok(Value::from(shell_quoted(&args.text(0)?)))),
    spec("urlencode", &["value"], urlencode),
    spec("truncate", &["value", "length", "killwords", "end", "leeway"], truncate),
    spec("wordcount", &["value"], |_, args| Ok(Value::from(args.text(0)?.split_whitespace().count()))),
    spec("center", &["value", "width"], center),
    spec("escape", &["value"], escape),
    spec("e", &["value"], escape),
    spec("safe", &["value"], |_, args| Ok(args.need(0)?.clone())),
    spec("human_readable", &["size", "isbits", "unit"], human_readable),
];

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}

/// Jinja's: a word starts after a space, a dash or an opening bracket.
fn title(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    let words = text.split_inclusive(|c: char| c.is_whitespace() || "-([{<".contains(c));
    Ok(Value::from(words.map(capitalized).collect::<String>()))
}

fn trim(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    Ok(Value::from(match args.get(1) {
        Some(chars) => {
            let chars = text_of(chars)?;
            text.trim_matches(|c| chars.contains(c)).to_string()
        }
        None => text.trim().to_string(),
    }))
}

fn replace(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (text, old, new) = (args.text(0)?, args.text(1)?, args.text(2)?);
    Ok(Value::from(match usize::try_from(args.integer(3, -1)?) {
        Ok(count) => text.replacen(&old, &new, count),
        Err(_) => text.replace(&old, &new),
    }))
}

fn split(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    let most = usize::try_from(args.integer(2, -1)?).map_or(usize::MAX, |n| n + 1);
    let Some(separator) = args.get(1).map(text_of).transpose()? else {
        return Ok(split_at_spaces(&text, most).into_iter().map(Value::from).collect());
    };
    if separator.is_empty() {
        return Err(wrong("`split` needs a separator that isn't empty"));
    }
    Ok(text.splitn(most, &separator).map(Value::from).collect())
}

fn split_at_spaces(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let end = if parts.len() + 1 == most { None } else { rest.find(char::is_whitespace) };
        let (part, tail) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(part);
        rest = tail.trim_start();
    }
    parts
}

fn join(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let separator = args.text_or(1, "")?;
    let mut items = args.items(0)?;
    if let Some(attribute) = args.get(2) {
        items = items.iter().map(|item| super::select::path(item, attribute)).collect::<Result<_, _>>()?;
    }
    let texts: Vec<String> = items.iter().map(text_of).collect::<Result<_, _>>()?;
    Ok(Value::from(texts.join(&separator)))
}

/// Python's `%`: `'%s-%03d' | format(a, b)`, `'%(x)s' | format(x=1)`.
fn format(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    super::percent::format(&args.text(0)?, &args.rest, &args.named).map(Value::from)
}

fn indent(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    let prefix = match args.get(1) {
        Some(width) if width.kind() == ValueKind::String => text_of(width)?,
        _ => " ".repeat(usize::try_from(args.integer(1, 4)?).unwrap_or(0).min(1000)),
    };
    let (first, blank) = (args.flag(2, false), args.flag(3, false));
    let indented = text.split('\n').enumerate().map(|(i, line)| {
        let wanted = if i == 0 { first } else { blank || !line.is_empty() };
        format!("{}{line}", if wanted { &prefix } else { "" })
    });
    Ok(Value::from(indented.collect::<Vec<_>>().join("\n")))
}

const COMMENT: [&str; 10] = [
    "value",
    "style",
    "decoration",
    "beginning",
    "prefix",
    "prefix_count",
    "postfix",
    "postfix_count",
    "end",
    "newline",
];

/// Ansible's: each line decorated, with a line before and after, in the comment style of a language.
fn comment(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let style = args.text_or(1, "plain")?;
    let (beginning, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        _ => return Err(wrong(format!("`comment` knows plain, erlang, c, cblock and xml, not `{style}`"))),
    };
    let newline = args.text_or(9, "\n")?;
    let decoration = args.text_or(2, decoration)?;
    let around = decoration.trim_end();
    let beginning = match args.text_or(3, beginning)? {
        text if text.is_empty() => text,
        text => text + &newline,
    };
    let prefix = match args.text_or(4, around)? {
        text if text.is_empty() || text == newline => text,
        text => text + &newline,
    };
    let times = |count: i64| usize::try_from(count).unwrap_or(0).min(100);
    let before = prefix.repeat(times(args.integer(5, 1)?));
    let postfix = format!("{newline}{}", args.text_or(6, around)?);
    let after = postfix.repeat(times(args.integer(7, 1)?));
    let end = match args.text_or(8, end)? {
        text if text.is_empty() => text,
        text => newline.clone() + &text,
    };
    let body = args.text(0)?.replace(&newline, &format!("{newline}{decoration}"));
    let body = format!("{decoration}{body}")
        .replace(&format!("{decoration}{newline}"), &format!("{around}{newline}"));
    Ok(Value::from(format!("{beginning}{before}{body}{after}{end}")))
}

/// Python's `shlex.quote`.
pub(super) fn shell_quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match text {
        "" => "''".into(),
        text if text.chars().all(safe) => text.into(),
        text => format!("'{}'", text.replace('\'', "'\"'\"'")),
    }
}

fn urlencode(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    if value.kind() != ValueKind::Map {
        return Ok(Value::from(percent_encoded(&args.text(0)?, "/")));
    }
    let form = |text: &str| percent_encoded(text, "").replace("%20", "+");
    let mut pairs = Vec::new();
    for key in items_of(value)? {
        let item = text_of(&value.get_item(&key)?)?;
        pairs.push(format!("{}={}", form(&text_of(&key)?), form(&item)));
    }
    Ok(Value::from(pairs.join("&")))
}

fn truncate(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (text, end) = (args.text(0)?, args.text_or(3, "...")?);
    let length = usize::try_from(args.integer(1, 255)?).unwrap_or(0);
    let leeway = usize::try_from(args.integer(4, 5)?).unwrap_or(0);
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(Value::from(text));
    }
    let cut: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let cut = match args.flag(2, false) {
        true => cut.as_str(),
        false => cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head),
    };
    Ok(Value::from(format!("{cut}{end}")))
}

fn center(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    let width = usize::try_from(args.integer(1, 80)?).unwrap_or(0).min(10_000);
    Ok(Value::from(format!("{text:^width$}")))
}

fn escape(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(Value::from(text.replace('\'', "&#39;").replace('"', "&#34;")))
}

fn human_readable(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let size = args.text(0)?.parse::<f64>().map_err(|_| wrong("`human_readable` wants a number"))?;
    let (base, unit) = if args.flag(1, false) { ("bits", "b") } else { ("Bytes", "B") };
    let wanted = args.get(2).map(text_of).transpose()?.map(|u| u.to_ascii_uppercase());
    let powers = [("Y", 80), ("Z", 70), ("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    for (letter, power) in powers {
        let limit = 2f64.powi(power);
        if wanted.as_ref().map_or(size >= limit, |w| w.starts_with(letter)) {
            return Ok(Value::from(format!("{:.2} {letter}{unit}", size / limit)));
        }
    }
    Ok(Value::from(format!("{size:.2} {base}")))
}

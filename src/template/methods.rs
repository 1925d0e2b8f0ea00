//! Python's methods on values. Those that minijinja-contrib lacks are here.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use super::args::text_of;
use super::derived;
use super::error::{undefined, wrong};
use super::filters::field;

pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if args.iter().any(Value::is_undefined) {
        return Err(undefined());
    }
    let own = match value.kind() {
        ValueKind::String => on_text(value.as_str().unwrap_or_default(), method, args)?,
        ValueKind::Map => on_map(value, method, args)?,
        ValueKind::Seq => on_list(value, method, args)?,
        _ => None,
    };
    let made = match own {
        Some(result) => result,
        None => pycompat::unknown_method_callback(state, value, method, args)?,
    };
    derived::note(&std::iter::once(value).chain(args).collect::<Vec<_>>(), &made);
    Ok(made)
}

fn on_text(text: &str, method: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(Value::from(match (method, args) {
        ("ljust", _) => padded(text, args, |text, fill| format!("{text}{fill}"))?,
        ("rjust", _) => padded(text, args, |text, fill| format!("{fill}{text}"))?,
        ("zfill", _) => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            padded(text, args, |_, fill| format!("{sign}{}{digits}", "0".repeat(fill.len())))?
        }
        ("center", _) => padded(text, args, |text, fill| {
            // Where Python puts the odd one.
            let (missing, length) = (fill.chars().count(), text.chars().count());
            let left = missing / 2 + (missing & (missing + length) & 1);
            let first: String = fill.chars().take(left).collect();
            format!("{first}{text}{}", &fill[first.len()..])
        })?,
        ("removeprefix", [prefix]) => text.strip_prefix(&*text_of(prefix)?).unwrap_or(text).to_string(),
        ("removesuffix", [suffix]) => text.strip_suffix(&*text_of(suffix)?).unwrap_or(text).to_string(),
        ("swapcase", []) => text.chars().map(swap_case).collect(),
        ("casefold", []) => text.to_lowercase(),
        ("encode" | "decode", _) => text.to_string(),
        ("rsplit", _) => return rsplit(text, args).map(Some),
        ("partition", [at]) => {
            let at = text_of(at)?;
            let (head, tail) = text.split_once(&*at).map_or((text, None), |(h, t)| (h, Some(t)));
            let middle = if tail.is_some() { &*at } else { "" };
            return Ok(Some([head, middle, tail.unwrap_or("")].into_iter().map(Value::from).collect()));
        }
        ("index", [part]) => {
            let part = text_of(part)?;
            let at = text.find(&part).ok_or_else(|| wrong(format!("`{part}` is not in `{text}`")))?;
            return Ok(Some(Value::from(text[..at].chars().count())));
        }
        _ => return Ok(None),
    })))
}

fn swap_case(c: char) -> char {
    match c.is_uppercase() {
        true => c.to_lowercase().next().unwrap_or(c),
        false => c.to_uppercase().next().unwrap_or(c),
    }
}

fn padded(text: &str, args: &[Value], put: impl Fn(&str, &str) -> String) -> Result<String, Error> {
    let width = args.first().and_then(Value::as_i64).ok_or_else(|| wrong("padding needs a width"))?;
    let width = usize::try_from(width).unwrap_or(0).min(100_000);
    let fill = args.get(1).map_or(Ok(" ".to_string()), text_of)?;
    let missing = width.saturating_sub(text.chars().count());
    Ok(put(text, &fill.repeat(missing)))
}

fn rsplit(text: &str, args: &[Value]) -> Result<Value, Error> {
    let most = args.get(1).and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok());
    let mut parts: Vec<&str> = match args.first().filter(|v| !v.is_none()) {
        Some(separator) => {
            let separator = text_of(separator)?;
            if separator.is_empty() {
                return Err(wrong("`rsplit` needs a separator that isn't empty"));
            }
            return Ok(text
                .rsplitn(most.map_or(usize::MAX, |n| n + 1), &separator)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .map(Value::from)
                .collect());
        }
        None => text.trim().rsplitn(most.map_or(usize::MAX, |n| n + 1), char::is_whitespace).collect(),
    };
    parts.reverse();
    Ok(parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
}

fn on_map(map: &Value, method: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    match (method, args) {
        ("copy", []) => Ok(Some(map.clone())),
        ("get", [key, default @ ..]) if key.as_str().is_some() => {
            let found = field(map, key.as_str().unwrap_or_default())?;
            Ok(Some(found.or_else(|| default.first().cloned()).unwrap_or_else(|| Value::from(()))))
        }
        ("update" | "pop" | "setdefault" | "clear", _) => Err(unchangeable("map", method)),
        _ => Ok(None),
    }
}

fn on_list(list: &Value, method: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    match (method, args) {
        ("copy", []) => Ok(Some(list.clone())),
        ("index", [wanted]) => {
            let at = list.try_iter()?.position(|item| &item == wanted);
            let at = at.ok_or_else(|| wrong(format!("{wanted} is not in the list")))?;
            Ok(Some(Value::from(at)))
        }
        ("append" | "extend" | "insert" | "remove" | "pop" | "sort" | "reverse" | "clear", _) => {
            Err(unchangeable("list", method))
        }
        _ => Ok(None),
    }
}

fn unchangeable(what: &str, method: &str) -> Error {
    let message = format!("`.{method}()` only works on a {what} that the template itself wrote down");
    Error::new(ErrorKind::InvalidOperation, message)
}

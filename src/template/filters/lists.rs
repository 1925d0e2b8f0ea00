//! Filters on lists as a whole.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;
use super::super::frame;
use super::select::path;

pub(super) static FILTERS: &[Spec] = &[
    spec("length", &["value"], length),
    spec("count", &["value"], length),
    spec("list", &["value"], |_, args| args.items(0).map(Value::from)),
    spec("first", &["value"], |_, args| one(args.items(0)?.into_iter().next(), "first")),
    spec("last", &["value"], |_, args| one(args.items(0)?.into_iter().next_back(), "last")),
    spec("reverse", &["value"], reverse),
    spec("sort", &["value", "reverse", "case_sensitive", "attribute"], sort),
    spec("unique", &["value", "case_sensitive", "attribute"], unique),
    spec("union", &["a", "b"], |_, args| Ok(Value::from(dedup([args.items(0)?, args.items(1)?].concat())))),
    spec("difference", &["a", "b"], |_, args| kept(args, |_, in_b| !in_b)),
    spec("intersect", &["a", "b"], |_, args| kept(args, |_, in_b| in_b)),
    spec("symmetric_difference", &["a", "b"], symmetric_difference),
    spec("flatten", &["value", "levels", "skip_nulls"], flatten),
    spec("min", &["value", "case_sensitive", "attribute"], |_, args| extreme(args, Ordering::Less)),
    spec("max", &["value", "case_sensitive", "attribute"], |_, args| extreme(args, Ordering::Greater)),
    spec("sum", &["value", "attribute", "start"], sum),
    spec("batch", &["value", "linecount", "fill_with"], batch),
    spec("slice", &["value", "slices", "fill_with"], slice),
    spec("groupby", &["value", "attribute", "default"], groupby),
    spec("zip", &["value", "*"], zip),
    spec("zip_longest", &["value", "*", "fillvalue"], zip_longest),
    spec("product", &["value", "*", "repeat"], product),
    spec("random", &["value", "start", "step", "seed"], random),
    spec("shuffle", &["value", "seed"], shuffle),
];

fn length(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    match value.len() {
        Some(length) => Ok(Value::from(length)),
        None => Ok(Value::from(args.items(0)?.len())),
    }
}

fn one(found: Option<Value>, which: &str) -> Result<Value, Error> {
    if found.is_none() {
        let path = format!("the {which} element of an empty list");
        frame::note_missing(frame::Missing { key: path.clone(), path, parent: None, cause: None });
    }
    Ok(found.unwrap_or(Value::UNDEFINED))
}

fn reverse(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    if let Some(text) = args.need(0)?.as_str() {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    Ok(args.items(0)?.into_iter().rev().collect())
}

/// The value to compare by: an attribute of it if one is named, without case unless that counts.
fn key_of(value: &Value, attribute: Option<&Value>, case_sensitive: bool) -> Result<Value, Error> {
    let key = match attribute {
        Some(attribute) => path(value, attribute)?,
        None => value.clone(),
    };
    if key.is_undefined() {
        return Err(super::super::error::undefined());
    }
    Ok(match key.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => key,
    })
}

fn sort(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let attributes: Vec<Value> = match args.get(3) {
        Some(attribute) => match attribute.as_str() {
            Some(names) => names.split(',').map(|name| Value::from(name.trim())).collect(),
            None => vec![attribute.clone()],
        },
        None => Vec::new(),
    };
    let sensitive = args.flag(2, false);
    let mut keyed = Vec::new();
    for item in args.items(0)? {
        let keys = match attributes.is_empty() {
            true => vec![key_of(&item, None, sensitive)?],
            false => {
                attributes.iter().map(|a| key_of(&item, Some(a), sensitive)).collect::<Result<_, _>>()?
            }
        };
        keyed.push((keys, item));
    }
    if let Some(pair) = keyed.windows(2).find(|pair| !comparable(&pair[0].0[0], &pair[1].0[0])) {
        return Err(wrong(format!("`sort` can't compare {} with {}", pair[0].1, pair[1].1)));
    }
    keyed.sort_by(|a, b| if args.flag(1, false) { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) });
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

fn comparable(a: &Value, b: &Value) -> bool {
    let number = |v: &Value| matches!(v.kind(), ValueKind::Number | ValueKind::Bool);
    a.kind() == b.kind() || (number(a) && number(b))
}

fn unique(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let sensitive = args.flag(1, false);
    let (mut seen, mut kept) = (Vec::new(), Vec::new());
    for item in args.items(0)? {
        let key = key_of(&item, args.get(2), sensitive)?;
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}

fn dedup(items: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn kept(args: &Args, keep: impl Fn(&Value, bool) -> bool) -> Result<Value, Error> {
    let (a, b) = (args.items(0)?, args.items(1)?);
    Ok(dedup(a).into_iter().filter(|item| keep(item, b.contains(item))).collect())
}

fn symmetric_difference(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (a, b) = (args.items(0)?, args.items(1)?);
    let only = |these: &[Value], those: &[Value]| -> Vec<Value> {
        these.iter().filter(|item| !those.contains(item)).cloned().collect()
    };
    Ok(Value::from(dedup([only(&a, &b), only(&b, &a)].concat())))
}

fn flatten(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let levels = args.get(1).map(|_| args.integer(1, 0)).transpose()?;
    let mut out = Vec::new();
    flatten_into(args.items(0)?, levels.unwrap_or(i64::MAX), args.flag(2, true), &mut out)?;
    Ok(Value::from(out))
}

fn flatten_into(items: Vec<Value>, levels: i64, skip_none: bool, out: &mut Vec<Value>) -> Result<(), Error> {
    for item in items {
        match item.kind() {
            ValueKind::None if skip_none => {}
            ValueKind::Seq | ValueKind::Iterable if levels > 0 => {
                flatten_into(items_of(&item)?, levels - 1, skip_none, out)?;
            }
            _ => out.push(item),
        }
    }
    Ok(())
}

fn extreme(args: &Args, wanted: Ordering) -> Result<Value, Error> {
    let mut best: Option<(Value, Value)> = None;
    for item in args.items(0)? {
        let key = key_of(&item, args.get(2), args.flag(1, false))?;
        if let Some((so_far, _)) = &best {
            if !comparable(&key, so_far) {
                return Err(wrong(format!("`{}` can't compare {key} with {so_far}", args.name)));
            }
            if key.cmp(so_far) != wanted {
                continue;
            }
        }
        best = Some((key, item));
    }
    one(best.map(|(_, item)| item), args.name)
}

fn sum(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let mut items = args.items(0)?;
    if let Some(attribute) = args.get(1) {
        items = items.iter().map(|item| path(item, attribute)).collect::<Result<_, _>>()?;
    }
    let start = args.get(2).cloned().unwrap_or_else(|| Value::from(0));
    if start.kind() == ValueKind::Seq {
        let mut out = items_of(&start)?;
        for item in &items {
            out.extend(items_of(item)?);
        }
        return Ok(Value::from(out));
    }
    let all = || items.iter().chain([&start]);
    if all().any(|v| !matches!(v.kind(), ValueKind::Number | ValueKind::Bool)) {
        return Err(wrong("`sum` wants numbers"));
    }
    let whole: Option<i64> = all().try_fold(0i64, |sum, v| {
        let n = if v.is_integer() {
            v.as_i64()?
        } else if v.is_number() {
            return None;
        } else {
            i64::from(v.is_true())
        };
        sum.checked_add(n)
    });
    Ok(match whole {
        Some(sum) => Value::from(sum),
        None => Value::from(all().filter_map(|v| f64::try_from(v.clone()).ok()).sum::<f64>()),
    })
}

fn positive(args: &Args, at: usize) -> Result<usize, Error> {
    usize::try_from(args.integer(at, 0)?)
        .ok()
        .filter(|n| (1..=100_000).contains(n))
        .ok_or_else(|| wrong(format!("`{}` wants a positive number", args.name)))
}

fn batch(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let size = positive(args, 1)?;
    let items = args.items(0)?;
    let chunks = items.chunks(size).map(|chunk| {
        let mut chunk = chunk.to_vec();
        if let Some(fill) = args.get(2) {
            chunk.resize(size, fill.clone());
        }
        Value::from(chunk)
    });
    Ok(chunks.collect())
}

fn slice(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (slices, items) = (positive(args, 1)?, args.items(0)?);
    let (each, longer) = (items.len() / slices, items.len() % slices);
    let (mut out, mut at) = (Vec::new(), 0);
    for i in 0..slices {
        let end = at + each + usize::from(i < longer);
        let mut part = items[at..end].to_vec();
        if let (Some(fill), true) = (args.get(2), i >= longer) {
            part.push(fill.clone());
        }
        out.push(Value::from(part));
        at = end;
    }
    Ok(Value::from(out))
}

fn groupby(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in args.items(0)? {
        let key = match (path(&item, args.need(1)?)?, args.get(2)) {
            (key, Some(default)) if key.is_undefined() => default.clone(),
            (key, _) => key_of(&key, None, true)?,
        };
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, group)) => group.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(groups.into_iter().map(|(key, group)| Value::from(vec![key, Value::from(group)])).collect())
}

fn columns(args: &Args) -> Result<Vec<Vec<Value>>, Error> {
    let mut lists = vec![args.items(0)?];
    for list in &args.rest {
        lists.push(items_of(list)?);
    }
    Ok(lists)
}

fn zip(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let lists = columns(args)?;
    let rows = lists.iter().map(Vec::len).min().unwrap_or(0);
    Ok((0..rows).map(|i| lists.iter().map(|list| list[i].clone()).collect::<Value>()).collect())
}

fn zip_longest(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let lists = columns(args)?;
    let fill = args.get(2).cloned().unwrap_or_else(|| Value::from(()));
    let rows = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |i| lists.iter().map(|list| list.get(i).unwrap_or(&fill).clone()).collect::<Value>();
    Ok((0..rows).map(row).collect())
}

/// Rows of a product beyond this number are refused.
const MAX_ROWS: usize = 100_000;

fn product(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let once = columns(args)?;
    let times = usize::try_from(args.integer(2, 1)?).unwrap_or(0).min(20);
    let lists: Vec<Vec<Value>> = std::iter::repeat_n(once, times).flatten().collect();
    let rows = lists.iter().try_fold(1usize, |rows, list| rows.checked_mul(list.len()));
    if rows.is_none_or(|rows| rows > MAX_ROWS) {
        return Err(wrong(format!("`product` would have more than {MAX_ROWS} rows")));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in &lists {
        let longer = rows.iter().flat_map(|row| {
            list.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect::<Vec<_>>())
        });
        rows = longer.collect();
    }
    Ok(rows.into_iter().map(Value::from).collect())
}

/// A stream of numbers that is the same for the same run, or the same `seed`, and text.
struct Numbers(u64);

impl Numbers {
    fn new(seed: Option<&Value>, about: &str) -> Result<Numbers, Error> {
        let run = frame::current_root().map_or(0, |root| root.core.inputs.seed);
        let named = seed.map(text_of).transpose()?;
        let bytes = match &named {
            Some(seed) => seed.clone(),
            None => format!("{run}/{about}"),
        };
        // FNV-1a: spreads short texts over the 64 bits.
        let hash = bytes
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Ok(Numbers(hash))
    }

    /// The next number below `limit`, by splitmix64.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % (limit.max(1) as u64)) as usize
    }
}

fn random(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let mut numbers = Numbers::new(args.get(3), &text_of(value)?)?;
    if let Some(end) = value.as_i64().filter(|_| value.is_integer()) {
        let (start, step) = (args.integer(1, 0)?, args.integer(2, 1)?.max(1));
        let count = end.saturating_sub(start).max(0).div_euclid(step)
            + i64::from(end.saturating_sub(start).max(0).rem_euclid(step) > 0);
        let pick = numbers.below(usize::try_from(count).unwrap_or(0));
        return Ok(Value::from(start + step * i64::try_from(pick).unwrap_or(0)));
    }
    let items = args.items(0)?;
    one(items.get(numbers.below(items.len())).cloned(), "random")
}

fn shuffle(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let mut items = args.items(0)?;
    let mut numbers = Numbers::new(args.get(1), &text_of(args.need(0)?)?)?;
    for i in (1..items.len()).rev() {
        items.swap(i, numbers.below(i + 1));
    }
    Ok(Value::from(items))
}

//! Comparing versions, as the test `version` does.

use std::cmp::Ordering;

pub(super) fn compare(a: &str, operator: &str, b: &str, kind: &str) -> Result<bool, String> {
    let order = match kind {
        "loose" => loose(a, b)?,
        "strict" | "semver" | "semantic" => semantic(a, b)?,
        other => {
            return Err(format!(
                "versions of the type `{other}` are not supported: loose, strict and semver are"
            ));
        }
    };
    Ok(match operator {
        "==" | "=" | "eq" => order == Ordering::Equal,
        "!=" | "<>" | "ne" => order != Ordering::Equal,
        "<" | "lt" => order == Ordering::Less,
        "<=" | "le" => order != Ordering::Greater,
        ">" | "gt" => order == Ordering::Greater,
        ">=" | "ge" => order != Ordering::Less,
        other => return Err(format!("versions aren't compared by `{other}`")),
    })
}

#[derive(Debug, PartialEq, Eq, Clone)]
enum Part {
    Number(u128),
    Word(String),
}

/// Runs of digits, runs of letters, and what else stands between dots.
fn parts(version: &str) -> Vec<Part> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut runs: Vec<String> = Vec::new();
    let mut last = None;
    for c in version.chars() {
        match runs.last_mut() {
            Some(run) if last == Some(class(c)) => run.push(c),
            _ => runs.push(c.to_string()),
        }
        last = Some(class(c));
    }
    let part = |run: String| match run.parse() {
        Ok(number) => Part::Number(number),
        Err(_) => Part::Word(run),
    };
    runs.into_iter().filter(|run| !run.starts_with('.')).map(part).collect()
}

/// Python's `LooseVersion`: part by part; a number and a word can't be compared.
fn loose(a: &str, b: &str) -> Result<Ordering, String> {
    if a.trim().is_empty() || b.trim().is_empty() {
        return Err("a version to compare is empty".into());
    }
    let (left, right) = (parts(a.trim()), parts(b.trim()));
    for pair in left.iter().zip(&right) {
        let order = match pair {
            (Part::Number(x), Part::Number(y)) => x.cmp(y),
            (Part::Word(x), Part::Word(y)) => x.cmp(y),
            _ => return Err(format!("the versions `{a}` and `{b}` can't be compared")),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// Three numbers, and what comes before a release after a dash.
fn semantic(a: &str, b: &str) -> Result<Ordering, String> {
    let (left, right) = (semantic_parts(a)?, semantic_parts(b)?);
    let before = |x: &str, y: &str| match (x.is_empty(), y.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => pre_release(x, y),
    };
    Ok(left.0.cmp(&right.0).then_with(|| before(&left.1, &right.1)))
}

fn semantic_parts(version: &str) -> Result<(Vec<u64>, String), String> {
    let bad = || format!("`{version}` is no version of the strict kind (1.2.3)");
    let core = version.trim().split('+').next().unwrap_or_default();
    let dash = core.find(|c: char| c == '-' || c.is_ascii_alphabetic()).unwrap_or(core.len());
    let (numbers, pre) = core.split_at(dash);
    let mut numbers =
        numbers.split('.').map(|n| n.parse()).collect::<Result<Vec<u64>, _>>().map_err(|_| bad())?;
    if numbers.len() > 3 {
        return Err(bad());
    }
    numbers.resize(3, 0);
    Ok((numbers, pre.trim_start_matches('-').to_string()))
}

fn pre_release(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<&str>, Vec<&str>) = (a.split('.').collect(), b.split('.').collect());
    let one = |x: &str, y: &str| match (x.parse::<u64>(), y.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => x.cmp(y),
    };
    let differs = left.iter().zip(&right).map(|(x, y)| one(x, y)).find(|order| *order != Ordering::Equal);
    differs.unwrap_or_else(|| left.len().cmp(&right.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_in_ansible() {
        for (a, operator, b, kind, expected) in [
            ("1.10", ">", "1.9", "loose", Some(true)),
            ("22.04", ">=", "20.04", "loose", Some(true)),
            ("1.0", "==", "1.0.0", "loose", Some(false)),
            ("9.2p1", "gt", "9.2", "loose", Some(true)),
            ("1.2.3", "lt", "1.2.x", "loose", None),
            ("", "eq", "1", "loose", None),
            ("1.2", "=", "1.2.0", "strict", Some(true)),
            ("1.2.0-rc1", "<", "1.2.0", "semver", Some(true)),
            ("1.2.0-rc.2", "<", "1.2.0-rc.10", "semver", Some(true)),
            ("1.2", "~", "1.2", "loose", None),
            ("1", "eq", "1", "pep440", None),
        ] {
            assert_eq!(compare(a, operator, b, kind).ok(), expected, "{a} {operator} {b} {kind}");
        }
    }
}

//! Many host names as few words: `web[01-10]`, `db[1,3]`.

use std::collections::BTreeMap;

/// The names in the order of their first appearance, numbered ones folded into ranges.
pub fn fold(hosts: &[&str]) -> String {
    let mut counts = BTreeMap::new();
    for frame in hosts.iter().flat_map(|host| frames(host)) {
        *counts.entry((frame.before, frame.after, frame.width())).or_insert(0usize) += 1;
    }
    let mut groups: Vec<Group> = Vec::new();
    for host in hosts {
        // The number that most hosts share the rest of the name with; the last one if none is.
        let best = frames(host)
            .into_iter()
            .max_by_key(|frame| counts.get(&(frame.before, frame.after, frame.width())).copied());
        let known = best.and_then(|frame| groups.iter_mut().find(|group| group.takes(&frame)));
        match (known, best) {
            (Some(group), Some(frame)) => group.numbers.push((frame.value(), frame.number)),
            (_, frame) => groups.push(Group::new(host, frame)),
        }
    }
    groups.iter_mut().map(Group::text).collect::<Vec<_>>().join(", ")
}

/// A name seen as a number between two texts.
#[derive(Clone, Copy)]
struct Frame<'a> {
    before: &'a str,
    number: &'a str,
    after: &'a str,
}

impl Frame<'_> {
    /// Digits that a padded number is written with; 0 if it isn't padded.
    fn width(&self) -> usize {
        match self.number.starts_with('0') && self.number.len() > 1 {
            true => self.number.len(),
            false => 0,
        }
    }

    fn value(&self) -> u64 {
        self.number.parse().unwrap_or(u64::MAX)
    }
}

/// Every way to see a name as a numbered one. Numbers that don't fit 64 bits are text.
fn frames(host: &str) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(start) = host[at..].find(|c: char| c.is_ascii_digit()).map(|i| at + i) {
        let end = host[start..].find(|c: char| !c.is_ascii_digit()).map_or(host.len(), |i| start + i);
        if end - start < 19 {
            frames.push(Frame { before: &host[..start], number: &host[start..end], after: &host[end..] });
        }
        at = end;
    }
    frames
}

struct Group<'a> {
    host: &'a str,
    frame: Option<Frame<'a>>,
    numbers: Vec<(u64, &'a str)>,
}

impl<'a> Group<'a> {
    fn new(host: &'a str, frame: Option<Frame<'a>>) -> Self {
        let numbers = frame.iter().map(|frame| (frame.value(), frame.number)).collect();
        Group { host, frame, numbers }
    }

    /// Padded numbers go with those as long (`08`, `09`, `10`), others with any that aren't padded.
    fn takes(&self, other: &Frame<'_>) -> bool {
        self.frame.is_some_and(|mine| {
            mine.before == other.before
                && mine.after == other.after
                && match (mine.width(), other.width()) {
                    (0, 0) => true,
                    (0, width) => self.numbers.iter().all(|(_, text)| text.len() == width),
                    (width, _) => other.number.len() == width,
                }
        })
    }

    fn text(&mut self) -> String {
        let Some(frame) = self.frame.filter(|_| self.numbers.len() > 1) else {
            return self.host.to_string();
        };
        self.numbers.sort_unstable();
        self.numbers.dedup();
        let ranges: Vec<String> = self
            .numbers
            .chunk_by(|a, b| a.0 + 1 == b.0)
            .map(|run| match (run.first(), run.last()) {
                (Some(first), Some(last)) if run.len() > 2 => format!("{}-{}", first.1, last.1),
                _ => run.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(","),
            })
            .collect();
        format!("{}[{}]{}", frame.before, ranges.join(","), frame.after)
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn numbered_names_fold_into_ranges() {
        assert_eq!(fold(&["web01", "web02", "web03", "web05", "web09", "web10"]), "web[01-03,05,09,10]");
        assert_eq!(fold(&["n8", "n9", "n10", "n11"]), "n[8-11]");
        assert_eq!(fold(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]), "10.0.0.[1-3]");
        assert_eq!(fold(&["web1.a2.example", "web2.a2.example"]), "web[1,2].a2.example");
    }

    #[test]
    fn what_does_not_fold_stays_as_it_is() {
        assert_eq!(fold(&["db", "web1", "mail"]), "db, web1, mail");
        assert_eq!(fold(&["a1", "a01"]), "a1, a01");
        assert_eq!(fold(&["x99999999999999999999", "x1"]), "x99999999999999999999, x1");
        assert_eq!(fold(&[]), "");
    }
}

//! Ranges in host names: `web[01:50:2].example.com`, `db[a:f]`.

/// More hosts than this from one name are a slip of the keyboard.
const MOST: usize = 65_536;
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// All names that a name with ranges stands for; the name itself if it has none.
pub fn expand(name: &str) -> Result<Vec<String>, String> {
    let mut done = vec![String::new()];
    let mut rest = name;
    while let Some((head, after)) = rest.split_once('[') {
        let (inner, tail) =
            after.split_once(']').ok_or_else(|| format!("the `[` in `{name}` is not closed"))?;
        let parts = Range::parse(inner)?.parts()?;
        if done.len().saturating_mul(parts.len()) > MOST {
            return Err(format!("`{name}` stands for more than {MOST} hosts"));
        }
        done = done
            .iter()
            .flat_map(|so_far| parts.iter().map(move |part| format!("{so_far}{head}{part}")))
            .collect();
        rest = tail;
    }
    if rest.contains(']') {
        return Err(format!("the `]` in `{name}` closes nothing"));
    }
    Ok(done.into_iter().map(|so_far| so_far + rest).collect())
}

struct Range<'a> {
    whole: &'a str,
    begin: &'a str,
    end: &'a str,
    step: usize,
}

impl<'a> Range<'a> {
    fn parse(whole: &'a str) -> Result<Self, String> {
        let bounds: Vec<&str> = whole.split(':').collect();
        let (begin, end, step) = match bounds[..] {
            [begin, end] => (begin, end, "1"),
            [begin, end, step] => (begin, end, step),
            _ => return Err(format!("the range `[{whole}]` must be `[begin:end]` or `[begin:end:step]`")),
        };
        if end.is_empty() {
            return Err(format!("the range `[{whole}]` has no end"));
        }
        let step = step.parse().ok().filter(|step| *step > 0);
        let step =
            step.ok_or_else(|| format!("the step of the range `[{whole}]` must be a number from 1"))?;
        Ok(Range { whole, begin: if begin.is_empty() { "0" } else { begin }, end, step })
    }

    fn parts(&self) -> Result<Vec<String>, String> {
        match (letter(self.begin), letter(self.end)) {
            (Some(begin), Some(end)) => {
                let letters = LETTERS.chars().skip(begin).take((end + 1).saturating_sub(begin));
                self.ordered(begin <= end)?;
                Ok(letters.step_by(self.step).map(String::from).collect())
            }
            _ => self.numbers(),
        }
    }

    fn numbers(&self) -> Result<Vec<String>, String> {
        let number = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u64>().ok()).flatten().ok_or_else(|| {
                format!("the range `[{}]` must be of numbers or of single letters", self.whole)
            })
        };
        let (begin, end) = (number(self.begin)?, number(self.end)?);
        self.ordered(begin <= end)?;
        if (end - begin) / self.step as u64 >= MOST as u64 {
            return Err(format!("the range `[{}]` stands for more than {MOST} hosts", self.whole));
        }
        let padded = self.begin.len() > 1 && self.begin.starts_with('0');
        if padded && self.begin.len() != self.end.len() {
            return Err(format!(
                "both ends of the range `[{}]` must have the same number of digits",
                self.whole
            ));
        }
        let width = if padded { self.begin.len() } else { 0 };
        Ok((begin..=end).step_by(self.step).map(|number| format!("{number:0width$}")).collect())
    }

    fn ordered(&self, ordered: bool) -> Result<(), String> {
        if ordered { Ok(()) } else { Err(format!("the range `[{}]` ends before it begins", self.whole)) }
    }
}

fn letter(text: &str) -> Option<usize> {
    (text.len() == 1).then(|| LETTERS.find(text)).flatten()
}

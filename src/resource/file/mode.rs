//! File modes as people write them: octal, or chmod's symbols.

/// Octal digits, or chmod's symbols applied to `now`.
pub fn apply(text: &str, now: u32, directory: bool) -> Option<u32> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).ok().filter(|n| *n <= 0o7777);
    }
    text.split(',').try_fold(now, |mode, clause| apply_clause(mode, clause, directory))
}

fn apply_clause(mode: u32, clause: &str, directory: bool) -> Option<u32> {
    let at = clause.find(['+', '-', '='])?;
    let who = if at == 0 { "a" } else { &clause[..at] };
    let (op, perms) = (clause.as_bytes()[at], &clause[at + 1..]);
    let mut bits = 0;
    for w in who.chars() {
        let (shift, special) = match w {
            'u' => (6, 0o4000),
            'g' => (3, 0o2000),
            'o' => (0, 0o1000),
            'a' => {
                bits |= clause_bits(perms, mode, directory, 6, 0o4000)?
                    | clause_bits(perms, mode, directory, 3, 0o2000)?
                    | clause_bits(perms, mode, directory, 0, 0o1000)?;
                continue;
            }
            _ => return None,
        };
        bits |= clause_bits(perms, mode, directory, shift, special)?;
    }
    let mask = who.chars().fold(0, |m, w| {
        m | match w {
            'u' => 0o700,
            'g' => 0o070,
            'o' => 0o007,
            _ => 0o777,
        }
    });
    Some(match op {
        b'+' => mode | bits,
        b'-' => mode & !bits,
        _ => (mode & !mask) | bits,
    })
}

fn clause_bits(perms: &str, mode: u32, directory: bool, shift: u32, special: u32) -> Option<u32> {
    perms.chars().try_fold(0, |bits, p| {
        Some(
            bits | match p {
                'r' => 4 << shift,
                'w' => 2 << shift,
                'x' => 1 << shift,
                'X' if directory || mode & 0o111 != 0 => 1 << shift,
                'X' => 0,
                's' if special != 0o1000 => special,
                's' => 0,
                't' => 0o1000,
                'u' => (mode >> 6 & 7) << shift,
                'g' => (mode >> 3 & 7) << shift,
                'o' => (mode & 7) << shift,
                _ => return None,
            },
        )
    })
}

/// Bits that must be set and bits that must not be, of what already has a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub set: u32,
    pub clear: u32,
}

/// What a mode asks of everything in a tree: of folders, of files that nobody may execute, and of
/// files that somebody may (`X` tells them apart).
pub fn rules(text: &str) -> Option<[Rule; 3]> {
    // A bit that comes out the same whatever was there is asked for; all others are kept.
    let rule = |samples: &[u32], directory: bool| {
        let results: Vec<u32> =
            samples.iter().map(|now| apply(text, *now, directory)).collect::<Option<_>>()?;
        let set = results.iter().fold(0o7777, |all, mode| all & mode);
        let clear = !results.iter().fold(0, |any, mode| any | mode) & 0o7777;
        Some(Rule { set, clear })
    };
    Some([
        rule(&[0, 0o7777], true)?,
        rule(&[0, 0o7666], false)?,
        rule(&[0o100, 0o010, 0o001, 0o7777], false)?,
    ])
}

impl Rule {
    /// As an argument of chmod that names the classes, so that no umask has a say.
    pub fn symbols(self) -> String {
        let mut clauses = Vec::new();
        for (sign, bits) in [('+', self.set), ('-', self.clear)] {
            for (who, shift) in [('u', 6), ('g', 3), ('o', 0)] {
                let perms: String = "rwx"
                    .chars()
                    .zip([4, 2, 1])
                    .filter(|(_, b)| bits >> shift & b != 0)
                    .map(|(p, _)| p)
                    .collect();
                if !perms.is_empty() {
                    clauses.push(format!("{who}{sign}{perms}"));
                }
            }
            for (clause, bit) in [("us", 0o4000), ("gs", 0o2000), ("+t", 0o1000)] {
                if bits & bit != 0 {
                    clauses.push(clause.replace('s', &format!("{sign}s")).replace('+', &sign.to_string()));
                }
            }
        }
        clauses.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbolic_modes_are_chmods() {
        let cases = [
            ("u=rw,go=r", 0o777, false, Some(0o644)),
            ("go-w", 0o666, false, Some(0o644)),
            ("a+X", 0o644, false, Some(0o644)),
            ("a+X", 0o644, true, Some(0o755)),
            ("+x", 0o644, false, Some(0o755)),
            ("u+s,+t", 0o755, false, Some(0o5755)),
            ("g=u", 0o640, false, Some(0o660)),
            ("z+x", 0o644, false, None),
            ("0755", 0o644, false, Some(0o755)),
            ("99", 0o644, false, None),
        ];
        for (text, now, directory, wanted) in cases {
            assert_eq!(apply(text, now, directory), wanted, "{text}");
        }
    }

    #[test]
    fn a_tree_has_a_rule_for_folders_and_two_kinds_of_files() {
        let rules = |text| rules(text).map(|r| r.map(|r| (r.set, r.clear)));
        assert_eq!(rules("u=rwX,go=rX"), Some([(0o755, 0o022), (0o644, 0o133), (0o755, 0o022)]));
        assert_eq!(rules("go-w"), Some([(0, 0o022), (0, 0o133), (0, 0o022)]));
        assert_eq!(rules("0640"), Some([(0o640, 0o7137); 3]));
        assert_eq!(rules("z"), None);
        let all = Rule { set: 0o5640, clear: 0o2137 };
        assert_eq!(all.symbols(), "u+rw,g+r,u+s,+t,u-x,g-wx,o-rwx,g-s");
    }
}

//! The order in which sshd reads its files: each line with its file and number, Includes followed
//! where they stand, and whether a Match block holds it.

use super::MAIN;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// sshd gives up at this depth too (servconf.c, SERVCONF_MAX_DEPTH).
const DEPTH: usize = 16;

/// One line that sets something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directive {
    pub file: String,
    pub line: usize,
    /// In lower case, an old name replaced by the present one.
    pub keyword: String,
    pub value: String,
    /// The criteria of the Match block that it stands in.
    pub within: Option<String>,
}

impl Directive {
    /// `file:line`, as in every message.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Old names of keywords: the first of either name wins (sshd_config(5), servconf.c).
const ALIASES: &[(&str, &str)] = &[
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("skeyauthentication", "kbdinteractiveauthentication"),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"),
    ("hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms"),
    ("dsaauthentication", "pubkeyauthentication"),
    ("keepalive", "tcpkeepalive"),
    ("authorizedkeysfile2", "authorizedkeysfile"),
];

/// A keyword as `sshd -T` spells it.
pub fn canonical(keyword: &str) -> String {
    let lower = keyword.to_ascii_lowercase();
    match ALIASES.iter().find(|(old, _)| *old == lower) {
        Some((_, now)) => now.to_string(),
        None => lower,
    }
}

/// The lines of each file, and the files that each Include line leads to.
#[derive(Debug, Default)]
pub struct Files {
    pub lines: BTreeMap<String, Vec<(usize, String)>>,
    pub includes: BTreeMap<(String, usize), Vec<String>>,
}

impl Files {
    /// All directives in reading order. A Match in an included file ends with that file; a Match
    /// before an Include holds all that is included.
    pub fn directives(&self) -> Vec<Directive> {
        let mut out = Vec::new();
        self.read(MAIN, None, 0, &mut out);
        out
    }

    fn read(&self, file: &str, outer: Option<&str>, depth: usize, out: &mut Vec<Directive>) {
        let mut within = outer.map(str::to_string);
        for (line, text) in self.lines.get(file).map_or(&[][..], Vec::as_slice) {
            let (keyword, value) = split(text);
            let directive = |within: Option<String>| Directive {
                file: file.to_string(),
                line: *line,
                keyword: canonical(keyword),
                value: value.to_string(),
                within,
            };
            match directive(None).keyword.as_str() {
                "match" => {
                    within = Some(value.to_string()).filter(|v| !v.eq_ignore_ascii_case("all"));
                    out.push(directive(within.clone()));
                }
                "include" => {
                    out.push(directive(within.clone()));
                    let found = self.includes.get(&(file.to_string(), *line));
                    for path in found.into_iter().flatten().filter(|_| depth < DEPTH) {
                        self.read(path, within.as_deref(), depth + 1, out);
                    }
                }
                _ => out.push(directive(within.clone())),
            }
        }
    }
}

/// Keyword and value of a line: separated by blanks or one `=`.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    let rest = text[end..].trim_start();
    let value = rest.strip_prefix('=').unwrap_or(rest);
    (text[..end].trim_matches('"'), value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(given: &[(&str, &[&str])], includes: &[(&str, usize, &[&str])]) -> Files {
        let mut files = Files::default();
        for (path, lines) in given {
            let numbered = lines.iter().enumerate().map(|(i, l)| (i + 1, l.to_string())).collect();
            files.lines.insert(path.to_string(), numbered);
        }
        for (path, line, to) in includes {
            files.includes.insert((path.to_string(), *line), to.iter().map(|s| s.to_string()).collect());
        }
        files
    }

    #[test]
    fn includes_are_read_where_they_stand_and_a_match_ends_with_its_file() {
        let files = files(
            &[
                (MAIN, &["Port=22", "Include a.d/*.conf", "UsePAM yes", "Match User bob", "PermitTTY no"]),
                ("/a.d/1.conf", &["Match Group x", "\tChallengeResponseAuthentication = no"]),
                ("/a.d/2.conf", &["X11Forwarding no"]),
            ],
            &[(MAIN, 2, &["/a.d/1.conf", "/a.d/2.conf"])],
        );
        let told: Vec<String> = files
            .directives()
            .iter()
            .map(|d| {
                format!("{} {} {} [{}]", d.place(), d.keyword, d.value, d.within.as_deref().unwrap_or(""))
            })
            .collect();
        assert_eq!(
            told,
            [
                "/etc/ssh/sshd_config:1 port 22 []",
                "/etc/ssh/sshd_config:2 include a.d/*.conf []",
                "/a.d/1.conf:1 match Group x [Group x]",
                "/a.d/1.conf:2 kbdinteractiveauthentication no [Group x]",
                "/a.d/2.conf:1 x11forwarding no []",
                "/etc/ssh/sshd_config:3 usepam yes []",
                "/etc/ssh/sshd_config:4 match User bob [User bob]",
                "/etc/ssh/sshd_config:5 permittty no [User bob]",
            ]
        );
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let files = files(&[(MAIN, &["Include x"])], &[(MAIN, 1, &[MAIN])]);
        assert_eq!(files.directives().len(), DEPTH + 1);
    }
}

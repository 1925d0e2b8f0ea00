//! What is said of whole hosts: unreachable, wrong input, access proven. The same words about many
//! hosts are said once.

use super::fold::fold;
use super::style::Paint;
use super::text;

struct Notice {
    word: &'static str,
    /// With each host's own name taken out, so that hosts in the same trouble read alike.
    message: String,
    hint: Option<String>,
    hosts: Vec<String>,
}

/// Stands for the host's name in a message until it is known whether others read alike.
const NAME: &str = "\u{0}";

#[derive(Default)]
pub struct Notices {
    bad: Vec<Notice>,
    proven: Vec<Proven>,
}

/// Fresh logins by one user after the same was changed.
struct Proven {
    user: String,
    what: String,
    /// Each host, and how long it took there.
    hosts: Vec<(String, String)>,
}

impl Notices {
    pub fn add(&mut self, word: &'static str, host: &str, message: &str, hint: Option<&str>) {
        let unnamed = |text: &str| text.replace(&format!("`{host}`"), NAME);
        let (message, hint) = (unnamed(message.trim()), hint.map(unnamed));
        let same =
            |notice: &&mut Notice| notice.word == word && notice.message == message && notice.hint == hint;
        match self.bad.iter_mut().find(same) {
            Some(notice) => notice.hosts.push(host.to_string()),
            None => self.bad.push(Notice { word, message, hint, hosts: vec![host.to_string()] }),
        }
    }

    pub fn proven(&mut self, host: &str, user: &str, what: &str, took: &str) {
        let new = (host.to_string(), took.to_string());
        match self.proven.iter_mut().find(|known| known.user == user && known.what == what) {
            Some(known) => known.hosts.push(new),
            None => self.proven.push(Proven { user: user.into(), what: what.into(), hosts: vec![new] }),
        }
    }

    /// The lines of what came since the last time; good news can wait for more of it.
    pub fn take(&mut self, paint: &Paint, all: bool) -> Vec<String> {
        let bad = std::mem::take(&mut self.bad);
        let mut lines: Vec<String> = bad.iter().flat_map(|notice| notice.lines(paint)).collect();
        let proven = if all { std::mem::take(&mut self.proven) } else { Vec::new() };
        lines.extend(proven.iter().map(|proven| paint.good(proven.line())));
        lines
    }
}

impl Proven {
    /// `sshd changed, proving a fresh login as `anna` ... 0.4 s, proven on web1`
    fn line(&self) -> String {
        let names: Vec<String> = self.hosts.iter().map(|(host, _)| host.clone()).collect();
        let (user, what, names) = (text::line(&self.user), text::line(&self.what), folded(&names));
        if what.is_empty() {
            return format!("a fresh login as `{user}` works on {names}");
        }
        let slowest = self.hosts.iter().map(|(_, took)| took.as_str()).max_by_key(|took| (took.len(), *took));
        let took = text::line(slowest.unwrap_or_default());
        let most = if self.hosts.len() > 1 { " at most" } else { "" };
        format!("{what} changed, proving a fresh login as `{user}` ... {took}{most}, proven on {names}")
    }
}

impl Notice {
    fn lines(&self, paint: &Paint) -> Vec<String> {
        let name = match self.hosts.as_slice() {
            [host] => format!("`{host}`"),
            _ => "the host".to_string(),
        };
        let mut lines = text::lines(&self.message.replace(NAME, &name)).into_iter();
        let (hosts, word) = (paint.hosts(folded(&self.hosts)), paint.bad(self.word));
        let mut shown = vec![format!("{hosts}: {word}: {}", lines.next().unwrap_or_default())];
        shown.extend(lines.map(|line| format!("  {line}")));
        if let Some(hint) = &self.hint {
            let hint = text::line(&hint.replace(NAME, &name));
            shown.push(format!("  {} {hint}", paint.good("hint:")));
        }
        shown
    }
}

fn folded(hosts: &[String]) -> String {
    let mut names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    // They came in the order in which they were done.
    names.sort_unstable();
    text::line_of_any_length(&fold(&names))
}

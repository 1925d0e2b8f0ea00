//! One run at a time on a host: a lock that the framed shell's loop holds as long as it lives, so
//! that it goes with the connection, however that ends.

use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Root's alone: whoever can open it can lock it.
const FILE: &str = "/run/harda.lock";

/// Who holds a lock, or wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub run: String,
    /// Who logged in.
    pub login: String,
    /// The machine that harda runs on, and its process there.
    pub controller: String,
    pub pid: u32,
    pub since: String,
}

impl Holder {
    /// `run R of anna, from desk (process 4711) since 2026-...`
    pub fn words(&self) -> String {
        let Holder { run, login, controller, pid, since } = self;
        format!("run {run} of {login}, from {controller} (process {pid}), since {since}")
    }
}

/// How asking for the lock came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    Held,
    /// Another run has it; who that is, where the file tells.
    Taken(Option<Holder>),
    /// There can be no lock on this host, and why.
    Impossible(String),
}

/// Takes the lock, waiting for so many seconds. Run in the loop's own shell: descriptor 9 stays
/// open there, and is closed for all that fragments start.
pub fn take(holder: &Holder, wait: u64) -> Fragment {
    // Texts and a number: it can always be written.
    let who = quote(&serde_json::to_string(holder).unwrap_or_default());
    let mut fragment = Fragment::new(format!(
        "if ! command -v flock >/dev/null 2>&1; then echo missing\n\
         elif ! (umask 077; : >>{FILE}) 2>/dev/null; then echo unwritable\n\
         else\nexec 9<>{FILE}; _w={wait}; _l=0\n\
         until flock -n 9 </dev/null 2>/dev/null; do [ \"$_w\" -gt 0 ] || {{ _l=1; break; }}\n\
         _w=$((_w - 1)); sleep 1 </dev/null 9>&-; done\n\
         if [ $_l = 0 ]; then printf '%s\\n%s\\n' \"$$\" {who} >{FILE}; echo held\n\
         else echo taken; exec 9>&-; cat {FILE} </dev/null; fi\nfi\n"
    ));
    fragment.deadline = Duration::from_secs(wait + 60);
    fragment.max_output = 64 << 10;
    fragment
}

/// Gives the lock back.
pub fn give() -> Fragment {
    Fragment::new("exec 9>&-")
}

/// Reads the answer to [`take`].
pub fn read(reply: &Reply) -> Locked {
    let text = reply.text();
    let mut lines = text.lines();
    match lines.next() {
        Some("held") => Locked::Held,
        Some("taken") => Locked::Taken(lines.nth(1).and_then(|line| serde_json::from_str(line).ok())),
        Some("missing") => Locked::Impossible("there is no `flock`".into()),
        Some("unwritable") => Locked::Impossible(format!("`{FILE}` can't be written")),
        _ => Locked::Impossible(format!("its shell could not tell: {}", reply.error_text())),
    }
}

/// Asks who holds the lock, without taking it: whether the process that wrote the file still has it
/// open.
pub fn question() -> Fragment {
    Fragment::new(format!(
        "[ -r {FILE} ] || exit 0\n{{ read -r p; read -r w; }} <{FILE}\n\
         case $p in ''|*[!0-9]*) exit 0;; esac\n\
         [ \"$(readlink /proc/\"$p\"/fd/9 2>/dev/null)\" != {FILE} ] || printf '%s\\n' \"$w\"\ntrue\n"
    ))
}

/// Reads the answer to [`question`].
pub fn holder(reply: &Reply) -> Option<Holder> {
    serde_json::from_str(reply.text().lines().next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let holder = Holder {
            run: "20261125T060000Z-ab".into(),
            login: "anna".into(),
            controller: "desk".into(),
            pid: 7,
            since: "now".into(),
        };
        let json = serde_json::to_string(&holder).expect("json");
        let reply = |text: String| Reply { stdout: text.into_bytes(), ..Reply::default() };
        assert_eq!(read(&reply("held\n".into())), Locked::Held);
        assert_eq!(read(&reply(format!("taken\n123\n{json}\n"))), Locked::Taken(Some(holder.clone())));
        assert_eq!(read(&reply("taken\n".into())), Locked::Taken(None));
        assert!(matches!(read(&reply(String::new())), Locked::Impossible(_)));
        assert_eq!(super::holder(&reply(format!("{json}\n"))), Some(holder));
        assert_eq!(super::holder(&reply("\u{1b}[31m\n".into())), None);
    }
}

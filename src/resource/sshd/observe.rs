//! The script that asks. Candidates are laid over the host's files in a mount namespace of the
//! script's own; their bytes come on its stdin, one after the other.

use super::{Candidate, Login, SshdId};
use crate::fragment::{Fragment, Input, quote};
use crate::resource::Wanted;
use std::fmt::Write;

const ASK: &str = include_str!("observe.sh");
const OVERLAY: &str = include_str!("overlay.sh");

pub fn script(wanted: &[Wanted<SshdId>]) -> Fragment {
    // One that fails may have left bytes unread: those after it are not asked.
    let mut script = format!("ask={}\nlay={}\nbroken=\n", quote(ASK), quote(OVERLAY));
    let mut fragment = Fragment::new("");
    for (index, w) in wanted.iter().enumerate() {
        let _ = writeln!(script, "echo '@@id {index}'");
        script.push_str(&question(&w.id));
        fragment.input.extend(w.id.overlay.iter().filter_map(bytes));
    }
    script.push_str("true\n");
    fragment.script = script;
    fragment
}

/// The bytes that a candidate sends: an empty one has none.
fn bytes(candidate: &Candidate) -> Option<Input> {
    candidate.body.as_ref().and_then(|b| b.input()).filter(|input| !input.is_empty())
}

fn question(id: &SshdId) -> String {
    let mut words = vec![quote(&id.own), if id.overlay.is_empty() { "known" } else { "-" }.to_string()];
    words.extend(id.logins.iter().map(|login| quote(&connection(login))));
    let words = words.join(" ");
    if id.overlay.is_empty() {
        return format!(
            "if [ -d /run/sshd ] || ! unshare -m true 2>/dev/null; then sh -c \"$ask\" sh {words}\n\
             else unshare -m sh -c \"$lay\nprivileges || exit\n$ask\" sh {words}; fi </dev/null 2>/dev/null\n"
        );
    }
    let mut steps: Vec<String> = id.overlay.iter().map(step).collect();
    steps.push("privileges".into());
    let steps = steps.join(" && ");
    format!(
        "if [ -n \"$broken\" ]; then echo '@@failed an earlier prediction'\nelse\n\
         {{ said=$(unshare -m sh -c \"$lay\n\"{steps}\" || exit 97\n$ask\" sh {words} 2>&1 >&3 3>&-); status=$?; }} 3>&1\n\
         [ $status -eq 0 ] || {{ broken=1; printf '@@failed %s\\n' \"$said\"; }}\nfi\n",
        steps = quote(&steps),
    )
}

fn step(candidate: &Candidate) -> String {
    let path = quote(&candidate.path);
    match &candidate.body {
        Some(body) => format!("take {path} {}", body.size),
        None => format!("leave {path}"),
    }
}

/// The full set: a Match on something that isn't given would silently not hold.
fn connection(login: &Login) -> String {
    let or = |text: &str| if text.is_empty() { "127.0.0.1".to_string() } else { text.to_string() };
    let (from, to) = (or(&login.from), or(&login.to));
    let port = if login.port == 0 { 22 } else { login.port };
    format!("user={},host={from},addr={from},laddr={to},lport={port}", login.user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::Reply;
    use crate::resource::file::Body;
    use crate::resource::sshd::{DROP_IN, MAIN, Sshd, SshdState};
    use crate::resource::{Kind, Level};
    use std::io::Write;
    use std::process::{Command, Stdio};

    pub fn id(overlay: Vec<Candidate>) -> SshdId {
        let login = Login { user: "root".into(), from: "192.0.2.7".into(), to: "192.0.2.1".into(), port: 22 };
        SshdId { logins: vec![login], own: DROP_IN.into(), overlay }
    }

    fn candidate(path: &str, text: &str) -> Candidate {
        Candidate { path: path.into(), body: Some(Body::of(text.as_bytes())) }
    }

    /// `sh` inside the script is the shell that is tried, too.
    fn ask(shell: &[&str], ids: &[SshdId]) -> Vec<SshdState> {
        let wanted: Vec<Wanted<SshdId>> =
            ids.iter().map(|id| Wanted { id: id.clone(), level: Level::Digest }).collect();
        let fragment = script(&wanted);
        let tools = tempfile::tempdir().expect("a folder");
        let sh = format!("#!/bin/sh\nexec {} \"$@\"\n", shell.join(" "));
        std::fs::write(tools.path().join("sh"), sh).expect("written");
        std::fs::set_permissions(
            tools.path().join("sh"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .expect("mode");
        let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .arg("-c")
            .arg(&fragment.script)
            .env("PATH", path)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the shell starts");
        let mut stdin = child.stdin.take().expect("piped");
        for input in &fragment.input {
            let Input::Bytes(bytes) = input else { panic!("in memory") };
            stdin.write_all(bytes).expect("taken");
        }
        drop(stdin);
        let out = child.wait_with_output().expect("ends");
        let status = out.status.code().unwrap_or(-1);
        let reply = Reply { stdout: out.stdout, stderr: out.stderr, status, truncated: false };
        Sshd::parse(&wanted, &reply).into_iter().map(|s| s.expect("told")).collect()
    }

    fn effective(state: &SshdState) -> &super::super::Effective {
        match state {
            SshdState::Present(effective) => effective,
            other => panic!("{other:?}"),
        }
    }

    /// All that stands in the folders that may be covered, with times.
    fn listing() -> String {
        let wanted = ["/etc/ssh", "/run/sshd", "-xdev", "-printf", "%p %m %s %T@ %C@\n"];
        let out = Command::new("find").args(wanted).output().expect("find runs");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Needs root, an sshd and mount namespaces: what a host has that harda hardens.
    fn possible() -> bool {
        rustix::process::geteuid().is_root()
            && Command::new("unshare")
                .args(["-m", "sh", "-c", "command -v sshd && test -e /etc/ssh/sshd_config"])
                .env("PATH", "/usr/sbin:/usr/bin:/bin:/sbin")
                .output()
                .is_ok_and(|o| o.status.success())
    }

    #[test]
    fn candidates_are_read_in_place_and_nothing_is_written() {
        if !possible() {
            eprintln!("skipped: needs root and sshd");
            return;
        }
        let ids = [
            id(vec![]),
            id(vec![
                candidate(DROP_IN, "PermitRootLogin no\nMACs -*sha1*\nMatch User root\n X11Forwarding no\n"),
                candidate("/etc/ssh/sshd_config.d/90-it's $x.conf", "AllowGroups a b\n"),
            ]),
            id(vec![candidate(DROP_IN, "PermitRotLogin no\n")]),
            id(vec![
                candidate(MAIN, "PermitRootLogin no\n\n# no Include\nUsePAM yes\nBanner /etc/issue\n"),
                candidate(DROP_IN, "PermitRootLogin yes\n"),
                candidate("/etc/ssh/sshd_config.d/95-empty.conf", ""),
                Candidate { path: "/etc/ssh/sshd_config.d/99-gone.conf".into(), body: None },
            ]),
        ];
        let before = listing();
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let states = ask(shell, &ids);
            let now = effective(&states[0]);
            assert!(now.version.0 >= 7 && now.known["kex"].len() > 3, "{shell:?} {now:?}");
            assert!(!now.host_keys.is_empty() && now.reads(MAIN), "{shell:?} {now:?}");
            assert_eq!(now.alone, None);
            let then = effective(&states[1]);
            assert_eq!(then.values("permitrootlogin"), ["no"], "{shell:?}");
            assert_eq!(then.values("allowgroups"), ["a", "b"]);
            assert_eq!(then.logins[0]["x11forwarding"], ["no"]);
            assert_eq!(then.alone.as_ref().map(|a| &a["permitrootlogin"]), Some(&vec!["no".to_string()]));
            assert!(!then.values("macs")[0].contains("sha1"));
            assert_eq!(then.directives[1].place(), format!("{DROP_IN}:1"));
            let broken = effective(&states[2]).refused.as_deref().expect("refused");
            assert!(broken.contains("PermitRotLogin"), "{broken}");
            let other = effective(&states[3]);
            assert_eq!(other.values("permitrootlogin"), ["no"], "{shell:?}");
            assert!(!other.reads(DROP_IN) && other.alone.is_some());
        }
        assert_eq!(listing(), before, "a prediction wrote on the disk");
    }
}

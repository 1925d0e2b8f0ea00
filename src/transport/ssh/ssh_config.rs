//! ssh_config as OpenSSH understands it: `ssh -G` is asked, because Include, Match and the tokens
//! are only right when read as `ssh` itself reads them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use super::config::home;
use crate::transport::Login;
use crate::transport::connector::locked;
use crate::transport::failure::{Failure, FailureKind};

/// Keywords that change nothing of what harda asks `ssh -G` for. Where a file has no others, as
/// distributions ship it, the question and its process are spared.
const NO_MATTER: &[&str] = &[
    "host",
    "sendenv",
    "setenv",
    "hashknownhosts",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "forwardx11",
    "forwardx11trusted",
    "forwardagent",
    "addkeystoagent",
    "serveraliveinterval",
    "serveralivecountmax",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "visualhostkey",
    "loglevel",
    "compression",
    "tcpkeepalive",
    "usekeychain",
    "updatehostkeys",
    "ciphers",
    "macs",
    "kexalgorithms",
];

/// What would change who is trusted, or how the host is reached, and isn't done here: the keyword
/// as `ssh -G` prints it, and the values that are as good as nothing.
const NOT_HONOURED: &[(&str, &[&str])] = &[
    ("certificatefile", &[]),
    ("bindaddress", &["none"]),
    ("bindinterface", &["none"]),
    ("pkcs11provider", &["none"]),
    ("knownhostscommand", &["none"]),
    ("revokedhostkeys", &["none"]),
    ("addressfamily", &["any"]),
    ("proxyusefdpass", &["no"]),
    ("pubkeyauthentication", &["yes", "true"]),
    ("verifyhostkeydns", &["no", "false"]),
    ("stricthostkeychecking", &["ask", "yes", "true", "accept-new"]),
];

/// ssh_config's answers, each asked for once.
pub(in crate::transport) struct SshConfig {
    file: Option<PathBuf>,
    matters: OnceLock<bool>,
    answers: Mutex<HashMap<Asked, Arc<Answer>>>,
}

/// What the answer hangs on: address, port and user.
type Asked = (String, Option<u16>, Option<String>);

/// What `ssh -G` printed, keyword by keyword.
#[derive(Debug, Default)]
pub(in crate::transport) struct Answer(HashMap<String, Vec<String>>);

impl SshConfig {
    pub(in crate::transport) fn new(file: Option<PathBuf>) -> Self {
        SshConfig { file, matters: OnceLock::new(), answers: Mutex::default() }
    }

    pub(super) fn ask(&self, login: &Login) -> Result<Arc<Answer>, Failure> {
        if !*self.matters.get_or_init(|| self.files().iter().any(|file| matters(file, 0))) {
            return Ok(Arc::default());
        }
        self.answer(login)
    }

    /// All that is in force, what `ssh` does by default too.
    pub(in crate::transport) fn answer(&self, login: &Login) -> Result<Arc<Answer>, Failure> {
        let asked = (login.address.clone(), login.port, login.user.clone());
        if let Some(answer) = locked(&self.answers).get(&asked) {
            return Ok(answer.clone());
        }
        let answer = Arc::new(self.run(login)?);
        locked(&self.answers).insert(asked, answer.clone());
        Ok(answer)
    }

    fn files(&self) -> Vec<PathBuf> {
        match &self.file {
            Some(file) => vec![file.clone()],
            None => vec![home().join(".ssh/config"), "/etc/ssh/ssh_config".into()],
        }
    }

    fn run(&self, login: &Login) -> Result<Answer, Failure> {
        let failed = |message: String| Failure::new(FailureKind::Input, message);
        let mut command = Command::new("ssh");
        command.arg("-G").arg("-T");
        if let Some(file) = &self.file {
            command.arg("-F").arg(file);
        }
        login.port.iter().for_each(|port| _ = command.arg("-p").arg(port.to_string()));
        login.user.iter().for_each(|user| _ = command.arg("-l").arg(user));
        let output = command.arg("--").arg(&login.address).output().map_err(|e| {
            failed(format!("ssh_config can't be read without `ssh`: {e}"))
                .hint("install openssh-client: harda has `ssh -G` read ~/.ssh/config")
        })?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(failed(format!("`ssh -G {}` failed: {}", login.address, why.trim())));
        }
        Ok(Answer::parse(&String::from_utf8_lossy(&output.stdout)))
    }
}

impl Answer {
    fn parse(text: &str) -> Self {
        let mut answer: HashMap<String, Vec<String>> = HashMap::new();
        for (keyword, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            answer.entry(keyword.to_lowercase()).or_default().push(value.to_string());
        }
        Answer(answer)
    }

    pub(in crate::transport) fn one(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).and_then(|values| values.first()).map(String::as_str)
    }

    pub(super) fn all(&self, keyword: &str) -> Vec<String> {
        self.0.get(keyword).cloned().unwrap_or_default()
    }

    /// Refuses by name what harda would have to ignore: it never weakens what was asked for.
    pub(super) fn refuse_what_cannot_be_honoured(&self, login: &Login) -> Result<(), Failure> {
        for (keyword, harmless) in NOT_HONOURED {
            if let Some(value) = self.one(keyword).filter(|value| !harmless.contains(value)) {
                let message = format!(
                    "ssh_config says `{keyword} {value}` for `{}`: harda doesn't do that",
                    login.name
                );
                return Err(Failure::new(FailureKind::Input, message)
                    .hint("take it out for this host, or use `-c openssh`"));
            }
        }
        Ok(())
    }
}

/// Whether a file says anything that harda has to know. What it includes is looked at too.
fn matters(file: &Path, depth: u32) -> bool {
    let Ok(text) = fs::read_to_string(file) else { return file.exists() };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.any(|line| {
        let (keyword, value) = line.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((line, ""));
        match keyword.to_lowercase().as_str() {
            "include" => included(value, file, depth),
            "match" => value.trim() != "all" && value.trim() != "final all",
            keyword => !NO_MATTER.contains(&keyword),
        }
    })
}

/// The one form of Include that distributions ship: all `.conf` files of a folder.
fn included(value: &str, file: &Path, depth: u32) -> bool {
    let pattern = file.parent().unwrap_or(Path::new("/")).join(value.trim());
    let all_of_a_folder = pattern.file_name().is_some_and(|name| name == "*.conf");
    let (true, Some(folder), true) = (all_of_a_folder, pattern.parent(), depth < 8) else { return true };
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let is_conf = |path: &PathBuf| path.extension().is_some_and(|e| e == "conf");
    entries.flatten().map(|entry| entry.path()).filter(is_conf).any(|path| matters(&path, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/50-x.conf"), "Match final all\n  ForwardX11Trusted yes\n").unwrap();
        fs::write(&file, text).unwrap();
        matters(&file, 0)
    }

    #[test]
    fn what_distributions_ship_does_not_matter() {
        assert!(!says(
            "Include d/*.conf\nHost *\n#  Port 22\n    SendEnv LANG LC_*\n    HashKnownHosts yes\n"
        ));
        assert!(!says(""));
    }

    #[test]
    fn what_an_admin_writes_does() {
        assert!(says("Host web*\n  User ana\n"));
        assert!(says("port=2222\n"));
        assert!(says("Include ~/.ssh/more\n"));
        assert!(says("Match host x\n"));
    }
}

//! Reads what the script told: sections that begin with `@@`.

use super::account::Account;
use super::reading::Files;
use super::{Effective, Settings, SshdId, SshdState};
use crate::fragment::Reply;
use crate::resource::Wanted;

pub fn states(wanted: &[Wanted<SshdId>], reply: &Reply) -> Vec<Result<SshdState, String>> {
    if reply.truncated {
        return wanted.iter().map(|_| Err("could not be read: the answer was too long".into())).collect();
    }
    let text = reply.text();
    let mut parts = text.split("@@id ").skip(1);
    wanted
        .iter()
        .map(|w| match parts.next() {
            Some(part) => state(part, &w.id),
            None => Err(format!("could not be read: {}", reply.error_text())),
        })
        .collect()
}

fn state(part: &str, id: &SshdId) -> Result<SshdState, String> {
    let mut effective = Effective::default();
    let mut files = Files::default();
    for section in part.split("\n@@").skip(1) {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let (name, rest) = head.split_once(' ').unwrap_or((head, ""));
        match name {
            "absent" => return Ok(SshdState::Absent),
            "failed" => return Ok(SshdState::NotPredicted(failed(rest, body))),
            "version" => effective.version = version(body),
            "options" => effective.options = body.trim().trim_matches(['"', '\'']).to_string(),
            "settings" => match rest {
                "global" => effective.global = settings(body),
                "login" => effective.logins.push(settings(body)),
                _ => effective.alone = Some(settings(body)),
            },
            "said" if effective.refused.is_none() => {
                effective.refused = Some(body.trim().to_string());
            }
            "account" => effective.accounts.push(Account::read(rest, body)),
            "hostkeys" => {
                let keys = body.lines().filter_map(|l| l.split_once(' '));
                effective.host_keys = keys.map(|(kind, path)| (path.to_string(), kind.to_string())).collect();
            }
            "lines" => numbered(body).for_each(|(file, line, text)| {
                files.lines.entry(file).or_default().push((line, text));
            }),
            "includes" => numbered(body).for_each(|(file, line, path)| {
                files.includes.entry((file, line)).or_default().push(path);
            }),
            "known" => {
                effective.known.insert(rest.to_string(), body.lines().map(str::to_string).collect());
            }
            _ => {}
        }
    }
    effective.directives = files.directives();
    if effective.refused.is_none()
        && (effective.global.is_empty() || effective.logins.len() < id.logins.len())
    {
        return Err("could not be read: `sshd -T` said nothing".into());
    }
    Ok(SshdState::Present(Box::new(effective)))
}

/// Why the candidates couldn't be laid over the files.
fn failed(first: &str, rest: &str) -> String {
    let text = format!("{first}\n{rest}").trim().replace('\n', "; ");
    match text.is_empty() {
        true => "the candidates could not be put in place in a mount namespace".into(),
        false => text,
    }
}

/// `OpenSSH_9.2p1 ...` wherever it stands; old ones print it with their usage.
fn version(text: &str) -> (u32, u32) {
    let rest = text.split("OpenSSH_").nth(1).unwrap_or_default();
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn settings(body: &str) -> Settings {
    let mut settings = Settings::new();
    for line in body.lines().filter(|l| !l.is_empty()) {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        settings.entry(keyword.to_string()).or_default().push(value.trim_end().to_string());
    }
    settings
}

/// `path:line:text`, as grep writes it.
fn numbered(body: &str) -> impl Iterator<Item = (String, usize, String)> {
    body.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (file, number) = (parts.next()?, parts.next()?.parse().ok()?);
        Some((file.to_string(), number, parts.next()?.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{DROP_IN, Login, Sshd};
    use super::*;
    use crate::resource::{Kind, Level};

    fn read(case: &str) -> Effective {
        let login = |user: &str| Login { user: user.into(), from: "".into(), to: "".into(), port: 22 };
        let id = SshdId { logins: vec![login("root"), login("admin")], own: DROP_IN.into(), overlay: vec![] };
        let reply = Reply { stdout: case.as_bytes().to_vec(), ..Reply::default() };
        match Sshd::parse(&[Wanted { id, level: Level::Digest }], &reply).remove(0) {
            Ok(SshdState::Present(effective)) => *effective,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_real_hosts_answered_is_read() {
        let (old, new) = (read(include_str!("cases/debian12.txt")), read(include_str!("cases/debian13.txt")));
        assert_eq!((old.version, new.version), ((9, 2), (10, 0)));
        for effective in [&old, &new] {
            assert_eq!(effective.values("permitrootlogin"), ["without-password"]);
            assert_eq!(effective.values("kbdinteractiveauthentication"), ["no"]);
            assert_eq!(effective.logins.len(), 2);
            assert_eq!(effective.accounts[1].groups, ["admin", "sudo"]);
            assert_eq!(effective.accounts[1].home, "/home/admin");
            let types: Vec<&str> = effective.host_key_types().collect();
            assert_eq!(types, ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"]);
            assert_eq!(effective.directives[0].place(), "/etc/ssh/sshd_config:12");
            assert_eq!((&effective.alone, &effective.refused), (&None, &None));
        }
        let knows = |e: &Effective, kind: &str, name: &str| e.known[kind].iter().any(|k| k == name);
        assert!(!knows(&old, "kex", "mlkem768x25519-sha256") && knows(&new, "kex", "mlkem768x25519-sha256"));
        assert!(knows(&old, "key", "ssh-dss") && !knows(&new, "key", "ssh-dss"));
        assert!(old.values("persourcepenalties").is_empty() && !new.values("persourcepenalties").is_empty());
    }

    #[test]
    fn what_went_wrong_is_kept() {
        let said = "0\n@@version\nunknown option -- V\nOpenSSH_8.4p1 Debian-5\n@@settings global\n@@said\n/etc/ssh/x: line 3: Bad configuration option: y\n";
        let id = SshdId { logins: vec![], own: DROP_IN.into(), overlay: vec![] };
        let Ok(SshdState::Present(effective)) = state(said, &id) else { panic!("present") };
        assert_eq!(effective.version, (8, 4));
        assert_eq!(effective.refused.as_deref(), Some("/etc/ssh/x: line 3: Bad configuration option: y"));
        assert_eq!(state("0\n@@absent\n", &id), Ok(SshdState::Absent));
        let failed = state("0\n@@failed unshare: unshare failed: Operation not permitted\n", &id);
        assert_eq!(
            failed,
            Ok(SshdState::NotPredicted("unshare: unshare failed: Operation not permitted".into()))
        );
    }
}

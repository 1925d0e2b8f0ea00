//! What the logins of one host hang on besides the table: the homes and shells of those that log in,
//! and the files that its sshd names.

use super::super::file::{FileState, bars};
use super::super::{Key, Risk, State};
use crate::fragment::{Fragment, Reply, quote};
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    homes: BTreeSet<String>,
    /// Files that sshd reads keys from; one that isn't there yet shuts nobody out.
    keys: BTreeSet<String>,
    /// Lists, authorities and programs without which, or with wrong ones, sshd lets nobody in.
    files: BTreeSet<String>,
}

/// Tells `home PATH`, `key PATH` and `file PATH`, each as it is called and as it is once links are followed. Without root
/// sshd says nothing; such a session can change none of these.
const SCRIPT: &str = r#"PATH=$PATH:/usr/sbin:/sbin
set -f
tell() {
  case $2 in /?*) ;; *) return;; esac
  printf '%s %s\n' "$1" "$2"
  real=$(readlink -f -- "$2" 2>/dev/null) && [ -n "$real" ] && [ "$real" != "$2" ] && printf '%s %s\n' "$1" "$real"
}
# A path of sshd_config, for this account.
place() {
  r= w=$1
  while :; do
    case $w in *%*) ;; *) break;; esac
    r=$r${w%%\%*} w=${w#*%}
    case $w in h*) r=$r$home;; u*) r=$r$user;; U*) r=$r$uid;; %*) r=$r%;; *) r=$r%;; esac
    w=${w#?}
  done
  r=$r$w
  case $r in /*) ;; *) r=${home%/}/$r;; esac
}
seen=
for user; do
  case " $seen " in *" $user "*) continue;; esac
  seen="$seen $user"
  line=$( (getent passwd "$user" || grep "^$user:" /etc/passwd) 2>/dev/null)
  IFS=: read -r name x uid gid gecos home shell <<END
$line
END
  [ "$name" = "$user" ] || continue
  tell home "$home"
  tell file "$shell"
  sshd -T -C "user=$user,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22" 2>/dev/null | while read -r word value; do
    case $word in
      authorizedkeysfile) for w in $value; do [ "$w" = none ] || { place "$w"; tell key "$r"; }; done;;
      authorizedprincipalsfile|trustedusercakeys|revokedkeys|chrootdirectory)
        [ "$value" = none ] || { place "$value"; tell file "$r"; };;
      authorizedkeyscommand|authorizedprincipalscommand|forcecommand|hostkey|hostcertificate|hostkeyagent)
        tell file "${value%% *}";;
    esac
  done
done
true
"#;

impl Ways {
    /// Asks for the ways of the one who has logged in, and of these.
    pub fn question(users: &[&str]) -> Fragment {
        let users: Vec<String> =
            users.iter().filter(|user| !user.is_empty()).map(|user| quote(user)).collect();
        Fragment::new(format!("set -- \"${{SUDO_USER:-$(id -un)}}\" {}\n{SCRIPT}", users.join(" ")))
    }

    pub fn read(reply: &Reply) -> Self {
        let mut ways = Ways::default();
        for line in reply.text().lines() {
            let Some((kind, path)) = line.split_once(' ') else { continue };
            let list = match kind {
                "home" => &mut ways.homes,
                "key" => &mut ways.keys,
                "file" => &mut ways.files,
                _ => continue,
            };
            // What is nobody's: the home `/`, the shell `/dev/null`.
            let path = path.trim_end_matches('/');
            if path.starts_with('/') && !path.starts_with("/dev/") && path != "/nonexistent" {
                list.insert(path.to_string());
            }
        }
        ways
    }

    /// Whether sshd, or a login, reads this very file.
    pub fn reads(&self, path: &str) -> bool {
        self.keys.contains(path) || self.files.contains(path)
    }

    /// Whether sshd looks for keys here.
    pub fn is_key_file(&self, path: &str) -> bool {
        self.keys.contains(path)
    }

    /// Whether a folder is a home, or on the way to one or to a file that is read.
    pub fn pass(&self, folder: &str) -> bool {
        let below = format!("{}/", folder.trim_end_matches('/'));
        self.homes.contains(folder.trim_end_matches('/')) || self.all().any(|path| path.starts_with(&below))
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.homes.iter().chain(&self.keys).chain(&self.files)
    }

    /// What a Change may cost by what is known of this host only.
    pub fn risk(&self, key: &Key, from: &State, to: &State) -> Risk {
        let shuts = match (key, from, to) {
            (Key::File(path), State::File(from), State::File(to)) => self.shuts(path, from, to),
            (Key::Tree(id), ..) => {
                let folder = format!("{}/", id.path.trim_end_matches('/'));
                self.pass(&id.path) || self.homes.iter().any(|home| folder.starts_with(&format!("{home}/")))
            }
            _ => false,
        };
        if shuts { Risk::LockOut } else { Risk::None }
    }

    fn shuts(&self, path: &str, from: &FileState, to: &FileState) -> bool {
        if self.reads(path) {
            return from.entry().is_some() || !self.is_key_file(path);
        }
        // Through a home goes its owner, through what leads there everybody.
        let through = if self.homes.contains(path) { 0o100 } else { 0o111 };
        self.pass(path) && bars(from, to, through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::file::{Entry, What};

    fn ways() -> Ways {
        let told = "home /srv/people/anna\nkey /etc/ssh/keys/anna\nkey /srv/people/anna/.ssh/authorized_keys\n\
                    file /opt/ca.pub\nfile /bin/zsh\nhome /\nnoise\n";
        Ways::read(&Reply { stdout: told.into(), ..Reply::default() })
    }

    fn folder(mode: u32) -> State {
        let (owner, group) = ("root".to_string(), "root".to_string());
        State::File(FileState::Present(Entry { what: What::Directory, mode, owner, group, links: 2 }))
    }

    #[test]
    fn what_a_host_names_shuts_out_where_it_is_taken_away() {
        let risk = |path: &str, from: State, to: State| ways().risk(&Key::File(path.into()), &from, &to);
        let gone = || State::File(FileState::Absent { folder: true });
        for path in
            ["/srv/people/anna", "/srv/people", "/srv", "/etc/ssh/keys", "/etc/ssh/keys/anna", "/bin/zsh"]
        {
            assert_eq!(risk(path, folder(0o755), gone()), Risk::LockOut, "{path}");
        }
        assert_eq!(risk("/srv/people/anna", folder(0o755), folder(0o777)), Risk::LockOut);
        assert_eq!(risk("/srv/people/anna", folder(0o755), folder(0o700)), Risk::None);
        assert_eq!(risk("/srv/people", folder(0o755), folder(0o700)), Risk::LockOut);
        assert_eq!(risk("/etc/ssh/keys/anna", gone(), folder(0o600)), Risk::None);
        assert_eq!(risk("/opt/ca.pub", gone(), folder(0o600)), Risk::LockOut);
        assert_eq!(risk("/srv/www", folder(0o755), gone()), Risk::None);
    }

    #[test]
    fn every_shell_tells_homes_and_shells() {
        let script = Ways::question(&["root", "no such user"]).script;
        for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
            let out = std::process::Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).output();
            let ways = Ways::read(&Reply { stdout: out.expect("it runs").stdout, ..Reply::default() });
            assert!(ways.homes.contains("/root"), "{shell:?}: {ways:?}");
            assert!(ways.files.iter().any(|file| file.ends_with("sh")), "{shell:?}: {ways:?}");
        }
    }
}

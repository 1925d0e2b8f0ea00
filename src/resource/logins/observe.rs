//! The question who can log in, and how its answer is read.

use super::{Key, Login, Logins, Seen};
use std::collections::BTreeMap;

/// Lines of words with tabs between them, the first of which says what the line is about. Of accounts whose shell
/// ends a login at once only the account itself is told. No hash leaves the host.
pub const ACCOUNTS: &str = r#"[ -r /etc/shadow ] || { echo '/etc/shadow can only be read by root (become: true)' >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
set -f
tell() { printf '%s' "$1"; shift; printf '\t%s' "$@"; echo; }
# A word of AuthorizedKeysFile, for this account.
place() {
  r= w=$1
  while :; do
    case $w in *%*) ;; *) break;; esac
    r=$r${w%%\%*} w=${w#*%}
    case $w in h*) r=$r$home;; u*) r=$r$name;; U*) r=$r$uid;; %*) r=$r%;; esac
    w=${w#?}
  done
  r=$r$w
  case $r in /*) ;; *) r=${home%/}/$r;; esac
}
keys() {
  where='.ssh/authorized_keys .ssh/authorized_keys2'
  if command -v sshd >/dev/null 2>&1; then
    said=$(sshd -T -C "user=$name,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22" 2>/dev/null)
    while read -r word value; do
      case $word:$value in
        authorizedkeysfile:*) where=$value;;
        authorizedkeyscommand:none|trustedusercakeys:none) ;;
        authorizedkeyscommand:*|trustedusercakeys:*) tell source "$name" "$word $value";;
      esac
    done <<END
$said
END
  fi
  for w in $where; do
    [ "$w" != none ] || continue
    place "$w"
    [ -s "$r" ] || continue
    file=$r
    ssh-keygen -lf "$file" 2>/dev/null | while read -r bits print rest; do
      tell key "$name" "$file" "$print" "${rest% (*}"
    done
  done
}
today=$(($(date +%s) / 86400))
least=1000
while read -r word value rest; do [ "$word" != UID_MIN ] || least=$value; done 2>/dev/null </etc/login.defs
tell least "$least"
while read -r word value; do case $word in passwd:) tell databases "$value";; esac; done 2>/dev/null </etc/nsswitch.conf
while IFS=: read -r name x uid gid gecos home shell || [ -n "$name" ]; do
  case $name in ''|'#'*|+*|-*) continue;; esac
  password=none expires=
  while IFS=: read -r n hash last min max warn inactive end rest; do
    [ "$n" = "$name" ] || continue
    case $hash in '') password=empty;; '!'|'!!'|'*'|'!*') password=none;; '!'*) password=locked;; '*'*) password=none;; *) password=usable;; esac
    expires=$end
    break
  done </etc/shadow
  over=no; [ -z "$expires" ] || [ "$expires" -gt "$today" ] || over=yes
  tell account "$name" "$uid" "$home" "$shell" "$password" "$over"
  [ ! -d "$home" ] || tell home "$name" "$(stat -c '%a	%U' -- "$home" 2>/dev/null)"
  case ${shell##*/} in nologin|false|sync|halt|shutdown) continue;; esac
  tell groups "$name" "$(id -Gn -- "$name" 2>/dev/null)"
  keys
done </etc/passwd
"#;

/// For a review besides: what sudo lets them do, and when they were here last, as far as something keeps it.
pub const HISTORY: &str = r#"while IFS=: read -r name x uid gid gecos home shell; do
  case $name in ''|'#'*|+*|-*) continue;; esac
  case ${shell##*/} in nologin|false|sync|halt|shutdown) continue;; esac
  ! command -v sudo >/dev/null 2>&1 || [ "$name" = root ] || sudo -n -l -U "$name" 2>/dev/null </dev/null |
    while IFS= read -r line; do case $line in '    ('*) tell sudo "$name" "${line#    }";; esac; done
done </etc/passwd
for tool in lastlog lastlog2; do
  command -v $tool >/dev/null 2>&1 || continue
  case $tool in lastlog) db=/var/log/lastlog;; *) db=/var/lib/lastlog/lastlog2.db;; esac
  [ -e $db ] || continue
  $tool 2>/dev/null </dev/null | grep '[+-][0-9][0-9][0-9][0-9] [0-9][0-9][0-9][0-9]$' |
    while read -r name line; do
      day=$(echo "$line" | grep -o '[A-Z][a-z][a-z] [A-Z][a-z][a-z] .*')
      at=$(date -d "$day" +%s 2>/dev/null) && tell seen "$name" "$at"
    done
done
if command -v journalctl >/dev/null 2>&1; then
  first=$(journalctl -q --no-pager -o short-unix 2>/dev/null </dev/null | head -n 1)
  first=${first%%.*}
  case $first in ''|*[!0-9]*) ;; *) tell since "$first";; esac
  journalctl -q --no-pager -o short-unix -t sshd -t sshd-session -t login -t systemd-logind 2>/dev/null </dev/null |
    sed -n 's/^\([0-9]*\)[.][0-9]* .*session opened for user \([^( ]*\).*/\2 \1/p' |
    while read -r name at; do echo "$name $at"; done | sort -k1,1 -k2,2n |
    { last= when=
      while read -r name at; do
        [ -z "$last" ] || [ "$name" = "$last" ] || tell seen "$last" "$when"
        last=$name when=$at
      done
      [ -z "$last" ] || tell seen "$last" "$when"; }
fi
true
"#;

/// Shells that end a login at once.
const NO_SHELLS: &[&str] = &["nologin", "false", "sync", "halt", "shutdown"];

pub fn read(text: &str) -> Logins {
    let mut logins = Logins { least_uid: 1000, ..Logins::default() };
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let word = |n: usize| words.get(n).map(|w| w.to_string()).unwrap_or_default();
        match words[0] {
            "least" => logins.least_uid = word(1).parse().unwrap_or(1000),
            "databases" => logins.databases = word(1).split_whitespace().map(str::to_string).collect(),
            "since" => logins.recorded_since = word(1).parse().ok(),
            "account" => {
                at.insert(word(1), logins.accounts.len());
                logins.accounts.push(account(&word));
            }
            _ => {
                let found = at.get(&word(1)).and_then(|n| logins.accounts.get_mut(*n));
                found.into_iter().for_each(|account| more(account, &word));
            }
        }
    }
    logins
}

fn account(word: &dyn Fn(usize) -> String) -> Login {
    let shell = word(4);
    let name = shell.rsplit('/').next().unwrap_or_default();
    Login {
        name: word(1),
        uid: word(2).parse().unwrap_or(0),
        home: word(3),
        // Without a shell it is /bin/sh (passwd(5)).
        has_shell: !NO_SHELLS.contains(&name),
        shell,
        password: word(5),
        expired: word(6) == "yes",
        ..Login::default()
    }
}

fn more(account: &mut Login, word: &dyn Fn(usize) -> String) {
    match word(0).as_str() {
        "home" => (account.home_mode, account.home_owner) = (Some(word(2)), Some(word(3))),
        "groups" => account.groups = word(2).split_whitespace().map(str::to_string).collect(),
        "source" => account.sources.push(word(2)),
        "key" => {
            let comment = if word(4) == "no comment" { String::new() } else { word(4) };
            account.keys.push(Key { file: word(2), fingerprint: word(3), comment });
        }
        "sudo" => account.sudo.push(word(2)),
        "seen" => {
            let now: Option<Seen> = word(2).parse().ok();
            account.seen = account.seen.max(now);
        }
        _ => {}
    }
}

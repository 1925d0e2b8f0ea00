//! The shell text of both ends of a login: what is exec'd, what becomes another user, and the loop
//! that reads requests.
//!
//! Each of these is one line when it is sent: `read -r` takes a line byte by byte from a socket or
//! pipe in every shell, so nothing behind the line is read ahead and lost.

use crate::fragment::quote;
use crate::transport::Become;

/// What the host is asked to execute. It has no `!`, backslash or nested single quote, so that sh,
/// bash, fish and csh as login shells all pass it on as it is.
pub(in crate::transport) const EXEC: &str = r#"exec /bin/sh -c 'read -r b; eval "$b"'"#;

/// The program of that command: it takes one line and runs it.
const READ_AND_EVAL: &str = r#"read -r b; eval "$b""#;

/// The loop: it alone reads stdin. A request is `<nonce> <length>` and a program of that length,
/// which ends in the nonce, so that a program cut short by a dying connection is not run.
///
/// - `_t` takes $n bytes: `dd` with `fullblock` where there is one, else POSIX's, byte by byte.
/// - `_i` passes on an input: $1 blocks of 64 KiB and $2 bytes.
/// - `_e` marks the end of fragment $1, which had status $2, on both streams.
/// - `_c` is a shell of its own that takes its script from stdin, `_u` the same as user $1.
/// - `_d` runs the rest of a pipeline and then drains it, so that `_i` always reads its all.
/// - `_b` beats while the loop lives.
///
/// The traps keep a fragment's `kill 0` from ending the loop; handlers, unlike ignored signals,
/// are not inherited by what it starts.
const LOOP: &str = r##"
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"; LC_ALL=C; export PATH LC_ALL;
unset LANGUAGE ENV BASH_ENV CDPATH; umask 022; cd /;
trap : HUP INT QUIT TERM USR1 USR2 ALRM;
D='bs=$n count=1 iflag=fullblock';
_t() { eval "dd $D" 2>/dev/null; };
_i() { [ "$1" = 0 ] || if [ "$D" = 'bs=1 count=$n' ]; then dd bs=1 count="$(($1 * 65536))";
else dd bs=65536 count="$1" iflag=fullblock; fi 2>/dev/null; n=$2; [ "$n" = 0 ] || _t; };
_m() { printf '\n%s %s\n' "$N" "$1"; printf '\n%s %s\n' "$N" "$1" >&2; };
_e() { _m "$1 $2"; };
_s() { C='read -r n; eval "$(dd '"$D"' 2>/dev/null)"'; };
_c() { _s; exec /bin/sh -c "$C"; };
_u() { _s; [ "$(id -un)" != "$1" ] || exec /bin/sh -c "$C";
[ "$(id -u)" = 0 ] || exec sudo -n -H -u "$1" -- /bin/sh -c "$C";
if command -v runuser >/dev/null 2>&1; then exec runuser -s /bin/sh -c "$C" "$1"; fi;
exec su -s /bin/sh -c "$C" "$1"; };
_d() { ("$@"); s=$?; cat >/dev/null; return "$s"; };
_b() { while sleep 5 2>/dev/null && kill -0 $$; do printf '\n%s beat\n' "$N" >&2; done </dev/null >/dev/null; };
while read -r N n; do p="$(_t)" || { D='bs=1 count=$n'; p="$(_t)"; } || { echo 'dd cannot be run' >&2; exit 1; };
case "$p" in *"#$N") ;; *) exit 1;; esac; _m start; eval "$p"; done; exit 0
"##;

/// The loop as the one line that is sent.
pub(super) fn loop_line() -> String {
    let mut line = LOOP.trim().replace('\n', " ");
    line.push('\n');
    line
}

/// The line that becomes another user by sudo, as the login user.
///
/// `sudo -n` comes first, and the loop with its first request is sent along: where no password is
/// wanted that costs no round trip. Where one is, those `riding` bytes are still unread, and must
/// be dropped before sudo reads a password from the same stdin.
pub(super) fn sudo_line(target: &Become, nonce: &str, riding: usize) -> String {
    let user = quote(&target.user);
    let mut line = format!(
        "LC_ALL=C; export LC_ALL; unset LANGUAGE; sudo -n -H -u {user} -- /bin/sh -c '{READ_AND_EVAL}'; s=$?; \
         dd bs={riding} count=1 iflag=fullblock >/dev/null 2>&1 || dd bs=1 count={riding} >/dev/null 2>&1; \
         printf '\\n%s refused %s;' {nonce} \"$s\" >&2"
    );
    if target.password.is_some() {
        line += &format!(
            "; exec sudo -S -H -p {} -u {user} -- /bin/sh -c {}",
            quote(&prompt_of(nonce)),
            announce(nonce)
        );
    }
    line.push('\n');
    line
}

/// The line that becomes another user by su. Its password prompt is PAM's, so it can't be chosen.
pub(super) fn su_line(target: &Become, nonce: &str) -> String {
    let user = quote(&target.user);
    format!("LC_ALL=C; export LC_ALL; unset LANGUAGE; exec su -s /bin/sh -c {} {user}\n", announce(nonce))
}

/// The prompt that sudo is told to ask for the password with. No beginning of it is a beginning of
/// the mark below: a password is never sent to a shell that is up already.
pub(super) fn prompt_of(nonce: &str) -> String {
    format!("password {nonce}")
}

/// What the other user's shell says once it is up.
pub(super) fn up_mark(nonce: &str) -> String {
    format!("up {nonce}\n")
}

/// The program that says that it runs, before it takes the loop's line.
fn announce(nonce: &str) -> String {
    quote(&format!("echo up {nonce} >&2; {READ_AND_EVAL}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::BecomeMethod;

    #[test]
    fn what_is_sent_as_a_line_is_one() {
        let target = Become { method: BecomeMethod::Sudo, user: "ro'ot".into(), password: None };
        for line in [loop_line(), sudo_line(&target, "00", 10), su_line(&target, "00")] {
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert!(line.ends_with('\n'));
        }
    }
}

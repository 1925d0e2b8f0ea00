# --- the state: one line, replaced as a whole -------------------------------------------------

# phase (armed, firing, fired), run, uptime at which it is due, boot, seconds
load() { phase= run= due= when= seconds=; [ ! -r "$g/state" ] || read -r phase run due when seconds <"$g/state"; }

store() {
	printf '%s %s %s %s %s\n' "$1" "$run" "$due" "$when" "$seconds" >"$g/state.new" &&
		settle "$g/state.new" && mv -f "$g/state.new" "$g/state" && settle "$g" || { rm -f "$g/state.new"; return 1; }
}

settle() { sync "$1" 2>/dev/null || sync; }

is_due() { [ "$when" != "$(booted)" ] || [ -e "$g/now" ] || [ "$(now)" -ge "$due" ]; }

# Tried before: a failed `exec` would end the watcher, and a read-only file system may become writable again.
lock() { (: >>"$g/lock") 2>/dev/null || { sleep 1; return 1; }; exec 8>>"$g/lock" && flock -w "$1" 8; }

# Only the run that armed it may go on, and only while there is time.
mine() {
	load
	[ "$phase" = armed ] && [ "$run" = "$1" ] && ! is_due && return 0
	case $phase in
	fired | firing) fail "the host has taken back what run $run had changed, since access was not proven in time" ;;
	armed) [ "$run" = "$1" ] || fail "run $run has armed the switch on this host"
		fail "the time to prove access is up: the host takes back what was changed" ;;
	esac
	fail "the switch is not armed"
}

extend() { due=$(($(now) + seconds)); store armed; }


# --- firing ------------------------------------------------------------------------------------

# A write that holds the lock is left its time; a package manager is never ended.
end_writer() {
	pid= limit=
	[ ! -r "$g/writer" ] || read -r pid limit <"$g/writer"
	[ -n "$pid" ] && [ "$limit" != never ] && [ "$(now)" -ge "$limit" ] || return 0
	all=$pid todo=$pid
	while [ -n "$todo" ]; do
		next=
		for p in $todo; do next="$next $(cat "/proc/$p/task/$p/children" 2>/dev/null)"; done
		todo=$(echo $next)
		all="$all $todo"
	done
	kill -9 $all 2>/dev/null
}

# What could not be put back (a read-only file system, a full one) is tried once more for a while: it is still firing.
again() {
	[ -z "$booting" ] && grep -qs '^could not ' "$g/report" || return 1
	[ -e "$g/until" ] || echo $(($(now) + patience)) >"$g/until"
	[ "$(now)" -lt "$(cat "$g/until")" ] || return 1
	grep -v '^could not ' "$g/report" >"$g/report.new"
	mv -f "$g/report.new" "$g/report"
	sleep 1
}

fire() {
	until lock 1; do end_writer; done
	load
	case $phase in
	firing) ;;
	armed) is_due || { exec 8>&-; return 1; } ;;
	*) exec 8>&-; return 0 ;;
	esac
	store firing
	restore 8>&-
	if again; then exec 8>&-; return 0; fi
	printf '%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)" >"$g/fired"
	record
	store fired
	unhook
	rm -rf "$g/snap" "$g/late" "$g/nft.load" "$g/theirs" "$g/found" "$g/were" "$g/differ" "$g/now" "$g/until" "$g/why" "$g/writer"
	! has logger || logger -t harda -p authpriv.notice -- "run=$run access was not proven: what it changed was taken back" </dev/null 8>&-
	exec 8>&-
}

# The record of the run says so too, in the form of its other lines.
record() {
	m=${g%/*}/runs/$run/manifest
	[ -f "$m" ] && has sha256sum || return 0
	if [ -s "$g/why" ]; then why=$(cat "$g/why")
	elif [ "$when" != "$(booted)" ]; then why='"the machine was started anew before access was proven"'
	else why='"nobody proved access in time"'; fi
	line="{\"restored\":{\"at\":\"$(cat "$g/fired")\",\"why\":$why}}"
	sum=$(printf %s "$line" | sha256sum)
	printf '%s %s\n' "${sum%% *}" "$line" >>"$m"
}


# --- verbs -------------------------------------------------------------------------------------

verb=$1
[ $# -eq 0 ] || shift
case $verb in
arm)
	lock 10 || fail 'the switch is busy'
	load
	case $phase in armed | firing) fail "run $run has armed the switch on this host" ;; esac
	run=$1 seconds=$2
	shift 2
	snapshot "$@" || { rm -rf "$g/snap"; fail 'the snapshot could not be taken: nothing was changed'; }
	sync -f "$g" 2>/dev/null || sync
	when=$(booted)
	rm -f "$g/fired" "$g/names" "$g/units"
	# In this order, whenever the machine stops: what is armed is always looked at by somebody.
	hook && extend && watcher || { unhook; rm -rf "$g/state" "$g/snap"; fail 'the switch could not be set: nothing was changed'; }
	;;
begin)
	mine "$1"
	limit=$2 what=$3
	shift 3
	printf '%s %s\n' "$PPID" "$([ "$limit" = never ] && echo never || echo $(($(now) + limit)))" >"$g/writer"
	printf '%s\n' "$what" >>"$g/changes"
	for item; do
		case $item in
		file:*) p=${item#file:}
			held "${p%/}" || kept_later "$p" || fail "$p could not be kept: nothing was changed" ;;
		'name:*') before ;;
		name:*) printf '%s\n' "${item#name:}" >>"$g/names" ;;
		unit:*) printf '%s\n' "${item#unit:}" >>"$g/units" ;;
		sysctl:*) p=/proc/sys/$(echo "${item#sysctl:}" | tr ./ /.)
			[ ! -r "$p" ] || grep -sq "^$p:" "$g/snap/named" || printf '%s:%s\n' "$p" "$(cat "$p")" >>"$g/snap/named" ;;
		esac
	done
	extend
	;;
end)
	load
	[ "$phase" = armed ] && [ "$run" = "$1" ] || exit 0
	touched
	rm -f "$g/writer"
	extend
	;;
disarm)
	lock 30 || fail 'the switch is busy'
	mine "$1"
	shift
	case ${1:-} in
	'') ;;
	told) rm -rf "$g/late" ;;
	*) late "$@" || fail 'what has not taken effect yet could not be kept' ;;
	esac
	rm -f "$g/state" && settle "$g"
	unhook
	! systemd || systemctl stop harda-guard.service 2>/dev/null 8>&-
	clear
	;;
forget)
	load
	[ "$phase" = fired ] || exit 0
	unhook
	clear
	;;
now)
	load
	[ "$run" != "$1" ] || { printf '%s\n' "$2" >"$g/why"; : >"$g/now"; }
	;;
watch)
	while load; [ "$phase" = armed ] || [ "$phase" = firing ]; do
		if [ "$phase" = firing ] || is_due; then fire; else sleep 1; fi
	done
	;;
boot)
	load
	booting=y
	case $phase in armed | firing) : >"$g/now"; fire ;; *) unhook ;; esac
	;;
status) load; [ -z "$phase" ] || { echo "$phase $run $((due - $(now))) $(cat "$g/fired" 2>/dev/null)"; cat "$g/changes" 2>/dev/null; echo --; cat "$g/report" 2>/dev/null; } ;;
*) echo "no verb: $verb" >&2; exit 2 ;;
esac
exit 0

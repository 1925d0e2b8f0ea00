# harda's dead-man's switch, as it stands on a host while a change that can lock out is being made.
# docs/guard.md tells its states and who may move it. Runs as root in dash, bash and busybox's sh.
#
#   switch arm RUN SECONDS USER...   takes the snapshot and arms; the caller has written this file
#   switch begin RUN LIMIT WHAT KEEP...  before a guarded write; the caller holds the lock
#   switch end RUN                   after it, still under the lock
#   switch disarm RUN                access is proven
#   switch now RUN                   access is not to be had: restore at once
#   switch forget                    the next run has told what was taken back
#   switch watch                     the watcher: restores when the time is up
#   switch boot                      at boot, before sshd: restores whatever was armed
#   switch status                    prints the state, for harda
#
# harda puts `g=` (the folder), `boot=` and `clock=` (files of the kernel) in front of these lines.

PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
umask 077
booting=

unit=/etc/systemd/system/harda-guard-boot.service
wants=/etc/systemd/system/sysinit.target.wants/harda-guard-boot.service
initd=/etc/init.d/harda-guard

# What a login hangs on. A path that ends in `/` is a folder that is kept whole.
paths="/etc/ssh/ /etc/pam.d/ /etc/pam.conf /etc/security/ /usr/share/pam-configs/ /var/lib/pam/ /run/faillock/
/etc/sudoers /etc/sudoers.d/ /etc/doas.conf /etc/nsswitch.conf /etc/login.defs /etc/shells /etc/securetty /etc/nologin
/etc/hosts.allow /etc/hosts.deny /etc/nftables.conf /etc/nftables.d/ /etc/iptables/ /etc/ufw/ /etc/default/ufw
/etc/firewalld/ /etc/fail2ban/ /etc/network/ /etc/netplan/ /etc/systemd/network/ /etc/NetworkManager/
/etc/systemd/system/ /etc/rc0.d/ /etc/rc1.d/ /etc/rc2.d/ /etc/rc3.d/ /etc/rc4.d/ /etc/rc5.d/ /etc/rc6.d/ /etc/rcS.d/ /etc/resolv.conf /etc/sysctl.conf /etc/sysctl.d/
/etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-"
# What a login shell reads first, in the homes concerned.
profiles=".bashrc .bash_profile .bash_login .bash_logout .profile .zshenv .zprofile .zshrc .cshrc .tcshrc .login .kshrc"
databases="passwd group shadow gshadow subuid subgid"
# Units that let in or keep out: what was started of them since is stopped again.
doors="ssh.service ssh.socket sshd.service sshd.socket ufw.service firewalld.service nftables.service
netfilter-persistent.service iptables.service fail2ban.service networking.service systemd-networkd.service
NetworkManager.service"

has() { command -v "$1" >/dev/null 2>&1; }
systemd() { [ -d /run/systemd/system ] && has systemctl; }
now() { read -r up rest <"$clock"; echo "${up%%.*}"; }
booted() { cat "$boot" 2>/dev/null; }
say() { printf '%s\n' "$*" >>"$g/report"; }
fail() { printf '%s\n' "$*" >&2; exit 141; }

# --- the state: one line, replaced as a whole -------------------------------------------------

# phase (armed, firing, fired), run, uptime at which it is due, boot, seconds
load() { phase= run= due= when= seconds=; [ ! -r "$g/state" ] || read -r phase run due when seconds <"$g/state"; }

store() {
	printf '%s %s %s %s %s\n' "$1" "$run" "$due" "$when" "$seconds" >"$g/state.new" &&
		settle "$g/state.new" && mv -f "$g/state.new" "$g/state" && settle "$g"
}

settle() { sync "$1" 2>/dev/null || sync; }

is_due() { [ "$when" != "$(booted)" ] || [ -e "$g/now" ] || [ "$(now)" -ge "$due" ]; }

lock() { exec 8>>"$g/lock" && flock -w "$1" 8; }

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

# --- the snapshot ------------------------------------------------------------------------------

# Items are numbered: N.path holds the path, N.deep is there if all below it is kept, N is the copy.
keep() {
	case $1 in */) path=${1%/} deep=y ;; *) path=$1 deep= ;; esac
	if held "$path"; then return 0; fi
	n=0
	[ ! -e "$g/snap/count" ] || read -r n <"$g/snap/count"
	printf '%s\n' "$path" >"$g/snap/$n.path"
	[ -z "$deep" ] || : >"$g/snap/$n.deep"
	if [ -h "$path" ] || [ ! -d "$path" ]; then
		if [ -e "$path" ] || [ -h "$path" ]; then cp -a "$path" "$g/snap/$n" || return 1; fi
	elif [ -n "$deep" ]; then
		cp -a "$path" "$g/snap/$n" || return 1
	else
		mkdir "$g/snap/$n" && alike "$path" "$g/snap/$n" || return 1
	fi
	echo $((n + 1)) >"$g/snap/count"
}

# Whether a path is in the snapshot by itself or in a folder that is kept whole.
held() {
	for f in "$g"/snap/*.path; do
		[ -e "$f" ] && IFS= read -r kept <"$f" || continue
		[ "$kept" != "$1" ] || return 0
		[ ! -e "${f%.path}.deep" ] || case $1 in "$kept"/*) return 0 ;; esac
	done
	return 1
}

# Owner, mode, and what else the tools at hand can copy, of a folder.
alike() {
	if tar --version 2>/dev/null | grep -q GNU; then
		tar -C "$1" --no-recursion --xattrs --acls --selinux -cf - . 2>/dev/null | tar -C "$2" --xattrs --acls --selinux -xpf - 2>/dev/null
	fi
	chown "$(stat -c %u:%g "$1")" "$2" && chmod "$(stat -c %a "$1")" "$2"
}

# What is at each kept path, some lines each, to see what differs: the path, a tab, what it is. The boot unit is ours.
listing() {
	for f in "$g"/snap/*.path; do list "$f"; done | grep -v -e 'harda-guard' -e '/sysinit.target.wants	' || true
}

list() {
	IFS= read -r path <"$1"
	[ -e "$path" ] || [ -h "$path" ] || return 0
	depth=-prune
	[ ! -e "${1%.path}.deep" ] || depth=
	find "$path" $depth -exec stat -c '%n	%F %a %u:%g' {} + 2>/dev/null
	find "$path" $depth -type f -exec sha256sum {} + 2>/dev/null | sed 's/^\([0-9a-f]*\)  \(.*\)$/\2	\1/'
	find "$path" $depth -type l -exec sh -c 'for f; do printf "%s	-> %s\n" "$f" "$(readlink "$f")"; done' sh {} + 2>/dev/null
}

# Whether the kernel has legacy tables (ip or ip6). A file of /proc has no size to look at.
legacy() { [ -n "$(cat "/proc/net/$1_tables_names" 2>/dev/null)" ]; }

firewall() {
	! has nft || nft list ruleset >"$1/nft" 2>/dev/null
	if has iptables-save && iptables-save --version 2>/dev/null | grep -q nf_tables; then
		iptables-save >"$1/ip4" 2>/dev/null
		ip6tables-save >"$1/ip6" 2>/dev/null
	fi
	if legacy ip && has iptables-legacy-save; then iptables-legacy-save >"$1/legacy4" 2>/dev/null; fi
	if legacy ip6 && has ip6tables-legacy-save; then ip6tables-legacy-save >"$1/legacy6" 2>/dev/null; fi
	true
}

# Counters come and go; `nft -s` and this leave them out of what is compared.
rules() {
	{ ! has nft || nft -s list ruleset 2>/dev/null; }
	for tool in iptables ip6tables; do
		! legacy "${tool%tables}" || ! has "$tool-legacy-save" || "$tool-legacy-save" 2>/dev/null | sed 's/\[[0-9:]*\]//; /^#/d'
	done
}

network() {
	has ip || return 0
	ip -o link show 2>/dev/null | sed -n 's/^[0-9]*: \([^:@]*\)[:@][^<]*<\(.*\)>.*/\1 \2/p' | while read -r dev flags; do
		case ",$flags," in *,UP,*) echo "link $dev up" ;; *) echo "link $dev down" ;; esac
	done
	for v in 4 6; do
		ip -o -$v addr show scope global 2>/dev/null | sed -n 's/^[0-9]*: *\([^ ]*\) *inet6* \([^ ]*\).*/addr \1 \2/p'
		ip -o -$v route show table all 2>/dev/null | grep -v -e 'table local' -e 'proto ra' -e '^local ' -e '^broadcast ' -e '^ff00::' |
			sed -e 's/ expires [0-9]*sec//' -e 's/ linkdown//' -e 's/ dead//' -e "s/^/route $v /" -e 's/ *$//'
		ip -o -$v rule show 2>/dev/null | sed -n "s/^\([0-9]*\):[[:space:]]*\(.*\)/rule $v pref \1 \2/p" | sed 's/ *$//'
	done
}

sysctls() { grep -rs '' /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/icmp_echo_ignore_all 2>/dev/null | sort; }

running() { ! systemd || systemctl list-units --type=service,socket --state=active --no-legend --plain 2>/dev/null | sed 's/ .*//' | sort; }

snapshot() {
	rm -rf "$g/snap" "$g/report" "$g/changes" "$g/names" "$g/now" "$g/writer"
	mkdir "$g/snap" || return 1
	for p in $paths; do keep "$p" || return 1; done
	for user; do
		home=$( (getent passwd "$user" 2>/dev/null || grep "^$user:" /etc/passwd) | cut -d: -f6)
		case $home in /?*) keep "$home" && keep "$home/.ssh/" || return 1 ;; *) continue ;; esac
		for p in $profiles; do keep "$home/$p" || return 1; done
	done
	for d in $databases; do [ ! -e "/etc/$d" ] || cp -a "/etc/$d" "$g/snap/$d" || return 1; done
	firewall "$g/snap"
	rules >"$g/snap/rules"
	network >"$g/snap/network"
	sysctls >"$g/snap/sysctls"
	running >"$g/snap/running"
	listing >"$g/snap/listing"
}

# --- putting it back ---------------------------------------------------------------------------

restore() {
	: >"$g/report"
	files
	accounts
	# At boot the files decide on the rest, which comes after; a unit that waits for another would wait for ever.
	if [ -n "$booting" ]; then
		! systemd || { systemctl daemon-reload; wanted | xargs -r systemctl --no-block start; }
		return
	fi
	reset_sysctls
	reset_firewall
	reset_network
	services
}

# The ways in that ran: the boot was laid out before they were put back.
wanted() { for u in $doors; do ! grep -qxF "$u" "$g/snap/running" || echo "$u"; done; }

# Lines that are in the first file and not in the second.
only() { grep -vxF -f "$2" "$1" || true; }

files() {
	listing >"$g/found"
	{ only "$g/snap/listing" "$g/found"; only "$g/found" "$g/snap/listing"; } | sed 's/	.*//' | sort -u >"$g/differ"
	while IFS= read -r path; do
		# A name with a tab or line feed in it would be cut: only what is known to be kept is touched.
		held "$path" || continue
		copy_of "$path"
		if [ -n "$copy" ] && { [ -e "$copy" ] || [ -h "$copy" ]; }; then
			put "$copy" "$path" && say "restored $path" || say "could not restore $path"
		else
			rm -rf "$path" && say "removed $path"
		fi
	done <"$g/differ"
	same_attributes
}

# The copy of a path in the snapshot: by itself, or in the folder that was kept.
copy_of() {
	copy=
	for f in "$g"/snap/*.path; do
		IFS= read -r kept <"$f"
		[ "$kept" != "$1" ] || { copy=${f%.path}; return; }
		[ ! -e "${f%.path}.deep" ] || case $1 in "$kept"/*) copy=${f%.path}${1#"$kept"} ;; esac
	done
}

put() {
	if [ -d "$1" ] && [ ! -h "$1" ]; then
		[ -d "$2" ] && [ ! -h "$2" ] || { rm -f "$2"; mkdir -p "$2" || return 1; }
		alike "$1" "$2"
		return
	fi
	[ -h "$2" ] || [ ! -d "$2" ] || rm -rf "$2"
	t=${2%/*}/.harda.restore.$$
	rm -f "$t"
	cp -a "$1" "$t" && { [ -h "$t" ] || settle "$t"; } && mv -f "$t" "$2"
}

# Access lists, extended attributes and labels don't show in a listing; coreutils copies them.
same_attributes() {
	cp --version 2>/dev/null | grep -q coreutils || return 0
	while IFS= read -r line; do
		case $line in *'	regular '*) ;; *) continue ;; esac
		copy_of "${line%%	*}"
		cp --attributes-only --preserve=all "$copy" "${line%%	*}" 2>/dev/null
	done <"$g/snap/listing"
}

# By entry: what others did meanwhile to other accounts stays. `*` is all: a command may have touched any.
accounts() {
	[ -s "$g/names" ] || return 0
	for d in $databases; do
		[ -e "$g/snap/$d" ] && [ -e "/etc/$d" ] || continue
		! cmp -s "$g/snap/$d" "/etc/$d" || continue
		if grep -qx '\*' "$g/names"; then
			cp -a "$g/snap/$d" "/etc/.harda.restore.$$" || continue
		else
			cp -a "/etc/$d" "/etc/.harda.restore.$$" && merge "$d" >"/etc/.harda.restore.$$" || continue
		fi
		if cmp -s "/etc/.harda.restore.$$" "/etc/$d"; then rm -f "/etc/.harda.restore.$$"; continue; fi
		settle "/etc/.harda.restore.$$"
		mv -f "/etc/.harda.restore.$$" "/etc/$d" && say "restored entries of /etc/$d"
	done
}

# An entry is one of ours by its name, or (a group's) by a member.
merge() {
	awk -F: -v groups="$(case $1 in group | gshadow) echo 1 ;; esac)" '
		function ours(line,   f, m, i, k) {
			split(line, f, ":"); if (f[1] in name) return 1
			if (!groups) return 0
			k = split(f[4], m, ","); for (i = 1; i <= k; i++) if (m[i] in name) return 1
			return 0
		}
		file == 1 { name[$0] = 1; next }
		file == 2 { old[$1] = $0; order[++count] = $1; next }
		{
			seen[$1] = 1
			if (ours($0) || ($1 in old && ours(old[$1]))) { if ($1 in old) print old[$1] } else print
		}
		END { for (i = 1; i <= count; i++) if (!(order[i] in seen) && ours(old[order[i]])) print old[order[i]] }
	' file=1 "$g/names" file=2 "$g/snap/$1" file=3 "/etc/$1"
}

reset_sysctls() {
	sysctls >"$g/found"
	only "$g/snap/sysctls" "$g/found" >"$g/differ"
	[ ! -s "$g/snap/named" ] || cat "$g/snap/named" >>"$g/differ"
	while IFS= read -r line; do
		p=${line%%:*} v=${line#*:}
		[ "$(cat "$p" 2>/dev/null)" != "$v" ] || continue
		printf '%s\n' "$v" >"$p" 2>/dev/null && say "restored $p"
	done <"$g/differ"
}

reset_firewall() {
	rules >"$g/found"
	! cmp -s "$g/snap/rules" "$g/found" || return 0
	if [ -e "$g/snap/nft" ] && has nft; then
		# One load: there is no moment without rules.
		{ echo 'flush ruleset'; cat "$g/snap/nft"; } >"$g/nft.load"
		if nft -f "$g/nft.load" 2>/dev/null; then
			say "restored the nftables ruleset"
		else
			nft flush ruleset
			[ ! -s "$g/snap/ip4" ] || iptables-restore <"$g/snap/ip4"
			[ ! -s "$g/snap/ip6" ] || ip6tables-restore <"$g/snap/ip6"
			say "restored the rules of iptables"
		fi
	fi
	for v in 4 6; do
		tool=iptables-legacy-restore
		[ $v = 4 ] || tool=ip6tables-legacy-restore
		if [ -e "$g/snap/legacy$v" ]; then
			"$tool" <"$g/snap/legacy$v" && say "restored the tables of ${tool%-restore}"
		elif has "$tool" && legacy "ip${v#4}"; then
			# None was loaded before: all that there are now are emptied.
			while read -r table; do
				echo "*$table"
				case $table in
				filter | security) chains='INPUT FORWARD OUTPUT' ;;
				nat) chains='PREROUTING INPUT OUTPUT POSTROUTING' ;;
				raw) chains='PREROUTING OUTPUT' ;;
				*) chains='PREROUTING INPUT FORWARD OUTPUT POSTROUTING' ;;
				esac
				for chain in $chains; do echo ":$chain ACCEPT [0:0]"; done
				echo COMMIT
			done <"/proc/net/ip${v#4}_tables_names" | "$tool" && say "emptied the tables of ${tool%-restore}"
		fi
	done
}

reset_network() {
	has ip || return 0
	network >"$g/found"
	only "$g/found" "$g/snap/network" | while read -r what rest; do
		# shellcheck disable=SC2086 # words of ip
		set -- $rest
		case $what in
		addr) ip addr del "$2" dev "$1" ;;
		route) v=$1; shift; ip -"$v" route del "$@" ;;
		rule) v=$1; shift; ip -"$v" rule del "$@" ;;
		esac
	done 2>/dev/null
	network >"$g/found"
	for round in link addr rule route route; do
		only "$g/snap/network" "$g/found" | while read -r what rest; do
			[ "$what" = "$round" ] || continue
			# shellcheck disable=SC2086
			set -- $rest
			case $what in
			link) ip link set "$1" "$2" ;;
			addr) ip addr replace "$2" dev "$1" ;;
			rule) v=$1; shift; ip -"$v" rule add "$@" ;;
			route) v=$1; shift; ip -"$v" route replace "$@" ;;
			esac 2>/dev/null && say "restored $what $*"
		done
		network >"$g/found"
	done
}

services() {
	# Neither is a unit of the host's own.
	if systemd; then
		! grep -q '/etc/systemd/system' "$g/report" || systemctl daemon-reload
		running >"$g/found"
		for u in $(only "$g/found" "$g/snap/running"); do
			case " $(echo $doors) $(cat "$g/units" 2>/dev/null | tr '\n' ' ') " in *" $u "*) systemctl stop "$u" && say "stopped $u" ;; esac
		done
		for u in $(only "$g/snap/running" "$g/found"); do
			case $u in harda-guard*) continue ;; *.socket | ssh*) wait= ;; *) wait=--no-block ;; esac
			systemctl reset-failed "$u" 2>/dev/null
			systemctl start $wait "$u" && say "started $u"
		done
		grep -q ' /etc/ssh/' "$g/report" || return 0
		for u in ssh.service sshd.service; do
			! systemctl -q is-active "$u" || { systemctl reload-or-restart "$u" && say "reloaded $u"; }
		done
		return 0
	fi
	pid=$(cat /run/sshd.pid 2>/dev/null || cat /var/run/sshd.pid 2>/dev/null)
	if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
		! grep -q ' /etc/ssh/' "$g/report" || { kill -HUP "$pid" && say "sshd has read its files again"; }
	elif [ -x /usr/sbin/sshd ]; then
		mkdir -p /run/sshd && /usr/sbin/sshd 8>&- && say "started sshd"
	fi
}

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
	printf '%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)" >"$g/fired"
	store fired
	unhook
	rm -rf "$g/snap" "$g/nft.load" "$g/found" "$g/differ" "$g/now" "$g/writer"
	! has logger || logger -t harda -p authpriv.notice -- "run=$run access was not proven: what it changed was taken back" </dev/null 8>&-
	exec 8>&-
}

# --- hooks: what fires it when harda is gone ---------------------------------------------------

hook() {
	if systemd; then
		cat >"$unit" <<-UNIT
			# Written by harda while it changes what could lock you out; gone when it is done.
			[Unit]
			Description=Take back what harda could not prove
			DefaultDependencies=no
			RequiresMountsFor=$g /etc
			After=local-fs.target systemd-sysctl.service
			Before=sysinit.target network-pre.target ssh.service ssh.socket sshd.service nftables.service ufw.service
			[Service]
			Type=oneshot
			ExecStart=/bin/sh $g/switch boot
		UNIT
		chmod 644 "$unit" && mkdir -p -m 755 "${wants%/*}" && ln -sf "$unit" "$wants" && settle "$unit"
	elif [ -d /etc/init.d ] && { has update-rc.d || has rc-update; }; then
		printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: harda-guard\n# Required-Start: $local_fs\n# Required-Stop:\n# X-Start-Before: ssh networking\n# Default-Start: S\n# Default-Stop:\n### END INIT INFO\nsh %s/switch boot\n' "$g" >"$initd"
		chmod 755 "$initd"
		if has update-rc.d; then update-rc.d harda-guard defaults; else rc-update add harda-guard boot; fi >/dev/null 2>&1
	else
		echo 'no boot hook: this host has no init that harda knows'
	fi
}

watcher() {
	if systemd; then
		systemctl reset-failed harda-guard.service 2>/dev/null
		systemctl stop harda-guard.service 2>/dev/null
		systemd-run --quiet --collect --unit=harda-guard -p Restart=on-failure -p RestartSec=1 -p OOMScoreAdjust=-1000 \
			/bin/sh "$g/switch" watch </dev/null 8>&-
	else
		setsid sh "$g/switch" watch </dev/null >/dev/null 2>&1 8>&- 9>&- &
	fi
}

unhook() {
	rm -f "$wants" "$unit"
	rmdir "${wants%/*}" 2>/dev/null
	if [ -e "$initd" ]; then
		if has update-rc.d; then update-rc.d -f harda-guard remove; elif has rc-update; then rc-update del harda-guard boot; fi >/dev/null 2>&1
		rm -f "$initd"
	fi
	true
}

# The lock stays: somebody may be waiting for it.
clear() { for f in "$g"/*; do [ "$f" = "$g/lock" ] || rm -rf "$f"; done; }

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
			held "${p%/}" || { keep "$p" && list "$g/snap/$n.path" >>"$g/snap/listing"; } || fail "$p could not be kept: nothing was changed" ;;
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
	rm -f "$g/writer"
	extend
	;;
disarm)
	lock 30 || fail 'the switch is busy'
	mine "$1"
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
	[ "$run" != "$1" ] || : >"$g/now"
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

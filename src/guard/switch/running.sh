# --- putting back what is in force -------------------------------------------------------------

# Those of the second list that the first doesn't have, whatever their options.
unknown_to() { awk 'file == 1 { there[$1, $2, $3, $4]; next } !(($1, $2, $3, $4) in there)' file=1 "$1" file=2 "$2"; }

# What is kept lies there, or nobody gets a terminal without it.
matters() { case $1 in /dev | /dev/pts | /dev/shm | /proc | /sys) ;; *) held "$1" ;; esac; }

# What lies over the files hides them. The last one is on top.
reset_mounts() {
	mounts >"$g/found"
	unknown_to "$g/snap/mounts" "$g/found" | sed '1!G;h;$!d' | while read -r at rest; do
		matters "$at" && umount -l "$at" && say "unmounted $at"
	done
	unknown_to "$g/found" "$g/snap/mounts" | while read -r at root dev nth options type from more; do
		[ "$root" = / ] && matters "$at" && mount -t "$type" -o "$options,$more" "$from" "$at" && say "mounted $at"
	done
	mounts >"$g/found"
	only "$g/snap/mounts" "$g/found" | while read -r at root dev nth options type from more; do
		matters "$at" && { mount -o "remount,${more%%,*}" "$at"; mount -o "remount,bind,$options" "$at"; } && say "mounted $at as before"
	done
} 2>/dev/null

# Twice: some write others, as `all` and `ip_forward` do.
reset_sysctls() {
	for round in 1 2; do
		sysctls >"$g/found"
		only "$g/snap/sysctls" "$g/found" >"$g/differ"
		[ ! -s "$g/snap/named" ] || cat "$g/snap/named" >>"$g/differ"
		while IFS= read -r line; do
			p=${line%%:*} v=${line#*:}
			[ "$(cat "$p" 2>/dev/null)" != "$v" ] || continue
			(printf '%s\n' "$v" >"$p") 2>/dev/null && say "restored $p"
		done <"$g/differ"
	done
}

# What iptables-nft has put in only its own tool can load. It replaces each of its tables as a whole, and nft the rest:
# here too there is no moment without rules.
reset_iptables() {
	{ sed -n 's/^[*]/ip /p' "$g/snap/ip4"; sed -n 's/^[*]/ip6 /p' "$g/snap/ip6"; } 2>/dev/null >"$g/theirs"
	[ -s "$g/theirs" ] || return 1
	{
		nft list tables | sed 's/^table //' | grep -vxF -f "$g/theirs" | sed 's/^/delete table /'
		awk 'file == 1 { theirs["table " $0 " {"]; next } /^table / { skip = $0 in theirs } !skip' \
			file=1 "$g/theirs" file=2 "$g/snap/nft"
	} >"$g/nft.load"
	nft -f "$g/nft.load" && iptables-restore <"$g/snap/ip4" && { [ ! -s "$g/snap/ip6" ] || ip6tables-restore <"$g/snap/ip6"; } || return 1
	# It makes all chains that a table can have.
	chains <"$g/snap/nft" >"$g/theirs"
	nft list ruleset | chains | grep -vxF -f "$g/theirs" | while read -r chain; do nft delete chain $chain; done
	true
}

chains() { awk '/^table / { table = $2 " " $3 } /^\tchain / { print table, $2 }'; }

reset_firewall() {
	rules >"$g/found"
	! cmp -s "$g/snap/rules" "$g/found" || return 0
	if [ -e "$g/snap/nft" ] && has nft; then
		# One load: there is no moment without rules.
		{ echo 'flush ruleset'; cat "$g/snap/nft"; } >"$g/nft.load"
		if nft -f "$g/nft.load" 2>/dev/null; then
			say "restored the nftables ruleset"
		elif reset_iptables; then
			say "restored the nftables ruleset and the rules of iptables"
		else
			say "could not restore the nftables ruleset"
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
	rules >"$g/found"
	cmp -s "$g/snap/rules" "$g/found" || say "not as before: the packet filter"
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
		neigh) ip -"$1" neigh del "$2" dev "$4" ;;
		# The kernel's own comes back.
		qdisc) tc qdisc del dev "$1" "$2" ;;
		esac && case $what in neigh | qdisc) say "removed $what $*" ;; esac
	done 2>/dev/null
	network >"$g/found"
	for round in mac mtu arp link addr neigh rule route route; do
		only "$g/snap/network" "$g/found" | while read -r what rest; do
			[ "$what" = "$round" ] || continue
			# shellcheck disable=SC2086
			set -- $rest
			case $what in
			mac) ip link set "$1" address "$2" || { ip link set "$1" down; ip link set "$1" address "$2"; } ;;
			mtu) ip link set "$1" mtu "$2" ;;
			arp) ip link set "$1" arp "$2" ;;
			link) ip link set "$1" "$2" ;;
			neigh) v=$1; shift; ip -"$v" neigh replace "$@" nud permanent ;;
			addr) dev=$1; shift; ip addr replace "$@" dev "$dev" ;;
			rule) v=$1; shift; ip -"$v" rule add "$@" ;;
			route) v=$1; shift; ip -"$v" route replace "$@" ;;
			esac 2>/dev/null && say "restored $what $*"
		done
		network >"$g/found"
	done
	# Routes of the kernel's own come with their addresses, in its time.
	only "$g/snap/network" "$g/found" | grep -v ' proto kernel' | while read -r line; do say "not as before: $line is gone"; done
	only "$g/found" "$g/snap/network" | grep -v ' proto kernel' | while read -r line; do say "not as before: $line is there"; done
}

services() {
	# Neither is a unit of the host's own.
	if systemd; then
		! grep -q '/systemd/system' "$g/report" || systemctl daemon-reload
		running >"$g/found"
		for u in $(only "$g/found" "$g/snap/running"); do
			case " $(echo $doors) $(cat "$g/units" 2>/dev/null | tr '\n' ' ') " in *" $u "*) systemctl stop "$u" && say "stopped $u" ;; esac
		done
		for u in $(only "$g/snap/running" "$g/found"); do
			case $u in harda-guard*) continue ;; *.socket | ssh*) wait= ;; *) wait=--no-block ;; esac
			systemctl reset-failed "$u" 2>/dev/null
			systemctl start $wait "$u" && say "started $u"
		done
		# Any file may be one that sshd includes; reading them again ends no session.
		grep -q ' /' "$g/report" || return 0
		again=reload-or-restart
		# What it is started with is taken up by a start only; its sessions live on.
		! grep -qE ' /(etc/default/ssh|etc/sysconfig/sshd|((usr/)?lib|etc|run)/systemd/system([.]control)?/sshd?[.])' "$g/report" || again=restart
		for u in ssh.service sshd.service; do
			! systemctl -q is-active "$u" || { systemctl $again "$u" && say "reloaded $u"; }
		done
		return 0
	fi
	pid=$(cat /run/sshd.pid 2>/dev/null || cat /var/run/sshd.pid 2>/dev/null)
	if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
		! grep -q ' /' "$g/report" || { kill -HUP "$pid" && say "sshd has read its files again"; }
	elif [ -x /usr/sbin/sshd ]; then
		mkdir -p /run/sshd && /usr/sbin/sshd 8>&- && say "started sshd"
	fi
}


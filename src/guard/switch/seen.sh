# --- the snapshot of what is in force ---------------------------------------------------------

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
	# In which order tables were made says nothing.
	! has nft || nft -s list ruleset 2>/dev/null | awk '/^table / { table = $0; n = 0 } { printf "%s\t%06d\t%s\n", table, n++, $0 }' | sort
	for tool in iptables ip6tables; do
		! legacy "${tool%tables}" || ! has "$tool-legacy-save" || "$tool-legacy-save" 2>/dev/null | sed 's/\[[0-9:]*\]//; /^#/d'
	done
}

network() {
	has ip || return 0
	ip -o link show 2>/dev/null | awk '{
		dev = $2; sub(/[@:].*/, "", dev); flags = $3; gsub(/[<>]/, ",", flags)
		for (i = 4; i < NF; i++) {
			if ($i == "mtu") print "mtu", dev, $(i + 1)
			if ($i == "link/ether") print "mac", dev, $(i + 1)
		}
		print "arp", dev, flags ~ /,NOARP,/ ? "off" : "on"
		print "link", dev, flags ~ /,UP,/ ? "up" : "down"
	}'
	! has tc || tc qdisc show 2>/dev/null | awk '{
		at = / root/ ? "root" : / parent ffff:fff1/ ? $2 : ""; sub(/ refcnt [0-9]+/, ""); sub(/ +$/, "")
		if (at != "") print "qdisc", $5, at, $0
	}'
	for v in 4 6; do
		ip -o -$v addr show 2>/dev/null | addresses
		ip -o -$v route show table all 2>/dev/null | grep -v -e 'table local' -e 'proto ra' -e '^local ' -e '^broadcast ' -e '^ff00::' |
			sed -e 's/ expires [0-9]*sec//' -e 's/\\[[:space:]]*/ /g' -e 's/ linkdown//g' -e 's/ dead//g' -e "s/^/route $v /" -e 's/ *$//'
		ip -o -$v neigh show nud permanent 2>/dev/null | sed -n "s/^\([^ ]*\) dev \([^ ]*\) lladdr \([^ ]*\).*/neigh $v \1 dev \2 lladdr \3/p"
		ip -o -$v rule show 2>/dev/null | sed -n "s/^\([0-9]*\):[[:space:]]*\(.*\)/rule $v pref \1 \2/p" | sed 's/ *$//'
	done
}

# `addr DEV ADDRESS` and, in the words of `ip addr add`, what else an address has but for its lifetime.
addresses() {
	awk '{
		dev = $2; scope = ""; more = ""
		for (i = 5; i < NF; i++) {
			if ($i == "peer" || $i == "brd") { more = more " " $i " " $(i + 1); i++ }
			else if ($i == "scope") { scope = $(i + 1); i++ }
			else if ($i == "noprefixroute") more = more " " $i
			else if ($i ~ /\\$/ || $i == "valid_lft") { if ($3 == "inet" && index($i, dev ":") == 1) more = more " label " substr($i, 1, length($i) - 1); break }
		}
		if (scope == "host" || / temporary /) next
		print "addr", dev, $4 " scope " scope more
	}'
}

# Mount point, root, device, the how many-th of these, options, type, source, options of the file system.
mounts() {
	awk '$5 !~ /\\/ {
		for (i = 7; $i != "-"; i++);
		print $5, $4, $3, ++count[$5, $4, $3], $6, $(i + 1), $(i + 2), $(i + 3)
	}' /proc/self/mountinfo
}

sysctls() { find /proc/sys/net -type f -perm -200 -exec grep -sH '' {} + 2>/dev/null | sort; }

running() { ! systemd || systemctl list-units --type=service,socket,target --state=active --no-legend --plain 2>/dev/null | sed 's/ .*//' | sort; }

snapshot() {
	rm -rf "$g/snap" "$g/report" "$g/changes" "$g/names" "$g/before" "$g/now" "$g/until" "$g/why" "$g/writer"
	mkdir "$g/snap" || return 1
	for p in $paths; do keep "$p" || return 1; done
	for user; do
		home=$( (getent passwd "$user" 2>/dev/null || grep "^$user:" /etc/passwd) | cut -d: -f6)
		case $home in /?*) keep "$home" && keep "$home/.ssh/" || return 1 ;; *) continue ;; esac
		for p in $profiles; do keep "$home/$p" || return 1; done
	done
	echo "$programs" | tr ' ' '\n' >"$g/snap/programs"
	keep_programs || return 1
	ways "$g"/snap/*.path "$g/snap/programs" || return 1
	for d in $databases; do [ ! -e "/etc/$d" ] || cp -a "/etc/$d" "$g/snap/$d" || return 1; done
	inodes >"$g/snap/inodes"
	modes >"$g/snap/modes"
	firewall "$g/snap"
	rules >"$g/snap/rules"
	mounts >"$g/snap/mounts"
	network >"$g/snap/network"
	sysctls >"$g/snap/sysctls"
	running >"$g/snap/running"
	listing >"$g/snap/listing"
	overlay
}


# What the guard must leave as it was, one line for each thing: files with owner, mode, content and access lists,
# units, packet filters, addresses, routes, sysctls of the network, and what harda itself may leave. Logs and time
# stamps aren't in it, nor the lock of the account databases and sudo's mark of its first use.
export LC_ALL=C
places='/etc /root /home /srv /opt /var/lib/pam /run/faillock /run/systemd/system /run/systemd/system.control
	/usr/lib/systemd/system'
for f in / /usr /usr/bin /usr/sbin /usr/bin/sudo /usr/sbin/sshd /usr/lib/*-linux-gnu /usr/lib/*-linux-gnu/security/*; do stat -c 'way %n %a %u:%g' "$f"; done
find $places -xdev ! -name .pwd.lock ! -name .sudo_as_admin_successful -printf 'file %p %y %m %U:%G %l\n' 2>/dev/null
find $places -xdev -type f ! -name .pwd.lock ! -name .sudo_as_admin_successful -exec sha256sum {} + 2>/dev/null | sed 's/^\([0-9a-f]*\)  /content \1 /'
sha256sum /usr/lib/*-linux-gnu/security/* /usr/bin/sudo | sed 's/^/content /'
awk '{ print "mount", $5, $6 }' /proc/self/mountinfo | grep -v ' /run/user'
! command -v getfacl >/dev/null || getfacl -Rsp $places 2>/dev/null | awk '/^# file/ { f = $3 } /^[^#]/ { print "acl", f, $0 }'
! command -v getfattr >/dev/null || getfattr -Rhd -m '^(user|security|trusted)[.]' --absolute-names $places 2>/dev/null |
	awk '/^# file/ { f = $3 } /^[^#]/ { print "attribute", f, $0 }'
! command -v getcap >/dev/null || getcap -r $places 2>/dev/null | sed 's/^/capability /'
for d in passwd shadow group gshadow; do sed "s/^/$d /" /etc/$d; done
if [ -d /run/systemd/system ]; then
	systemctl list-unit-files --no-legend --plain | awk '{ print "unit", $1, $2 }'
	systemctl list-units --all --type=service,socket,timer,mount --no-legend --plain |
		awk '$3 == "active" || $3 == "failed" { print $3, $1 }' | grep -v -e ' user@' -e ' user-runtime-dir@' -e ' run-user'
fi
! command -v nft >/dev/null || nft -s list ruleset 2>/dev/null | sed 's/^/nft /'
for v in 4 6; do
	[ -z "$(cat /proc/net/ip${v#4}_tables_names 2>/dev/null)" ] || ip${v#4}tables-legacy-save 2>/dev/null |
		grep -e '^-' -e DROP | sed 's/\[.*\]//; s/^/legacy /'
	ip -o -$v addr show | sed 's/ valid_lft.*//; s/\\//; s/ tentative//; s/^[0-9]*: /address /'
	# Of link-local addresses come and go when the kernel says.
	ip -$v route show table all | grep -v -e ' fe80::[0-9a-f]*:' -e ' ff00::' -e 'anycast fe80' | sed 's/ linkdown//; s/ expires [0-9]*sec//; s/^/route /'
	ip -$v rule show | sed 's/^/rule /'
	ip -o -$v neigh show nud permanent | sed 's/^/neighbour /'
done
ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\)[^<]*<\(.*\)>.*/link \1 \2/p'
ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).* \(mtu [0-9]*\) .*\(link[/][^ ]* [^ ]*\).*/link \1 \2 \3/p'
! command -v tc >/dev/null || tc qdisc show | sed 's/^/qdisc /'
grep -rs '' /proc/sys/net | grep -v -e conntrack_count -e _available_ -e nf_log -e stat_refresh -e fastopen_key | sed 's/^/sysctl /'
ls -A /var/lib/harda/guard 2>/dev/null | sed '/^lock$/d; s/^/guard /'
pgrep -fa '[g]uard/switch' | sed 's/^/process /'
true

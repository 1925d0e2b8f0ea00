# How a host is, one line for each thing: a word, what it is of, and its value. First whatever is under way there has
# its time to end: scripts that were running, the switch that is due.
export LC_ALL=C
is_busy() {
	! flock -n /run/harda.lock true || pgrep -f 'read -r n; eva[l]' >/dev/null || pgrep -f '[g]uard/switch' >/dev/null ||
		grep -qs -e ^armed -e ^firing /var/lib/harda/guard/state
}
n=0
while [ -e /run/harda.lock ] && is_busy && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.1; done
[ $n -lt 400 ] || echo "busy host $(cat /run/harda.lock | tr '\n' ' ') $(cat /var/lib/harda/guard/state 2>/dev/null) $(pgrep -fa 'read -r n; eva[l]')"
for p in /srv/faults /srv/faults/* /etc/faults.conf /etc/systemd/system/faults.service /etc/ssh/sshd_config.d/50-faults.conf; do
	[ -e "$p" ] || [ -h "$p" ] || continue
	s=$([ ! -f "$p" ] || sha256sum <"$p")
	echo "file $p $(stat -c '%F %a %U:%G' "$p") $(readlink "$p") ${s%% *}"
done
echo "account fault $(getent passwd fault)"
echo "service faults $(systemctl is-active faults) $(cat /var/lib/faults.running 2>/dev/null)"
systemctl is-enabled faults 2>/dev/null | sed 's/^/enabled faults /'
echo "sshd greets $(timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && IFS= read -r line <&3 && echo "${line#*_}"')"
find /etc /srv /srv/faults /var/lib/harda /root /home /var/lib/faults.running -xdev \( -name '.harda*' -o -name '*.new' -o -name '*.harda*' \) 2>/dev/null | sed 's/^/stray /'
ls /etc/systemd/system/harda-guard* /etc/init.d/harda-guard 2>/dev/null | sed 's/^/unit /'
ls -A /var/lib/harda/guard 2>/dev/null | grep -v -x lock | sed 's/^/guard /'
systemctl list-units --all --no-legend --plain 'harda*' | awk '$3 != "inactive" { print "unit", $1, $3 }'
pgrep -fa '[g]uard/switch' | sed 's/^/process /'
grep -h -o ' harda .*' /proc/mounts | sed 's/^/mount /'
true

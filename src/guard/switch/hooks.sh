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
	elif [ -d /etc/init.d ] && runs_scripts && { has update-rc.d || has rc-update; }; then
		printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: harda-guard\n# Required-Start: $local_fs\n# Required-Stop:\n# X-Start-Before: ssh networking\n# Default-Start: S\n# Default-Stop:\n### END INIT INFO\nsh %s/switch boot\n' "$g" >"$initd"
		chmod 755 "$initd"
		if has update-rc.d; then update-rc.d harda-guard defaults; else rc-update add harda-guard boot; fi >/dev/null 2>&1
	else
		echo 'this host has no init that harda knows: if it reboots before access is proven, nothing is taken back'
	fi
}

# Whether what started this host reads /etc/init.d: a container's first process may be anything.
runs_scripts() { case $(cat /proc/1/comm 2>/dev/null) in init | openrc-init) ;; *) return 1 ;; esac; }

watcher() {
	if systemd; then
		systemctl reset-failed harda-guard.service 2>/dev/null
		systemctl stop harda-guard.service 2>/dev/null
		# A change of target (`isolate`, `init 1`) ends what it doesn't name and what needs `sysinit.target`: not this.
		systemd-run --quiet --collect --unit=harda-guard -p IgnoreOnIsolate=yes -p DefaultDependencies=no \
			-p Conflicts=shutdown.target -p Before=shutdown.target -p Restart=on-failure -p RestartSec=1 -p StartLimitIntervalSec=0 -p OOMScoreAdjust=-1000 \
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

# The lock stays: somebody may be waiting for it. So does what has not taken effect yet.
clear() { for f in "$g"/*; do case $f in "$g/lock" | "$g/late") ;; *) rm -rf "$f" ;; esac; done; }


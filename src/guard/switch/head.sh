# harda's dead-man's switch, as it stands on a host while a change that can lock out is being made.
# docs/guard.md tells its states and who may move it. Runs as root in dash, bash and busybox's sh.
#
#   switch arm RUN SECONDS USER...   takes the snapshot and arms; the caller has written this file
#   switch begin RUN LIMIT WHAT KEEP...  before a guarded write; the caller holds the lock
#   switch end RUN                   after it, still under the lock
#   switch disarm RUN [told|PATH...] access is proven; services were told to read their files, or these have not been read
#   switch now RUN                   access is not to be had: restore at once
#   switch forget                    the next run has told what was taken back
#   switch watch                     the watcher: restores when the time is up
#   switch boot                      at boot, before sshd: restores whatever was armed
#   switch status                    prints the state, for harda
#
# harda puts `g=` (the folder), `boot=` and `clock=` (files of the kernel), `paths=` (what a login hangs on; one that
# ends in `/` is a folder that is kept whole), `profiles=` (what a shell reads in the homes concerned) and `programs=`
# (kept but for what is in them) in front of these lines.

PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
umask 077
booting=

unit=/etc/systemd/system/harda-guard-boot.service
wants=/etc/systemd/system/sysinit.target.wants/harda-guard-boot.service
initd=/etc/init.d/harda-guard

# So many seconds it goes on trying; harda waits some 45 for it.
patience=30
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


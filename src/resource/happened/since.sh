# To others journalctl shows only what is theirs, and says nothing of the rest.
[ "$(id -u)" = 0 ] || { echo 'the logs can be read whole by root only (become: true)' >&2; exit 1; }
# Counts all events of a class, and tells the last of them.
tell='function put(class, time, text) {
  gsub(/[\t\035]/, " ", text); n[class]++; e[class, n[class] % most] = class "\t" time "\t" text }
END { for (c in n) { print "count\t" c "\t" n[c]; i = n[c] > most ? n[c] - most + 1 : 1
  for (; i <= n[c]; i++) print e[c, i % most] } }'
# Of programs that say who came and who became whom.
journal='{ time = $1; who = $3; sub(/(\[|:).*$/, "", who); text = $0; sub(/^[^ ]+ [^ ]+ /, "", text) }
who !~ /^(sshd|sshd-session|login|su|sudo|useradd|usermod|userdel|groupadd|groupmod|groupdel|gpasswd|passwd|chpasswd|chage|chsh)$/ { next }
/NOT in sudoers|command not allowed|not allowed to|incorrect password|FAILED [Ss][Uu]|Failed |Invalid user|authentication failure|maximum authentication|not allowed because/ { put("failed", time, text); next }
who ~ /^(sshd|sshd-session|login)$/ { if (/Accepted |session opened|session closed/) put("logins", time, text); next }
who == "sudo" && /COMMAND=/ { put("commands", time, text); next }
who ~ /^(su|sudo)$/ { if (/session opened/) put("elevation", time, text); next }
/(group|members of)[^a-z]*(sudo|wheel|admin|adm|root)[^a-z]?/ { put("admin", time, text); next }
{ put("access", time, text) }'
# What a rule of harda recorded, by its key.
audit='/^type=SYSCALL / && match($0, /key="harda-[a-z-]*"/) {
  class = substr($0, RSTART + 11, RLENGTH - 12); sub(/^access-control$/, "access", class)
  match($0, /audit\([0-9]+/); time = substr($0, RSTART + 6, RLENGTH - 6)
  if (time + 0 < from + 0) next
  who = ""; if (match($0, /AUID="[^"]*"/)) who = substr($0, RSTART + 6, RLENGTH - 7)
  else if (match($0, / auid=[0-9]+/)) who = substr($0, RSTART + 6, RLENGTH - 6)
  exe = "?"; if (match($0, / exe="[^"]*"/)) exe = substr($0, RSTART + 6, RLENGTH - 7)
  put(class, "@" time, who " ran " exe ($0 ~ / success=no/ ? ", which was refused something" : "")) }'
since() {
  from=$(date -d "$1" +%s) && day=$(date -d "$1" '+%Y-%m-%d %H:%M:%S') || return 1
  if command -v journalctl >/dev/null; then
    journalctl -q --no-pager -o short-iso </dev/null 2>/dev/null | sed -n 's/^\([0-9][^ ]*\) .*/begins	\1/p;1q'
    journalctl -q --no-pager -o short-iso --since "$day" </dev/null 2>/dev/null | awk -v most="$most" "$journal $tell"
  fi
  [ ! -r /var/log/dpkg.log ] || awk -v most="$most" -v day="$day" \
    '$1 " " $2 >= day && $3 ~ /^(install|upgrade|remove|purge)$/ { t = $1 " " $2; sub(/^[^ ]+ [^ ]+ /, ""); put("commands", t, "dpkg: " $0) }'" $tell" /var/log/dpkg.log
  if [ -r /var/log/audit/audit.log ]; then
    printf 'audit\tyes\n'
    for f in $(ls -tr /var/log/audit/audit.log*); do cat "$f"; done | awk -v most="$most" -v from="$from" "$audit $tell"
  fi
}

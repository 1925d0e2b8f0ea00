# What sshd makes of its files. $1: the file that is read alone too; $2: `known` to ask ssh what it
# knows; the rest: one connection each, as `sshd -T -C` takes it.
own=$1 ask=$2
shift 2
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
sshd=$(command -v sshd) || { echo @@absent; exit 0; }
printf '@@version\n%s\n' "$("$sshd" -V 2>&1)"

echo @@options
[ ! -r /etc/default/ssh ] || while IFS= read -r line; do
  case $line in SSHD_OPTS=*) printf '%s\n' "${line#SSHD_OPTS=}" ;; esac
done < /etc/default/ssh

# Settings; where there are none, why.
settings() {
  printf '@@settings %s\n' "$1"
  shift
  text=$("$sshd" -T "$@" 2>/dev/null) && printf '%s\n' "$text" && return
  printf '@@said\n%s\n' "$("$sshd" -T "$@" 2>&1 >/dev/null)"
}
settings global
keys=$text
for login in "$@"; do settings login -C "$login"; done
[ ! -f "$own" ] || settings alone -f "$own"

# The accounts, as the name services tell them; of the password only whether it is locked.
today=$(($(date +%s) / 86400))
for login in "$@"; do
  user=${login#user=} user=${user%%,host=*}
  printf '@@account %s\n' "$user"
  line=$(getent passwd -- "$user" 2>/dev/null || grep -- "^$user:" /etc/passwd)
  case $line in "$user:"*) ;; *) continue ;; esac
  printf '%s\n' "$line"
  id -Gn -- "$user" 2>/dev/null || id -Gn "$user" || echo
  line=$(getent shadow -- "$user" 2>/dev/null || grep -- "^$user:" /etc/shadow 2>/dev/null)
  case $line in "$user:!"*) echo locked ;; *) echo open ;; esac
  line=${line#*:}
  printf '%s:%s\n' "$today" "${line#*:}"
done

echo @@hostkeys
newline='
'
IFS=$newline
set -f
for line in $keys; do
  case $line in hostkey\ *) ;; *) continue ;; esac
  key=${line#hostkey }
  [ ! -r "$key.pub" ] || { IFS=' ' read -r type rest < "$key.pub"; printf '%s %s\n' "$type" "$key"; }
done

# The files, Include by Include; sshd(8) gives up at a depth of 16 too.
batch=/etc/ssh/sshd_config seen=$newline depth=0
while [ -n "$batch" ] && [ $depth -lt 16 ]; do
  seen=$seen$batch$newline next= depth=$((depth + 1))
  echo @@lines
  grep -nHE '^[[:space:]]*[^#[:space:]]' -- $batch
  echo @@includes
  for line in $(grep -nHiE '^[[:space:]]*include[[:space:]=]' -- $batch); do
    file=${line%%:*} rest=${line#*:}
    number=${rest%%:*} words=${rest#*:}
    words=${words#*[Ii][Nn][Cc][Ll][Uu][Dd][Ee]}
    IFS=' 	='
    for word in $words; do
      word=${word#\"} word=${word%\"}
      case $word in /*) ;; *) word=/etc/ssh/$word ;; esac
      IFS=
      set +f
      for path in $word; do
        [ -f "$path" ] || continue
        printf '%s:%s:%s\n' "$file" "$number" "$path"
        case $seen$next in *"$newline$path$newline"*) ;; *) next=$next$newline$path$newline ;; esac
      done
      set -f
    done
    IFS=$newline
  done
  batch=$next
done

[ "$ask" = known ] || exit 0
for list in kex cipher mac; do printf '@@known %s\n' $list; ssh -Q $list 2>/dev/null; done
echo @@known key
ssh -Q HostKeyAlgorithms 2>/dev/null || ssh -Q key 2>/dev/null
exit 0

# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# What every other file needs: places, messages, locks, and telling processes apart.

CACHE=${HARDA_LAB_CACHE:-/var/cache/harda-lab}
STATE=${HARDA_LAB_STATE:-/run/harda-lab}
PREFIX=${HARDA_LAB_PREFIX:-harda}
ARCH=

say() { [ -n "${QUIET:-}" ] || printf 'lab: %s\n' "$*" >&2; }
warn() { printf 'lab: warning: %s\n' "$*" >&2; }
die() { printf 'lab: error: %s\n' "$*" >&2; exit 1; }

# The prefix becomes part of host, namespace and folder names, and of a folder that `down` deletes.
check_prefix() {
    [[ $PREFIX =~ ^[a-z][a-z0-9-]{0,19}$ ]] ||
        die "prefix \`$PREFIX\` must be 1 to 20 of a-z, 0-9 and -, starting with a letter"
    RUN=$STATE/$PREFIX
    DISKS=$CACHE/overlays/$PREFIX
}

need_root() { [ "$(id -u)" = 0 ] || die "needs root (namespaces, mounts and systemd-nspawn): try sudo"; }

# Installs what this machine misses. One apt-get run, under a lock: parallel callers would fight for dpkg's.
ensure_tools() {
    local missing=() pair
    for pair in mmdebstrap:mmdebstrap systemd-nspawn:systemd-container ip:iproute2 ssh-keygen:openssh-client \
        apt-ftparchive:apt-utils flock:util-linux nsenter:util-linux setsid:util-linux sha256sum:coreutils; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        command -v apt-get >/dev/null || die "missing: ${missing[*]} (and there is no apt-get to install them with)"
        say "installing ${missing[*]}"
        mkdir -p "$CACHE"
        (
            flock 9
            export DEBIAN_FRONTEND=noninteractive
            apt-get -qq install -y --no-install-recommends "${missing[@]}" >"$CACHE/tools.log" 2>&1 ||
                { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } \
                    >>"$CACHE/tools.log" 2>&1 || die "could not install ${missing[*]}: see $CACHE/tools.log"
        ) 9>"$CACHE/tools.lock" || exit 1
    fi
    ARCH=$(dpkg --print-architecture)
}

# An overlay's upper layer can't be on another overlay (the usual root of a container).
check_cache() {
    mkdir -p "$CACHE"/{roots,repos,layers,overlays} "$STATE"
    case $(stat -f -c %T "$CACHE") in
    overlayfs | nfs | fuseblk)
        die "\`$CACHE\` is on $(stat -f -c %T "$CACHE"), which can't hold an overlay's upper layer: set HARDA_LAB_CACHE to a folder on a disk" ;;
    esac
}

# Each host's systemd takes some six inotify instances of root's, and the kernel gives a user 128 by default: about
# twenty hosts, of all labs together. Past that they fail while booting, so the limit is raised (until the next boot).
check_limits() {
    local limit=/proc/sys/fs/inotify/max_user_instances wanted=2048
    [ "$(cat $limit)" -lt $wanted ] || return 0
    if echo $wanted 2>/dev/null >$limit; then
        say "raised fs.inotify.max_user_instances to $wanted: each host needs some"
    elif [ "$1" -gt 15 ]; then
        warn "fs.inotify.max_user_instances is $(cat $limit): not more than some twenty hosts will boot"
    fi
}

# A pid alone says little: it may have been given to another process since. With its start time it is one process.
process_stamp() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # Field 22 of the line; the name in brackets, which may hold anything, is gone.
    local -a fields
    read -ra fields <<<"$stat"
    echo "$1 ${fields[19]} $(cat /proc/sys/kernel/random/boot_id)"
}

# is_alive FILE: is the process whose stamp is in FILE still running?
is_alive() {
    local stamp
    stamp=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$stamp" ] && [ "$(process_stamp "${stamp%% *}")" = "$stamp" ]
}

# kill_stamped FILE: kills exactly that process, if it is still that one.
kill_stamped() { ! is_alive "$1" || kill -KILL "$(cut -d' ' -f1 "$1")" 2>/dev/null || true; }

# with_lock FILE COMMAND...: what outlives the command must not keep the lock (host_start closes every descriptor).
# Neither this nor for_each may stand before `||` or in an `if`: that would switch `set -e` off for all they call.
with_lock() {
    local file=$1 fd
    shift
    mkdir -p "$(dirname "$file")"
    exec {fd}>"$file"
    flock -n "$fd" || { say "waiting for another lab command ($file)"; flock "$fd"; }
    "$@"
    exec {fd}>&-
}

# for_each COMMAND HOST...: all at the same time. FAILED has those that it failed for.
for_each() {
    local command=$1 name pids=()
    shift
    FAILED=
    for name; do
        ("$command" "$name") &
        pids+=($!)
    done
    for name; do
        wait "${pids[0]}" || FAILED+=" $name"
        pids=("${pids[@]:1}")
    done
}

digest() { sha256sum | cut -c1-12; }

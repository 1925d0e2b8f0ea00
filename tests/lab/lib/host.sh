# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# One host: its identity, its overlay, its process. Everything known of it is in $RUN/hosts/NAME/:
#   number kind    what it is;  layers, repo: what it stands on in the cache
#   identity/      a read-only layer with what makes it this host: name, machine id, host keys, logins
#   merged         its root (a mount); upper and work are on disk, under $DISKS
#   supervisor     the process that boots it, and boots it again when it asked for a reboot
#   nspawn         the container's process outside;  boots: how many times it was started
#   console.log

host_dir() { echo "$RUN/hosts/$1"; }
host_number() { cat "$RUN/hosts/$1/number"; }
host_address() { address "$(host_number "$1")"; }
hosts() { [ ! -d "$RUN/hosts" ] || find "$RUN/hosts" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V; }
console_tail() { tail -n 8 "$(host_dir "$1")/console.log" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g; s/^/    /' >&2 || true; }

# A layer below the overlay's upper one: so the upper layer holds only what the host itself has written, a reset
# host is still the same host, and nothing "first-boot" happens.
make_identity() {
    local name=$1 dir root type user uid
    dir=$(host_dir "$name")
    root=$dir/identity
    mkdir -p "$root"/etc/ssh "$root"/root/.ssh "$root"/home
    chmod 755 "$root" "$root"/etc "$root"/etc/ssh "$root"/home
    chmod 700 "$root"/root "$root"/root/.ssh
    echo "$name" >"$root/etc/hostname"
    cp "$RUN/hosts.txt" "$root/etc/hosts"
    tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
    chmod 444 "$root/etc/machine-id"
    for type in ed25519 ecdsa rsa; do
        ssh-keygen -q -t $type -N '' -C "root@$name" -f "$root/etc/ssh/ssh_host_${type}_key"
    done
    cat "$RUN"/id_*.pub >"$root/root/.ssh/authorized_keys"
    for user in 1000:admin 1001:operator 1002:alice; do
        uid=${user%%:*} user=${user#*:}
        mkdir -p "$root/home/$user/.ssh"
        cp "$root/root/.ssh/authorized_keys" "$root/home/$user/.ssh/"
        chmod 700 "$root/home/$user" "$root/home/$user/.ssh"
        # admin and alice have groups of their own; operator's is users.
        chown -R "$uid:$([ "$user" = operator ] && echo 100 || echo "$uid")" "$root/home/$user"
    done
    chmod 600 "$root"/root/.ssh/authorized_keys "$root"/home/*/.ssh/authorized_keys
}

host_mount() {
    local name=$1 dir disk
    dir=$(host_dir "$name")
    disk=$DISKS/$name
    mkdir -p "$dir/merged" "$disk/upper" "$disk/work"
    mount -t overlay "harda-lab-$name" \
        -o "lowerdir=$dir/identity:$(cat "$dir/layers"),upperdir=$disk/upper,workdir=$disk/work" \
        "$dir/merged" || die "could not mount the overlay of $name (is \`$DISKS\` on a disk?)"
}

host_unmount() {
    local dir
    dir=$(host_dir "$1")
    # The container may take a moment to let go of it.
    local try
    for try in 1 2 3 4 5; do
        mountpoint -q "$dir/merged" || break
        umount "$dir/merged" 2>/dev/null && break
        if [ "$try" -lt 5 ]; then sleep 0.2; else umount -l "$dir/merged"; fi
    done
    rm -rf "${DISKS:?}/$1"
}

# Starts the supervisor with no descriptor of ours: a test that reads our output to its end must get an end.
host_start() {
    local name=$1 dir launch=()
    dir=$(host_dir "$name")
    rm -f "$dir/supervisor" "$dir/nspawn"
    # Where systemd runs the machine, cgroups are its own: it hands one over.
    [ ! -d /run/systemd/system ] ||
        launch=(systemd-run --quiet --scope --collect -p Delegate=yes --unit="harda-lab-$name-$$-$RANDOM")
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec setsid --fork "${launch[@]}" "$BASH" "$LAB_DIR/lab" --prefix "$PREFIX" _supervise "$name"
    ) </dev/null >>"$dir/supervisor.log" 2>&1
}

# A cgroup of the host's own: without, all containers of one session share one, and stop each other's services.
enter_cgroup() {
    local name=$1 line controllers path base
    while IFS= read -r line; do
        controllers=${line#*:}
        path=${controllers#*:}
        controllers=${controllers%%:*}
        case $controllers in
        '') base=/sys/fs/cgroup/unified
            [ -d $base ] || base=/sys/fs/cgroup ;;
        name=systemd) base=/sys/fs/cgroup/systemd ;;
        *) continue ;;
        esac
        [ -e "$base/cgroup.procs" ] || continue
        [ -d /run/systemd/system ] || path=/harda-lab
        mkdir -p "$base${path%/}/$name"
        echo "$BASHPID" >"$base${path%/}/$name/cgroup.procs"
    done </proc/self/cgroup
}

remove_cgroup() {
    local base
    for base in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ ! -d "$base/harda-lab/$1" ] || find "$base/harda-lab/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}

supervise() {
    local name=$1 dir number boots=0 status child kind command
    dir=$(host_dir "$name")
    number=$(host_number "$name")
    kind=$(cat "$dir/kind")
    process_stamp $$ >"$dir/supervisor"
    while :; do
        host_net_up "$number"
        # --keep-unit makes nspawn leave with 133 when the host wants a reboot, instead of going on in the old namespace.
        # The network is the host's own: so it may have rules and sysctls (nspawn grants that by itself with a veth only).
        command=(env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn -q --capability=CAP_NET_ADMIN -D "$dir/merged" --network-namespace-path="/run/netns/hl-$PREFIX.$number" -M "$name"
            --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off
            --bind-ro="$(cat "$dir/repo"):/srv/apt")
        case $kind in
        *-nosystemd) command+=(--as-pid2 /bin/sh -c 'mkdir -p /run/sshd && exec /usr/sbin/sshd -D') ;;
        *-sysvinit) command+=(/sbin/init) ;;
        *) command+=(--boot) ;;
        esac
        (enter_cgroup "$name" && exec "${command[@]}") </dev/null >>"$dir/console.log" 2>&1 &
        child=$!
        process_stamp $child >"$dir/nspawn"
        boots=$((boots + 1))
        echo $boots >"$dir/boots"
        status=0
        wait $child || status=$?
        remove_cgroup "$name"
        [ $status = 133 ] || break
    done
    echo "$name ended with status $status"
}

# The host's process 1, seen from outside.
host_leader() {
    local pid
    is_alive "$(host_dir "$1")/nspawn" || return 1
    for pid in $(ip netns pids "hl-$PREFIX.$(host_number "$1")" 2>/dev/null); do
        [ "$(awk '/^NSpid:/ { print NF == 3 ? $3 : "" }' "/proc/$pid/status" 2>/dev/null)" = 1 ] || continue
        echo "$pid"
        return 0
    done
    return 1
}

# As a power cut. The supervisor first, or it would start the host again.
host_stop() {
    local name=$1 dir pid ns
    dir=$(host_dir "$name")
    ns=hl-$PREFIX.$(host_number "$name")
    kill_stamped "$dir/supervisor"
    # In the host's namespace is nothing but the host.
    for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    kill_stamped "$dir/nspawn"
    local i
    for ((i = 0; i < 50; i++)); do
        [ -n "$(ip netns pids "$ns" 2>/dev/null)" ] || is_alive "$dir/nspawn" || break
        sleep 0.05
    done
    host_net_down "$(host_number "$name")"
    remove_cgroup "$name"
}

# Up: sshd answers and logins of ordinary users aren't refused any more (systemd does that while it boots).
# No real login here: a hardened host may let nobody in that we know of.
host_wait() {
    local name=$1 after=${2:-0} dir leader deadline banner address
    dir=$(host_dir "$name")
    address=$(host_address "$name")
    deadline=$((SECONDS + ${HARDA_LAB_TIMEOUT:-90}))
    while [ $SECONDS -lt $deadline ]; do
        if [ "$(cat "$dir/boots" 2>/dev/null || echo 0)" -gt "$after" ]; then
            is_alive "$dir/supervisor" || { warn "$name has stopped:"; console_tail "$name"; return 1; }
            if leader=$(host_leader "$name") && [ ! -e "/proc/$leader/root/run/nologin" ] &&
                banner=$(timeout 2 bash -c "exec 3<>/dev/tcp/$address/22 && head -c 4 <&3" 2>/dev/null) &&
                [ "$banner" = SSH- ]; then
                # Units still starting would be changes that no test made.
                [[ $(cat "$dir/kind") =~ -(nosystemd|sysvinit)$ ]] ||
                    host_exec "$name" timeout 30 systemctl is-system-running --wait >/dev/null 2>&1 || true
                return 0
            fi
        fi
        sleep 0.2
    done
    warn "$name does not answer at $address; the end of its console:"
    console_tail "$name"
    return 1
}

# From outside, without sshd: works on a host that has locked everybody out.
host_exec() {
    local leader
    leader=$(host_leader "$1") || die "$1 is not running"
    shift
    nsenter -t "$leader" --all --root --wd \
        /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"
}

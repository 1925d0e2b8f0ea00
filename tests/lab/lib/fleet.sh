# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# The commands that act on a prefix's hosts together.

lab_up() {
    local count=$1 kinds=$2 owner=$3 number name kind started=$SECONDS
    IFS=, read -ra kinds <<<"$kinds"
    for kind in "${kinds[@]}"; do check_kind "$kind"; done
    if is_alive "$RUN/owner" && [ "$(cut -d' ' -f1 "$RUN/owner")" != "$owner" ]; then
        die "the lab \`$PREFIX\` belongs to the living process $(cut -d' ' -f1 "$RUN/owner"): take another --prefix, or \`lab down --prefix $PREFIX\` first"
    fi
    with_lock "$CACHE/build.lock" build_kinds "${kinds[@]:0:count}"
    [ ! -e "$RUN" ] || say "clearing what was left of the lab \`$PREFIX\`"
    lab_down
    check_limits "$count"
    mkdir -p "$RUN/hosts" "$DISKS"
    PHASE=making
    trap interrupted INT TERM
    [ -z "$owner" ] || process_stamp "$owner" >"$RUN/owner" || die "no process $owner to own the lab"
    with_lock "$STATE/.subnets.lock" claim_subnet
    make_keys
    echo "127.0.0.1 localhost" >"$RUN/hosts.txt"
    for ((number = 1; number <= count; number++)); do
        printf '%s %s\n' "$(address $number)" "$PREFIX$number" >>"$RUN/hosts.txt"
    done
    lan_up
    for ((number = 1; number <= count; number++)); do
        name=$PREFIX$number
        kind=${kinds[(number - 1) % ${#kinds[@]}]}
        mkdir -p "$(host_dir "$name")"
        echo "$number" >"$(host_dir "$name")/number"
        echo "$kind" >"$(host_dir "$name")/kind"
        layer_paths "$kind" >"$(host_dir "$name")/layers"
        repo_path "$(kind_suite "$kind")" >"$(host_dir "$name")/repo"
    done
    for_each make_and_start $(hosts)
    [ -z "$FAILED" ] || die "could not start$FAILED"
    for name in $(hosts); do
        sed "s/^/$name,$(host_address "$name") /; s/ root@.*//" "$(host_dir "$name")"/identity/etc/ssh/*.pub
    done >"$RUN/known_hosts"
    PHASE=waiting
    for_each host_wait $(hosts)
    [ -z "$FAILED" ] || die "did not come up:$FAILED (left as they are: see \`lab console HOST\`, \`lab exec HOST ...\`)"
    trap - INT TERM
    say "$count hosts up in $((SECONDS - started)) s"
}

interrupted() {
    trap '' INT TERM
    warn "interrupted: clearing up"
    # What still makes hosts would make them into what we take away: let it end. Waiting for them may take long.
    [ "$PHASE" = making ] || kill $(jobs -p) 2>/dev/null || true
    wait
    lab_down
    exit 130
}

build_kinds() {
    local kind
    for kind in $(printf '%s\n' "$@" | sort -u); do build_kind "$kind"; done
    prune_cache
}

make_and_start() {
    make_identity "$1"
    host_mount "$1"
    host_start "$1"
}

make_keys() {
    ssh-keygen -q -t ed25519 -N '' -C "$PREFIX lab" -f "$RUN/id_ed25519"
    ssh-keygen -q -t ed25519 -N lab-passphrase -C "$PREFIX lab, with a passphrase" -f "$RUN/id_passphrase"
}

# Takes away whatever there is, in whatever state a killed run left it.
lab_down() {
    local ns claim
    for_each host_remove $(hosts)
    lan_down
    # Should the run folder be gone (a reboot of the machine) and names still be there.
    for ns in /run/netns/"hl-$PREFIX".*; do
        [ ! -e "$ns" ] || ip netns delete "${ns##*/}"
    done
    if [ -e "$RUN/subnet" ]; then
        claim=$STATE/.subnets/$(subnet)
        [ "$(cat "$claim" 2>/dev/null)" != "$PREFIX" ] || rm -f "$claim"
    fi
    # Never into a host's root that is still mounted there.
    ! grep -qF " $RUN/" /proc/mounts || die "something is still mounted under $RUN"
    rm -rf "${DISKS:?}" "${RUN:?}"
}

host_remove() {
    # A host whose making was cut short may have next to nothing.
    [ ! -e "$(host_dir "$1")/number" ] || [ ! -e "$RUN/subnet" ] || host_stop "$1"
    host_unmount "$1"
}

# A host as it was when it was made: same name, addresses and keys, nothing that it has written since.
lab_reset() {
    for_each host_reset "$@"
    [ -z "$FAILED" ] || die "could not reset$FAILED"
    lab_wait "$@"
}

lab_wait() {
    for_each host_wait "$@"
    [ -z "$FAILED" ] || die "no answer from$FAILED"
}

host_reset() {
    host_stop "$1"
    host_unmount "$1"
    host_mount "$1"
    rm -f "$(host_dir "$1")/boots"
    host_start "$1"
}

lab_reboot() {
    local name=$1 boots leader
    boots=$(cat "$(host_dir "$name")/boots")
    leader=$(host_leader "$name") || die "$name is not running"
    case $(cat "$(host_dir "$name")/kind") in
    *-nosystemd | *-sysvinit)
        host_stop "$name"
        boots=0
        rm -f "$(host_dir "$name")/boots"
        host_start "$name"
        ;;
    # systemd's signal for reboot.target: an orderly shutdown, whatever became of sshd and D-Bus.
    *) kill -s RTMIN+5 "$leader" ;;
    esac
    host_wait "$name" "$boots"
}

# Ends the labs whose owner has ended.
lab_gc() {
    local dir
    for dir in "$STATE"/*/; do
        if [ ! -e "$dir/owner" ] || is_alive "$dir/owner"; then continue; fi
        PREFIX=$(basename "$dir")
        check_prefix
        say "the owner of \`$PREFIX\` has ended: lab down"
        with_lock "$STATE/.$PREFIX.lock" lab_down
    done
    with_lock "$CACHE/build.lock" prune_cache
}

lab_status() {
    local dir name state
    printf '%-16s %-20s %-16s %-6s %s\n' HOST KIND ADDRESS BOOTS STATE
    for dir in "$STATE"/*/; do
        [ -d "$dir/hosts" ] || continue
        PREFIX=$(basename "$dir")
        check_prefix
        for name in $(hosts); do
            state=stopped
            ! host_leader "$name" >/dev/null || state=running
            printf '%-16s %-20s %-16s %-6s %s\n' "$name" "$(cat "$(host_dir "$name")/kind")" \
                "$(host_address "$name")" "$(cat "$(host_dir "$name")/boots" 2>/dev/null || echo 0)" "$state"
        done
    done
}

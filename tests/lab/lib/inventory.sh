# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# What tells others how to reach the hosts.

hosts_of() { # the hosts of one suite
    local name
    for name in $(hosts); do
        [ "$(kind_suite "$(cat "$(host_dir "$name")/kind")")" != "$1" ] || echo "$name"
    done
}

inventory_vars() { # NAME VALUE lines
    echo "ansible_port 22"
    echo "ansible_user $1"
    [ "$1" = root ] || echo "ansible_become true"
    echo "ansible_ssh_private_key_file $RUN/id_ed25519"
    echo "harda_known_hosts_file $RUN/known_hosts"
}

lab_inventory_yaml() {
    local group name
    echo "---"
    echo "# The hosts of the lab \`$PREFIX\`, as \`tests/lab/lab inventory\` prints them."
    echo "lab:"
    echo "  vars:"
    inventory_vars "$1" | sed 's/^/    /; s/ \([^ ]*\)$/: \1/'
    echo "  hosts:"
    for name in $(hosts); do
        printf '    %s:\n      ansible_host: %s\n      lab_kind: %s\n' "$name" "$(host_address "$name")" \
            "$(cat "$(host_dir "$name")/kind")"
    done
    for group in debian12:bookworm debian13:trixie; do
        [ -n "$(hosts_of "${group#*:}")" ] || continue
        echo "${group%%:*}:"
        echo "  hosts:"
        for name in $(hosts_of "${group#*:}"); do echo "    $name:"; done
    done
}

lab_inventory_ini() {
    local group name
    echo "# The hosts of the lab \`$PREFIX\`, as \`tests/lab/lab inventory --ini\` prints them."
    echo "[lab]"
    for name in $(hosts); do
        echo "$name ansible_host=$(host_address "$name") lab_kind=$(cat "$(host_dir "$name")/kind")"
    done
    for group in debian12:bookworm debian13:trixie; do
        [ -n "$(hosts_of "${group#*:}")" ] || continue
        printf '\n[%s]\n%s\n' "${group%%:*}" "$(hosts_of "${group#*:}")"
    done
    printf '\n[lab:vars]\n'
    inventory_vars "$1" | sed 's/ /=/'
}

lab_env() {
    local name
    printf 'HARDA_LAB_PREFIX=%q\n' "$PREFIX"
    printf 'HARDA_LAB_RUN=%q\n' "$RUN"
    printf 'HARDA_LAB_KEY=%q\n' "$RUN/id_ed25519"
    printf 'HARDA_LAB_KEY_WITH_PASSPHRASE=%q\n' "$RUN/id_passphrase"
    printf 'HARDA_LAB_KNOWN_HOSTS=%q\n' "$RUN/known_hosts"
    printf 'HARDA_LAB_GATEWAY=%q\n' "10.200.$(subnet).1"
    printf 'HARDA_LAB_CALLER=%q\n' "10.200.$(subnet).254"
    printf "HARDA_LAB_HOSTS='%s'\n" "$(hosts | tr '\n' ' ' | sed 's/ $//')"
    printf "HARDA_LAB_ADDRESSES='%s'\n" "$(for name in $(hosts); do host_address "$name"; done | tr '\n' ' ' | sed 's/ $//')"
}

# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# One /24 a prefix. The bridge and every host are in namespaces of the lab's own; the one thing outside is a veth
# end in the caller's namespace, so that ssh (and harda) reach the hosts without ado.
#
#   10.200.K.1     the bridge, in the namespace hl-PREFIX.lan: the hosts' gateway, which refuses what would leave
#   10.200.K.10+i  host i, in the namespace hl-PREFIX.i
#   10.200.K.254   the caller, on the interface hlabK

LAN() { echo "hl-$PREFIX.lan"; }

# A subnet is the prefix's own while its claim stands. The default prefix has 0, so that examples hold.
claim_subnet() {
    local subnet=0 first
    mkdir -p "$STATE/.subnets"
    if [ "$PREFIX" != harda ]; then
        subnet=$((1 + $(printf %s "$PREFIX" | cksum | cut -d' ' -f1) % 250))
    fi
    first=$subnet
    while [ -e "$STATE/.subnets/$subnet" ] && [ "$(cat "$STATE/.subnets/$subnet")" != "$PREFIX" ]; do
        subnet=$((1 + subnet % 250))
        [ $subnet != $first ] || die "no subnet of 10.200.0.0/16 is free: lab status --all"
    done
    echo "$PREFIX" >"$STATE/.subnets/$subnet"
    echo "$subnet" >"$RUN/subnet"
}

subnet() { cat "$RUN/subnet"; }
address() { echo "10.200.$(subnet).$((10 + $1))"; }
# Always the same: after a reboot the neighbours' tables still hold.
mac() { printf '02:c8:00:%02x:00:%02x' "$(subnet)" "$1"; }

lan_up() {
    local lan outside
    lan=$(LAN)
    outside=hlab$(subnet)
    ip netns add "$lan"
    ip -n "$lan" link set lo up
    ip -n "$lan" link add br0 type bridge
    ip -n "$lan" address add "10.200.$(subnet).1/24" dev br0
    ip -n "$lan" link set br0 up
    # Answer "prohibited" at once: for a dropped packet each try would wait for its timeout, and for a mere
    # "unreachable" connect() goes on trying.
    ip netns exec "$lan" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
    ip -n "$lan" route add prohibit default
    ip link add "$outside" type veth peer name outside netns "$lan"
    ip -n "$lan" link set outside master br0 up
    ip address add "10.200.$(subnet).254/24" dev "$outside"
    ip link set "$outside" up
}

# A new namespace for each boot: like a machine's own kernel, it starts without rules and with default sysctls.
host_net_up() {
    local number=$1 lan ns
    lan=$(LAN)
    ns=hl-$PREFIX.$number
    host_net_down "$number"
    ip netns add "$ns"
    ip link add eth0 netns "$ns" address "$(mac "$number")" type veth peer name "h$number" netns "$lan"
    ip -n "$lan" link set "h$number" master br0 up
    ip -n "$ns" link set lo up
    ip -n "$ns" address add "$(address "$number")/24" dev eth0
    ip -n "$ns" link set eth0 up
    ip -n "$ns" route add default via "10.200.$(subnet).1"
}

host_net_down() {
    # The link first: a deleted namespace goes away later, and its name must be free now.
    ip -n "$(LAN)" link delete "h$1" 2>/dev/null || true
    ip netns delete "hl-$PREFIX.$1" 2>/dev/null || true
}

lan_down() {
    [ ! -e "$RUN/subnet" ] || ip link delete "hlab$(subnet)" 2>/dev/null || true
    ip netns delete "$(LAN)" 2>/dev/null || true
}

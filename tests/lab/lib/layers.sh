# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# Kinds of hosts: a chain of thin overlay layers on the suite's bare root.

KINDS='bookworm trixie bookworm-python trixie-python bookworm-bare trixie-bare bookworm-busybox bookworm-nosystemd bookworm-sysvinit bookworm-vm logserver'
DEFAULT_KINDS=bookworm-python,trixie,bookworm

check_kind() { [[ " $KINDS " == *" $1 "* ]] || die "unknown kind \`$1\` (there are: $KINDS)"; }

kind_suite() {
    case $1 in
    bookworm*) echo bookworm ;;
    *) echo trixie ;;
    esac
}

# The layers of a kind, lowest first, without the root that all stand on.
kind_layers() {
    case $1 in
    *-bare) ;;
    bookworm | trixie) echo full ;;
    *-python) echo full python ;;
    *-busybox) echo full busybox ;;
    *-nosystemd) echo full ;;
    *-sysvinit) echo full sysvinit ;;
    *-vm) echo full kernel ;;
    logserver) echo full logserver ;;
    esac
}

# What runs inside, as root, with the suite's repository at /srv/apt.
recipe_layer() {
    cat <<'RECIPE'
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
install() { apt-get -q install -y --no-install-recommends "$@"; }
RECIPE
    case $1 in
    full)
        cat <<'RECIPE'
# The lists stay: `apt-get install` then works at once, as on a host that has been in use.
apt-get -q update
install udev dbus kmod iproute2 nftables procps passwd login util-linux acl
RECIPE
        ;;
    python) echo 'install python3 python3-apt' ;;
    # The link only: /bin/sh stays dash's file for dpkg, and the maintainer scripts do run under busybox.
    busybox) echo 'install busybox && ln -sf busybox /usr/bin/sh' ;;
    # In place of systemd, which stays installed without being the init.
    sysvinit) echo 'install sysvinit-core initscripts orphan-sysvinit-scripts && apt-get -q purge -y systemd-sysv || true' ;;
    # A machine of its own kernel, for the vm; its folders for /boot and modules are the package's.
    kernel) echo 'install linux-image-amd64 initramfs-tools busybox zstd' ;;
    logserver) echo 'install rsyslog rsyslog-gnutls gnutls-bin' ;;
    *) die "no such layer: $1" ;;
    esac
    cat <<'RECIPE'
apt-get clean
touch -r /usr /etc/.updated /var/.updated
RECIPE
}

# layer_paths KIND: the folders of its chain, highest first, as overlayfs wants them.
layer_paths() {
    local kind=$1 suite layer path chain
    suite=$(kind_suite "$kind")
    chain=$(bare_path "$suite")
    for layer in $(kind_layers "$kind"); do
        path=$CACHE/layers/$suite-$layer-$({ echo "$chain $(repo_path "$suite")"; recipe_layer "$layer"; } | digest)
        chain=$path:$chain
    done
    echo "$chain"
}

# build_kind KIND: whatever of it isn't in the cache yet. Call under the build lock.
build_kind() {
    local kind=$1 suite layer chain path rest
    suite=$(kind_suite "$kind")
    build_bare "$suite"
    build_repo "$suite"
    chain=$(layer_paths "$kind")
    local -a paths=()
    IFS=: read -ra paths <<<"$chain"
    local i
    for ((i = ${#paths[@]} - 2; i >= 0; i--)); do
        path=${paths[i]}
        layer=${path##*/"$suite"-}
        layer=${layer%-*}
        rest=$(IFS=:; echo "${paths[*]:i+1}")
        build_layer "$suite" "$layer" "$path" "$rest"
    done
}

# In namespaces of its own (mounts, processes, no network): a killed build leaves nothing but its folder.
build_layer() {
    local suite=$1 layer=$2 path=$3 lower=$4 tmp
    [ ! -e "$path.ok" ] || { touch "$path.ok"; return 0; }
    say "building the layer $suite-$layer"
    tmp=$CACHE/layers/.$suite-$layer.$$
    rm -rf "$path" "$CACHE/layers/.$suite-$layer".*
    mkdir -p "$tmp"/{upper,work,merged}
    recipe_layer "$layer" >"$tmp/recipe"
    # shellcheck disable=SC2016 # expanded inside
    unshare --mount --net --ipc --pid --fork --kill-child --propagation private bash -euc '
        tmp=$1 lower=$2 repo=$3
        mount -t overlay overlay -o "lowerdir=$lower,upperdir=$tmp/upper,workdir=$tmp/work" "$tmp/merged"
        mount -t proc proc "$tmp/merged/proc"
        mount --rbind /dev "$tmp/merged/dev"
        mount --bind "$repo" "$tmp/merged/srv/apt"
        chroot "$tmp/merged" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root /bin/sh -eu <"$tmp/recipe"
    ' build "$tmp" "$lower" "$(repo_path "$suite")" >"$path.log" 2>&1 ||
        die "could not build the layer $suite-$layer: see $path.log"
    mv "$tmp/upper" "$path"
    rm -rf "$tmp"
    touch "$path.ok"
}

# What no recipe of the last two weeks asked for and no host runs on.
prune_cache() {
    local ok path
    for ok in "$CACHE"/{roots,repos,layers}/*.ok; do
        [ -e "$ok" ] || continue
        path=${ok%.ok}
        [ -n "$(find "$ok" -mtime +14)" ] || continue
        ! grep -qF "$path" /proc/mounts || continue
        rm -f "$ok"
        rm -rf "$path" "$path.log"
    done
}

# shellcheck shell=bash disable=SC2034,SC2046,SC2153
# Base roots and package repositories, one of each a suite, built once and kept in the cache.
#
# Names in the cache end in a digest of their recipe: a changed recipe is another name, so that nothing is ever
# rebuilt under a host that runs on it. NAME.ok beside it means that it is whole.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
MIRROR=${HARDA_LAB_MIRROR:-http://deb.debian.org/debian}
SECURITY_MIRROR=${HARDA_LAB_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

suite_sources() {
    echo "deb [signed-by=$KEYRING] $MIRROR $1 main"
    echo "deb [signed-by=$KEYRING] $MIRROR $1-updates main"
    echo "deb [signed-by=$KEYRING] $SECURITY_MIRROR $1-security main"
}

# How this machine reaches its mirrors (proxies, a frozen snapshot's dates) is in its own apt configuration.
machine_apt_options() {
    apt-config dump | grep -E '^Acquire::(Check-|Retries|ForceIPv|https?::|http-proxy|https-proxy|Proxy)' || true
    echo 'Acquire::Languages "none";'
}

# Runs inside a new root. The same users everywhere, with fixed uids, for the per-host keys that lie above.
recipe_bare() {
    cat <<'RECIPE'
useradd -m -u 1000 -s /bin/bash -c 'Lab admin' admin
# Debian has a group `operator` already.
useradd -m -u 1001 -s /bin/bash -c 'Lab operator' -N -g users operator
useradd -m -u 1002 -s /bin/bash -c 'Alice' alice
usermod -aG sudo admin
usermod -aG sudo operator
printf '%s\n' root:root-password operator:operator-password alice:alice-password | chpasswd
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/lab-admin
chmod 0440 /etc/sudoers.d/lab-admin
# Not masked: hardening turns them on, and a test may look. But unasked they would take apt's lock in the middle of a test.
systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
    man-db.timer systemd-networkd-wait-online.service 2>/dev/null || true
mkdir -p /srv/apt
rm -f /etc/ssh/ssh_host_* /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap /etc/dpkg/dpkg.cfg.d/99mmdebstrap
echo 'deb [trusted=yes] file:/srv/apt ./' >/etc/apt/sources.list
echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/90lab
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/90lab
echo '# the lab has no DNS' >/etc/resolv.conf
echo localhost >/etc/hostname
# With these newer than /usr, a boot doesn't redo what "needs an update": faster, and fewer files written.
touch -r /usr /etc/.updated /var/.updated
RECIPE
}

BARE_PACKAGES=systemd-sysv,openssh-server,sudo

bare_digest() { { echo "$1 $BARE_PACKAGES $ARCH 1"; recipe_bare; } | digest; }
bare_path() { echo "$CACHE/roots/$1-$(bare_digest "$1")"; }

build_bare() {
    local suite=$1 path tmp
    path=$(bare_path "$suite")
    [ ! -e "$path.ok" ] || { touch "$path.ok"; return 0; }
    say "building the $suite root (once; about half a minute)"
    rm -rf "$path" "$CACHE/roots/.$suite".*
    tmp=$CACHE/roots/.$suite.$$
    mkdir -p "$tmp"
    machine_apt_options >"$tmp/apt.conf"
    recipe_bare >"$tmp/recipe"
    suite_sources "$suite" >"$tmp/sources.list"
    mmdebstrap --mode=root --variant=minbase --include=$BARE_PACKAGES --aptopt="$tmp/apt.conf" \
        --customize-hook="chroot \"\$1\" /bin/sh -eu <$tmp/recipe" \
        "$suite" "$tmp/root" "$tmp/sources.list" >"$path.log" 2>&1 ||
        die "could not build the $suite root: see $path.log"
    mv "$tmp/root" "$path"
    rm -rf "$tmp"
    touch "$path.ok"
}

repo_packages() { # the list's lines: NAME, or SUITE:NAME for one suite only
    sed -e 's/#.*//' "$LAB_DIR/packages.txt" | tr -s '[:blank:]' '\n' |
        awk -v suite="$1" -F: 'NF == 1 { print } NF == 2 && $1 == suite { print $2 }' | sort -u
}

repo_digest() { { bare_digest "$1"; repo_packages "$1"; echo 1; } | digest; }
repo_path() { echo "$CACHE/repos/$1-$(repo_digest "$1")"; }

# Everything that packages.txt names, with what the *bare* root lacks for it, as a flat repository.
# A private apt does the download: its status file is the root's own, so dependencies are relative to that.
build_repo() {
    local suite=$1 path tmp package old
    path=$(repo_path "$suite")
    [ ! -e "$path.ok" ] || { touch "$path.ok"; return 0; }
    build_bare "$suite"
    say "building the $suite package repository (once; a few minutes)"
    rm -rf "$path" "$CACHE/repos/.$suite".*
    tmp=$CACHE/repos/.$suite.$$
    mkdir -p "$tmp"/etc/apt/{apt.conf.d,preferences.d,sources.list.d} "$tmp"/var/lib/apt/lists/partial \
        "$tmp"/var/cache/apt "$tmp"/repo/partial
    # An older list's packages save the download; apt checks each against the index, and what is not asked for goes.
    # shellcheck disable=SC2012 # our own names
    old=$(ls -dt "$CACHE/repos/$suite"-*.ok 2>/dev/null | head -n 1 || true)
    [ -z "$old" ] || cp -l "${old%.ok}"/*.deb "$tmp/repo/" 2>/dev/null || true
    suite_sources "$suite" >"$tmp/etc/apt/sources.list"
    {
        machine_apt_options
        cat <<CONF
Dir "$tmp";
Dir::State::status "$(bare_path "$suite")/var/lib/dpkg/status";
Dir::Cache::archives "$tmp/repo";
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Get::Assume-Yes "true";
APT::Get::Download-Only "true";
APT::Sandbox::User "root";
Debug::NoLocking "true";
CONF
    } >"$tmp/apt.conf"
    fill_repo "$suite" "$tmp" >"$path.log" 2>&1 || die "could not build the $suite repository: see $path.log"
    chmod -R a+rX "$tmp/repo"
    mv "$tmp/repo" "$path"
    rm -rf "$tmp"
    touch "$path.ok"
}

fill_repo() {
    local suite=$1 tmp=$2 package
    local -x APT_CONFIG=$tmp/apt.conf DEBIAN_FRONTEND=noninteractive
    apt-get update || return 1
    # One by one: together, one package's alternative would be taken as met by another that a host won't have.
    for package in $(repo_packages "$suite"); do
        apt-get install "$package" </dev/null || { echo "lab: can't download $package"; return 1; }
        apt-get install --no-install-recommends "$package" </dev/null || return 1
    done
    cd "$tmp/repo" && rm -rf partial lock || return 1
    apt-ftparchive packages . >Packages && gzip -k Packages || return 1
    apt-ftparchive -o APT::FTPArchive::Release::Origin=Debian -o APT::FTPArchive::Release::Label=Debian \
        -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Codename="$suite" \
        release . >"$tmp/Release" && mv "$tmp/Release" Release || return 1
    cd - >/dev/null || return 1
}

# shellcheck shell=bash
# What deploy/test and deploy/demo have in common. To be sourced by them.

# What the build needs, and what its tests start.
#
# redis-tools and not redis-server: both carry the server's program, but redis-server also enables and starts a service.
# Nobody who tries a program out wants a database on port 6379 for that. A test or a demo starts servers of its own, on
# Unix sockets in temporary directories, and ends them.
# shellcheck disable=SC2034 # used by the scripts that source this file
packages=(jq libhiredis-dev libssl-dev libsystemd-dev libyaml-dev openssl redis-tools util-linux)

say() { printf '%s\n' "$*"; }

heading() { printf '\n== %s\n' "$*"; }

die() {
    printf '\n%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

is_installed() {
    [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Installs those of the named Debian packages that are missing. Does not touch apt when none is.
install_missing() {
    local package missing=() as_root=()
    if ! command -v dpkg-query >/dev/null; then
        say "This is not Debian: nothing is installed for you. What is needed: $*"
        return
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        say "All there: $*"
        return
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "please install these packages as root: ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing with apt: ${missing[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get update --quiet=2 || die "apt-get update failed"
    "${as_root[@]}" apt-get install --quiet=2 --yes -o DPkg::Lock::Timeout=120 --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install ${missing[*]}"
}

# Installs a Debian package of whose service nobody is to hear: it is neither started now nor at the next boot.
install_without_service() {
    local package="$1" policy=/usr/sbin/policy-rc.d as_root=() status=0
    if is_installed "$package" || ! command -v dpkg-query >/dev/null; then
        install_missing "$package"
        return
    fi
    ((EUID == 0)) || as_root=(sudo)
    if [[ -e "$policy" ]]; then
        install_missing "$package"
    else
        # Debian's own way to say that no service is to be started (invoke-rc.d(8)).
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install --mode=755 /dev/stdin "$policy"
        (install_missing "$package") || status=$?
        "${as_root[@]}" rm --force "$policy"
        ((status == 0)) || exit "$status"
    fi
    if [[ -d /run/systemd/system ]]; then "${as_root[@]}" systemctl --quiet disable "$package" || true; fi
}

# Stops unless there is a Swift toolchain that can build the package.
require_swift() {
    local version
    command -v swift >/dev/null || die "no Swift toolchain found. Get one from https://www.swift.org/install/linux/"
    version="$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)"
    if [[ "$(printf '%s\n' 6.2 "$version" | sort --version-sort | head -n 1)" != 6.2 ]]; then
        die "Swift 6.2 or newer is needed, and this is ${version:-unknown}. See https://www.swift.org/install/linux/"
    fi
    say "Swift $version"
}

# Prints the path of a Redis server's program; $1 is a directory for a link.
redis_server_program() {
    if [[ -n "${REDIS_SERVER:-}" ]]; then
        command -v "$REDIS_SERVER" || die "REDIS_SERVER names $REDIS_SERVER, and there is no such program"
    elif ! command -v redis-server; then
        # Debian's redis-tools has the server under the name of its checker. Started as redis-server it is one.
        ln -s "$(command -v redis-check-rdb || die "no Redis server; install redis-tools")" "$1/redis-server"
        printf '%s\n' "$1/redis-server"
    fi
}

# Waits until the server on the socket answers, ten seconds at most.
wait_for_redis() {
    local deadline=$((SECONDS + 10))
    until [[ "$(redis-cli -s "$1" PING 2>/dev/null)" == PONG ]]; do
        ((SECONDS < deadline)) || die "the Redis server on $1 does not answer"
        sleep 0.05
    done
}

# Prints the path of Prometheus' promtool; $1 is a directory to put it into. Fails where there is none to be had.
promtool_program() {
    if command -v promtool; then return; fi
    # Out of its package, and not installed: that would start a Prometheus here.
    (cd "$1" && apt-get download --quiet=2 prometheus) >/dev/null 2>&1 || return 1
    dpkg-deb --fsys-tarfile "$1"/prometheus_*.deb | tar --extract --directory="$1" ./usr/bin/promtool
    printf '%s\n' "$1/usr/bin/promtool"
}

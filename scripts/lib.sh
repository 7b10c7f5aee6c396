# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # the variables are for those that source this
# What the commands in this folder share: speaking, Debian packages, CMake presets. To be sourced by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sedge_bin=${SEDGE_BIN:-$root/build/release/bin/sedge}

# Packages for the library and the program, and those that only the tests need.
build_packages=(g++ cmake ninja-build ccache pkg-config libssl-dev zlib1g-dev libc-ares-dev libfmt-dev libspdlog-dev
    libtomlplusplus-dev libcli11-dev libedit-dev)
test_packages=(python3 python3-prometheus-client git libgtest-dev libgmock-dev clang-16 libclang-rt-16-dev
    erlang-base erlang-dev erlang-tools erlang-crypto erlang-ssl erlang-runtime-tools erlang-observer xvfb elixir
    iproute2 nftables procps openssl etcd-server dnsmasq-base postgresql-15 libpq-dev avahi-daemon avahi-utils
    valgrind)
boost_package=libboost1.81-dev

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
give_up() { complain "$@"; exit 1; }

is_installed() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == "install ok installed" ]]; }

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else give_up "this needs root: $*"; fi
}

# need PACKAGE...: installs those that are missing and says which.
need() {
    command -v dpkg-query >/dev/null || give_up "this is not Debian; install what scripts/lib.sh lists, then use the" \
        "CMake presets directly"
    local missing=() package
    for package; do is_installed "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    local what="${missing[*]}"
    ((${#missing[@]} < 5)) || what="${#missing[@]} packages, which may take some minutes: $what"
    say "Installing $what"
    apt_get install "${missing[@]}" || give_up "apt-get could not install ${missing[*]}; the lines above say why"
}

# apt_get VERB ARGUMENTS...: quiet while it works, its whole output when it fails. Lists are fetched once, when needed.
apt_get() {
    local output
    output=$(mktemp)
    if [[ -z ${apt_lists_fetched:-} ]]; then
        as_root apt-get update -qq >"$output" 2>&1 ||
            say "apt-get update had trouble; going on with the lists that are there"
        apt_lists_fetched=yes
    fi
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 \
        "$@" >"$output" 2>&1 </dev/null; then
        rm -f "$output"
    else
        cat "$output" >&2
        rm -f "$output"
        return 1
    fi
}

# need_boost: sets boost_options for CMake. Debian allows the headers of one Boost at a time. Where those of another
# release are installed, they stay, and the headers of 1.81 are unpacked below build/ for this build alone.
need_boost() {
    boost_options=()
    is_installed "$boost_package" && return 0
    local other
    other=$(dpkg-query -W -f '${Package} ${Status}\n' 'libboost1.*-dev' 2>/dev/null |
        awk '/ok installed$/ && $1 ~ /^libboost1\.[0-9]+-dev$/ {print $1; exit}')
    if [[ -z $other ]]; then
        need "$boost_package"
        return 0
    fi
    local place=$root/build/boost-1.81
    if [[ ! -d $place/usr/include/boost ]]; then
        say "$other is installed and Debian allows only one Boost; unpacking the headers of 1.81 into build/boost-1.81"
        mkdir -p "$place"
        (cd "$place" && apt-get download -qq "$boost_package" >/dev/null && dpkg -x "$boost_package"_*.deb . &&
            rm -f "$boost_package"_*.deb) ||
            give_up "could not fetch $boost_package; run 'apt-get update', or let it replace $other:" \
                "apt-get install $boost_package"
    fi
    boost_options=(-DBoost_NO_BOOST_CMAKE=ON "-DBoost_INCLUDE_DIR=$place/usr/include")
}

# configure PRESET [OPTION...]: cmake --preset, with ccache where it is installed.
configure() {
    local preset=$1
    shift
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
        # Paths below the checkout are hashed relative to it, so that a second clone finds the first one's objects.
        export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-time_macros}
    fi
    (cd "$root" && cmake --preset "$preset" "${launcher[@]}" "${boost_options[@]}" "$@")
}

cores() { nproc 2>/dev/null || echo 2; }

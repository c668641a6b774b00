#!/usr/bin/env bash
# `bash scripts/next-engine.sh`: prints the folder that holds a Docker engine of Debian's next
# release, for chroot. It is made once per machine, from the mirror of the machine's own apt.
# Whoever comes while it is being made waits. Status 4: not possible here; 5: tried and failed.
set -euo pipefail
export LC_ALL=C.UTF-8
suite=forky
# base-files for the links that the programs' paths begin with (/lib64, /bin).
packages=base-files,docker.io,docker-cli,iptables,containernetworking-plugins

refuse() {
  printf 'no engine of Debian %s: %s\n  %s\n' "$suite" "$2" "$3" >&2
  exit "$1"
}

# The mirror that apt uses for this release. A name in a file would be wrong on the next machine.
find_mirror() {
  local release
  release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  mirror=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Component: main' "Release: $release" | head -n 1)
  [ -n "$mirror" ] || refuse 4 "apt has no source of $release main here" \
    "Only a Debian can make it; see: apt-get indextargets"
}

# Packages are unpacked and not configured, which takes half the time and no scripts of theirs.
build() {
  local stage=$1
  mmdebstrap --quiet --variant=extract --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' --include="$packages" \
    "$suite" "$stage/root" "$mirror" >"$stage/log" 2>&1 </dev/null || {
    cat "$stage/log" >&2
    refuse 5 "mmdebstrap failed (its words are above)" \
      "Does apt-get update work, and are 400 MB free in $cache?"
  }
  # What the packages' own scripts would have linked.
  ln -s iptables-nft "$stage/root/usr/sbin/iptables"
  ln -s ip6tables-nft "$stage/root/usr/sbin/ip6tables"
  rm -rf "$stage/root/var/run"
  ln -s /run "$stage/root/var/run"
  # The machine's own, which mmdebstrap copies.
  : >"$stage/root/etc/resolv.conf"
}

cache=${XDG_CACHE_HOME:-/var/cache}/landfall-test
# What is made otherwise is another engine.
key=$(cksum <<<"$suite $packages $(declare -f build)")
engine=$cache/engine-$suite-${key%% *}
if [ -d "$engine" ]; then
  printf '%s\n' "$engine"
  exit
fi
[ "$(id -u)" -eq 0 ] || refuse 4 "only root can make it" "Run the tests as root."
command -v mmdebstrap >/dev/null || refuse 4 "mmdebstrap is missing" "apt install mmdebstrap"
mkdir -p "$cache"
exec 9<"$cache"
flock 9
if ! [ -d "$engine" ]; then
  # Of builders that died; a living one would hold the lock.
  rm -rf "$cache"/.build.*
  stage=$(mktemp -d "$cache/.build.XXXXXX")
  trap 'rm -rf -- "$stage"' EXIT
  find_mirror
  build "$stage"
  mv -T "$stage/root" "$engine"
fi
printf '%s\n' "$engine"

#!/usr/bin/env bash
# Runs everything that checks this repository: `npm test`, or `npm test -- PATTERN…` for the test
# files whose path contains one of the patterns. The last line is "N passed, N failed, N skipped".
# With CI=true a skipped test counts as a failure unless test/allowed-skips.txt names it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export LC_ALL=C.UTF-8 BUN_ENABLE_CRASH_REPORTING=0 DO_NOT_TRACK=1
# Each stage leaves NAME.status here, and test stages NAME.files and NAME.xml: see test-report.ts.
reports=$(mktemp -d)
trap 'rm -rf -- "$reports"' EXIT
# shellcheck source=scripts/dependencies.sh
. scripts/dependencies.sh

# run NAME BAR COMMAND…: one stage; its output is shown when it fails. BAR is the time planned.
run() {
  local name=$1 bar=$2 begin=$EPOCHREALTIME status=0
  shift 2
  "$@" >"$reports/$name.log" 2>&1 </dev/null || status=$?
  echo "$status" >"$reports/$name.status"
  local spent=$((${EPOCHREALTIME/./} - ${begin/./}))
  printf '%-10s %6d.%d s%s\n' "$name" \
    $((spent / 1000000)) $((spent / 100000 % 10)) "${bar:+  (bar $bar)}"
  if [ "$status" -ne 0 ]; then
    cat "$reports/$name.log"
    echo "$name failed (status $status)"
  fi
}

# Programs that the tests use, as witnesses or as the machine they run on, and the Debian packages
# they come from.
install_packages() {
  local -a missing=()
  local pair witnesses='ping:iputils-ping tcpdump:tcpdump ip:iproute2 strace:strace'
  local docker='dockerd:docker.io iptables:iptables busybox:busybox-static mmdebstrap:mmdebstrap'
  witnesses="$witnesses systemctl:systemd dnsmasq:dnsmasq-base"
  # The reference plugins of CNI are in a folder of their own.
  local cni='containerd:containerd podman:podman macvlan:containernetworking-plugins'
  # Debian has no user-mode kernel for other machines.
  local machine=''
  [ "$(uname -m)" != x86_64 ] ||
    machine='linux.uml:user-mode-linux modprobe:kmod mkfs.ext4:e2fsprogs'
  for pair in $witnesses $docker $cni $machine unshare:util-linux gcc:gcc; do
    PATH=$PATH:/usr/sbin:/sbin:/usr/lib/cni command -v "${pair%%:*}" >/dev/null ||
      missing+=("${pair#*:}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing, and only root with apt can install: ${missing[*]}"
    return 0
  fi
  echo "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update && without_services apt-get install -y --no-install-recommends \
    "${missing[@]}"; } >"$reports/apt.log" 2>&1; then
    cat "$reports/apt.log"
    echo "could not install: ${missing[*]}; the tests that need them will fail"
  fi
}

# without_services COMMAND…: what it installs is not started. An engine would change this machine's
# packet filter and routes.
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  "$@" || status=$?
  rm "$policy"
  return "$status"
}

# The engine of Debian's next release is made once per machine. Tests that need it make it where it
# is missing; begun here, it is made while others run.
begin_next_engine() {
  local -a users=()
  mapfile -t users < <(select_files engine "$@" |
    xargs -r grep -lE '/(docker-engine|cni/pods)[.]ts')
  [ "${#users[@]}" -gt 0 ] || return 0
  bash scripts/next-engine.sh >"$reports/next-engine.log" 2>&1 </dev/null &
}

# select_files KIND PATTERN…: the test files of one kind (unit, kernel, engine, uml), one a line.
select_files() {
  local kind=$1 path pattern
  shift
  while IFS= read -r path; do
    case $path in
      *.kernel.test.ts | *.engine.test.ts | *.uml.test.ts)
        [[ $path == *".$kind.test.ts" ]] || continue
        ;;
      *) [ "$kind" = unit ] || continue ;;
    esac
    [ $# -gt 0 ] || echo "$path"
    for pattern in "$@"; do
      if [[ $path == *"$pattern"* ]]; then
        echo "$path"
        break
      fi
    done
  done < <(find src test scripts -name '*.test.ts' | sort)
}

# test_stage KIND BAR PATTERN…: nothing is printed where there is no such file.
test_stage() {
  local kind=$1 bar=$2
  shift 2
  local files=$reports/$kind.files
  select_files "$kind" "$@" >"$files"
  if [ -s "$files" ]; then
    run "$kind" "$bar" "run_$kind" "$files"
  else
    rm "$files"
  fi
}

# run_files FILE: the test files that FILE lists, in one process.
run_files() {
  local -a files
  mapfile -t files <"$1"
  # Bun's own limit of 5 s is for an idle machine; a test that hangs is caught by this one too.
  "$bun" test --timeout=30000 --only-failures \
    --reporter=junit --reporter-outfile="${1%.files}.xml" \
    "${files[@]/#/./}"
}

# run_parts FILE: the parts of FILE, FILE's name and a word each, two at a time: those that wait for
# a kernel or an engine leave half of this machine to others.
run_parts() {
  local stem=${1%.files} part ended status=0
  local -A running=()
  for part in "$stem"-*.files; do
    # Without files that would be all tests there are.
    [ -s "$part" ] || continue
    if [ "${#running[@]}" -eq 2 ]; then
      wait -n -p ended "${!running[@]}" || status=$?
      unset "running[$ended]"
    fi
    run_files "$part" &
    running[$!]=$part
  done
  for ended in "${!running[@]}"; do
    wait "$ended" || status=$?
  done
  cat "$stem"-*.xml >"$stem.xml"
  return "$status"
}

# deal_out FILE: a part for each of FILE's test files, the largest first: they mostly take longest.
deal_out() {
  local -a files
  mapfile -t files <"$1"
  ls -S -- "${files[@]}" | split -d -a 3 --additional-suffix=.files --lines=1 - "${1%.files}-"
}

run_unit() { run_files "$1"; }

# Root's tests make namespaces of their own; an ordinary user first needs one in which he is root.
run_kernel() {
  deal_out "$1"
  if [ "$(id -u)" -eq 0 ]; then
    run_parts "$1"
  elif unshare -Urnm true; then
    # shellcheck disable=SC2016
    unshare -Urnm --kill-child bash -c 'mount -t tmpfs tmpfs /run && mkdir /run/netns && "$@"' - \
      bash -c "$(declare -f run_files run_parts); bun=\$1 run_parts \"\$2\"" - "$bun" "$1"
  else
    echo "kernel tests need root, or a kernel that lets users make user namespaces"
    return 1
  fi
}

# A namespace has one user only, so it is no help to tests of daemons and of other users.
run_engine() {
  deal_out "$1"
  run_parts "$1"
}

# Two busy user-mode kernels at once take longer than one after the other: their processes are
# processes here, and starting those is not sped up by a second processor. Most of the others wait.
run_uml() {
  local busy='/(docker-|lab-docker|drivers)'
  grep -E "$busy" "$1" >"${1%.files}-busy.files" || true
  grep -vE "$busy" "$1" >"${1%.files}-others.files" || true
  run_parts "$1"
}

# What tests may have forgotten in the machine's own namespace: our namespaces and links.
list_leftovers() {
  if command -v ip >/dev/null; then
    ip netns list 2>/dev/null | awk '$1 ~ /^lf-/ { print "network namespace " $1 }'
    ip -o link | awk -F': ' '$2 ~ /^lf/ { print "link " $2 }'
  fi | sort
}
check_leftovers() {
  local left
  left=$(comm -13 "$reports/before" <(list_leftovers))
  [ -z "$left" ] || { printf 'left behind by the tests:\n%s\n' "$left" && return 1; }
}

read_lock_key
find_bun node_modules all || install_dependencies "$root" all
install_packages
begin_next_engine "$@"
list_leftovers >"$reports/before"
if [ $# -eq 0 ]; then
  run typecheck '' npm run --silent typecheck
  run lint '' npm run --silent lint
fi
# Tests start the program some hundred times, and built it starts in half the time.
if [ $# -eq 0 ]; then
  run build '' bash scripts/build.sh dist/test/landfall
  export LANDFALL_TEST_PROGRAM=$root/dist/test/landfall
fi
test_stage unit '20 s' "$@"
test_stage kernel '2 min' "$@"
test_stage engine '' "$@"
test_stage uml '' "$@"
if ! compgen -G "$reports/*.files" >/dev/null; then
  echo "no test file has any of these in its path: $*"
  echo 1 >"$reports/selection.status"
fi
run leftovers '' check_leftovers
"$bun" scripts/summarise-tests.ts "$reports" test/allowed-skips.txt

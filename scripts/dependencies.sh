# shellcheck shell=sh
# Finds or installs what package-lock.json names. Sourced by ./landfall and scripts/test.sh, which
# set $root to the checkout. POSIX sh; writes to stderr only.
#
# An install is built in a directory of its own and renamed into place, so that neither a second
# launcher nor a power cut leaves a half-made node_modules that looks whole. node_modules/.landfall
# ("CHECKSUM-SIZE SCOPE", scope run or all) says which lock file it was made from.

: "${root:?is the checkout}"

# refuse STATUS DETAIL REMEDY: ends the program. Status 4: not permitted or not possible here;
# 5: tried and failed.
refuse() {
  printf 'landfall: %s\n  %s\n' "$2" "$3" >&2
  exit "$1"
}

# Sets $bun, $modules and, where node_modules is not beside the sources, NODE_PATH.
provide_dependencies() {
  read_lock_key
  modules=$root/node_modules
  find_bun "$modules" && return
  if [ -w "$root" ]; then
    install_dependencies "$root" run
  elif [ -d "$modules" ]; then
    # Bun looks beside the sources first, so a copy elsewhere could not replace these.
    refuse 4 "the dependencies in $modules do not match package-lock.json" \
      "Run $root/landfall --version once as a user who may write $root."
  else
    choose_cache
    modules=$cache/node_modules
    find_bun "$modules" || install_dependencies "$cache" run
    export NODE_PATH="$modules"
  fi
}

# Sets $lock_key to what identifies the content of package-lock.json.
read_lock_key() {
  lock_key=$(cksum <"$root/package-lock.json") || refuse 5 \
    "cannot read $root/package-lock.json" "Is the checkout complete? Try: git -C $root status"
  lock_key=${lock_key% *}-${lock_key#* }
}

# find_bun MODULES [SCOPE]: sets $bun if MODULES is what package-lock.json asks for.
find_bun() {
  if [ -e "$1/.landfall" ]; then
    stamped_key='' stamped_scope=''
    read -r stamped_key stamped_scope <"$1/.landfall" || return 1
    [ "$stamped_key" = "$lock_key" ] || return 1
    [ "${2:-run}" = run ] || [ "$stamped_scope" = all ] || return 1
  else
    # Made by a person with npm, which writes this file last. dash, bash and busybox know -nt.
    # shellcheck disable=SC3013
    [ "$1/.package-lock.json" -nt "$root/package-lock.json" ] || return 1
    [ "${2:-run}" = run ] || [ -d "$1/typescript" ] || return 1
  fi
  # Where Bun's install script did not run, bun/bin/bun.exe is a stub and the program is in @oven.
  for bun in "$1"/@oven/bun-linux-*/bin/bun "$1/bun/bin/bun.exe"; do
    [ -x "$bun" ] && return 0
  done
  return 1
}

# Sets $cache to this user's own directory for this lock file and machine type.
choose_cache() {
  cache_key=$lock_key-$(uname -m)
  for base in "${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}" ''; do
    if [ -n "$base" ]; then
      base=$base/landfall
    else
      base=${TMPDIR:-/tmp}/landfall-$(id -u)
    fi
    (umask 077 && mkdir -p -- "$base") 2>/dev/null || continue
    is_private "$base" || refuse 4 "$base is not a private directory of the current user" \
      "Remove it, or name another place: XDG_CACHE_HOME=DIR landfall …"
    cache=$base/$cache_key
    (umask 077 && mkdir -p -- "$cache") 2>/dev/null && return
  done
  refuse 4 "no place for the dependencies: neither $root nor $base is writable" \
    "Name a writable directory: XDG_CACHE_HOME=DIR landfall …"
}

# A directory or link in a shared /tmp may be somebody else's trap, to have us run his programs.
is_private() {
  [ -O "$1" ] || return 1
  case $(ls -ld -- "$1") in drwx------*) ;; *) return 1 ;; esac
}

# install_dependencies DIR SCOPE: makes DIR/node_modules; SCOPE is `run`, or `all` for tests too.
install_dependencies() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64) ;;
    *) refuse 4 "this machine is $(uname -s) on $(uname -m), for which there is no Bun" \
      "Landfall runs on Linux on x86_64 and aarch64." ;;
  esac
  for tool in node npm flock; do
    command -v "$tool" >/dev/null 2>&1 || refuse 4 \
      "dependencies are missing, and $tool, which is needed to install them, is missing too" \
      "Install Node.js 20 or newer, npm and flock (Debian: apt install nodejs npm util-linux)."
  done
  install_dir=$1 install_scope=$2
  # What a developer installed for tests is not taken away.
  [ -d "$install_dir/node_modules/typescript" ] && install_scope=all
  lock_install
  if ! find_bun "$install_dir/node_modules" "$install_scope"; then
    printf 'landfall: installing dependencies (once) …\n' >&2
    npm_runs=no stage=$(mktemp -d "$install_dir/.install.XXXXXX")
    trap 'rm -rf -- "$stage" || :' EXIT
    trap 'abandon_install 130' INT
    trap 'abandon_install 143' TERM
    trap 'abandon_install 129' HUP
    fill_stage
    swap_in
    rm -rf -- "$stage"
    trap - EXIT INT TERM HUP
  fi
  exec 9<&-
}

abandon_install() {
  # $! rather than a variable of ours, which a signal right after the fork would find unset.
  if [ "$npm_runs" = yes ]; then
    kill "${!:-}" 2>/dev/null || :
    wait
  fi
  exit "$1"
}

# Lets one install run at a time, until file descriptor 9 is closed or the process is gone.
lock_install() {
  exec 9<"$install_dir"
  if ! flock -n 9; then
    printf 'landfall: waiting for another landfall that installs the dependencies …\n' >&2
    flock 9
  fi
  rm -rf -- "$install_dir"/.install.*
}

fill_stage() {
  # Not `cp`, which would keep files of a read-only checkout read-only; npm writes both.
  cat <"$root/package.json" >"$stage/package.json"
  cat <"$root/package-lock.json" >"$stage/package-lock.json"
  omit=--omit=dev
  [ "$install_scope" = run ] || omit=--include=dev
  npm_runs=yes
  # Install scripts never run: what they would do for Bun, settle_bun does.
  (
    cd "$stage" || exit
    [ -w "${HOME:-/nonexistent}" ] || export HOME="$stage"
    exec npm ci "$omit" --ignore-scripts --prefer-offline \
      --no-audit --no-fund --no-update-notifier \
      --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000
  ) >"$stage/npm.log" 2>&1 </dev/null 9<&- &
  wait "$!" || {
    cat -- "$stage/npm.log" >&2
    refuse 5 "npm could not install the dependencies (its words are above)" \
      "Check that npm reaches its registry (npm ping) and the disk has 300 MB free, then try again."
  }
  npm_runs=no
  settle_bun
  printf '%s %s\n' "$lock_key" "$install_scope" >"$stage/node_modules/.landfall"
  # Under sudo in somebody's checkout, the result is his.
  [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u:%g "$install_dir")" "$stage/node_modules"
}

# Moves the program that runs on this machine to bun/bin/bun.exe, as Bun's install script would.
settle_bun() {
  for bun in "$stage"/node_modules/@oven/bun-linux-*/bin/bun; do
    "$bun" --version >/dev/null 2>&1 || continue
    mv -f -- "$bun" "$stage/node_modules/bun/bin/bun.exe"
    ln -f -- "$stage/node_modules/bun/bin/bun.exe" "$stage/node_modules/bun/bin/bunx.exe"
    rm -f -- "$stage"/node_modules/@oven/bun-linux-*/bin/bun
    return 0
  done
  refuse 4 "Bun does not run here (is $install_dir on a noexec file system?)" \
    "Try a place where programs may run: XDG_CACHE_HOME=DIR landfall …"
}

swap_in() {
  if [ -e "$install_dir/node_modules" ] || [ -L "$install_dir/node_modules" ]; then
    mv -T -- "$install_dir/node_modules" "$stage/old"
  fi
  mv -T -- "$stage/node_modules" "$install_dir/node_modules"
  find_bun "$install_dir/node_modules" "$install_scope" || refuse 5 \
    "the dependencies were installed but are not whole in $install_dir/node_modules" "Try again."
}

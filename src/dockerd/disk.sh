# What outlives every boot of a machine: `disk.sh CGROUP` in a mount namespace of its own. Its /run
# is a tmpfs, the machine's disk. Says "ready", and stays until its input ends, and with it whoever
# asked for the machine, however that ended. Then it removes the cgroups that the engines made.
set -eu
cgroup=$1
# Of a signal to a whole foreground group whoever asked hears as well; this comes after.
trap '' HUP INT TERM
mount -t tmpfs -o mode=755 tmpfs /run
echo ready
read -r _ || :

# Where the machine's cgroups are mounted: one place with version 2, many with version 1.
list_cgroups() {
  while read -r _ _ _ _ point rest; do
    case " $rest" in
      *' - cgroup '* | *' - cgroup2 '*) [ ! -d "$point/$cgroup" ] || echo "$point/$cgroup" ;;
    esac
  done </proc/self/mountinfo
}

# The kernel may hold a cgroup for some moments after its last process.
tries=250
while [ "$tries" -gt 0 ]; do
  left=$(list_cgroups)
  [ -n "$left" ] || exit 0
  for path in $left; do
    find "$path" -depth -type d -exec rmdir {} \; 2>/dev/null || :
  done
  tries=$((tries - 1))
  sleep 0.02
done
echo "cgroups stay: $(list_cgroups)" >&2
exit 1

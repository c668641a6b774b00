# The first process of a Docker host that exists for one test: `host.sh ROOT DIR` in new mount, PID
# and network namespaces. ROOT holds the engine's programs (/, or a folder for chroot); DIR/run is
# /run here, so that sockets in it are seen from outside. Prints "ready PID" with its PID outside,
# then reaps whatever is left to it until its input ends, and with it whoever asked for the host.
set -eu
root=$1 dir=$2
read -r outside _ </proc/self/stat
mount -t proc proc /proc

# /sys as this network namespace has it, with the machine's cgroups.
mkdir -p "$dir/cgroup"
mount --rbind /sys/fs/cgroup "$dir/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$dir/cgroup" /sys/fs/cgroup
umount -l "$dir/cgroup"

mkdir -p "$dir/run/docker-data" "$dir/run/docker/plugins"
mount --bind "$dir/run" /run
# What an engine in ROOT mounts below its /run (sandboxes) is to be seen here too.
mount --make-shared /run
mount -t tmpfs tmpfs /run/docker-data

if [ "$root" != / ]; then
  # The engine remounts its root, which therefore has to be a mount point.
  mount --bind "$root" "$root"
  mount -o remount,ro,bind "$root"
  mount -t tmpfs tmpfs "$root/tmp"
  for shared in dev proc run sys; do
    mount --rbind "/$shared" "$root/$shared"
  done
fi
# The machine's own settings and keys are none of ours.
mount -t tmpfs tmpfs "${root%/}/etc/docker"

echo "ready $outside"
read -r _ || :

# The first process of a machine that was just started: `boot.sh ROOT PATH BUSYBOX` in new mount and
# PID namespaces, beneath that of the machine's disk. ROOT holds the engine's programs (/, or a
# folder like it), by PATH; BUSYBOX is static. Says "ready PID ENGINE": its PID outside, that of a
# process in the engine's mount namespace. Then it reaps what is left to it until its input ends
# (bash does while it reads, other shells do not). All processes and mounts of the machine end then.
set -eu
root=$1 path=$2 busybox=$3
# Static programs start sooner than those that look for libraries first, which counts where starting
# anything takes long, as in a user-mode kernel.
mount() { "$busybox" mount "$@"; }
umount() { "$busybox" umount "$@"; }
mkdir() { "$busybox" mkdir "$@"; }
cp() { "$busybox" cp "$@"; }

read -r outside _ </proc/self/stat
mount -t proc proc /proc

# A new /run, in which the disk is /run/disk.
mkdir -p /run/boot /run/data
mount -t tmpfs -o mode=755 tmpfs /run/boot
cd /run/boot
mkdir bin cgroup disk docker docker/plugins engine
mount --bind /run disk

# /sys as this network namespace has it, with the machine's cgroups.
mount --rbind /sys/fs/cgroup cgroup
mount -t sysfs sysfs /sys
mount --rbind cgroup /sys/fs/cgroup
umount -l cgroup
mount -n --move /run/boot /run
cd /

# The engine's own root: nothing but /run, /tmp and the settings can be written.
mount -t tmpfs -o mode=755 tmpfs /run/engine
mount --make-unbindable /run/engine
engine=/run/engine/root
mkdir "$engine"
mount --bind "$root" "$engine"
if [ "$root" = / ] && "$busybox" mountpoint -q /usr; then mount --rbind /usr "$engine/usr"; fi
mount -t tmpfs tmpfs "$engine/tmp"
mkdir "$engine/tmp/old"
# The machine's own settings and keys are none of ours.
if [ -d "$engine/etc/docker" ]; then
  mount -t tmpfs tmpfs "$engine/etc/docker"
else
  mkdir /run/etc
  cp -a "$engine/etc/." /run/etc
  mkdir /run/etc/docker
  mount --bind /run/etc "$engine/etc"
fi
# Some kernels have NAT, without which containers ask no names, for the older kind of iptables only.
# Each kind is one program of many names (Debian).
nft=/usr/sbin/xtables-nft-multi legacy=/usr/sbin/xtables-legacy-multi
if [ -e "$engine$nft" ] && [ -e "$engine$legacy" ] &&
  ! unshare --net chroot "$engine" "$nft" iptables -t nat -N try 2>/dev/null; then
  mount --bind "$engine$legacy" "$engine$nft"
fi
mount -o remount,ro,bind "$engine"
for shared in dev proc sys; do
  mount --rbind "/$shared" "$engine/$shared"
done
# What the engine mounts below its /run (sandboxes) is to be seen here too.
mount --make-shared /run
mount --rbind /run "$engine/run"

# It has to be the root of a mount namespace: in a chroot, `docker exec` would leave the container's
# root for that of the namespace. There may be no shell in it, so busybox does it.
cp "$busybox" /run/bin/busybox
enter='set -e
cd "$1"
b=/run/bin/busybox
$b pivot_root . tmp/old
cd /
$b mount --make-rprivate /tmp/old
$b umount -l /tmp/old
$b rmdir /tmp/old
echo $$
exec $b sleep 1000000000 >/dev/null 2>&1'
exec 3< <(unshare --mount --propagation unchanged /run/bin/busybox sh -c "$enter" enter "$engine")
read -r inside <&3

# The engine's own client, for whoever types on this machine. By its own PATH: this one is seen
# there too, and would call itself.
client=/run/bin/docker
printf '#!/bin/sh\nPATH=%s exec nsenter --mount=/proc/%s/ns/mnt -- docker "$@"\n' \
  "'$path'" "$inside" >"$client"
"$busybox" chmod 755 "$client"

echo "ready $outside $inside"
read -r _ || :

# Becomes a host that systemd runs: a Debian of its own, its own processes and services, its own ssh server. Nothing
# that is written here reaches this machine. The host ends with its standard input.
# Given: scratch (an empty folder), debian (a root that has systemd), ssh (what is to lie in /etc/ssh), name, group.
set -eu
# Its services' processes are kept together in a control group of this machine.
hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$hierarchy" ] || { echo "no control groups of version 2 are mounted: mount -t cgroup2 cgroup2 FOLDER" >&2; exit 1; }
group=$hierarchy/$group
mkdir "$group"
ended() {
    echo 1 >"$group/cgroup.kill"
    wait
    while grep -q '^populated 1' "$group/cgroup.events"; do sleep 0.05; done
    # What the host made there goes with it, the innermost first.
    find "$group" -depth -type d -exec rmdir {} \;
}
trap ended EXIT
(
    sh -c 'echo $PPID' >"$group/cgroup.procs"
    exec unshare --cgroup --mount --propagation private --pid --fork --kill-child --uts --ipc sh -euc '
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=$debian,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
# As systemd mounts it on a machine: nobody but root may pass.
mount -t bpf -o mode=700 bpf "$root/sys/fs/bpf"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
# What it tunes would be tuned for this machine.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
echo "$name" >"$root/etc/hostname"
printf "127.0.0.1 localhost %s\n" "$name" >"$root/etc/hosts"
for unit in systemd-sysctl.service apt-daily.timer apt-daily-upgrade.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
cp "$ssh"/* "$root/etc/ssh/"
chmod 600 "$root/etc/ssh/host_key"
rm -f "$root"/etc/ssh/ssh_host_*
mkdir "$root/old"
cd "$root"
pivot_root . old
# A service manager is used to changes of mounts reaching all its services.
mount --make-rshared /
exec chroot . sh -c "umount -l /old && exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --log-target=journal --show-status=no systemd.unit=multi-user.target"
'
) &
cat >/dev/null

# Becomes a host: its own root over this machine's, its own processes, its own ssh server. Nothing that is written
# here reaches this machine. The host ends with its standard input.
# Given: scratch (an empty folder), packages (a folder of .deb files), ssh (what is to lie in /etc/ssh), name.
set -eu
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
root=$scratch/root
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t bpf bpf "$root/sys/fs/bpf"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -m 755 "$root/run/sshd" "$root/run/lock"
# What this machine may have of the product is not the host's.
rm -rf "$root/usr/sbin/heartbeat" "$root/etc/heartbeat-ebpf" "$root/var/lib/heartbeat-ebpf" \
    "$root/etc/init.d/heartbeat-ebpf" "$root/var/log/heartbeat-ebpf.log"
hostname "$name"
printf "127.0.0.1 localhost %s\n" "$name" >"$root/etc/hosts"
# Unpacked into the host alone; nothing is installed, and no server starts by itself.
for package in "$packages"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
done
cat >>"$root/etc/passwd" <<END
sshd:x:64001:65534::/run/sshd:/usr/sbin/nologin
ops:x:64002:64002::/var/tmp:/bin/sh
guest:x:64003:64003::/var/tmp:/bin/sh
END
printf 'ops:x:64002:\nguest:x:64003:\n' >>"$root/etc/group"
sed -i '/^root:/d' "$root/etc/shadow"
printf 'root:*:19000:0:99999:7:::\nops:*:19000:0:99999:7:::\nguest:*:19000:0:99999:7:::\n' >>"$root/etc/shadow"
echo 'ops ALL=(root) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
chmod 440 "$root/etc/sudoers.d/ops"
cp "$ssh"/* "$root/etc/ssh/"
chmod 600 "$root/etc/ssh/host_key"
exec chroot "$root" sh -c '/usr/sbin/sshd -D -e 2>/var/log/sshd.log & cat >/dev/null'

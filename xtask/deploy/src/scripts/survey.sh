# Prints what this host is and has, a word and a value on each line, and changes nothing.
# Given: files (paths), key (path or empty), udp and tcp (ports, hexadecimal; tcp may be empty).
set -eu
PATH=$PATH:/usr/sbin:/sbin
for tool in awk chmod chown cut date find getent grep groupadd head mktemp mv sed sha256sum uname wc; do
    command -v $tool >/dev/null || echo "lacking $tool"
done
echo "kernel $(uname -r)"
echo "machine $(uname -m)"
echo "manager $manager"
[ $manager = systemd ] || command -v start-stop-daemon >/dev/null || echo "lacking start-stop-daemon"
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || echo "lacking bpffs"
pid=$(service_pid)
[ -z "$pid" ] || echo "pid $pid"
for file in $files; do
    [ ! -e "$file" ] || echo "file $(sha256sum <"$file" | cut -d' ' -f1) $file"
done
if [ -n "$key" ] && [ -e "$key" ]; then
    grep -E '^[[:space:]]*[0-9]+:' "$key" | while read -r line; do
        echo "key ${line%%:*} $(printf %s "$line" | sha256sum | cut -d' ' -f1)"
    done
fi
if grep -qsE "^ *[0-9]+: [0-9A-F]+:$udp " /proc/net/udp /proc/net/udp6; then echo "taken udp"; fi
listening="^ *[0-9]+: [0-9A-F]+:${tcp:-none} [0-9A-F]+:[0-9A-F]+ 0A "
if grep -qsE "$listening" /proc/net/tcp /proc/net/tcp6; then echo "taken tcp"; fi
if command -v dpkg-query >/dev/null; then
    owner=$(dpkg-query --search /usr/sbin/heartbeat 2>/dev/null | cut -d: -f1) || true
    [ -z "$owner" ] || echo "package $owner"
fi
if [ -e $folder/previous/rollout ]; then
    echo "rollout $(cat $folder/previous/rollout)"
    echo "undo $(cat $folder/previous/undo)"
fi
[ ! -e $folder/pending ] || echo "pending yes"
echo "clock $(date +%s.%N)"

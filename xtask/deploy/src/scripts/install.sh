# Keeps what is there, puts the staged files in its place, and has the service take them.
# Given: place (the staging folder), rollout, changed ("name mode path" triples), action, was (what undoes the action),
# socket.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
mkdir -p $folder
chmod 700 $folder
keep=$folder/previous
# What an attempt that did not end well kept is what there was before it.
if [ ! -e $folder/pending ]; then
    rm -rf $keep
    mkdir -m 700 $keep
    : >$keep/list
fi
set -- $changed
while [ $# -gt 0 ]; do
    if ! grep -qs " $3\$" $keep/list; then
        if [ -e "$3" ]; then
            cp -p "$3" "$keep/$1"
            echo "kept $1 $3" >>$keep/list
        else
            echo "absent $1 $3" >>$keep/list
        fi
    fi
    shift 3
done
if [ ! -e $folder/pending ] || [ "$(cat $keep/undo)" = reload ]; then echo "$was" >$keep/undo; fi
echo "$rollout" >$keep/rollout
touch $folder/pending
getent group heartbeat-ebpf >/dev/null || groupadd --system heartbeat-ebpf
# The unit runs the agent as a user of its own, who takes a new key by a reload only from a file that he may read.
reader=0:0
if [ $manager = systemd ]; then
    getent passwd heartbeat-ebpf >/dev/null || useradd --system --gid heartbeat-ebpf --no-create-home \
        --home-dir /var/lib/heartbeat-ebpf --shell /usr/sbin/nologin heartbeat-ebpf
    reader=heartbeat-ebpf:heartbeat-ebpf
fi
set -- $changed
while [ $# -gt 0 ]; do
    mkdir -p "${3%/*}"
    cp "$place/$1" "$3.new"
    case $1 in key) chown $reader "$3.new" ;; *) chown 0:0 "$3.new" ;; esac
    chmod "$2" "$3.new"
    mv -f "$3.new" "$3"
    shift 3
done
service_enable
service_take "$action"

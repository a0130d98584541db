# Puts back what the last roll-out replaced, and removes what it added.
# Given: socket, node.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
keep=$folder/previous
undo=$(cat $keep/undo)
if [ "$undo" = stop ]; then
    # Peers are told that it leaves, and miss nothing.
    /usr/sbin/heartbeat leave --socket "$socket" >/dev/null 2>&1 || true
    service_do stop
    /usr/sbin/heartbeat detach --node "$node" >/dev/null
    ! grep -q '^absent service ' $keep/list || service_forget
fi
while read -r was name path; do
    case $was in
        kept)
            cp -p "$keep/$name" "$path.new"
            mv -f "$path.new" "$path"
            ;;
        absent) rm -f "$path" ;;
    esac
done <$keep/list
[ $manager != systemd ] || systemctl daemon-reload
[ "$undo" = stop ] || service_take "$undo"
rm -rf $keep $folder/pending

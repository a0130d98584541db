#!/bin/busybox sh
# The first process of the guest: two nodes in two namespaces of one old kernel, and what they must be able to do.
#
# Its findings go to the serial console, a line each, "heartbeat-guest: OUTCOME NAME: DETAIL"; the program that
# booted it reads them and knows which must be there. Whatever is waited for is waited for with a limit, and the
# last line, "heartbeat-guest: end", says that nothing was left out.
# The awkward case is busybox, which prefers its own `ip` and `setpriv` to those of the PATH: both are named in full.

IP=/usr/sbin/ip
SETPRIV=/usr/bin/setpriv
# A user that owns nothing else, and the capabilities that its agents have: CAP_NET_ADMIN (12) and CAP_BPF (39).
USER_ID=64334
RIGHTS=-all,+bpf,+net_admin
RIGHTS_MASK=0000008000001000
RUN=/run/heartbeat
PINS=/sys/fs/bpf/heartbeat

export PATH=/usr/sbin:/bin

# ---- The findings.

say() { echo; echo "heartbeat-guest: $*"; }

# verdict NAME STATUS DETAIL: passed where the status is 0. What led to a failure is kept in the console's record.
verdict() {
    if [ "$2" = 0 ]; then
        say "passed $1: $3"
        return
    fi
    say "failed $1: $3"
    for node in a b; do
        echo "$node:"
        cat $RUN/$node.log
        heartbeat events --json --socket $RUN/$node.sock
    done
}

# within SECONDS COMMAND...: whether the command succeeds before so many seconds of the clock have passed.
within() {
    end=$(($(seconds) + $1))
    shift
    until "$@"; do
        [ "$(seconds)" -lt "$end" ] || return 1
        sleep 0.2
    done
}

seconds() { cut -d. -f1 /proc/uptime; }

# ---- The machine.

prepare() {
    /bin/busybox --install -s /bin
    mkdir -p /proc /sys /dev /tmp /run /etc /var
    mount -t proc proc /proc
    mount -t sysfs sys /sys
    mount -t devtmpfs dev /dev
    mount -t bpf bpf /sys/fs/bpf
    mount -t tmpfs run /run
    while read -r module; do
        insmod "/modules/$module.ko" || say "failed module: $module is not loaded"
    done < /modules/order
    mkdir -p $RUN $PINS
    chown $USER_ID:$USER_ID $RUN $PINS
    chmod 700 $RUN $PINS
    (umask 077; heartbeat key generate > $RUN/key)
    chown $USER_ID:$USER_ID $RUN/key
    for node in a b; do
        $IP netns add $node
        on $node $IP link set lo up
    done
}

# on NODE COMMAND...: in the node's namespace, with the mounts of all.
on() {
    node=$1
    shift
    nsenter --net=/run/netns/"$node" "$@"
}

# cable NAME: between the two nodes.
cable() {
    $IP link add "$1" netns a type veth peer name "$1" netns b
    for node in a b; do on $node $IP link set "$1" up; done
}

address_of() { case $1 in a) echo 10.1.0.1 ;; b) echo 10.1.0.2 ;; esac; }

# addresses DEVICE: each node has its address on the device of this name.
addresses() {
    for node in a b; do
        on $node $IP addr add "$(address_of $node)/24" dev "$1"
        on $node $IP link set "$1" up
    done
}

# ---- The agents.

# configure MODE: what both nodes are to be, with the program attached in this mode.
configure() {
    for node in a b; do
        cat > $RUN/$node.toml << END
[cluster]
name = "guest"
interval = "200ms"
lost_after = 3
regroup_after = 6
key_file = "$RUN/key"
[networks.private]
id = 1
subnet = "10.1.0.0/24"
role = "internal"
[nodes.a]
id = 1
addresses = { private = "$(address_of a)" }
[nodes.b]
id = 2
addresses = { private = "$(address_of b)" }
[agent]
xdp = "$1"
socket = "$RUN/$node.sock"
state_dir = "$RUN/state"
pins = "$PINS"
END
    done
}

# start NODE: the agent, as a user of its own with two capabilities. Its process id is in NODE.pid.
start() {
    nsenter --net=/run/netns/"$1" $SETPRIV --reuid $USER_ID --regid $USER_ID --clear-groups \
        --inh-caps=$RIGHTS --ambient-caps=$RIGHTS --bounding-set=$RIGHTS \
        /bin/heartbeat run --config $RUN/"$1".toml --node "$1" 2>> $RUN/"$1".log &
    echo $! > $RUN/"$1".pid
}

start_both() {
    for node in a b; do
        : > $RUN/$node.log
        start $node
    done
}

pid_of() { cat $RUN/"$1".pid; }

# Ends both agents, and removes what they leave in the kernel and on disk.
end_both() {
    for node in a b; do kill "$(pid_of $node)"; done
    for node in a b; do
        within 10 has_ended $node || kill -KILL "$(pid_of $node)"
        heartbeat detach --config $RUN/$node.toml --node $node > /dev/null 2>&1
    done
    rm -rf $RUN/state
}

has_ended() { ! kill -0 "$(pid_of "$1")" 2> /dev/null; }

# metric NODE SERIES: its value, or 0 where there is none.
metric() {
    value=$(on "$1" timeout 5 wget -q -O - http://127.0.0.1:13343/metrics | grep -F "$2 " | cut -d' ' -f2)
    echo "${value:-0}"
}

frames() { metric "$1" "heartbeat_frames_total{network=\"private\",verdict=\"$2\"}"; }
arrivals() { metric "$1" "heartbeat_arrivals_total{network=\"private\",peer=\"$2\"}"; }
up() { [ "$(metric "$1" "heartbeat_path_up{network=\"private\",peer=\"$2\"}")" = 1 ]; }
down() { ! up "$@"; }
member() { [ "$(metric "$1" "heartbeat_member{peer=\"$2\"}")" = 1 ]; }
# Both hear each other, and took each other into their view.
both_up() { up a b && up b a && member a b && member b a; }
hears_more_than() { [ "$(arrivals "$1" "$2")" -gt "$3" ]; }

# What became of the frames that came, where anything did.
verdicts() {
    on "$1" timeout 5 wget -q -O - http://127.0.0.1:13343/metrics |
        sed -n 's/^heartbeat_frames_total.*verdict="\(.*\)"} \([1-9][0-9]*\)$/\1 \2/p' | tr '\n' ' '
}

mode_of() {
    for mode in native generic; do
        series="heartbeat_xdp_attached{mode=\"$mode\",network=\"private\"}"
        [ "$(metric "$1" "$series")" = 1 ] && echo $mode
    done
}

# event NODE ID TEXT: the newest event of this number that says this, or nothing.
event() {
    heartbeat events --json --socket $RUN/"$1".sock | grep "\"id\":$2," | grep -F "$3" | tail -n 1
}

has_event() { [ -n "$(event "$@")" ]; }
cause_of() { echo "$1" | sed -n 's/.*"cause":"\([^"]*\)".*/\1/p'; }

# Why an agent does not run or does not hear: that it has few rights is meant.
why() {
    grep -hiE 'error|warn' $RUN/a.log $RUN/b.log | grep -vE 'CAP_|raise_ksoftirqd' | cut -d' ' -f2- | sort -u |
        head -n 2 | tr '\n' ' ' | cut -c1-300
}

# ---- What two nodes on a plain cable must be able to do.

program_loads() {
    within 20 both_up
    status=/proc/$(pid_of a)/status
    rights=$(sed -n 's/^CapPrm:[[:space:]]*//p' "$status")
    user=$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "$status")
    mode=$(mode_of a)
    [ "$rights" = $RIGHTS_MASK ] && [ "$user" = $USER_ID ] && [ "$mode" = native ]
    verdict verifier $? "attached $mode by user $user with capabilities $rights $(why)"
}

heartbeats_pass() {
    within 20 hears_more_than a b 20 && within 20 hears_more_than b a 20
    verdict heartbeats $? "a heard b $(arrivals a b) times, b heard a $(arrivals b a) times"
}

# An agent that starts is believed only after an echo.
echo_is_answered() {
    [ "$(frames a echo_reply)" -gt 0 ] && [ "$(frames b echo)" -gt 0 ]
    verdict echo $? "b answered $(frames b echo), a had $(frames a echo_reply) answers"
}

cut_and_heal() {
    on b $IP link set e0 down
    within 20 has_event a 1123 '"cause":"'
    verdict cut $? "1123, cause: $(cause_of "$(event a 1123 '"cause":"')")"
    on b $IP link set e0 up
    within 20 has_event a 1122 '"outage_ns"' && within 20 both_up
    verdict heal $? "1122, cause: $(cause_of "$(event a 1122 '"outage_ns"')")"
}

# The kernel of a node answers echoes while its agent does not run. Whether that was known before the path was lost
# depends on how quick an emulated machine is, and is only told.
stall_is_told() {
    answered=$(frames a echo_reply)
    kill -STOP "$(pid_of b)"
    within 20 has_event a 334301 '' && within 20 down a b
    status=$?
    answered=$(($(frames a echo_reply) - answered))
    kill -CONT "$(pid_of b)"
    [ $status = 0 ] && [ $answered -gt 0 ] && within 20 has_event a 334302 '' && within 20 both_up
    status=$?
    cause=$(cause_of "$(event a 1123 '"cause":"')")
    verdict stall $status "334301 and 334302; the stopped agent's kernel answered $answered echoes; 1123: $cause"
}

# An agent that starts again takes over what is pinned: the same link goes on, its counters too, and as the agent
# said that it restarts, nobody misses anything.
restart_is_unnoticed() {
    link=$(links_of b)
    heard=$(arrivals a b)
    counted=$(frames b heartbeat)
    lost=$(losses a)
    kill "$(pid_of b)"
    within 10 has_ended b
    start b
    within 20 has_event a 334304 '' && within 20 hears_more_than a b $((heard + 10)) && within 20 both_up
    status=$?
    after=$(frames b heartbeat)
    [ $status = 0 ] && [ "$after" -gt "$counted" ] && [ -n "$link" ] && [ "$link" = "$(links_of b)" ] &&
        [ "$(losses a)" = "$lost" ]
    verdict restart $? "frames counted went on from $counted to $after, losses from $lost to $(losses a)"
}

# The pinned links of a node, with what tells one from another made later.
links_of() { ls -i $PINS/*/guest/"$1" | grep link-; }
losses() { metric "$1" 'heartbeat_path_lost_total{network="private",peer="b"}'; }

plain_cable() {
    cable e0
    addresses e0
    configure auto
    start_both
    program_loads
    heartbeats_pass
    echo_is_answered
    cut_and_heal
    stall_is_told
    restart_is_unnoticed
    end_both
    for node in a b; do on $node $IP addr flush dev e0; done
}

# ---- What depends on the device.

# try DEVICE NAME: what each mode does there; with "auto" it has to work.
try() {
    addresses "$1"
    for wanted in auto native generic; do
        configure $wanted
        start_both
        within 15 both_up && within 10 hears_more_than a b 10 && within 10 hears_more_than b a 10
        status=$?
        if [ $status = 0 ]; then
            detail="$(mode_of a), a heard b $(arrivals a b) times, $(frames b echo) echoes answered"
        else
            detail="nothing is heard: $(why)$(verdicts a)"
        fi
        case $wanted in
            auto) verdict "$2" $status "$detail" ;;
            *) say "found $2 $wanted: $detail" ;;
        esac
        end_both
    done
    for node in a b; do on $node $IP addr flush dev "$1"; done
}

vlan() {
    for node in a b; do on $node $IP link add link e0 name e0.7 type vlan id 7; done
    try e0.7 vlan
    for node in a b; do on $node $IP link del e0.7; done
}

# enslave PORT: on both nodes; one joins a bond only while it is down.
enslave() {
    for node in a b; do
        on $node $IP link set "$1" down
        on $node $IP link set "$1" master bond0
        on $node $IP link set "$1" up
    done
}

bond() {
    cable p0
    cable p1
    for node in a b; do on $node $IP link add bond0 type bond mode active-backup miimon 100; done
    enslave p0
    for node in a b; do on $node $IP link set bond0 up; done
    try bond0 bond
    port_joins
}

# A bond gets its second port while agents run, and goes on with that one alone.
port_joins() {
    addresses bond0
    configure auto
    start_both
    within 20 both_up
    enslave p1
    on a $IP link set p0 down
    to_a=$(($(arrivals a b) + 20))
    to_b=$(($(arrivals b a) + 20))
    within 30 hears_more_than a b $to_a && within 30 hears_more_than b a $to_b && within 20 both_up
    verdict bond-port $? "$(mode_of a), a port that joined carries on; losses meanwhile: $(losses a)"
    end_both
}

main() {
    prepare
    say "found kernel: $(uname -r), $(heartbeat --version)"
    plain_cable
    vlan
    bond
    say "end"
    sync
    poweroff -f
}

main

# How this host runs services: by systemd, or by init scripts.
service=heartbeat-ebpf
folder=/var/lib/heartbeat-ebpf/deploy
pidfile=/run/$service.pid
if [ -d /run/systemd/system ]; then manager=systemd; else manager=init; fi

# The process id of the running agent, or nothing.
service_pid() {
    case $manager in
        systemd) systemctl show --property=MainPID --value $service | grep -vx 0 || true ;;
        init) ! start-stop-daemon --status --pidfile $pidfile 2>/dev/null || cat $pidfile ;;
    esac
}

# start, stop, restart or reload.
service_do() {
    case $manager in
        systemd) systemctl "$1" $service || {
            journalctl --quiet --no-pager --unit=$service --lines=5 --output=cat >&2
            return 1
        } ;;
        init) /etc/init.d/$service "$1" </dev/null >/dev/null 2>/var/tmp/$service.said || {
            cat /var/tmp/$service.said >&2
            rm -f /var/tmp/$service.said
            return 1
        } ;;
    esac
    rm -f /var/tmp/$service.said
}

# Has the host start it at boot.
service_enable() {
    case $manager in
        systemd)
            systemctl daemon-reload
            systemctl --quiet enable $service
            ;;
        init) ! command -v update-rc.d >/dev/null || update-rc.d $service defaults >/dev/null 2>&1 ;;
    esac
}

# Has the host forget it.
service_forget() {
    case $manager in
        systemd) systemctl --quiet disable $service ;;
        init) ! command -v update-rc.d >/dev/null || update-rc.d -f $service remove >/dev/null 2>&1 ;;
    esac
}

# Takes the files as they are now: by a reload where one is enough and the agent takes it.
service_take() {
    case $1 in
        reload) /usr/sbin/heartbeat reload --socket "$socket" >/dev/null 2>&1 || service_do restart ;;
        *) service_do "$1" ;;
    esac
}

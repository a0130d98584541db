use super::*;

fn at(us: u64) -> Timestamp {
    Timestamp::from_ns(1_000_000_000 + us * 1_000).expect("not zero")
}

fn asked(us: &str, process: Option<&str>) -> Result<Option<Watchdog>> {
    Watchdog::asked_for(Some(us.into()), process.map(OsString::from), 7)
}

/// A manager's end, and the agent's.
fn pair(name: &OsStr, address: &SocketAddr) -> (UnixDatagram, Service) {
    let manager = UnixDatagram::bind_addr(address).expect("bound");
    manager.set_nonblocking(true).expect("set up");
    let service = Service {
        socket: Some(Socket::to(name).expect("a socket")),
        watchdog: asked("1000", None).expect("a number"),
    };
    (manager, service)
}

fn heard(manager: &UnixDatagram) -> Vec<String> {
    let mut bytes = [0; 4096];
    let mut heard = Vec::new();
    while let Ok(count) = manager.recv(&mut bytes) {
        heard.push(String::from_utf8_lossy(&bytes[..count]).into_owned());
    }
    heard
}

#[test]
fn a_watchdog_is_fed_twice_as_often_as_it_asks_and_no_more() {
    let name = format!("heartbeat-service-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let (manager, mut service) = pair(OsStr::new(&format!("@{name}")), &address);
    for us in [0, 1, 499, 500, 501, 1_000] {
        service.feed(at(us));
    }
    assert_eq!(heard(&manager), ["WATCHDOG=1"; 3]);
    assert_eq!(service.next_feeding(), Some(at(1_500)));
}

#[test]
fn a_life_is_told_in_the_manager_s_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let address = SocketAddr::from_pathname(&path).expect("a name");
    let (manager, service) = pair(path.as_os_str(), &address);
    service.ready("two\nlines");
    service.reloading(at(7));
    service.ready("as it was");
    service.stopping("leaving");
    assert_eq!(
        heard(&manager),
        [
            "READY=1\nSTATUS=two lines",
            "RELOADING=1\nMONOTONIC_USEC=1000007",
            "READY=1\nSTATUS=as it was",
            "STOPPING=1\nSTATUS=leaving",
        ]
    );
}

#[test]
fn food_that_is_not_taken_is_offered_again() {
    let name = format!("@heartbeat-nobody-{}", std::process::id());
    let mut service = Service {
        socket: Some(Socket::to(OsStr::new(&name)).expect("a socket")),
        watchdog: asked("1000", None).expect("a number"),
    };
    service.feed(at(0));
    assert_eq!(service.next_feeding(), None);
}

#[test]
fn only_the_process_that_is_meant_feeds() {
    assert!(asked("1000", Some("7")).expect("a number").is_some());
    assert!(asked("1000", Some("8")).expect("a number").is_none());
    assert!(
        Watchdog::asked_for(None, None, 7)
            .expect("nothing")
            .is_none()
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_is_allowed() {
    for us in ["", "0", "-1", "30s", "99999999999999999999"] {
        let refused = asked(us, None).expect_err(us).to_string();
        assert!(refused.contains("WATCHDOG_USEC"), "{refused}");
    }
    let relative = Socket::to(OsStr::new("notify")).expect_err("relative");
    assert!(relative.to_string().contains("allowed is a path"));
    assert!(Socket::to(OsStr::new(&format!("/{}", "x".repeat(200)))).is_err());
}

use super::*;

#[test]
fn what_a_peer_says_of_itself_is_understood_before_it_is_passed_on() {
    let served = Served::start(refuse);
    for (peer, expected) in [
        ("node-b", "{\"node\":\"node-b\",\"agent\":\"\""),
        ("node-c", "{\"undelivered\":\"its answer is not understood"),
        ("node-d", "{\"undelivered\":\"no answer within 2 s\"}"),
    ] {
        let answer =
            served.ask(format!("{{\"command\":\"inquire\",\"peer\":\"{peer}\"}}\n").as_bytes());
        assert!(answer.starts_with(expected), "{peer}: {answer}");
        assert_eq!(answer.lines().count(), 1, "{answer}");
    }
}

use super::*;

const NONCE: u64 = 0x5eed;
const INTERFACE: u32 = 7;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(1_000_000_000 + ms * 1_000_000).expect("not zero")
}

fn ip(last: u8) -> IpAddr {
    [10, 77, 1, last].into()
}

fn network() -> NetworkId {
    NetworkId::new(1).expect("not 0")
}

/// A question to .254 and .253, begun at 0, at an interval of 400 ms.
fn question() -> Question {
    asked_from(Some(INTERFACE), &[])
}

fn asked_from(interface: Option<u32>, ours: &[IpAddr]) -> Question {
    let interval = Duration::from_millis(400);
    let witnesses = vec![ip(254), ip(253)];
    let mut question = Question::new(network(), (ip(1), interface), witnesses, interval);
    question.begin(at(0), NONCE, ours);
    question
}

fn answer(from: u8) -> Answer {
    Answer {
        from: ip(from),
        interface: INTERFACE,
        nonce: NONCE,
    }
}

/// Asks whenever it wants, with this outcome for each witness, until it is over at some millisecond.
fn run(question: &mut Question, outcome: nix::Result<()>) -> (u64, Finding) {
    (0..10_000)
        .find_map(|ms| match question.step(at(ms)) {
            Step::Wait(due) => {
                assert!(at(ms) < due);
                None
            }
            Step::Ask(_, routes) => {
                question.sent(at(ms), &vec![outcome; routes.len()]);
                None
            }
            Step::End(finding) => Some((ms, finding)),
        })
        .expect("every question ends")
}

fn verdict(question: &mut Question, outcome: nix::Result<()>) -> Witness {
    run(question, outcome).1.witness
}

#[test]
fn each_is_asked_three_times_within_an_interval() {
    let mut question = question();
    for (sequence, ms) in [(0, 0), (1, 100), (2, 200)] {
        let Step::Ask(asked, routes) = question.step(at(ms)) else {
            panic!("nothing to ask at {ms} ms");
        };
        let to: Vec<IpAddr> = routes.iter().map(|route| route.remote).collect();
        assert_eq!((asked, to), (sequence, vec![ip(254), ip(253)]));
        let from = |route: &Route| route.local == ip(1) && route.interface == INTERFACE;
        assert!(routes.iter().all(from));
        question.sent(at(ms), &[Ok(()); 2]);
        assert_eq!(question.step(at(ms)), Step::Wait(at(ms + 100)));
    }
    let Step::End(finding) = question.step(at(300)) else {
        panic!("it is not over within an interval");
    };
    assert_eq!(finding.witness, Witness::Silent);
    assert_eq!(
        finding.why,
        "no answer from 10.77.1.254, 10.77.1.253 (3 requests to each)"
    );
}

#[test]
fn the_first_answer_of_any_ends_it() {
    let mut question = question();
    question.sent(at(0), &[Ok(()); 2]);
    question.hear(&answer(253));
    let Step::End(finding) = question.step(at(1)) else {
        panic!("it goes on");
    };
    assert_eq!(finding.witness, Witness::Answers);
    assert_eq!(finding.why, "10.77.1.253 answers");
}

#[test]
fn an_answer_counts_from_a_witness_on_that_interface_with_that_nonce_only() {
    let foreign = [
        answer(252),
        Answer {
            interface: INTERFACE + 1,
            ..answer(254)
        },
        Answer {
            nonce: NONCE + 1,
            ..answer(254)
        },
    ];
    let mut question = question();
    question.sent(at(0), &[Ok(()); 2]);
    for answer in &foreign {
        question.hear(answer);
    }
    assert_eq!(question.step(at(1)), Step::Wait(at(100)));
    question.hear(&answer(254));
    assert!(matches!(question.step(at(1)), Step::End(_)));
}

#[test]
fn nobody_is_silent_before_he_had_the_time_to_answer() {
    let mut question = question();
    question.sent(at(0), &[Ok(()); 2]);
    question.sent(at(100), &[Ok(()); 2]);
    // The asker was not run for a second.
    question.sent(at(1_200), &[Ok(()); 2]);
    assert_eq!(question.step(at(1_201)), Step::Wait(at(1_300)));
}

#[test]
fn a_question_that_this_host_refused_says_nothing() {
    for error in [Errno::EPERM, Errno::ENOBUFS, Errno::EAFNOSUPPORT] {
        let (_, finding) = run(&mut question(), Err(error));
        assert_eq!(finding.witness, Witness::Unknown);
        assert!(finding.why.contains(error.desc()), "{}", finding.why);
    }
    for error in [Errno::ENETUNREACH, Errno::ENODEV, Errno::EINVAL] {
        assert_eq!(verdict(&mut question(), Err(error)), Witness::Silent);
    }
}

#[test]
fn an_address_of_this_host_is_no_witness() {
    let other = asked_from(Some(INTERFACE), &[ip(254)]);
    let Step::Ask(_, routes) = other.step(at(0)) else {
        panic!("nobody is asked");
    };
    assert_eq!(routes.len(), 1);
    let mut none = asked_from(Some(INTERFACE), &[ip(254), ip(253)]);
    let (ms, finding) = run(&mut none, Ok(()));
    assert_eq!((ms, finding.witness), (0, Witness::Unknown));
}

#[test]
fn a_network_without_an_interface_has_no_witness_that_answers() {
    let (_, finding) = run(&mut asked_from(None, &[]), Ok(()));
    assert_eq!(finding.witness, Witness::Silent);
    assert!(finding.why.contains("no interface"), "{}", finding.why);
}

#[test]
fn intervals_of_any_length_make_questions_of_bearable_length() {
    for (interval_ms, ends) in [(10, 75), (100, 75), (1_200, 900), (60_000, 1_500)] {
        let interval = Duration::from_millis(interval_ms);
        let from = (ip(1), Some(INTERFACE));
        let mut question = Question::new(network(), from, vec![ip(254)], interval);
        question.begin(at(0), NONCE, &[]);
        let (ms, finding) = run(&mut question, Ok(()));
        assert_eq!(finding.witness, Witness::Silent);
        assert!(ends <= ms && ms < ends + 5, "{interval:?}: {ms} ms");
    }
}

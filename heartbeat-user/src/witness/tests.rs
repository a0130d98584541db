use std::net::IpAddr;
use std::time::Duration;

use super::*;

fn question(network: u16) -> Question {
    let from: IpAddr = [10, 77, 1, 1].into();
    let network = NetworkId::new(network).expect("not 0");
    Question::new(network, (from, Some(1)), vec![], Duration::from_secs(1))
}

fn finding(witness: Witness) -> Finding {
    Finding {
        network: NetworkId::new(1).expect("not 0"),
        witness,
        why: String::new(),
    }
}

/// The way to somebody who leaves every question where it is.
fn unserved() -> (Witnesses, mpsc::Receiver<Question>) {
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let witnesses = Witnesses {
        questions,
        known: BTreeMap::new(),
    };
    (witnesses, asked)
}

#[test]
fn a_network_is_asked_about_once_at_a_time() {
    let (mut witnesses, mut asked) = unserved();
    for network in [1, 1, 2, 1] {
        witnesses.ask(question(network));
    }
    let mut next = || {
        asked
            .try_recv()
            .ok()
            .map(|question| question.network.number())
    };
    assert_eq!([next(), next(), next()], [Some(1), Some(2), None]);
    witnesses.note(&finding(Witness::Silent));
    witnesses.ask(question(1));
    assert_eq!(asked.try_recv().map(|asked| asked.network.number()), Ok(1));
}

#[test]
fn a_question_that_found_no_room_can_be_asked_later() {
    let (mut witnesses, mut asked) = unserved();
    let networks = 1..=QUESTIONS_MAX as u16 + 1;
    networks
        .clone()
        .for_each(|network| witnesses.ask(question(network)));
    while asked.try_recv().is_ok() {}
    witnesses.ask(question(*networks.end()));
    assert_eq!(
        asked.try_recv().map(|asked| asked.network.number()),
        Ok(*networks.end())
    );
}

#[test]
fn only_another_finding_is_news() {
    let (mut witnesses, _asked) = unserved();
    let news = [Witness::Answers, Witness::Answers, Witness::Silent]
        .map(|witness| witnesses.note(&finding(witness)));
    assert_eq!(news, [News::Changed, News::Same, News::Changed]);
}

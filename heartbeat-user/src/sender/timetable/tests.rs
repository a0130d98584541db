use super::*;

const PRIVATE: usize = 0;
const PUBLIC: usize = 1;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(1_000_000_000 + ms * 1_000_000).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn wanted(network: usize, interval: u64, news: News) -> Wanted {
    Wanted {
        network,
        interval: ms(interval),
        news,
    }
}

/// A sender that is punctual unless it is stopped, and what it sent.
#[derive(Default)]
struct Play {
    timetable: Timetable,
    sent: Vec<(usize, u64)>,
}

impl Play {
    fn starting(wanted: &[Wanted]) -> Self {
        let mut play = Play::default();
        play.timetable.follow(at(0), wanted);
        play
    }

    fn wake(&mut self, now: Timestamp) {
        let mut rounds = Vec::new();
        self.timetable.take(now, &mut rounds);
        let since = now.since(at(0)).as_millis() as u64;
        self.sent
            .extend(rounds.iter().map(|round| (round.network, since)));
    }

    /// Sends everything that is due up to this moment, each on time.
    fn run_to(&mut self, end: u64) {
        while let Some(due) = self.timetable.next().filter(|due| *due <= at(end)) {
            self.wake(due);
        }
    }

    /// When rounds were sent on a network since this moment, ms.
    fn since(&self, network: usize, from: u64) -> Vec<u64> {
        let of_network =
            |(sent, at): &(usize, u64)| (*sent == network && from <= *at).then_some(*at);
        self.sent.iter().filter_map(of_network).collect()
    }
}

#[test]
fn a_new_network_leads_in_with_three_rounds_and_keeps_its_period_from_the_first() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(350);
    assert_eq!(play.since(PRIVATE, 0), [0, 10, 20, 100, 200, 300]);
}

#[test]
fn an_interval_of_ten_milliseconds_leads_in_by_milliseconds() {
    let mut play = Play::starting(&[wanted(PRIVATE, 10, News::Something)]);
    play.run_to(25);
    assert_eq!(play.since(PRIVATE, 0), [0, 1, 2, 10, 20]);
}

#[test]
fn after_a_stop_one_round_comes_and_the_phase_is_kept() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(200);
    play.wake(at(1_030));
    play.run_to(1_250);
    assert_eq!(play.since(PRIVATE, 201), [1_030, 1_100, 1_200]);
}

#[test]
fn a_round_that_would_follow_a_late_one_too_closely_is_left_out() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(200);
    play.wake(at(1_095));
    play.run_to(1_250);
    assert_eq!(play.since(PRIVATE, 201), [1_095, 1_200]);
}

#[test]
fn a_stop_within_a_lead_in_stretches_it_and_makes_no_burst() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.wake(at(0));
    play.wake(at(512));
    play.run_to(650);
    assert_eq!(play.since(PRIVATE, 0), [0, 512, 522, 600]);
}

#[test]
fn replacing_entries_without_news_disturbs_nothing() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(130);
    play.timetable
        .follow(at(130), &[wanted(PRIVATE, 100, News::Nothing)]);
    play.run_to(350);
    assert_eq!(play.since(PRIVATE, 100), [100, 200, 300]);
}

#[test]
fn replacing_entries_without_news_does_not_cut_a_lead_in_short() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(5);
    play.timetable
        .follow(at(5), &[wanted(PRIVATE, 100, News::Nothing)]);
    play.run_to(150);
    assert_eq!(play.since(PRIVATE, 0), [0, 10, 20, 100]);
}

#[test]
fn a_new_path_is_told_at_once_and_the_phase_stays() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(130);
    play.timetable
        .follow(at(130), &[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(350);
    assert_eq!(play.since(PRIVATE, 101), [130, 140, 150, 200, 300]);
}

#[test]
fn a_lead_in_waits_for_a_round_of_the_period_that_is_near() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(185);
    play.timetable
        .follow(at(185), &[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(350);
    assert_eq!(play.since(PRIVATE, 101), [185, 200, 210, 300]);
    play.timetable
        .follow(at(395), &[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(450);
    assert_eq!(play.since(PRIVATE, 301), [400, 410, 420]);
}

#[test]
fn a_lead_in_asked_for_right_after_a_round_keeps_its_distance() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(202);
    play.timetable
        .follow(at(202), &[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(350);
    assert_eq!(play.since(PRIVATE, 101), [200, 210, 220, 230, 300]);
}

#[test]
fn a_longer_interval_is_told_three_times_before_the_old_deadline() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(299);
    play.timetable
        .follow(at(299), &[wanted(PRIVATE, 1_000, News::Nothing)]);
    play.run_to(1_400);
    assert_eq!(play.since(PRIVATE, 201), [299, 309, 319, 1_299]);
}

#[test]
fn a_shorter_interval_begins_at_once() {
    let mut play = Play::starting(&[wanted(PRIVATE, 1_000, News::Something)]);
    play.run_to(500);
    play.timetable
        .follow(at(500), &[wanted(PRIVATE, 100, News::Nothing)]);
    play.run_to(750);
    assert_eq!(play.since(PRIVATE, 201), [500, 510, 520, 600, 700]);
}

#[test]
fn networks_have_rhythms_of_their_own() {
    let both = [
        wanted(PRIVATE, 100, News::Something),
        wanted(PUBLIC, 100, News::Something),
    ];
    let mut play = Play::starting(&both);
    play.run_to(150);
    let changed = [
        wanted(PRIVATE, 100, News::Nothing),
        wanted(PUBLIC, 200, News::Nothing),
    ];
    play.timetable.follow(at(150), &changed);
    play.run_to(450);
    assert_eq!(play.since(PRIVATE, 101), [200, 300, 400]);
    assert_eq!(play.since(PUBLIC, 101), [150, 160, 170, 350]);
}

#[test]
fn a_network_without_entries_rests_and_comes_back_with_a_lead_in() {
    let mut play = Play::starting(&[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(100);
    play.timetable.follow(at(103), &[]);
    assert_eq!(play.timetable.next(), None);
    play.timetable
        .follow(at(104), &[wanted(PRIVATE, 100, News::Something)]);
    play.run_to(250);
    assert_eq!(play.since(PRIVATE, 100), [100, 110, 120, 130, 210]);
}

#[test]
fn a_farewell_is_three_rounds_and_then_nothing() {
    let mut play = Play::starting(&[
        wanted(PRIVATE, 1_000, News::Something),
        wanted(PUBLIC, 50, News::Something),
    ]);
    play.run_to(1_005);
    play.timetable.farewell(at(1_010));
    play.run_to(60_000);
    assert_eq!(play.since(PRIVATE, 1_001), [1_020, 1_040, 1_060]);
    assert_eq!(play.since(PUBLIC, 1_001), [1_010, 1_015, 1_020]);
    assert_eq!(play.timetable.next(), None);
}

#[test]
fn a_farewell_without_networks_ends_at_once() {
    let mut timetable = Timetable::default();
    timetable.farewell(at(0));
    assert_eq!(timetable.next(), None);
}

#[test]
fn lateness_is_told() {
    let mut timetable = Timetable::default();
    timetable.follow(at(0), &[wanted(PRIVATE, 100, News::Something)]);
    let mut rounds = Vec::new();
    timetable.take(at(7), &mut rounds);
    let late = Due {
        network: PRIVATE,
        late: ms(7),
    };
    assert_eq!(rounds, [late]);
    timetable.take(at(8), &mut rounds);
    assert_eq!(rounds, []);
}

mod properties;

extern crate std;

use proptest::prelude::*;

use super::*;
use crate::account::Silence;
use crate::cause::Place;
use crate::cause::findings::{Company, Elsewhere, OwnSide, Views};

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A second of silence at 100 ms x 3 with two networks and two peers, of which nothing else is known.
fn silence() -> Findings {
    Findings {
        silence: SECOND,
        interval: ms(100),
        detection: ms(312),
        echo: Echoed::Unanswered,
        elsewhere: heard_elsewhere(),
        company: Company {
            heard: 1,
            silent: 0,
        },
        ..Findings::default()
    }
}

fn heard_elsewhere() -> Elsewhere {
    Elsewhere {
        heard: 1,
        ..Elsewhere::default()
    }
}

fn silent_elsewhere() -> Elsewhere {
    Elsewhere {
        silent: 1,
        unanswered: 1,
        ..Elsewhere::default()
    }
}

/// All that was sent meanwhile is lost.
fn lost() -> Option<Numbers> {
    Some(Numbers {
        skipped: 9,
        sent: SECOND,
        ..Numbers::default()
    })
}

/// Nothing was sent meanwhile.
fn idle() -> Option<Numbers> {
    Some(Numbers {
        sent: SECOND,
        ..Numbers::default()
    })
}

fn account() -> Account {
    Account {
        of: Silence {
            network: heartbeat_ebpf::ids::NetworkId::new(1).expect("not zero"),
            from: 1,
            until: 2,
        },
        unheard: ms(110),
        late: Duration::ZERO,
        sender_late: Duration::ZERO,
        waited: Duration::ZERO,
        paused: Duration::ZERO,
        interface: Soundness::Sound,
        refused: 0,
        unsent: 0,
    }
}

fn class(findings: Findings) -> (Class, Certainty) {
    let cause = judge(&findings);
    (cause.class, cause.certainty)
}

#[test]
fn lost_numbers_and_the_peers_word_tell_the_direction() {
    let findings = Findings {
        numbers: lost(),
        account: Some(account()),
        ..silence()
    };
    assert_eq!(class(findings), (Class::LostToUs, Certainty::Sure));
    let deaf = Account {
        unheard: ms(950),
        ..account()
    };
    let findings = Findings {
        account: Some(deaf),
        ..findings
    };
    assert_eq!(class(findings), (Class::LostBothWays, Certainty::Sure));
    let alone = Findings {
        account: None,
        ..findings
    };
    assert_eq!(class(alone), (Class::LostToUs, Certainty::Likely));
    let behind = OwnSide {
        unheard: Some(8),
        ..OwnSide::default()
    };
    let alone = Findings {
        own: behind,
        ..alone
    };
    assert_eq!(class(alone), (Class::LostBothWays, Certainty::Likely));
}

#[test]
fn numbers_without_a_hole_were_not_sent_and_the_host_tells_whether_the_agent_or_all_stood_still() {
    let findings = Findings {
        numbers: idle(),
        elsewhere: silent_elsewhere(),
        ..silence()
    };
    assert_eq!(class(findings), (Class::PausedThere, Certainty::Likely));
    let answered = Findings {
        echo: Echoed::Idle,
        ..findings
    };
    assert_eq!(class(answered), (Class::AgentStalled, Certainty::Sure));
    let starved = Account {
        sender_late: ms(900),
        late: ms(900),
        waited: ms(880),
        ..account()
    };
    let told = |account| Findings {
        account: Some(account),
        ..answered
    };
    let starved_there = (Class::StarvedThere, Certainty::Likely);
    assert_eq!(class(told(starved)), starved_there);
    // The longest of several waits that together are the silence; and a stop with a short wait in it.
    let waits = Account {
        sender_late: ms(300),
        late: ms(300),
        waited: ms(290),
        ..starved
    };
    assert_eq!(class(told(waits)), starved_there);
    let stopped = Account {
        waited: ms(290),
        ..starved
    };
    assert_eq!(class(told(stopped)), (Class::AgentStalled, Certainty::Sure));
}

#[test]
fn another_run_on_a_clock_that_began_anew_is_another_boot() {
    let run = |run, echo| {
        class(Findings {
            numbers: Some(Numbers {
                run,
                ..Numbers::default()
            }),
            echo,
            elsewhere: silent_elsewhere(),
            ..silence()
        })
    };
    let (asked, idle) = (Echoed::Unanswered, Echoed::Idle);
    assert_eq!(
        run(Run::Rebooted, asked),
        (Class::HostDown, Certainty::Sure)
    );
    assert_eq!(
        run(Run::Another, asked),
        (Class::HostDown, Certainty::Likely)
    );
    assert_eq!(
        run(Run::Another, idle),
        (Class::AgentRestarted, Certainty::Sure)
    );
    assert_eq!(
        run(Run::Announced, asked),
        (Class::AgentRestarted, Certainty::Sure)
    );
}

#[test]
fn sent_in_time_and_come_in_a_burst_was_held_back() {
    let held = Numbers {
        sent: ms(100),
        burst: ms(800),
        ..Numbers::default()
    };
    let findings = Findings {
        numbers: Some(held),
        ..silence()
    };
    assert_eq!(class(findings), (Class::Delayed, Certainty::Sure));
    let busy = Findings {
        own: OwnSide {
            late: ms(900),
            ..OwnSide::default()
        },
        elsewhere: silent_elsewhere(),
        ..findings
    };
    assert_eq!(class(busy), (Class::StarvedHere, Certainty::Likely));
}

#[test]
fn while_it_lasts_the_host_that_answers_for_an_idle_agent_is_no_dead_path() {
    let idle = Findings {
        echo: Echoed::Idle,
        elsewhere: silent_elsewhere(),
        ..silence()
    };
    assert_eq!(class(idle), (Class::AgentStalled, Certainty::Sure));
    let by_the_other = Findings {
        echo: Echoed::Unanswered,
        elsewhere: Elsewhere {
            silent: 1,
            answering: 1,
            idle: 1,
            ..Elsewhere::default()
        },
        ..silence()
    };
    assert_eq!(class(by_the_other), (Class::AgentStalled, Certainty::Sure));
    let cables = Findings {
        elsewhere: silent_elsewhere(),
        ..silence()
    };
    assert_eq!(class(cables), (Class::HostSilent, Certainty::Likely));
    let one = Findings {
        elsewhere: heard_elsewhere(),
        ..silence()
    };
    assert_eq!(class(one), (Class::LostToUs, Certainty::Likely));
}

#[test]
fn own_and_others_interfaces_and_kernels_are_named() {
    let down = Findings {
        own: OwnSide {
            interface_down: ms(900),
            ..OwnSide::default()
        },
        ..silence()
    };
    assert_eq!(class(down), (Class::InterfaceDownHere, Certainty::Sure));
    let refused = Account {
        refused: 9,
        ..account()
    };
    let refused = Findings {
        numbers: lost(),
        account: Some(refused),
        ..silence()
    };
    assert_eq!(class(refused), (Class::DroppedThere, Certainty::Sure));
    let failed = Account {
        interface: Soundness::Failed,
        ..account()
    };
    let failed = Findings {
        numbers: lost(),
        account: Some(failed),
        ..silence()
    };
    assert_eq!(class(failed), (Class::InterfaceDownThere, Certainty::Sure));
}

#[test]
fn the_place_is_where_the_others_see_it() {
    let seen = |hear_peer, miss_peer| {
        let views = Views {
            hear_peer,
            miss_peer,
            hear_us: 1,
            miss_us: 0,
        };
        let findings = Findings {
            numbers: lost(),
            account: Some(account()),
            views,
            ..silence()
        };
        judge(&findings).place
    };
    assert_eq!(seen(1, 0), Place::Between);
    assert_eq!(seen(0, 1), Place::AtPeer);
    assert_eq!(seen(0, 0), Place::Unknown);
}

fn findings() -> impl Strategy<Value = Findings> {
    let span = || (0..3_000_u64).prop_map(ms);
    let echo = prop_oneof![
        Just(Echoed::NotAsked),
        Just(Echoed::Unanswered),
        Just(Echoed::Sending),
        Just(Echoed::Idle)
    ];
    let numbers =
        (0..40_u64, span(), span(), 0..9_u64).prop_map(|(skipped, sent, burst, reordered)| {
            Numbers {
                run: Run::Same,
                skipped,
                sent,
                burst,
                reordered,
            }
        });
    (
        (span(), echo, any::<bool>()),
        proptest::option::of(numbers),
        (span(), span(), span(), 0..9_u32),
        (0..3_u8, 0..3_u8),
    )
        .prop_map(
            |((silence, echo, told), numbers, own, elsewhere)| Findings {
                silence,
                interval: ms(100),
                detection: ms(312),
                echo,
                elsewhere: Elsewhere {
                    heard: elsewhere.0,
                    silent: elsewhere.1,
                    ..Elsewhere::default()
                },
                own: OwnSide {
                    late: own.0,
                    paused: own.1,
                    interface_down: own.2,
                    dropped: own.3,
                    ..OwnSide::default()
                },
                account: told.then(account),
                numbers,
                ..Findings::default()
            },
        )
}

proptest! {
    #[test]
    fn nobody_is_called_stalled_whose_host_said_nothing_and_who_sent(findings in findings()) {
        let cause = judge(&findings);
        let silent = !findings.echo.is_answered() && findings.elsewhere.idle == 0;
        if silent && findings.numbers.is_none() {
            prop_assert_ne!(cause.class, Class::AgentStalled);
        }
        if cause.class == Class::Unknown {
            prop_assert_eq!(cause.certainty, Certainty::Unknown);
        } else {
            prop_assert_ne!(cause.certainty, Certainty::Unknown);
        }
    }
}

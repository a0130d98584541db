//! How much of a CPU each thread reserves, for SCHED_DEADLINE.
//!
//! A reservation is a promise of so much runtime in every period. It costs nothing while it is not used, but
//! the kernel refuses it where all promises together would exceed 95 % of the CPUs; so it is what the work
//! needs and no more, and never above a third of a CPU.
//!
//! The awkward case is a round of 4096 datagrams every 1.2 s: a period in proportion to the interval would let
//! the kernel put a whole round off by a third of a second, and a runtime that fits a whole round would be
//! most of a CPU. So periods are short, runtimes are a share, and what the share lacks is reclaimed from what
//! nobody uses.

use std::time::Duration;

/// A share of a CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// So much time,
    pub runtime: Duration,
    /// in each of these.
    pub period: Duration,
}

/// Time for a round, whatever it sends.
const ROUND: Duration = Duration::from_micros(300);
/// Time for each datagram of a round: hashing it, and its way down to the driver.
const DATAGRAM: Duration = Duration::from_micros(5);
/// Time for a turn of the loop, whatever it sweeps.
const TURN: Duration = Duration::from_millis(1);
/// Time for each path of a turn.
const SWEPT: Duration = Duration::from_micros(2);

const PERIOD_MIN: Duration = Duration::from_millis(5);
const PERIOD_MAX: Duration = Duration::from_millis(25);
const LOOP_PERIOD: Duration = Duration::from_millis(20);

impl Reservation {
    /// For a sender with so many paths: a quarter of the shortest interval to answer in, and a round done
    /// within half of its interval even where others use all that they reserved.
    pub fn of_sender(paths: usize, interval: Duration) -> Self {
        let period = (interval / 4).clamp(PERIOD_MIN, PERIOD_MAX);
        let round = ROUND + each(DATAGRAM, paths);
        let share = 2 * round.as_nanos() * period.as_nanos() / interval.as_nanos().max(1);
        let share = Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX));
        let runtime = round.min(period / 10).max(share).min(period / 3);
        Reservation { runtime, period }
    }

    /// For a loop that sweeps so many paths: a turn in every period.
    pub fn of_loop(paths: usize) -> Self {
        let period = LOOP_PERIOD;
        let runtime = (TURN + each(SWEPT, paths)).min(period / 3);
        Reservation { runtime, period }
    }
}

fn each(span: Duration, count: usize) -> Duration {
    span.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_mille(reservation: Reservation) -> u128 {
        1_000 * reservation.runtime.as_nanos() / reservation.period.as_nanos()
    }

    fn of_sender(paths: usize, interval_ms: u64) -> Reservation {
        Reservation::of_sender(paths, Duration::from_millis(interval_ms))
    }

    #[test]
    fn every_reservation_is_one_that_the_kernel_takes() {
        let intervals = [10, 20, 100, 1_000, 1_200, 10_000, 60_000];
        let paths = [0, 1, 10, 100, 1_000, 4_096];
        let senders = intervals.map(|interval| paths.map(|paths| of_sender(paths, interval)));
        let loops = paths.map(Reservation::of_loop);
        for reservation in senders.into_iter().flatten().chain(loops) {
            assert!(
                Duration::from_micros(1) < reservation.runtime,
                "{reservation:?}"
            );
            assert!(reservation.period <= PERIOD_MAX, "{reservation:?}");
            assert!(per_mille(reservation) <= 333, "{reservation:?}");
        }
    }

    #[test]
    fn small_clusters_reserve_little() {
        assert!(per_mille(of_sender(4, 1_200)) <= 15);
        assert!(per_mille(of_sender(4, 100)) <= 15);
        assert!(per_mille(of_sender(4, 10)) <= 70);
        assert!(per_mille(Reservation::of_loop(4)) <= 51);
    }

    #[test]
    fn a_round_is_done_within_half_of_its_interval_or_takes_the_third_of_a_cpu() {
        for (paths, interval) in [(4, 10), (100, 100), (4_096, 1_200), (4_096, 60_000)] {
            let reservation = of_sender(paths, interval);
            let round = (ROUND + each(DATAGRAM, paths)).as_nanos();
            let periods = round.div_ceil(reservation.runtime.as_nanos());
            let took = periods * reservation.period.as_nanos();
            assert!(
                took <= 520_000 * u128::from(interval),
                "{paths} paths: {took} ns"
            );
        }
        assert_eq!(per_mille(of_sender(4_096, 10)), 333);
    }
}

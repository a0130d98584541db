//! How much is asked in one sweep.

use super::super::questions;
use super::*;

#[test]
fn thousands_of_questions_are_asked_bit_by_bit_and_each_once() {
    let paths = 2 * questions::ECHOES_MAX as u16 + 44;
    let mut node = node(paths);
    let candidate = |path| Arrival {
        candidate: Some((Incarnation(9), at(100))),
        ..heard(path, 0)
    };
    let arrivals: Vec<Arrival> = (0..u32::from(paths)).map(candidate).collect();
    let mut asked = Vec::new();
    for (now_ms, expected) in [(100, 128), (101, 128), (102, 44), (103, 0)] {
        let actions = sweep(&mut node, now_ms, &arrivals);
        let echoes = actions.iter().filter_map(|action| match action {
            Action::Echo(path, _) => Some(*path),
            _ => None,
        });
        let before = asked.len();
        asked.extend(echoes);
        assert_eq!(asked.len() - before, expected, "at {now_ms} ms");
        if now_ms < 102 {
            assert_eq!(node.next_deadline(), Some(at(now_ms)), "more wait");
        }
    }
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), usize::from(paths));
}

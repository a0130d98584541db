//! Two keys at once, and replacing one.

use anyhow::Result;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::program::tables::{HostTables, keys};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "both of two live keys are accepted, in either order, and no third",
        two_live_keys,
    ),
    (
        "replacing a key in three roll-outs refuses no heartbeat, and the old key ends with the last",
        rotation,
    ),
    (
        "an id is not enough: a live key's id with another key's tag is refused",
        another_keys_tag,
    ),
];

fn tables(live: [Option<u8>; 2]) -> HostTables {
    HostTables {
        keys: live.map(|id| id.map(keys)),
        ..HostTables::authenticated()
    }
}

fn two_live_keys() -> Result<()> {
    for live in [[1, 2], [2, 1], [200, 255]] {
        let program = Program::seeded(&tables(live.map(Some)))?;
        for path in Path::all() {
            program.confirm(&path, INCARNATION);
            for (step, key_id) in (0..).zip([live[0], live[1], live[0], 3, 0]) {
                let frame = path.send(&Header {
                    key_id,
                    sequence: FIRST + step,
                    ..path.header(Kind::Heartbeat)
                });
                let expected = match key_id {
                    3 => Verdict::Key,
                    0 => Verdict::Authentication,
                    _ => Verdict::Heartbeat,
                };
                assert_eq!(program.verdict(&frame)?, Some(expected), "key {key_id}");
            }
        }
    }
    Ok(())
}

/// The receiver and the sender get each roll-out in either order.
fn rotation() -> Result<()> {
    let mut program = Program::hearing()?;
    let path = Path::plain();
    let mut sequence = FIRST;
    let mut hear = |program: &Program, key_id| -> Result<Option<Verdict>> {
        sequence += 1;
        program.verdict(&path.send(&Header {
            key_id,
            sequence,
            ..path.header(Kind::Heartbeat)
        }))
    };
    for (live, signs) in [
        ([Some(1), Some(2)], [1, 1]),
        ([Some(2), Some(1)], [1, 2]),
        ([Some(2), None], [2, 2]),
    ] {
        program.seed(&tables(live))?;
        for key_id in signs {
            assert_eq!(hear(&program, key_id)?, Some(Verdict::Heartbeat));
        }
    }
    assert_eq!(hear(&program, 1)?, Some(Verdict::Key));
    assert_eq!(hear(&program, 2)?, Some(Verdict::Heartbeat));
    Ok(())
}

fn another_keys_tag() -> Result<()> {
    let program = Program::seeded(&tables([Some(1), Some(2)]))?;
    for path in Path::all() {
        program.confirm(&path, INCARNATION);
        let header = path.header(Kind::Heartbeat);
        let payload = header.encode(Some(&keys(2).heartbeat));
        let frame = path.frame().payload(payload).bytes();
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Tag));
        let frame = path.send(&header);
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
    }
    Ok(())
}

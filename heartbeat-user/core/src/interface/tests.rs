//! Worked cases, drawn: `a:bc` reports that it hears b and c, `a?` is available and reports nothing, `a-` is
//! unavailable. After a report: `!` its kernel says that the interface failed, `+` a witness answers it,
//! `~` none does.

extern crate std;
use std::fmt::Write;
use std::string::String;

use expect_test::{Expect, expect};
use heartbeat_ebpf::ids::NetworkId;

use super::*;
use crate::message::Row;

mod naive;
mod properties;

fn node(letter: char) -> NodeIndex {
    NodeIndex(letter as u16 - 'a' as u16)
}

fn set(letters: &str) -> NodeSet {
    letters.chars().map(node).collect()
}

/// What a matrix borrows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Drawn {
    attached: NodeSet,
    available: NodeSet,
    rows: Vec<Option<Row>>,
}

fn reported(heard: NodeSet) -> Row {
    Row {
        network: NetworkId::new(1).expect("not zero"),
        heard,
        soundness: Soundness::Sound,
        witness: Witness::Unknown,
    }
}

fn row(text: &str) -> Row {
    let mut row = reported(set(text.trim_end_matches(['!', '+', '~'])));
    if text.contains('!') {
        row.soundness = Soundness::Failed;
    }
    if text.contains('+') {
        row.witness = Witness::Answers;
    }
    if text.contains('~') {
        row.witness = Witness::Silent;
    }
    row
}

fn drawn(text: &str) -> Drawn {
    let mut drawn = Drawn::default();
    for word in text.split_whitespace() {
        let owner = node(word.chars().next().expect("words are not empty"));
        assert_eq!(owner.position(), drawn.rows.len(), "in order");
        drawn.attached.insert(owner);
        let (available, row) = match &word[1..] {
            "-" => (false, None),
            "?" => (true, None),
            said => (true, Some(row(said.trim_start_matches(':')))),
        };
        drawn.rows.push(row);
        if available {
            drawn.available.insert(owner);
        }
    }
    drawn
}

impl Drawn {
    fn with<T>(&self, look: impl FnOnce(&Matrix<'_>) -> T) -> T {
        let rows: Vec<Option<&Row>> = self.rows.iter().map(Option::as_ref).collect();
        look(&Matrix {
            attached: &self.attached,
            available: &self.available,
            rows: &rows,
        })
    }

    fn judge(&self) -> States {
        self.with(judge)
    }
}

fn told(text: &str) -> String {
    let states = drawn(text).judge();
    let mut told = String::new();
    for (place, state) in states.interfaces.iter().enumerate() {
        let label = state.map_or("as before", InterfaceState::label);
        let letter = char::from(b'a' + place as u8);
        write!(told, "{letter} {label}, ").expect("strings take everything");
    }
    let network = states.network.map_or("as before", NetworkState::label);
    told + "network " + network
}

fn check(cases: &[(&str, &str)], expected: Expect) {
    let mut all = String::new();
    for (name, text) in cases {
        writeln!(all, "{name}\n    {text}\n    {}", told(text)).expect("strings take everything");
    }
    expected.assert_eq(&all);
}

#[test]
fn three_nodes() {
    check(
        &[
            ("all is well", "a:bc b:ac c:ab"),
            ("one cable out", "a: b:c c:b"),
            ("one cable out, carrier gone", "a:! b:c c:b"),
            ("a hears nobody, and is heard", "a: b:ac c:ab"),
            ("a is not heard, and hears all", "a:bc b:c c:b"),
            ("b and c cut both ways", "a:bc b:a c:a"),
            ("c does not hear b", "a:bc b:ac c:a"),
            ("a loses both in one direction each", "a:c b:ac c:b"),
            ("only a and b hear each other", "a:b b:a c:"),
            ("two cables out, carriers gone", "a:! b:! c:"),
            ("the switch stops, its ports up", "a: b: c:"),
            ("the switch stops, its ports down", "a:! b:! c:!"),
        ],
        expect![[r#"
            all is well
                a:bc b:ac c:ab
                a up, b up, c up, network up
            one cable out
                a: b:c c:b
                a failed, b up, c up, network up
            one cable out, carrier gone
                a:! b:c c:b
                a failed, b up, c up, network up
            a hears nobody, and is heard
                a: b:ac c:ab
                a failed, b up, c up, network up
            a is not heard, and hears all
                a:bc b:c c:b
                a unreachable, b up, c up, network up
            b and c cut both ways
                a:bc b:a c:a
                a up, b unreachable, c unreachable, network partitioned
            c does not hear b
                a:bc b:ac c:a
                a up, b unreachable, c unreachable, network partitioned
            a loses both in one direction each
                a:c b:ac c:b
                a unreachable, b up, c up, network up
            only a and b hear each other
                a:b b:a c:
                a up, b up, c failed, network up
            two cables out, carriers gone
                a:! b:! c:
                a failed, b failed, c up, network down
            the switch stops, its ports up
                a: b: c:
                a unreachable, b unreachable, c unreachable, network down
            the switch stops, its ports down
                a:! b:! c:!
                a failed, b failed, c failed, network down
        "#]],
    );
}

#[test]
fn a_node_that_says_nothing_any_more() {
    check(
        &[
            ("c is silent everywhere", "a:b b:a c?"),
            ("its last row is still there", "a:b b:a c:ab"),
            ("it is removed", "a:b b:a c-"),
            ("its agent is stalled, its host heard", "a:bc b:ac c?"),
            ("it is stalled, and cut from b", "a:bc b:a c?"),
            ("c and d are silent", "a:b b:a c? d?"),
            ("c and d are stalled, and heard", "a:bcd b:acd c? d?"),
            ("c is silent, a and b are cut", "a: b: c?"),
            ("a hears nobody, all are silent", "a: b? c?"),
            ("the same, and a witness answers a", "a:+ b? c?"),
            ("the same, and none answers a", "a:~ b? c?"),
            ("a has no carrier, all are silent", "a:! b? c?"),
        ],
        expect![[r#"
            c is silent everywhere
                a:b b:a c?
                a up, b up, c unreachable, network up
            its last row is still there
                a:b b:a c:ab
                a up, b up, c unreachable, network up
            it is removed
                a:b b:a c-
                a up, b up, c unavailable, network up
            its agent is stalled, its host heard
                a:bc b:ac c?
                a up, b up, c up, network up
            it is stalled, and cut from b
                a:bc b:a c?
                a up, b unreachable, c unreachable, network partitioned
            c and d are silent
                a:b b:a c? d?
                a up, b up, c unreachable, d unreachable, network up
            c and d are stalled, and heard
                a:bcd b:acd c? d?
                a up, b up, c up, d up, network up
            c is silent, a and b are cut
                a: b: c?
                a unreachable, b unreachable, c unreachable, network partitioned
            a hears nobody, all are silent
                a: b? c?
                a unreachable, b unreachable, c unreachable, network partitioned
            the same, and a witness answers a
                a:+ b? c?
                a up, b unreachable, c unreachable, network up
            the same, and none answers a
                a:~ b? c?
                a unreachable, b unreachable, c unreachable, network partitioned
            a has no carrier, all are silent
                a:! b? c?
                a failed, b as before, c as before, network as before
        "#]],
    );
}

#[test]
fn two_nodes() {
    check(
        &[
            ("all is well", "a:b b:a"),
            ("the pair is cut", "a: b:"),
            ("one way only", "a:b b:"),
            ("a witness answers a alone", "a:+ b:~"),
            ("a witness answers both", "a:+ b:+"),
            ("a witness answers none", "a:~ b:~"),
            ("nobody asked a witness for b", "a:+ b:"),
            ("a has no carrier", "a:! b:"),
            ("neither has a carrier", "a:! b:!"),
            ("b is silent everywhere", "a: b?"),
            ("the same, and a witness answers a", "a:+ b?"),
            ("a has no carrier, b is silent", "a:! b?"),
            ("the same, and b is removed", "a:! b-"),
            ("b is removed", "a: b-"),
        ],
        expect![[r#"
            all is well
                a:b b:a
                a up, b up, network up
            the pair is cut
                a: b:
                a unreachable, b unreachable, network partitioned
            one way only
                a:b b:
                a unreachable, b unreachable, network partitioned
            a witness answers a alone
                a:+ b:~
                a up, b failed, network up
            a witness answers both
                a:+ b:+
                a unreachable, b unreachable, network partitioned
            a witness answers none
                a:~ b:~
                a unreachable, b unreachable, network partitioned
            nobody asked a witness for b
                a:+ b:
                a unreachable, b unreachable, network partitioned
            a has no carrier
                a:! b:
                a failed, b up, network up
            neither has a carrier
                a:! b:!
                a failed, b failed, network down
            b is silent everywhere
                a: b?
                a unreachable, b unreachable, network partitioned
            the same, and a witness answers a
                a:+ b?
                a up, b unreachable, network up
            a has no carrier, b is silent
                a:! b?
                a failed, b as before, network as before
            the same, and b is removed
                a:! b-
                a failed, b unavailable, network down
            b is removed
                a: b-
                a up, b unavailable, network up
        "#]],
    );
}

#[test]
fn larger_networks() {
    check(
        &[
            ("split in two and three", "a:b b:a c:de d:ce e:cd"),
            ("split in one and four", "a: b:cde c:bde d:bce e:bcd"),
            ("two cables out", "a: b: c:de d:ce e:cd"),
            ("a cable out and a pair cut", "a: b:cd c:be d:be e:cd"),
            ("a witness answers two of three, no pair is", "a:+ b:+ c:~"),
            ("nobody is available", "a- b-"),
            ("one is alone", "a: b- c-"),
        ],
        expect![[r#"
            split in two and three
                a:b b:a c:de d:ce e:cd
                a unreachable, b unreachable, c unreachable, d unreachable, e unreachable, network partitioned
            split in one and four
                a: b:cde c:bde d:bce e:bcd
                a failed, b up, c up, d up, e up, network up
            two cables out
                a: b: c:de d:ce e:cd
                a failed, b failed, c up, d up, e up, network up
            a cable out and a pair cut
                a: b:cd c:be d:be e:cd
                a failed, b unreachable, c unreachable, d unreachable, e unreachable, network partitioned
            a witness answers two of three, no pair is
                a:+ b:+ c:~
                a unreachable, b unreachable, c failed, network down
            nobody is available
                a- b-
                a unavailable, b unavailable, network unavailable
            one is alone
                a: b- c-
                a up, b unavailable, c unavailable, network up
        "#]],
    );
}

#[test]
fn one_direction_is_asked_for_alone() {
    drawn("a:b b: c?").with(|matrix| {
        let hears = |hearer, sender| matrix.hears(node(hearer), node(sender));
        assert_eq!(hears('a', 'b'), Hears::Yes);
        assert_eq!(hears('b', 'a'), Hears::No);
        assert_eq!(hears('c', 'a'), Hears::Unknown);
        assert_eq!(hears('z', 'a'), Hears::Unknown);
    });
}

#[test]
fn who_is_not_attached_or_heard_of_changes_nothing() {
    let mut more = drawn("a:bz b:az");
    more.rows.resize(26, None);
    more.rows[node('y').position()] = Some(row("ab"));
    more.available.insert(node('z'));
    assert_eq!(more.judge(), drawn("a:b b:a").judge());
    let nobody = Drawn::default().judge();
    assert_eq!(nobody.interfaces, []);
    assert_eq!(nobody.network, Some(NetworkState::Unavailable));
}

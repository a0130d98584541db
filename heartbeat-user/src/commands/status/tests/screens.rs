//! The pages of the watch, line by line.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::*;
use crate::commands::explain::Line as Told;
use crate::commands::status::watch::draw::{Sheet, sheet};
use crate::commands::status::watch::sources::Input;
use crate::commands::status::watch::state::{Next, Page, State};

fn press(state: &mut State, key: KeyCode) -> Next {
    let key = KeyEvent::new(key, KeyModifiers::NONE);
    state.take(Input::Key(Event::Key(key)), Instant::now())
}

/// What is on a screen of this size; what is chosen stands in brackets.
fn shown(state: &mut State, columns: u16, rows: u16) -> String {
    let Sheet { mut lines, chosen } = sheet(
        state,
        Zone::Utc,
        Rect::new(0, 0, columns, rows),
        Instant::now(),
    );
    assert_eq!(lines.len(), usize::from(rows), "the screen is filled");
    if let Some((line, piece)) = chosen {
        let text = &mut lines[line].0[piece].0;
        *text = format!("[{text}]");
    }
    lines
        .iter()
        .map(|line| line.printed(Style::Plain))
        .collect()
}

fn many(peers: usize) -> Snapshot {
    let mut many = snapshot();
    many.membership.takes_part = false;
    many.membership.nodes.clear();
    many.networks.truncate(1);
    let peer = |peer| {
        path(
            &format!("node-{peer:03}"),
            "Private Network",
            "up",
            Some(1.0),
        )
    };
    many.paths = (0..peers).map(peer).collect();
    many
}

#[test]
fn the_cursor_walks_over_paths_and_enter_looks_into_one() {
    let mut state = State::new(snapshot(), Instant::now());
    press(&mut state, KeyCode::Down);
    let table = shown(&mut state, 80, 12);
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 2 of 3  quorate  epoch 7 (advisory)         config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.3s   up      0.8s     0.03%    1.24s  ok
        node-c   NO      [LOST   14.2s ]  never heard      0.03%    1.24s  silent
        ! node-c on Private Network: no heartbeat for 14.2 s  explain --peer=node-c
          --network='Private Network'




        arrows choose a path  Enter looks into it  ? help  q quit
    "#]]
    .assert_eq(&table);
    press(&mut state, KeyCode::Enter);
    let told = |seq, cause: Option<&str>| Told {
        seq,
        id: 1123,
        name: "PathLost".to_owned(),
        time: "2026-11-22T12:04:17.000000Z".to_owned(),
        peer: Some("node-c".to_owned()),
        network: Some("Private Network".to_owned()),
        cause: cause.map(str::to_owned),
        ..Told::default()
    };
    state.take(Input::Told(Box::new(told(6, None))), Instant::now());
    let newest = told(7, Some("the host of 'node-c' went down"));
    state.take(Input::Told(Box::new(newest)), Instant::now());
    let mut later = snapshot();
    later.paths[2].last_arrival_ns = Some(1_203_000_001);
    later.paths[2].last_arrival_unix_seconds = Some(15.403);
    later.paths[2].arrivals += 1;
    state.take(Input::Seen(Box::new(later)), Instant::now());
    expect![[r#"
        node-c on Private Network  seen by node-a
          state       LOST   14.2s  last heard at 00:00:15, lost after 2.55 s
          agent       silent  member NO
          last hour   1 of 3000 lost (0.03%), longest gap 1.24s
          last minute no strain; 0 due, 0 lost, 0 late, 0 complaints, longest gap 0.00s
          counted     9998 arrived, 3 lost, 0 reordered, 0 twice
          sent        10000, none refused
          told        0 times lost, 1 times up
          messages    go another way, or none
        ! node-c on Private Network: no heartbeat for 14.2 s
        Last arrivals, one a look
          00:00:15.403  1.203 s after the one before
          00:00:14.199
        Last events
               7  11-22 12:04:17  1123 PathLost: the host of 'node-c' went down
               6  11-22 12:04:17  1123 PathLost
        To type
          heartbeat explain --peer=node-c --network='Private Network'
          heartbeat diagnose --peer=node-c








        Esc back  arrows scroll  ? help  q quit
    "#]]
    .assert_eq(&shown(&mut state, 80, 28));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.page, Page::Table);
    assert_eq!(state.chosen(), ("node-c", "Private Network"));
}

#[test]
fn help_is_a_page_that_goes_back_to_where_it_was_called() {
    let mut state = State::new(snapshot(), Instant::now());
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::Char('?'));
    assert!(shown(&mut state, 80, 24).contains("look into the path that is chosen"));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.page, Page::Path);
    assert_eq!(press(&mut state, KeyCode::Char('q')), Next::End);
}

#[test]
fn a_small_terminal_keeps_the_cursor_and_what_is_wrong() {
    let mut wrong = many(100);
    wrong.paths[0].state = "lost".to_owned();
    let mut state = State::new(wrong, Instant::now());
    press(&mut state, KeyCode::End);
    assert_eq!(state.chosen().0, "node-099");
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        no membership: no network counts                    config same on all 101
        PEER      MEMBER  PRIVATE        LOSS 1H  GAP MAX  AGENT
        node-096  -       up      1.0s     0.03%    1.24s  -
        node-097  -       up      1.0s     0.03%    1.24s  -
        node-098  -       up      1.0s     0.03%    1.24s  -
        node-099  -       [up      1.0s ]    0.03%    1.24s  -
        ! node-000 on Private Network: no heartbeat for 1.0 s
          explain --peer=node-000 --network='Private Network'
        arrows choose a path  Enter looks into it  ? help  q quit
    "#]]
    .assert_eq(&shown(&mut state, 60, 10));
    for rows in 1..10 {
        for columns in [1, 5, 20, 79] {
            shown(&mut state, columns, rows);
        }
    }
}

#[test]
fn a_path_that_a_reload_takes_away_leaves_the_cursor_on_another() {
    let mut state = State::new(many(3), Instant::now());
    press(&mut state, KeyCode::End);
    state.take(Input::Seen(Box::new(many(2))), Instant::now());
    assert_eq!(state.place(), (1, 0));
    assert!(shown(&mut state, 80, 10).contains("[up"));
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.page, state.chosen().0), (Page::Path, "node-001"));
    state.take(Input::Seen(Box::new(many(1))), Instant::now());
    assert!(shown(&mut state, 80, 10).contains("not in the configuration any more"));
    state.take(Input::Seen(Box::new(many(0))), Instant::now());
    press(&mut state, KeyCode::Esc);
    shown(&mut state, 80, 10);
}

#[test]
fn an_agent_that_is_away_leaves_its_last_view_with_its_age() {
    let now = Instant::now();
    let mut state = State::new(snapshot(), now);
    assert_eq!(state.age(now + Duration::from_secs(2)), None);
    assert_eq!(
        state.age(now + Duration::from_secs(4)),
        Some(Duration::from_secs(4))
    );
    let away = Input::Away("no agent answers on /run/x: gone. Is it running?".to_owned());
    state.take(away, now);
    let text = shown(&mut state, 80, 12);
    let foot = text.lines().last().unwrap_or_default();
    assert_eq!(
        foot,
        "AGENT AWAY: this is 0 s old; no agent answers on /run/x"
    );
    assert!(text.contains("node-c"), "{text}");
    state.take(Input::Seen(Box::new(snapshot())), Instant::now());
    assert!(!shown(&mut state, 80, 12).contains("AWAY"));
}

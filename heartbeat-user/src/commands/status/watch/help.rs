//! What the keys do, and how the table is read.

use crate::commands::status::text::{Line, Tone};

const KEYS: [(&str, &str); 7] = [
    ("arrows, h j k l", "choose a path; scroll"),
    ("Page Up, Page Down, Home, End", "go further"),
    ("Enter", "look into the path that is chosen"),
    ("Esc, Backspace", "go back"),
    ("?", "these keys"),
    ("Ctrl-L", "draw everything anew"),
    ("q, Ctrl-C", "end"),
];

const WORDS: [(&str, &str); 9] = [
    ("up, LOST", "a path, and how long ago it was heard"),
    ("late, losing, unheard", "a path that is up, and strained"),
    ("restarting, left", "its node said so: nobody misses it"),
    ("M", "it is under maintenance"),
    (
        "MEMBER",
        "whether the node is in the view that this one acts by",
    ),
    (
        "LOSS 1H",
        "of the heartbeats of the last hour, all networks",
    ),
    ("GAP MAX", "longest time between two of them"),
    ("STALLED", "the agent is silent, and its host answers"),
    (
        "advisory",
        "the epoch fences nothing: it says who agrees with whom",
    ),
];

/// All of it.
pub fn lines() -> Vec<Line> {
    let list = |(word, means): &(&str, &str)| {
        Line::of(format!("  {word:<30}"), Tone::Strong).and(*means, Tone::Plain)
    };
    let mut lines = vec![Line::of("Keys", Tone::Strong)];
    lines.extend(KEYS.iter().map(list));
    lines.push(Line::default());
    lines.push(Line::of("Words", Tone::Strong));
    lines.extend(WORDS.iter().map(list));
    lines
}

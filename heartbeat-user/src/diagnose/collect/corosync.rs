//! What corosync says of itself, where it is installed.
//!
//! Its words are passed on as they are: it is another judge of the same networks, and where both accuse the same one
//! there is nothing left to doubt.

use super::child;
use crate::diagnose::reading::Reading;

/// Lines that are kept of each program.
const LINES_MAX: usize = 200;

/// What its two programs print.
pub fn look() -> Reading<Vec<String>> {
    let interfaces = child::run("corosync-cfgtool", &["-s"]);
    let quorum = child::run("corosync-quorumtool", &["-s"]);
    interfaces.map(|text| {
        let quorum = quorum.known().map_or("", String::as_str);
        let lines = text
            .lines()
            .take(LINES_MAX)
            .chain(quorum.lines().take(LINES_MAX));
        lines.map(str::to_owned).collect()
    })
}

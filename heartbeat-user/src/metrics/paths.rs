//! The series of paths, written straight into the page.
//!
//! At the limit of 4096 paths these are 80 000 lines. As objects of the metrics library each would be made, hashed,
//! sorted, copied and freed for a single page: half a second of CPU and a great many small pieces of locked memory.
//! A line of the text format is a name, labels and a number, so they are written as such; everything of which there
//! are few goes through the library.

use std::fmt::{self, Write as _};

use heartbeat_core::strain::Strain;

use super::{AGENT, KERNEL, STATES};
use crate::snapshot::PathView;

/// One figure of every path.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    figure: fn(&PathView) -> Option<Figure>,
}

/// What a family's figures are.
#[derive(Clone, Copy)]
enum Kind {
    /// As things are now.
    Gauge,
    /// Never falls while it is kept, and how long that is.
    Counter(&'static str),
}

/// A number as it is printed.
enum Figure {
    Whole(u64),
    Real(f64),
}

const FAMILIES: [Family; 12] = [
    Family {
        name: "heartbeat_path_up",
        help: "Whether the path is up.",
        kind: Kind::Gauge,
        figure: |path| Some(Figure::Whole(u64::from(path.state == "up"))),
    },
    Family {
        name: "heartbeat_path_maintenance",
        help: "Whether a maintenance that is on at this node covers the path.",
        kind: Kind::Gauge,
        figure: |path| Some(Figure::Whole(u64::from(path.maintenance))),
    },
    Family {
        name: "heartbeat_path_last_arrival_timestamp_seconds",
        help: "When the last heartbeat arrived, since 1970; absent until heard.",
        kind: Kind::Gauge,
        figure: |path| path.last_arrival_unix_seconds.map(Figure::Real),
    },
    Family {
        name: "heartbeat_path_largest_gap_seconds",
        help: "Longest time between two heartbeats, of the last minute.",
        kind: Kind::Gauge,
        figure: |path| Some(Figure::Real(path.largest_gap_seconds)),
    },
    Family {
        name: "heartbeat_path_lost_total",
        help: "Times the path was reported lost (1123).",
        kind: Kind::Counter(AGENT),
        figure: |path| Some(Figure::Whole(path.lost_total)),
    },
    Family {
        name: "heartbeat_path_restored_total",
        help: "Times the path was reported up (1122), the first time included.",
        kind: Kind::Counter(AGENT),
        figure: |path| Some(Figure::Whole(path.restored_total)),
    },
    Family {
        name: "heartbeat_arrivals_total",
        help: "Heartbeats recorded.",
        kind: Kind::Counter(KERNEL),
        figure: |path| Some(Figure::Whole(path.arrivals)),
    },
    Family {
        name: "heartbeat_heartbeats_lost_total",
        help: "Heartbeats missing by sequence; those that came late are among the reordered too.",
        kind: Kind::Counter(KERNEL),
        figure: |path| Some(Figure::Whole(path.lost_shown)),
    },
    Family {
        name: "heartbeat_reordered_total",
        help: "Heartbeats overtaken by others.",
        kind: Kind::Counter(KERNEL),
        figure: |path| Some(Figure::Whole(path.reordered)),
    },
    Family {
        name: "heartbeat_duplicates_total",
        help: "Heartbeats heard twice.",
        kind: Kind::Counter(KERNEL),
        figure: |path| Some(Figure::Whole(path.duplicates)),
    },
    Family {
        name: "heartbeat_sent_total",
        help: "Heartbeats sent.",
        kind: Kind::Counter(AGENT),
        figure: |path| Some(Figure::Whole(path.sent)),
    },
    Family {
        name: "heartbeat_send_errors_total",
        help: "Heartbeats that this host's kernel refused to send.",
        kind: Kind::Counter(AGENT),
        figure: |path| Some(Figure::Whole(path.send_errors)),
    },
];

/// Appends the series of all paths to a page.
pub fn write(page: &mut String, paths: &[PathView]) -> fmt::Result {
    let labels: Vec<String> = paths.iter().map(labels).collect();
    for family in &FAMILIES {
        family.write_head(page)?;
        for (path, labels) in paths.iter().zip(&labels) {
            if let Some(figure) = (family.figure)(path) {
                writeln!(page, "{}{{{labels}}} {figure}", family.name)?;
            }
        }
    }
    write_states(page, paths, &labels)?;
    write_strains(page, paths, &labels)
}

fn write_strains(page: &mut String, paths: &[PathView], labels: &[String]) -> fmt::Result {
    const NAME: &str = "heartbeat_path_late";
    writeln!(
        page,
        "# HELP {NAME} Whether the path is strained like this, and not lost: heartbeats are lost or late, or the peer misses ours (334313).\n# TYPE {NAME} gauge"
    )?;
    for (path, labels) in paths.iter().zip(labels) {
        for strain in Strain::ALL {
            let kind = strain.label();
            let value = u8::from(path.strains.iter().any(|held| held == kind));
            writeln!(page, "{NAME}{{{labels},kind=\"{kind}\"}} {value}")?;
        }
    }
    Ok(())
}

fn write_states(page: &mut String, paths: &[PathView], labels: &[String]) -> fmt::Result {
    const NAME: &str = "heartbeat_path_state";
    writeln!(
        page,
        "# HELP {NAME} Whether the path is in this state.\n# TYPE {NAME} gauge"
    )?;
    for (path, labels) in paths.iter().zip(labels) {
        for state in STATES {
            let value = u8::from(path.state == state);
            writeln!(page, "{NAME}{{{labels},state=\"{state}\"}} {value}")?;
        }
    }
    Ok(())
}

impl Family {
    fn write_head(&self, page: &mut String) -> fmt::Result {
        let Family { name, help, .. } = self;
        match self.kind {
            Kind::Gauge => writeln!(page, "# HELP {name} {help}\n# TYPE {name} gauge"),
            Kind::Counter(kept) => {
                writeln!(page, "# HELP {name} {help} {kept}\n# TYPE {name} counter")
            }
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Whole(value) => value.fmt(f),
            Figure::Real(value) => value.fmt(f),
        }
    }
}

fn labels(path: &PathView) -> String {
    format!(
        "network=\"{}\",peer=\"{}\"",
        escaped(&path.network),
        escaped(&path.peer)
    )
}

/// A label's value as the text format wants it: an operator may put quotes into a network's label.
pub(super) fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> PathView {
        let text = r#"{"peer":"node-b","network":"the \"private\" one","state":"lost",
            "maintenance":false,"last_arrival_ns":null,"last_arrival_unix_seconds":null,
            "silent_seconds":null,"largest_gap_seconds":0.25,"detection_seconds":1.0,"arrivals":7,"lost":0,
            "lost_shown":3,"reordered":0,"duplicates":0,"heard":0,"agent_age_seconds":0.0,"candidate":false,
            "strains":["late"],"sent":9,"send_errors":0,"send_error":null,"lost_total":1,"restored_total":1}"#;
        serde_json::from_str(text).expect("it is a path")
    }

    fn page() -> String {
        let mut page = String::new();
        write(&mut page, &[path()]).expect("writing to a string does not fail");
        page
    }

    #[test]
    fn a_path_has_a_line_in_every_family_but_its_arrival_before_it_is_heard() {
        let page = page();
        for family in &FAMILIES {
            let head = format!("# TYPE {} ", family.name);
            assert!(page.contains(&head), "{head}");
            let line = format!("\n{}{{", family.name);
            let heard = family.name != "heartbeat_path_last_arrival_timestamp_seconds";
            assert_eq!(page.contains(&line), heard, "{line}");
        }
    }

    #[test]
    fn figures_and_labels_are_written_as_the_format_wants_them() {
        let page = page();
        let labels = r#"network="the \"private\" one",peer="node-b""#;
        for line in [
            format!("heartbeat_path_largest_gap_seconds{{{labels}}} 0.25"),
            format!("heartbeat_heartbeats_lost_total{{{labels}}} 3"),
            format!("heartbeat_path_state{{{labels},state=\"lost\"}} 1"),
            format!("heartbeat_path_state{{{labels},state=\"up\"}} 0"),
            format!("heartbeat_path_late{{{labels},kind=\"late\"}} 1"),
            format!("heartbeat_path_late{{{labels},kind=\"losing\"}} 0"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}");
        }
    }
}

//! The last events with their causes.

use std::fmt::Write as _;

use super::super::html::Text;
use super::super::recent::Recent;

/// The section with the table; the newest event comes first.
pub fn render(events: &Result<Vec<Recent>, String>) -> String {
    let section = "<section>\n<h2>Last events</h2>\n";
    let events = match events {
        Ok(events) if events.is_empty() => {
            return format!("{section}<p>There are none yet.</p>\n</section>\n");
        }
        Ok(events) => events,
        Err(why) => {
            let why = Text(why);
            return format!(
                "{section}<p class=\"bad\">They can\u{2019}t be read: {why}. Look into the agent\u{2019}s log.</p>\n</section>\n"
            );
        }
    };
    let mut section = format!(
        "{section}<div class=\"wide\"><table class=\"events\">\n<thead><tr><th scope=\"col\">Time (UTC)</th>\
         <th scope=\"col\">Event</th><th scope=\"col\">What and why</th><th scope=\"col\">More</th></tr></thead>\n<tbody>\n"
    );
    for event in events {
        section += &row(event);
    }
    section + "</tbody>\n</table></div>\n</section>\n"
}

fn row(event: &Recent) -> String {
    let (class, sign) = match event.severity.as_str() {
        "critical" | "error" => ("bad", "\u{2717}"),
        "warning" => ("warn", "!"),
        _ => ("plain", "\u{b7}"),
    };
    let mut row = format!(
        "<tr><td><time>{}</time></td><td class=\"{class}\"><b>{sign} {}</b><small>{}</small></td><td>{}",
        Text(
            &event
                .time
                .get(..19)
                .unwrap_or(&event.time)
                .replace('T', " ")
        ),
        event.id,
        Text(&event.name),
        Text(&event.message),
    );
    if event.maintenance {
        row += " (under maintenance)";
    }
    if let Some(cause) = &event.cause {
        let _ = write!(row, "<small class=\"why\">{}</small>", Text(cause));
    }
    let _ = writeln!(
        row,
        "</td><td><code>heartbeat explain {}</code></td></tr>",
        event.seq
    );
    row
}

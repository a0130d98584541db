//! An event on one short line: when, what, about whom, and how long.

use serde_json::Value;

/// The line for people; what is no event is shown as it is.
pub fn short(line: &str) -> String {
    event(line).unwrap_or_else(|| line.to_owned())
}

fn event(line: &str) -> Option<String> {
    let event: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| event.get(key)?.as_str();
    let id = event.get("id")?.as_u64()?;
    let maintenance = event.get("maintenance").and_then(Value::as_bool);
    let mark = if maintenance == Some(true) {
        " (maintenance)"
    } else {
        ""
    };
    let told = match (id, text("peer"), text("network")) {
        (1122 | 1123, Some(peer), Some(network)) => {
            format!("{peer} on {network}: {}", length(&event))
        }
        _ => text("message")?.to_owned(),
    };
    Some(format!(
        "{:>6}  {}  {id:>6} {:<18} {told}{mark}",
        event.get("seq")?.as_u64()?,
        text("time")?,
        text("name")?,
    ))
}

/// How much was missed, or how long an outage was.
fn length(event: &Value) -> String {
    let evidence = |key: &str| event.get("evidence")?.get(key)?.as_u64();
    match (evidence("missed"), evidence("outage_ns")) {
        (Some(missed), _) => format!("missed {missed}"),
        (None, Some(outage)) => format!("after {:.3} s", outage as f64 / 1e9),
        (None, None) => "heard for the first time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_says_who_what_and_how_long() {
        let line = r#"{"seq":17,"time":"2026-11-22T13:00:05.123456Z","id":1122,"name":"PathRestored","peer":"node-b","network":"Private Network","evidence":{"outage_ns":2600000000}}"#;
        assert_eq!(
            short(line),
            "    17  2026-11-22T13:00:05.123456Z    1122 PathRestored       node-b on Private Network: after 2.600 s"
        );
    }

    #[test]
    fn an_event_without_peer_or_network_shows_its_message() {
        let line = r#"{"seq":18,"time":"2026-11-22T13:00:05.123456Z","id":334312,"name":"Operator","message":"root ordered a reload.","maintenance":true}"#;
        assert_eq!(
            short(line),
            "    18  2026-11-22T13:00:05.123456Z  334312 Operator           root ordered a reload. (maintenance)"
        );
    }

    #[test]
    fn what_is_no_event_is_shown_as_it_is() {
        for line in ["", "nonsense", "{}", "[1]", r#"{"seq":"x"}"#] {
            assert_eq!(short(line), line);
        }
    }
}

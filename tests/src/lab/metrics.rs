//! Metrics as Prometheus gets them: by HTTP from inside the node's namespace.
//!
//! The loopback address is the namespace's own, so the socket is made there. An agent that is stopped
//! accepts the connection (the kernel does) and never answers; hence a limit on every read.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::configuration::METRICS_PORT;
use super::namespace::Namespace;

/// One line of the exposition: `name{labels} value`.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// Name of the metric.
    pub name: String,
    /// Its labels by name.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// Everything one agent exports at one moment.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// As it came, for `promtool`.
    pub text: String,
    samples: Vec<Sample>,
}

/// Labels to look for, name and value.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Metrics {
    /// Asks the agent in this namespace, for at most `limit`.
    pub fn get(namespace: &Namespace, limit: Duration) -> Result<Self> {
        let text = http_get(namespace, "/metrics", limit)?;
        let samples = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| parse(line).with_context(|| format!("not a sample of a metric: {line}")))
            .collect::<Result<_>>()?;
        Ok(Metrics { text, samples })
    }

    /// All samples of this name that carry these labels, and maybe others.
    pub fn matching<'a>(
        &'a self,
        name: &'a str,
        labels: Labels<'a>,
    ) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name == name && carries(sample, labels))
    }

    /// The only sample of this name that carries these labels.
    pub fn value(&self, name: &str, labels: Labels<'_>) -> Result<f64> {
        let mut found = self.matching(name, labels);
        let sample = found
            .next()
            .with_context(|| format!("no metric {name} with {labels:?}"))?;
        ensure!(
            found.next().is_none(),
            "more than one metric {name} with {labels:?}"
        );
        Ok(sample.value)
    }
}

fn carries(sample: &Sample, labels: Labels<'_>) -> bool {
    labels
        .iter()
        .all(|(name, value)| sample.labels.get(*name).is_some_and(|v| v == value))
}

/// The body behind this path, from the agent in this namespace.
pub fn http_get(namespace: &Namespace, path: &str, limit: Duration) -> Result<String> {
    Ok(http_get_whole(namespace, path, limit)?.1)
}

/// The same, with the answer's headers before it, in small letters.
pub fn http_get_whole(
    namespace: &Namespace,
    path: &str,
    limit: Duration,
) -> Result<(String, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, METRICS_PORT));
    let mut stream = namespace
        .enter(|| Ok(TcpStream::connect_timeout(&address, limit)?))
        .with_context(|| format!("connect to {address} in {}", namespace.name()))?;
    stream.set_read_timeout(Some(limit))?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .context("send the request")?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .context("read the answer")?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no end of headers")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split_whitespace().nth(1) != Some("200") {
        bail!("GET {path} is answered with {status:?}");
    }
    Ok((head.to_lowercase(), body.to_owned()))
}

fn parse(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, parse_labels(rest.strip_suffix('}')?)?),
        None => (series, BTreeMap::new()),
    };
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().ok()?,
    })
}

/// Labels of the lab hold no quotes, so a quote always ends a value.
fn parse_labels(text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        labels.insert(name.trim_start_matches(',').to_owned(), value.to_owned());
        rest = after;
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_taken_apart() {
        let sample =
            parse(r#"heartbeat_path_up{network="Private Network",peer="node-b"} 1"#).unwrap();
        assert_eq!(sample.name, "heartbeat_path_up");
        assert_eq!(sample.value, 1.0);
        assert!(carries(
            &sample,
            &[("peer", "node-b"), ("network", "Private Network")]
        ));
        assert!(!carries(&sample, &[("peer", "node-c")]));
    }

    #[test]
    fn a_sample_may_have_no_labels_and_any_float() {
        assert_eq!(parse("heartbeat_quorate 0").unwrap().value, 0.0);
        assert_eq!(parse("x_bucket{le=\"+Inf\"} 1e3").unwrap().value, 1000.0);
        assert!(parse("nonsense").is_none());
    }
}

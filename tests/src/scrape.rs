//! A real Prometheus and a real Alertmanager in the namespace of a lab's node, over real agents.
//!
//! What is installed beside the agent is taken as it is; only the times to wait are shorter, and the receivers lead
//! to a web hook. Agents answer on all addresses here, so that one namespace reaches all of them: a cut of cluster
//! frames leaves the scrapes alone, as a network for management would.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::lab::agent::log_tail;
use crate::lab::cast::{A, PRIVATE};
use crate::lab::configuration::METRICS_PORT;
use crate::lab::namespace::Namespace;
use crate::lab::{Lab, wait};

const PROMETHEUS_PORT: u16 = 9090;
const ALERTMANAGER_PORT: u16 = 9093;
const HOOK_PORT: u16 = 9099;
/// Until a server answers, on a busy machine.
const READY: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(10);
/// A notification, or a page that says that it was taken.
const BODY_MAX: u64 = 1 << 20;

/// Runs a program with what was unpacked beside it laid over `/usr/share`, where it looks for it.
const WITH_ITS_FILES: &str = r#"
share=$(dirname "$(command -v "$1")")/share
if [ -d "$share" ]; then mount -t overlay overlay -o "lowerdir=$share:/usr/share" /usr/share; fi
exec "$@"
"#;

/// Both servers, and what they told.
#[derive(Debug)]
pub struct Monitoring {
    namespace: Arc<Namespace>,
    servers: Vec<Server>,
    told: Arc<Mutex<Vec<Value>>>,
}

/// A server that ends with this value.
#[derive(Debug)]
struct Server {
    program: &'static str,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the test was told by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where what is installed beside the agent lies.
pub fn share() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../heartbeat-user/share")
}

/// Makes the agents of a lab, none of which runs yet, answer to others than their own host.
pub fn open_metrics(lab: &Lab) -> Result<()> {
    for node in lab.plan().all_nodes() {
        lab.rewrite(node, |text| {
            text.replace("metrics = \"127.0.0.1:", "metrics = \"0.0.0.0:")
        })?;
    }
    Ok(())
}

impl Monitoring {
    /// Starts both in the namespace of node-a.
    pub fn start(lab: &Lab) -> Result<Self> {
        let namespace = Arc::clone(lab.node(A));
        let directory = lab.files().state(A).join("monitoring");
        fs::create_dir_all(directory.join("targets"))?;
        write_configuration(lab, &directory)?;
        let told = hear_hooks(&namespace)?;
        let mut monitoring = Monitoring {
            namespace,
            servers: Vec::new(),
            told,
        };
        let listen = |port: u16| format!("--web.listen-address=127.0.0.1:{port}");
        let alertmanager = [
            "--config.file=alertmanager.yml",
            "--cluster.listen-address=",
        ];
        monitoring.serve(
            "prometheus-alertmanager",
            &directory,
            &[
                &alertmanager[..],
                &["--storage.path=alerts", &listen(ALERTMANAGER_PORT)],
            ]
            .concat(),
        )?;
        monitoring.serve(
            "prometheus",
            &directory,
            &[
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=series",
                &listen(PROMETHEUS_PORT),
            ],
        )?;
        for (port, path) in [
            (ALERTMANAGER_PORT, "/-/ready"),
            (PROMETHEUS_PORT, "/-/ready"),
        ] {
            wait::until("a server of the monitoring", READY, || {
                monitoring.check_running(&directory)?;
                Ok(get(&monitoring.namespace, port, path).ok())
            })?;
        }
        Ok(monitoring)
    }

    fn serve(&mut self, program: &'static str, directory: &Path, arguments: &[&str]) -> Result<()> {
        let log = File::create(directory.join(format!("{program}.log")))?;
        let mut command = self.namespace.command("unshare")?;
        command.args(["--mount", "sh", "-ec", WITH_ITS_FILES, program, program]);
        let child = command
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {program}"))?;
        self.servers.push(Server { program, child });
        Ok(())
    }

    fn check_running(&mut self, directory: &Path) -> Result<()> {
        for Server { program, child } in &mut self.servers {
            if let Some(status) = child.try_wait()? {
                let log = log_tail(&directory.join(format!("{program}.log")));
                bail!("{program} ended with {status}:\n{log}");
            }
        }
        Ok(())
    }

    /// The series that an expression selects now.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer = self
            .prometheus(&path)
            .with_context(|| format!("ask for {expression}"))?;
        let result = answer["data"]["result"].as_array();
        Ok(result.context("the answer is no list")?.clone())
    }

    /// What Prometheus says of all its rules.
    pub fn rules(&self) -> Result<Vec<Value>> {
        let answer = self.prometheus("/api/v1/rules")?;
        let groups = answer["data"]["groups"].as_array().context("no groups")?;
        let rules = groups.iter().filter_map(|group| group["rules"].as_array());
        Ok(rules.flatten().cloned().collect())
    }

    fn prometheus(&self, path: &str) -> Result<Value> {
        let text = get(&self.namespace, PROMETHEUS_PORT, path)?;
        let answer: Value = serde_json::from_str(&text)?;
        ensure!(answer["status"] == "success", "{text}");
        Ok(answer)
    }

    /// What Alertmanager has: the alert's name, its labels, and whether it is active or suppressed.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let text = get(&self.namespace, ALERTMANAGER_PORT, "/api/v2/alerts")?;
        serde_json::from_str(&text).context("read the alerts")
    }

    /// Notifications so far, as web hooks get them.
    pub fn told(&self) -> Vec<Value> {
        self.told.lock().expect("no thread panics with it").clone()
    }
}

fn write_configuration(lab: &Lab, directory: &Path) -> Result<()> {
    let share = share();
    let of_prometheus = fs::read_to_string(share.join("prometheus/prometheus.example.yml"))?;
    fs::write(
        directory.join("prometheus.yml"),
        of_prometheus.replace(": 15s", ": 1s"),
    )?;
    let rules = "heartbeat.rules.yml";
    fs::copy(share.join("prometheus").join(rules), directory.join(rules))?;
    let mut routing = fs::read_to_string(share.join("alertmanager/alertmanager.example.yml"))?;
    for (long, short) in [
        ("group_wait: 15s", "group_wait: 5s"),
        ("group_interval: 1m", "group_interval: 2s"),
    ] {
        ensure!(routing.contains(long), "the example has no {long}");
        routing = routing.replace(long, short);
    }
    for receiver in ["pager", "tickets", "information"] {
        let name = format!("  - name: {receiver}\n");
        let hook = format!("    webhook_configs: [{{url: 'http://127.0.0.1:{HOOK_PORT}/'}}]\n");
        ensure!(
            routing.contains(&name),
            "the example has no receiver {receiver}"
        );
        routing = routing.replace(&name, &format!("{name}{hook}"));
    }
    fs::write(directory.join("alertmanager.yml"), routing)?;
    let targets: Vec<Value> = lab
        .plan()
        .all_nodes()
        .map(|node| {
            let address = lab.plan().address(node, PRIVATE);
            serde_json::json!({
                "targets": [format!("{address}:{METRICS_PORT}")],
                "labels": {"cluster": lab.name().to_string(), "instance": node.to_string(), "peer": node.to_string()},
            })
        })
        .collect();
    let text = serde_json::to_string(&targets)?;
    fs::write(directory.join("targets/heartbeat-lab.json"), text)?;
    Ok(())
}

/// Takes notifications, as long as the program runs.
fn hear_hooks(namespace: &Namespace) -> Result<Arc<Mutex<Vec<Value>>>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, HOOK_PORT));
    let listener = namespace.enter(|| Ok(TcpListener::bind(address)?))?;
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Alertmanager tries again what failed; a test that waits for it says so.
            if let Ok(body) = hear_hook(stream) {
                kept.lock().expect("no thread panics with it").push(body);
            }
        }
    });
    Ok(told)
}

fn hear_hook(mut stream: TcpStream) -> Result<Value> {
    stream.set_read_timeout(Some(ANSWER))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(BODY_MAX));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    ensure!(
        length <= BODY_MAX as usize,
        "a notification of {length} bytes"
    );
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok(serde_json::from_slice(&body)?)
}

fn get(namespace: &Namespace, port: u16, path: &str) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = namespace.enter(|| Ok(TcpStream::connect_timeout(&address, ANSWER)?))?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no end of headers")?;
    if head.split_whitespace().nth(1) != Some("200") {
        bail!("GET {path} is answered with {head}: {body}");
    }
    Ok(body.to_owned())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

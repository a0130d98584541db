//! A real browser without a window, in a node's namespace, where the page is.
//!
//! It gets a profile that goes with it, and a limit, because a browser that waits for something waits for ever.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::namespace::Namespace;
use heartbeat_tests::lab::wait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

const PAGE: &str = "http://127.0.0.1:13343/";
/// A cold start on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// Red, green and blue.
pub type Colour = [u8; 3];

/// What the reader's system asks pages to look like.
#[derive(Clone, Copy, Debug)]
pub enum Scheme {
    Light,
    Dark,
}

/// The document as the browser has it after it has read the page.
pub fn document(namespace: &Namespace) -> Result<String> {
    let file = work()?.join("document.html");
    run(namespace, &["--dump-dom"], &file)?;
    fs::read_to_string(&file).context("read the browser's document")
}

/// What the reader sees in a window of this width and height.
pub fn picture(namespace: &Namespace, scheme: Scheme, size: (u32, u32)) -> Result<Picture> {
    let (width, height) = size;
    let name = format!("page-{scheme:?}-{width}.png").to_lowercase();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if file.exists() {
        fs::remove_file(&file).context("remove an old picture")?;
    }
    let preferred = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let arguments = [
        format!("--screenshot={}", file.display()),
        format!("--window-size={width},{height}"),
        format!("--blink-settings=preferredColorScheme={preferred}"),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(namespace, &arguments, &work()?.join("said"))?;
    Picture::read(&file)
}

/// Where the browser's files lie.
fn work() -> Result<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chromium");
    fs::create_dir_all(&directory).context("create the browser's directory")?;
    Ok(directory)
}

/// Shows the page once; what the browser prints goes to `output`.
fn run(namespace: &Namespace, arguments: &[&str], output: &Path) -> Result<()> {
    let profile = work()?.join("profile");
    let complaints = work()?.join("complaints");
    let mut child = namespace
        .command("chromium")?
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--hide-scrollbars", "--no-first-run"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(PAGE)
        .stdin(Stdio::null())
        .stdout(File::create(output).context("keep what the browser prints")?)
        .stderr(File::create(&complaints).context("keep what the browser complains of")?)
        .spawn()
        .context("start chromium")?;
    let ended = wait::until("the browser to show the page", LIMIT, || {
        Ok(child.try_wait()?)
    });
    // Its helpers have no use for anybody once it has ended, or is given up.
    let group = Pid::from_raw(i32::try_from(child.id())?);
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
    let _ = fs::remove_dir_all(&profile);
    let status = ended?;
    let said = fs::read_to_string(&complaints).unwrap_or_default();
    ensure!(status.success(), "chromium ended with {status}: {said}");
    Ok(())
}

/// A picture of the page.
#[derive(Debug)]
pub struct Picture {
    width: usize,
    points: Vec<Colour>,
}

impl Picture {
    fn read(file: &Path) -> Result<Self> {
        let opened = File::open(file).with_context(|| format!("open {}", file.display()))?;
        let mut reader = png::Decoder::new(std::io::BufReader::new(opened)).read_info()?;
        let size = reader.output_buffer_size().context("a picture too large")?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes)?;
        ensure!(
            frame.bit_depth == png::BitDepth::Eight,
            "the picture has another depth: {:?}",
            frame.bit_depth
        );
        let point = frame.color_type.samples();
        ensure!(3 <= point, "the picture has no colours");
        let colour = |point: &[u8]| [point[0], point[1], point[2]];
        let points = bytes[..frame.buffer_size()].chunks_exact(point).map(colour);
        Ok(Picture {
            width: frame.width as usize,
            points: points.collect(),
        })
    }

    /// The colour in the upper left.
    pub fn corner(&self) -> Colour {
        self.points[0]
    }

    /// How many points have this colour.
    pub fn count(&self, colour: Colour) -> usize {
        self.points.iter().filter(|point| **point == colour).count()
    }

    /// How many points of the last columns have another colour than this.
    pub fn beside(&self, columns: usize, colour: Colour) -> usize {
        let rows = self.points.chunks_exact(self.width);
        let last = rows.flat_map(|row| &row[row.len().saturating_sub(columns)..]);
        last.filter(|point| **point != colour).count()
    }
}

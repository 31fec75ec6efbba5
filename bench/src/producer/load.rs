//! What a contestant is asked to do, and what it says of it.

use std::fmt;
use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The topic of the sink.
pub const TOPIC: &str = "bench";

/// One run, as `key=value` arguments say it: the same for every contestant in every language.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where the sink listens.
    pub boot: String,
    /// How many records are measured.
    pub n: u64,
    /// How many are sent before.
    pub warm: u64,
    /// Bytes of a value.
    pub size: usize,
    /// `linger.ms`.
    pub linger: u64,
    /// `batch.size`.
    pub batch: usize,
    /// `compression.type`.
    pub comp: String,
    /// `acks`.
    pub acks: String,
    /// `thr` for throughput; `lat` for `rate` records in a second, each timed.
    pub mode: String,
    /// Records in a second.
    pub rate: u64,
    /// How outcomes are learned, if the contestant has more than one way.
    pub kind: String,
    /// The folder of the files of values.
    pub payloads: String,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            boot: "127.0.0.1:22091".into(),
            n: 2_000_000,
            warm: 300_000,
            size: 100,
            linger: 5,
            batch: 16_384,
            comp: "none".into(),
            acks: "all".into(),
            mode: "thr".into(),
            rate: 1000,
            kind: String::new(),
            payloads: ".".into(),
        }
    }
}

impl Load {
    /// Reads `key=value` arguments.
    ///
    /// # Errors
    /// An argument that is none.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> io::Result<Self> {
        let mut load = Self::default();
        for argument in arguments {
            let wrong = || io::Error::other(format!("{argument} is no argument of a contestant"));
            let (key, value) = argument.split_once('=').ok_or_else(wrong)?;
            let number = || value.parse::<u64>().map_err(|_| wrong());
            match key {
                "boot" => load.boot = value.into(),
                "n" => load.n = number()?,
                "warm" => load.warm = number()?,
                "size" => load.size = number()? as usize,
                "linger" => load.linger = number()?,
                "batch" => load.batch = number()? as usize,
                "comp" => load.comp = value.into(),
                "acks" => load.acks = value.into(),
                "mode" => load.mode = value.into(),
                "rate" => load.rate = number()?,
                "kind" => load.kind = value.into(),
                "payloads" => load.payloads = value.into(),
                _ => return Err(wrong()),
            }
        }
        Ok(load)
    }

    /// The arguments that say it.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let Self { boot, n, warm, size, linger, batch, comp, acks, mode, rate, kind, payloads } = self;
        let pairs: [(&str, &dyn fmt::Display); 12] = [
            ("boot", boot),
            ("n", n),
            ("warm", warm),
            ("size", size),
            ("linger", linger),
            ("batch", batch),
            ("comp", comp),
            ("acks", acks),
            ("mode", mode),
            ("rate", rate),
            ("kind", kind),
            ("payloads", payloads),
        ];
        pairs.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// The values that are sent in turn.
    ///
    /// # Errors
    /// That the file is not there.
    pub fn values(&self) -> io::Result<Vec<Vec<u8>>> {
        let text = fs::read(Path::new(&self.payloads).join(format!("payload{}.txt", self.size)))?;
        Ok(text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

/// Writes a thousand values of `size` bytes, a line each, that look like JSON: lz4 takes them to 0.6.
///
/// # Errors
/// What the system says.
pub fn write_values(folder: &Path, size: usize) -> io::Result<()> {
    const WORDS: [&str; 24] = [
        "seoul", "busan", "order", "created", "paid", "shipped", "user", "session", "click", "view", "cart",
        "item", "price", "quantity", "status", "active", "pending", "region", "trace", "service", "gateway",
        "checkout", "latency", "retry",
    ];
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = String::new();
    for _ in 0..1000 {
        let ts = 1_700_000_000_000 + next(1_000_000_000);
        let mut line =
            format!("{{\"ts\":{ts},\"id\":\"{:08x}\",\"user\":{},", next(1 << 31), next(1_000_000));
        while line.len() < size {
            let word = |at: u64| WORDS[at as usize % WORDS.len()];
            line += &format!("\"{}\":\"{}-{:04x}\",", word(next(24)), word(next(24)), next(1 << 16));
        }
        line.truncate(size - 1);
        text += &line;
        text += "}\n";
    }
    fs::write(folder.join(format!("payload{size}.txt")), text)
}

/// Clocks at the beginning of what is measured.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Instant,
    cpu: f64,
}

impl Mark {
    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a race reads the clock")]
    pub fn now() -> Self {
        Self { at: Instant::now(), cpu: process_cpu() }
    }

    /// The line that a contestant ends with: `n ok err seconds cpu-seconds peak-rss-kib`.
    #[must_use]
    pub fn report(self, load: &Load, ok: u64, err: u64) -> String {
        let (seconds, cpu) = (self.at.elapsed().as_secs_f64(), process_cpu() - self.cpu);
        format!("throughput {} {ok} {err} {seconds:.6} {cpu:.6} {}", load.n, peak_rss_kib())
    }

    /// The line that a timed run ends with: `n p50 p99 max` in microseconds, CPU seconds, peak RSS in KiB.
    #[must_use]
    pub fn report_latency(self, mut nanoseconds: Vec<u64>) -> String {
        let cpu = process_cpu() - self.cpu;
        nanoseconds.sort_unstable();
        let at = |share: f64| {
            let last = nanoseconds.len().saturating_sub(1) as f64;
            nanoseconds.get((last * share) as usize).map_or(0.0, |&took| took as f64 / 1e3)
        };
        let (p50, p99, max) = (at(0.5), at(0.99), at(1.0));
        format!("latency {} {p50:.1} {p99:.1} {max:.1} {cpu:.6} {}", nanoseconds.len(), peak_rss_kib())
    }
}

/// Seconds that this process has computed for.
fn process_cpu() -> f64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ProcessCPUTime);
    tv_sec as f64 + tv_nsec as f64 / 1e9
}

/// The most memory that this process has had.
fn peak_rss_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

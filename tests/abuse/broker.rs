//! The program `milena broker`, and what the system knows of it.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use harness::tools;

/// A running broker, killed when dropped.
pub(crate) struct Broker {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

/// What the system knows of a process at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Memory that lies in RAM, in KiB.
    pub(crate) rss: usize,
    pub(crate) descriptors: usize,
    /// Processor time, in ticks of 10 ms.
    pub(crate) ticks: u64,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rss, descriptors, ticks } = self;
        write!(f, "{rss:>7} KiB {descriptors:>5} descriptors {:>6} ms of processor", ticks * 10)
    }
}

impl Broker {
    /// Starts one broker with one topic `orders` of one partition, with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_with_descriptors(settings, None)
    }

    /// The same with so many file descriptors at most.
    pub(crate) fn start_with_descriptors(settings: &[&str], descriptors: Option<usize>) -> Self {
        let limit = descriptors.map_or(String::new(), |limit| format!("ulimit -n {limit} && "));
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limit}exec \"$0\" \"$@\"")]).arg(program());
        command.args(["broker", "--listen", "127.0.0.1:0", "--topic", "orders:1"]);
        for setting in settings {
            command.args(["--config", setting]);
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("bootstrap.servers=").expect("it says where it is").parse();
        let log = follow(child.stderr.take().unwrap());
        Self { child, address: address.unwrap(), log }
    }

    /// What it costs now.
    pub(crate) fn usage(&self) -> Usage {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let status = fs::read_to_string(process.join("status")).unwrap();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let stat = fs::read_to_string(process.join("stat")).unwrap();
        // Behind the name in brackets: user and system time are the 12th and 13th word.
        let words: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        Usage {
            rss: rss.trim().trim_end_matches(" kB").parse().unwrap(),
            descriptors: fs::read_dir(process.join("fd")).unwrap().count(),
            ticks: words[11].parse::<u64>().unwrap() + words[12].parse::<u64>().unwrap(),
        }
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until its log has this in it.
    pub(crate) fn wait_for_log(&self, words: &str) {
        eventually(&format!("the log says {words:?}"), || self.log().contains(words));
    }

    /// Waits until it has as many descriptors as before.
    pub(crate) fn wait_for_descriptors(&self, count: usize) {
        eventually("descriptors are closed", || self.usage().descriptors <= count);
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Duration) {
        let watch = Watch::start();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut status = None;
        eventually("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap(), watch.elapsed())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(stderr: ChildStderr) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let mut kept = kept.lock().unwrap();
            kept.push_str(&String::from_utf8_lossy(&line));
            kept.push('\n');
        }
    });
    log
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| tools::milena_program().unwrap())
}

/// Looks again and again, for as long as no loaded machine needs.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let watch = Watch::start();
    while !is_so() {
        assert!(watch.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// How long something takes, to be printed.
pub(crate) struct Watch(std::time::Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a test that measures looks at a clock")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

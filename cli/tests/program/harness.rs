//! Starts the program and looks at what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Ten times longer than anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

/// The program with these arguments, nothing connected to it yet.
pub(crate) fn milena(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milena"));
    command.args(arguments);
    command
}

/// Runs the program to its end, with this text as its standard input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Run {
    let mut command = milena(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A program that ends early does not read all of it.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    Run::from(output)
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// What it printed, once it is sure that all went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        String::from_utf8(self.stdout).unwrap()
    }

    /// The one line that it complained in, once it is sure that it ended with this code.
    #[track_caller]
    pub(crate) fn complaint(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        let lines: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("milena: ")).collect();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines[0].to_owned()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

/// A running `milena broker`, ended when dropped.
pub(crate) struct Broker {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The line that it printed when it was ready, without its end.
    pub(crate) ready: String,
}

impl Broker {
    /// Starts it on free ports and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_as(milena(&["broker", "--listen", "127.0.0.1:0"]).args(arguments)).unwrap()
    }

    /// Starts this command and waits until it is ready; what it says if it is never.
    pub(crate) fn start_as(command: &mut Command) -> Result<Self, Run> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        if stdout.read_line(&mut ready).unwrap() == 0 {
            return Err(Run::from(child.wait_with_output().unwrap()));
        }
        let ready = ready.trim_end_matches('\n').to_owned();
        Ok(Self { child, stdout, ready })
    }

    pub(crate) fn bootstrap_servers(&self) -> &str {
        self.ready.strip_prefix("bootstrap.servers=").unwrap()
    }

    /// Sends it a signal, and gives how it ended and what else it printed.
    pub(crate) fn end_by(mut self, signal: &str) -> Run {
        send_signal(self.child.id(), signal);
        let mut stdout = Vec::new();
        self.stdout.read_to_end(&mut stdout).unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Run { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that was started and says now and then on standard error how far it is.
pub(crate) struct Running {
    pub(crate) child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    /// Starts it with pipes for all three of its streams.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Waits until it says a line with this in it.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let from = self.said.len();
        while !self.said[from..].contains(words) {
            assert_ne!(
                self.stderr.read_line(&mut self.said).unwrap(),
                0,
                "{words:?} is not in {:?}",
                self.said
            );
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    /// Waits until it ends, its standard input still open and its standard output not read. The exit code is none if
    /// it does not end.
    pub(crate) fn end(mut self) -> Run {
        let pid = self.child.id();
        let (ended, has_ended) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if has_ended.recv_timeout(WATCHDOG) == Err(mpsc::RecvTimeoutError::Timeout) {
                send_signal(pid, "-KILL");
            }
        });
        self.stderr.read_to_string(&mut self.said).unwrap();
        drop(ended);
        watchdog.join().unwrap();
        let streams = (self.child.stdin.take(), self.child.stdout.take());
        let code = self.child.wait().unwrap().code();
        drop(streams);
        Run { code, stdout: Vec::new(), stderr: self.said }
    }
}

fn send_signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

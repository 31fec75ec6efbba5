//! Child processes: one that takes jobs line by line, and the thread that reads a child's output without blocking.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

/// A program that reads one job a line, as JSON, and answers each with one line of JSON: `{"ok": …}` or `{"error": …}`.
///
/// It is started once for many jobs, because starting is what costs. It ends at the end of its input, so it cannot
/// outlive this process.
#[derive(Debug)]
pub struct JobServer {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    log: LastLines,
}

impl JobServer {
    /// Starts the program.
    ///
    /// # Errors
    /// The system's reason if it cannot be started.
    pub fn start(name: &str, mut command: Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| format!("{name} does not start: {e}"))?;
        let log = LastLines::default();
        log.follow(child.stderr.take().expect("standard error is piped"), |_| {});
        let (sender, answers) = channel();
        log.follow_quietly(child.stdout.take().expect("standard output is piped"), move |line| {
            let _ = sender.send(line);
        });
        Ok(Self { name: name.to_owned(), input: child.stdin.take(), child, answers, log })
    }

    /// Gives it a job and waits for the answer, at most `within`: a watchdog against hanging, not a measure.
    ///
    /// # Errors
    /// What the program says went wrong, or that it is silent or gone, with the end of its log.
    pub fn ask(&mut self, job: &Value, within: Duration) -> Result<Value, String> {
        let input = self.input.as_mut().expect("the input is open until it is dropped");
        // If it is gone, the answer below says so, with more to tell.
        let _ = writeln!(input, "{job}").and_then(|()| input.flush());
        let answer = match self.answers.recv_timeout(within) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                // Its late answer would be taken for that of the next job.
                let _ = self.child.kill();
                return Err(format!("{} is silent for {within:?}:\n{}", self.name, self.log));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(format!("{} is gone:\n{}", self.name, self.log));
            }
        };
        let answer: Value =
            serde_json::from_str(&answer).map_err(|e| format!("{}: {e}: {answer}", self.name))?;
        match &answer["error"] {
            Value::Null => Ok(answer["ok"].clone()),
            error => Err(format!("{}: {}", self.name, error.as_str().unwrap_or_default())),
        }
    }
}

impl Drop for JobServer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last lines a child wrote, for the error when it fails.
#[derive(Clone, Debug, Default)]
pub struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    /// Follows a child's output in a thread of its own until it ends: keeps the last lines, shows each to `watch`.
    pub fn follow(&self, output: impl Read + Send + 'static, mut watch: impl FnMut(&str) + Send + 'static) {
        let lines = self.clone();
        self.follow_quietly(output, move |line| {
            watch(&line);
            lines.keep(line);
        });
    }

    /// The same, but keeps nothing.
    pub fn follow_quietly(
        &self,
        output: impl Read + Send + 'static,
        mut watch: impl FnMut(String) + Send + 'static,
    ) {
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                watch(String::from_utf8_lossy(&line).into_owned());
            }
        });
    }

    fn keep(&self, line: String) {
        let mut lines = self.0.lock().expect("no thread panics while it holds this lock");
        if lines.len() == 40 {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

impl std::fmt::Display for LastLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = self.0.lock().expect("no thread panics while it holds this lock");
        lines.iter().try_for_each(|line| writeln!(f, "  | {line}"))
    }
}

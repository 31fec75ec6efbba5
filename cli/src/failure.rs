//! Why a command ends with another exit code than 0.

use std::fmt;
use std::io;
use std::process::ExitCode;

use milena::ClientError;

use crate::signals::EndSignal;

/// A command that failed: one line to say, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
    is_broken_pipe: bool,
}

impl Failure {
    /// It was tried and did not work: exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1, is_broken_pipe: false }
    }

    /// What was asked for cannot be: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2, is_broken_pipe: false }
    }

    /// It was told to end once more, and did so without waiting for what it had begun.
    pub(crate) fn ended(signal: EndSignal) -> Self {
        let message = format!("ended by a second signal, {signal}");
        Self { message, code: signal.exit_code(), is_broken_pipe: false }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Whether it is only that nobody reads our output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.is_broken_pipe
    }
}

impl fmt::Display for Failure {
    /// One line, whatever was put into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.replace(['\n', '\r'], " "))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { is_broken_pipe: error.kind() == io::ErrorKind::BrokenPipe, ..Self::new(error.to_string()) }
    }
}

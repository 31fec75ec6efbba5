//! Which clock a cluster runs on.

use std::fmt;
use std::str::FromStr;

use protocol::names::Timestamp;
use protocol::nearest;

/// Which clock a cluster behind sockets runs on: its waits, lags, sessions and timestamps. The limits of connections
/// (`connections.max.idle.ms` and the like) are about sockets, and always by the real clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Time {
    /// `real`: the system's clock.
    #[default]
    Real,
    /// It stands still until [`MockCluster::advance`](crate::MockCluster::advance) moves it.
    Stepped,
    /// `idle`: it stands still while anybody is at work. When all connections have been idle for some milliseconds, it jumps
    /// to the next moment at which something happens.
    Idle,
}

/// The clock of a cluster, and where it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeConfig {
    pub(crate) time: Time,
    /// `None`: the real time.
    pub(crate) from: Option<Timestamp>,
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => Ok(Self::Real),
            "stepped" => Ok(Self::Stepped),
            "idle" => Ok(Self::Idle),
            _ => {
                let nearest = nearest(text, ["real", "stepped", "idle"]).unwrap_or_default();
                Err(format!("no clock is called `{text}`; the nearest is `{nearest}`"))
            }
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Stepped => "stepped",
            Self::Idle => "idle",
        })
    }
}

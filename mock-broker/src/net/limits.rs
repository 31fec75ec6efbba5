//! What a connection may take: time, memory, company. The settings are listed at [`crate::ClusterConfig::config`].

use std::time::Duration;

use super::clock::FAR;
use crate::config::ClusterConfig;

/// The limits of every connection, read once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// `socket.request.max.bytes`.
    pub(super) frame_bytes: usize,
    /// `milena.frame.deadline.ms`: from the first byte of a frame to its last.
    pub(super) frame_deadline: Duration,
    /// `connections.max.idle.ms`: how long nothing may be asked.
    pub(super) idle: Duration,
    /// `milena.write.deadline.ms`: how long a client may take for `write_buffer` bytes of answers; also how long one
    /// that has closed its half waits for its last answer.
    pub(super) write_deadline: Duration,
    /// `milena.write.buffer.bytes`: from so many bytes of unread answers on, nothing more is answered.
    pub(super) write_buffer: usize,
    /// `max.connections`, of each broker.
    pub(super) connections: usize,
    /// `max.connections.per.ip`, of each broker.
    pub(super) connections_per_ip: usize,
}

impl Limits {
    pub(super) fn new(config: &ClusterConfig) -> Self {
        let count = |key| usize::try_from(config.number(key)).unwrap_or_default();
        // A negative time is none, as in Kafka.
        let time = |key| u64::try_from(config.number(key)).map_or(FAR, Duration::from_millis).min(FAR);
        Self {
            frame_bytes: count("socket.request.max.bytes"),
            frame_deadline: time("milena.frame.deadline.ms"),
            idle: time("connections.max.idle.ms"),
            write_deadline: time("milena.write.deadline.ms"),
            write_buffer: count("milena.write.buffer.bytes"),
            connections: count("max.connections"),
            connections_per_ip: count("max.connections.per.ip"),
        }
    }
}

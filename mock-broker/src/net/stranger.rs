//! Who is turned away for what it sends, and the line that says so.

use std::fmt;
use std::net::SocketAddr;

use protocol::names::BrokerId;
use protocol::{ApiKey, DecodeErrorKind};

use crate::cluster::CloseReason;

/// The protocol that someone speaks who has come to the wrong port, told by the first bytes.
pub(super) fn other_protocol(received: &[u8]) -> Option<&'static str> {
    const HTTP: [&[u8]; 9] =
        [b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC"];
    match received {
        // Handshake, version 3.x: as a length it would be 369 MB.
        [0x16, 0x03, ..] => Some("a TLS hello"),
        // 352 MB.
        [0x15, 0x03, ..] => Some("a TLS alert"),
        _ if HTTP.iter().any(|method| received.starts_with(method)) => Some("an HTTP request"),
        _ if received.starts_with(b"HTTP") => Some("an HTTP answer"),
        _ if received.starts_with(b"PRI ") => Some("an HTTP/2 preface"),
        _ if received.starts_with(b"SSH-") => Some("an SSH greeting"),
        _ => None,
    }
}

/// The line for what is no whole frame. What it was to become is in its first bytes, if so many came.
pub(super) fn log_frame(peer: SocketAddr, broker: BrokerId, received: &[u8], reason: &dyn fmt::Display) {
    let number = |at: usize| received.get(at..)?.first_chunk().map(|bytes| i16::from_be_bytes(*bytes));
    const BEHIND_LENGTH: usize = 4;
    let (api_key, version) = (number(BEHIND_LENGTH).map(ApiKey), number(BEHIND_LENGTH + 2));
    log_bad_request(peer, broker, api_key, version, reason);
}

fn log_bad_request(
    peer: SocketAddr,
    broker: BrokerId,
    api_key: Option<ApiKey>,
    version: Option<i16>,
    reason: &dyn fmt::Display,
) {
    match (api_key, version) {
        (Some(api_key), Some(version)) => {
            tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing: not a request");
        }
        (Some(api_key), None) => {
            tracing::warn!(%peer, %broker, %api_key, version = "none", %reason, "closing: not a request");
        }
        _ => {
            tracing::warn!(%peer, %broker, api_key = "none", version = "none", %reason, "closing: not a request");
        }
    }
}

/// One line for each connection that the broker closes: a warning if the client is to blame.
pub(super) fn log_close(peer: SocketAddr, broker: BrokerId, reason: &CloseReason) {
    match reason {
        CloseReason::BadRequest { api: Some((api_key, version)), error } => match error.kind() {
            DecodeErrorKind::UnsupportedVersion { .. } | DecodeErrorKind::UnknownApiKey(_) => {
                tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing: not served");
            }
            _ => log_bad_request(peer, broker, Some(*api_key), Some(*version), reason),
        },
        CloseReason::BadRequest { api: None, .. } => log_bad_request(peer, broker, None, None, reason),
        CloseReason::BadAnswer { api: (api_key, version), .. } => {
            tracing::warn!(%peer, %broker, %api_key, version, %reason, "closing");
        }
        CloseReason::Panicked => tracing::error!(%peer, %broker, %reason, "closing"),
        CloseReason::Overrun => tracing::warn!(%peer, %broker, %reason, "closing"),
        CloseReason::Failed | CloseReason::Fault(_) | CloseReason::BrokerStopped => {
            tracing::debug!(%peer, %broker, %reason, "closing");
        }
    }
}

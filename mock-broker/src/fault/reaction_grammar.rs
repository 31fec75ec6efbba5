//! Reactions as text: `drop_response`, `error=NOT_ENOUGH_REPLICAS`, `delay_after=250ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use protocol::{ApiKey, ErrorCode, nearest};

use super::{Corruption, Reaction};
use crate::words::{TIME, Time, time};

/// Every word for a reaction, with what stands behind it, if something does.
const REACTIONS: &[(&str, &str)] = &[
    ("error", "CODE"),
    ("apply_then_error", "CODE"),
    ("delay_before", "TIME"),
    ("delay_after", "TIME"),
    ("hold_before", ""),
    ("hold_after", ""),
    ("drop_request", ""),
    ("drop_response", ""),
    ("half_response", "[BYTES]"),
    ("close", ""),
    ("reset", ""),
    ("corrupt", "length, correlation_id, crc, garbage or raw:HEX"),
    ("duplicate", ""),
    ("reorder", ""),
    ("throttle", "TIME"),
    ("bandwidth", "BYTES a second"),
    ("silence", ""),
    ("stop_reading", ""),
    ("refuse_connections", ""),
    ("stale_metadata", ""),
    ("pretend_version", "API:MAX,…"),
    ("observe", ""),
];

const CORRUPTIONS: [&str; 5] = ["length", "correlation_id", "crc", "garbage", "raw"];

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail(code) => write!(f, "error={}", Code(*code)),
            Self::ApplyThenFail(code) => write!(f, "apply_then_error={}", Code(*code)),
            Self::DelayBefore(delay) => write!(f, "delay_before={}", Time(*delay)),
            Self::DelayAfter(delay) => write!(f, "delay_after={}", Time(*delay)),
            Self::HoldBefore => f.write_str("hold_before"),
            Self::HoldAfter => f.write_str("hold_after"),
            Self::DropRequest => f.write_str("drop_request"),
            Self::DropResponse => f.write_str("drop_response"),
            Self::HalfResponse(None) => f.write_str("half_response"),
            Self::HalfResponse(Some(bytes)) => write!(f, "half_response={bytes}"),
            Self::Close => f.write_str("close"),
            Self::Reset => f.write_str("reset"),
            Self::Corrupt(corruption) => write!(f, "corrupt={corruption}"),
            Self::Duplicate => f.write_str("duplicate"),
            Self::Reorder => f.write_str("reorder"),
            Self::Throttle(time) => write!(f, "throttle={}", Time(*time)),
            Self::Bandwidth(bytes) => write!(f, "bandwidth={bytes}"),
            Self::Silence => f.write_str("silence"),
            Self::StopReading => f.write_str("stop_reading"),
            Self::RefuseConnections => f.write_str("refuse_connections"),
            Self::StaleMetadata => f.write_str("stale_metadata"),
            Self::PretendVersion(versions) => {
                f.write_str("pretend_version=")?;
                for (index, (api_key, max)) in versions.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{api_key}:{max}")?;
                }
                Ok(())
            }
            Self::Observe => f.write_str("observe"),
            Self::Panic => f.write_str("panic"),
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("length"),
            Self::CorrelationId => f.write_str("correlation_id"),
            Self::Crc => f.write_str("crc"),
            Self::Garbage => f.write_str("garbage"),
            Self::Raw(bytes) => {
                f.write_str("raw:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// A code by its name, or its number if it has none.
struct Code(ErrorCode);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0.0),
        }
    }
}

/// Reads a reaction; what is wrong with it if it is none.
pub(super) fn reaction(text: &str) -> Result<Reaction, String> {
    let (word, value) = match text.split_once('=') {
        Some((word, value)) => (word, Some(value)),
        None => (text, None),
    };
    let Some((_, shape)) = REACTIONS.iter().find(|(known, _)| *known == word) else {
        let nearest = nearest(word, REACTIONS.iter().map(|(known, _)| *known)).unwrap_or_default();
        return Err(format!("nothing that happens is called `{word}`; the nearest is `{nearest}`"));
    };
    let value = match (value, *shape) {
        (None, "" | "[BYTES]") => return Ok(plain(word)),
        (Some(_), "") => return Err(format!("`{word}` stands alone, without `=`")),
        (None | Some(""), shape) => return Err(format!("`{word}` lacks what it is: {word}={shape}")),
        (Some(value), _) => value,
    };
    Ok(match word {
        "error" => Reaction::Fail(code(value)?),
        "apply_then_error" => Reaction::ApplyThenFail(code(value)?),
        "delay_before" => Reaction::DelayBefore(duration(value)?),
        "delay_after" => Reaction::DelayAfter(duration(value)?),
        "throttle" => Reaction::Throttle(duration(value)?),
        "half_response" => Reaction::HalfResponse(Some(number(value)?)),
        "bandwidth" => Reaction::Bandwidth(number(value)?),
        "corrupt" => Reaction::Corrupt(corruption(value)?),
        _ => Reaction::PretendVersion(value.split(',').map(highest).collect::<Result<_, _>>()?),
    })
}

/// The reactions that stand alone.
fn plain(word: &str) -> Reaction {
    match word {
        "hold_before" => Reaction::HoldBefore,
        "hold_after" => Reaction::HoldAfter,
        "drop_request" => Reaction::DropRequest,
        "drop_response" => Reaction::DropResponse,
        "half_response" => Reaction::HalfResponse(None),
        "close" => Reaction::Close,
        "reset" => Reaction::Reset,
        "duplicate" => Reaction::Duplicate,
        "reorder" => Reaction::Reorder,
        "silence" => Reaction::Silence,
        "stop_reading" => Reaction::StopReading,
        "refuse_connections" => Reaction::RefuseConnections,
        "stale_metadata" => Reaction::StaleMetadata,
        _ => Reaction::Observe,
    }
}

/// An error code, by name or number.
pub(crate) fn code(text: &str) -> Result<ErrorCode, String> {
    if let Ok(number) = text.parse() {
        return Ok(ErrorCode(number));
    }
    let names = || ErrorCode::ALL.iter().filter_map(|code| Some((*code, code.name()?)));
    names().find(|(_, name)| *name == text).map(|(code, _)| code).ok_or_else(|| {
        let nearest = nearest(text, names().map(|(_, name)| name)).unwrap_or_default();
        format!("no error code is called `{text}`; the nearest is `{nearest}`")
    })
}

/// An API, by name.
pub(crate) fn api(text: &str) -> Result<ApiKey, String> {
    let names = || ApiKey::ALL.iter().filter_map(|key| Some((*key, key.name()?)));
    names().find(|(_, name)| *name == text).map(|(key, _)| key).ok_or_else(|| {
        let nearest = nearest(text, names().map(|(_, name)| name).chain(["any"])).unwrap_or_default();
        format!("no API is called `{text}`; the nearest is `{nearest}`")
    })
}

fn highest(text: &str) -> Result<(ApiKey, i16), String> {
    let (name, max) =
        text.split_once(':').ok_or_else(|| format!("`{text}` is not API:MAX, such as Produce:7"))?;
    Ok((api(name)?, number(max)?))
}

fn corruption(text: &str) -> Result<Corruption, String> {
    match text.split_once(':') {
        None if text == "length" => Ok(Corruption::Length),
        None if text == "correlation_id" => Ok(Corruption::CorrelationId),
        None if text == "crc" => Ok(Corruption::Crc),
        None if text == "garbage" => Ok(Corruption::Garbage),
        Some(("raw", hex)) => bytes(hex)
            .map(Corruption::Raw)
            .ok_or_else(|| format!("`{hex}` is not bytes in hexadecimal digits, two a byte")),
        None if text == "raw" => Err("`raw` lacks its bytes: raw:HEX".to_owned()),
        _ => {
            let nearest = nearest(text, CORRUPTIONS).unwrap_or_default();
            Err(format!("no damage is called `{text}`; the nearest is `{nearest}`"))
        }
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    time(text).ok_or_else(|| format!("`{text}` is no time; {TIME}"))
}

pub(crate) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a whole number, or out of range"))
}

//! What happens to a request that a rule strikes.

use std::time::Duration;

use protocol::{ApiKey, ErrorCode};

/// What happens to a request that a rule strikes.
///
/// Behind each, the word for it in text (`then=…`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// `error=CODE`: answer with this error, for what the rule names and nothing else; that part of the request is not
    /// carried out.
    Fail(ErrorCode),
    /// `apply_then_error=CODE`: carry it out, and answer with this error nevertheless.
    ApplyThenFail(ErrorCode),
    /// `delay_before=TIME`: handle the request so much later.
    DelayBefore(Duration),
    /// `delay_after=TIME`: handle it at once, answer so much later.
    DelayAfter(Duration),
    /// `hold_before`: handle the request when the rule ends: it is released or removed, or its time is over.
    HoldBefore,
    /// `hold_after`: handle it at once, answer when the rule ends.
    HoldAfter,
    /// `drop_request`: close the connection before handling: it did not happen.
    DropRequest,
    /// `drop_response`: handle it, then close the connection: it happened, and the client cannot know.
    DropResponse,
    /// `half_response`, `half_response=BYTES`: handle it, write half of the answer or so many bytes of it, and close.
    HalfResponse(Option<usize>),
    /// `close`: handle it, answer, and close the connection behind the answer.
    Close,
    /// `reset`: handle it, then reset the connection (RST) instead of an answer. What was answered before and not
    /// read yet is lost too.
    Reset,
    /// `corrupt=…`: handle it, and answer with damaged bytes.
    Corrupt(Corruption),
    /// `duplicate`: answer twice.
    Duplicate,
    /// `reorder`: answer behind the next answer on the connection; if none comes, when the rule ends.
    Reorder,
    /// `throttle=TIME`: answer at once, and say that the client was throttled so long (`throttle_time_ms`), where the
    /// answer has a place for it.
    Throttle(Duration),
    /// `bandwidth=BYTES`: write the answer at so many bytes a second.
    Bandwidth(u32),
    /// `silence`: handle nothing and answer nothing from this request on; the connection stays open, and what comes is
    /// thrown away.
    Silence,
    /// `stop_reading`: handle and answer this request, and read no more from its connection until the rule ends.
    StopReading,
    /// `refuse_connections`: while the rule lasts, nobody can connect to the broker; connections that are open stay.
    RefuseConnections,
    /// `stale_metadata`: answer Metadata as it was when the rule began.
    StaleMetadata,
    /// `pretend_version=API:MAX,…`: show these highest versions in ApiVersions, and refuse requests above them as a
    /// broker does that is so old. An API whose lowest version is higher is not there at all.
    PretendVersion(Vec<(ApiKey, i16)>),
    /// `observe`: nothing. It is only counted.
    Observe,
    /// Panic while handling it, to see that the broker lives on. It has no place in the grammar.
    #[doc(hidden)]
    Panic,
}

/// How the bytes of an answer are damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// `length`: the length in front says one byte less than there is.
    Length,
    /// `correlation_id`: all its bits are turned.
    CorrelationId,
    /// `crc`: in every record batch, a bit of the checksum is turned.
    Crc,
    /// `garbage`: behind the correlation id stand as many bytes as before, by the cluster's seed.
    Garbage,
    /// `raw:HEX`: these bytes instead of the whole answer, its length included.
    Raw(Vec<u8>),
}

impl Reaction {
    /// Whether it is about a broker as long as the rule lasts, rather than about single requests.
    pub(super) fn is_condition(&self) -> bool {
        matches!(self, Self::RefuseConnections | Self::PretendVersion(_))
    }

    /// Whether something waits for the end of the rule.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self, Self::HoldBefore | Self::HoldAfter | Self::StopReading | Self::Reorder)
    }
}

//! Scenarios of single requests: lost, late, refused, misunderstood.

use std::time::Duration;

use protocol::{ApiKey, ErrorCode};

use super::plot::Plot;
use super::script::Deed;
use crate::fault::{Fault, Reaction};

pub(super) const PLOTS: &[Plot] = &[
    Plot {
        name: "lost-ack",
        happens: "the second request with records is carried out, and the connection closes instead of an answer",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        script: |cast| cast.begin().rule(cast.produce().nth(2).then(Reaction::DropResponse)).end(),
        ..Plot::USUAL
    },
    Plot {
        name: "half-ack",
        happens: "of the second answer to records half arrives, then the connection closes",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        script: |cast| cast.begin().rule(cast.produce().nth(2).then(Reaction::HalfResponse(None))).end(),
        ..Plot::USUAL
    },
    Plot {
        name: "lost-request",
        happens: "the second request with records is lost on its way, and the connection closes",
        remedy: "waits for answers (acks=1 or all): who wants none never learns of it",
        script: |cast| cast.begin().rule(cast.produce().nth(2).then(Reaction::DropRequest)).end(),
        ..Plot::USUAL
    },
    Plot {
        name: "late-ack",
        happens: "two requests with records are carried out and answered 3 s later, when a client may have given them up",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        script: |cast| {
            let late = Reaction::DelayAfter(Duration::from_secs(3));
            cast.begin().rule(cast.produce().after(1).first(2).then(late)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "silent-broker",
        happens: "the broker hears the second request with records, says nothing any more on that connection, and keeps it open",
        remedy: "gives a request up long before the record (request.timeout.ms well below delivery.timeout.ms)",
        script: |cast| cast.begin().rule(cast.produce().nth(2).then(Reaction::Silence)).end(),
        ..Plot::USUAL
    },
    Plot {
        name: "error-amid-others",
        happens: "the first request with records is answered NOT_ENOUGH_REPLICAS while others are under way behind it",
        remedy: "is idempotent (enable.idempotence), or has one request under way (max.in.flight.requests.per.connection=1): \
                 else the order is lost",
        script: |cast| {
            let error = Reaction::Fail(ErrorCode::NOT_ENOUGH_REPLICAS);
            cast.begin().rule(cast.produce().nth(1).then(error)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "storage-error",
        happens: "three requests with records are answered KAFKA_STORAGE_ERROR",
        remedy: "tries again (retries)",
        script: |cast| {
            let error = Reaction::Fail(ErrorCode::KAFKA_STORAGE_ERROR);
            cast.begin().rule(cast.produce().after(1).first(3).then(error)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "message-too-large",
        happens: "the topic takes no batch above 1,000 bytes (max.message.bytes): MESSAGE_TOO_LARGE, which no trying again mends",
        remedy: "compresses (compression.type), or sends smaller records: the limit is for batches as they are stored",
        topic: &[("max.message.bytes", "1000")],
        needs: &["max.message.bytes"],
        ..Plot::USUAL
    },
    Plot {
        name: "leader-moved",
        happens: "another replica leads a second after the first records: NOT_LEADER_OR_FOLLOWER, with the new leader's name where the version \
                  has a place for it (KIP-951)",
        remedy: "tries again (retries), at the new leader",
        script: |cast| cast.begin().then(1040, cast.lead(cast.followers[0])).end(),
        ..Plot::USUAL
    },
    Plot {
        name: "stale-metadata",
        happens: "another replica leads after the first records, and for 3 s Metadata says otherwise; answers to Produce name no leader",
        remedy: "keeps asking, and trying, for longer than metadata may be out of date (delivery.timeout.ms)",
        script: |cast| {
            let stale = Fault::on(ApiKey::METADATA).named(STALE).then(Reaction::StaleMetadata);
            let old = Reaction::PretendVersion(vec![(ApiKey::PRODUCE, LAST_WITHOUT_HINTS)]);
            cast.begin()
                .rule(Fault::on_any().then(old))
                .then(50, stale)
                .then(50, cast.lead(cast.followers[0]))
                .then(3050, Deed::End(STALE.to_owned()))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "coordinator-loading",
        happens: "the first ten requests for a producer id are answered COORDINATOR_LOAD_IN_PROGRESS",
        remedy: "keeps asking for longer than loading takes (delivery.timeout.ms)",
        script: |cast| {
            let loading = Reaction::Fail(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
            cast.begin().rule(Fault::on(ApiKey::INIT_PRODUCER_ID).first(10).then(loading)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "old-broker",
        happens: "the brokers show what they were before Kafka 2.1: Produce up to 6, Metadata up to 6, InitProducerId up to 1",
        remedy: "speaks the versions that it is shown, and does without what they lack: no compression.type=zstd",
        script: |cast| {
            let old = [
                (ApiKey::PRODUCE, 6),
                (ApiKey::METADATA, 6),
                (ApiKey::INIT_PRODUCER_ID, 1),
                (ApiKey::API_VERSIONS, 2),
            ];
            cast.begin().rule(Fault::on_any().then(Reaction::PretendVersion(old.to_vec()))).end()
        },
        ..Plot::USUAL
    },
];

const STALE: &str = "stale";
/// From Produce 10 on answers name the leader (KIP-951).
const LAST_WITHOUT_HINTS: i16 = 9;

//! Scenarios of whole brokers, disks and networks: the usual incidents.

use std::time::Duration;

use protocol::ErrorCode;

use super::plot::{Plot, Story};
use super::script::Deed;
use crate::action::Action;
use crate::fault::{Fault, Reaction};

pub(super) const PLOTS: &[Plot] = &[
    Plot {
        name: "rolling-restart",
        happens: "one broker after the other stops in good order and is back a second later, beginning with the leader",
        remedy: "tries again (retries), at whoever leads",
        script: |cast| {
            let restart = |story: Story, (at, broker)| {
                story.then(at, Action::StopBroker(broker)).then(at + 1000, Action::StartBroker(broker))
            };
            let times = (0..).map(|nth| 500 + 2000 * nth);
            times.zip(cast.replicas()).fold(cast.begin(), restart).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "brokers-not-up-yet",
        happens: "no broker takes connections in the first 3 s",
        remedy: "waits for the cluster (max.block.ms)",
        script: |cast| {
            let refuse = Fault::on_any().until(Duration::from_secs(3)).then(Reaction::RefuseConnections);
            cast.begin().rule(refuse).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "slow-disk",
        happens: "ten requests with records take 700 ms each",
        remedy: "gives records the time that a slow disk needs (delivery.timeout.ms)",
        script: |cast| {
            let slow = Reaction::DelayBefore(Duration::from_millis(700));
            cast.begin().rule(cast.produce().after(1).first(10).then(slow)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "full-disk",
        happens: "from the third request on, for 5 s, records are answered KAFKA_STORAGE_ERROR",
        remedy: "keeps trying for longer than it takes to make room (delivery.timeout.ms)",
        script: |cast| {
            let full = Reaction::Fail(ErrorCode::KAFKA_STORAGE_ERROR);
            cast.begin()
                .after(2, 0, cast.produce().named(FULL).then(full))
                .after(2, 5000, Deed::End(FULL.to_owned()))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "flapping-leader",
        happens: "every 150 ms, twenty times, the next replica leads",
        remedy: "tries again (retries), as often as it takes",
        script: |cast| {
            let turns = (1..=20).zip(cast.replicas().cycle().skip(1));
            let turn = |story: Story, (nth, broker): (u64, _)| story.then(150 * nth, cast.lead(broker));
            turns.fold(cast.begin(), turn).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "flaky-network",
        happens: "one in five answers to records is lost with its connection, by the cluster's seed",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        script: |cast| cast.begin().rule(cast.produce().probability(0.2).then(Reaction::DropResponse)).end(),
        ..Plot::USUAL
    },
];

const FULL: &str = "full-disk";

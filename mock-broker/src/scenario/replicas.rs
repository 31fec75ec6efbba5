//! Scenarios of replicas: what an acknowledgement is worth.

use std::time::Duration;

use super::plot::Plot;
use crate::action::{Action, Lag};
use crate::config::ReplicationRules;

pub(super) const PLOTS: &[Plot] = &[
    Plot {
        name: "follower-down",
        happens: "one of three replicas crashes after the first records and is back after 5 s; min.insync.replicas is 3, so that \
                  acks=all is answered NOT_ENOUGH_REPLICAS meanwhile",
        remedy: "keeps trying for longer than an outage takes (delivery.timeout.ms)",
        most_replicas: 3,
        topic: &[("min.insync.replicas", "3")],
        needs: &["min.insync.replicas"],
        script: |cast| {
            let follower = cast.followers[0];
            cast.begin()
                .then(50, Action::CrashBroker(follower))
                .then(5050, Action::StartBroker(follower))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "followers-down",
        happens: "both followers crash after the first records and are back after 5 s; min.insync.replicas is 2, so that acks=all is \
                  answered NOT_ENOUGH_REPLICAS meanwhile",
        remedy: "keeps trying for longer than an outage takes (delivery.timeout.ms)",
        needs: &["min.insync.replicas"],
        script: |cast| {
            let followers = || cast.followers.iter().copied();
            cast.begin()
                .all(50, followers().map(Action::CrashBroker))
                .all(5050, followers().map(Action::StartBroker))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "single-replica-down",
        happens: "the one broker that has the partition crashes after the first records and is back, with its log, after 3 s",
        remedy: "keeps trying for longer than an outage takes (delivery.timeout.ms)",
        replicas: 1,
        most_replicas: 1,
        topic: &[],
        script: |cast| {
            cast.begin()
                .then(50, Action::CrashBroker(cast.leader))
                .then(3050, Action::StartBroker(cast.leader))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "leader-crash-after-ack1",
        happens: "the leader crashes 100 ms after the first records, which no follower has copied yet; a follower leads from then on",
        remedy: "waits for all in-sync replicas (acks=all)",
        script: |cast| {
            let lag = |lag| cast.followers.iter().map(move |broker| cast.lag(*broker, lag));
            cast.begin()
                .first(lag(Lag::Time(Duration::from_secs(20))))
                .then(100, Action::CrashBroker(cast.leader))
                .all(100, lag(Lag::None))
                .then(3000, Action::StartBroker(cast.leader))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "leader-crash-during-acks-all",
        happens: "the leader crashes while acks=all still waits for the followers; one of them leads from then on",
        remedy: "tries again (retries), with idempotence, for it cannot know what was stored",
        script: |cast| {
            let lag = |lag| cast.followers.iter().map(move |broker| cast.lag(*broker, lag));
            cast.begin()
                .first(lag(Lag::Time(Duration::from_millis(400))))
                .then(100, Action::CrashBroker(cast.leader))
                .all(100, lag(Lag::None))
                .then(3000, Action::StartBroker(cast.leader))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "election-in-progress",
        happens: "the leader crashes and nobody is elected for 3 s: LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, then the new leader",
        remedy: "keeps trying for longer than an election takes (delivery.timeout.ms)",
        script: |cast| {
            cast.begin()
                .then(50, Action::HoldElections(true))
                .then(50, Action::CrashBroker(cast.leader))
                .then(3050, Action::HoldElections(false))
                .then(4000, Action::StartBroker(cast.leader))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "unclean-election",
        happens: "the followers fall behind and out of the in-sync set, then the leader crashes, and one of them is elected \
                  nevertheless (unclean.leader.election.enable); min.insync.replicas is 1",
        remedy: "asks for topics with min.insync.replicas of at least 2: acks=all is worth no more than that",
        topic: &[("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")],
        settings: &[("replica.lag.time.max.ms", "500")],
        needs: &["unclean.leader.election.enable", "replica.lag.time.max.ms"],
        script: |cast| {
            let lag = |lag| cast.followers.iter().map(move |broker| cast.lag(*broker, lag));
            cast.begin()
                .all(50, lag(Lag::Frozen))
                .then(3000, Action::CrashBroker(cast.leader))
                .all(3000, lag(Lag::None))
                .then(6000, Action::StartBroker(cast.leader))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "replicas-too-slow",
        happens: "for 6 s followers copy 4 s late: acks=all is answered REQUEST_TIMED_OUT past the request's time, and the records stay",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        script: |cast| {
            let lag = |lag| cast.followers.iter().map(move |broker| cast.lag(*broker, lag));
            cast.begin().first(lag(Lag::Time(Duration::from_secs(4)))).all(6000, lag(Lag::None)).end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "in-sync-set-shrinks-after-append",
        happens: "both followers crash while acks=all waits for them, under the rules before Kafka 3.7: \
                  NOT_ENOUGH_REPLICAS_AFTER_APPEND, and the records stay; they are back after 3 s",
        remedy: "is idempotent (enable.idempotence), so that what is sent again is stored once",
        needs: &["min.insync.replicas"],
        rules: Some(ReplicationRules::BeforeKafka37),
        script: |cast| {
            let followers = || cast.followers.iter().copied();
            let lag = |lag| cast.followers.iter().map(move |broker| cast.lag(*broker, lag));
            cast.begin()
                .first(lag(Lag::Time(Duration::from_secs(2))))
                .all(100, followers().map(Action::CrashBroker))
                .all(3000, followers().map(Action::StartBroker))
                .all(3000, lag(Lag::None))
                .end()
        },
        ..Plot::USUAL
    },
    Plot {
        name: "min-isr-above-replicas",
        happens: "min.insync.replicas is 2 and the topic has one replica, under the rules before Kafka 3.7: every acks=all is \
                  answered NOT_ENOUGH_REPLICAS",
        remedy: "says what it finds: nothing but acks=1 or another setting of the topic helps",
        replicas: 1,
        most_replicas: 1,
        needs: &["min.insync.replicas"],
        rules: Some(ReplicationRules::BeforeKafka37),
        ..Plot::USUAL
    },
];

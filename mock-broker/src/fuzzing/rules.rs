//! Fault rules out of dice, as text.

use protocol::fuzzing::Source;

use super::watch::Watch;
use super::{TOPICS, pick};
use crate::{Action, Cluster, Fault};

const APIS: [&str; 9] = [
    "any",
    "Produce",
    "Fetch",
    "Metadata",
    "ApiVersions",
    "JoinGroup",
    "CreateTopics",
    "ListOffsets",
    "Heartbeat",
];

const WHEN: [&str; 8] =
    ["", " nth=1", " nth=2", " first=3", " every=2", " after=1", " probability=0.5", " from=10ms until=2s"];

const REACTIONS: [&str; 32] = [
    "error=NOT_LEADER_OR_FOLLOWER",
    "error=UNKNOWN_SERVER_ERROR",
    "error=REBALANCE_IN_PROGRESS",
    "apply_then_error=REQUEST_TIMED_OUT",
    "delay_before=5ms",
    "delay_before=2s",
    "delay_after=5ms",
    "delay_after=1s",
    "hold_before",
    "hold_after",
    "drop_request",
    "drop_response",
    "half_response",
    "half_response=5",
    "half_response=0",
    "close",
    "reset",
    "corrupt=length",
    "corrupt=correlation_id",
    "corrupt=crc",
    "corrupt=garbage",
    "corrupt=raw:00000001ff",
    "duplicate",
    "reorder",
    "throttle=100ms",
    "bandwidth=100",
    "silence",
    "stop_reading",
    "refuse_connections",
    "stale_metadata",
    "pretend_version=Produce:3,Fetch:4",
    "observe",
];

/// Adds a rule, or takes one away, or lets go what it holds.
pub(super) fn change(cluster: &mut Cluster, watch: &mut Watch, source: &mut Source<'_>) {
    let ids: Vec<_> = cluster.faults().map(|(id, _)| id).collect();
    match (source.below(8), ids.get(usize::from(source.byte()) % ids.len().max(1))) {
        (0, Some(id)) => assert!(cluster.remove_fault(*id)),
        // It says whether the rule holds things at all.
        (1, Some(id)) => _ = cluster.release_fault(*id),
        (2, _) => {
            // Any text is a rule, or an action, or a sentence says why it is none.
            let length = source.length();
            let text = source.text(length);
            assert!(!text.parse::<Fault>().is_err_and(|error| error.to_string().is_empty()));
            assert!(!text.parse::<Action>().is_err_and(|error| error.to_string().is_empty()));
        }
        _ => add(cluster, watch, source),
    }
}

fn add(cluster: &mut Cluster, watch: &mut Watch, source: &mut Source<'_>) {
    let mut text = format!("on={}", pick(source, &APIS));
    if source.flag() {
        text += &format!(" topic={}", pick(source, &TOPICS));
    }
    if source.below(4) == 0 {
        text += &format!(" broker={}", source.below(4) + 1);
    }
    text += *pick(source, &WHEN);
    text += &format!(" then={}", pick(source, &REACTIONS));
    let Ok(fault) = text.parse::<Fault>() else { return };
    assert_eq!(fault.to_string().parse().as_ref(), Ok(&fault), "a rule that is not read as it is written");
    if cluster.check_fault(&fault).is_ok() {
        watch.rule(&fault);
        cluster.add_fault(fault);
    }
}

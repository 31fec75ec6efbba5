//! Classic groups, request by request.

use bytes::Bytes;
use harness::raw::{Raw, Transcript};
use protocol::messages::join_group::JoinGroupRequestProtocol;
use protocol::messages::leave_group::MemberIdentity;
use protocol::messages::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_delete::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use protocol::messages::sync_group::SyncGroupRequestAssignment;
use protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    SyncGroupRequest,
};

use super::{await_coordinator, create_topic};

type Played = Result<(), String>;

const TOPIC: &str = "raw.groups";
const ABSENT: &str = "raw.absent";

/// A subscription to [`TOPIC`], as a consumer writes it.
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\x01\0\x0araw.groups\xff\xff\xff\xff";

fn join(group: &str, member: &str, protocols: &[&str]) -> JoinGroupRequest {
    let protocol = |name: &&str| JoinGroupRequestProtocol {
        name: (*name).into(),
        metadata: Bytes::from_static(SUBSCRIPTION),
        ..Default::default()
    };
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: protocols.iter().map(protocol).collect(),
        ..Default::default()
    }
}

fn sync(group: &str, generation: i32, member: &str, assigned: &[(&str, &'static [u8])]) -> SyncGroupRequest {
    let assignment = |(member, bytes): &(&str, &'static [u8])| SyncGroupRequestAssignment {
        member_id: (*member).into(),
        assignment: Bytes::from_static(bytes),
        ..Default::default()
    };
    SyncGroupRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assigned.iter().map(assignment).collect(),
        ..Default::default()
    }
}

fn heartbeat(group: &str, generation: i32, member: &str) -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        ..Default::default()
    }
}

fn commit(
    group: &str,
    generation: i32,
    member: &str,
    topic: &str,
    offsets: &[(i32, i64)],
) -> OffsetCommitRequest {
    let partition = |(index, offset): &(i32, i64)| OffsetCommitRequestPartition {
        partition_index: *index,
        committed_offset: *offset,
        committed_metadata: Some("note".into()),
        ..Default::default()
    };
    OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: generation,
        member_id: member.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: topic.into(),
            partitions: offsets.iter().map(partition).collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn fetch(group: &str, topics: Option<&[&str]>) -> OffsetFetchRequest {
    let topic = |name: &&str| OffsetFetchRequestTopics {
        name: (*name).into(),
        partition_indexes: vec![0, 1, 7].into(),
        ..Default::default()
    };
    let group = OffsetFetchRequestGroup {
        group_id: group.into(),
        topics: topics.map(|topics| topics.iter().map(topic).collect()),
        ..Default::default()
    };
    OffsetFetchRequest { groups: vec![group], ..Default::default() }
}

fn old_fetch(group: &str, topics: Option<&[&str]>) -> OffsetFetchRequest {
    let topic = |name: &&str| OffsetFetchRequestTopic {
        name: (*name).into(),
        partition_indexes: vec![0, 1, 7].into(),
        ..Default::default()
    };
    OffsetFetchRequest {
        group_id: group.into(),
        topics: topics.map(|topics| topics.iter().map(topic).collect()),
        ..Default::default()
    }
}

fn describe(group: &str) -> DescribeGroupsRequest {
    DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() }
}

fn leave(group: &str, members: &[(&str, Option<&str>)]) -> LeaveGroupRequest {
    let member = |(id, instance): &(&str, Option<&str>)| MemberIdentity {
        member_id: (*id).into(),
        group_instance_id: instance.map(Into::into),
        ..Default::default()
    };
    LeaveGroupRequest {
        group_id: group.into(),
        members: members.iter().map(member).collect(),
        ..Default::default()
    }
}

fn offset_delete(group: &str, topic: &str) -> OffsetDeleteRequest {
    let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
    OffsetDeleteRequest {
        group_id: group.into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: topic.into(),
            partitions: [0, 9].map(partition).into(),
        }],
    }
}

fn delete(group: &str) -> DeleteGroupsRequest {
    DeleteGroupsRequest { groups_names: vec![group.into()], ..Default::default() }
}

/// Gets an id from the broker, and joins with it.
fn join_twice(
    raw: &mut Raw,
    transcript: &mut Transcript,
    group: &str,
    name: &str,
) -> Result<JoinGroupResponse, String> {
    let first = raw.ask(9, &join(group, "", &["range", "roundrobin"]))?;
    transcript.name(&first.member_id, name);
    transcript.note("join without an id", &first);
    raw.ask(9, &join(group, &first.member_id, &["range", "roundrobin"]))
}

/// One member: joins, gets its assignment, commits, is described, leaves; and every error on the way.
pub(super) fn one_member(address: &str, transcript: &mut Transcript) -> Played {
    let mut raw = Raw::connect(address)?;
    let group = "raw.one";
    create_topic(&mut raw, TOPIC, 2)?;
    await_coordinator(&mut raw, group, 0)?;

    let mut bad = join(group, "", &["range"]);
    bad.session_timeout_ms = 10;
    transcript.note("session too short", &raw.ask(9, &bad)?);
    bad.session_timeout_ms = 10_000_000;
    transcript.note("session too long", &raw.ask(5, &bad)?);
    transcript.note("no protocols", &raw.ask(9, &join(group, "", &[]))?);
    transcript.note("unknown member of an empty group", &raw.ask(9, &join(group, "nobody", &["range"]))?);
    transcript.note("no group id", &raw.ask(9, &join("", "", &["range"]))?);
    transcript.note("no group id, old", &raw.ask(2, &join("", "", &["range"]))?);

    let joined = join_twice(&mut raw, transcript, group, "MEMBER")?;
    transcript.note("joined", &joined);
    let (generation, member) = (joined.generation_id, joined.member_id.clone());
    let member = &*member;

    transcript.note("join again, the same", &raw.ask(9, &join(group, member, &["range", "roundrobin"]))?);
    transcript.note("other type", &{
        let mut other = join(group, "", &["range"]);
        other.protocol_type = "connect".into();
        raw.ask(9, &other)?
    });
    transcript.note("no common protocol", &raw.ask(9, &join(group, "", &["sticky"]))?);
    transcript.note("describe, completing", &raw.ask(6, &describe(group))?);
    transcript
        .note("commit while completing", &raw.ask(8, &commit(group, generation, member, TOPIC, &[(0, 1)]))?);
    transcript.note("heartbeat while completing", &raw.ask(4, &heartbeat(group, generation, member))?);
    transcript.note("sync, old generation", &raw.ask(5, &sync(group, generation - 1, member, &[]))?);
    transcript.note("sync, unknown member", &raw.ask(5, &sync(group, generation, "nobody", &[]))?);
    transcript.note("sync, other protocol", &{
        let mut other = sync(group, generation, member, &[]);
        other.protocol_name = Some("roundrobin".into());
        raw.ask(5, &other)?
    });
    transcript.note("sync without protocol", &{
        let mut other = sync(group, generation, member, &[]);
        other.protocol_name = None;
        raw.ask(5, &other)?
    });
    transcript.note("sync", &raw.ask(5, &sync(group, generation, member, &[(member, b"yours")]))?);
    for version in 0..=5 {
        transcript.note("sync again", &raw.ask(version, &sync(group, generation, member, &[]))?);
    }
    for version in 0..=6 {
        transcript.note("describe, stable", &raw.ask(version, &describe(group))?);
    }
    let rights = DescribeGroupsRequest { include_authorized_operations: true, ..describe(group) };
    transcript.note("describe with rights", &raw.ask(5, &rights)?);

    transcript.note("heartbeat", &raw.ask(4, &heartbeat(group, generation, member))?);
    transcript.note("heartbeat, old generation", &raw.ask(0, &heartbeat(group, generation - 1, member))?);
    transcript.note("heartbeat, unknown member", &raw.ask(3, &heartbeat(group, generation, "nobody"))?);
    transcript.note("heartbeat, no group", &raw.ask(3, &heartbeat("", generation, "nobody"))?);

    for version in 2..=9 {
        let offset = 10 + i64::from(version);
        transcript.note(
            "commit",
            &raw.ask(version, &commit(group, generation, member, TOPIC, &[(0, offset), (9, 1)]))?,
        );
        transcript.note(
            "old generation",
            &raw.ask(version, &commit(group, generation + 1, member, TOPIC, &[(0, 1)]))?,
        );
        transcript.note(
            "unknown member",
            &raw.ask(version, &commit(group, generation, "nobody", TOPIC, &[(0, 1)]))?,
        );
        transcript.note("no member", &raw.ask(version, &commit(group, -1, "", TOPIC, &[(0, 1)]))?);
        transcript
            .note("absent topic", &raw.ask(version, &commit(group, generation, member, ABSENT, &[(0, 1)]))?);
    }
    let mut long = commit(group, generation, member, TOPIC, &[(0, 1)]);
    long.topics[0].partitions[0].committed_metadata = Some("x".repeat(5000).into());
    transcript.note("long metadata", &raw.ask(8, &long)?);
    for version in 1..=7 {
        transcript.note("fetch", &raw.ask(version, &old_fetch(group, Some(&[TOPIC, ABSENT])))?);
    }
    transcript.note("fetch all, old", &raw.ask(7, &old_fetch(group, None))?);
    for version in 8..=9 {
        transcript.note("fetch", &raw.ask(version, &fetch(group, Some(&[TOPIC, ABSENT])))?);
        transcript.note("fetch all", &raw.ask(version, &fetch(group, None))?);
    }
    transcript.note("unknown topic id", &raw.ask(10, &fetch(group, Some(&[TOPIC])))?);
    transcript.note(
        "commit to an unknown topic id",
        &raw.ask(10, &commit(group, generation, member, "", &[(0, 1)]))?,
    );
    transcript.note("offset delete, subscribed", &raw.ask(0, &offset_delete(group, TOPIC))?);
    transcript.note("offset delete, absent topic", &raw.ask(0, &offset_delete(group, ABSENT))?);
    transcript.note("delete, not empty", &raw.ask(2, &delete(group))?);

    transcript.note("leave, unknown", &raw.ask(5, &leave(group, &[("nobody", None)]))?);
    transcript.note("leave", &raw.ask(5, &leave(group, &[(member, None), (member, None), ("", Some("x"))]))?);
    transcript.note(
        "leave again",
        &raw.ask(2, &LeaveGroupRequest { member_id: member.into(), ..leave(group, &[]) })?,
    );
    transcript.note("heartbeat of one who left", &raw.ask(4, &heartbeat(group, generation, member))?);
    transcript.note("sync of one who left", &raw.ask(5, &sync(group, generation, member, &[]))?);
    transcript.note("describe, empty", &raw.ask(6, &describe(group))?);
    transcript.note("commit to an empty group", &raw.ask(8, &commit(group, -1, "", TOPIC, &[(1, 5)]))?);
    transcript
        .note("commit to an empty group as somebody", &raw.ask(8, &commit(group, 1, "m", TOPIC, &[(1, 6)]))?);
    transcript.note("offset delete", &raw.ask(0, &offset_delete(group, TOPIC))?);
    transcript.note("fetch all", &raw.ask(8, &fetch(group, None))?);
    let list = |states: &[&str], types: &[&str]| ListGroupsRequest {
        states_filter: states.iter().map(|state| (*state).into()).collect(),
        types_filter: types.iter().map(|kind| (*kind).into()).collect(),
        ..Default::default()
    };
    let filters =
        [(&["empty"][..], &[][..]), (&["EMPTY"], &["Classic"]), (&[], &["consumer"]), (&["bogus"], &[])];
    for (states, types) in filters {
        let mut listed = raw.ask(5, &list(states, types))?;
        listed.groups.retain(|listed| listed.group_id == group);
        transcript.note("list", &listed);
    }
    transcript.note("list, unknown type", &{
        let mut listed = raw.ask(5, &list(&[], &["bogus"]))?;
        listed.groups.retain(|listed| listed.group_id == group);
        listed
    });
    transcript.note("delete", &raw.ask(2, &delete(group))?);
    transcript.note("delete again", &raw.ask(2, &delete(group))?);
    transcript.note("fetch of a deleted group", &raw.ask(8, &fetch(group, Some(&[TOPIC])))?);
    Ok(())
}

/// Two members: the second makes the first join again, the leader assigns, one leaves.
pub(super) fn two_members(address: &str, transcript: &mut Transcript) -> Played {
    let (mut one, mut two) = (Raw::connect(address)?, Raw::connect(address)?);
    let group = "raw.two";
    create_topic(&mut one, TOPIC, 2)?;
    await_coordinator(&mut one, group, 0)?;

    let first = join_twice(&mut one, transcript, group, "ONE")?;
    transcript.note("the first joined", &first);
    let (a, generation) = (&*first.member_id, first.generation_id);
    transcript.note("the first is assigned", &one.ask(5, &sync(group, generation, a, &[(a, b"all")]))?);

    let second = two.ask(9, &join(group, "", &["range"]))?;
    let b = &*second.member_id;
    transcript.name(b, "TWO");
    transcript.note("the second gets an id", &second);
    transcript.note("nothing changed yet", &one.ask(4, &heartbeat(group, generation, a))?);
    two.send(9, &join(group, b, &["range"]))?;
    await_rebalance(&mut one, group, generation, a)?;
    transcript.note("the first is to join", &one.ask(4, &heartbeat(group, generation, a))?);
    transcript.note("sync is refused", &one.ask(5, &sync(group, generation, a, &[]))?);
    transcript.note("a commit is not", &one.ask(8, &commit(group, generation, a, TOPIC, &[(0, 3)]))?);
    let mut described = one.ask(6, &describe(group))?;
    // In Kafka they come in the order of a hash table.
    described.groups[0].members.sort_by_key(|member| member.member_id != a);
    transcript.note("described", &described);
    let first = one.ask(9, &join(group, a, &["roundrobin", "range"]))?;
    transcript.note("the leader joined", &JoinGroupResponse { members: Vec::new(), ..first.clone() });
    let mut members: Vec<_> = first.members.iter().collect();
    members.sort_by_key(|member| member.member_id != a);
    transcript.note("its members", &members);
    let second = two.receive::<JoinGroupRequest>(9)?;
    transcript.note("the second joined", &second);

    let generation = first.generation_id;
    two.send(5, &sync(group, generation, b, &[]))?;
    let assigned = sync(group, generation, a, &[(a, b"left"), (b, b"right")]);
    transcript.note("the leader assigned", &one.ask(5, &assigned)?);
    transcript.note("the second is assigned", &two.receive::<SyncGroupRequest>(5)?);
    transcript.note("a follower that joins again learns the same", &two.ask(9, &join(group, b, &["range"]))?);

    transcript.note("the second leaves", &two.ask(4, &leave(group, &[(b, None)]))?);
    transcript.note("the first is to join", &one.ask(4, &heartbeat(group, generation, a))?);
    let first = one.ask(5, &join(group, a, &["range"]))?;
    transcript.note("the first is alone", &first);
    transcript.note("both leave", &one.ask(4, &leave(group, &[(a, None), (b, None)]))?);
    transcript.note("deleted", &one.ask(2, &delete(group))?);
    Ok(())
}

/// Waits until a member is told to join again.
fn await_rebalance(raw: &mut Raw, group: &str, generation: i32, member: &str) -> Played {
    for _ in 0..200 {
        if raw.ask(4, &heartbeat(group, generation, member))?.error_code != protocol::ErrorCode::NONE {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err("the group does not rebalance".to_owned())
}

/// Static members: come back under a new id without a rebalance, fence the old one, are removed by their instance id.
pub(super) fn static_members(address: &str, transcript: &mut Transcript) -> Played {
    let mut raw = Raw::connect(address)?;
    let group = "raw.static";
    create_topic(&mut raw, TOPIC, 2)?;
    await_coordinator(&mut raw, group, 0)?;
    let instance = |member: &str, id: &str| JoinGroupRequest {
        group_instance_id: Some(id.into()),
        ..join(group, member, &["range"])
    };

    let joined = raw.ask(9, &instance("", "i"))?;
    let old = &*joined.member_id;
    transcript.name(old, "OLD");
    transcript.note("joined at once", &joined);
    let generation = joined.generation_id;
    let static_sync = |member: &str| SyncGroupRequest {
        group_instance_id: Some("i".into()),
        ..sync(group, generation, member, &[(member, b"mine")])
    };
    transcript.note("assigned", &raw.ask(5, &static_sync(old))?);
    let back = raw.ask(9, &instance("", "i"))?;
    let new = &*back.member_id;
    transcript.name(new, "NEW");
    transcript.note("came back", &back);
    transcript.note("with its assignment", &raw.ask(5, &static_sync(new))?);
    transcript.note("the old one is fenced when it joins", &raw.ask(9, &instance(old, "i"))?);
    transcript.note("when it syncs", &raw.ask(5, &static_sync(old))?);
    let static_heartbeat = |member: &str, id: &str| HeartbeatRequest {
        group_instance_id: Some(id.into()),
        ..heartbeat(group, generation, member)
    };
    transcript.note("when it is there", &raw.ask(4, &static_heartbeat(old, "i"))?);
    transcript.note("an unknown instance", &raw.ask(4, &static_heartbeat(new, "j"))?);
    transcript.note("the new one is not", &raw.ask(4, &static_heartbeat(new, "i"))?);
    let static_commit = |member: &str| OffsetCommitRequest {
        group_instance_id: Some("i".into()),
        ..commit(group, generation, member, TOPIC, &[(0, 1)])
    };
    transcript.note("the old one commits", &raw.ask(8, &static_commit(old))?);
    transcript.note("the new one commits", &raw.ask(8, &static_commit(new))?);
    let again = raw.ask(5, &instance("", "i"))?;
    transcript.name(&again.member_id, "NEWER");
    transcript.note("came back with an old version", &again);
    transcript.note("described", &raw.ask(5, &describe(group))?);
    transcript.note("the wrong one leaves", &raw.ask(4, &leave(group, &[(new, Some("i"))]))?);
    transcript
        .note("an operator removes it", &raw.ask(4, &leave(group, &[("", Some("i")), ("", Some("j"))]))?);
    transcript.note("deleted", &raw.ask(2, &delete(group))?);
    Ok(())
}

/// Everything about groups that nobody has made.
pub(super) fn nobody(address: &str, transcript: &mut Transcript) -> Played {
    let mut raw = Raw::connect(address)?;
    let group = "raw.nobody";
    create_topic(&mut raw, TOPIC, 2)?;
    await_coordinator(&mut raw, group, 0)?;
    transcript.note("join with an id", &raw.ask(9, &join(group, "m", &["range"]))?);
    transcript.note("sync", &raw.ask(5, &sync(group, 1, "m", &[]))?);
    transcript.note("heartbeat", &raw.ask(4, &heartbeat(group, 1, "m"))?);
    transcript.note("leave", &raw.ask(5, &leave(group, &[("m", None), ("", Some("i"))]))?);
    transcript
        .note("leave, old", &raw.ask(1, &LeaveGroupRequest { member_id: "m".into(), ..leave(group, &[]) })?);
    transcript.note("leave no group", &raw.ask(5, &leave("", &[("m", None)]))?);
    for version in 0..=6 {
        transcript.note("describe", &raw.ask(version, &describe(group))?);
    }
    transcript.note("describe no group", &raw.ask(6, &describe(""))?);
    for version in 0..=2 {
        transcript.note("delete", &raw.ask(version, &delete(group))?);
    }
    transcript.note("delete no group", &raw.ask(2, &delete(""))?);
    for version in [2, 8, 9] {
        transcript.note("commit", &raw.ask(version, &commit(group, 1, "m", TOPIC, &[(0, 1)]))?);
    }
    transcript.note("offset delete", &raw.ask(0, &offset_delete(group, TOPIC))?);
    transcript.note("offset delete, no group", &raw.ask(0, &offset_delete("", TOPIC))?);
    for version in 1..=7 {
        transcript.note("fetch", &raw.ask(version, &old_fetch(group, Some(&[TOPIC])))?);
    }
    transcript.note("fetch all", &raw.ask(9, &fetch(group, None))?);
    transcript.note("fetch of no group", &raw.ask(9, &fetch("", Some(&[TOPIC])))?);
    transcript.note("commit makes it", &raw.ask(9, &commit(group, -1, "", TOPIC, &[(0, 4)]))?);
    transcript.note("described", &raw.ask(6, &describe(group))?);
    transcript.note("sync", &raw.ask(5, &sync(group, 0, "m", &[]))?);
    transcript.note("heartbeat", &raw.ask(4, &heartbeat(group, 0, "m"))?);
    transcript.note("offset delete", &raw.ask(0, &offset_delete(group, TOPIC))?);
    transcript.note("deleted", &raw.ask(2, &delete(group))?);
    Ok(())
}

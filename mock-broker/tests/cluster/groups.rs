//! Classic groups: who joins, who waits, who is left behind. What Kafka answers in between is compared with a real broker in
//! the interop tests; here is what takes time.

use bytes::Bytes;
use milena_mock_broker::{Action, ClusterConfig, ConnectionId, Effect, Fault, Reaction};
use protocol::messages::join_group::JoinGroupRequestProtocol;
use protocol::messages::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use protocol::messages::sync_group::SyncGroupRequestAssignment;
use protocol::messages::{
    DescribeGroupsRequest, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest,
};
use protocol::{ApiKey, ErrorCode};

use crate::client::{NOW, Reply, World};

const GROUP: &str = "readers";
/// Session and rebalance timeouts of every member, in milliseconds.
const SESSION: i64 = 10_000;
const REBALANCE: i64 = 60_000;

fn world(brokers: usize) -> World {
    World::new(ClusterConfig::new(brokers).topic("orders", 3))
}

fn join(member: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: GROUP.into(),
        session_timeout_ms: SESSION as i32,
        rebalance_timeout_ms: REBALANCE as i32,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), ..Default::default() }],
        ..Default::default()
    }
}

fn sync(generation: i32, member: &str, assigned: &[(&str, &'static str)]) -> SyncGroupRequest {
    let assignment = |(member, text): &(&str, &'static str)| SyncGroupRequestAssignment {
        member_id: (*member).into(),
        assignment: Bytes::from_static(text.as_bytes()),
        ..Default::default()
    };
    SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: generation,
        member_id: member.into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assigned.iter().map(assignment).collect(),
        ..Default::default()
    }
}

fn commit(generation: i32, member: &str, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
    OffsetCommitRequest {
        group_id: GROUP.into(),
        generation_id_or_member_epoch: generation,
        member_id: member.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    }
}

impl World {
    /// A member's id, for which the broker was asked.
    fn member_id(&mut self, on: ConnectionId) -> String {
        let response = self.ask(on, 9, &join("")).answer();
        assert_eq!(response.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        response.member_id.to_string()
    }

    /// A group of one, stable.
    fn lone_member(&mut self, on: ConnectionId) -> String {
        let member = self.member_id(on);
        let joined = self.ask(on, 9, &join(&member)).answer();
        assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1));
        let assigned = self.ask(on, 5, &sync(1, &member, &[(&member, "all")])).answer();
        assert_eq!((assigned.error_code, &assigned.assignment[..]), (ErrorCode::NONE, &b"all"[..]));
        member
    }

    fn heartbeat(&mut self, on: ConnectionId, generation_id: i32, member: &str) -> ErrorCode {
        let (group_id, member_id) = (GROUP.into(), member.into());
        let request = HeartbeatRequest { group_id, generation_id, member_id, ..Default::default() };
        self.ask(on, 4, &request).answer().error_code
    }

    /// The state of the group, and how many members it has.
    fn described(&mut self, on: ConnectionId) -> (String, usize) {
        let request = DescribeGroupsRequest { groups: vec![GROUP.into()], ..Default::default() };
        let group = self.ask(on, 5, &request).answer().groups.remove(0);
        (group.group_state.to_string(), group.members.len())
    }

    fn committed(&mut self, on: ConnectionId) -> i64 {
        let topics = vec![OffsetFetchRequestTopics {
            name: "orders".into(),
            partition_indexes: vec![0].into(),
            ..Default::default()
        }];
        let group =
            OffsetFetchRequestGroup { group_id: GROUP.into(), topics: Some(topics), ..Default::default() };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        self.ask(on, 8, &request).answer().groups[0].topics[0].partitions[0].committed_offset
    }
}

fn is_waiting(reply: &Reply<JoinGroupResponse>) -> bool {
    matches!(reply, Reply::Nothing)
}

#[test]
fn a_member_that_is_not_heard_of_for_its_session_timeout_is_gone() {
    let mut world = world(1);
    let connection = world.connect(1);
    let member = world.lone_member(connection);
    world.wait::<HeartbeatRequest>(connection, 4, NOW + SESSION - 1);
    assert_eq!(world.heartbeat(connection, 1, &member), ErrorCode::NONE);
    world.wait::<HeartbeatRequest>(connection, 4, NOW + 2 * SESSION - 2);
    assert_eq!(world.described(connection), ("Stable".to_owned(), 1));
    world.wait::<HeartbeatRequest>(connection, 4, NOW + 2 * SESSION - 1);
    assert_eq!(world.described(connection), ("Empty".to_owned(), 0));
    assert_eq!(world.heartbeat(connection, 1, &member), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_commit_is_as_good_as_a_heartbeat() {
    let mut world = world(1);
    let connection = world.connect(1);
    let member = world.lone_member(connection);
    world.wait::<HeartbeatRequest>(connection, 4, NOW + SESSION - 1);
    let stored = world.ask(connection, 8, &commit(1, &member, 5)).answer();
    assert_eq!(stored.topics[0].partitions[0].error_code, ErrorCode::NONE);
    world.wait::<HeartbeatRequest>(connection, 4, NOW + SESSION + 1);
    assert_eq!(world.described(connection), ("Stable".to_owned(), 1));
    assert_eq!(world.committed(connection), 5);
}

#[test]
fn an_id_that_nobody_joins_with_is_forgotten_after_the_session_timeout() {
    let mut world = world(1);
    let connection = world.connect(1);
    let member = world.member_id(connection);
    world.wait::<HeartbeatRequest>(connection, 4, NOW + SESSION);
    let response = world.ask(connection, 9, &join(&member)).answer();
    assert_eq!(response.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_member_that_does_not_join_again_in_time_is_left_behind() {
    let mut world = world(1);
    let (one, two) = (world.connect(1), world.connect(1));
    let old = world.lone_member(one);
    let new = world.member_id(two);
    assert!(is_waiting(&world.ask(two, 9, &join(&new))));
    // It lives, but does not join.
    let mut now = NOW;
    while now < NOW + REBALANCE - SESSION {
        now += SESSION - 1;
        let waits = world.wait::<JoinGroupRequest>(two, 9, now);
        assert!(is_waiting(&waits), "{waits:?}");
        assert_eq!(world.heartbeat(one, 1, &old), ErrorCode::REBALANCE_IN_PROGRESS);
    }
    let joined = world.wait::<JoinGroupRequest>(two, 9, NOW + REBALANCE).answer();
    assert_eq!((joined.generation_id, joined.leader.to_string(), joined.members.len()), (2, new, 1));
    assert_eq!(world.heartbeat(one, 2, &old), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_member_that_never_asks_for_its_assignment_is_removed() {
    let mut world = world(1);
    let (one, two) = (world.connect(1), world.connect(1));
    let (a, b) = two_joined(&mut world, one, two);
    // The leader assigns, the other one only lives.
    let leader = world.ask(one, 5, &sync(2, &a, &[(&a, "left"), (&b, "right")])).answer();
    assert_eq!(leader.error_code, ErrorCode::NONE);
    let mut now = NOW;
    while now < NOW + REBALANCE - SESSION {
        now += SESSION - 1;
        world.wait::<HeartbeatRequest>(one, 4, now);
        assert_eq!(world.heartbeat(one, 2, &a), ErrorCode::NONE);
        assert_eq!(world.heartbeat(two, 2, &b), ErrorCode::NONE);
    }
    world.wait::<HeartbeatRequest>(one, 4, NOW + REBALANCE);
    assert_eq!(world.heartbeat(two, 2, &b), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(world.heartbeat(one, 2, &a), ErrorCode::REBALANCE_IN_PROGRESS);
}

/// Two members in generation 2, which have not asked for their assignments; the first leads.
fn two_joined(world: &mut World, one: ConnectionId, two: ConnectionId) -> (String, String) {
    let a = world.lone_member(one);
    let b = world.member_id(two);
    assert!(is_waiting(&world.ask(two, 9, &join(&b))));
    let effects = world.send(one, 9, &join(&a));
    let answers = effects.iter().filter(|effect| matches!(effect, Effect::Send { .. }));
    assert_eq!(answers.count(), 2, "both are answered at once: {effects:?}");
    (a, b)
}

#[test]
fn an_assignment_is_waited_for_until_the_leader_has_assigned() {
    let mut world = world(1);
    let (one, two) = (world.connect(1), world.connect(1));
    let (a, b) = two_joined(&mut world, one, two);
    assert_eq!(world.ask(two, 5, &sync(2, &b, &[])), Reply::Nothing);
    let effects = world.send(one, 5, &sync(2, &a, &[(&a, "left"), (&b, "right")]));
    let follower = crate::client::reply::<SyncGroupRequest>(effects, two, 5).answer();
    assert_eq!(&follower.assignment[..], b"right");
    assert_eq!(world.described(one), ("Stable".to_owned(), 2));
}

#[test]
fn the_first_members_of_a_group_are_waited_for_and_each_new_one_makes_it_longer() {
    let config = ClusterConfig::new(1).config("group.initial.rebalance.delay.ms", "3000").unwrap();
    let mut world = World::new(config);
    let (one, two) = (world.connect(1), world.connect(1));
    let a = world.member_id(one);
    assert!(is_waiting(&world.ask(one, 9, &join(&a))));
    world.wait::<JoinGroupRequest>(one, 9, NOW + 2000);
    let b = world.member_id(two);
    assert!(is_waiting(&world.ask(two, 9, &join(&b))));
    assert!(is_waiting(&world.wait::<JoinGroupRequest>(one, 9, NOW + 3000)));
    assert!(is_waiting(&world.wait::<JoinGroupRequest>(one, 9, NOW + 5999)));
    assert_eq!(world.cluster.next_wakeup().map(|at| at.0), Some(NOW + 6000));
    let joined = world.wait::<JoinGroupRequest>(one, 9, NOW + 6000).answer();
    assert_eq!((joined.generation_id, joined.members.len()), (1, 2));
}

#[test]
fn a_full_group_takes_no_more_members() {
    let config = ClusterConfig::new(1).config("group.max.size", "1").unwrap();
    let mut world = World::new(config);
    let (one, two) = (world.connect(1), world.connect(1));
    world.lone_member(one);
    let refused = world.ask(two, 9, &join("")).answer();
    assert_eq!(refused.error_code, ErrorCode::GROUP_MAX_SIZE_REACHED);
}

#[test]
fn a_client_that_goes_away_while_it_waits_is_forgotten_in_the_end() {
    let mut world = world(1);
    let (one, two) = (world.connect(1), world.connect(1));
    let a = world.lone_member(one);
    let b = world.member_id(two);
    assert!(is_waiting(&world.ask(two, 9, &join(&b))));
    world.cluster.handle(milena_mock_broker::Input::Closed { connection: two }, world.now);
    let joined = world.ask(one, 9, &join(&a)).answer();
    assert_eq!(joined.members.len(), 2, "nobody has noticed yet");
    world.ask(one, 5, &sync(2, &a, &[])).answer();
    world.wait::<HeartbeatRequest>(one, 4, NOW + SESSION - 1);
    assert_eq!(world.heartbeat(one, 2, &a), ErrorCode::NONE);
    world.wait::<HeartbeatRequest>(one, 4, NOW + SESSION);
    assert_eq!(world.heartbeat(one, 2, &a), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn only_its_coordinator_answers_for_a_group_and_lists_it() {
    let mut world = world(3);
    let connections = [1, 2, 3].map(|broker| world.connect(broker));
    let request = FindCoordinatorRequest { coordinator_keys: vec![GROUP.into()], ..Default::default() };
    let coordinator = world.ask(connections[0], 4, &request).answer().coordinators[0].node_id.0;
    for (broker, connection) in (1..).zip(connections) {
        let is_own = broker == coordinator;
        let expected = if is_own { ErrorCode::MEMBER_ID_REQUIRED } else { ErrorCode::NOT_COORDINATOR };
        assert_eq!(world.ask(connection, 9, &join("")).answer().error_code, expected, "broker {broker}");
        let listed = world.ask(connection, 5, &ListGroupsRequest::default()).answer();
        assert_eq!(listed.groups.len(), usize::from(is_own), "broker {broker}");
    }
}

#[test]
fn offsets_outlive_their_members_until_the_retention_is_over_and_then_the_group_is_gone() {
    let config = ClusterConfig::new(1).topic("orders", 1).config("offsets.retention.minutes", "60").unwrap();
    let mut world = World::new(config);
    let connection = world.connect(1);
    let member = world.lone_member(connection);
    world.ask(connection, 8, &commit(1, &member, 7)).answer();
    let hour = 3_600_000;
    // While there are members it does not matter how long ago they committed.
    for beat in 0..2 * hour / (SESSION - 1) {
        world.wait::<HeartbeatRequest>(connection, 4, NOW + beat * (SESSION - 1));
        assert_eq!(world.heartbeat(connection, 1, &member), ErrorCode::NONE);
    }
    let leave =
        LeaveGroupRequest { group_id: GROUP.into(), member_id: member.as_str().into(), ..Default::default() };
    assert_eq!(world.ask(connection, 1, &leave).answer().error_code, ErrorCode::NONE);
    let left = world.now.0;
    world.wait::<HeartbeatRequest>(connection, 4, left + hour - 1);
    assert_eq!(world.committed(connection), 7);
    // It is looked at every ten minutes.
    world.wait::<HeartbeatRequest>(connection, 4, left + hour + 600_000);
    assert_eq!(world.committed(connection), -1);
    assert_eq!(world.described(connection).0, "Dead");
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut world = world(1);
    let connection = world.connect(1);
    world.ask(connection, 8, &commit(-1, "", 9)).answer();
    assert_eq!(world.committed(connection), 9);
    world.cluster.delete_topic("orders");
    assert_eq!(world.committed(connection), -1);
}

#[test]
fn a_rule_decides_what_a_member_is_told() {
    let mut world = world(1);
    let connection = world.connect(1);
    let member = world.lone_member(connection);
    let fault = Fault::on(ApiKey::HEARTBEAT).nth(1).then(Reaction::Fail(ErrorCode::REBALANCE_IN_PROGRESS));
    world.cluster.add_fault(fault);
    assert_eq!(world.heartbeat(connection, 1, &member), ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(world.heartbeat(connection, 1, &member), ErrorCode::NONE);
}

#[test]
fn the_same_seed_gives_the_same_members() {
    let member = |seed| {
        let mut world = World::new(ClusterConfig::new(1).seed(seed));
        let connection = world.connect(1);
        world.member_id(connection)
    };
    assert_eq!(member(1), member(1));
    assert_ne!(member(1), member(2));
    assert!(member(1).starts_with("test-"), "{}", member(1));
}

#[test]
fn a_group_goes_on_at_the_broker_that_takes_over() {
    let mut world = world(3);
    let everywhere = [1, 2, 3].map(|broker| world.connect(broker));
    let request = FindCoordinatorRequest { coordinator_keys: vec![GROUP.into()], ..Default::default() };
    let find = |world: &mut World, on| world.ask(on, 4, &request).answer().coordinators[0].node_id;
    let old = find(&mut world, everywhere[0]);
    let (one, two) = (world.connect(old.0), world.connect(old.0));
    let a = world.lone_member(one);
    let b = world.member_id(two);
    assert!(is_waiting(&world.ask(two, 9, &join(&b))));
    world.cluster.perform(Action::StopBroker(old), world.now).unwrap();

    let survivor = if old.0 == 1 { everywhere[1] } else { everywhere[0] };
    let new = find(&mut world, survivor);
    assert_ne!(new, old);
    let (one, two) = (world.connect(new.0), world.connect(new.0));
    assert_eq!(world.heartbeat(one, 1, &a), ErrorCode::REBALANCE_IN_PROGRESS);
    assert!(is_waiting(&world.ask(two, 9, &join(&b))), "it still is a member");
    let joined = world.ask(one, 9, &join(&a)).answer();
    assert_eq!((joined.generation_id, joined.members.len()), (2, 2));
}

#[test]
fn a_member_that_waits_when_a_snapshot_is_taken_answers_for_nobody_else() {
    let mut world = world(1);
    let first = world.connect(1);
    let member = world.lone_member(first);
    let second = world.connect(1);
    let other = world.member_id(second);
    // The second waits for the first, which does not come.
    assert_eq!(world.ask(second, 9, &join(&other)), Reply::Nothing);
    let mut fork = World::new(ClusterConfig::new(1));
    fork.cluster = world.cluster.snapshot().cluster();
    let (one, stranger) = (fork.connect(1), fork.connect(1));
    assert_eq!((one, stranger), (first, second), "ids begin anew");
    let third = fork.member_id(stranger);
    assert_eq!(fork.ask(stranger, 9, &join(&third)), Reply::Nothing);
    // Neither of the two that were there comes again: who is left after their sessions is the one that does.
    let joined = fork.wait::<JoinGroupRequest>(stranger, 9, NOW + SESSION).answer();
    assert_eq!((joined.error_code, &*joined.member_id), (ErrorCode::NONE, &*third));
    assert_eq!(joined.members.len(), 1, "{member} and {other} are gone");
    assert_eq!(fork.described(one), ("CompletingRebalance".to_owned(), 1));
}

//! Message bodies: decoded, compared with their meaning, encoded again; and built from their meaning.

use std::path::Path;

use protocol::{ApiKey, Request, Response, wire::Output};

use crate::{summary::Summary, vector::Vector};

/// Messages of Kafka that this release has no definition of yet. One that gets into the table of APIs is tested from
/// then on, whether it is still named here or not; when all are in, this list goes.
const LATER_APIS: &str = "\
    AddOffsetsToTxn AddPartitionsToTxn AddRaftVoter AllocateProducerIds AlterClientQuotas AlterConfigs \
    AlterPartitionReassignments AlterPartition AlterReplicaLogDirs AlterShareGroupOffsets \
    AlterUserScramCredentials AssignReplicasToDirs BeginQuorumEpoch BrokerHeartbeat BrokerRegistration \
    ConsumerGroupDescribe ConsumerGroupHeartbeat ControllerRegistration CreateAcls \
    CreateDelegationToken CreatePartitions DeleteAcls DeleteGroups DeleteRecords \
    DeleteShareGroupOffsets DeleteShareGroupState DescribeAcls DescribeClientQuotas DescribeCluster \
    DescribeConfigs DescribeDelegationToken DescribeGroups DescribeLogDirs DescribeProducers \
    DescribeQuorum DescribeShareGroupOffsets DescribeTopicPartitions DescribeTransactions \
    DescribeUserScramCredentials ElectLeaders EndQuorumEpoch EndTxn Envelope ExpireDelegationToken \
    FetchSnapshot GetTelemetrySubscriptions Heartbeat IncrementalAlterConfigs InitializeShareGroupState \
    JoinGroup LeaveGroup ListConfigResources ListGroups ListPartitionReassignments ListTransactions \
    OffsetCommit OffsetDelete OffsetFetch OffsetForLeaderEpoch PushTelemetry ReadShareGroupState \
    ReadShareGroupStateSummary RemoveRaftVoter RenewDelegationToken SaslAuthenticate SaslHandshake \
    ShareAcknowledge ShareFetch ShareGroupDescribe ShareGroupHeartbeat StreamsGroupDescribe \
    StreamsGroupHeartbeat StreamsGroupTopologyDescriptionUpdate SyncGroup TxnOffsetCommit \
    UnregisterBroker UnregisterController UpdateFeatures UpdateRaftVoter Vote WriteShareGroupState \
    WriteTxnMarkers";

/// Structures that Kafka keeps inside other fields and logs; not in the table of APIs.
const LATER_DATA: &str = "\
    AbortedTxn ConsumerProtocolAssignment ConsumerProtocolSubscription ControlRecordTypeSchema \
    DefaultPrincipalData EndTxnMarker KRaftVersionRecord LeaderChangeMessage SnapshotFooterRecord \
    SnapshotHeaderRecord VotersRecord";

/// Which message a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The request of an API in the table.
    Request(ApiKey),
    /// The response of an API in the table.
    Response(ApiKey),
    /// A Kafka message that this release does not have.
    Later,
}

impl Subject {
    /// Finds the message of that name; `None` if Kafka has no such message.
    pub(crate) fn of(message: &str) -> Option<Self> {
        let known = |name: &str| ApiKey::ALL.iter().copied().find(|key| key.name() == Some(name));
        let later = |list: &str, name: &str| list.split_whitespace().any(|later| later == name);
        let (api, subject): (_, fn(ApiKey) -> Self) = match message.strip_suffix("Request") {
            Some(api) => (api, Self::Request),
            None => (message.strip_suffix("Response").unwrap_or(""), Self::Response),
        };
        match known(api) {
            Some(key) => Some(subject(key)),
            None if later(LATER_APIS, api) || later(LATER_DATA, message) => Some(Self::Later),
            None => None,
        }
    }
}

/// Checks every vector of a file.
pub(crate) fn run(subject: Subject, file: &str, path: &Path) -> Summary {
    let mut summary = Summary::default();
    for vector in super::read_vectors(file, path, &mut summary) {
        let result = match subject {
            Subject::Request(key) => request(key, &vector),
            Subject::Response(key) => response(key, &vector),
            Subject::Later => continue,
        };
        summary.count(&vector.name, result);
    }
    summary
}

fn request(key: ApiKey, vector: &Vector) -> Result<(), String> {
    let version = vector.version;
    expect_key(key, vector, key.request_header_version(version))?;
    let request =
        Request::decode(key, version, &vector.bytes).map_err(|e| format!("does not decode: {e}"))?;
    let json = request.to_json(version).map_err(|e| format!("has no JSON: {e}"))?;
    vector.compare(&json, &format!("{request:?}"))?;
    vector.compare_bytes("encoded again", &encode(|output| request.encode(version, output))?)?;
    if vector.is_whole_in_json() {
        let built = Request::from_json(key, version, &vector.json).ok_or("has no type")?;
        let built = built.map_err(|e| format!("cannot be built from its JSON: {e}"))?;
        vector.compare_bytes("built from its JSON", &encode(|output| built.encode(version, output))?)?;
    }
    Ok(())
}

fn response(key: ApiKey, vector: &Vector) -> Result<(), String> {
    let version = vector.version;
    expect_key(key, vector, key.response_header_version(version))?;
    let response =
        Response::decode(key, version, &vector.bytes).map_err(|e| format!("does not decode: {e}"))?;
    let json = response.to_json(version).map_err(|e| format!("has no JSON: {e}"))?;
    vector.compare(&json, &format!("{response:?}"))?;
    vector.compare_bytes("encoded again", &encode(|output| response.encode(version, output))?)?;
    if vector.is_whole_in_json() {
        let built = Response::from_json(key, version, &vector.json).ok_or("has no type")?;
        let built = built.map_err(|e| format!("cannot be built from its JSON: {e}"))?;
        vector.compare_bytes("built from its JSON", &encode(|output| built.encode(version, output))?)?;
    }
    Ok(())
}

fn expect_key(key: ApiKey, vector: &Vector, header_version: i16) -> Result<(), String> {
    if vector.key != Some(key.0) {
        return Err(format!("its key is {:?} and not {}", vector.key, key.0));
    }
    if vector.header_version != Some(header_version) {
        return Err(format!("its header version is {:?} and not {header_version}", vector.header_version));
    }
    Ok(())
}

fn encode(
    write: impl FnOnce(&mut Output) -> Result<(), protocol::EncodeError>,
) -> Result<bytes::Bytes, String> {
    let mut output = Output::new(Vec::new());
    write(&mut output).map_err(|e| format!("does not encode: {e}"))?;
    Ok(output.into_bytes())
}

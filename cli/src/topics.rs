//! `milena topics`: creates, lists, describes and deletes topics.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use milena::client::Client;
use milena::reader::ReaderOptions;
use milena::{ClientError, ClientErrorKind};
use protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use protocol::messages::delete_topics::DeleteTopicState;
use protocol::messages::metadata::MetadataResponseTopic;
use protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};
use protocol::names::{BrokerId, TopicName, Uuid};
use protocol::{ApiKey, ErrorCode, RequestMessage};

use crate::failure::Failure;
use crate::properties::Property;
use crate::settings;

/// How long a cluster may take over a change, in milliseconds.
const CHANGE_TIMEOUT_MS: i32 = 30_000;

/// How often a change is asked for, and how much time is between.
const CHANGE_TRIES: u32 = 5;
const CHANGE_BACKOFF: Duration = Duration::from_millis(100);

/// How long a change may take to reach the broker that is asked about it.
const PROPAGATION: Duration = Duration::from_secs(10);

/// Creates, lists, describes and deletes topics.
///
/// What is an option for Kafka's tool, such as --create, is a subcommand here. Connections are plaintext.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Creates a topic.
    Create {
        #[command(flatten)]
        cluster: Cluster,
        /// Its name.
        #[arg(long)]
        topic: TopicName,
        /// How many partitions; the cluster decides if it is not given.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// How many copies of each; the cluster decides if it is not given.
        #[arg(long, value_parser = clap::value_parser!(i16).range(1..))]
        replication_factor: Option<i16>,
        /// A configuration of the topic; more than one can be given.
        #[arg(long, value_name = "KEY=VALUE")]
        config: Vec<Property>,
        /// It is fine if the topic is there already.
        #[arg(long)]
        if_not_exists: bool,
    },
    /// Lists the topics, one name a line.
    List {
        #[command(flatten)]
        cluster: Cluster,
        /// Leaves out the topics that Kafka keeps for itself.
        #[arg(long)]
        exclude_internal: bool,
    },
    /// Describes a topic and its partitions, or all topics.
    Describe {
        #[command(flatten)]
        cluster: Cluster,
        /// Its name; all topics if it is not given.
        #[arg(long)]
        topic: Option<TopicName>,
        /// It is fine if the topic is not there.
        #[arg(long)]
        if_exists: bool,
        /// Leaves out the topics that Kafka keeps for itself.
        #[arg(long)]
        exclude_internal: bool,
    },
    /// Deletes a topic.
    Delete {
        #[command(flatten)]
        cluster: Cluster,
        /// Its name.
        #[arg(long)]
        topic: TopicName,
        /// It is fine if the topic is not there.
        #[arg(long)]
        if_exists: bool,
    },
}

#[derive(Debug, Args)]
struct Cluster {
    /// Brokers of the cluster, to begin with.
    #[arg(long, value_name = "HOST:PORT,HOST:PORT")]
    bootstrap_server: String,
    /// A file of settings: request.timeout.ms, security.protocol (PLAINTEXT).
    #[arg(long, value_name = "FILE")]
    command_config: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::Create { cluster, topic, partitions, replication_factor, config, if_not_exists } => {
            let configs = config.into_iter().map(|Property { key, value }| CreatableTopicConfig {
                name: key.into(),
                value: Some(value.into()),
                ..Default::default()
            });
            let wanted = CreatableTopic {
                name: topic,
                num_partitions: partitions.unwrap_or(-1),
                replication_factor: replication_factor.unwrap_or(-1),
                configs: configs.collect(),
                ..Default::default()
            };
            create(&mut cluster.connect().await?, wanted, if_not_exists).await
        }
        Action::List { cluster, exclude_internal } => {
            let topics = all_topics(&mut cluster.connect().await?, exclude_internal).await?;
            let names = topics.iter().filter_map(|topic| topic.name.as_ref());
            print(&names.map(|name| format!("{name}\n")).collect::<String>())
        }
        Action::Describe { cluster, topic, if_exists, exclude_internal } => {
            let mut client = cluster.connect().await?;
            let topics = match topic {
                Some(name) => one_topic(&mut client, &name, if_exists).await?,
                None => all_topics(&mut client, exclude_internal).await?,
            };
            print(&topics.iter().map(describe).collect::<String>())
        }
        Action::Delete { cluster, topic, if_exists } => {
            delete(&mut cluster.connect().await?, topic, if_exists).await
        }
    }
}

impl Cluster {
    async fn connect(&self) -> Result<Client, Failure> {
        let mut options = ReaderOptions::default();
        settings::set(&mut options, settings::CLIENT_KEYS, self.command_config.as_deref(), &[])?;
        Ok(Client::connect_within(&self.bootstrap_server, options.request_timeout).await?)
    }
}

async fn create(
    client: &mut Client,
    wanted: CreatableTopic,
    if_not_exists: bool,
) -> Result<ExitCode, Failure> {
    let name = wanted.name.clone();
    let request =
        CreateTopicsRequest { topics: vec![wanted], timeout_ms: CHANGE_TIMEOUT_MS, ..Default::default() };
    let code_of = |response: &CreateTopicsResponse| response.topics.first().map(|result| result.error_code);
    let Changed { response, address, is_repeated } = change(client, &request, code_of).await?;
    let result = response.topics.iter().find(|result| result.name == name);
    match result.map(|result| result.error_code) {
        Some(ErrorCode::NONE) => {}
        Some(ErrorCode::TOPIC_ALREADY_EXISTS) if is_repeated => {}
        Some(ErrorCode::TOPIC_ALREADY_EXISTS) if if_not_exists => return Ok(ExitCode::SUCCESS),
        code => {
            let code = code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR);
            let message = result.and_then(|result| result.error_message.as_deref());
            return Err(refused(&address, ApiKey::CREATE_TOPICS, &name, code, message).into());
        }
    }
    wait_until(client, &name, |topic| {
        !topic.error_code.is_error() && topic.partitions.iter().all(|it| it.leader_id != BrokerId::NONE)
    })
    .await?;
    print(&format!("Created topic {name}.\n"))
}

async fn delete(client: &mut Client, name: TopicName, if_exists: bool) -> Result<ExitCode, Failure> {
    let topics =
        vec![DeleteTopicState { name: Some(name.clone()), topic_id: Uuid::ZERO, ..Default::default() }];
    let topic_names = vec![name.clone()];
    let mut request =
        DeleteTopicsRequest { topics, topic_names, timeout_ms: CHANGE_TIMEOUT_MS, ..Default::default() };
    let code_of =
        |response: &DeleteTopicsResponse| response.responses.first().map(|result| result.error_code);
    let answer = match change(client, &request, code_of).await {
        // Versions before 6 have names only, and cannot carry the other field.
        Err(error) if matches!(error.kind(), ClientErrorKind::Encode(_)) => {
            request.topics.clear();
            change(client, &request, code_of).await
        }
        answer => answer,
    };
    let Changed { response, address, is_repeated } = answer?;
    let result = response.responses.iter().find(|result| result.name.as_ref() == Some(&name));
    match result.map(|result| result.error_code) {
        Some(ErrorCode::NONE) => {}
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) if is_repeated => {}
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) if if_exists => return Ok(ExitCode::SUCCESS),
        code => {
            let code = code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR);
            let message = result.and_then(|result| result.error_message.as_deref());
            return Err(refused(&address, ApiKey::DELETE_TOPICS, &name, code, message).into());
        }
    }
    wait_until(client, &name, |topic| topic.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION).await?;
    Ok(ExitCode::SUCCESS)
}

/// What the controller answered.
struct Changed<R> {
    response: R,
    address: String,
    /// An earlier request got no answer: it may have been carried out.
    is_repeated: bool,
}

/// Asks the controller for a change, again if it is another one by now or the connection breaks.
async fn change<M: RequestMessage>(
    client: &mut Client,
    request: &M,
    code_of: impl Fn(&M::Response) -> Option<ErrorCode>,
) -> Result<Changed<M::Response>, ClientError> {
    let mut is_repeated = false;
    for _ in 1..CHANGE_TRIES {
        match client.ask_controller(request).await {
            Ok((response, address)) if code_of(&response) != Some(ErrorCode::NOT_CONTROLLER) => {
                return Ok(Changed { response, address, is_repeated });
            }
            Ok(_) => {}
            Err(error) if error.is_retriable() => {
                use ClientErrorKind::{Broken, Closed, TimedOut};
                is_repeated |= matches!(error.kind(), Broken(_) | Closed | TimedOut(_));
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(CHANGE_BACKOFF).await;
    }
    let (response, address) = client.ask_controller(request).await?;
    Ok(Changed { response, address, is_repeated })
}

/// Waits until a change is seen, so that the next command does too; gives up silently, for the change is made.
async fn wait_until(
    client: &mut Client,
    name: &TopicName,
    is_done: impl Fn(&MetadataResponseTopic) -> bool,
) -> Result<(), ClientError> {
    let started = tokio::time::Instant::now();
    while started.elapsed() < PROPAGATION {
        let response = client.metadata(Some(std::slice::from_ref(name)), false).await?;
        if response.topics.first().is_some_and(&is_done) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn one_topic(
    client: &mut Client,
    name: &TopicName,
    if_exists: bool,
) -> Result<Vec<MetadataResponseTopic>, ClientError> {
    let mut topics = client.metadata(Some(std::slice::from_ref(name)), false).await?.topics;
    topics.retain(|topic| topic.name.as_ref() == Some(name));
    match topics.first().map_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, |topic| topic.error_code) {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION if if_exists => Ok(Vec::new()),
        // Some partition has no leader now, which the description shows.
        ErrorCode::NONE | ErrorCode::LEADER_NOT_AVAILABLE => Ok(topics),
        code => Err(refused(client.any_address(), ApiKey::METADATA, name, code, None)),
    }
}

async fn all_topics(
    client: &mut Client,
    exclude_internal: bool,
) -> Result<Vec<MetadataResponseTopic>, ClientError> {
    let mut topics = client.metadata(None, false).await?.topics;
    topics.retain(|topic| !(exclude_internal && topic.is_internal));
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(topics)
}

/// As `kafka-topics --describe` shows it, except for configurations, which a metadata answer does not have.
fn describe(topic: &MetadataResponseTopic) -> String {
    let name = topic.name.as_deref().unwrap_or_default();
    let count = topic.partitions.len();
    let replication_factor = topic.partitions.first().map_or(0, |partition| partition.replica_nodes.len());
    // Without its error a topic that may not be seen would look like one without partitions.
    if topic.error_code.is_error() && topic.partitions.is_empty() {
        return format!("Topic: {name}\tError: {}\n", topic.error_code);
    }
    let mut text = format!(
        "Topic: {name}\tTopicId: {}\tPartitionCount: {count}\tReplicationFactor: {replication_factor}\n",
        topic.topic_id
    );
    let mut partitions: Vec<_> = topic.partitions.iter().collect();
    partitions.sort_by_key(|partition| partition.partition_index);
    for partition in partitions {
        let leader = match partition.leader_id {
            BrokerId::NONE => "none".to_owned(),
            leader => leader.to_string(),
        };
        text.push_str(&format!(
            "\tTopic: {name}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}\n",
            partition.partition_index,
            list(&partition.replica_nodes),
            list(&partition.isr_nodes),
        ));
    }
    text
}

fn list(brokers: &[BrokerId]) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn refused(address: &str, api: ApiKey, name: &str, code: ErrorCode, message: Option<&str>) -> ClientError {
    ClientError::answered(address, api, format!("topic {name}"), code, message)
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_may_not_be_seen_is_described_by_its_error() {
        let error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        let topic = MetadataResponseTopic { name: Some("t".into()), error_code, ..Default::default() };
        assert_eq!(describe(&topic), "Topic: t\tError: TOPIC_AUTHORIZATION_FAILED\n");
    }
}

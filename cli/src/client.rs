//! A cluster as a client sees it: the brokers, who is the controller, and a connection to each that was asked.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use protocol::messages::metadata::MetadataRequestTopic;
use protocol::messages::{MetadataRequest, MetadataResponse};
use protocol::names::{BrokerId, TopicName};
use protocol::{ApiKey, ErrorCode, RequestMessage};

use crate::connection::Connection;
use crate::{ClientError, ClientErrorKind};

/// How long a connection attempt or an answer may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a broker may say nothing, when we connect, before whoever waits is told.
const SILENCE: Duration = Duration::from_secs(1);

/// A client of one cluster.
#[derive(Debug)]
pub struct Client {
    bootstrap: Vec<String>,
    timeout: Duration,
    brokers: BTreeMap<BrokerId, String>,
    controller: BrokerId,
    /// For what any broker can answer.
    any: Option<Connection>,
    /// For what only a certain broker can answer.
    connections: BTreeMap<BrokerId, Connection>,
}

impl Client {
    /// Connects to the first of `bootstrap`, a list `host:port,host:port`, that answers.
    ///
    /// # Errors
    /// None does; the error tells each one's reason.
    pub async fn connect(bootstrap: &str) -> Result<Self, ClientError> {
        Self::connect_within(bootstrap, REQUEST_TIMEOUT).await
    }

    /// The same, with the time that a connection attempt and later each answer may take.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_within(bootstrap: &str, timeout: Duration) -> Result<Self, ClientError> {
        let bootstrap: Vec<String> = bootstrap
            .split(',')
            .map(str::trim)
            .filter(|address| !address.is_empty())
            .map(str::to_owned)
            .collect();
        if bootstrap.is_empty() {
            let rule = ClientErrorKind::InvalidAddress(
                "the list of bootstrap servers is empty: give HOST:PORT,HOST:PORT",
            );
            return Err(ClientError::from(rule));
        }
        let mut client = Self {
            bootstrap,
            timeout,
            brokers: BTreeMap::new(),
            controller: BrokerId::NONE,
            any: None,
            connections: BTreeMap::new(),
        };
        client.any = Some(client.open_any().await?);
        Ok(client)
    }

    /// Asks any broker; another one if the connection breaks.
    ///
    /// # Errors
    /// No broker answers, or the one that does cannot be understood.
    pub async fn ask_any<M: RequestMessage>(&mut self, request: &M) -> Result<M::Response, ClientError> {
        if let Some(mut connection) = self.any.take().filter(|connection| !connection.is_spoilt()) {
            match connection.ask(request).await {
                Ok(response) => {
                    self.any = Some(connection);
                    return Ok(response);
                }
                Err(error) if !error.is_retriable() => return Err(error),
                Err(_) => {}
            }
        }
        let mut connection = self.open_any().await?;
        let response = connection.ask(request).await?;
        self.any = Some(connection);
        Ok(response)
    }

    /// Asks one broker; gives its address too, for errors about what it answered.
    ///
    /// # Errors
    /// The broker is not known, does not answer, or not in a way that can be understood.
    pub async fn ask_broker<M: RequestMessage>(
        &mut self,
        broker: BrokerId,
        request: &M,
    ) -> Result<(M::Response, String), ClientError> {
        let mut connection = match self.take_connection(broker) {
            Some(connection) => connection,
            None => {
                let Some(address) = self.address_of(broker) else {
                    let code = ErrorCode::BROKER_NOT_AVAILABLE;
                    return Err(ClientError::refused(
                        &self.bootstrap.join(","),
                        M::KEY,
                        format!("broker {broker}"),
                        code,
                    ));
                };
                Connection::open(address, self.timeout).await?
            }
        };
        let response = connection.ask(request).await?;
        let address = connection.address().to_owned();
        self.put_connection(broker, connection);
        Ok((response, address))
    }

    /// Asks the controller, where changes to topics go, whichever broker that is now.
    ///
    /// # Errors
    /// As [`Self::ask_broker`], and of the metadata request that finds the controller.
    pub async fn ask_controller<M: RequestMessage>(
        &mut self,
        request: &M,
    ) -> Result<(M::Response, String), ClientError> {
        self.metadata(Some(&[]), false).await?;
        self.ask_broker(self.controller, request).await
    }

    /// Asks for the brokers and for `topics`, all of them if `None`; `create` lets the cluster create what is missing.
    ///
    /// # Errors
    /// As [`Self::ask_any`]. Error codes of single topics are the caller's.
    pub async fn metadata(
        &mut self,
        topics: Option<&[TopicName]>,
        create: bool,
    ) -> Result<MetadataResponse, ClientError> {
        let named =
            |name: &TopicName| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let request = MetadataRequest {
            topics: topics.map(|topics| topics.iter().map(named).collect()),
            allow_auto_topic_creation: create,
            ..Default::default()
        };
        let response = self.ask_any(&request).await?;
        if response.error_code.is_error() {
            return Err(ClientError::refused(
                self.any_address(),
                ApiKey::METADATA,
                "the cluster",
                response.error_code,
            ));
        }
        let brokers = response.brokers.iter();
        self.brokers =
            brokers.map(|broker| (broker.node_id, format!("{}:{}", broker.host, broker.port))).collect();
        self.connections.retain(|id, connection| {
            self.brokers.get(id).is_some_and(|address| address == connection.address())
        });
        self.controller = response.controller_id;
        Ok(response)
    }

    /// The address of the broker that was last asked as any, for errors.
    #[must_use]
    pub fn any_address(&self) -> &str {
        self.any.as_ref().map_or(self.bootstrap[0].as_str(), Connection::address)
    }

    /// The address of a broker, as the last metadata had it.
    #[must_use]
    pub fn address_of(&self, broker: BrokerId) -> Option<&str> {
        self.brokers.get(&broker).map(String::as_str)
    }

    /// How long a connection attempt or an answer may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Lends out the connection to a broker, if there is one.
    pub(crate) fn take_connection(&mut self, broker: BrokerId) -> Option<Connection> {
        self.connections.remove(&broker).filter(|connection| !connection.is_spoilt())
    }

    /// Takes a connection back.
    pub(crate) fn put_connection(&mut self, broker: BrokerId, connection: Connection) {
        if self.address_of(broker) == Some(connection.address()) {
            self.connections.insert(broker, connection);
        }
    }

    /// The first broker that answers: those that the cluster named, then those that we were told at first.
    async fn open_any(&self) -> Result<Connection, ClientError> {
        let mut failures = Vec::new();
        let mut addresses: Vec<&String> = self.brokers.values().collect();
        addresses.extend(
            self.bootstrap.iter().filter(|address| !self.brokers.values().any(|known| known == *address)),
        );
        for address in addresses {
            let mut opening = pin!(Connection::open(address, self.timeout));
            let opened = match tokio::time::timeout(SILENCE, &mut opening).await {
                Ok(opened) => opened,
                Err(_) => {
                    tracing::warn!("{address}: no answer yet; waiting up to {} ms", self.timeout.as_millis());
                    opening.await
                }
            };
            match opened {
                Ok(connection) => return Ok(connection),
                Err(error) => failures.push(error),
            }
        }
        Err(ClientErrorKind::NoBroker(failures).into())
    }
}

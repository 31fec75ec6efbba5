//! One connection: a socket, the versions agreed on it, one request at a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::frame::{Framer, encode_request};
use protocol::messages::ApiVersionsRequest;
use protocol::{ApiKey, ApiVersionsAnswer, BrokerVersions, Message, RequestMessage, ResponseHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{ClientError, ClientErrorKind};

/// What we call ourselves.
const CLIENT_ID: &str = "milena";

/// How much of a frame is made room for at once, in bytes: a length alone does not get memory.
const READ_STEP: usize = 1 << 20;

/// A connection to one broker, on which one request at a time is asked and answered.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: TcpStream,
    received: BytesMut,
    versions: BrokerVersions,
    last_correlation_id: i32,
    timeout: Duration,
    /// A request was given up midway: whatever comes next answers that one.
    is_spoilt: bool,
}

impl Connection {
    /// Connects to `address`, a `host:port`, and agrees on versions; each step and each later request may take
    /// `timeout`.
    ///
    /// # Errors
    /// The address, the network, or a broker that does not speak Kafka.
    pub async fn open(address: &str, timeout: Duration) -> Result<Self, ClientError> {
        let failed = |kind| ClientError::new(address, None, kind);
        if !address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            return Err(failed(ClientErrorKind::InvalidAddress("an address is HOST:PORT")));
        }
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_| failed(ClientErrorKind::TimedOut(timeout)))?
            .map_err(|error| failed(ClientErrorKind::Connect(error)))?;
        stream.set_nodelay(true).map_err(|error| failed(ClientErrorKind::Broken(error)))?;
        let mut connection = Self {
            address: address.to_owned(),
            stream,
            received: BytesMut::new(),
            versions: BrokerVersions::default(),
            last_correlation_id: 0,
            timeout,
            is_spoilt: false,
        };
        connection.agree_on_versions().await?;
        Ok(connection)
    }

    /// Where it leads.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether a request was given up midway, so that no further one can be asked.
    #[must_use]
    pub fn is_spoilt(&self) -> bool {
        self.is_spoilt
    }

    /// The highest version that both sides have of a request.
    ///
    /// # Errors
    /// There is none.
    pub fn version_of<M: RequestMessage>(&self) -> Result<i16, ClientError> {
        let (ours, theirs) = (M::VERSIONS, self.versions.offered(M::KEY));
        ours.agree(theirs)
            .ok_or_else(|| self.failed(M::KEY, ClientErrorKind::NoCommonVersion { ours, theirs }))
    }

    /// Asks in the highest version that both sides have, and waits for the answer.
    ///
    /// # Errors
    /// The network, the version, or an answer that cannot be read. Error codes within the answer are the caller's.
    pub async fn ask<M: RequestMessage>(&mut self, request: &M) -> Result<M::Response, ClientError> {
        self.ask_at(self.version_of::<M>()?, request).await
    }

    /// The same in a given version.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_at<M: RequestMessage>(
        &mut self,
        version: i16,
        request: &M,
    ) -> Result<M::Response, ClientError> {
        let body = self.exchange(version, request).await?;
        M::Response::read(&body, version).map_err(|error| self.failed(M::KEY, ClientErrorKind::Decode(error)))
    }

    async fn agree_on_versions(&mut self) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: CLIENT_ID.into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
            ..Default::default()
        };
        let mut version = ApiVersionsAnswer::FIRST_VERSION;
        loop {
            let body = self.exchange(version, &request).await?;
            let answer = ApiVersionsAnswer::read(&body, version)
                .map_err(|error| self.failed(ApiKey::API_VERSIONS, ClientErrorKind::Decode(error)))?;
            match answer {
                ApiVersionsAnswer::Offered(versions) => {
                    self.versions = versions;
                    return Ok(());
                }
                ApiVersionsAnswer::AskAgain(lower) => version = lower,
                ApiVersionsAnswer::Refused(code) => {
                    return Err(ClientError::refused(&self.address, ApiKey::API_VERSIONS, "versions", code));
                }
            }
        }
    }

    /// Writes a request and reads the frame that answers it; gives its body.
    async fn exchange<M: RequestMessage>(&mut self, version: i16, request: &M) -> Result<Bytes, ClientError> {
        self.last_correlation_id = self.last_correlation_id.wrapping_add(1);
        let correlation_id = self.last_correlation_id;
        let mut frame = encode_request(correlation_id, Some(CLIENT_ID), version, request)
            .map_err(|error| self.failed(M::KEY, ClientErrorKind::Encode(error)))?;
        self.is_spoilt = true;
        let timeout = self.timeout;
        let answer = async {
            self.stream.write_all_buf(&mut frame).await.map_err(ClientErrorKind::Broken)?;
            self.read_frame().await
        };
        let answer =
            tokio::time::timeout(timeout, answer).await.unwrap_or(Err(ClientErrorKind::TimedOut(timeout)));
        let frame = answer.map_err(|kind| self.failed(M::KEY, kind))?;
        let (header, body) = ResponseHeader::read(M::KEY, version, &frame)
            .map_err(|error| self.failed(M::KEY, ClientErrorKind::Decode(error)))?;
        if header.correlation_id != correlation_id {
            let text = format!("correlation id {} answers {correlation_id}", header.correlation_id);
            return Err(self.failed(M::KEY, ClientErrorKind::Broken(std::io::Error::other(text))));
        }
        self.is_spoilt = false;
        Ok(body)
    }

    async fn read_frame(&mut self) -> Result<Bytes, ClientErrorKind> {
        let framer = Framer::default();
        loop {
            if let Some(frame) = framer.next(&mut self.received).map_err(ClientErrorKind::Decode)? {
                return Ok(frame);
            }
            self.received.reserve(framer.missing(&self.received).min(READ_STEP));
            if self.stream.read_buf(&mut self.received).await.map_err(ClientErrorKind::Broken)? == 0 {
                return Err(ClientErrorKind::Closed);
            }
        }
    }

    fn failed(&self, api: ApiKey, kind: ClientErrorKind) -> ClientError {
        ClientError::new(&self.address, Some(api), kind)
    }
}

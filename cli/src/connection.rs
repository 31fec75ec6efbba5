//! One connection: a socket, the versions agreed on it, one request at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::frame::{Framer, encode_request};
use protocol::messages::api_versions::ApiVersion;
use protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use protocol::{ApiKey, ErrorCode, Message, RequestMessage, ResponseHeader, VersionRange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{ClientError, ClientErrorKind};

/// What we call ourselves.
const CLIENT_ID: &str = "milena";

/// The version of ApiVersions to begin with: the first that says who is asking. A broker too old for it answers in
/// version 0 which ones it has (KIP-511).
const FIRST_TRY: i16 = 3;

/// How much of a frame is made room for at once, in bytes: a length alone does not get memory.
const READ_STEP: usize = 1 << 20;

/// A connection to one broker, on which one request at a time is asked and answered.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: TcpStream,
    received: BytesMut,
    versions: BTreeMap<ApiKey, VersionRange>,
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
            versions: BTreeMap::new(),
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
        let (ours, theirs) = (M::VERSIONS, self.versions.get(&M::KEY).copied().unwrap_or(VersionRange::NONE));
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
        let mut response = self.ask_for_versions(FIRST_TRY, &request).await?;
        if response.error_code == ErrorCode::UNSUPPORTED_VERSION {
            // It tells which versions it has; one that does not has version 0.
            let theirs =
                range_of(&response.api_keys, ApiKey::API_VERSIONS).unwrap_or(VersionRange::new(0, 0));
            let version = VersionRange::new(0, FIRST_TRY).agree(theirs).unwrap_or(0);
            response = self.ask_for_versions(version, &request).await?;
        }
        if response.error_code.is_error() {
            let (api, code) = (ApiKey::API_VERSIONS, response.error_code);
            return Err(ClientError::refused(&self.address, api, "versions", code));
        }
        let ranges = |key: &ApiKey| Some((*key, range_of(&response.api_keys, *key)?));
        self.versions = ApiKey::ALL.iter().filter_map(ranges).collect();
        Ok(())
    }

    /// An answer may be in version 0 whatever was asked, if it is UNSUPPORTED_VERSION.
    async fn ask_for_versions(
        &mut self,
        version: i16,
        request: &ApiVersionsRequest,
    ) -> Result<ApiVersionsResponse, ClientError> {
        let body = self.exchange(version, request).await?;
        let unsupported = ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes();
        let version = if body.starts_with(&unsupported) { 0 } else { version };
        ApiVersionsResponse::read(&body, version)
            .map_err(|error| self.failed(ApiKey::API_VERSIONS, ClientErrorKind::Decode(error)))
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

fn range_of(ranges: &[ApiVersion], key: ApiKey) -> Option<VersionRange> {
    let range = ranges.iter().find(|range| range.api_key == key.0)?;
    Some(VersionRange::new(range.min_version, range.max_version))
}

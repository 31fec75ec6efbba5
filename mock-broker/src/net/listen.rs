//! Where brokers listen, and what clients are told about it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::config::ConfigError;
use crate::recording::ReplayError;

/// Where the brokers of a cluster listen. The default is free ports of 127.0.0.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    host: String,
    port: u16,
    advertised_host: Option<String>,
}

impl Default for Listen {
    fn default() -> Self {
        Self { host: Ipv4Addr::LOCALHOST.to_string(), port: 0, advertised_host: None }
    }
}

impl Listen {
    /// The first broker listens on this host (a name or an address) and port, the others on the ports that follow; with port 0, each on a
    /// free one.
    #[must_use]
    pub fn on(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, advertised_host: None }
    }

    /// The host that clients are told. Default: the one that the brokers listen on.
    #[must_use]
    pub fn advertised_host(mut self, host: &str) -> Self {
        self.advertised_host = Some(host.to_owned());
        self
    }

    /// Binds one socket a broker; each comes with the host to tell clients.
    pub(super) async fn bind(&self, brokers: usize) -> Result<Vec<(TcpListener, String)>, StartError> {
        let last = usize::from(self.port) + brokers.saturating_sub(1);
        if self.port != 0 && last > usize::from(u16::MAX) {
            return Err(StartError::TooFewPorts { first: self.port, brokers });
        }
        let ip = self.resolve().await?;
        let host = match &self.advertised_host {
            Some(host) => host.clone(),
            None if ip.is_unspecified() => return Err(StartError::NoAdvertisedHost(ip)),
            None => self.host.clone(),
        };
        let mut bound = Vec::with_capacity(brokers);
        for broker in 0..brokers {
            let port = if self.port == 0 { 0 } else { self.port + broker as u16 };
            let address = SocketAddr::new(ip, port);
            let listener = TcpListener::bind(address).await;
            bound.push((listener.map_err(|error| StartError::bind(address, error))?, host.clone()));
        }
        Ok(bound)
    }

    async fn resolve(&self) -> Result<IpAddr, StartError> {
        if let Ok(ip) = self.host.parse() {
            return Ok(ip);
        }
        let mut addresses = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| StartError::bind(&self.host, error))?;
        let none = || StartError::bind(&self.host, io::Error::other("the name has no address"));
        addresses.next().map(|address| address.ip()).ok_or_else(none)
    }
}

/// Why a cluster did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is not one.
    Config(ConfigError),
    /// An address cannot be listened on.
    Bind {
        /// The address.
        address: String,
        /// The system's reason.
        error: io::Error,
    },
    /// A recorded run cannot be played again.
    Replay(ReplayError),
    /// There are not so many ports after the first.
    TooFewPorts {
        /// The first broker's port.
        first: u16,
        /// How many ports are needed.
        brokers: usize,
    },
    /// Clients cannot be told to connect to an address that stands for all interfaces.
    NoAdvertisedHost(IpAddr),
}

impl StartError {
    pub(super) fn bind(address: impl fmt::Display, error: io::Error) -> Self {
        Self::Bind { address: address.to_string(), error }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Replay(error) => write!(f, "{error}"),
            Self::Bind { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Self::TooFewPorts { first, brokers } => {
                write!(f, "{brokers} brokers do not fit into the ports from {first} to 65535")
            }
            Self::NoAdvertisedHost(ip) => {
                write!(f, "{ip} stands for all interfaces: clients need an advertised host to connect to")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind { error, .. } => Some(error),
            Self::Config(error) => Some(error),
            Self::Replay(error) => Some(error),
            _ => None,
        }
    }
}

//! Which requests a rule is about, and the places in a request that it can name.

use protocol::names::{BrokerId, ProducerId, TopicName};
use protocol::{ApiKey, ByteString, VersionRange};

use super::installed::Arrival;

/// What a request must be like; nothing means anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Which {
    pub(super) api_key: Option<ApiKey>,
    pub(super) versions: Option<VersionRange>,
    pub(super) client_id: Option<ByteString>,
    pub(super) broker: Option<BrokerId>,
    pub(super) connection: Option<u64>,
    pub(super) topic: Option<TopicName>,
    pub(super) partition: Option<i32>,
    pub(super) producer_id: Option<ProducerId>,
    pub(super) group: Option<ByteString>,
    pub(super) transactional_id: Option<ByteString>,
}

/// A place in a request where Kafka decides on an error, and where a rule may decide instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Site<'a> {
    topic: Option<&'a str>,
    partition: Option<i32>,
    producer_id: Option<ProducerId>,
    group: Option<&'a str>,
    transactional_id: Option<&'a str>,
}

impl<'a> Site<'a> {
    /// The request as a whole.
    pub(crate) const REQUEST: Self =
        Self { topic: None, partition: None, producer_id: None, group: None, transactional_id: None };

    /// A topic in it.
    pub(crate) fn topic(topic: &'a str) -> Self {
        Self { topic: Some(topic), ..Self::REQUEST }
    }

    /// A partition in it.
    pub(crate) fn partition(topic: &'a str, partition: i32) -> Self {
        Self { topic: Some(topic), partition: Some(partition), ..Self::REQUEST }
    }

    /// A group in it.
    pub(crate) fn group(group: &'a str) -> Self {
        Self { group: Some(group), ..Self::REQUEST }
    }

    /// A transactional producer in it.
    pub(crate) fn transactional_id(transactional_id: &'a str) -> Self {
        Self { transactional_id: Some(transactional_id), ..Self::REQUEST }
    }

    /// What a coordinator is looked up for, if it is not said whether that is a group or a producer.
    pub(crate) fn coordinator_key(key: &'a str) -> Self {
        Self { group: Some(key), transactional_id: Some(key), ..Self::REQUEST }
    }

    /// The same, of this partition.
    pub(crate) fn in_partition(self, topic: &'a str, partition: i32) -> Self {
        Self { topic: Some(topic), partition: Some(partition), ..self }
    }

    /// The same, of this producer.
    pub(crate) fn of_producer(self, producer_id: ProducerId) -> Self {
        Self { producer_id: Some(producer_id), ..self }
    }

    /// What this place says, and the rest as the request as a whole has it.
    fn within(self, whole: &'a Whole) -> Self {
        Self {
            producer_id: self.producer_id.or(whole.producer_id),
            group: self.group.or(whole.group.as_deref()),
            transactional_id: self.transactional_id.or(whole.transactional_id.as_deref()),
            ..self
        }
    }
}

/// What a request says for all places in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    pub(crate) producer_id: Option<ProducerId>,
    pub(crate) group: Option<ByteString>,
    pub(crate) transactional_id: Option<ByteString>,
}

impl Which {
    /// Whether a request, in any of its places, is one of these.
    pub(super) fn fits(&self, arrival: &Arrival<'_>) -> bool {
        self.api_key.is_none_or(|wanted| wanted == arrival.api_key)
            && self.versions.is_none_or(|wanted| wanted.contains(arrival.version))
            && self.client_id.as_ref().is_none_or(|wanted| Some(&**wanted) == arrival.client_id)
            && self.broker.is_none_or(|wanted| wanted == arrival.broker)
            && self.connection.is_none_or(|wanted| wanted == arrival.connection)
            && (self.names_no_place() || arrival.sites.iter().any(|site| self.covers(*site, arrival.whole)))
    }

    /// Whether this place in a request is one of those that are named.
    pub(super) fn covers(&self, site: Site<'_>, whole: &Whole) -> bool {
        let site = site.within(whole);
        self.topic.as_deref().is_none_or(|wanted| site.topic == Some(wanted))
            && self.partition.is_none_or(|wanted| site.partition == Some(wanted))
            && self.producer_id.is_none_or(|wanted| site.producer_id == Some(wanted))
            && self.group.as_deref().is_none_or(|wanted| site.group == Some(wanted))
            && self.transactional_id.as_deref().is_none_or(|wanted| site.transactional_id == Some(wanted))
    }

    /// Whether it is about requests as a whole.
    pub(super) fn names_no_place(&self) -> bool {
        self.topic.is_none()
            && self.partition.is_none()
            && self.producer_id.is_none()
            && self.group.is_none()
            && self.transactional_id.is_none()
    }
}

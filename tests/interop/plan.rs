//! What is tried with what: plain data.

use std::fmt;

/// Who writes or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Our producer, our reader.
    Milena,
    /// confluent-kafka, which carries librdkafka.
    Librdkafka,
    /// Apache Kafka's own client.
    Java,
}

/// Where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Our mock cluster.
    Mock,
    /// An Apache Kafka broker.
    Kafka,
}

/// One topic: who fills it, how, where, and who reads it back. Each reader is one case.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) topic: String,
    pub(crate) writer: Party,
    pub(crate) place: Place,
    pub(crate) acks: &'static str,
    pub(crate) compression: &'static str,
    pub(crate) readers: Vec<Party>,
}

/// As both real clients and ours spell them.
const ACKS: [&str; 3] = ["0", "1", "all"];
pub(crate) const COMPRESSIONS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// Partitions of every topic.
pub(crate) const PARTITIONS: i32 = 3;

impl Leg {
    /// All of them: every writer to every place in all settings, read by two parties of which one is not the writer.
    pub(crate) fn all() -> Vec<Self> {
        let pairs = [
            (Party::Librdkafka, Place::Mock, [Party::Milena, Party::Java]),
            (Party::Java, Place::Mock, [Party::Milena, Party::Librdkafka]),
            (Party::Milena, Place::Mock, [Party::Librdkafka, Party::Java]),
            (Party::Milena, Place::Kafka, [Party::Librdkafka, Party::Java]),
            (Party::Librdkafka, Place::Kafka, [Party::Milena, Party::Java]),
            (Party::Java, Place::Kafka, [Party::Milena, Party::Librdkafka]),
        ];
        let mut legs = Vec::new();
        for (writer, place, readers) in pairs {
            for acks in ACKS {
                for compression in COMPRESSIONS {
                    let mut readers = readers.to_vec();
                    if place == Place::Kafka && writer == Party::Milena {
                        readers.push(Party::Milena);
                    }
                    // Between a real client and a real broker acks change nothing that is ours.
                    if place == Place::Mock || writer == Party::Milena || acks == "all" {
                        let topic = format!("{writer}.{acks}.{compression}");
                        legs.push(Self { topic, writer, place, acks, compression, readers });
                    }
                }
            }
        }
        legs
    }

    /// The name of one of its cases.
    pub(crate) fn case(&self, reader: Party) -> String {
        let Self { writer, place, acks, compression, .. } = self;
        format!("{writer} > {place} > {reader}, acks={acks} {compression}")
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Milena => "milena",
            Self::Librdkafka => "librdkafka",
            Self::Java => "java",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mock => "mock",
            Self::Kafka => "kafka",
        })
    }
}

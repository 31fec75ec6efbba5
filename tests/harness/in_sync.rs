//! What acks mean when followers are down: one table, plain data, for every place where it can be tried.
//!
//! A topic of one partition and three replicas has one record, which all three have. So many followers go down, and have left
//! the in-sync set; then a second record is sent. Once they are back, all of the log is readable.

/// A case: what is set, what is sent, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// `min.insync.replicas` of the topic.
    pub min_in_sync: i16,
    /// What the second record is sent with; −1 is all.
    pub acks: i16,
    /// Followers that are down.
    pub down: usize,
    /// The error code of the answer; `None` where there is no answer.
    pub answer: Option<i16>,
    /// Records in the leader's log, readable or not.
    pub log_end: i64,
    /// Records that a consumer can read.
    pub high_watermark: i64,
}

/// Replicas of the partition.
pub const REPLICAS: usize = 3;

const NONE: i16 = 0;
const NOT_ENOUGH_REPLICAS: i16 = 19;

/// Every `min.insync.replicas`, every acks, every number of followers that leaves a leader. By Kafka 4.3.
pub const CASES: [Case; 27] = [
    //   min acks down  answer                     log end, high watermark
    case(1, 0, 0, None, 2, 2),
    case(1, 0, 1, None, 2, 2),
    case(1, 0, 2, None, 2, 2),
    case(1, 1, 0, Some(NONE), 2, 2),
    case(1, 1, 1, Some(NONE), 2, 2),
    case(1, 1, 2, Some(NONE), 2, 2),
    case(1, -1, 0, Some(NONE), 2, 2),
    case(1, -1, 1, Some(NONE), 2, 2),
    case(1, -1, 2, Some(NONE), 2, 2),
    //
    case(2, 0, 0, None, 2, 2),
    case(2, 0, 1, None, 2, 2),
    case(2, 0, 2, None, 2, 1),
    case(2, 1, 0, Some(NONE), 2, 2),
    case(2, 1, 1, Some(NONE), 2, 2),
    case(2, 1, 2, Some(NONE), 2, 1),
    case(2, -1, 0, Some(NONE), 2, 2),
    case(2, -1, 1, Some(NONE), 2, 2),
    case(2, -1, 2, Some(NOT_ENOUGH_REPLICAS), 1, 1),
    //
    case(3, 0, 0, None, 2, 2),
    case(3, 0, 1, None, 2, 1),
    case(3, 0, 2, None, 2, 1),
    case(3, 1, 0, Some(NONE), 2, 2),
    case(3, 1, 1, Some(NONE), 2, 1),
    case(3, 1, 2, Some(NONE), 2, 1),
    case(3, -1, 0, Some(NONE), 2, 2),
    case(3, -1, 1, Some(NOT_ENOUGH_REPLICAS), 1, 1),
    case(3, -1, 2, Some(NOT_ENOUGH_REPLICAS), 1, 1),
];

const fn case(
    min_in_sync: i16,
    acks: i16,
    down: usize,
    answer: Option<i16>,
    log_end: i64,
    high_watermark: i64,
) -> Case {
    Case { min_in_sync, acks, down, answer, log_end, high_watermark }
}

impl Case {
    /// A name for the topic that it has to itself.
    pub fn topic(&self) -> String {
        let acks = match self.acks {
            -1 => "all".to_owned(),
            acks => acks.to_string(),
        };
        format!("min{}.acks-{acks}.down{}", self.min_in_sync, self.down)
    }
}

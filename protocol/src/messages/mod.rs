//! The messages: one file an API, request and response together, in the order of Kafka's definition.
//!
//! Field and struct names are Kafka's in Rust's case. An attribute says in which versions a field is on the wire; no
//! attribute, all of them.

pub mod api_versions;
pub mod create_topics;
pub mod delete_topics;
pub mod fetch;
pub mod find_coordinator;
pub mod init_producer_id;
pub mod list_offsets;
pub mod metadata;
pub mod produce;

pub use self::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
pub use self::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
pub use self::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
pub use self::fetch::{FetchRequest, FetchResponse};
pub use self::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
pub use self::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
pub use self::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
pub use self::metadata::{MetadataRequest, MetadataResponse};
pub use self::produce::{ProduceRequest, ProduceResponse};

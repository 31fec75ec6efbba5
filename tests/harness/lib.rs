//! What the end-to-end tests share: real things to test against, and ways to compare with them.
//!
//! ```text
//! tools      find, fetch and cache what a machine may lack
//! real_kafka an Apache Kafka broker, one node, no container        java, python, server   client programs that take jobs
//! real_cluster  three of them, which can be taken down             wire       topics without any client's help
//! in_sync    what acks mean when followers are down, as a table
//! rows       records as plain data: made from a seed, compared byte for byte
//! world      producer core × cluster core on a virtual network and clock        network, history, losses, mischief   its parts
//! proxy      a way between client and broker that changes one byte when told to
//! ```
//!
//! Everything listens on 127.0.0.1 on ports the system chose, lives in a folder below `target/interop`, and ends when
//! its value is dropped, or when this process dies in whatever way.

pub mod cases;
pub mod history;
pub mod in_sync;
pub mod java;
pub mod losses;
pub mod mischief;
pub mod network;
pub mod proxy;
pub mod python;
pub mod random;
pub mod raw;
pub mod real_cluster;
pub mod real_kafka;
pub mod rows;
pub mod server;
pub mod tools;
pub mod wire;
pub mod world;

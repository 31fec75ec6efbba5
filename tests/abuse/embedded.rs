//! A cluster within a test's own process: panics, and the tasks that are left.

use std::net::SocketAddr;
use std::thread;

use mock_broker::{ClusterConfig, Fault, MockCluster, Reaction};
use protocol::ApiKey;
use protocol::messages::FetchRequest;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::broker::eventually;
use crate::client::{Client, batch, fetch};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn start(runtime: &Runtime, config: ClusterConfig) -> (MockCluster, SocketAddr) {
    let cluster = runtime.block_on(MockCluster::start(config)).unwrap();
    let address = cluster.addresses()[0];
    (cluster, address)
}

#[test]
fn a_panic_over_one_request_closes_its_connection_and_no_other_notices() {
    let runtime = runtime();
    let (cluster, address) = start(&runtime, ClusterConfig::new(1).topic("orders", 1));
    cluster.add_fault(Fault::on(ApiKey::METADATA).nth(3).then(Reaction::Panic));
    let mut waits = Client::connect(address);
    waits.send(12, &fetch("orders", 0, 60_000));
    let mut others: Vec<_> = (0..5).map(|_| Client::connect(address)).collect();
    let served = others.iter_mut().map(|client| client.ask(12, &crate::client::metadata([])).is_some());
    assert_eq!(served.collect::<Vec<_>>(), [true, true, false, true, true]);
    assert_eq!(cluster.panics(), 1);
    eventually("the connection is gone", || cluster.open_connections() == 5);

    // Who waited is woken, who comes is served, and the journal tells how it ended.
    assert_eq!(Client::connect(address).produce("orders", &batch(1)).0, 0);
    assert!(waits.receive::<FetchRequest>(12).is_some());
    let closed = cluster.journal().into_iter().filter(|entry| entry.outcome == mock_broker::Outcome::Closed);
    assert_eq!(closed.count(), 1);
}

#[test]
fn a_panic_of_the_test_while_it_holds_the_core_harms_no_client() {
    let runtime = runtime();
    let (cluster, address) = start(&runtime, ClusterConfig::new(1).topic("orders", 1));
    let panicked =
        thread::scope(|scope| scope.spawn(|| cluster.with(|_| panic!("a test fails here"))).join().is_err());
    assert!(panicked);
    assert!(Client::connect(address).is_served());
}

#[test]
fn tasks_and_sockets_end_with_their_connections_and_with_the_cluster() {
    let runtime = runtime();
    let tasks = |runtime: &Runtime| Handle::metrics(runtime.handle()).num_alive_tasks();
    let base = tasks(&runtime);
    let (cluster, address) = start(&runtime, ClusterConfig::new(1).topic("orders", 1));
    let idle = tasks(&runtime);
    let mut clients: Vec<_> = (0..100).map(|_| Client::connect(address)).collect();
    assert!(clients.iter_mut().all(Client::is_served));
    let busy = tasks(&runtime);
    // Half of them leave while they wait for something.
    for client in clients.iter_mut().take(50) {
        client.send(12, &fetch("orders", 0, 20));
    }
    drop(clients);
    eventually("every connection's task has ended", || tasks(&runtime) == idle);
    assert_eq!(cluster.open_connections(), 0);

    let mut waits = Client::connect(address);
    waits.send(12, &fetch("orders", 0, 60_000));
    eventually("it waits", || cluster.journal().len() > 100);
    drop(cluster);
    waits.wait_for_end();
    eventually("every task has ended", || tasks(&runtime) == base);
    println!("tasks: none {base}, a cluster {idle}, with 100 clients {busy}, after it {}", tasks(&runtime));

    // Who waits for the end has it.
    let (cluster, address) = start(&runtime, ClusterConfig::new(3));
    let client = Client::connect(address);
    runtime.block_on(cluster.stop());
    assert!(std::net::TcpStream::connect(address).is_err());
    eventually("every task has ended", || tasks(&runtime) == base);
    drop(client);
}

//! Both ends on a real socket: with each other, with recordings of others, and with whoever else may connect.

mod client;
mod server;

use super::wire::{Connection, Until, Wire};
use lane_sim::{RoadSet, Weather, WorldSpec};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tungstenite::client::client_with_config;

/// Long enough for a busy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

static GO_ON: AtomicBool = AtomicBool::new(false);

fn world() -> WorldSpec {
    WorldSpec::drawn(RoadSet::Demo, 3, Weather::Daylight, 120.0)
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

/// The simulator's end of a connection to a program at this address.
fn connect(address: SocketAddr) -> Connection {
    let wire = Wire::new(TcpStream::connect(address).unwrap(), Until::after(LONG)).unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    Connection::new(client_with_config(url, wire, None).unwrap().0, "the program")
}

/// The next text.
fn next(connection: &mut Connection) -> String {
    connection.receive(Until::after(LONG)).unwrap().unwrap().to_string()
}

/// A port that is free now.
fn free_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

//! The server's end of the WebSocket handshake, and what has connected where it fails.

use super::wire::{Connection, Until, Wire, is_timeout};
use crate::Trouble;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server::{Request, create_response, write_response};

/// The most bytes of a request's head.
const MOST_HEAD_BYTES: usize = 16 << 10;

/// Said to clients of the web.
const REFUSAL: &str = "this port waits for Udacity's simulator: a WebSocket to /socket.io/\n";

/// Takes a connection up, whichever version of Engine.IO its address names: the simulator's names the wrong one.
///
/// # Errors
/// Names what has connected where it is no WebSocket client.
pub fn greet(stream: TcpStream, until: Instant, peer: &'static str) -> Result<Connection, Trouble> {
    let gone = |_| Trouble::new("a connection that went away at once");
    let mut wire = Wire::new(stream, Until::At(until)).map_err(gone)?;
    let mut head = Vec::new();
    let outcome = loop {
        match parse(&head) {
            Head::Partial => {}
            other => break other,
        }
        let mut bytes = [0; 1024];
        match wire.read(&mut bytes) {
            Ok(0) => break Head::Stranger(describe(&head, "and went away")),
            Ok(count) => head.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => {
                break Head::Stranger(describe(&head, if head.is_empty() { "" } else { "and nothing more in time" }));
            }
            Err(error) => return Err(gone(error)),
        }
    };
    match outcome {
        Head::WebSocket { size, response } => {
            write_response(&mut wire, &response)
                .map_err(|_| Trouble::new("a WebSocket client that went away at once"))?;
            Ok(Connection::accepted(wire, head.split_off(size), peer))
        }
        Head::Http(line) => {
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{REFUSAL}",
                REFUSAL.len()
            );
            // It is turned away whether it hears so or not.
            let _ = wire.write_all(answer.as_bytes());
            Err(Trouble::new(line))
        }
        Head::Stranger(line) => Err(Trouble::new(line)),
        Head::Partial => Err(Trouble::new(describe(&head, ""))),
    }
}

/// The bytes with which a client begins.
#[derive(Debug)]
enum Head {
    /// More must come.
    Partial,
    /// A WebSocket client's request of this many bytes, and the answer to it.
    WebSocket { size: usize, response: tungstenite::handshake::server::Response },
    /// Another client of HTTP, described.
    Http(String),
    /// A client of something else, described.
    Stranger(String),
}

fn parse(head: &[u8]) -> Head {
    if !b"GET ".starts_with(&head[..head.len().min(4)]) {
        let is_http = head.windows(5).any(|word| word == b"HTTP/");
        // The line of another method may still be on its way.
        let may_be_http = head.len() < 256 && head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        return match (is_http, may_be_http) {
            (true, _) => Head::Http(describe(head, "")),
            (false, true) => Head::Partial,
            (false, false) => Head::Stranger(describe(head, "")),
        };
    }
    match Request::try_parse(head) {
        Ok(None) if head.len() < MOST_HEAD_BYTES => Head::Partial,
        Ok(None) => Head::Stranger(format!("a request whose head is longer than {} kB", MOST_HEAD_BYTES >> 10)),
        Ok(Some((size, request))) => match create_response(&request) {
            Ok(response) => Head::WebSocket { size, response },
            Err(_) => Head::Http(describe(head, "")),
        },
        Err(_) => Head::Stranger(describe(head, "")),
    }
}

/// A client in a few words, by the bytes with which it began.
fn describe(head: &[u8], end: &str) -> String {
    let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let start = line.get(..60).unwrap_or(line).escape_ascii();
    let what = if head.is_empty() {
        "a client that sent nothing".to_owned()
    } else if head.starts_with(&[22, 3]) {
        "a client that wants TLS (https:// or wss://)".to_owned()
    } else if line.windows(17).any(|part| part == b"transport=polling") {
        format!("a Socket.IO client that begins without WebSocket (`{start}`)")
    } else if line.windows(5).any(|word| word == b"HTTP/") {
        format!("a plain HTTP request (`{start}`)")
    } else {
        format!("bytes that are no HTTP request (`{start}`)")
    };
    if end.is_empty() { what } else { format!("{what} {end}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;

    const REQUEST: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:4567\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[test]
    fn a_request_is_partial_until_its_last_byte() {
        for at in 0..REQUEST.len() {
            assert!(matches!(parse(&REQUEST.as_bytes()[..at]), Head::Partial), "{at}");
        }
        let Head::WebSocket { size, response } = parse(REQUEST.as_bytes()) else { panic!("no request") };
        // The key and its answer are those of RFC 6455, section 1.3.
        assert_eq!(response.headers()["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(size, REQUEST.len());
    }

    #[test]
    fn a_head_without_an_end_is_refused() {
        let endless = [REQUEST.trim_end().as_bytes(), b"\r\nCookie: ", &[b'x'; MOST_HEAD_BYTES]].concat();
        let Head::Stranger(line) = parse(&endless) else { panic!("taken up") };
        assert_eq!(line, "a request whose head is longer than 16 kB");
    }

    #[test]
    fn broken_requests_do_no_harm() {
        survives_broken_copies(REQUEST.as_bytes(), |bytes| {
            if let Head::Stranger(line) | Head::Http(line) = parse(bytes) {
                assert!(!line.contains(['\r', '\n']), "{line}");
            }
        });
    }
}

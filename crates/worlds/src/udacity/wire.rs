//! A WebSocket connection that waits no longer than it is told to and keeps no more than a message's most bytes.

use crate::Trouble;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

/// The most bytes of a message. A picture of 320x160 takes some 15 kB, one of 4 megapixels about 1 MB.
const MOST_MESSAGE_BYTES: usize = 4 << 20;

/// Time in which the other side must take a message up.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for something to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Not at all.
    Now,
    /// Until this moment.
    At(Instant),
}

impl Until {
    /// This long from now on.
    pub fn after(wait: Duration) -> Self {
        Self::At(Instant::now() + wait)
    }
}

/// A stream whose reads and writes end in time with [`ErrorKind::WouldBlock`], however the bytes trickle.
pub struct Wire {
    stream: TcpStream,
    read_until: Until,
    write_until: Instant,
    /// True if bytes have arrived since this was last set to false.
    has_received: bool,
}

impl Wire {
    /// A stream that reads until `until`.
    ///
    /// # Errors
    /// When the socket is gone already.
    pub fn new(stream: TcpStream, until: Until) -> io::Result<Self> {
        // The listening socket does not block; on some systems its connections take after it.
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let write_until = Instant::now() + WRITE_PATIENCE;
        Ok(Self { stream, read_until: until, write_until, has_received: false })
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = match self.read_until {
            Until::Now => {
                self.stream.set_nonblocking(true)?;
                let count = self.stream.read(bytes);
                self.stream.set_nonblocking(false)?;
                count?
            }
            Until::At(end) => {
                self.stream.set_read_timeout(Some(time_left(end)?))?;
                self.stream.read(bytes)?
            }
        };
        self.has_received |= count > 0;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(time_left(self.write_until)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn time_left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::WouldBlock.into()) } else { Ok(left) }
}

/// Limits for whatever comes in, before anything is kept.
pub fn limits() -> WebSocketConfig {
    let most = Some(MOST_MESSAGE_BYTES);
    WebSocketConfig::default().max_message_size(most).max_frame_size(most).read_buffer_size(1 << 16)
}

/// A connection over which texts go.
pub struct Connection {
    socket: WebSocket<Wire>,
    /// The other side in a sentence, such as `the simulator`.
    peer: &'static str,
    is_open: bool,
}

impl Connection {
    /// The server's end of a connection after its handshake, with the bytes that came with that.
    pub fn accepted(wire: Wire, rest: Vec<u8>, peer: &'static str) -> Self {
        Self::new(WebSocket::from_partially_read(wire, rest, Role::Server, Some(limits())), peer)
    }

    /// A connection after its handshake.
    pub fn new(socket: WebSocket<Wire>, peer: &'static str) -> Self {
        Self { socket, peer, is_open: true }
    }

    /// The other side in a sentence.
    pub fn peer(&self) -> &'static str {
        self.peer
    }

    /// Calls the other side so from now on.
    pub fn call_peer(&mut self, peer: &'static str) {
        self.peer = peer;
    }

    /// False once the other side is gone.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sends a text.
    ///
    /// # Errors
    /// When the other side is gone or takes nothing up.
    pub fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Trouble> {
        self.socket.get_mut().write_until = Instant::now() + WRITE_PATIENCE;
        let result = self.socket.send(Message::Text(text.into()));
        result.map_err(|error| match error {
            Error::Io(error) if is_timeout(&error) => {
                self.is_open = false;
                Trouble::new(format!("{} has taken nothing up for {} s", self.peer, WRITE_PATIENCE.as_secs()))
            }
            error => self.trouble(&error),
        })
    }

    /// The next text; nothing where none has come in time. A text of which a part has come is waited for again.
    ///
    /// # Errors
    /// When the other side is gone, or sends what is no text or a text that is too long.
    pub fn receive(&mut self, until: Until) -> Result<Option<Utf8Bytes>, Trouble> {
        let wire = self.socket.get_mut();
        (wire.read_until, wire.has_received) = (until, false);
        wire.write_until = Instant::now() + WRITE_PATIENCE;
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(Some(text)),
                Ok(Message::Binary(_)) => {
                    return Err(Trouble::new(format!("{} sent a binary message", self.peer)));
                }
                Ok(Message::Close(_)) => return Err(self.trouble(&Error::ConnectionClosed)),
                Ok(_) => self.socket.get_mut().has_received = false,
                Err(Error::Io(error)) if is_timeout(&error) => return Ok(None),
                Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.trouble(&error)),
            }
            // A flood of frames that are no texts must not hold the caller up.
            if let Until::At(end) = until
                && Instant::now() >= end
            {
                return Ok(None);
            }
        }
    }

    /// True if the last wait ended amid a message.
    pub fn has_half_a_message(&self) -> bool {
        self.socket.get_ref().has_received
    }

    /// Ends the conversation, as far as the other side still listens.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.is_open, false) {
            self.socket.get_mut().write_until = Instant::now() + WRITE_PATIENCE;
            // Whoever is gone cannot be told so.
            let _ = self.socket.close(None).and_then(|()| self.socket.flush());
        }
    }

    fn trouble(&mut self, error: &Error) -> Trouble {
        let peer = self.peer;
        Trouble::new(match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => {
                self.is_open = false;
                format!("{peer} went away")
            }
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                format!("{peer} sent a message of more than {} MB", MOST_MESSAGE_BYTES >> 20)
            }
            error => format!("{peer} sent what is no WebSocket message: {error}"),
        })
    }
}

/// True for what both families of systems say when a wait has ended.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

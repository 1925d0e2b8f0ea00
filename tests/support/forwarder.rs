//! A line between harda and a host that can be cut, stalled and slowed down, at once or once so many bytes have gone.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Harm {
    /// All connections end; new ones come through.
    Cut,
    /// What is connected hears and says nothing any more; new ones come through.
    Hang,
    /// All connections end, and new ones as soon as they are made.
    Gone,
    /// Nothing gets through, new connections neither.
    Dead,
    /// Nothing gets through for this long.
    Delay(Duration),
    /// One byte a second.
    Trickle,
}

/// Which bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    ToHost = 0,
    FromHost = 1,
}

pub struct Forwarder {
    /// The near end.
    pub address: String,
    pub port: u16,
    line: Arc<Line>,
}

struct Line {
    to: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ends: Vec<TcpStream>,
    /// Since the line was mended last.
    passed: [u64; 2],
    due: Option<(Harm, Way, u64)>,
    now: Option<Harm>,
    happened: bool,
    connections: usize,
    /// Connections up to this number are stalled.
    stalled: usize,
    /// Connections up to this number were ended.
    ended: usize,
}

impl Forwarder {
    /// From an address of this machine (`127.0.0.1:0`) to one of a host.
    pub fn start(at: &str, to: &str) -> Forwarder {
        let listener = TcpListener::bind(at).unwrap_or_else(|e| panic!("{at}: {e}"));
        let near = listener.local_addr().expect("bound");
        let to = to.parse().unwrap_or_else(|e| panic!("{to}: {e}"));
        let line = Arc::new(Line { to, state: Mutex::default() });
        let its = line.clone();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|near| its.connect(near)));
        Forwarder { address: near.ip().to_string(), port: near.port(), line }
    }

    /// Goes wrong now.
    pub fn harm(&self, harm: Harm) {
        self.line.begin(harm);
    }

    /// Will go wrong once so many bytes have gone this way.
    pub fn harm_after(&self, harm: Harm, way: Way, bytes: u64) {
        self.line.state().due = Some((harm, way, bytes));
    }

    /// Whether something went wrong since it was mended last.
    pub fn happened(&self) -> bool {
        self.line.state().happened
    }

    /// Bytes to the host and from it, since it was mended last.
    pub fn passed(&self) -> [u64; 2] {
        self.line.state().passed
    }

    /// As new; what was connected is not any more.
    pub fn mend(&self) {
        let mut state = self.line.state();
        state.end_all();
        *state = State { connections: state.connections, ended: state.ended, ..State::default() };
    }
}

impl State {
    fn end_all(&mut self) {
        self.ended = self.connections;
        self.ends.drain(..).for_each(|end| drop(end.shutdown(Shutdown::Both)));
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("whole")
    }

    fn connect(self: &Arc<Self>, near: TcpStream) {
        // A host that is down: the near end is dropped, which ends it.
        let Ok(far) = TcpStream::connect_timeout(&self.to, Duration::from_secs(2)) else { return };
        let mut state = self.state();
        if state.now == Some(Harm::Gone) {
            return;
        }
        state.connections += 1;
        let number = state.connections;
        for (from, to, way) in [(&near, &far, Way::ToHost), (&far, &near, Way::FromHost)] {
            let (from, to) = (from.try_clone().expect("cloned"), to.try_clone().expect("cloned"));
            let line = self.clone();
            std::thread::spawn(move || line.pass(from, to, way, number));
        }
        state.ends.extend([near, far]);
    }

    fn begin(&self, harm: Harm) {
        let mut state = self.state();
        (state.due, state.happened) = (None, true);
        match harm {
            Harm::Cut => state.end_all(),
            Harm::Hang => state.stalled = state.connections,
            Harm::Delay(time) => {
                state.now = Some(harm);
                drop(state);
                std::thread::sleep(time);
                self.state().now.take_if(|now| *now == harm);
            }
            Harm::Gone => {
                state.end_all();
                state.now = Some(harm);
            }
            Harm::Dead | Harm::Trickle => state.now = Some(harm),
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, way: Way, number: usize) {
        let mut buffer = [0; 16 << 10];
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0 || self.send(&mut to, &buffer[..count], way, number).is_none() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Passes bytes on as the line allows.
    fn send(&self, to: &mut TcpStream, mut bytes: &[u8], way: Way, number: usize) -> Option<()> {
        while !bytes.is_empty() {
            let allowed = self.allowed(bytes.len(), way, number);
            if allowed > 0 {
                to.write_all(&bytes[..allowed]).ok()?;
                bytes = &bytes[allowed..];
            }
        }
        Some(())
    }

    /// How many bytes may pass now; begins what is due.
    fn allowed(&self, count: usize, way: Way, number: usize) -> usize {
        let mut state = self.state();
        if number <= state.ended {
            // Writing sees that.
            return count;
        }
        if number <= state.stalled || matches!(state.now, Some(Harm::Dead | Harm::Delay(_))) {
            drop(state);
            std::thread::sleep(Duration::from_millis(20));
            return 0;
        }
        if state.now == Some(Harm::Trickle) {
            drop(state);
            std::thread::sleep(Duration::from_secs(1));
            return 1;
        }
        let passed = state.passed[way as usize];
        let mut allowed = count;
        if let Some((harm, its_way, after)) = state.due
            && its_way == way
            && passed + count as u64 > after
        {
            allowed = (after - passed.min(after)) as usize;
            drop(state);
            self.begin(harm);
            state = self.state();
        }
        state.passed[way as usize] += allowed as u64;
        allowed
    }
}

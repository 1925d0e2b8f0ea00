//! Hosts that never stop, or are never quite done.

use harda::fragment::{Fragment, Input, Observation, Probe};
use harda::transport::{Connection, Connector, FailureKind, Login, Options, Question, open};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// What the tests may need beyond the limit that they set, on a busy machine.
const SLACK: Duration = Duration::from_secs(10);

fn connector() -> Connector {
    Connector::new(Options { ssh_config: Some("/dev/null".into()), ..Options::default() })
}

fn here() -> Login {
    Login { connection: Connection::Local, ..Login::new("here", "localhost") }
}

/// Asks this machine one thing that should take no longer than two seconds.
#[track_caller]
fn is_given_up(fragment: Fragment) {
    let mut session = open(&connector(), &here(), None).expect("a shell");
    let fragment = fragment.deadline(Duration::from_secs(2));
    let begun = Instant::now();
    let failure = session.send(&[Question::Observe(Observation(fragment))]).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure}");
    assert!(failure.message.ends_with("took longer than 2 s"), "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(2) + SLACK);
}

#[test]
fn output_without_end_is_late() {
    is_given_up(Fragment { max_output: 1 << 20, ..Fragment::new("exec cat /dev/zero") });
    is_given_up(Fragment { max_output: 1 << 20, ..Fragment::new("exec cat /dev/zero >&2") });
}

#[test]
fn output_byte_by_byte_is_late() {
    is_given_up(Fragment::new("while :; do printf x; sleep 0.05; done"));
}

#[test]
fn a_host_that_takes_byte_by_byte_is_late() {
    let slow = "while dd bs=1 count=1 >/dev/null 2>&1; do sleep 0.05; done";
    is_given_up(Fragment::new(slow).input(Input::Bytes(vec![b'x'; 4 << 20].into())));
}

#[test]
fn a_slow_host_that_takes_its_fair_share_is_waited_for() {
    let slow = "n=0; while [ $n -lt 40 ]; do dd bs=65536 count=1 iflag=fullblock; sleep 0.1; n=$((n + 1)); done \
                2>/dev/null | wc -c";
    let fragment = Fragment::new(slow).input(Input::Bytes(vec![b'x'; 40 << 16].into()));
    let mut session = open(&connector(), &here(), None).expect("a shell");
    let fragment = fragment.deadline(Duration::from_secs(3));
    let replies = session.send(&[Question::Probe(Probe(fragment))]).expect("a reply");
    assert_eq!(replies[0].text().trim(), (40 << 16).to_string());
}

/// Logs in to something that does this with each connection.
#[track_caller]
fn is_unreachable(serve: fn(TcpStream) -> std::io::Result<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // It ends when harda has hung up.
            let _ = serve(stream);
        }
    });
    let login = Login {
        port: Some(port),
        user: Some("root".into()),
        connect_timeout: Some(Duration::from_secs(2)),
        known_hosts: vec!["/dev/null".into()],
        ..Login::new("web1", "127.0.0.1")
    };
    let begun = Instant::now();
    let failure = open(&connector(), &login, None).map(|_| ()).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", begun.elapsed());
}

#[test]
fn a_greeting_without_end_is_given_up() {
    is_unreachable(|mut stream| {
        loop {
            stream.write_all(&b"welcome\r\n".repeat(1000))?;
        }
    });
    is_unreachable(|mut stream| {
        loop {
            stream.write_all(&[b'x'; 10_000])?;
        }
    });
}

#[test]
fn a_greeting_byte_by_byte_is_given_up() {
    is_unreachable(|mut stream| {
        loop {
            stream.write_all(b"w")?;
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

/// A binary packet before keys: length, padding length, payload, padding.
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (5 + payload.len() + 4) % 8) % 8;
    let length = u32::try_from(1 + payload.len() + padding).expect("short");
    [&length.to_be_bytes()[..], &[padding as u8], payload, &vec![0; padding]].concat()
}

#[test]
fn packets_to_ignore_without_end_are_given_up() {
    is_unreachable(|mut stream| {
        stream.write_all(b"SSH-2.0-x\r\n")?;
        // SSH_MSG_IGNORE with a string of nothing.
        let many = packet(&[2, 0, 0, 0, 0]).repeat(1000);
        loop {
            stream.write_all(&many)?;
        }
    });
}

#[test]
fn a_length_that_cannot_be_is_refused() {
    is_unreachable(|mut stream| {
        stream.write_all(b"SSH-2.0-x\r\n\xff\xff\xff\xff\x05")?;
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    });
}

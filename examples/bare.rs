//! The yardstick of the benchmark: the least that a program on ssh2 can do. It logs in by key, runs
//! a script with `sh` (or `sudo -n sh`), and leaves. No host key is checked, nothing is parsed.
//!
//!     bare USER KEY SCRIPT 'sh' HOST:PORT...

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use ssh2::Session;

type Outcome = Result<usize, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, key, script, command, hosts @ ..] = &arguments[..] else {
        return Err("usage: bare USER KEY SCRIPT COMMAND HOST:PORT...".into());
    };
    let script = std::fs::read(script)?;
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let script = &script;
        let mut threads = Vec::new();
        for host in hosts {
            threads.push(scope.spawn(move || visit(host, user, Path::new(key), script, command)));
        }
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    for (host, outcome) in hosts.iter().zip(outcomes) {
        match outcome {
            Ok(bytes) => println!("{host} {bytes}"),
            Err(e) => return Err(format!("{host}: {e}").into()),
        }
    }
    Ok(())
}

/// Runs the script on one host; returns how many bytes came back.
fn visit(host: &str, user: &str, key: &Path, script: &[u8], command: &str) -> Outcome {
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    let mut session = Session::new()?;
    session.set_tcp_stream(stream);
    session.handshake()?;
    session.userauth_pubkey_file(user, None, key, None)?;
    let mut channel = session.channel_session()?;
    channel.exec(command)?;
    channel.write_all(script)?;
    channel.send_eof()?;
    let mut output = Vec::new();
    channel.read_to_end(&mut output)?;
    channel.stderr().read_to_end(&mut output)?;
    Ok(output.len())
}

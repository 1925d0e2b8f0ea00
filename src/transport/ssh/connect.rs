//! From a destination to an authenticated connection: address, handshake, host key, login.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use ssh2::{MethodType, Session};

use super::auth;
use super::config::Destination;
use super::host_keys::Verdict;
use super::watch::within;
use crate::transport::Proof;
use crate::transport::connector::Connector;
use crate::transport::failure::{Failure, FailureKind};

/// How long one answer may take during the login. PAM with a directory service behind it can be
/// slow; the handshake has no such excuse.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How long sent bytes may stay unacknowledged before the kernel gives up on the host.
const UNACKNOWLEDGED: Duration = Duration::from_secs(45);

/// What is offered in a handshake: nothing that OpenSSH has turned off. Names that this libssh2
/// doesn't have are left out by it.
const KEX: &[&str] = &[
    "mlkem768x25519-sha256",
    "mlkem768nistp256-sha256",
    "mlkem1024nistp384-sha384",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
];
const CIPHERS: &[&str] = &[
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
];
const MACS: &[&str] =
    &["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];

/// An authenticated connection.
pub(super) struct Entered {
    pub(super) session: Session,
    /// The session's socket again, to wait on and to shut down.
    pub(super) socket: OwnedFd,
    pub(super) proof: Proof,
}

/// Connects, checks the host key, and logs in; `depth` jumps have led here.
pub(super) fn log_in(
    connector: &Connector,
    destination: &Destination,
    depth: u32,
) -> Result<Entered, Failure> {
    let _turn = connector.pace.turn(&destination.knock_address());
    let mut entered = shake_hands(connector, destination, reach(connector, destination, depth)?)?;
    check_host_key(connector, destination, &entered.session)?;
    entered.proof = auth::authenticate(connector, destination, &entered)?;
    Ok(entered)
}

/// The handshake, with what known_hosts holds asked for first.
pub(super) fn shake_hands(
    connector: &Connector,
    destination: &Destination,
    stream: Wire,
) -> Result<Entered, Failure> {
    let known = connector.known_hosts.of(destination)?;
    let failed = |e: ssh2::Error| handshake_failure(destination, &e);
    let Wire { socket, again } = stream;
    let mut session = Session::new().map_err(failed)?;
    session.set_timeout(milliseconds(destination.connect_timeout));
    prefer(&session, MethodType::HostKey, &known.preferred_algorithms()).map_err(failed)?;
    prefer(&session, MethodType::Kex, KEX).map_err(failed)?;
    for (there, back, names) in
        [(MethodType::CryptCs, MethodType::CryptSc, CIPHERS), (MethodType::MacCs, MethodType::MacSc, MACS)]
    {
        prefer(&session, there, names).map_err(failed)?;
        prefer(&session, back, names).map_err(failed)?;
    }
    session.set_tcp_stream(socket);
    let begun = Instant::now();
    let shaken = within(&again, destination.connect_timeout, || session.handshake());
    if shaken.is_err() && begun.elapsed() >= destination.connect_timeout {
        return Err(unreachable(destination, NO_SSH));
    }
    shaken.map_err(failed)?;
    session.set_timeout(milliseconds(ANSWER_LIMIT));
    Ok(Entered { session, socket: again, proof: Proof::default() })
}

fn milliseconds(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)
}

fn prefer(session: &Session, method: MethodType, names: &[&str]) -> Result<(), ssh2::Error> {
    session.method_pref(method, &names.join(","))
}

fn check_host_key(
    connector: &Connector,
    destination: &Destination,
    session: &Session,
) -> Result<(), Failure> {
    let Some((key, _)) = session.host_key() else {
        let message = format!("`{}` showed no host key", destination.name);
        return Err(Failure::new(FailureKind::HostKey, message));
    };
    match connector.known_hosts.of(destination)?.judge(key) {
        Verdict::Known => Ok(()),
        Verdict::New(new) if connector.options.accept_new_host_keys => connector.known_hosts.add(&new),
        Verdict::New(new) => Err(new.refusal()),
        Verdict::Refused(failure) => Err(failure),
    }
}

/// A connected socket, twice: for the session, and for waiting on it.
pub(super) struct Wire {
    socket: OwnedFd,
    again: OwnedFd,
}

impl Wire {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        Ok(Wire { again: socket.try_clone()?, socket })
    }
}

pub(super) fn reach(connector: &Connector, destination: &Destination, depth: u32) -> Result<Wire, Failure> {
    if let Some(wire) = Wire::around(connector, destination, depth)? {
        return Ok(wire);
    }
    let stream = dial(destination)?;
    let wired = prepare(&stream).and_then(|()| Wire::new(stream.into()));
    wired.map_err(|e| unreachable(destination, &e.to_string()))
}

/// Tries every address that the name has.
fn dial(destination: &Destination) -> Result<TcpStream, Failure> {
    let target = (destination.host.as_str(), destination.port);
    let addresses: Vec<SocketAddr> = target
        .to_socket_addrs()
        .map_err(|e| unreachable(destination, &format!("its name can't be resolved: {e}")))?
        .collect();
    let mut why = "its name has no address".to_string();
    for address in addresses {
        match TcpStream::connect_timeout(&address, destination.connect_timeout) {
            Ok(stream) => return Ok(stream),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                why = format!("no answer in {} s", destination.connect_timeout.as_secs());
            }
            Err(e) => why = without_number(&e),
        }
    }
    Err(unreachable(destination, &why))
}

fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// Small packets go at once, and a dead host is noticed.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15));
    socket.set_tcp_keepalive(&keepalive.with_interval(Duration::from_secs(10)).with_retries(3))
}

pub(super) fn unreachable(destination: &Destination, why: &str) -> Failure {
    let Destination { name, host, port, .. } = destination;
    Failure::new(FailureKind::Unreachable, format!("`{name}` ({host}:{port}) is unreachable: {why}"))
}

const NO_SSH: &str = "it accepted the connection but speaks no SSH in time";

/// libssh2's numbers for what goes wrong before a login.
const SOCKET_DISCONNECT: i32 = -13;
const KEX_FAILURE: i32 = -5;
const TIMEOUT: i32 = -9;
const BANNER_RECV: i32 = -2;
const SOCKET_RECV: i32 = -43;

fn handshake_failure(destination: &Destination, error: &ssh2::Error) -> Failure {
    let code = match error.code() {
        ssh2::ErrorCode::Session(code) | ssh2::ErrorCode::SFTP(code) => code,
    };
    match code {
        SOCKET_DISCONNECT | BANNER_RECV | SOCKET_RECV => {
            unreachable(destination, "it closed the connection before the login").hint(
                "sshd does that when too many logins are under way (`MaxStartups`), after failed ones \
                 (`PerSourcePenalties`, fail2ban), or when something else listens on that port",
            )
        }
        TIMEOUT => unreachable(destination, NO_SSH),
        KEX_FAILURE => unreachable(destination, "no algorithm is common to both sides").hint(
            "harda offers no outdated algorithms and no sntrup761; `-c openssh` uses the system's ssh instead",
        ),
        _ => unreachable(destination, &format!("the handshake failed: {}", error.message())),
    }
}

impl Destination {
    /// The address whose sshd counts the logins that are under way.
    pub(super) fn knock_address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use crate::resource::sshd::algorithms;

    /// What a plan takes for spoken must be what a login offers.
    #[test]
    fn plans_judge_by_what_is_offered() {
        let known: Vec<&str> = super::KEX.iter().filter(|k| !k.starts_with("mlkem")).copied().collect();
        assert_eq!(known, algorithms::KEX);
        assert_eq!(super::CIPHERS, algorithms::CIPHERS);
        assert_eq!(super::MACS, algorithms::MACS);
    }
}

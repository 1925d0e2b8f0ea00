//! A server as it is given to a verb that needs no inventory.

use super::CliError;
use super::options::{InventoryArgs, LoginArgs};

/// `USER@HOST:PORT`; an IPv6 address with a port stands in brackets.
pub struct Server {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

impl Server {
    /// An inventory of this server alone.
    pub fn inventory(&self) -> InventoryArgs {
        InventoryArgs { inventory: vec![format!("{},", self.host)], limit: Vec::new(), list_hosts: false }
    }

    /// What it takes to reach it, as of `--extra-vars`.
    pub fn variables(&self) -> Vec<String> {
        self.port.map(|port| format!("ansible_port={port}")).into_iter().collect()
    }

    /// The login options, with the user that the server was given with.
    pub fn login(&self, login: &LoginArgs) -> LoginArgs {
        LoginArgs { user: self.user.clone().or_else(|| login.user.clone()), ..login.clone() }
    }

    pub fn read(text: &str) -> Result<Server, CliError> {
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_string()), rest),
            None => (None, text),
        };
        let (host, port) = match (rest.strip_prefix('['), rest.rsplit_once(':')) {
            (Some(bracketed), _) => match bracketed.split_once(']') {
                Some((host, port)) => (host, port.strip_prefix(':')),
                None => (bracketed, None),
            },
            // More than one colon: an IPv6 address without a port.
            (None, Some((host, port))) if !host.contains(':') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = port.map(|port| {
            port.parse().map_err(|_| CliError::new(format!("`{port}` is no port: USER@HOST:PORT is wanted")))
        });
        let (port, named) = (port.transpose()?, !host.is_empty() && user.as_deref() != Some(""));
        match named && !host.contains([',', '/', ' ']) {
            true => Ok(Server { user, host: host.into(), port }),
            false => Err(CliError::new(format!("`{text}` names no server: USER@HOST is wanted"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn a_server_is_written_as_for_ssh() {
        let cases = [
            ("web1", None, "web1", None),
            ("root@web1", Some("root"), "web1", None),
            ("root@web1:2222", Some("root"), "web1", Some(2222)),
            ("root@2001:db8::1", Some("root"), "2001:db8::1", None),
            ("root@[2001:db8::1]:2222", Some("root"), "2001:db8::1", Some(2222)),
        ];
        for (text, user, host, port) in cases {
            let server = Server::read(text).expect(text);
            assert_eq!(
                (server.user.as_deref(), server.host.as_str(), server.port),
                (user, host, port),
                "{text}"
            );
        }
        for text in ["", "@web1", "root@", "root@web1:x", "a,b"] {
            assert!(Server::read(text).is_err(), "{text}");
        }
    }
}

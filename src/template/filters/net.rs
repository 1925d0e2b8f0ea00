//! Filters on IP addresses: the small part of `ipaddr` that roles use.

use std::net::IpAddr;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;

pub(super) static FILTERS: &[Spec] = &[
    spec("ipaddr", &["value", "query"], |_, args| filtered(args, None)),
    spec("ipv4", &["value", "query"], |_, args| filtered(args, Some(4))),
    spec("ipv6", &["value", "query"], |_, args| filtered(args, Some(6))),
    spec("ipwrap", &["value"], |_, args| wrapped(args.need(0)?)),
];

/// An address, and the length of its network if it was written with one.
struct Net {
    address: IpAddr,
    prefix: Option<u8>,
}

impl Net {
    fn parse(text: &str) -> Option<Net> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let prefix = match prefix {
            Some(prefix) => Some(prefix_length(prefix).filter(|p| *p <= bits(address))?),
            None => None,
        };
        Some(Net { address, prefix })
    }

    fn number(&self) -> u128 {
        match self.address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        }
    }

    fn length(&self) -> u8 {
        self.prefix.unwrap_or(bits(self.address))
    }

    /// The bits of the address that name the host.
    fn host_mask(&self) -> u128 {
        let host = u32::from(bits(self.address) - self.length());
        if host >= 128 { u128::MAX } else { (1u128 << host) - 1 }
    }

    fn with(&self, number: u128) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(number & 0xffff_ffff).unwrap_or(0).into()),
            IpAddr::V6(_) => IpAddr::V6(number.into()),
        }
    }

    fn query(&self, query: &str, original: &str) -> Result<Option<String>, Error> {
        let network = self.number() & !self.host_mask();
        let is_network = self.prefix.is_some() && network == self.number();
        Ok(match query {
            "" => Some(original.to_string()),
            "address" | "ip" => (!is_network || self.host_mask() == 0).then(|| self.address.to_string()),
            "host" => Some(format!("{}/{}", self.address, self.length())),
            "prefix" => Some(self.length().to_string()),
            "network" | "network_id" => Some(self.with(network).to_string()),
            "netmask" => Some(self.with(!self.host_mask()).to_string()),
            "hostmask" | "wildcard" => Some(self.with(self.host_mask()).to_string()),
            "broadcast" => (self.host_mask() > 1).then(|| self.with(network | self.host_mask()).to_string()),
            "subnet" | "net" | "network/prefix" | "cidr" => {
                Some(format!("{}/{}", self.with(network), self.length()))
            }
            "version" => Some(if self.address.is_ipv4() { "4".into() } else { "6".into() }),
            "private" => is_private(self.address).then(|| original.to_string()),
            "public" => (!is_private(self.address)).then(|| original.to_string()),
            "loopback" => self.address.is_loopback().then(|| original.to_string()),
            other => return self.nth(other, network),
        })
    }

    /// `ipaddr('1')`: an address of the network by its number, from the end if negative.
    fn nth(&self, query: &str, network: u128) -> Result<Option<String>, Error> {
        if let Some(outer) = Net::parse(query) {
            let same = outer.address.is_ipv4() == self.address.is_ipv4();
            let inside = same && outer.number() & !outer.host_mask() == self.number() & !outer.host_mask();
            return Ok(inside.then(|| self.address.to_string()));
        }
        let index: i128 = query.parse().map_err(|_| wrong(format!("`ipaddr` doesn't support `{query}`")))?;
        let offset =
            if index < 0 { self.host_mask().wrapping_add_signed(index + 1) } else { index.unsigned_abs() };
        Ok((offset <= self.host_mask()).then(|| format!("{}/{}", self.with(network | offset), self.length())))
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn prefix_length(text: &str) -> Option<u8> {
    if let Ok(length) = text.parse() {
        return Some(length);
    }
    let mask = u32::from(text.parse::<std::net::Ipv4Addr>().ok()?);
    let length = mask.leading_ones();
    (mask.checked_shl(length).unwrap_or(0) == 0).then(|| u8::try_from(length).ok()).flatten()
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Of a list the addresses that fit, of one address what was asked for, or false.
fn filtered(args: &Args, version: Option<u8>) -> Result<Value, Error> {
    let query = args.text_or(1, "")?;
    let one = |value: &Value| -> Result<Option<String>, Error> {
        let text = text_of(value)?;
        let fits = |net: &Net| version.is_none_or(|v| (v == 4) == net.address.is_ipv4());
        match Net::parse(&text).filter(fits) {
            Some(net) => net.query(&query, &text),
            None => Ok(None),
        }
    };
    let value = args.need(0)?;
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let found = items_of(value)?.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        return Ok(found.into_iter().flatten().map(Value::from).collect());
    }
    Ok(match one(value)? {
        Some(text) if matches!(query.as_str(), "prefix" | "version") => {
            Value::from(text.parse::<i64>().unwrap_or(0))
        }
        Some(text) => Value::from(text),
        None => Value::from(false),
    })
}

fn wrapped(value: &Value) -> Result<Value, Error> {
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return items_of(value)?.iter().map(wrapped).collect::<Result<Vec<_>, _>>().map(Value::from);
    }
    let text = text_of(value)?;
    Ok(match (Net::parse(&text), text.split_once('/')) {
        (Some(net), None) if net.address.is_ipv6() => Value::from(format!("[{text}]")),
        (Some(net), Some((address, prefix))) if net.address.is_ipv6() => {
            Value::from(format!("[{address}]/{prefix}"))
        }
        _ => value.clone(),
    })
}

//! What sshd's settings say of a login: the port, the algorithms, the user, the method.

use super::Why;
use super::patterns::{matches, user_matches};
use crate::module::Access;
use crate::resource::sshd::account::Account;
use crate::resource::sshd::methods::{alternatives, enabled};
use crate::resource::sshd::{Effective, Settings, algorithms};

pub fn refuses(
    access: &Access,
    sshd: &Effective,
    settings: &Settings,
    account: Option<&Account>,
) -> Option<Why> {
    port(access, sshd)
        .or_else(|| speech(access, sshd))
        .or_else(|| root(access, settings))
        .or_else(|| lists(access, settings, account))
        .or_else(|| shell(settings))
        .or_else(|| method(access, settings))
}

fn value<'a>(settings: &'a Settings, keyword: &str) -> &'a str {
    settings.get(keyword).and_then(|v| v.first()).map_or("", String::as_str)
}

/// `listenaddress [::]:22`, `0.0.0.0:22`, `192.0.2.1:22`: what sshd will listen on.
fn port(access: &Access, sshd: &Effective) -> Option<Why> {
    let port = access.after_port.unwrap_or(access.port);
    let addresses: Vec<(&str, &str)> =
        sshd.values("listenaddress").iter().filter_map(|v| v.rsplit_once(':')).collect();
    if addresses.is_empty() || port == 0 {
        return None;
    }
    let on_port: Vec<&str> =
        addresses.iter().filter(|(_, p)| p.parse() == Ok(port)).map(|(address, _)| *address).collect();
    if on_port.is_empty() {
        let ports = sshd.values("port").join(", ");
        return Some(Why::sshd("port", format!("sshd would listen on port {ports}, harda comes to {port}")));
    }
    let any = |a: &str| matches!(a, "0.0.0.0" | "[::]" | "::" | "*");
    let here = |a: &&str| any(a) || a.trim_matches(['[', ']']) == access.to || access.to.is_empty();
    match on_port.iter().any(here) {
        true => None,
        false => Some(Why::sshd(
            "listenaddress",
            format!("sshd would listen on {} only, harda comes to {}", on_port.join(", "), access.to),
        )),
    }
}

fn speech(access: &Access, sshd: &Effective) -> Option<Why> {
    if access.foreign_ssh {
        return None;
    }
    let why = algorithms::refuses(sshd, access.host_key.as_deref())?;
    let lists = ["kexalgorithms", "ciphers", "macs", "hostkeyalgorithms", "pubkeyacceptedalgorithms"];
    let words = ["key exchange", "cipher", "MAC", "host key", "public key"];
    let keyword = lists.iter().zip(words).find(|(_, w)| why.contains(w)).map_or(lists[3], |(l, _)| *l);
    Some(Why::sshd(keyword, why))
}

fn root(access: &Access, settings: &Settings) -> Option<Why> {
    if access.next_user() != "root" {
        return None;
    }
    let permitted = value(settings, "permitrootlogin");
    let refused = match permitted {
        "no" | "forced-commands-only" => true,
        "without-password" | "prohibit-password" => access.by_password,
        _ => false,
    };
    refused.then(|| Why::sshd("permitrootlogin", format!("`PermitRootLogin {permitted}`")))
}

/// Denied before allowed, and all lists that are set must let the user in (sshd_config(5)).
fn lists(access: &Access, settings: &Settings, account: Option<&Account>) -> Option<Why> {
    let user = access.next_user();
    let of = |keyword: &str| settings.get(keyword).map_or(&[][..], Vec::as_slice);
    let by_user = |keyword: &str| of(keyword).iter().any(|p| user_matches(p, user, &access.from));
    if by_user("denyusers") {
        return Some(Why::sshd("denyusers", format!("`DenyUsers {}`", of("denyusers").join(" "))));
    }
    if !of("allowusers").is_empty() && !by_user("allowusers") {
        let names = of("allowusers").join(" ");
        return Some(Why::sshd("allowusers", format!("`AllowUsers {names}` does not name it")));
    }
    // One that is not there has no groups: that it is not there is said instead.
    let groups = &account.filter(|account| account.present)?.groups;
    let by_group = |keyword: &str| of(keyword).iter().any(|p| groups.iter().any(|g| matches(p, g)));
    if by_group("denygroups") {
        return Some(Why::sshd("denygroups", format!("`DenyGroups {}`", of("denygroups").join(" "))));
    }
    if !of("allowgroups").is_empty() && !by_group("allowgroups") {
        let (asked, has) = (of("allowgroups").join(" "), groups.join(", "));
        return Some(Why::sshd("allowgroups", format!("`AllowGroups {asked}`, and it is in {has}")));
    }
    None
}

/// What would let it in without a shell to work with.
fn shell(settings: &Settings) -> Option<Why> {
    let told = |keyword: &'static str, name: &str| {
        Some(Why::sshd(keyword, format!("`{name} {}` leaves it no shell", value(settings, keyword))))
    };
    if value(settings, "refuseconnection") == "yes" {
        return Some(Why::sshd("refuseconnection", "`RefuseConnection yes`"));
    }
    if !matches!(value(settings, "forcecommand"), "" | "none") {
        return told("forcecommand", "ForceCommand");
    }
    if value(settings, "maxsessions") == "0" {
        return told("maxsessions", "MaxSessions");
    }
    None
}

/// Whether one of the lists of methods can be gone through with what harda has.
fn method(access: &Access, settings: &Settings) -> Option<Why> {
    let has = |m: &String| match access.by_password {
        true => m == "password" || m == "keyboard-interactive",
        false => m == "publickey" || access.by_person && m == "keyboard-interactive",
    };
    let lists = alternatives(settings);
    if lists.iter().any(|list| list.iter().all(|m| has(m) && enabled(m, settings))) {
        return None;
    }
    let methods = value(settings, "authenticationmethods");
    if !matches!(methods, "" | "any") {
        let with = if access.by_password { "a password" } else { "a key" };
        let message = format!("`AuthenticationMethods {methods}`, and it logs in by {with} alone");
        return Some(Why::sshd("authenticationmethods", message));
    }
    Some(match access.by_password {
        true => Why::sshd(
            "passwordauthentication",
            "it logs in by password, and `PasswordAuthentication` and `KbdInteractiveAuthentication` would be `no`",
        ),
        false => {
            Why::sshd("pubkeyauthentication", "it logs in by a key, and `PubkeyAuthentication` would be `no`")
        }
    })
}

//! What is wrong outside of harda: input files, hosts that can't be entered, disks that take nothing,
//! lines that are cut. Each is named, with the exit code for it, and nothing half-done is left.

#[path = "../support/mod.rs"]
mod support;

mod cuts;
mod disks;
mod doors;
mod files;

use std::sync::LazyLock;
use support::Lab;

/// One host for those who can't get in, one for the cuts, two for the disks.
static LAB: LazyLock<Lab> =
    LazyLock::new(|| Lab::up(&["bookworm", "bookworm", "trixie", "bookworm-busybox"]));

/// Writes a playbook, and gives its path.
fn book(name: &str, text: &str) -> String {
    LAB.write(name, text.trim_start()).to_string_lossy().into_owned()
}

/// An inventory with one host of the lab, under its own name, with these variables over the usual.
fn inventory(name: &str, host: &str, user: &str, more: &[(&str, &str)]) -> String {
    LAB.inventory_of(name, host, user, more)
}

/// Paths below a folder of the host that harda would have made on its way.
fn leftovers(host: &str, folder: &str) -> String {
    LAB.exec(host, &format!("find {folder} -xdev -name '.harda*' -o -name '*.harda-*'")).stdout
}

//! `harda inventory`.

use super::CliError;
use super::output::say;
use crate::inventory;
use crate::report::{count, fold, safe_long_line};
use clap::Args;

/// List the groups of an inventory and their hosts
#[derive(Debug, Args)]
pub struct InventoryVerbArgs {
    /// Inventory file or folder, or host names with a comma (`web1,`); may be repeated
    #[arg(short, long = "inventory", value_name = "INVENTORY", required = true)]
    inventory: Vec<String>,

    /// List only the hosts that match this pattern, one a line
    #[arg(short, long, value_name = "PATTERN")]
    limit: Option<String>,
}

pub fn run(args: &InventoryVerbArgs) -> Result<i32, CliError> {
    let inventory = inventory::load(&args.inventory)?;
    let mut page = String::new();
    match &args.limit {
        Some(pattern) => {
            let hosts = inventory.matches(pattern)?.hosts;
            hosts.iter().for_each(|host| page.push_str(&format!("{}\n", safe_long_line(host))));
        }
        None => {
            page.push_str(&line("all", inventory.hosts()));
            for group in inventory.groups().iter().filter(|group| *group != "all") {
                page.push_str(&line(group, &inventory.hosts_in(group)));
            }
        }
    }
    say(&page);
    Ok(0)
}

fn line(group: &str, hosts: &[String]) -> String {
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let hosts = match names.len() {
        0 => "no hosts".to_string(),
        n => format!("{}: {}", count(n, "host"), fold(&names)),
    };
    format!("{}\n", safe_long_line(&format!("{group}  {hosts}")))
}

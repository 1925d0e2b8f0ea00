//! Which of the hosts that a report names are meant here: the inventory's, within `--limit`.

use crate::cli::CliError;
use crate::cli::options::InventoryArgs;
use crate::compliance::failing::Failing;
use crate::inventory::{self, Inventory};
use crate::report::safe_line;

/// Leaves out the hosts outside of `--limit`. A host that failed and that the inventory doesn't have
/// is an error: nothing would be done to it, and nobody would know.
pub fn here(failing: &mut Failing, args: &InventoryArgs) -> Result<(), CliError> {
    if args.inventory.is_empty() {
        return match failing.of_host.keys().next() {
            Some(host) => {
                let error = format!("no inventory says how `{}` is reached", safe_line(host));
                Err(CliError::new(error).hint("give it with -i; another tool's report holds none"))
            }
            None => Ok(()),
        };
    }
    let inventory = inventory::load(&args.inventory)?;
    if !args.limit.is_empty() {
        let within = inventory.matches(&args.limit.join(","))?.hosts;
        let is_within = |host: &String| within.contains(host);
        let mut named = failing.of_host.keys().chain(failing.machine_ids.keys());
        if !named.any(is_within) {
            let error = CliError::new("--limit leaves no host that the report is about");
            return Err(error.hint(format!("it is about {}", hosts(failing))));
        }
        failing.within(is_within);
    }
    match failing.of_host.keys().find(|host| !has(&inventory, host)) {
        None => Ok(()),
        Some(host) => {
            let error = CliError::new(format!("the inventory has no host `{}`", safe_line(host)));
            Err(error.hint(match failing.is_foreign {
                true => "say with --for-host HOST what the inventory calls it",
                false => {
                    "give the inventory that it was audited with by -i, or leave the host out with -l '!HOST'"
                }
            }))
        }
    }
}

/// Whether a play can name it, `localhost` included.
fn has(inventory: &Inventory, host: &str) -> bool {
    let named = || inventory.matches(host).is_ok_and(|found| found.hosts.iter().any(|one| one == host));
    inventory.hosts().iter().any(|one| one == host) || named()
}

fn hosts(failing: &Failing) -> String {
    let mut hosts: Vec<String> =
        failing.of_host.keys().chain(failing.machine_ids.keys()).map(|host| safe_line(host)).collect();
    hosts.sort();
    hosts.dedup();
    hosts.join(", ")
}

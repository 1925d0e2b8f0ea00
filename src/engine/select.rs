//! Which hosts a run is about: those that its plays name, within the limit. All names are checked
//! before any host is contacted.

use crate::inventory::Inventory;
use crate::place::InputError;
use crate::playbook::model::{Play, Playbook};
use crate::template::{Layer, Scope, Templar};
use minijinja::Value;

/// The hosts of a run, in the inventory's order, and the plays that find none.
#[derive(Default)]
pub struct Selected {
    pub hosts: Vec<String>,
    /// A play's name and its pattern.
    pub empty: Vec<(String, String)>,
}

pub fn select(
    playbook: &Playbook,
    inventory: &Inventory,
    templar: &Templar,
    extra_vars: &Layer,
    limit: &[String],
) -> Result<Selected, Vec<InputError>> {
    let scope = Scope::new(vec![extra_vars.clone()]);
    let within = match limit {
        [] => None,
        limit => {
            let named = inventory.matches(&limit.join(","));
            Some(
                named
                    .map_err(|e| vec![InputError { message: format!("--limit: {}", e.message), ..e }])?
                    .hosts,
            )
        }
    };
    let mut selected = Selected::default();
    let mut errors = Vec::new();
    for play in &playbook.plays {
        match play_hosts(play, inventory, templar, &scope) {
            Ok((pattern, mut hosts)) => {
                hosts.retain(|host| within.as_ref().is_none_or(|within| within.contains(host)));
                if hosts.is_empty() {
                    selected.empty.push((title(play, &pattern), pattern));
                }
                hosts.retain(|host| !selected.hosts.contains(host));
                selected.hosts.extend(hosts);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(selected) } else { Err(errors) }
}

fn title(play: &Play, pattern: &str) -> String {
    play.name.as_ref().and_then(|n| n.as_str()).unwrap_or(pattern).to_string()
}

fn play_hosts(
    play: &Play,
    inventory: &Inventory,
    templar: &Templar,
    scope: &Scope,
) -> Result<(String, Vec<String>), InputError> {
    let pattern = pattern(play, templar, scope)?;
    let matched = inventory.matches(&pattern);
    let matched = matched.map_err(|e| InputError { place: Some(play.hosts.place.clone()), ..e })?;
    Ok((pattern, matched.hosts))
}

/// A play's pattern, rendered; a list is joined by commas.
pub fn pattern(play: &Play, templar: &Templar, scope: &Scope) -> Result<String, InputError> {
    let value = templar.node(&play.hosts, scope).map_err(|e| InputError::from(e.at(&play.hosts.place)))?;
    Ok(match value.as_str() {
        Some(text) => text.to_string(),
        None => {
            value.try_iter().into_iter().flatten().map(|v: Value| v.to_string()).collect::<Vec<_>>().join(",")
        }
    })
}

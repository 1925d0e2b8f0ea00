//! What needs a kernel of its own: one machine, booted once, taken back to how it was at first for
//! each scenario. Slow: `make test-vm`.

#[path = "../support/effect.rs"]
mod effect;
mod ipsec;
mod kernel;
#[path = "../support/mutation.rs"]
mod mutation;
#[path = "../support/pki.rs"]
mod pki;
#[path = "../support/mod.rs"]
mod support;
mod usb;

use std::panic::{AssertUnwindSafe, catch_unwind};
use support::vm::Vm;

type Scenario = (&'static str, fn(&Vm));

/// Each begins on the machine as it is after its first boot.
const SCENARIOS: &[Scenario] = &[
    ("USB devices are refused unless declared", usb::devices_are_refused_unless_declared),
    ("what a kernel holds is found and put right", kernel::what_a_kernel_holds_is_found_and_put_right),
    ("the line over IPsec is as declared or not at all", ipsec::the_line_is_as_declared_or_not_at_all),
    ("nothing goes beside the line over IPsec", ipsec::nothing_takes_another_way),
];

#[test]
#[ignore = "boots a machine; see `make test-vm`"]
fn on_a_machine_of_its_own_kernel() {
    let machine = Vm::up();
    machine.keep("first");
    let mut failed = Vec::new();
    // One alone: `HARDA_VM_SCENARIO=IPsec make test-vm`.
    let only = std::env::var("HARDA_VM_SCENARIO").unwrap_or_default();
    let asked: Vec<_> = SCENARIOS.iter().filter(|(name, _)| name.contains(&only)).collect();
    assert!(!asked.is_empty(), "no scenario is called `{only}`");
    for (name, scenario) in asked {
        eprintln!("{name} ...");
        if catch_unwind(AssertUnwindSafe(|| scenario(&machine))).is_err() {
            failed.push(*name);
        }
        machine.back_to("first");
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

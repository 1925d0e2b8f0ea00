//! Controls of what a container shares with its machine: the kernel's settings, its audit rules, AppArmor, the clock.

use crate::mutation::Mutant;
use crate::support::playbook;
use crate::support::vm::Vm;

pub fn what_a_kernel_holds_is_found_and_put_right(vm: &Vm) {
    let inventory = vm.inventory("");
    for name in ["kernel.yml", "apparmor.yml", "audit-log.yml", "time.yml"] {
        // Whether the clock is right hangs on a server that this machine doesn't reach.
        let without_clock =
            ["apply", &playbook(name), "-i", &inventory, "--skip-tags", "control:time-synchronised"];
        vm.harda(&without_clock).expect(0);
    }
    Mutant::on_vm(vm, &inventory).is_found_and_put_right(&[
        "kernel-parameters",
        "apparmor-enforced",
        "audit-daemon",
        "audit-to-syslog",
        "audit-rules-loaded",
        "time-daemon",
    ]);
}

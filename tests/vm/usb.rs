//! A USB stick, a card reader and a keyboard that are really plugged in.

use crate::support::playbook;
use crate::support::vm::Vm;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Vendor and product of QEMU's devices.
const STICK: &str = "46f4:0001";
const READER: &str = "08e6:4433";
/// The tablet and the keyboard have the same.
const INPUT: &str = "0627:0001";

const DECLARED: &str = "usb_devices:\n- {id: '08e6:4433', purpose: card reader}";

/// Plugs it in and waits until the kernel has seen it.
fn plug(vm: &Vm, name: &str, device: &str, id: &str) {
    let said = vm.monitor(&format!("device_add {device},id={name},bus=xhci.0"));
    assert!(!said.contains("Error"), "{said}");
    vm.until(SOON, || authorised(vm, id).is_some());
}

fn plug_stick(vm: &Vm) {
    let image = vm.folder.path().join("stick.img");
    std::fs::write(&image, vec![0; 1 << 20]).expect("written");
    let said = vm.monitor(&format!(
        "drive_add 0 if=none,id=stickdisk,format=raw,readonly=on,file={}",
        image.display()
    ));
    assert!(said.contains("OK"), "{said}");
    plug(vm, "stick", "usb-storage,drive=stickdisk", STICK);
}

fn unplug(vm: &Vm, name: &str, id: &str) {
    vm.monitor(&format!("device_del {name}"));
    vm.until(SOON, || authorised(vm, id).is_none());
}

/// Whether the last device of this id that is plugged in may be used; none if there is no such device.
fn authorised(vm: &Vm, id: &str) -> Option<bool> {
    let script = "cd /sys/bus/usb/devices && for d in *; do [ ! -e $d/idVendor ] || \
        echo $(cat $d/idVendor):$(cat $d/idProduct) $(cat $d/authorized); done";
    let seen = vm.exec(script).stdout;
    let line = seen.lines().rfind(|line| line.starts_with(id))?;
    Some(line.ends_with(" 1"))
}

fn is_a_disk(vm: &Vm) -> bool {
    vm.exec("ls /dev/sd? 2>/dev/null").stdout.contains("/dev/sd")
}

pub fn devices_are_refused_unless_declared(vm: &Vm) {
    plug_stick(vm);
    vm.until(SOON, || is_a_disk(vm));
    unplug(vm, "stick", STICK);

    let inventory = vm.inventory(DECLARED);
    let devices = playbook("usb-devices.yml");
    vm.harda(&["apply", &devices, "-i", &inventory]).expect(0);
    vm.harda(&["plan", &devices, "-i", &inventory, "--detailed-exitcode"]).expect(0);

    // USBGuard by itself, the storage modules still being there.
    plug_stick(vm);
    plug(vm, "reader", "usb-ccid", READER);
    vm.until(SOON, || authorised(vm, READER) == Some(true));
    assert_eq!(authorised(vm, STICK), Some(false));
    assert!(!is_a_disk(vm), "the stick became a disk");
    plug(vm, "tablet", "usb-tablet", INPUT);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(authorised(vm, INPUT), Some(false), "a pointer that nobody declared");
    unplug(vm, "tablet", INPUT);
    plug(vm, "keyboard", "usb-kbd", INPUT);
    vm.until(SOON, || authorised(vm, INPUT) == Some(true));

    // Plugged in while it boots: the same.
    vm.reboot();
    vm.until(SOON, || authorised(vm, READER) == Some(true));
    assert_eq!(authorised(vm, STICK), Some(false));
    assert!(!is_a_disk(vm), "the stick became a disk at boot");
    vm.harda(&["plan", &devices, "-i", &inventory, "--detailed-exitcode"]).expect(0);

    crate::mutation::Mutant::on_vm(vm, &inventory).is_found_and_put_right(&["usb-devices-declared"]);

    // A port that lets everything in again is found.
    vm.exec("echo 1 >/sys/bus/usb/devices/usb1/authorized_default").expect(0);
    vm.harda(&["audit", &devices, "-i", &inventory])
        .expect(3)
        .says("ports authorise every device by themselves: usb1");
}

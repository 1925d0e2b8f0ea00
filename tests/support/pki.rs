//! Certificates of a test's own: an authority, and what it signs.

use super::effect::run;
use std::path::Path;
use std::process::Command;

fn openssl(folder: &Path, arguments: &str) {
    run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder)).expect(0);
}

fn new_key(curve: &str) -> String {
    format!("-newkey ec -pkeyopt ec_paramgen_curve:{curve} -nodes -sha384")
}

/// NAME.pem and NAME.key: a certificate authority.
pub fn authority(folder: &Path, name: &str) {
    let key = new_key("P-384");
    openssl(folder, &format!("req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name} -days 99"));
}

/// FILE.pem and FILE.key for this name, signed by that authority.
pub fn certificate(folder: &Path, authority: &str, file: &str, name: &str) {
    certificate_like(folder, authority, file, name, "P-384", 99);
}

/// The same on another curve, or good for another number of days.
pub fn certificate_like(folder: &Path, authority: &str, file: &str, name: &str, curve: &str, days: u32) {
    std::fs::write(folder.join("names"), format!("subjectAltName=DNS:{name}")).expect("written");
    openssl(folder, &format!("req {} -keyout {file}.key -out {file}.csr -subj /CN={name}", new_key(curve)));
    let by = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial -sha384");
    openssl(folder, &format!("x509 -req -in {file}.csr {by} -days {days} -extfile names -out {file}.pem"));
}

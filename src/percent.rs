//! Percent-encoding (RFC 3986).

/// Every byte that is neither unreserved nor one of `also_safe` is written as `%XX`.
pub fn encoded(text: &str, also_safe: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        match c.is_ascii_alphanumeric() || "_.-~".contains(c) || also_safe.contains(c) {
            true => out.push(c),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

use super::*;
use proptest::prelude::*;

fn identity() -> Identity {
    Identity::new(|bytes| getrandom::fill(bytes).map_err(|error| error.to_string())).expect("a key")
}

fn sealed(identity: &Identity, bytes: &[u8]) -> Vec<u8> {
    seal(&Lock::Recipients(&[identity.recipient()]), bytes).expect("sealed")
}

#[test]
fn what_is_sealed_opens_for_its_key_alone() {
    let (ours, theirs) = (identity(), identity());
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let bytes: Vec<u8> = (0..size).map(|at| at as u8).collect();
        let file = sealed(&ours, &bytes);
        assert_eq!(open(std::slice::from_ref(&ours), None, &file).as_deref(), Ok(&bytes), "{size}");
        assert_eq!(open(std::slice::from_ref(&theirs), None, &file), Err(Shut::NoKey));
        assert_eq!(open(std::slice::from_ref(&ours), None, &file[..file.len() - 1]), Err(Shut::Damaged));
    }
}

#[test]
fn several_keys_and_a_passphrase() {
    let (one, two) = (identity(), identity());
    let file = seal(&Lock::Recipients(&[one.recipient(), two.recipient()]), b"plan").expect("sealed");
    for key in [&one, &two] {
        assert_eq!(open(std::slice::from_ref(key), None, &file).expect("ours").as_slice(), b"plan");
    }
    let file = seal(&Lock::Passphrase("correct horse"), b"plan").expect("sealed");
    assert!(by_passphrase(&file));
    assert_eq!(open(&[], Some("correct horse"), &file).expect("right").as_slice(), b"plan");
    assert_eq!(open(&[], Some("wrong horse"), &file), Err(Shut::NoKey));
}

#[test]
fn keys_are_written_as_age_writes_them() {
    // From the specification's test vectors.
    let text = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let key = Identity::parse(text).expect("a key");
    assert_eq!(key.text().expect("text").as_str(), text);
    let recipient = key.recipient().to_string();
    assert!(recipient.starts_with("age1"), "{recipient}");
    assert!(Recipient::parse(&recipient).is_some());
    assert!(Recipient::parse(&recipient.replace("age1", "age2")).is_none());
    assert!(Identity::parse(&recipient).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300), prefix in any::<bool>()) {
        let mut file = if prefix { MAGIC.to_vec() } else { Vec::new() };
        file.extend(bytes);
        prop_assert!(open(&[identity()], None, &file).is_err());
    }

    #[test]
    fn one_byte_of_change_is_seen(at in any::<proptest::sample::Index>(), flip in 1u8..) {
        let key = identity();
        let mut file = sealed(&key, b"a plan that somebody changes");
        let at = at.index(file.len());
        file[at] ^= flip;
        prop_assert!(open(&[key], None, &file).is_err());
    }
}

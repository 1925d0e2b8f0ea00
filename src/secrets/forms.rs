//! The forms that a value takes on its way through filters, protocols and quoting: whoever knows
//! them knows the value.

use crate::percent;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine};

/// A form that is shorter than this would be found by chance.
const SHORTEST: usize = 8;

/// Every form but the value itself: in base64 at each of its three offsets (a password stands
/// behind `user:` in basic authentication), hexadecimal, percent-encoded, as a string of JSON, of
/// XML and of a shell; in capitals, small letters and backwards.
pub fn of(value: &str) -> Vec<String> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms: Vec<String> = (0..3).flat_map(|offset| base64(value, offset)).collect();
    forms.push(BASE64_STANDARD.encode(value));
    forms.extend([hex.to_uppercase(), hex, percent::encoded(value, ""), json(value), xml(value)]);
    forms.push(value.replace('\'', r"'\''"));
    forms.extend([value.to_uppercase(), value.to_lowercase(), value.chars().rev().collect()]);
    forms.retain(|form| form.len() >= SHORTEST && form != value);
    forms.sort();
    forms.dedup();
    forms
}

/// The digits that hang on the value alone, however it is padded and whatever stands beside it.
fn base64(value: &str, offset: usize) -> [String; 2] {
    let bytes = [&b"\0\0"[..offset], value.as_bytes()].concat();
    let begin = [0, 2, 3][offset];
    let end = bytes.len() * 4 / 3;
    [BASE64_STANDARD.encode(&bytes), BASE64_URL_SAFE.encode(&bytes)]
        .map(|text| text.get(begin..end).unwrap_or_default().to_string())
}

fn json(value: &str) -> String {
    let quoted = serde_json::to_string(value).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_string()
}

fn xml(value: &str) -> String {
    quick_xml::escape::escape(value).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever stands before and behind it in what is encoded, a form is found.
        #[test]
        fn base64_is_known_within_anything(
            before in proptest::collection::vec(any::<u8>(), 0..9),
            behind in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let value = "p\u{e4}ss/w?rd~>>xy";
            let all = [&before[..], value.as_bytes(), &behind].concat();
            for text in [BASE64_STANDARD.encode(&all), BASE64_URL_SAFE.encode(&all)] {
                prop_assert!(of(value).iter().any(|form| text.contains(form)), "{text}");
            }
        }
    }

    #[test]
    fn what_quoting_makes_of_a_value_is_a_form() {
        let forms = of("it's <a> \"b\" & c");
        for form in [
            r#"it'\''s <a> "b" & c"#,
            r#"it's <a> \"b\" & c"#,
            "it&apos;s &lt;a&gt; &quot;b&quot; &amp; c",
            "it%27s%20%3Ca%3E%20%22b%22%20%26%20c",
        ] {
            assert!(forms.iter().any(|known| known == form), "{form} is not in {forms:?}");
        }
        // Nothing to escape: base64, whole and at three offsets, two of hexadecimal, capitals, backwards.
        assert_eq!(of("hunter22").len(), 8, "{:?}", of("hunter22"));
    }
}

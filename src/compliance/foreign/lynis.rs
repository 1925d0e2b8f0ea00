//! Lynis' `report.dat`: `key=value` a line; `warning[]` and `suggestion[]` name the test that they
//! come from.

use super::Report;

/// Longest line that is looked at.
const LONGEST: usize = 64 << 10;

pub fn read(bytes: &[u8]) -> Result<Vec<Report>, String> {
    let mut report = Report::default();
    let mut version = false;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| line.len() <= LONGEST) {
        let line = String::from_utf8_lossy(line);
        let Some((key, value)) = line.trim_end().split_once('=') else { continue };
        match key {
            "lynis_version" => version = true,
            "hostname" => report.target = value.to_string(),
            "warning[]" | "suggestion[]" => {
                let test = value.split('|').next().unwrap_or_default();
                if is_test(test) {
                    report.failed.insert(test.to_string());
                }
            }
            // `|` separates the tests that were run; those without a finding passed or only looked.
            "tests_executed" => report.passed = value.split('|').filter(|test| is_test(test)).count(),
            "tests_skipped" => report.undecided = value.split('|').filter(|test| is_test(test)).count(),
            _ => {}
        }
    }
    report.passed = report.passed.saturating_sub(report.failed.len());
    match version {
        true => Ok(vec![report]),
        false => Err("it doesn't say `lynis_version=`: give Lynis' report.dat".into()),
    }
}

/// `SSH-7408`, `AUTH-9262`.
fn is_test(text: &str) -> bool {
    text.split_once('-').is_some_and(|(group, number)| {
        !group.is_empty()
            && group.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && number.len() == 4
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn findings_are_told_by_their_tests() {
        let text = "# Lynis Report\nlynis_version=3.0.8\nhostname=sign1\n\
            tests_executed=SSH-7408|AUTH-9262|FILE-6310|KRNL-5820|\ntests_skipped=PKGS-7381|\n\
            suggestion[]=SSH-7408|Consider hardening SSH configuration|AllowTcpForwarding (set YES to NO)|-|\n\
            suggestion[]=SSH-7408|Consider hardening SSH configuration|LogLevel (set INFO to VERBOSE)|-|\n\
            warning[]=AUTH-9262|Install a PAM module|-|-|\nsuggestion[]=<script>|x|\n";
        let read = read(text.as_bytes()).expect("read");
        assert_eq!(read[0].target, "sign1");
        assert_eq!(read[0].failed.iter().collect::<Vec<_>>(), ["AUTH-9262", "SSH-7408"]);
        assert_eq!((read[0].passed, read[0].undecided), (2, 1));
    }
}

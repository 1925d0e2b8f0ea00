//! Commands in a plan: only those that somebody vouched for.

use super::{book, one};

const BOOK: &str = "
tasks:
  - name: vouched
    shell: echo vouched >>/tmp/@@; echo yes
    check_mode: false
    changed_when: false
    register: vouched
  - name: quiet
    shell: echo quiet >>/tmp/@@; echo yes
    changed_when: false
    register: quiet
  - name: act
    shell: echo act >>/tmp/@@
  - name: one
    debug: {msg: \"vouched said {{ vouched.stdout }}\"}
  - name: two
    debug: {msg: \"quiet said {{ quiet.stdout }}\"}
";

#[test]
fn a_plan_runs_only_the_commands_that_it_may() {
    // A file beside the test's folder, which a plan doesn't make.
    let book = book("probes", &BOOK.replace("/tmp/@@", "/tmp/probes"));
    let ran = |arguments: &[&str]| {
        super::LAB.exec(&super::LAB.hosts[0], "rm -f /tmp/probes");
        let all = [&one()[..], arguments].concat();
        let ran = book.plan(&all).expect(0);
        (ran, super::LAB.exec(&super::LAB.hosts[0], "cat /tmp/probes 2>/dev/null").stdout)
    };
    let (told, marks) = ran(&[]);
    assert_eq!(marks, "vouched\n");
    told.says("vouched said yes").says("unknown until `quiet`");
    let (told, marks) = ran(&["--probe"]);
    assert_eq!(marks, "vouched\nquiet\n");
    told.says("vouched said yes").says("quiet said yes");
    let (told, marks) = ran(&["--no-probes"]);
    assert_eq!(marks, "");
    told.says("unknown until `vouched`");
}

#[test]
fn a_plan_with_verbosity_lists_its_probes() {
    let book = book("listed", &BOOK.replace("/tmp/@@", "/dev/null"));
    let told = book.plan(&[&one()[..], &["-v"]].concat()).expect(0);
    told.says("probe");
}

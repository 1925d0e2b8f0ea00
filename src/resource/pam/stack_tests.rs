use super::*;
use crate::resource::Kind;
use crate::resource::pam::PamProfile;
use crate::resource::pam::profile::Profile;

/// Captured on Debian 12 and 13 (the same), with harda's profiles enabled.
const AUTH: &str = "# here are the per-package modules (the \"Primary\" block)\n\
    auth\trequisite\tpam_faillock.so preauth\n\
    auth\t[success=2 default=ignore]\tpam_unix.so nullok try_first_pass\n\
    auth\t[default=die]\tpam_faillock.so authfail\n\
    # here's the fallback if no module succeeds\nauth\trequisite\t\t\tpam_deny.so\n\
    # prime the stack with a positive return value if there isn't one already;\nauth\trequired\t\t\tpam_permit.so\n\
    # and here are more per-package modules (the \"Additional\" block)\n# end of pam-auth-update config\n";
const SAVED: &str = "Module: notify\nrequisite\tpam_faillock.so preauth\nModule: unix\n\
    [success=end default=ignore]\tpam_unix.so nullok try_first_pass\nModule: faillock\n\
    [default=die]\tpam_faillock.so authfail\n";

const EMPTY: &str = "# here are the per-package modules (the \"Primary\" block)\n\
    # here's the fallback if no module succeeds\n\
    # and here are more per-package modules (the \"Additional\" block)\n";

/// grep's output, with the other stacks empty.
fn grep(auth: &str) -> String {
    let mut text = String::new();
    for stack in STACKS {
        let (live, saved) = if *stack == "auth" { (auth, SAVED) } else { (EMPTY, "Module: null\n") };
        for (path, content) in
            [(format!("/etc/pam.d/common-{stack}"), live), (format!("/var/lib/pam/{stack}"), saved)]
        {
            text.extend(content.lines().map(|line| format!("{path}:{line}\n")));
        }
    }
    text
}

fn of(name: &str, auth: &str) -> ProfileState {
    state(name, &read(&grep(auth)))
}

#[test]
fn what_a_profile_put_there_is_found() {
    let faillock = of("faillock", AUTH);
    assert_eq!(faillock.held["auth"], ["[default=die] pam_faillock.so authfail"]);
    assert_eq!(
        of("unix", AUTH).held["auth"][0],
        "[success=end default=ignore] pam_unix.so nullok try_first_pass"
    );
    assert!(!of("mkhomedir", AUTH).enabled());
    assert_eq!(faillock.obstacle, None);
    let text = "Name: x\nPriority: 0\nAuth-Type: Primary\nAuth:\n\t[default=die]\tpam_faillock.so authfail\n";
    let profile = Profile::read(text).expect("read");
    let wanted = ProfileState { held: profile.lines, first: profile.first, obstacle: None };
    assert!(PamProfile::same(&faillock, &wanted));
    assert!(!PamProfile::same(&of("notify", AUTH), &wanted));
}

#[test]
fn a_line_taken_out_is_missing_and_no_obstacle() {
    let state = of("faillock", &AUTH.replace("auth\t[default=die]\tpam_faillock.so authfail\n", ""));
    assert!(!state.enabled());
    assert_eq!(state.obstacle, None);
}

#[test]
fn hands_are_noticed() {
    let edited = of("faillock", &AUTH.replace("so authfail", "so authfail deny=9"));
    assert_eq!(edited.held["auth"], ["[default=die] pam_faillock.so authfail deny=9"]);
    assert!(edited.obstacle.is_some_and(|o| o.contains("options")));
    // Options of another profile's line are kept as they are, and in nobody's way.
    assert_eq!(of("faillock", &AUTH.replace("nullok ", "")).obstacle, None);
    let added =
        of("faillock", &AUTH.replace("auth\t[default", "auth\toptional\tpam_echo.so\nauth\t[default"));
    assert!(added.obstacle.is_some_and(|o| o.contains("did not write `optional pam_echo.so`")));
    let replaced = of("faillock", "auth required pam_unix.so\n");
    assert!(replaced.obstacle.is_some_and(|o| o.contains("replaced by hand")));
    assert!(!replaced.held.contains_key("auth"));
}

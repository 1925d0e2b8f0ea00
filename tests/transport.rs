//! The framed shell over a real sshd.

mod transport_sshd;

use harda::fragment::{Fragment, Input, Observation, Probe, Realisation, Reply};
use harda::transport::{PlanSession, Question, open};
use transport_sshd::{PASSWORD, Sshd, connector, sudo};

fn observe(script: &str) -> Question {
    Question::Observe(Observation(Fragment::new(script)))
}

fn probe(script: &str) -> Question {
    Question::Probe(Probe(Fragment::new(script)))
}

fn ask(session: &mut PlanSession, script: &str) -> Reply {
    session.send(&[observe(script)]).unwrap().remove(0)
}

#[test]
fn a_batch_is_one_round_trip() {
    let sshd = Sshd::start("MaxSessions 1");
    let mut session = open(&connector(), &sshd.login("root"), None).unwrap();
    let replies = session
        .send(&[observe("id -un"), observe("echo a; echo b >&2; exit 3"), probe("printf '\\n\\0x'")])
        .unwrap();
    assert_eq!(replies[0].text(), "root\n");
    assert_eq!((replies[1].text().as_str(), replies[1].error_text().as_str()), ("a\n", "b"));
    assert_eq!(replies[1].status, 3);
    assert_eq!(replies[2].stdout, b"\n\0x");
    assert_eq!(session.counts().round_trips, 1);
    assert_eq!(ask(&mut session, "umask; pwd; echo $LC_ALL").text(), "0022\n/\nC\n");
    assert_eq!(session.counts().round_trips, 2);
}

#[test]
fn any_login_shell_will_do() {
    let sshd = Sshd::start("");
    let connector = connector();
    for user in ["ana", "dash", "fish", "csh", "box"] {
        let mut session = open(&connector, &sshd.login(user), None).unwrap();
        assert_eq!(ask(&mut session, "id -un").text(), format!("{user}\n"));
    }
}

#[test]
fn sudo_without_a_password_costs_no_step() {
    let sshd = Sshd::start("");
    let mut session = open(&connector(), &sshd.login("free"), Some(&sudo(None))).unwrap();
    assert_eq!(ask(&mut session, "id -un; echo $HOME").text(), "root\n/root\n");
    assert_eq!((session.counts().round_trips, session.counts().login_steps), (1, 0));
}

#[test]
fn sudo_with_a_password_is_given_it_once() {
    let sshd = Sshd::start("");
    let mut session = open(&connector(), &sshd.login("ana"), Some(&sudo(Some(PASSWORD)))).unwrap();
    assert_eq!(ask(&mut session, "id -un").text(), "root\n");
    assert_eq!((session.counts().round_trips, session.counts().login_steps), (1, 2));
}

#[test]
fn input_comes_as_it_was() {
    let sshd = Sshd::start("");
    let session = open(&connector(), &sshd.login("free"), Some(&sudo(None))).unwrap();
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n * 7) as u8).collect();
    let change = Fragment::new("dd bs=1000 count=1 iflag=fullblock 2>/dev/null | cksum; exit 4")
        .input(Input::Bytes(bytes.clone().into()));
    let mut session = session.into_apply();
    let reply = session.realise(&Realisation(change), &mut || {}).unwrap();
    assert_eq!(reply.status, 4);
    let all = Fragment::new("cat").input(Input::Bytes(bytes.clone().into()));
    let reply = session.realise(&Realisation(all), &mut || {}).unwrap();
    assert_eq!(reply.stdout, bytes);
    assert_eq!(session.send(&[observe("echo still here")]).unwrap()[0].text(), "still here\n");
}

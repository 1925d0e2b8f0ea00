//! An audit made by hand: every outcome, attestations and waivers of every kind, hostile words, and
//! as many hosts and controls as are asked for.

use harda::compliance::audit::{
    Attested, Audit, ControlHead, ControlResult, ExtraVars, Finding, HostResult, Outcome, PackHead,
    RequirementResult, Score, StatementResult, TaskEvidence, VERSION, Verdict,
};
use harda::compliance::declared::{Attestation, Waiver};
use harda::compliance::{Level, Severity, Text, judge};
use harda::record::Evidence;
use harda::resource::{Difference, Risk, Text as Content, Undo};

/// What tries to leave its place in a page.
pub const HOSTILE: &[&str] = &[
    "</script><script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' onmouseover='document.title=1",
    "<svg/onload=document.title=1>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:document.title=1",
    "a\u{202e}b\u{1b}[31mc\u{0}d\u{9b}e\u{2028}f",
    "]]> --> &lt;b&gt; &amp;",
    "=cmd|' /C calc'!A0",
];

fn both(sv: &str, en: &str) -> Text {
    Text { sv: sv.into(), en: en.into() }
}

/// So many hosts and controls. `hostile` fills every place that is not harda's own with [`HOSTILE`].
pub fn audit(hosts: usize, controls: usize, hostile: bool) -> Audit {
    let names = Names { hostile };
    let heads: Vec<ControlHead> = (0..controls).map(|at| control(at, &names)).collect();
    let hosts: Vec<HostResult> = (0..hosts).map(|at| host(at, &heads, &names)).collect();
    Audit {
        narrowed: false,
        again: String::new(),
        extra_vars: ExtraVars::default(),
        zone: names.say(5, "Europe/Stockholm"),
        version: VERSION,
        run: "20261125T084445Z-8520".into(),
        harda: "0.1.0".into(),
        made: "2026-11-25T08:44:45Z".into(),
        pack: PackHead {
            name: "stampeltjanst".into(),
            version: names.say(6, "0.1"),
            title: both(
                &names.say(0, "Säkerhetskrav för klientmiljön"),
                &names.say(0, "Security requirements for the client environment"),
            ),
            given: names.say(2, "stampeltjanst"),
            sha256: Some(names.say(4, "0123456789abcdef")),
        },
        inventory: vec![names.say(3, "inventory/prod.yml")],
        organisation: names.say(1, "Exempelmyndigheten"),
        environment: names.say(6, "Produktion"),
        requirements: requirements(&heads, &names),
        controls: heads,
        hosts,
        attestations: vec![
            attestation("2.1-a", "2026-12-31", &names),
            attestation("3.1-a", "2026-10-31", &names),
        ],
        hosts_left_out: vec![names.say(5, "left1")],
        waivers: vec![
            waiver(&names),
            Waiver { control: None, statement: Some("6.1-a".into()), hosts: Vec::new(), ..waiver(&names) },
        ],
    }
}

/// Its own words, or hostile ones.
struct Names {
    hostile: bool,
}

impl Names {
    fn say(&self, at: usize, plain: &str) -> String {
        if self.hostile { HOSTILE[at % HOSTILE.len()].into() } else { plain.into() }
    }
}

const CONTROLS: &[(&str, &str, &str, Severity)] = &[
    ("usb-storage-disabled", "USB-lagring är avstängd", "USB storage is disabled", Severity::High),
    (
        "password-quality",
        "Nya lösenord är långa och komplexa nog",
        "New passwords are long and complex enough",
        Severity::High,
    ),
    ("password-history", "Gamla lösenord tas inte om", "Old passwords are not taken again", Severity::Medium),
    (
        "account-lockout",
        "Konton låses efter upprepade misslyckade inloggningar",
        "Accounts are locked after repeated failures",
        Severity::High,
    ),
    (
        "logs-forwarded",
        "Alla loggar går till loggservern över TLS",
        "All logs go to the log server over TLS",
        Severity::High,
    ),
    (
        "login-banner",
        "En text före inloggningen säger att bara behöriga får logga in",
        "A text before the login says that only authorised persons may log in",
        Severity::Low,
    ),
    (
        "sshd-hardened",
        "SSH: egna nycklar, aldrig root, dagens algoritmer",
        "SSH: own keys, never root, today's algorithms",
        Severity::Critical,
    ),
    (
        "firewall-default-deny",
        "Brandväggen släpper in det som är bestämt",
        "The firewall lets in what is decided",
        Severity::Critical,
    ),
    ("time-synchronised", "Klockan går rätt", "The clock is right", Severity::Medium),
    ("audit-rules-loaded", "Granskningsreglerna är laddade", "The audit rules are loaded", Severity::Medium),
];

fn control(at: usize, names: &Names) -> ControlHead {
    let (id, sv, en, severity) = CONTROLS[at % CONTROLS.len()];
    let id = if at < CONTROLS.len() { id.to_string() } else { format!("{id}-{}", at / CONTROLS.len() + 1) };
    ControlHead {
        id: if names.hostile { format!("{id}{}", HOSTILE[at % HOSTILE.len()]) } else { id },
        title: both(&names.say(at, sv), &names.say(at, en)),
        severity,
        cis: vec![names.say(at, "1.1.1.9")],
        may_break: at.is_multiple_of(2).then(|| {
            both(&names.say(at, "USB-minnen och kortläsare"), &names.say(at, "USB sticks and card readers"))
        }),
        applies: None,
        statements: vec![format!("6.{}-a", at % 5 + 1)],
    }
}

/// Mostly passes; host 3 could not be reached, and every outcome comes.
fn outcome(host: usize, control: usize) -> Outcome {
    match (host * 31 + control * 17 + host * control) % 23 {
        _ if host == 2 => Outcome::Error,
        0 | 5 | 11 => Outcome::Fail,
        1 => Outcome::Blocked,
        2 => Outcome::AfterReboot,
        3 => Outcome::Waived,
        4 => Outcome::WaivedPass,
        6 => Outcome::NotAssessed,
        7 | 8 => Outcome::NotApplicable,
        _ => Outcome::Pass,
    }
}

fn host(at: usize, controls: &[ControlHead], names: &Names) -> HostResult {
    let kind = ["web", "app", "sign", "log", "db"][at % 5];
    let name = format!("{kind}{:02}.prod.example.se", at / 5 + 1);
    let results: Vec<ControlResult> =
        controls.iter().enumerate().map(|(c, control)| result(at, c, control, names)).collect();
    let severity = |id: &str| controls.iter().find(|c| c.id == id).map_or(Severity::Low, |c| c.severity);
    let score: Score = judge::score(&results, severity);
    HostResult {
        host: if names.hostile { format!("{name}{}", HOSTILE[at % HOSTILE.len()]) } else { name },
        machine_id: format!("{at:032x}"),
        system: names.say(at, "Debian 12.8, 6.1.0-26-amd64"),
        error: (at == 2).then(|| names.say(1, "connection to 192.0.2.3 port 22 timed out after 10 s")),
        score,
        results,
    }
}

fn result(host: usize, at: usize, control: &ControlHead, names: &Names) -> ControlResult {
    let outcome = outcome(host, at);
    let why = match outcome {
        Outcome::Blocked => "this would lock harda out as `root`: `PermitRootLogin no`",
        Outcome::NotAssessed => "declare rsyslog_server",
        Outcome::NotApplicable => "there is no such service on this host",
        Outcome::Error if host == 2 => "connection to 192.0.2.3 port 22 timed out after 10 s",
        _ => "",
    };
    let found = matches!(outcome, Outcome::Fail | Outcome::Waived | Outcome::AfterReboot);
    ControlResult {
        control: control.id.clone(),
        outcome,
        why: if why.is_empty() { Text::default() } else { Text::both(&names.say(at, why)) },
        waiver: matches!(outcome, Outcome::Waived | Outcome::WaivedPass).then_some(0),
        unwaived: None,
        findings: if found { findings(host, at, names) } else { Vec::new() },
        evidence: if host == 2 { Vec::new() } else { evidence(host, at, names) },
    }
}

fn findings(host: usize, at: usize, names: &Names) -> Vec<Finding> {
    let finding = |subject: &str, differences: Vec<Difference>, risk: Risk, undo: Undo| Finding {
        task: names.say(at, "USB storage modules can't be loaded"),
        place: names.say(at + 1, "harda:/playbooks/stampeltjanst/../usb-storage.yml:30:7"),
        subject: names.say(at + 2, subject),
        differences,
        message: Text::default(),
        risk,
        undo: Some(undo),
        only_found: false,
    };
    let lines = |text: &str| Content::Lines(names.say(at, text));
    let path = names.say(at, "/etc/modprobe.d/harda-usb-storage.conf");
    let from = if host.is_multiple_of(2) {
        Content::Absent
    } else {
        lines("# once\ninstall usb-storage /bin/true\n")
    };
    let to = Content::Lines("# Written by harda: these kernel modules can't be loaded.\ninstall usb-storage /bin/false\nblacklist usb-storage\n".into());
    vec![
        finding(
            "file /etc/modprobe.d/harda-usb-storage.conf",
            vec![
                Difference::property("owner", names.say(at, ""), "root"),
                Difference::property("mode", names.say(at + 1, "0664"), "0644"),
                Difference::Text { path, from, to },
            ],
            Risk::None,
            Undo::Full,
        ),
        finding(
            "sshd: user root",
            vec![Difference::property("PermitRootLogin", names.say(at, "yes"), "no")],
            Risk::LockOut,
            Undo::Partial(names.say(at, "what a login has changed stays")),
        ),
    ]
}

fn evidence(host: usize, at: usize, names: &Names) -> Vec<TaskEvidence> {
    let told = match (host + at) % 4 {
        0 => "sshd -T; port 22; ".repeat(600),
        1 => format!("modified {host} days ago"),
        _ => "directory root:root 0755".into(),
    };
    vec![TaskEvidence {
        task: names.say(at, "The folder of modprobe's settings"),
        place: names.say(at, "harda:/playbooks/usb-storage.yml:21:7"),
        asked: vec![Evidence {
            asked: names.say(at, "stat /etc/modprobe.d"),
            told: names.say(at + 1, &told),
        }],
    }]
}

fn attestation(statement: &str, until: &str, names: &Names) -> Attestation {
    Attestation {
        statement: statement.into(),
        text: names.say(0, "Låst rum med passersystem; bara tre namngivna personer har kort."),
        responsible: names.say(1, "A. Person"),
        date: "2026-01-15".parse().expect("a date"),
        valid_until: until.parse().expect("a date"),
        evidence: (statement == "2.1-a").then(|| names.say(2, "DOK-2026-17")),
        sha256: None,
    }
}

fn waiver(names: &Names) -> Waiver {
    Waiver {
        control: Some(names.say(0, "sshd-hardened")),
        statement: None,
        hosts: vec![names.say(1, "sign*")],
        reason: names.say(2, "until the HSM client speaks newer algorithms"),
        approver: names.say(3, "CISO"),
        start: "2026-11-01".parse().expect("a date"),
        expires: "2026-11-30".parse().expect("a date"),
    }
}

fn requirements(controls: &[ControlHead], names: &Names) -> Vec<RequirementResult> {
    let people = [
        ("2.1", "Krav på klientmiljön", "Demands on the client environment", Verdict::Fulfilled),
        (
            "3.1",
            "Begränsning i fysisk åtkomst till klientmiljön",
            "Restricted physical access",
            Verdict::NotFulfilled,
        ),
        ("4.2", "Namngivna administratörer", "Named administrators", Verdict::NotApplicable),
    ];
    let by_people = people.into_iter().enumerate().map(|(at, (id, sv, en, verdict))| {
        let attested = [Attested::Valid(0), Attested::Expired(1), Attested::No][at].clone();
        let why = match at {
            1 => vec![both(
                "intyget gällde till och med 2026-10-31",
                "the attestation was valid until 2026-10-31",
            )],
            _ => Vec::new(),
        };
        let one =
            statement(&format!("{id}-a"), Level::Mandatory, verdict, why, Some(attested), Vec::new(), names);
        requirement(id, sv, en, verdict, vec![one], names)
    });
    let by_controls = (1..=5).map(|number| {
        let id = format!("6.{number}");
        let wanted = format!("{id}-a");
        let mine: Vec<String> =
            controls.iter().filter(|c| c.statements.contains(&wanted)).map(|c| c.id.clone()).collect();
        let verdict = if number == 4 { Verdict::Fulfilled } else { Verdict::Partly };
        let why = match (number, mine.first()) {
            (4, _) | (_, None) => Vec::new(),
            (_, Some(first)) => {
                vec![both(&format!("{first}: web01 (fail)"), &format!("{first}: web01 (fail)"))]
            }
        };
        let all = vec![
            statement(&wanted, Level::Mandatory, verdict, why, None, mine, names),
            statement(
                &format!("{id}-b"),
                Level::Recommended,
                Verdict::NotFulfilled,
                Vec::new(),
                Some(Attested::No),
                Vec::new(),
                names,
            ),
        ];
        requirement(&id, "Säkerhetskonfiguration av system", "Secure configuration", verdict, all, names)
    });
    by_people.chain(by_controls).collect()
}

fn requirement(
    id: &str,
    sv: &str,
    en: &str,
    verdict: Verdict,
    statements: Vec<StatementResult>,
    names: &Names,
) -> RequirementResult {
    let name = both(&names.say(id.len(), sv), &names.say(id.len(), en));
    RequirementResult { id: id.into(), name, verdict, statements, left_out: Vec::new() }
}

fn statement(
    id: &str,
    level: Level,
    verdict: Verdict,
    why: Vec<Text>,
    attested: Option<Attested>,
    controls: Vec<String>,
    names: &Names,
) -> StatementResult {
    let keyword = if level == Level::Mandatory { "SKA" } else { "BÖR" };
    StatementResult {
        id: id.into(),
        text: both(
            &names.say(1, "Klientmiljön, med server och HSM, är skyddad mot obehörig åtkomst, och bara det som behövs är igång."),
            &names.say(1, "The client environment, server and HSM included, is protected from unauthorised access, and only what is needed runs."),
        ),
        level,
        keyword: Some(keyword.into()),
        verdict,
        why,
        controls,
        attested,
        missing: None,
    }
}

//! One host's run: its session, its World, its log, and the rounds of asking and planning.

mod entering;

use super::facts;
use super::identity::entrance;
use super::log::Log;
use super::pending::Pending;
use super::realise::Ahead;
use super::setup::Setup;
use super::step::{RunAs, Step, Todo};
use super::vars::{self, HostLayers};
use super::walk::{Walk, Walked};
use crate::fragment::{Fragment, Observation, Probe, Reply};
use crate::module::{Access, Action};
use crate::place::InputError;
use crate::record::Event;
use crate::resource::{Key, Level, State, questions};
use crate::transport::lock::Holder;
use crate::transport::{self, ApplySession, Become, Counts, Failure, Login, PlanSession, Question};
use crate::world::World;
use entering::{Hello, access, enter};
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Rounds of asking before it is an error; real playbooks take two or three.
const ROUNDS: usize = 40;

/// A resource as a host shows it by itself, and the digest of the answer.
pub type Look = (Key, Result<State, String>, String);

/// Why a host's run ends early.
#[derive(Debug)]
pub enum Ending {
    /// The host can't be reached or entered, or the line was cut.
    Lost(Failure),
    /// An input file is wrong, as seen from this host.
    Input(InputError),
    /// The host can't be worked on: another run holds its lock, or it is not the one that a saved
    /// plan was made on.
    Refused { message: String, hint: Option<String> },
    /// The first interrupt was seen.
    Interrupted,
    /// The dead-man's switch has taken back what was changed.
    Restored,
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        Ending::Lost(failure)
    }
}

impl From<InputError> for Ending {
    fn from(error: InputError) -> Self {
        Ending::Input(error)
    }
}

/// A session for planning can't send what changes the host; applying trades it for one that can.
enum Session {
    None,
    Plan(PlanSession),
    Apply(ApplySession),
}

pub struct HostRun<'s> {
    pub setup: &'s Setup,
    pub name: String,
    pub events: Sender<Event>,
    pub world: World,
    pub layers: HostLayers,
    pub access: Access,
    /// The fingerprint of the key that the host showed, where it is known.
    pub host_key: Option<String>,
    /// What a person had to do for the login.
    pub asked: Option<String>,
    pub log: Log,
    session: Session,
    pub keeper: super::keeping::Keeper,
    /// The lock was asked for, and not given back.
    pub locked: bool,
    /// That there can be no lock has been said.
    pub no_lock_said: bool,
    /// Who held it when this run came.
    pub holder: Option<Holder>,
    /// Handlers that earlier runs left pending here.
    pub pending: Vec<Pending>,
    pub guard: super::guard::Guard,
    /// How this run entered.
    pub present: (Login, Option<Become>),
    /// How the next run enters: as this one did, or by `harda_login_after`.
    pub next: (Login, Option<Become>),
}

impl<'s> HostRun<'s> {
    /// Logs in and gathers facts.
    pub fn connect(setup: &'s Setup, name: &str, events: Sender<Event>) -> Result<Self, Ending> {
        let mut layers = HostLayers::new(setup, name)?;
        let door = entrance(setup, name, &layers)?;
        let _ = events.send(Event::Busy { host: name.into(), doing: "log in".into() });
        let (session, hello, login, r#become, after) = enter(setup, door)?;
        let Hello { facts: reply, switch, pending, holder, ways, became_not } = hello;
        let facts = facts::read(&reply);
        layers.facts = vars::facts(&facts);
        let mut access = access(&facts, ways, session.proof(), &login, r#become.as_ref(), after.as_ref());
        access.after_became_not = became_not;
        let host_key = session.proof().fingerprint.clone();
        let asked = session.proof().asked.clone();
        let counts = session.counts();
        let present = (login, r#become);
        let mut run = HostRun {
            setup,
            name: name.into(),
            events,
            world: World::new(facts),
            layers,
            access,
            host_key,
            asked,
            log: Log::default(),
            session: Session::Plan(session),
            keeper: super::keeping::Keeper::default(),
            locked: false,
            no_lock_said: false,
            holder,
            pending,
            guard: super::guard::Guard::default(),
            next: after.unwrap_or_else(|| present.clone()),
            present,
        };
        run.tell(Event::Connected {
            host: run.name.clone(),
            summary: run.summary(),
            machine_id: run.world.fact("machine_id").unwrap_or_default(),
            login_ms: counts.login_time.as_millis() as u64,
        });
        super::lock::tell_holder(&run);
        if let Some(found) = switch {
            super::guard::leftover(&mut run, found)?;
        }
        Ok(run)
    }

    pub fn tell(&self, event: Event) {
        // The receiver lives as long as the run; when it is gone there is nobody to tell.
        let _ = self.events.send(event);
    }

    pub fn busy(&self, doing: &str) {
        self.tell(Event::Busy { host: self.name.clone(), doing: doing.into() });
    }

    fn summary(&self) -> String {
        let fact = |name: &str| self.world.facts.get_attr(name).map(|v| v.to_string()).unwrap_or_default();
        let system = format!("{} {}", fact("distribution"), fact("distribution_version"));
        format!("as {}, {system}, {}", self.access.user, fact("kernel"))
    }

    pub fn counts(&self) -> Counts {
        match &self.session {
            Session::None => Counts::default(),
            Session::Plan(session) => session.counts(),
            Session::Apply(session) => session.counts(),
        }
    }

    /// A new session in place of one that is gone, by the login that works.
    pub fn enter_again(&mut self) -> Result<(), Failure> {
        let open = |(login, r#become): &(Login, Option<Become>)| {
            transport::open(&self.setup.connector, login, r#become.as_ref())
        };
        let session = open(&self.present).or_else(|first| open(&self.next).map_err(|_| first))?;
        self.session = Session::Plan(session);
        Ok(())
    }

    pub fn send(&mut self, batch: &[Question]) -> Result<Vec<Reply>, Failure> {
        if let Some(folder) = &self.setup.options.keep_scripts {
            keep_script(folder, &self.name, batch);
        }
        match &mut self.session {
            Session::Plan(session) => session.send(batch),
            Session::Apply(session) => session.send(batch),
            Session::None => Ok(Vec::new()),
        }
    }

    /// From here on the session can send what changes the host.
    pub fn for_apply(&mut self) -> Option<&mut ApplySession> {
        if let Session::Plan(_) = self.session
            && let Session::Plan(session) = std::mem::replace(&mut self.session, Session::None)
        {
            self.session = Session::Apply(session.into_apply());
        }
        match &mut self.session {
            Session::Apply(session) => Some(session),
            _ => None,
        }
    }

    /// Plans the plays up to and with this one, asking the host for what is wanted until a walk
    /// wants nothing more.
    pub fn plan(&mut self, upto: usize) -> Result<Walked, Ending> {
        let mut asked: BTreeMap<Key, Level> = BTreeMap::new();
        for _ in 0..ROUNDS {
            // While nothing can have been changed here, there is nothing to finish.
            if matches!(self.session, Session::Plan(_)) && self.setup.is_interrupted() {
                return Err(Ending::Interrupted);
            }
            let mut walked = self.walk(upto)?;
            let demands = self.world.take_demands();
            let probes = wanted_probes(&walked.steps);
            if demands.is_empty() && probes.is_empty() && !walked.waiting {
                self.refuse_lockout(&mut walked)?;
                let more = self.world.take_demands();
                if more.is_empty() {
                    return Ok(walked);
                }
                self.observe(more)?;
                continue;
            }
            let stuck = demands.iter().all(|(key, level)| asked.get(key) == Some(level)) && probes.is_empty();
            if stuck {
                return Err(self.stuck(&walked, &demands).into());
            }
            for (key, level) in &demands {
                asked.insert(key.clone(), level.clone());
            }
            self.ask(demands, probes)?;
        }
        Err(InputError::nowhere(format!("host `{}`: planning did not settle in {ROUNDS} rounds", self.name))
            .into())
    }

    fn walk(&mut self, upto: usize) -> Result<Walked, Ending> {
        let walk = Walk::new(
            self.setup,
            &self.name,
            &mut self.world,
            &mut self.layers,
            &self.access,
            &self.log,
            &self.pending,
        );
        Ok(walk.plays(upto)?)
    }

    /// The handlers that what was done has notified, and that have not run: as a walk over the log
    /// finds them. `None` where that can't be told.
    pub fn left_pending(&mut self) -> Option<Vec<Pending>> {
        let walked = self.walk(self.setup.playbook.plays.len().saturating_sub(1));
        // Nothing is asked any more.
        self.world.take_demands();
        walked.ok().map(|walked| walked.pending)
    }

    fn stuck(&self, walked: &Walked, demands: &BTreeMap<Key, Level>) -> InputError {
        let wanted: Vec<String> = demands.keys().map(ToString::to_string).collect();
        InputError::nowhere(format!(
            "host `{}`: planning can't go on; still wanted: {}; waiting: {}",
            self.name,
            if wanted.is_empty() { "nothing that the host could answer".into() } else { wanted.join(", ") },
            walked.waiters.join(", "),
        ))
    }

    /// One round trip: all observations that are wanted, and the probes.
    fn ask(
        &mut self,
        demands: BTreeMap<Key, Level>,
        probes: Vec<(super::log::StepId, Action, RunAs)>,
    ) -> Result<(), Ending> {
        self.busy("observe");
        let asked = questions(&demands);
        let mut batch: Vec<Question> =
            asked.iter().map(|q| Question::Observe(Observation(q.fragment.clone()))).collect();
        batch.extend(
            probes.iter().map(|(_, action, run_as)| Question::Probe(Probe(act_fragment(action, run_as)))),
        );
        let mut replies = self.send(&batch)?.into_iter();
        for question in &asked {
            let reply = replies.next().unwrap_or_default();
            for ((key, level), state) in question.keys.iter().zip(question.read(&reply)) {
                self.world.observed(key.clone(), level.clone(), state);
            }
        }
        for ((id, _, _), reply) in probes.into_iter().zip(replies) {
            self.log.probed(id, reply);
        }
        Ok(())
    }

    pub fn observe(&mut self, demands: BTreeMap<Key, Level>) -> Result<(), Ending> {
        self.ask(demands, Vec::new())
    }

    /// Asks for each key by itself: its state, and the digest of the answer, which the script that
    /// makes a Change checks before it writes.
    pub fn look(&mut self, keys: &[Key]) -> Result<Vec<Look>, Ending> {
        let asked: Vec<(Key, crate::resource::Question)> = keys
            .iter()
            .flat_map(|key| {
                questions(&BTreeMap::from([(key.clone(), Level::Digest)]))
                    .into_iter()
                    .map(|q| (key.clone(), q))
            })
            .collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let batch: Vec<Question> =
            asked.iter().map(|(_, q)| Question::Observe(Observation(q.fragment.clone()))).collect();
        let replies = self.send(&batch)?;
        let mut seen = Vec::new();
        for ((key, question), reply) in asked.into_iter().zip(replies) {
            let digest = super::realise::digest(&reply.stdout);
            for state in question.read(&reply) {
                seen.push((key.clone(), state, digest.clone()));
            }
        }
        Ok(seen)
    }

    /// The resources that are about to be changed, as the host shows them now.
    pub fn ahead(&mut self, keys: &[Key]) -> Result<Ahead, Ending> {
        let mut ahead = Ahead::default();
        for (key, state, digest) in self.look(keys)? {
            let as_planned = match (&state, self.world.seen(&key)) {
                (Ok(now), Some(then)) => now.is_still(then),
                _ => false,
            };
            if !as_planned {
                ahead.drifted.insert(key.clone());
            }
            ahead.digests.insert(key, digest);
        }
        Ok(ahead)
    }

    /// Refuses the host where the plan would take away the way in.
    fn refuse_lockout(&mut self, walked: &mut Walked) -> Result<(), Ending> {
        super::access::refuse_lockout(&self.world, &self.access, walked);
        super::access::refuse_unguarded(self, walked);
        Ok(())
    }

    /// A session of its own by the login that worked before anything was changed, and who it becomes.
    pub fn enters_afresh(&self) -> Result<(), Failure> {
        self.enters(&self.present)
    }

    /// A session of its own, as the next run will make it: the proof that hardening left a way in.
    pub fn prove_access(&self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.enters(&self.next).map(|()| begun.elapsed())
    }

    /// Becoming comes with the first question.
    fn enters(&self, (login, r#become): &(Login, Option<Become>)) -> Result<(), Failure> {
        let login = Login { afresh: true, ..login.clone() };
        let mut session = transport::open(&self.setup.connector, &login, r#become.as_ref())?;
        session.send(&[Question::Observe(Observation(Fragment::new("id -u")))]).map(drop)
    }
}

/// Adds fragments to a host's script, each in a subshell as the framed shell runs it.
fn keep_script(folder: &std::path::Path, host: &str, batch: &[Question]) {
    use std::io::Write;
    let text: String = batch
        .iter()
        .map(|question| match question {
            Question::Observe(Observation(fragment)) | Question::Probe(Probe(fragment)) => fragment,
        })
        .map(|fragment| format!("(\n{}\n) </dev/null\n", fragment.script))
        .collect();
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(format!("{host}.sh")));
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        eprintln!("warning: the script of `{host}` could not be kept: {error}");
    }
}

fn wanted_probes(steps: &[Step]) -> Vec<(super::log::StepId, Action, RunAs)> {
    steps
        .iter()
        .filter_map(|step| match &step.todo {
            Todo::Act(action, run_as, repeat) if repeat.probe => {
                Some((step.id.clone(), action.clone(), run_as.clone()))
            }
            _ => None,
        })
        .collect()
}

/// The script of an act or probe, as who it is to run.
pub fn act_fragment(action: &Action, run_as: &RunAs) -> Fragment {
    let mut fragment = Fragment::new(action.script.clone());
    fragment.input = action.inputs();
    fragment.user = run_as.user.clone();
    fragment.environment = run_as.environment.clone();
    fragment.deadline = Duration::from_secs(action.seconds);
    fragment
}

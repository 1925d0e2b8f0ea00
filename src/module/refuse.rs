//! `refuse`: going on would break what runs here. A playbook leaves the host alone; an audit shows
//! the control as blocked, and a remediation leaves it out.

use super::{Args, Context, Kind, Module, Param, Planned};
use crate::world::Stop;

pub struct Refuse;

const PARAMS: &[Param] =
    &[Param::new(&["msg"], Kind::Text, "What would break, and what to do instead.").required()];

impl Module for Refuse {
    fn names(&self) -> &'static [&'static str] {
        &["refuse"]
    }

    fn about(&self) -> &'static str {
        "The host, or the control, is left alone: going on would break what runs here."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, _cx: &Context<'_>) -> Result<Planned, Stop> {
        Err(Stop::Refused(args.text("msg").unwrap_or_default()))
    }
}

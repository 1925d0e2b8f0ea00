//! `after_reboot`: what this host should be is set, and what runs lags behind until it is rebooted. An audit shows the
//! control as that, and not as met; a playbook goes on.

use super::{Args, Context, Kind, Module, Param, Planned};
use crate::world::Stop;

pub struct AfterReboot;

const PARAMS: &[Param] = &[Param::new(&["msg"], Kind::Text, "What is set, and not yet so.").required()];

impl Module for AfterReboot {
    fn names(&self) -> &'static [&'static str] {
        &["after_reboot"]
    }

    fn about(&self) -> &'static str {
        "What is wanted is set, and takes effect with the next reboot."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, _cx: &Context<'_>) -> Result<Planned, Stop> {
        Ok(Planned { lags: args.text("msg"), ..Planned::default() })
    }
}

//! `fail`: the task fails, with a message.

use super::{Args, Context, Effect, Kind, Module, Param, Planned};
use crate::world::Stop;

pub struct Fail;

const PARAMS: &[Param] = &[Param::new(&["msg"], Kind::Text, "Why. Default: Failed as requested from task.")];

impl Module for Fail {
    fn names(&self) -> &'static [&'static str] {
        &["fail"]
    }

    fn about(&self) -> &'static str {
        "The task fails, with a message."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, _cx: &Context<'_>) -> Result<Planned, Stop> {
        let message = args.text("msg").unwrap_or_else(|| "Failed as requested from task".into());
        Ok(Planned { effect: Effect::Fail(message.clone()), ..Planned::default() }.result("msg", message))
    }
}

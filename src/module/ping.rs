//! `ping`: says `pong`; that the host answers is known before any task is planned.

use super::{Args, Context, Effect, Kind, Module, Param, Planned};
use crate::world::Stop;

pub struct Ping;

const PARAMS: &[Param] =
    &[Param::new(&["data"], Kind::Text, "What comes back. Default: pong; `crash` fails.")];

impl Module for Ping {
    fn names(&self) -> &'static [&'static str] {
        &["ping"]
    }

    fn about(&self) -> &'static str {
        "Says `pong` if the host can be reached."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, _cx: &Context<'_>) -> Result<Planned, Stop> {
        let data = args.text("data").unwrap_or_else(|| "pong".into());
        let effect = match data.as_str() {
            "crash" => Effect::Fail("boom".into()),
            _ => Effect::None,
        };
        Ok(Planned { effect, ..Planned::default() }.result("ping", data))
    }
}

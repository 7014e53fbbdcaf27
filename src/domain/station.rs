//! Stations: the places to play.

use serde::{Deserialize, Serialize};

use crate::domain::edit::Edited;
use crate::domain::id::StationId;
use crate::domain::money::Money;
use crate::domain::outcome::Reason;
use crate::domain::staff::Signature;
use crate::domain::text::{Label, NOTE_CHARS_MAX, check_text};

/// How many play at a station: one, or several at a rate of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One or two players, the ordinary rate.
    #[default]
    Single,
    /// More players, the station's second rate.
    Multi,
}

/// What an hour costs, in piasters, by mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// The rate of [`Mode::Single`].
    pub single: Money,
    /// The rate of [`Mode::Multi`]; none where the station is not let so.
    pub multi: Option<Money>,
}

impl Rates {
    /// The rate of a mode; a station without a multi rate charges the single one.
    pub fn of(self, mode: Mode) -> Money {
        match mode {
            Mode::Single => self.single,
            Mode::Multi => self.multi.unwrap_or(self.single),
        }
    }

    /// Checks both against what an amount may be.
    pub fn check(self) -> Result<(), Reason> {
        let is_fine = self.single.is_amount() && self.multi.is_none_or(Money::is_amount);
        if is_fine {
            Ok(())
        } else {
            Err(Reason::BadAmount)
        }
    }
}

/// A place to play: console, screen and pads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Its id.
    pub station_id: StationId,
    /// Its name on the floor.
    pub name: Label,
    /// What an hour costs.
    pub rates: Rates,
    /// Why it is out of service; none while it can be let.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<String>,
    /// Where it stands among the others; equal positions sort by name.
    pub position: i32,
    /// It was taken off the floor; its history stays.
    #[serde(default)]
    pub is_removed: bool,
}

impl Station {
    /// Tells whether a session may be started here.
    pub fn is_open(&self) -> bool {
        !self.is_removed && self.maintenance.is_none()
    }
}

impl Edited for Station {
    type Change = StationChange;

    fn change(&mut self, change: StationChange, _: Signature) {
        match change {
            StationChange::Name(name) => self.name = name,
            StationChange::Rates(rates) => self.rates = rates,
            StationChange::Maintenance(reason) => self.maintenance = reason,
            StationChange::Position(position) => self.position = position,
            StationChange::Removed(is_removed) => self.is_removed = is_removed,
        }
    }

    fn current(&self, change: &StationChange) -> StationChange {
        match change {
            StationChange::Name(_) => StationChange::Name(self.name.clone()),
            StationChange::Rates(_) => StationChange::Rates(self.rates),
            StationChange::Maintenance(_) => StationChange::Maintenance(self.maintenance.clone()),
            StationChange::Position(_) => StationChange::Position(self.position),
            StationChange::Removed(_) => StationChange::Removed(self.is_removed),
        }
    }

    fn is_removed(&self) -> bool {
        self.is_removed
    }
}

/// One field of a station, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StationChange {
    /// A new name.
    Name(Label),
    /// New rates; running segments keep the rate they began with.
    Rates(Rates),
    /// Out of service for this reason, or back in service.
    Maintenance(Option<String>),
    /// A new place among the others.
    Position(i32),
    /// Taken off the floor, or put back.
    Removed(bool),
}

impl StationChange {
    /// Checks the new value by itself.
    pub fn check(&self) -> Result<(), Reason> {
        match self {
            StationChange::Name(name) => name.check(),
            StationChange::Rates(rates) => rates.check(),
            StationChange::Maintenance(Some(reason)) => check_text(reason, NOTE_CHARS_MAX),
            StationChange::Maintenance(None)
            | StationChange::Position(_)
            | StationChange::Removed(_) => Ok(()),
        }
    }
}

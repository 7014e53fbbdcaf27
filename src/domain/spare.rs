//! Spare tables: eleven more than the shop has, so that tests run the engine over thirty. They have a type and a line
//! in the registry, as every table has, and nothing else.

use serde::{Deserialize, Serialize};

use crate::domain::drill::{Chance, small_id};
use crate::domain::gateway::Gateway;
use crate::domain::id::{BrowserId, Uuid};
use crate::domain::registry::{Row, State, Synced};
use crate::domain::staff::{Browser, Signature, Staff, StaffSecret};
use crate::domain::time::Timestamp;

/// Names a row of a spare table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpareId(pub Uuid);

/// A row of the spare table of a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spare<const N: usize> {
    /// Its id.
    pub spare_id: SpareId,
    /// What it says.
    pub text: String,
    /// It goes on.
    pub is_open: bool,
    /// When it last changed.
    pub touched_at: Timestamp,
}

impl<const N: usize> Synced for Spare<N> {
    fn is_open(&self) -> bool {
        self.is_open
    }
}

macro_rules! spares {
    ($($n:literal $name:ident;)*) => {
        $(
            #[expect(missing_docs, reason = "one of many that are alike")]
            pub type $name = Spare<$n>;
        )*

        /// A random row of a random spare table.
        pub fn random_row(chance: &mut Chance, at: Timestamp) -> Row {
            const N: u64 = [$($n),*].len() as u64;
            let spare_id = SpareId(small_id(90, chance.below(40)));
            let (text, is_open) = (chance.bits().to_string(), chance.percent(30));
            match chance.below(N) + 1 {
                $($n => Row::$name(Spare { spare_id, text, is_open, touched_at: at }),)*
                _ => unreachable!("there are no more"),
            }
        }
    };
}

spares! {
    1 Spare01;
    2 Spare02;
    3 Spare03;
    4 Spare04;
    5 Spare05;
    6 Spare06;
    7 Spare07;
    8 Spare08;
    9 Spare09;
    10 Spare10;
}

/// Rows of all thirty tables: a shop that was worked in for a while, and spare ones.
pub fn random_rows(seed: u64, n: usize) -> Vec<Row> {
    let (mut chance, mut state) = (Chance(seed), State::default());
    // What only a server records is in no drill.
    state.put(Row::Staff(Staff::default()));
    state.put(Row::StaffSecret(StaffSecret::default()));
    state.put(Row::Gateway(Gateway::default()));
    state.put(Row::Browser(Browser {
        browser_id: BrowserId::default(),
        name: "till".to_owned(),
        paired: Signature::default(),
        revoked: None,
    }));
    let mut now = Timestamp(1_760_000_000_000);
    for _ in 0..n {
        now = now + chance.between(0, 60_000);
        crate::domain::apply(
            &mut state,
            &crate::domain::drill::random_op(&mut chance, now),
        );
        state.put(random_row(&mut chance, now));
    }
    state.rows().collect()
}

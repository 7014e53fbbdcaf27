//! Invented shops: the demo with a month behind it, and years of one to measure with. They are recorded as operations
//! through the sequencer's core, like everything else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::domain::bill::Method;
use crate::domain::drill::Chance;
use crate::domain::id::{
    BatchId, CategoryId, DeviceId, Incarnation, ItemId, LineId, OpId, PackageId, PaymentId, SaleId,
    SessionId, StaffId, StationId, Uuid, VoucherId, uuid_v7,
};
use crate::domain::menu::{CategoryChange, ItemChange};
use crate::domain::money::Money;
use crate::domain::op::{Body, Choice, Stamped};
use crate::domain::outcome::Outcome;
use crate::domain::registry::State;
use crate::domain::sale::{SaleLine, SalePayment};
use crate::domain::shop::ShopChange;
use crate::domain::staff::{Role, SecretKind, StaffChange};
use crate::domain::station::{Mode, Rates, StationChange};
use crate::domain::text::Label;
use crate::domain::time::{BusinessDay, DAY_MS, HOUR_MS, MINUTE_MS, Timestamp, Zone};
use crate::domain::voucher::{Charset, PackageChange};
use crate::server::Error;
use crate::server::config::SeedArgs;
use crate::server::error::StartError;
use crate::server::sequencer::{Authority, Core, Recorder};
use crate::server::{auth, clock, db};

/// The password of everyone in the demo shop.
pub const PASSWORD: &str = "playstation";
/// Names, roles and PINs of the demo shop's people.
const PEOPLE: [(&str, Role, &str); 3] = [
    ("هاني", Role::Owner, "1111"),
    ("منى", Role::Manager, "2222"),
    ("أحمد", Role::Cashier, "3333"),
];
/// The menu of the demo shop: category, names and pounds.
const MENU: [(usize, &str, &str, i64); 9] = [
    (0, "بيبسي", "Pepsi", 15),
    (0, "قهوة", "Coffee", 15),
    (0, "نسكافيه", "Nescafe", 15),
    (0, "ستينج", "Sting", 20),
    (0, "شاي", "Tea", 5),
    (1, "شيبسي", "Chips", 10),
    (1, "بسكويت", "Biscuits", 10),
    (2, "إندومي صغير", "Noodles, small", 10),
    (2, "إندومي كبير", "Noodles, large", 15),
];
const CATEGORIES: [(&str, &str); 3] = [("مشروبات", "Drinks"), ("سناكس", "Snacks"), ("أكل", "Food")];
/// The packages of the demo shop: names, pounds, megabytes (none for no limit), hours.
const PACKAGES: [(&str, &str, i64, Option<i64>, i32); 4] = [
    ("ساعة", "One hour", 5, None, 1),
    ("١.٥ جيجا", "1.5 GB", 5, Some(1_536), 24),
    ("٣ جيجا", "3 GB", 10, Some(3_072), 24),
    ("٥ جيجا", "5 GB", 15, Some(5_120), 24),
];
/// How many vouchers of a package there are in the demo shop, and how many of them were sold.
const VOUCHERS: (usize, usize) = (24, 5);
/// How many operations share a commit while filling.
const COMMIT_OPS: usize = 4_000;

/// An operation of the invented past: when, by whom with which rights, what.
pub type Past = (Timestamp, StaffId, Role, Body);

/// What an invented shop is like.
struct Plan {
    stations: u32,
    days: i32,
    sessions_per_day: u32,
    lines_max: u64,
}

/// Invents the demo shop: a month of history, and an evening in full swing. With it, its owner.
pub async fn demo(zone_name: &str) -> Result<(Vec<Past>, StaffId), StartError> {
    let now = clock::now();
    let plan = Plan {
        stations: 8,
        days: 30,
        sessions_per_day: 15,
        lines_max: 3,
    };
    let mut shop = Invented::new(7, plan, clock::zone(zone_name, now)?, now);
    let mut past = shop.opening(zone_name, "بلايستيشن النخبة");
    past.extend(secrets(&shop).await?);
    for day in 0..shop.plan.days {
        past.extend(shop.day(day));
    }
    past.extend(shop.evening());
    past.extend(shop.vouchers());
    Ok((past, shop.people[0]))
}

/// Fills an empty database with the demo shop.
pub async fn fill(
    core: &mut Core,
    recorder: &mut Recorder,
    zone_name: &str,
) -> Result<(), StartError> {
    let (past, _) = demo(zone_name).await?;
    record(core, recorder, past).await?;
    db::put_meta(core.connection(), "demo", "yes").await?;
    Ok(())
}

/// Fills a folder with years of an invented shop.
pub async fn seed(args: SeedArgs) -> Result<(), StartError> {
    let began = Instant::now();
    let _lock = super::lock(&args.data)?;
    let mut database = db::open(&args.data.join(super::DATABASE)).await?;
    db::hurry(&mut database.writer).await?;
    let now = clock::now();
    let mut core = Core::new(database.writer, args.seed).await?;
    if !core.state().staff.is_empty() {
        return Err(StartError::Config(format!(
            "{} holds a shop already",
            args.data.display()
        )));
    }
    let days = i32::try_from(args.years.saturating_mul(365)).unwrap_or(i32::MAX);
    let plan = Plan {
        stations: args.stations,
        days,
        sessions_per_day: args.sessions_per_day,
        lines_max: 20,
    };
    let mut shop = Invented::new(args.seed, plan, clock::zone("Africa/Cairo", now)?, now);
    let mut recorder = Recorder::new(DeviceId(shop.id(now)), Incarnation(shop.id(now)));
    let mut past = shop.opening("Africa/Cairo", "Seeded shop");
    past.extend(secrets(&shop).await?);
    for day in 0..days {
        past.extend(shop.day(day));
        if past.len() >= COMMIT_OPS {
            record(&mut core, &mut recorder, std::mem::take(&mut past)).await?;
        }
    }
    past.extend(shop.evening());
    record(&mut core, &mut recorder, past).await?;
    // None of this asks anything of a gateway.
    let (head, _) = db::log::head(core.connection()).await?;
    db::put_meta(core.connection(), "gateway_cursor", &head.to_string()).await?;
    db::checkpoint(core.connection()).await?;
    super::say(&format!(
        "{days} days were recorded in {} s",
        began.elapsed().as_secs()
    ));
    Ok(())
}

/// Operations of one person, in a row.
pub type Batch = (StaffId, Role, Vec<(OpId, Timestamp, Body)>);

/// Cuts a past into batches: each is recorded for one person, and is not longer than a commit should be.
pub fn batches(past: Vec<Past>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (n, (at, by, role, body)) in past.into_iter().enumerate() {
        let op = (OpId(op_uuid(at, n)), at, body);
        match batches.last_mut() {
            Some((last, _, ops)) if *last == by && ops.len() < COMMIT_OPS => ops.push(op),
            _ => batches.push((by, role, vec![op])),
        }
    }
    batches
}

async fn record(
    core: &mut Core,
    recorder: &mut Recorder,
    past: Vec<Past>,
) -> Result<(), StartError> {
    let now = clock::now();
    for (by, role, ops) in batches(past) {
        let batch = recorder.batch(ops);
        for answer in core
            .push_all(vec![(batch, Authority::Server { by, role }, now)])
            .await
        {
            let reply = answer.map_err(|error| StartError::Config(error.to_string()))?;
            if let Some(refused) = reply
                .outcomes
                .iter()
                .find(|outcome| matches!(outcome.outcome, Outcome::Rejected(_)))
            {
                return Err(StartError::Config(format!(
                    "the invented shop was refused: {:?}",
                    refused.outcome
                )));
            }
        }
    }
    Ok(())
}

/// An id from a moment and a place in that moment's batch; chance is the machine's, the past stays as invented.
fn op_uuid(at: Timestamp, n: usize) -> Uuid {
    let mut chance: [u8; 10] = clock::chance();
    chance[..2].copy_from_slice(&u16::try_from(n % 65_536).unwrap_or(0).to_be_bytes());
    uuid_v7(at, chance)
}

async fn secrets(shop: &Invented) -> Result<Vec<Past>, StartError> {
    let wrong = |error: Error| StartError::Config(error.to_string());
    let password = auth::make_verifier(SecretKind::Password, PASSWORD.to_owned())
        .await
        .map_err(wrong)?;
    let mut past = Vec::new();
    for (n, (_, _, pin)) in PEOPLE.into_iter().enumerate() {
        let pin = auth::make_verifier(SecretKind::Pin, pin.to_owned())
            .await
            .map_err(wrong)?;
        for (kind, verifier) in [
            (SecretKind::Password, password.clone()),
            (SecretKind::Pin, pin),
        ] {
            let body = Body::StaffSecretSet {
                staff_id: shop.people[n],
                kind,
                verifier: Some(verifier),
            };
            past.push((shop.opened_at, shop.people[0], Role::Owner, body));
        }
    }
    Ok(past)
}

/// An invented shop, as it goes through its days.
struct Invented {
    plan: Plan,
    chance: Chance,
    zone: Zone,
    now: Timestamp,
    first_day: BusinessDay,
    opened_at: Timestamp,
    people: [StaffId; 3],
    stations: Vec<StationId>,
    items: Vec<(ItemId, Label, Money)>,
    state: State,
}

const RATES: Rates = Rates {
    single: Money(2_000),
    multi: Some(Money(4_000)),
};
const DAY_START_HOUR: i32 = 10;

impl Invented {
    fn new(seed: u64, plan: Plan, zone: Zone, now: Timestamp) -> Invented {
        let first_day = BusinessDay::at(now, &zone, DAY_START_HOUR).plus(-plan.days);
        let opened_at = first_day.starts_at(&zone, DAY_START_HOUR) - HOUR_MS;
        let mut shop = Invented {
            plan,
            chance: Chance(seed),
            zone,
            now,
            first_day,
            opened_at,
            people: [StaffId::default(); 3],
            stations: Vec::new(),
            items: Vec::new(),
            state: State::default(),
        };
        shop.people = [(); 3].map(|()| StaffId(shop.id(opened_at)));
        shop.stations = (0..shop.plan.stations)
            .map(|_| StationId(shop.id(opened_at)))
            .collect();
        shop
    }

    fn id(&mut self, at: Timestamp) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.chance.bits().to_le_bytes());
        bytes[8..].copy_from_slice(&self.chance.bits().to_le_bytes()[..2]);
        uuid_v7(at, bytes)
    }

    /// Applies an operation to the invented shop, so that what is told to customers is what the core computes.
    fn play(&mut self, past: &mut Vec<Past>, at: Timestamp, person: usize, body: Body) {
        let (by, role) = (self.people[person], PEOPLE[person].1);
        let op_id = OpId(small(past.len()));
        let stamped = Stamped {
            op_id,
            at,
            is_retimed: false,
            by,
            role,
            body: body.clone(),
        };
        crate::domain::apply(&mut self.state, &stamped);
        past.push((at, by, role, body));
    }

    /// Packages, and an evening's vouchers: cards of the first two, and a pool of the third.
    fn vouchers(&mut self) -> Vec<Past> {
        let (mut past, at) = (Vec::new(), self.now - HOUR_MS);
        for (n, (ar, en, pounds, megabytes, hours)) in (0..).zip(PACKAGES) {
            let package_id = PackageId(self.id(at));
            let changes = vec![
                PackageChange::Name(Label::new(ar, en)),
                PackageChange::Price(Money::pounds(pounds)),
                PackageChange::LimitBytes(megabytes.map(|megabytes| megabytes << 20)),
                PackageChange::LimitMinutes(Some(hours * 60)),
                PackageChange::Profile("cafe-users".to_owned()),
                PackageChange::Color(n),
                PackageChange::Position(n),
            ];
            let was = Vec::new();
            self.play(
                &mut past,
                self.opened_at,
                0,
                Body::PackageEdited {
                    package_id,
                    changes,
                    was,
                },
            );
            if n < 3 {
                let is_pool = n == 2;
                let at = if is_pool { at - HOUR_MS } else { at };
                self.batch(&mut past, at, package_id, Money::pounds(pounds), is_pool);
            }
        }
        past
    }

    fn batch(
        &mut self,
        past: &mut Vec<Past>,
        at: Timestamp,
        package_id: PackageId,
        price: Money,
        is_pool: bool,
    ) {
        let (n_made, n_sold) = VOUCHERS;
        let mut vouchers = Vec::new();
        while vouchers.len() < n_made {
            let chance = [(); 8].map(|()| self.chance.bits().to_le_bytes()).concat();
            if let Some(code) = Charset::Clear.code(6, &chance) {
                vouchers.push((VoucherId(self.id(at)), code));
            }
        }
        let batch_id = BatchId(self.id(at));
        let sold: Vec<VoucherId> = vouchers.iter().take(n_sold).map(|(id, _)| *id).collect();
        let name = String::new();
        self.play(
            past,
            at,
            0,
            Body::BatchMade {
                batch_id,
                package_id,
                name,
                vouchers,
                is_pool,
            },
        );
        for (n, voucher_id) in (1..).zip(sold) {
            let at = at + n * 5 * MINUTE_MS;
            self.play(past, at, 2, Body::VoucherSold { voucher_id, price });
        }
    }

    /// The operations that make the shop: settings, people, stations, menu.
    fn opening(&mut self, zone_name: &str, name: &str) -> Vec<Past> {
        let (mut past, at) = (Vec::new(), self.opened_at);
        let changes = vec![
            ShopChange::Name(name.to_owned()),
            ShopChange::Zone(zone_name.to_owned(), self.zone.clone()),
            ShopChange::ReceiptNote("شكراً لزيارتكم".to_owned()),
        ];
        self.play(&mut past, at, 0, Body::ShopEdited { changes });
        for (n, (name, role, _)) in PEOPLE.into_iter().enumerate() {
            let changes = vec![StaffChange::Name(name.to_owned()), StaffChange::Role(role)];
            self.play(
                &mut past,
                at,
                0,
                Body::StaffEdited {
                    staff_id: self.people[n],
                    changes,
                },
            );
        }
        for (n, station_id) in self.stations.clone().into_iter().enumerate() {
            let name = Label::new(&format!("بلاي {}", n + 1), &format!("PS {}", n + 1));
            let changes = vec![StationChange::Name(name), StationChange::Rates(RATES)];
            self.play(
                &mut past,
                at,
                0,
                Body::StationEdited {
                    station_id,
                    changes,
                    was: Vec::new(),
                },
            );
        }
        let mut categories = Vec::new();
        for (position, (ar, en)) in (0..).zip(CATEGORIES) {
            let category_id = CategoryId(self.id(at));
            categories.push(category_id);
            let changes = vec![
                CategoryChange::Name(Label::new(ar, en)),
                CategoryChange::Position(position),
            ];
            self.play(
                &mut past,
                at,
                0,
                Body::CategoryEdited {
                    category_id,
                    changes,
                    was: Vec::new(),
                },
            );
        }
        for (position, (category, ar, en, pounds)) in (0..).zip(MENU) {
            let (item_id, name, price) = (
                ItemId(self.id(at)),
                Label::new(ar, en),
                Money::pounds(pounds),
            );
            self.items.push((item_id, name.clone(), price));
            let changes = vec![
                ItemChange::Name(name),
                ItemChange::Category(categories[category]),
                ItemChange::Price(price),
                ItemChange::Position(position),
            ];
            self.play(
                &mut past,
                at,
                0,
                Body::ItemEdited {
                    item_id,
                    changes,
                    was: Vec::new(),
                },
            );
        }
        past
    }

    /// One business day: every station is let now and then, and the counter sells in between.
    fn day(&mut self, day: i32) -> Vec<Past> {
        let opens = self
            .first_day
            .plus(day)
            .starts_at(&self.zone, DAY_START_HOUR);
        let (sessions, stations) = (
            u64::from(self.plan.sessions_per_day),
            u64::from(self.plan.stations.max(1)),
        );
        let mut day: BTreeMap<(Timestamp, usize), (usize, Body)> = BTreeMap::new();
        let mut past = Vec::new();
        for station in 0..self.stations.len() {
            let mut free_at = opens + self.chance.between(0, 4 * HOUR_MS);
            let one_more = u64::from(self.chance.below(stations) < sessions % stations);
            for _ in 0..sessions / stations + one_more {
                let starts = free_at + self.chance.between(2 * MINUTE_MS, 3 * HOUR_MS);
                let minutes = self.chance.between(12, 60) + self.chance.between(0, 60);
                let ends = starts + minutes * MINUTE_MS;
                if ends > opens + 17 * HOUR_MS {
                    break;
                }
                self.visit(&mut past, station, starts, ends);
                free_at = ends;
            }
        }
        for _ in 0..self.chance.below(6) {
            let at = opens + self.chance.between(HOUR_MS, 15 * HOUR_MS);
            let body = self.sale(at);
            self.play(&mut past, at, 2, body);
        }
        for (n, (at, by, _, body)) in past.into_iter().enumerate() {
            let person = self
                .people
                .iter()
                .position(|other| *other == by)
                .unwrap_or(0);
            day.insert((at, n), (person, body));
        }
        self.state.sessions = Arc::default();
        self.state.sales = Arc::default();
        let person = |n: usize| (self.people[n], PEOPLE[n].1);
        day.into_iter()
            .map(|((at, _), (n, body))| (at, person(n).0, person(n).1, body))
            .collect()
    }

    /// One customer's visit, from the start to the paid bill.
    fn visit(&mut self, past: &mut Vec<Past>, station: usize, starts: Timestamp, ends: Timestamp) {
        let session_id = self.begin(past, station, starts);
        let middle = |shop: &mut Invented| {
            starts
                + shop
                    .chance
                    .between(MINUTE_MS, ends.since(starts) - MINUTE_MS)
        };
        if self.chance.percent(10) {
            let pause_at = middle(self);
            self.play(past, pause_at, 2, Body::SessionPaused { session_id });
            self.play(
                past,
                (pause_at + 5 * MINUTE_MS).min(ends),
                2,
                Body::SessionResumed { session_id },
            );
        }
        if self.chance.percent(8) {
            let at = middle(self);
            self.play(
                past,
                at,
                2,
                Body::ModeSet {
                    session_id,
                    mode: Mode::Multi,
                    rate: RATES.of(Mode::Multi),
                },
            );
        }
        for _ in 0..self.chance.below(self.plan.lines_max + 1) {
            let at = middle(self);
            self.order(past, session_id, at);
        }
        let choice = if self.chance.percent(85) {
            Choice::Rounded { step: Money(500) }
        } else {
            Choice::Exact
        };
        let told = self
            .state
            .sessions
            .get(&session_id)
            .map_or(Money::ZERO, |session| {
                choice.target(session.bill(ends).total)
            });
        self.play(
            past,
            ends,
            2,
            Body::SessionEnded {
                session_id,
                choice,
                told,
            },
        );
        if told > Money::ZERO {
            let method = if self.chance.percent(85) {
                Method::Cash
            } else {
                Method::Wallet
            };
            let payment_id = PaymentId(self.id(ends));
            self.play(
                past,
                ends,
                2,
                Body::PaymentTaken {
                    session_id,
                    payment_id,
                    method,
                    amount: told,
                    tendered: None,
                },
            );
        }
    }

    fn begin(&mut self, past: &mut Vec<Past>, station: usize, at: Timestamp) -> SessionId {
        let session_id = SessionId(self.id(at));
        let timer_minutes = self
            .chance
            .percent(23)
            .then(|| i32::try_from(self.chance.between(1, 4) * 30).unwrap_or(60));
        let start = Body::SessionStarted {
            session_id,
            station_id: self.stations[station],
            mode: Mode::Single,
            rates: RATES,
            started_at: None,
            timer_minutes,
            cost_limit: None,
        };
        self.play(past, at, 2, start);
        session_id
    }

    fn order(&mut self, past: &mut Vec<Past>, session_id: SessionId, at: Timestamp) {
        let (item_id, name, unit_price) = self.any_item();
        let line_id = LineId(self.id(at));
        let quantity = i32::try_from(self.chance.between(1, 2)).unwrap_or(1);
        self.play(
            past,
            at,
            2,
            Body::LineAdded {
                session_id,
                line_id,
                item_id,
                name,
                unit_price,
                quantity,
                ticket: None,
            },
        );
    }

    fn sale(&mut self, at: Timestamp) -> Body {
        let (item_id, name, unit_price) = self.any_item();
        let line = SaleLine {
            item_id,
            name,
            unit_price,
            quantity: 1,
            ticket: None,
        };
        let payment_id = PaymentId(self.id(at));
        let payment = SalePayment {
            payment_id,
            method: Method::Cash,
            amount: unit_price,
            tendered: None,
        };
        Body::SaleRecorded {
            sale_id: SaleId(self.id(at)),
            lines: vec![line],
            payments: vec![payment],
            total: unit_price,
        }
    }

    fn any_item(&mut self) -> (ItemId, Label, Money) {
        let n = usize::try_from(self.chance.below(self.items.len() as u64)).unwrap_or(0);
        self.items[n].clone()
    }

    /// The floor right now, so that every state of a card is there to see.
    fn evening(&mut self) -> Vec<Past> {
        let mut past = Vec::new();
        let today = BusinessDay::at(self.now, &self.zone, DAY_START_HOUR)
            .starts_at(&self.zone, DAY_START_HOUR);
        let room = (self.now.since(today) - 3 * HOUR_MS).max(0);
        for n in 0..6.min(self.stations.len()) {
            // Earlier today, where today is long enough to have had an earlier.
            if room > 3 * HOUR_MS {
                let ends = self.now - 3 * HOUR_MS - self.chance.between(0, 90) * MINUTE_MS;
                let starts = ends - self.chance.between(20, 59) * MINUTE_MS;
                self.visit(&mut past, n, starts, ends);
            }
        }
        let now = self.now;
        let ago = |minutes: i64| now - minutes * MINUTE_MS;
        let starts = [
            (0, ago(79)),
            (1, ago(54)),
            (2, ago(56)),
            (3, ago(126)),
            (4, ago(38)),
        ];
        let n_stations = self.stations.len();
        for (station, at) in starts
            .into_iter()
            .filter(|(station, _)| *station < n_stations)
        {
            let session_id = self.begin(&mut past, station, at);
            self.order(&mut past, session_id, at + 9 * MINUTE_MS);
            let minutes = [None, None, Some(60), Some(120), None][station];
            self.play(
                &mut past,
                at + 10 * MINUTE_MS,
                2,
                Body::TimerSet {
                    session_id,
                    minutes,
                },
            );
            if station == 1 {
                let rate = RATES.of(Mode::Multi);
                self.play(
                    &mut past,
                    at + 11 * MINUTE_MS,
                    2,
                    Body::ModeSet {
                        session_id,
                        mode: Mode::Multi,
                        rate,
                    },
                );
            }
            if station == 4 {
                self.play(
                    &mut past,
                    self.now - 3 * MINUTE_MS,
                    2,
                    Body::SessionPaused { session_id },
                );
            }
        }
        if let Some(station_id) = self.stations.get(7).copied() {
            let changes = vec![StationChange::Maintenance(Some("يد معطلة".to_owned()))];
            self.play(
                &mut past,
                self.now - DAY_MS,
                0,
                Body::StationEdited {
                    station_id,
                    changes,
                    was: Vec::new(),
                },
            );
        }
        past.sort_by_key(|(at, _, _, _)| *at);
        past
    }
}

fn small(n: usize) -> Uuid {
    crate::domain::drill::small_id(1, n as u64)
}

//! The office: which of the two servers is the shop. Both find it out as a line between them begins, each by itself, from
//! what both have said of themselves; whatever one of them does then, the other may not have heard.

use crate::domain::sync::Position;

/// What a server says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Side {
    /// It is a standby.
    pub is_standby: bool,
    /// Where its log stands; its epoch has the latest reign that it has heard of.
    pub position: Position,
    /// It was in office, and has given that away to whoever stands where it does.
    pub has_given: bool,
}

/// What it makes of what both have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    /// One is in office, and the other one is its standby: that one has given nothing away any more.
    IsClear,
    /// It takes the office.
    Take,
    /// It leaves the office to the other one, which was put there later: under this reign.
    StepDown(u64),
    /// It is for the other one to change something.
    Wait,
    /// Both are in office under one reign: they are two shops.
    TwoShops,
    /// Neither is in office, nor has given it away: somebody has to say who it is.
    NoShop,
}

impl Side {
    /// Tells whether it is still who it was when it made up its mind; else somebody has changed that meanwhile, and it acts
    /// on nothing that was said before.
    pub fn is_still(&self, before: &Side) -> bool {
        let who = |side: &Side| (side.is_standby, side.has_given, side.position.epoch.reign);
        who(self) == who(before)
    }

    /// Finds out what it makes of what both have said of themselves.
    pub fn agree(&self, other: &Side) -> Office {
        let (reign, later) = (self.position.epoch.reign, other.position.epoch.reign);
        match (self.is_standby, other.is_standby) {
            (true, false) | (false, true) => return Office::IsClear,
            (false, false) if later > reign => return Office::StepDown(later),
            (false, false) if later < reign => return Office::Wait,
            (false, false) => return Office::TwoShops,
            (true, true) => {}
        }
        // The one that is given the office takes it where it has all that the other has. Else it goes back.
        let place = |side: &Side| (side.position.cursor, side.position.chain);
        let is_same = place(self) == place(other);
        let takes = match (self.has_given, other.has_given) {
            (true, false) => !is_same,
            (false, true) => is_same,
            (true, true) | (false, false) => return Office::NoShop,
        };
        if takes { Office::Take } else { Office::Wait }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use super::*;

    /// So many things happen one after the other.
    const STEPS_MAX: usize = 11;

    /// The two servers, by what they say of themselves: all of it is on their disks.
    type Servers = [Side; 2];

    /// What one of the two will do, sooner or later, unless its power goes: it made up its mind when a line began.
    type Acts = Vec<(usize, Side, Side)>;

    fn record(side: &mut Side, n: usize) {
        let place = &mut side.position;
        place.cursor += 1;
        place.chain = place
            .chain
            .then(format!("{n} {}", place.epoch.reign).as_bytes());
    }

    fn step_down(side: &mut Side, reign: u64, has_given: bool) {
        side.is_standby = true;
        side.has_given = has_given;
        let own = &mut side.position.epoch.reign;
        *own = reign.max(*own);
    }

    fn take(side: &mut Side) {
        if side.is_standby {
            (side.is_standby, side.has_given) = (false, false);
            side.position.epoch.reign += 1;
        }
    }

    fn act(servers: &mut Servers, (n, own, other): (usize, Side, Side)) {
        if !servers[n].is_still(&own) {
            return;
        }
        match own.agree(&other) {
            Office::IsClear => servers[n].has_given = false,
            Office::Take => {
                assert!(
                    own.position.cursor >= other.position.cursor,
                    "it has all: {own:?} {other:?}"
                );
                take(&mut servers[n]);
            }
            Office::StepDown(reign) => step_down(&mut servers[n], reign, false),
            Office::Wait | Office::TwoShops | Office::NoShop => {}
        }
    }

    fn minds(servers: &Servers) -> Acts {
        let said = *servers;
        (0..2).map(|n| (n, said[n], said[1 - n])).collect()
    }

    /// The one in office, if there is one and the other is its standby.
    fn shop(servers: &Servers) -> Option<usize> {
        (servers[0].is_standby != servers[1].is_standby).then(|| usize::from(servers[0].is_standby))
    }

    /// Everything that can happen next.
    fn next(servers: &Servers, acts: &Acts) -> Vec<(String, Servers, Acts)> {
        let mut all = Vec::new();
        let mut then = |what: String, change: &dyn Fn(&mut Servers, &mut Acts)| {
            let (mut servers, mut acts) = (*servers, acts.clone());
            change(&mut servers, &mut acts);
            all.push((what, servers, acts));
        };
        // A line begins, while somebody may still be about what the last one said.
        if acts.len() < 3 {
            then("a line".to_owned(), &|servers, acts| {
                acts.extend(minds(servers));
            });
        }
        for n in 0..acts.len() {
            let (of, ..) = acts[n];
            then(format!("{of} acts"), &|servers, acts| {
                let done = acts.remove(n);
                act(servers, done);
            });
        }
        for n in 0..2 {
            // Its power goes: what it was about is forgotten.
            then(format!("{n} starts again"), &|_, acts| {
                acts.retain(|(of, ..)| *of != n)
            });
            if !servers[n].is_standby && servers[n].position.cursor < 3 {
                then(format!("{n} records"), &|servers, _| {
                    record(&mut servers[n], n)
                });
            }
        }
        for n in 0..2 {
            let (side, other) = (servers[n], servers[1 - n]);
            // Whoever is, or was in office up to now, is not lost: that would be for somebody to see to.
            let is_spare = side.is_standby && !side.has_given;
            if is_spare && (other.has_given || !other.is_standby) {
                then(format!("the disk of {n} is lost"), &|servers, acts| {
                    acts.retain(|(of, ..)| *of != n);
                    servers[n] = Side {
                        is_standby: true,
                        ..Side::default()
                    };
                });
            }
        }
        let Some(shop) = shop(servers) else {
            return all;
        };
        let standby = 1 - shop;
        let chain = |n: usize| servers[n].position.chain;
        let has_all = chain(standby) == chain(shop);
        // While they speak, a standby has given nothing away.
        let is_up = !servers[standby].has_given;
        if is_up && has_all {
            // An owner hands the shop over.
            then(format!("{shop} gives"), &|servers, _| {
                let reign = servers[shop].position.epoch.reign + 1;
                step_down(&mut servers[shop], reign, true);
            });
        } else if is_up {
            then(format!("{standby} follows"), &|servers, _| {
                let of = servers[shop].position;
                servers[standby].position = of;
            });
        }
        // An owner puts it in the shop's place, and that does not hear of it; an empty one is refused.
        if servers[standby].position.cursor > 0 {
            then(format!("{standby} is promoted"), &|servers, _| {
                take(&mut servers[standby])
            });
        }
        all
    }

    /// Whatever is handed over, promoted, forgotten or lost, at any moment of it: the two are never in office under one
    /// reign, and once they hear each other one of them is the shop, without anybody's help.
    #[test]
    fn one_of_the_two_is_the_shop_in_the_end_wherever_the_power_goes() {
        let mut servers = [Side::default(); 2];
        record(&mut servers[0], 0);
        servers[1].is_standby = true;
        let mut seen = HashSet::new();
        let mut left = VecDeque::from([(servers, Acts::new(), Vec::new())]);
        while let Some((servers, acts, steps)) = left.pop_front() {
            if steps.len() > STEPS_MAX || !seen.insert((servers, acts.clone())) {
                continue;
            }
            let is_two = servers.iter().all(|side| !side.is_standby)
                && servers[0].position.epoch.reign == servers[1].position.epoch.reign;
            assert!(!is_two, "{steps:?}: two shops, {servers:?}");
            let mut healed = servers;
            for _ in 0..4 {
                for mind in minds(&healed) {
                    act(&mut healed, mind);
                }
            }
            assert!(
                shop(&healed).is_some(),
                "{steps:?}: {servers:?} becomes {healed:?}"
            );
            for (step, servers, acts) in next(&servers, &acts) {
                let mut steps = steps.clone();
                steps.push(step);
                left.push_back((servers, acts, steps));
            }
        }
        assert!(seen.len() > 1_000, "{}", seen.len());
    }
}

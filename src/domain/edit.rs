//! Edits: a row changed field by field, and what becomes of two edits that did not know of each other.
//!
//! An edit carries the fields that changed, and what the person saw in them. Edits of different fields merge. Where a
//! field holds by now neither what was seen nor what is wanted, two people meant it: the table's [`Policy`] says whose
//! value stands, and the other one is kept in a review, from where one tap brings it back.

use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::Policy;
use crate::domain::staff::Signature;

/// A row that is edited field by field.
pub trait Edited: Clone {
    /// One field with its new value.
    type Change: Clone + PartialEq;

    /// Makes one change; `by` signs it where the row keeps who and when.
    fn change(&mut self, change: Self::Change, by: Signature);

    /// What the field of a change holds now.
    fn current(&self, change: &Self::Change) -> Self::Change;

    /// It was taken away, so that an edit which does not bring it back comes too late.
    fn is_removed(&self) -> bool;
}

/// What came of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged<R: Edited> {
    /// The row as it is now.
    pub row: R,
    /// The values that did not make it, each for a field where two people meant another.
    pub lost: Vec<R::Change>,
    /// It was applied, in part, or not at all.
    pub outcome: Outcome,
}

/// Makes the changes of an edit. `was` is what the person saw in each of their fields, in the same order; an edit
/// without it - a new row, or one of an older version - takes whatever it finds for seen.
pub fn merge<R: Edited>(
    row: &R,
    changes: &[R::Change],
    was: &[R::Change],
    policy: Policy,
    by: Signature,
) -> Merged<R> {
    let mut merged = row.clone();
    let (mut lost, mut n_taken) = (Vec::new(), 0);
    for (n, change) in changes.iter().enumerate() {
        let current = merged.current(change);
        let is_met = current != *change && was.get(n).is_some_and(|was| *was != current);
        if is_met && policy == Policy::LogOrder {
            lost.push(change.clone());
            continue;
        }
        merged.change(change.clone(), by);
        n_taken += 1;
        if is_met {
            lost.push(current);
        }
    }
    let is_news = |change: &&R::Change| row.current(change) != **change;
    if row.is_removed() && merged.is_removed() && changes.iter().any(|change| is_news(&change)) {
        return Merged {
            row: row.clone(),
            lost: changes.to_vec(),
            outcome: Outcome::Superseded(Reason::Removed),
        };
    }
    let outcome = match (lost.is_empty(), n_taken) {
        (true, _) => Outcome::Applied,
        (false, 0) => Outcome::Superseded(Reason::EditedTwice),
        (false, _) => Outcome::Review(Reason::EditedTwice),
    };
    Merged {
        row: merged,
        lost,
        outcome,
    }
}

/// What each field of an edit holds now: what the person sees who makes it.
pub fn current<R: Edited>(row: &R, changes: &[R::Change]) -> Vec<R::Change> {
    changes.iter().map(|change| row.current(change)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drill::Chance;
    use crate::domain::task::{Task, TaskChange};

    fn title(text: &str) -> TaskChange {
        TaskChange::Title(text.to_owned())
    }

    fn note(text: &str) -> TaskChange {
        TaskChange::Note(text.to_owned())
    }

    fn edit(
        row: &Task,
        changes: &[TaskChange],
        was: &[TaskChange],
        policy: Policy,
    ) -> Merged<Task> {
        merge(row, changes, was, policy, Signature::default())
    }

    #[test]
    fn different_fields_merge_under_every_policy() {
        let before = Task::default();
        for policy in [Policy::ClientWins, Policy::LogOrder] {
            let first = edit(&before, &[title("a")], &[title("")], policy);
            let second = edit(&first.row, &[note("b")], &[note("")], policy);
            assert_eq!(second.outcome, Outcome::Applied);
            assert_eq!(
                (second.row.title.as_str(), second.row.note.as_str()),
                ("a", "b")
            );
        }
    }

    #[test]
    fn of_one_field_the_policy_chooses_and_the_other_value_is_kept() {
        let row = edit(
            &Task::default(),
            &[title("counter")],
            &[],
            Policy::ClientWins,
        )
        .row;
        let changes = [title("phone"), note("n")];
        let seen = [title(""), note("")];
        let won = edit(&row, &changes, &seen, Policy::ClientWins);
        assert_eq!(
            (won.row.title.as_str(), won.lost),
            ("phone", vec![title("counter")])
        );
        assert_eq!(won.outcome, Outcome::Review(Reason::EditedTwice));
        let stood = edit(&row, &changes, &seen, Policy::LogOrder);
        assert_eq!(
            (stood.row.title.as_str(), stood.row.note.as_str()),
            ("counter", "n")
        );
        assert_eq!(stood.lost, [title("phone")]);
        let all = edit(&row, &changes[..1], &seen[..1], Policy::LogOrder);
        assert_eq!(all.outcome, Outcome::Superseded(Reason::EditedTwice));
    }

    #[test]
    fn who_saw_the_other_value_simply_replaces_it() {
        let row = edit(&Task::default(), &[title("first")], &[], Policy::LogOrder).row;
        let next = edit(
            &row,
            &[title("second")],
            &[title("first")],
            Policy::LogOrder,
        );
        assert_eq!(
            (next.row.title.as_str(), next.outcome),
            ("second", Outcome::Applied)
        );
    }

    #[test]
    fn an_edit_of_what_was_taken_away_is_kept_whole() {
        let gone = edit(
            &Task::default(),
            &[TaskChange::Removed(true)],
            &[],
            Policy::ClientWins,
        )
        .row;
        let late = edit(&gone, &[title("x")], &[title("")], Policy::ClientWins);
        assert_eq!(late.outcome, Outcome::Superseded(Reason::Removed));
        assert_eq!((late.row, late.lost), (gone.clone(), vec![title("x")]));
        let back = [TaskChange::Removed(false), title("x")];
        assert_eq!(edit(&gone, &back, &[], Policy::ClientWins).row.title, "x");
    }

    /// Whatever two devices that were apart write, every value either stands, was seen by whoever replaced it, or is kept.
    #[test]
    fn no_value_is_lost_without_trace() {
        let mut chance = Chance(7);
        for _ in 0..2_000 {
            let policy = if chance.percent(50) {
                Policy::ClientWins
            } else {
                Policy::LogOrder
            };
            let mut change = || match chance.below(2) {
                0 => title(["", "a", "b"][usize::try_from(chance.below(3)).unwrap()]),
                _ => note(["", "a", "b"][usize::try_from(chance.below(3)).unwrap()]),
            };
            let before = Task::default();
            let (one, other) = ([change()], [change()]);
            let first = edit(&before, &one, &current(&before, &one), policy);
            let second = edit(&first.row, &other, &current(&before, &other), policy);
            for written in one
                .iter()
                .chain(&other)
                .filter(|change| before.current(change) != **change)
            {
                let stands = second.row.current(written) == *written;
                assert!(
                    stands || second.lost.contains(written),
                    "{written:?} under {policy:?}"
                );
            }
        }
    }
}

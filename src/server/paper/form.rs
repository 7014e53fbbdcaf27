//! Forms of paper: how cards lie on it. All lengths are millimetres, and those of the print page.

/// How far cards lie apart.
const GAP: f32 = 3.0;
/// What stays free inside of a card's edge.
pub const PADDING: f32 = 2.0;

/// A form of paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    /// What the print page calls it.
    pub name: &'static str,
    /// What files are called after it.
    pub title: &'static str,
    /// How wide and high a page is.
    pub page: (f32, f32),
    /// What stays free at its sides, and above and below.
    pub margin: (f32, f32),
    /// How many cards lie side by side.
    pub columns: usize,
    /// How many lie one below the other.
    pub rows: usize,
    /// How wide and high a card is.
    pub card: (f32, f32),
    /// How wide and high a code is that has the card for itself, with what stays free around it.
    pub code: f32,
    /// How large text is.
    pub text: f32,
    /// Text stands beside the code, for there is no room below it.
    pub is_dense: bool,
}

/// The forms that there are.
pub const FORMS: [Form; 5] = [
    Form {
        name: "12",
        title: "A4-12",
        columns: 3,
        rows: 4,
        card: (62.0, 66.0),
        code: 30.0,
        text: 3.7,
        ..A4
    },
    Form {
        name: "20",
        title: "A4-20",
        columns: 4,
        rows: 5,
        card: (46.0, 53.0),
        code: 22.0,
        text: 3.2,
        ..A4
    },
    Form {
        name: "40",
        title: "A4-40",
        columns: 5,
        rows: 8,
        card: (36.0, 32.0),
        code: 16.0,
        text: 2.5,
        is_dense: true,
        ..A4
    },
    Form {
        name: "80",
        title: "80mm",
        page: (80.0, 90.0),
        margin: (4.0, 0.0),
        card: (72.0, 90.0),
        code: 38.0,
        text: 4.2,
        ..A4
    },
    Form {
        name: "58",
        title: "58mm",
        page: (58.0, 84.0),
        margin: (5.0, 0.0),
        card: (48.0, 84.0),
        code: 32.0,
        text: 3.7,
        ..A4
    },
];

const A4: Form = Form {
    name: "",
    title: "",
    page: (210.0, 297.0),
    margin: (8.0, 8.0),
    columns: 1,
    rows: 1,
    card: (0.0, 0.0),
    code: 0.0,
    text: 0.0,
    is_dense: false,
};

impl Form {
    /// Finds a form by what the print page calls it.
    pub fn find(name: &str) -> Option<Form> {
        FORMS.into_iter().find(|form| form.name == name)
    }

    /// How many cards a page holds.
    pub fn n_cards(&self) -> usize {
        self.columns * self.rows
    }

    /// Cards are cut out: a roll is torn off between them instead.
    pub fn is_cut(&self) -> bool {
        self.n_cards() > 1
    }

    /// Where a card of a page lies: its left and upper edge. The first is where reading begins.
    pub fn place(&self, n: usize, is_rtl: bool) -> (f32, f32) {
        let (column, row) = (n % self.columns, n / self.columns);
        let from_start = self.margin.0 + step(column) * (self.card.0 + GAP);
        let left = if is_rtl {
            self.page.0 - from_start - self.card.0
        } else {
            from_start
        };
        (left, self.margin.1 + step(row) * (self.card.1 + GAP))
    }
}

fn step(n: usize) -> f32 {
    u8::try_from(n).unwrap_or(u8::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_lie_on_the_paper_and_apart() {
        for form in FORMS {
            let places = |is_rtl| (0..form.n_cards()).map(move |n| form.place(n, is_rtl));
            for is_rtl in [false, true] {
                for (n, (left, top)) in places(is_rtl).enumerate() {
                    let (right, bottom) = (left + form.card.0, top + form.card.1);
                    assert!(
                        left >= form.margin.0 - 0.001 && top >= form.margin.1,
                        "{n} of {form:?}"
                    );
                    assert!(
                        right <= form.page.0 - form.margin.0 + 0.001,
                        "{n} of {form:?}"
                    );
                    assert!(
                        bottom <= form.page.1 - form.margin.1 + 0.001,
                        "{n} of {form:?}"
                    );
                    let is_apart = |(x, y): (f32, f32)| {
                        x >= right
                            || x + form.card.0 <= left
                            || y >= bottom
                            || y + form.card.1 <= top
                    };
                    assert!(places(is_rtl).skip(n + 1).all(is_apart), "{n} of {form:?}");
                }
            }
        }
        let counts = FORMS.map(|form| (form.name, form.n_cards()));
        assert_eq!(
            counts,
            [("12", 12), ("20", 20), ("40", 40), ("80", 1), ("58", 1)]
        );
    }
}

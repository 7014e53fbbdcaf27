//! What the gateway makes of a page: it puts its values where the page names them, and leaves out what does not hold.

/// Fills a page. A name without a value leaves nothing behind, and counts as not so.
pub fn fill<'v>(page: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::new();
    // Whether what stands here is shown, and whether a branch of this condition has been, a pair for each that is open.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("$(") {
        let is_shown = open.iter().all(|(is_shown, _)| *is_shown);
        if is_shown {
            filled.push_str(before);
        }
        let Some((word, after)) = after.split_once(')') else {
            rest = after;
            break;
        };
        rest = after;
        if let Some(condition) = word.strip_prefix("if ") {
            let holds = holds(condition, &value);
            open.push((holds, holds));
        } else if let Some(condition) = word.strip_prefix("elif ") {
            if let Some((is_shown, was_shown)) = open.last_mut() {
                *is_shown = !*was_shown && holds(condition, &value);
                *was_shown |= *is_shown;
            }
        } else if word == "else" {
            if let Some((is_shown, was_shown)) = open.last_mut() {
                *is_shown = !*was_shown;
                *was_shown = true;
            }
        } else if word == "endif" {
            open.pop();
        } else if is_shown {
            filled.push_str(value(word).unwrap_or_default());
        }
    }
    if open.iter().all(|(is_shown, _)| *is_shown) {
        filled.push_str(rest);
    }
    filled
}

fn holds<'v>(condition: &str, value: &impl Fn(&str) -> Option<&'v str>) -> bool {
    let split = |operator| {
        let (name, wanted) = condition.split_once(operator)?;
        let found = value(name.trim()).unwrap_or_default();
        Some((found, wanted.trim().trim_matches(['"', '\''])))
    };
    match (split("=="), split("!=")) {
        (Some((found, wanted)), _) => found == wanted,
        (None, Some((found, wanted))) => found != wanted,
        (None, None) => value(condition.trim()).is_some_and(|found| !found.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_is_left_out() {
        let value = |name: &str| match name {
            "name" => Some("AB12"),
            "none" => Some(""),
            _ => None,
        };
        for (page, filled) in [
            ("a $(name) b", "a AB12 b"),
            ("a $(nobody) b", "a  b"),
            ("$(if name)yes$(endif)", "yes"),
            ("$(if none)yes$(else)no$(endif)", "no"),
            (
                "$(if nobody)yes$(elif name)second$(else)no$(endif)",
                "second",
            ),
            ("$(if name)a$(elif name)b$(else)c$(endif)d", "ad"),
            ("$(if nobody)$(if name)in$(endif)$(name)$(endif)out", "out"),
            ("$(if name == \"AB12\")same$(endif)", "same"),
            ("$(if name != 'AB12')other$(endif).", "."),
            ("cut $(name", "cut name"),
        ] {
            assert_eq!(fill(page, value), filled, "{page}");
        }
    }
}

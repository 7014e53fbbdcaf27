//! The little of RouterOS's scripts that the simulated device runs: one command a line, with named values, alone or
//! inside of `:do { … } on-error={}`.

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The command, like `/ip/hotspot/user/add`.
    pub command: String,
    /// Its values.
    pub values: Vec<(String, String)>,
    /// A failure does not stop the script.
    pub is_tried: bool,
}

/// Reads a script.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(line)
        .collect()
}

fn line(text: &str) -> Result<Line, String> {
    let tried = text
        .strip_prefix(":do {")
        .and_then(|rest| rest.strip_suffix("} on-error={}"));
    let mut words = words(tried.unwrap_or(text).trim())?.into_iter();
    let command = words.next().unwrap_or_default();
    let pair = |word: String| match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(format!("syntax error ({word})")),
    };
    Ok(Line {
        command,
        values: words.map(pair).collect::<Result<_, _>>()?,
        is_tried: tried.is_some(),
    })
}

/// Splits a line at spaces that are not in quotes, and reads what is escaped.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => match chars.next() {
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some(c @ ('"' | '\\' | '$' | '?')) => word.push(c),
                Some(high) => {
                    let digits: String = [Some(high), chars.next()].into_iter().flatten().collect();
                    let byte = u8::from_str_radix(&digits, 16)
                        .map_err(|_| format!("syntax error (\\{digits})"))?;
                    word.push(char::from(byte));
                }
                None => return Err("syntax error (end of line)".to_owned()),
            },
            '$' => return Err("syntax error ($)".to_owned()),
            ' ' if !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if is_quoted {
        return Err("syntax error (missing quote)".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::gateway::value::quote;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn what_is_quoted_is_read_back(name in "[ -~\n\t]{1,30}") {
            let script = format!(":do {{ /ip/hotspot/user/add name={} disabled=no }} on-error={{}}", quote(&name));
            let lines = read(&script).unwrap();
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(&lines[0].values[0], &("name".to_owned(), name));
            prop_assert!(lines[0].is_tried);
        }

        #[test]
        fn garbage_never_panics(text in ".{0,80}") {
            let _ = read(&text);
        }
    }
}

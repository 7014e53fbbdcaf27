//! Queries, in the words of RouterOS's API.

use serde_json::Value;

use crate::server::gateway::item::{Item, text};

/// A list of words: as a list, or with commas between them.
pub fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().map(text).collect(),
        Some(Value::String(list)) => list.split(',').map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Tells whether an item fits a query: each word puts an answer on a stack, `#` works on the stack, and in the end all
/// that is left on it must be true.
pub fn fits(item: &Item, query: &[String]) -> bool {
    let mut stack = Vec::new();
    for word in query {
        if let Some(operations) = word.strip_prefix('#') {
            for operation in operations.chars() {
                let top = stack.pop().unwrap_or(true);
                let answer = match operation {
                    '!' => !top,
                    '|' => stack.pop().unwrap_or(false) | top,
                    _ => stack.pop().unwrap_or(true) & top,
                };
                stack.push(answer);
            }
        } else if let Some(key) = word.strip_prefix('-') {
            stack.push(!item.0.contains_key(key));
        } else if let Some((key, wanted)) = word.split_once('=') {
            stack.push(match key.as_bytes().first() {
                Some(b'<') => item.text(&key[1..]) < wanted,
                Some(b'>') => item.text(&key[1..]) > wanted,
                _ => item.0.get(key).is_some_and(|text| text == wanted),
            });
        } else {
            stack.push(item.0.contains_key(word));
        }
    }
    stack.into_iter().all(|answer| answer)
}

//! What the gateway answers with: items of a menu, each a set of named texts. A key that has no value is often missing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::server::gateway::value;

/// One item of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item(pub BTreeMap<String, String>);

impl Item {
    /// Reads an item. The manual promises texts; what is none is taken as it is written.
    pub fn read(object: &Map<String, Value>) -> Item {
        Item(
            object
                .iter()
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
        )
    }

    /// The id that the device gave it, like `*1F`. It is not for keeping: after a restart another item may have it.
    pub fn id(&self) -> &str {
        self.text(".id")
    }

    /// A value as it is written; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// A stretch of time, in milliseconds.
    pub fn duration_ms(&self, key: &str) -> Option<i64> {
        value::read_duration_ms(self.text(key))
    }

    /// A size in bytes, or a count; 0 where there is none.
    pub fn bytes(&self, key: &str) -> u64 {
        value::read_bytes(self.text(key)).unwrap_or_default()
    }

    /// Whether a flag is set. One that is missing is not.
    pub fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|text| value::read_flag(text))
    }
}

/// A value as text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

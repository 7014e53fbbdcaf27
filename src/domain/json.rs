//! Reading JSON, one way everywhere.
//!
//! A type that is read from JSON leaves code behind for every reader that it is read with, and in a browser that code
//! is downloaded. So there is one reader. It goes over a parsed tree, and knows a struct by its fields' names alone,
//! which is how everything here is written; that makes it a quarter of what `serde_json` itself would leave.

use std::vec;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value, map};

/// Reads a value.
///
/// # Errors
/// The text is not JSON, or not that of such a value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(Tree(serde_json::from_str(text)?))
}

/// A parsed value that is still to be read.
struct Tree(Value);

impl Tree {
    /// Says that something else was expected.
    #[cold]
    fn misfit(self, expected: &str) -> Error {
        let found = match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(is_so) => Unexpected::Bool(*is_so),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(found, &expected)
    }

    fn fields(self) -> Result<Fields, Error> {
        match self.0 {
            Value::Object(fields) => Ok(Fields {
                left: fields.into_iter(),
                value: Value::Null,
            }),
            other => Err(Tree(other).misfit("an object")),
        }
    }

    fn list(self) -> Result<List, Error> {
        match self.0 {
            Value::Array(values) => Ok(List(values.into_iter())),
            other => Err(Tree(other).misfit("a list")),
        }
    }

    fn text(self) -> Result<String, Error> {
        match self.0 {
            Value::String(text) => Ok(text),
            other => Err(Tree(other).misfit("a text")),
        }
    }

    /// A name alone, or an object of one field: its name and what stands under it.
    fn variant(self) -> Result<Variant, Error> {
        match self.0 {
            Value::String(name) => Ok(Variant(name, Value::Null)),
            Value::Object(fields) if fields.len() == 1 => one(fields),
            other => Err(Tree(other).misfit("one of several")),
        }
    }
}

fn one(fields: Map<String, Value>) -> Result<Variant, Error> {
    let first = fields.into_iter().next();
    first
        .map(|(name, value)| Variant(name, value))
        .ok_or_else(|| Error::custom("an empty object"))
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is_so) => visitor.visit_bool(is_so),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) => visitor.visit_seq(self.list()?),
            Value::Object(_) => visitor.visit_map(self.fields()?),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(self.fields()?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.fields()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let list = self.list()?;
        if list.0.len() != len {
            return Err(Error::invalid_length(list.0.len(), &visitor));
        }
        visitor.visit_seq(list)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.variant()?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct
    }
}

struct Fields {
    left: map::IntoIter,
    value: Value,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.left.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(Name(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(Tree(self.value.take()))
    }
}

struct List(vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for List {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.0
            .next()
            .map(|value| seed.deserialize(Tree(value)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The name of a field, or the key of a map: a number where the map is keyed by one.
struct Name(String);

impl Name {
    fn number(&self) -> Result<i64, Error> {
        self.0.parse().map_err(Error::custom)
    }
}

macro_rules! read_number {
    ($($read:ident)*) => {$(
        fn $read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_i64(self.number()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Name {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(Variant(self.0, Value::Null))
    }

    read_number! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 }
    read_number! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

struct Variant(String, Value);

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Tree;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Tree), Error> {
        Ok((seed.deserialize(Name(self.0))?, Tree(self.1)))
    }
}

impl<'de> VariantAccess<'de> for Tree {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            Value::Null => Ok(()),
            other => Err(Tree(other).misfit("nothing")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(self.fields()?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Bare,
        Wrapped(i64),
        Pair(u64, String),
        Named {
            text: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            maybe: Option<i32>,
        },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        kinds: Vec<Kind>,
        by_number: BTreeMap<u32, bool>,
        by_name: BTreeMap<String, Option<Box<Whole>>>,
        largest: u64,
        least: i64,
        pair: (i64, Option<String>),
    }

    fn kinds() -> impl Strategy<Value = Vec<Kind>> {
        let kind = prop_oneof![
            Just(Kind::Bare),
            any::<i64>().prop_map(Kind::Wrapped),
            any::<(u64, String)>().prop_map(|(n, text)| Kind::Pair(n, text)),
            any::<(String, Option<i32>)>().prop_map(|(text, maybe)| Kind::Named { text, maybe }),
        ];
        prop::collection::vec(kind, 0..5)
    }

    fn wholes() -> impl Strategy<Value = Whole> {
        let leaf = (
            kinds(),
            any::<(BTreeMap<u32, bool>, u64, i64, (i64, Option<String>))>(),
        )
            .prop_map(|(kinds, (by_number, largest, least, pair))| Whole {
                kinds,
                by_number,
                by_name: BTreeMap::new(),
                largest,
                least,
                pair,
            });
        leaf.prop_recursive(3, 12, 3, |inner| {
            (
                inner.clone(),
                prop::collection::btree_map(any::<String>(), prop::option::of(inner), 0..3),
            )
                .prop_map(|(whole, below)| Whole {
                    by_name: below
                        .into_iter()
                        .map(|(name, whole)| (name, whole.map(Box::new)))
                        .collect(),
                    ..whole
                })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn what_was_written_is_read(whole in wholes()) {
            let text = serde_json::to_string(&whole).unwrap();
            prop_assert_eq!(read::<Whole>(&text).unwrap(), whole);
        }

        #[test]
        fn nothing_makes_it_panic(text in "[\\[\\]{}\":,a-z0-9 -]{0,60}") {
            let _ = read::<Whole>(&text);
            let _ = read::<Kind>(&text);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "3",
            "{}",
            r#""unheard""#,
            r#"{"bare":1}"#,
            r#"{"wrapped":"1"}"#,
            r#"{"pair":[1]}"#,
            r#"{"pair":[1,"a",2]}"#,
            r#"{"pair":[-1,"a"]}"#,
            r#"{"named":["a",1]}"#,
            r#"{"named":{"maybe":1}}"#,
            r#"{"bare":null,"wrapped":1}"#,
            r#"{"wrapped":1.5}"#,
        ] {
            assert!(read::<Kind>(text).is_err(), "{text}");
        }
    }
}

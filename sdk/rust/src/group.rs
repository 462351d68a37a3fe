//! The records of a batch by their partition keys.

use std::collections::HashMap;

use crate::stream::Record;
use crate::KinesisRecord;

/// A record of either world.
pub trait Keyed {
    /// Its partition key.
    fn key(&self) -> &str;
    /// What names it in its shard.
    fn sequence(&self) -> &str;
}

impl Keyed for KinesisRecord {
    fn key(&self) -> &str {
        &self.partition_key
    }
    fn sequence(&self) -> &str {
        &self.sequence_number
    }
}

impl Keyed for Record {
    fn key(&self) -> &str {
        &self.partition_key
    }
    fn sequence(&self) -> &str {
        &self.sequence_number
    }
}

/// The records of one partition key, in their order, each with its index in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a, R> {
    /// The partition key.
    pub key: &'a str,
    /// Index in the batch, and the record.
    pub records: Vec<(usize, &'a R)>,
}

/// A group for each partition key, in the order in which the keys first come. Nothing is copied.
pub fn by_key<R: Keyed>(records: &[R]) -> Vec<Group<'_, R>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Group<'_, R>> = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let place = *places.entry(record.key()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { key: record.key(), records: Vec::new() });
        }
        groups[place].records.push((index, record));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_the_order_of_keys_and_of_records() {
        let records: Vec<Record> = ["b", "a", "b"]
            .into_iter()
            .map(|key| Record { partition_key: key.into(), ..Default::default() })
            .collect();
        let groups = by_key(&records);
        let seen: Vec<(&str, Vec<usize>)> =
            groups.iter().map(|g| (g.key, g.records.iter().map(|(index, _)| *index).collect())).collect();
        assert_eq!(seen, [("b", vec![0, 2]), ("a", vec![1])]);
        assert!(std::ptr::eq(groups[0].records[1].1, &records[2]));
    }
}

//! Joins orders with their customers. Both come through one stream, with the customer's id as partition
//! key: so an update of a customer is there before the orders that were put after it.

use serde::{Deserialize, Serialize};
use spin_kinesis_sdk::stream::{Context, Outcome, Record, in_order_async};
use spin_kinesis_sdk::stream_handler;
use spin_sdk::key_value::Store;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Event {
    Customer(Customer),
    Order(Order),
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Customer {
    id: String,
    name: String,
    discount_percent: u64,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    customer: String,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Line {
    article: String,
    count: u64,
    cents: u64,
}

#[derive(Debug, Serialize, PartialEq)]
struct EnrichedOrder {
    id: String,
    /// None: an order of somebody unknown is kept all the same.
    customer: Option<Customer>,
    lines: Vec<Line>,
    total_cents: u64,
}

/// Stops at the first record that cannot be handled: no order overtakes its customer's data.
#[stream_handler]
async fn handle(_: Context, records: Vec<Record>) -> anyhow::Result<Outcome> {
    let store = Store::open_default().await?;
    Ok(in_order_async(&records, async |record| take(&store, record).await).await)
}

/// Whole values are written under names of their own, so a record that comes again changes nothing.
async fn take(store: &Store, record: &Record) -> anyhow::Result<()> {
    match record.json()? {
        Event::Customer(customer) => {
            store.set_json(format!("customer:{}", customer.id), &customer).await?;
        }
        Event::Order(order) => {
            let customer = store.get_json(format!("customer:{}", order.customer)).await?;
            let enriched = enrich(order, customer);
            store.set_json(format!("order:{}", enriched.id), &enriched).await?;
            println!("{}", serde_json::to_string(&enriched)?);
        }
    }
    Ok(())
}

fn enrich(order: Order, customer: Option<Customer>) -> EnrichedOrder {
    let full: u64 = order.lines.iter().map(|line| line.count * line.cents).sum();
    let discount = customer.as_ref().map_or(0, |customer| customer.discount_percent.min(100));
    EnrichedOrder {
        id: order.id,
        total_cents: full - full * discount / 100,
        customer,
        lines: order.lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_counts_lines_and_discount() {
        let order = || Order {
            id: "o-1".into(),
            customer: "c-1".into(),
            lines: vec![Line { article: "tea".into(), count: 3, cents: 250 }],
        };
        let ada = Customer { id: "c-1".into(), name: "Ada".into(), discount_percent: 10 };
        assert_eq!(enrich(order(), Some(ada)).total_cents, 675);
        assert_eq!(enrich(order(), None).total_cents, 750);
    }
}
